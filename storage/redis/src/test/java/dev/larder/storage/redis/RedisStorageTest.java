package dev.larder.storage.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisHashAsyncCommands;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The contract, on one server. */
class RedisStorageTest extends RedisContract {
    private static RedisClient client;
    private static StatefulRedisConnection<byte[], byte[]> connection;

    @BeforeAll
    static void connect() {
        client = RedisClient.create(TestServer.shared().uri());
        connection = client.connect(ByteArrayCodec.INSTANCE);
    }

    @AfterAll
    static void disconnect() {
        client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
    }

    @Override
    void connect(RedisStorage.Builder builder) {
        builder.client(client);
    }

    @Override
    RedisHashAsyncCommands<byte[], byte[]> servers() {
        return connection.async();
    }

    @Override
    protected int operationsPerThread() {
        return 60;
    }

    @Override
    protected void closed() {
        eachKeyHasAnEnd(connection.sync());
        connection.sync().flushall();
    }

    static void eachKeyHasAnEnd(RedisCommands<byte[], byte[]> redis) {
        for (byte[] key : redis.keys("*")) {
            assertThat(redis.pttl(key))
                    .as("time to live of %s", new String(key, StandardCharsets.UTF_8))
                    .isPositive();
        }
    }
}
