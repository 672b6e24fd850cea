package dev.larder.storage.redis;

import static dev.larder.storage.redis.Entries.bytes;
import static dev.larder.storage.redis.Entries.head;
import static dev.larder.storage.redis.Entries.only;
import static dev.larder.storage.redis.Entries.put;
import static dev.larder.storage.redis.Entries.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.Storage;
import dev.larder.testkit.ManualClock;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How a storage is made, one option after the other. */
@Timeout(60)
class RedisOptionsTest {
    private static final AtomicInteger NAMESPACES = new AtomicInteger();
    private static final Duration PATIENT = Duration.ofSeconds(20);

    private final TestServer server = TestServer.shared();
    private final String namespace = "options" + NAMESPACES.incrementAndGet();

    @AfterEach
    void everyKeyHasAnEnd() {
        server.with(redis -> {
            RedisStorageTest.eachKeyHasAnEnd(redis);
            return redis.flushall();
        });
    }

    private RedisStorage.Builder builder() {
        return RedisStorage.builder().uri(server.uri()).namespace(namespace).timeout(PATIENT);
    }

    private static void works(Storage storage) throws IOException {
        StoredResponse head = put(storage, "key", bytes(100, 1));
        assertThat(only(storage, "key").stored()).isEqualTo(head);
        assertThat(read(storage, only(storage, "key"))).isEqualTo(bytes(100, 1));
    }

    @Test
    void theDefaultIsLocalhostAndNeedsNoServerToBeMade() throws Exception {
        try (RedisStorage storage = RedisStorage.open()) {
            assertThat(storage).hasToString("RedisStorage[larder]");
            assertThat(storage.maxBodyBytes()).isEqualTo(64L << 20);
        }
    }

    @Test
    void aUri() throws Exception {
        try (RedisStorage storage = RedisStorage.at(server.uri() + "/3?timeout=10s")) {
            // The first connection of a process takes a while.
            eventually(() -> storage.lookup("key"));
            works(storage);
            assertThat(server.keys("larder:")).as("in database 0").isEmpty();
            storage.clear();
        }
        assertThatThrownBy(() -> RedisStorage.at("http://localhost")).isInstanceOf(IllegalArgumentException.class);
    }

    private interface Attempt {
        void run() throws IOException;
    }

    private static void eventually(Attempt attempt) throws Exception {
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (true) {
            try {
                attempt.run();
                return;
            } catch (IOException e) {
                if (System.nanoTime() > deadline) {
                    throw e;
                }
                Thread.sleep(20);
            }
        }
    }

    @Test
    void theCallersClientStaysOpen() throws Exception {
        RedisClient client = RedisClient.create(server.uri());
        try {
            try (RedisStorage storage = RedisStorage.builder()
                    .client(client)
                    .namespace(namespace)
                    .timeout(PATIENT)
                    .build()) {
                works(storage);
            }
            try (StatefulRedisConnection<String, String> connection = client.connect()) {
                assertThat(connection.sync().ping()).isEqualTo("PONG");
            }
        } finally {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
        }
    }

    @Test
    void theCallersConnectionStaysOpen() throws Exception {
        try (StatefulRedisConnection<byte[], byte[]> connection =
                server.client().connect(ByteArrayCodec.INSTANCE)) {
            try (RedisStorage storage = RedisStorage.builder()
                    .connection(connection)
                    .namespace(namespace)
                    .timeout(PATIENT)
                    .build()) {
                works(storage);
            }
            assertThat(connection.sync().ping()).isEqualTo("PONG");
        }
    }

    @Test
    void aClusterByOptionByClientAndByConnection() throws Exception {
        try (RedisStorage storage = RedisStorage.builder()
                .uri(TestCluster.shared().uri())
                .cluster(true)
                .namespace(namespace)
                .timeout(PATIENT)
                .build()) {
            works(storage);
            assertThat(storage.clear()).isEqualTo(1);
        }
        RedisStorage.Builder several =
                RedisStorage.builder().namespace(namespace).timeout(PATIENT);
        TestCluster.shared().nodes().forEach(node -> several.uri(node.uri()));
        try (RedisStorage storage = several.build()) {
            works(storage);
            assertThat(storage.clear()).isEqualTo(1);
        }
        RedisClusterClient client =
                RedisClusterClient.create(TestCluster.shared().uri());
        try (StatefulRedisClusterConnection<byte[], byte[]> connection = client.connect(ByteArrayCodec.INSTANCE)) {
            try (RedisStorage storage = RedisStorage.builder()
                    .connection(connection)
                    .namespace(namespace)
                    .timeout(PATIENT)
                    .build()) {
                works(storage);
                assertThat(storage.clear()).isEqualTo(1);
            }
            assertThat(connection.sync().ping()).isEqualTo("PONG");
        } finally {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(1));
        }
    }

    @Test
    void oneWayToConnectAtATime() {
        assertThatThrownBy(() -> RedisStorage.builder()
                        .uri(server.uri())
                        .client(server.client())
                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("one of");
    }

    @Test
    void nonsenseIsRefused() {
        RedisStorage.Builder builder = RedisStorage.builder();
        assertThatThrownBy(() -> builder.namespace("")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.namespace("a{b")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.ttl(Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.timeout(Duration.ZERO)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.maxEntries(0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> builder.maxFailures(0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aTimeToLiveReachesRedis() throws Exception {
        try (RedisStorage storage = builder().ttl(Duration.ofMinutes(5)).build()) {
            put(storage, "small", bytes(100, 1));
            put(storage, "large", bytes(100_000, 1));
        }
        try (RedisStorage storage = builder()
                .namespace(namespace + "b")
                .retention(Duration.ofDays(1))
                .build()) {
            put(storage, "for ever", bytes(100_000, 1));
        }
        server.with(redis -> {
            for (byte[] key : redis.keys(namespace + ":*")) {
                assertThat(redis.pttl(key)).isBetween(14 * 60_000L, 15 * 60_000L);
            }
            for (byte[] key : redis.keys(namespace + "b:*")) {
                assertThat(redis.pttl(key)).isBetween(86_400_000L, 87_000_000L);
            }
            return redis.keys(namespace + "*");
        });
    }

    @Test
    void aSlidingTimeToLiveWorksThroughAnotherProcess() throws Exception {
        ManualClock clock = new ManualClock();
        RedisStorage.Builder builder = builder().clock(clock).slidingTtl(Duration.ofMinutes(1));
        try (RedisStorage one = builder.process("aa").build();
                RedisStorage other = builder.process("bb").build()) {
            long now = clock.millis();
            StoredResponse head = head("key").times(now, now).createdAt(now).build();
            Entries.tryPut(one, head, bytes(10, 1));
            for (int i = 0; i < 5; i++) {
                clock.advance(Duration.ofSeconds(50));
                RedisStorage user = i % 2 == 0 ? other : one;
                long uses = user.used(only(user, "key"));
                assertThat(uses).isEqualTo(i + 1L);
                // A use is sent without waiting; what follows it on the same connection comes after it.
                only(user, "key");
            }
            clock.advance(Duration.ofSeconds(61));
            assertThat(one.lookup("key")).isEmpty();
            assertThat(other.lookup("key")).isEmpty();
        }
    }

    @Test
    void namespacesDoNotSeeOneAnother() throws Exception {
        try (RedisStorage one = builder().build();
                RedisStorage other = builder().namespace(namespace + "*").build()) {
            put(one, "key", bytes(10, 1));
            assertThat(other.lookup("key")).isEmpty();
            assertThat(other.entries().hasNext()).isFalse();
            put(other, "key", bytes(10, 2));
            assertThat(other.clear()).isEqualTo(1);
            assertThat(read(one, only(one, "key"))).isEqualTo(bytes(10, 1));
            assertThat(one.removeIf(any -> true)).isEqualTo(1);
        }
    }

    @Test
    void aCapacityIsSharedAndTheIndexHealsItself() throws Exception {
        RedisStorage.Builder builder = builder().maxEntries(10);
        try (RedisStorage one = builder.process("aa").build();
                RedisStorage other = builder.process("bb").build()) {
            for (int i = 0; i < 30; i++) {
                put(i % 2 == 0 ? one : other, "key " + i, bytes(10, i));
            }
            assertThat(one.statistics().entries()).isEqualTo(10);
            assertThat(one.statistics().evictions() + other.statistics().evictions())
                    .isEqualTo(20);
            server.with(redis -> redis.del((namespace + ":{index}").getBytes()));
            for (int i = 30; i < 45; i++) {
                put(one, "key " + i, bytes(10, i));
            }
            assertThat(one.statistics().entries()).isEqualTo(10);
            assertThat(one.statistics().bytes()).isLessThan(10_000);
        }
    }

    @Test
    void theAsynchronousSideIsItsOwn() throws Exception {
        try (RedisStorage storage = builder().build()) {
            StoredResponse head = put(storage, "key", bytes(100_000, 1));
            var async = storage.async(Executors.newSingleThreadExecutor(task -> {
                throw new AssertionError("no thread is needed");
            }));
            assertThat(async.lookup("key").toCompletableFuture().get().get(0).stored())
                    .isEqualTo(head);
            assertThat(async.removeKey("key").toCompletableFuture().get()).isEqualTo(1);
        }
    }
}
