package dev.larder.storage.redis;

import static dev.larder.storage.redis.Entries.bytes;
import static dev.larder.storage.redis.Entries.head;
import static dev.larder.storage.redis.Entries.only;
import static dev.larder.storage.redis.Entries.put;
import static dev.larder.storage.redis.Entries.read;
import static dev.larder.storage.redis.Entries.tryPut;
import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.StoredEntry;
import dev.larder.testkit.GeneratedBody;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What goes over the wire and lies in Redis: how much of it, and what becomes of damage. */
@Timeout(120)
class RedisWireTest {
    private static TestServer server;
    private static RedisStorage storage;

    private final Entries.Events events = new Entries.Events();

    @BeforeAll
    static void start() throws IOException {
        server = TestServer.start();
        storage = builder("aa").build();
    }

    @AfterAll
    static void stop() throws IOException {
        storage.close();
        server.close();
    }

    @BeforeEach
    void empty() throws IOException {
        server.with(redis -> redis.flushall());
        storage.addListener(events);
    }

    private static RedisStorage.Builder builder(String process) {
        return RedisStorage.builder()
                .uri(server.uri())
                .namespace("wire")
                .process(process)
                .timeout(Duration.ofSeconds(20));
    }

    private static long commands() {
        for (String line : server.info("stats").split("\r\n")) {
            if (line.startsWith("total_commands_processed:")) {
                return Long.parseLong(line.substring(line.indexOf(':') + 1));
            }
        }
        throw new AssertionError("no statistics");
    }

    private static void resetStatistics() {
        server.with(redis -> redis.configResetstat());
    }

    // ---- counters

    @Test
    void anInlineHitIsOneCommand() throws Exception {
        put(storage, "key", bytes(20_000, 1));
        resetStatistics();
        for (int i = 0; i < 100; i++) {
            StoredEntry entry = only(storage, "key");
            assertThat(entry.inlineBody()).isNotNull();
            storage.used(entry);
        }
        String statistics = server.info("commandstats");
        assertThat(TestServer.calls(statistics, "hgetall")).isEqualTo(100);
        assertThat(TestServer.calls(statistics, "evalsha")).as("uses sent").isZero();
        assertThat(TestServer.calls(statistics, "hget")).isZero();
    }

    @Test
    void aSmallMissIsTwoCommands() throws Exception {
        put(storage, "warm", bytes(10, 1));
        resetStatistics();
        for (int i = 0; i < 20; i++) {
            assertThat(storage.lookup("key " + i)).isEmpty();
            put(storage, "key " + i, bytes(20_000, i));
        }
        String statistics = server.info("commandstats");
        assertThat(TestServer.calls(statistics, "hgetall")).isEqualTo(20);
        assertThat(TestServer.calls(statistics, "evalsha")).isEqualTo(20);
    }

    @Test
    void aValidationSendsAndWritesNoBody() throws Exception {
        StoredResponse small = put(storage, "small", bytes(30_000, 1));
        StoredResponse large = put(storage, "large", bytes(2_000_000, 1));
        storage.freshen(small);
        resetStatistics();
        for (int i = 0; i < 50; i++) {
            assertThat(storage.freshen(small.toBuilder().times(i, i).build())).isTrue();
            assertThat(storage.freshen(large.toBuilder().times(i, i).build())).isTrue();
        }
        String statistics = server.info("commandstats");
        assertThat(TestServer.calls(statistics, "evalsha")).isEqualTo(100);
        assertThat(TestServer.calls(statistics, "hset"))
                .as("head and uses, in one")
                .isEqualTo(100);
        String sent = server.info("stats");
        long bytes = Long.parseLong(sent.split("total_net_input_bytes:")[1].split("\r\n")[0]);
        assertThat(bytes).isLessThan(100 * 3000L);
        assertThat(read(storage, only(storage, "large"))).isEqualTo(bytes(2_000_000, 1));
    }

    @Test
    void aCommitSendsAHundredUsesAtMost() throws Exception {
        try (RedisStorage limited = builder("aa").maxEntries(1_000).build()) {
            for (int i = 0; i < 300; i++) {
                put(limited, "key " + i, bytes(10, i));
            }
            for (int i = 0; i < 300; i++) {
                limited.used(only(limited, "key " + i));
            }
            resetStatistics();
            put(limited, "another", bytes(10, 1));
            // Each takes two, and so does the commit.
            assertThat(TestServer.calls(server.info("commandstats"), "evalsha")).isBetween(4L, 202L);
        }
    }

    @Test
    void usesOfTooManyEntriesAreSentAHundredAtATime() throws Exception {
        put(storage, "key", bytes(10, 1));
        RedisEntry entry = (RedisEntry) only(storage, "key");
        Place.Keys keys = new Place.Keys("wire");
        List<Place> written = new ArrayList<>();
        UseCounts uses = new UseCounts((used, count, lastUse) -> {
            written.add(used.place);
            return CompletableFuture.completedFuture(null);
        });
        long now = entry.usage.lastUse() / 1000;
        for (int i = 0; i < UseCounts.MAX_PLACES + 1_000; i++) {
            int before = written.size();
            RedisEntry another = new RedisEntry(
                    keys.of("key " + i), entry.stored(), entry.record, entry.usage, 10, entry.chunk, null);
            assertThat(uses.used(another, now, 10_000)).isEqualTo(entry.usage.uses() + 1);
            assertThat(written.size() - before).isLessThanOrEqualTo(UseCounts.SLICE);
        }
        assertThat(written).hasSize(1_000).doesNotHaveDuplicates();
        uses.flush();
        assertThat(written).hasSize(UseCounts.MAX_PLACES + 1_000).doesNotHaveDuplicates();
    }

    @Test
    void aKnownHeadIsNotParsedAgain() throws Exception {
        StoredResponse head = put(storage, "key", bytes(10, 1));
        StoredEntry first = only(storage, "key");
        first.attach("mine");
        StoredEntry second = only(storage, "key");
        assertThat(second.stored()).isSameAs(first.stored());
        assertThat(second.attachment()).isEqualTo("mine");
        storage.freshen(head.toBuilder().status(203).build());
        assertThat(only(storage, "key").stored().status()).isEqualTo(203);
        assertThat(only(storage, "key").attachment()).isNull();
    }

    @Test
    void clearingLeavesAHundredThousandForeignKeysAloneAndAsksForNoKeys() throws Exception {
        server.with(redis -> {
            for (int from = 0; from < 100_000; from += 10_000) {
                Map<byte[], byte[]> page = new HashMap<>();
                for (int i = from; i < from + 10_000; i++) {
                    page.put(("foreign:{wire}:" + i).getBytes(StandardCharsets.UTF_8), new byte[] {1});
                }
                redis.mset(page);
            }
            return redis.set("wire".getBytes(StandardCharsets.UTF_8), new byte[1]);
        });
        for (int i = 0; i < 300; i++) {
            put(storage, "key " + i % 100, bytes(100, i));
        }
        resetStatistics();
        assertThat(storage.removeIf(head -> head.key().endsWith("7"))).isEqualTo(30);
        assertThat(storage.clear()).isEqualTo(270);
        assertThat(storage.entries().hasNext()).isFalse();
        String statistics = server.info("commandstats");
        for (String forbidden : List.of("keys", "flushdb", "flushall", "randomkey")) {
            assertThat(TestServer.calls(statistics, forbidden)).as(forbidden).isZero();
        }
        assertThat(TestServer.calls(statistics, "scan")).isPositive();
        long foreign =
                server.with(redis -> redis.dbsize()) - server.keys("wire:").size();
        assertThat(foreign).isEqualTo(100_001);
    }

    @Test
    void everyOneOfTenThousandKeysHasAnEnd() throws Exception {
        Random random = new Random(1);
        for (int i = 0; i < 2_000; i++) {
            StoredResponse.Builder head = head("key " + i % 1500);
            if (i % 3 == 0) {
                head.ttl(1 + random.nextInt(100_000), i % 2 == 0);
            }
            try (EntryWriter writer = storage.create(head.build())) {
                writer.write(ByteBuffer.wrap(bytes(i % 20 == 0 ? 150_000 : 100, i)));
                if (i % 7 != 0) {
                    writer.commit(List.of());
                }
            }
            if (i % 11 == 0) {
                storage.removeKey("key " + random.nextInt(1500));
            }
        }
        server.with(redis -> {
            for (byte[] key : redis.keys("wire:*")) {
                assertThat(redis.ttl(key)).isPositive();
            }
            return null;
        });
    }

    // ---- several processes

    @Test
    void aRemovalByAnotherProcessDiscardsWhatWasRequestedBefore() throws Exception {
        interface Removal {
            void run(RedisStorage other) throws IOException;
        }
        List<Removal> removals =
                List.of(other -> other.removeKey("key"), RedisStorage::clear, other -> other.removeIf(head -> false));
        try (RedisStorage other = builder("bb").build()) {
            for (Removal removal : removals) {
                StoredResponse head = head("key").build();
                try (EntryWriter writer = storage.create(head)) {
                    writer.write(ByteBuffer.wrap(bytes(100, 1)));
                    removal.run(other);
                    assertThat(writer.commit(List.of())).isFalse();
                }
                assertThat(storage.lookup("key")).isEmpty();
                // Even if it was not being written yet, but had been requested.
                long now = System.currentTimeMillis();
                assertThat(tryPut(
                                storage,
                                head("key").times(now - 60_000, now - 60_000).build(),
                                bytes(100, 1)))
                        .isFalse();
                server.with(redis -> redis.flushall());
            }
            other.removeKey("another");
            put(storage, "key", bytes(100, 1));
            assertThat(other.removeKey("key")).isEqualTo(1);
            assertThat(storage.lookup("key")).isEmpty();
        }
    }

    // ---- damage

    @Test
    void aFlippedBitIsAMissOrAFailureAndNeverAWrongByte() throws Exception {
        Random random = new Random(2);
        int misses = 0;
        byte[] small = bytes(700, 1);
        byte[] large = bytes(150_000, 2);
        for (int round = 0; round < 1000; round++) {
            boolean isLarge = round % 10 == 0;
            byte[] body = isLarge ? large : small;
            StoredResponse head = put(storage, "key", body);
            byte[] place = new Place.Keys("wire").of("key").hash();
            byte[] chunks = new Place.Keys("wire").of("key").body(head.id());
            boolean inBody = isLarge && random.nextBoolean();
            server.with(redis -> {
                byte[] key = inBody ? chunks : place;
                List<byte[]> fields = redis.hkeys(key);
                byte[] field = fields.get(random.nextInt(fields.size()));
                byte[] value = redis.hget(key, field);
                if (value.length > 0 && field[0] != 'u' && field[0] != '!') {
                    value[random.nextInt(value.length)] ^= (byte) (1 << random.nextInt(8));
                    redis.hset(key, field, value);
                }
                return null;
            });
            for (StoredEntry entry : storage.lookup("key")) {
                assertThat(entry.stored()).isEqualTo(head);
                byte[] read = read(storage, entry);
                if (read == null) {
                    misses++;
                } else {
                    assertThat(read).isEqualTo(body);
                }
            }
            storage.removeKey("key");
        }
        assertThat(events.corrupt).hasSizeGreaterThan(400);
        assertThat(misses).isPositive();
        assertThat(events.failed).isEmpty();
    }

    @Test
    void truncatedExtendedAndSwappedValuesAreMisses() throws Exception {
        byte[] place = new Place.Keys("wire").of("key").hash();
        for (int round = 0; round < 6; round++) {
            StoredResponse head = put(storage, "key", bytes(500, round));
            StoredResponse other = put(storage, "other", bytes(500, 77));
            byte[] otherPlace = new Place.Keys("wire").of("other").hash();
            int how = round;
            server.with(redis -> {
                byte[] h = ("h" + head.id()).getBytes(StandardCharsets.UTF_8);
                byte[] b = ("b" + head.id()).getBytes(StandardCharsets.UTF_8);
                byte[] u = ("u" + head.id()).getBytes(StandardCharsets.UTF_8);
                switch (how) {
                    case 0 -> redis.hset(place, b, java.util.Arrays.copyOf(redis.hget(place, b), 400));
                    case 1 -> redis.hset(place, b, java.util.Arrays.copyOf(redis.hget(place, b), 600));
                    case 2 -> redis.hset(place, h, java.util.Arrays.copyOf(redis.hget(place, h), 20));
                    case 3 ->
                        redis.hset(
                                place, b, redis.hget(otherPlace, ("b" + other.id()).getBytes(StandardCharsets.UTF_8)));
                    case 4 ->
                        redis.hset(
                                place, h, redis.hget(otherPlace, ("h" + other.id()).getBytes(StandardCharsets.UTF_8)));
                    default -> redis.hdel(place, u);
                }
                return null;
            });
            assertThat(storage.lookup("key")).as("case %d", round).isEmpty();
            assertThat(events.corrupt).hasSize(round + 1);
            storage.removeKey("key");
            storage.removeKey("other");
        }
    }

    @Test
    void anotherTypeUnderOurKeyIsRemoved() throws Exception {
        byte[] place = new Place.Keys("wire").of("key").hash();
        server.with(redis -> redis.setex(place, 1000, new byte[10]));
        assertThat(storage.lookup("key")).isEmpty();
        assertThat(events.corrupt).hasSize(1);
        put(storage, "key", bytes(10, 1));
        assertThat(storage.lookup("key")).hasSize(1);
    }

    @Test
    void anUnknownVersionIsAMissAndStays() throws Exception {
        StoredResponse head = put(storage, "key", bytes(10, 1));
        byte[] place = new Place.Keys("wire").of("key").hash();
        byte[] field = ("h" + head.id()).getBytes(StandardCharsets.UTF_8);
        server.with(redis -> {
            byte[] record = redis.hget(place, field);
            record[4] = 9;
            return redis.hset(place, field, record);
        });
        assertThat(storage.lookup("key")).isEmpty();
        assertThat(events.corrupt).isEmpty();
        Boolean there = server.with(redis -> redis.hexists(place, field));
        assertThat(there).isTrue();
    }

    @Test
    void anEntryWhoseBodyIsGoneIsAMissThatIsCleanedUp() throws Exception {
        for (int length : new int[] {40_000, 150_000, 2_000_000}) {
            StoredResponse head = put(storage, "key", bytes(length, 1));
            byte[] body = new Place.Keys("wire").of("key").body(head.id());
            StoredEntry entry = only(storage, "key");
            server.with(redis -> redis.del(body));
            assertThat(storage.open(entry)).isNull();
            assertThat(storage.lookup("key")).isEmpty();
            assertThat(events.evicted).contains("key");
            events.evicted.clear();
        }
    }

    @Test
    void aLostChunkFailsTheReadOfALongBodyBeforeItIsReached() throws Exception {
        byte[] expected = bytes(3_000_000, 1);
        StoredResponse head = put(storage, "key", expected);
        byte[] body = new Place.Keys("wire").of("key").body(head.id());
        server.with(redis -> redis.hdel(body, "30".getBytes(StandardCharsets.UTF_8)));
        StoredEntry entry = only(storage, "key");
        int good = 0;
        try (var reader = storage.open(entry)) {
            ByteBuffer target = ByteBuffer.allocate(3_000_000);
            while (target.hasRemaining()) {
                good += reader.read(target.position(), target);
            }
            throw new AssertionError("it was read to its end");
        } catch (IOException e) {
            assertThat(good).isEqualTo(30 << 16);
        }
        assertThat(storage.lookup("key")).isEmpty();
    }

    // ---- eviction by Redis itself

    @Test
    void whatRedisEvictsIsAMissAndNeverShort() throws Exception {
        try (TestServer small = TestServer.start("maxmemory 6mb", "maxmemory-policy allkeys-lru");
                RedisStorage evicting = RedisStorage.builder()
                        .uri(small.uri())
                        .timeout(Duration.ofSeconds(20))
                        .build()) {
            Random random = new Random(3);
            int hits = 0;
            int gone = 0;
            for (int i = 0; i < 4_000; i++) {
                int number = random.nextInt(600);
                int length = number % 10 == 0 ? 90_000 : number * 10;
                String key = "key " + number;
                List<StoredEntry> found = evicting.lookup(key);
                if (found.isEmpty()) {
                    try {
                        tryPut(evicting, head(key).build(), bytes(length, number));
                    } catch (IOException e) {
                        assertThat(e).hasMessageContaining("OOM");
                    }
                }
                for (StoredEntry entry : found) {
                    byte[] body = read(evicting, entry);
                    if (body == null) {
                        gone++;
                    } else {
                        hits++;
                        assertThat(body).isEqualTo(bytes(length, number));
                    }
                }
            }
            assertThat(hits).isPositive();
            assertThat(small.info("stats")).doesNotContain("evicted_keys:0\r\n");
            System.out.println("evicted by Redis: " + hits + " hits, " + gone + " without their bodies");
        }
    }

    // ---- long bodies

    @Test
    void whatIsNotInMemoryAnyMoreIsReadBackFromRedis() throws Exception {
        byte[] body = bytes(3_000_000, 9);
        try (EntryWriter writer = storage.create(head("key").build())) {
            writer.write(ByteBuffer.wrap(body));
            ByteBuffer back = ByteBuffer.allocate(body.length);
            while (back.hasRemaining()) {
                writer.readBack(back.position(), back);
            }
            assertThat(back.array()).isEqualTo(body);
        }
    }

    @Test
    void aBodyOf256MiBPassesThroughASmallHeap() throws Exception {
        List<String> command = new ArrayList<>(List.of(
                System.getProperty("java.home") + "/bin/java",
                "-Xmx64m",
                "-cp",
                System.getProperty("java.class.path"),
                BigBody.class.getName(),
                server.uri(),
                Long.toString(256L << 20)));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output).contains("written true").contains("read true");
        System.out.println("256 MiB with -Xmx64m: "
                + output.lines().filter(line -> line.contains("true")).toList());
    }

    /** Writes and reads back a long body. */
    static final class BigBody {
        private BigBody() {}

        public static void main(String[] args) throws Exception {
            GeneratedBody body = new GeneratedBody(Long.parseLong(args[1]), 5);
            try (RedisStorage storage = RedisStorage.builder()
                    .uri(args[0])
                    .maxEntryBytes(body.length())
                    .timeout(Duration.ofSeconds(20))
                    .build()) {
                StoredResponse head = head("big").build();
                long start = System.nanoTime();
                try (EntryWriter writer = storage.create(head)) {
                    byte[] piece = new byte[100_000];
                    for (long at = 0; at < body.length(); at += piece.length) {
                        int n = (int) Math.min(piece.length, body.length() - at);
                        body.copy(at, piece, 0, n);
                        writer.write(ByteBuffer.wrap(piece, 0, n));
                    }
                    System.out.println("written " + writer.commit(List.of()) + " in "
                            + (System.nanoTime() - start) / 1_000_000 + " ms");
                }
                start = System.nanoTime();
                java.util.zip.CRC32 sum = new java.util.zip.CRC32();
                try (var reader = storage.open(only(storage, "big"))) {
                    ByteBuffer piece = ByteBuffer.allocate(100_000);
                    for (long at = 0; reader.read(at, piece) > 0; piece.clear()) {
                        at += piece.position();
                        sum.update(piece.flip());
                    }
                }
                System.out.println("read " + (sum.getValue() == body.crc32()) + " in "
                        + (System.nanoTime() - start) / 1_000_000 + " ms");
                storage.clear();
            }
            System.exit(0);
        }
    }
}
