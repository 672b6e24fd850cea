package dev.larder.storage.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.storage.AsyncStorage;
import dev.larder.storage.Storage;
import dev.larder.testkit.StorageContract;
import dev.larder.testkit.StorageSetup;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.sync.RedisCommands;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/** The contract, on one server. */
class RedisStorageTest extends StorageContract {
    private static final AtomicInteger NAMESPACES = new AtomicInteger();
    private static RedisClient client;

    private final TestServer server = TestServer.shared();
    private String namespace;

    @BeforeAll
    static void connect() {
        client = RedisClient.create(TestServer.shared().uri());
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
                // The machine may be busy; how long is waited has tests of its own.
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
        return 100;
    }

    @Override
    protected void closed() {
        server.with(redis -> {
            eachKeyHasAnEnd(redis);
            return redis.flushall();
        });
    }

    static void eachKeyHasAnEnd(RedisCommands<byte[], byte[]> redis) {
        for (byte[] key : redis.keys("*")) {
            assertThat(redis.pttl(key))
                    .as("time to live of %s", new String(key, StandardCharsets.UTF_8))
                    .isPositive();
        }
    }
}
