package dev.larder.storage.redis;

import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.cluster.SlotHash;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Three servers of our own that make up a cluster, without replicas. */
final class TestCluster {
    private final List<TestServer> nodes = new ArrayList<>();

    private TestCluster() throws IOException, InterruptedException {
        for (int i = 0; i < 3; i++) {
            Path config = Files.createTempDirectory("larder-cluster").resolve("nodes.conf");
            config.toFile().deleteOnExit();
            config.getParent().toFile().deleteOnExit();
            nodes.add(TestServer.start(
                    "cluster-enabled yes",
                    "cluster-config-file " + config,
                    "cluster-node-timeout 2000",
                    "cluster-require-full-coverage no"));
        }
        int share = SlotHash.SLOT_COUNT / 3;
        for (int i = 0; i < 3; i++) {
            TestServer first = nodes.get(0);
            int from = i * share;
            int to = i == 2 ? SlotHash.SLOT_COUNT : from + share;
            nodes.get(i)
                    .with(redis ->
                            redis.clusterAddSlots(IntStream.range(from, to).toArray()));
            int epoch = i + 1;
            nodes.get(i).with(redis -> redis.clusterSetConfigEpoch(epoch));
            if (i > 0) {
                nodes.get(i).with(redis -> redis.clusterMeet("127.0.0.1", first.port()));
            }
        }
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        for (TestServer node : nodes) {
            while (!node.with(RedisCommands::clusterInfo).contains("cluster_state:ok")
                    || !node.with(RedisCommands::clusterInfo).contains("cluster_slots_ok:16384")) {
                if (System.nanoTime() > deadline) {
                    throw new IOException("the cluster did not form");
                }
                Thread.sleep(20);
            }
        }
    }

    static TestCluster shared() {
        return Shared.CLUSTER;
    }

    private static final class Shared {
        static final TestCluster CLUSTER;

        static {
            try {
                CLUSTER = new TestCluster();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    String uri() {
        return nodes.get(0).uri();
    }

    List<TestServer> nodes() {
        return nodes;
    }
}
