package dev.larder.storage.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.api.async.RedisHashAsyncCommands;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The contract, in a cluster of three. */
class RedisClusterStorageTest extends RedisContract {
    private static RedisClusterClient client;
    private static StatefulRedisClusterConnection<byte[], byte[]> connection;

    @BeforeAll
    static void connect() {
        client = RedisClusterClient.create(TestCluster.shared().uri());
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
        return 40;
    }

    @Override
    protected void closed() {
        for (byte[] key : connection.sync().keys("*")) {
            assertThat(connection.sync().pttl(key))
                    .as("time to live of %s", new String(key, StandardCharsets.UTF_8))
                    .isPositive();
        }
        connection.sync().flushall();
    }
}
