package dev.larder.storage.redis;

import static dev.larder.storage.redis.Entries.bytes;
import static dev.larder.storage.redis.Entries.head;
import static dev.larder.storage.redis.Entries.only;
import static dev.larder.storage.redis.Entries.put;
import static dev.larder.storage.redis.Entries.read;
import static dev.larder.storage.redis.Entries.tryPut;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import redis.embedded.RedisSentinel;

/** A master, a replica, and a sentinel that makes one of the other. */
@Timeout(120)
class RedisSentinelTest {
    @Test
    void theStorageFollowsTheMaster() throws Exception {
        try (TestServer master = TestServer.start();
                TestServer replica =
                        TestServer.start("replicaof 127.0.0.1 " + master.port(), "repl-diskless-sync-delay 0")) {
            int port = TestServer.freePort();
            RedisSentinel sentinel = RedisSentinel.newRedisSentinel()
                    .port(port)
                    .bind("127.0.0.1")
                    .masterName("larder")
                    .masterPort(master.port())
                    .quorumSize(1)
                    .downAfterMilliseconds(500)
                    .failOverTimeout(5_000)
                    .onShutdownForceStop(false)
                    .build();
            sentinel.start();
            try (RedisStorage storage = RedisStorage.builder()
                    .uri("redis-sentinel://127.0.0.1:" + port + "#larder")
                    .build()) {
                eventually(() -> put(storage, "key", bytes(100_000, 1)));
                eventually(() -> assertThat(replica.keys("larder:")).isNotEmpty());
                eventually(() -> assertThat(sentinelKnowsTheReplica(port)).isTrue());
                TestServer.signal("KILL", master.pid());
                long since = System.nanoTime();
                eventually(() -> {
                    if (!tryPut(storage, head("after").build(), bytes(10, 2))) {
                        throw new IOException("discarded");
                    }
                });
                System.out.println(
                        "writes after a failover of the master: " + (System.nanoTime() - since) / 1_000_000 + " ms");
                assertThat(read(storage, only(storage, "key"))).isEqualTo(bytes(100_000, 1));
            } finally {
                sentinel.stop();
            }
        }
    }

    private static boolean sentinelKnowsTheReplica(int port) {
        io.lettuce.core.RedisClient client = io.lettuce.core.RedisClient.create("redis://127.0.0.1:" + port);
        try (var connection = client.connectSentinel(io.lettuce.core.RedisURI.create("127.0.0.1", port))) {
            return !connection.sync().slaves("larder").isEmpty();
        } finally {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
        }
    }

    private interface Attempt {
        void run() throws IOException;
    }

    private static void eventually(Attempt attempt) throws Exception {
        long deadline = System.nanoTime() + Duration.ofSeconds(40).toNanos();
        while (true) {
            try {
                attempt.run();
                return;
            } catch (IOException | AssertionError e) {
                if (System.nanoTime() > deadline) {
                    throw e;
                }
                Thread.sleep(20);
            }
        }
    }
}
