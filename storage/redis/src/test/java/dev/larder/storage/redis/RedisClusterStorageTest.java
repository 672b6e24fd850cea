package dev.larder.storage.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.storage.AsyncStorage;
import dev.larder.storage.Storage;
import dev.larder.testkit.StorageContract;
import dev.larder.testkit.StorageSetup;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/** The contract, in a cluster of three. */
class RedisClusterStorageTest extends StorageContract {
    private static final AtomicInteger NAMESPACES = new AtomicInteger();
    private static RedisClusterClient client;

    private String namespace;

    @BeforeAll
    static void connect() {
        client = RedisClusterClient.create(TestCluster.shared().uri());
    }

    @AfterAll
    static void disconnect() {
        client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
    }

    @BeforeEach
    void freshNamespace() {
        namespace = "test " + NAMESPACES.incrementAndGet();
    }

    @Override
    protected Storage open(StorageSetup setup) {
        RedisStorage.Builder builder = RedisStorage.builder()
                .client(client)
                .namespace(namespace)
                .serializer(serializer())
                .clock(setup.clock())
                .timeout(Duration.ofSeconds(20));
        setup.ttl().ifPresent(builder::ttl);
        setup.slidingTtl().ifPresent(builder::slidingTtl);
        setup.maxEntries().ifPresent(builder::maxEntries);
        setup.maxBytes().ifPresent(builder::maxBytes);
        setup.maxEntryBytes().ifPresent(builder::maxEntryBytes);
        setup.maxVariants().ifPresent(builder::maxVariants);
        return builder.build();
    }

    @Override
    protected AsyncStorage async(Storage storage, ExecutorService executor) {
        AsyncStorage async = storage.async(executor);
        assertThat(async).isInstanceOf(RedisAsyncStorage.class);
        return async;
    }

    @Override
    protected boolean persistent() {
        return true;
    }

    @Override
    protected int operationsPerThread() {
        return 60;
    }

    @Override
    protected void closed() {
        try (StatefulRedisClusterConnection<String, String> connection = client.connect()) {
            for (String key : connection.sync().keys("*")) {
                assertThat(connection.sync().pttl(key))
                        .as("time to live of %s", key)
                        .isPositive();
            }
            connection.sync().flushall();
        }
    }
}
