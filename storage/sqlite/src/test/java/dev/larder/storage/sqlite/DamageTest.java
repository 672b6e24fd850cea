package dev.larder.storage.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.StoredEntry;
import dev.larder.testkit.ManualClock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whatever becomes of the file: no wrong byte, no exception, and what is damaged goes. More mutations by the system
 * property {@code larder.test.mutations}.
 */
class DamageTest {
    private static final int MUTATIONS = Integer.getInteger("larder.test.mutations", 60);

    @TempDir
    Path directory;

    private final ManualClock clock = new ManualClock();
    private final Fixture.Events events = new Fixture.Events();
    private final Map<StoredResponse, byte[]> stored = new HashMap<>();

    private Path file() {
        return directory.resolve("cache.db");
    }

    private SqliteStorage open() throws IOException {
        SqliteStorage storage = Fixture.storage(file(), clock).build();
        storage.addListener(events);
        return storage;
    }

    private void fill(SqliteStorage storage) throws IOException {
        for (int i = 0; i < 12; i++) {
            StoredResponse head = Fixture.head("key " + i % 8, clock).build();
            byte[] body = Fixture.bytes(i == 3 ? 150_000 : i * 137, i);
            assertThat(Fixture.put(storage, head, body)).isTrue();
            stored.put(head, body);
        }
    }

    /** Whether all is as it was stored; what is not there is all right, what is wrong never. */
    private int expectNothingWrong(SqliteStorage storage) throws IOException {
        int found = 0;
        for (int i = 0; i < 8; i++) {
            for (StoredEntry entry : storage.lookup("key " + i)) {
                found += isRight(storage, entry) ? 1 : 0;
            }
        }
        Iterator<StoredEntry> all = storage.entries();
        while (all.hasNext()) {
            isRight(storage, all.next());
        }
        return found;
    }

    private boolean isRight(SqliteStorage storage, StoredEntry entry) throws IOException {
        byte[] expected = stored.get(entry.stored());
        assertThat(expected).as("a head that was stored: %s", entry.stored()).isNotNull();
        byte[] body;
        try {
            body = Fixture.body(storage, entry);
        } catch (IOException e) {
            // Found while it is read, before the first wrong byte.
            assertThat(e.getMessage()).containsAnyOf("damaged", "could not be kept", "SQLite");
            return false;
        }
        if (body == null) {
            return false;
        }
        assertThat(body).isEqualTo(expected);
        return true;
    }

    @Test
    @DisplayName(
            "flips, smears, zeros, cuts and swapped pages anywhere in the file never give a wrong byte or an exception")
    void mutations() throws Exception {
        try (SqliteStorage storage = open()) {
            fill(storage);
            assertThat(expectNothingWrong(storage)).isEqualTo(12);
        }
        byte[] good = Files.readAllBytes(file());
        Random random = new Random(11);
        int whole = 0;
        int setAside = 0;
        for (int i = 0; i < MUTATIONS; i++) {
            byte[] bad = mutate(good, i, random);
            try (var files = Files.list(directory)) {
                for (Path each : files.toList()) {
                    Files.delete(each);
                }
            }
            Files.write(file(), bad);
            Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-------"));
            try (SqliteStorage storage = open()) {
                whole += expectNothingWrong(storage) == 12 ? 1 : 0;
                // It goes on, whatever there was.
                putNew(storage, new byte[] {1, 2, 3});
                assertThat(Fixture.body(storage, storage.lookup("new").get(0))).containsExactly(1, 2, 3);
                storage.removeKey("key 1");
                storage.sweep();
                storage.clear();
            } catch (IOException | RuntimeException e) {
                throw new AssertionError("mutation " + i, e);
            }
            setAside += Files.exists(directory.resolve("cache.db.corrupt")) ? 1 : 0;
        }
        assertThat(events.failed).isEmpty();
        // The test bites: some change what matters, others do not.
        assertThat(whole).isBetween(1, MUTATIONS - 1);
        assertThat(setAside).isBetween(1, MUTATIONS - 1);
        assertThat(events.corrupt).isNotEmpty();
    }

    /** The entry in whose writing the damage is noticed is discarded, as nobody knows which removals were lost with the file. */
    private void putNew(SqliteStorage storage, byte[] body) throws IOException {
        if (!Fixture.put(storage, Fixture.head("new", clock).build(), body)) {
            assertThat(Fixture.put(storage, Fixture.head("new", clock).build(), body))
                    .isTrue();
        }
    }

    private static byte[] mutate(byte[] good, int i, Random random) {
        byte[] bad = good.clone();
        int at = random.nextInt(good.length - 64);
        switch (i % 8) {
            case 0, 1, 2 -> bad[random.nextInt(good.length)] ^= (byte) (1 << random.nextInt(8));
            case 3 -> bad[random.nextInt(4096)] ^= (byte) (1 << random.nextInt(8));
            case 4 -> System.arraycopy(Fixture.bytes(64, i), 0, bad, at, 1 + random.nextInt(64));
            case 5 -> Arrays.fill(bad, at, at + 1 + random.nextInt(64), (byte) 0);
            case 6 -> {
                return Arrays.copyOf(good, random.nextInt(good.length));
            }
            default -> {
                int pages = good.length / 4096;
                int from = random.nextInt(pages) * 4096;
                System.arraycopy(good, from, bad, random.nextInt(pages) * 4096, 4096);
            }
        }
        return bad;
    }

    @Test
    @DisplayName("a flip of a bit of a head, its seal, its length or its body is a miss that is reported")
    void everyBitOfAnEntry() throws Exception {
        byte[] body = Fixture.bytes(40, 1);
        try (SqliteStorage storage = open()) {
            assertThat(Fixture.put(storage, Fixture.head("key", clock).build(), body))
                    .isTrue();
        }
        int bits = 0;
        try (Connection connection = Fixture.connect(file());
                var statement = connection.createStatement();
                SqliteStorage storage = open()) {
            statement.execute("PRAGMA busy_timeout = 10000");
            for (String column : List.of("head", "bytes", "seal", "length", "id", "format")) {
                String table = column.equals("bytes") ? "larder_bodies" : "larder";
                String select = "SELECT " + column + " FROM " + table;
                Object good;
                byte[] bytes = {};
                try (var row = statement.executeQuery(select)) {
                    good = row.getObject(1);
                    if (good instanceof byte[] blob) {
                        bytes = blob;
                    }
                }
                int count = good instanceof byte[] ? bytes.length * 8 : column.equals("id") ? 24 : 16;
                // Every bit of the body, and of the head bits of every byte, as seven is no divisor of eight.
                for (int bit = 0; bit < count; bit += column.equals("head") ? 7 : 1) {
                    try (var update = connection.prepareStatement("UPDATE " + table + " SET " + column + " = ?")) {
                        update.setObject(1, flipped(good, bit));
                        update.executeUpdate();
                    }
                    try (SqliteStorage inside = SqliteStorage.builder()
                            .connection(connection)
                            .clock(clock)
                            .executor(task -> {})
                            .build()) {
                        inside.addListener(events);
                        assertThat(inside.lookup("key"))
                                .as("%s, bit %d", column, bit)
                                .isEmpty();
                        assertThat(inside.statistics().entries()).isZero();
                    }
                    bits++;
                    restore(storage, body);
                    try (var row = statement.executeQuery(select)) {
                        good = row.getObject(1);
                    }
                }
            }
        }
        assertThat(events.corrupt).hasSize(bits);
        assertThat(bits).isGreaterThan(500);
    }

    private void restore(SqliteStorage storage, byte[] body) throws IOException {
        assertThat(Fixture.put(storage, Fixture.head("key", clock).build(), body))
                .isTrue();
    }

    private static Object flipped(Object good, int bit) {
        if (good instanceof byte[] blob) {
            byte[] bad = blob.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            return bad;
        }
        if (good instanceof String text) {
            char[] bad = text.toCharArray();
            bad[bit] ^= 1;
            return new String(bad);
        }
        return ((Number) good).longValue() ^ (1L << bit);
    }

    @Test
    @DisplayName("a damaged chunk of a long body fails the read before the first wrong byte, and the entry goes")
    void damagedChunk() throws Exception {
        byte[] body = Fixture.bytes(1_000_000, 2);
        StoredResponse head = Fixture.head("key", clock).build();
        try (SqliteStorage storage = open()) {
            assertThat(Fixture.put(storage, head, body)).isTrue();
            Fixture.damageChunk(file(), head.id(), 7);
            try (BodyReader reader =
                    Objects.requireNonNull(storage.open(storage.lookup("key").get(0)))) {
                ByteBuffer read = ByteBuffer.allocate(body.length);
                assertThatThrownBy(() -> {
                            while (read.hasRemaining()) {
                                reader.read(read.position(), read);
                            }
                        })
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("damaged");
                assertThat(read.position()).isEqualTo(7 * Checksums.CHUNK);
                assertThat(Arrays.equals(read.array(), 0, read.position(), body, 0, read.position()))
                        .isTrue();
            }
            assertThat(storage.lookup("key")).isEmpty();
            assertThat(storage.statistics().bytes()).isZero();
        }
        assertThat(events.corrupt).hasSize(1);
        Fixture.expectNothingLeftBehind(file());
    }

    @Test
    @DisplayName("chunks and heads that changed places do not fit")
    void swapped() throws Exception {
        try (SqliteStorage storage = open()) {
            fill(storage);
        }
        for (String sql : List.of(
                "UPDATE larder_bodies SET bytes = (SELECT bytes FROM larder_bodies WHERE n = 4 * 16777216 + 1)"
                        + " WHERE n = 4 * 16777216",
                "UPDATE larder SET key = (SELECT key FROM larder WHERE n = 2) WHERE n = 3",
                "UPDATE larder SET (head, seal) = (SELECT head, seal FROM larder WHERE n = 5) WHERE n = 6",
                "UPDATE larder_bodies SET bytes = (SELECT bytes FROM larder_bodies WHERE n = 7 * 16777216)"
                        + " WHERE n = 8 * 16777216")) {
            assertThat(Fixture.change(file(), sql)).isOne();
        }
        try (SqliteStorage storage = open()) {
            assertThat(expectNothingWrong(storage)).isEqualTo(8);
        }
        assertThat(events.corrupt).hasSize(4);
    }

    @ParameterizedTest
    @ValueSource(strings = {"garbage", "zeros", "empty", "text", "half"})
    @DisplayName("what is no database is set aside, reported, and begun anew")
    void noDatabase(String kind) throws Exception {
        try (SqliteStorage storage = open()) {
            fill(storage);
        }
        byte[] good = Files.readAllBytes(file());
        byte[] bad = switch (kind) {
            case "garbage" -> Fixture.bytes(20_000, 5);
            case "zeros" -> new byte[20_000];
            case "empty" -> new byte[0];
            case "text" -> "This is no database.\n".repeat(300).getBytes(StandardCharsets.UTF_8);
            default -> Arrays.copyOf(good, good.length / 2);
        };
        Files.write(file(), bad);
        try (SqliteStorage storage = open()) {
            expectNothingWrong(storage);
            putNew(storage, new byte[200_000]);
            assertThat(storage.lookup("new")).hasSize(1);
        }
        if (!kind.equals("empty")) {
            assertThat(events.corrupt).isNotEmpty();
            assertThat(events.corrupt.get(0)).contains("cache.db").contains("set aside");
            assertThat(directory.resolve("cache.db.corrupt")).exists();
        }
        assertThat(events.failed).isEmpty();
        Fixture.expectNothingLeftBehind(file());
    }

    @Test
    @DisplayName("damage in the middle of work: readers and writers go on, on a new file")
    void damageWhileAtWork() throws Exception {
        try (SqliteStorage storage = open()) {
            fill(storage);
            StoredEntry large = storage.lookup("key 3").stream()
                    .filter(entry -> entry.bodyLength() > Checksums.CHUNK)
                    .findFirst()
                    .orElseThrow();
            try (BodyReader reader = Objects.requireNonNull(storage.open(large));
                    EntryWriter writer =
                            storage.create(Fixture.head("unfinished", clock).build())) {
                writer.write(ByteBuffer.wrap(new byte[100_000]));
                Fixture.change(file(), "PRAGMA wal_checkpoint(TRUNCATE)");
                try (FileChannel channel = FileChannel.open(file(), StandardOpenOption.WRITE)) {
                    channel.write(ByteBuffer.wrap(Fixture.bytes((int) channel.size(), 6)), 0);
                }
                // Larger than any page cache of the connections keeps.
                for (int i = 0; i < 8; i++) {
                    storage.lookup("key " + i);
                    storage.removeKey("key " + i);
                }
                assertThat(directory.resolve("cache.db.corrupt")).exists();
                assertThat(expectNothingWrong(storage)).isZero();
                try {
                    writer.write(ByteBuffer.wrap(new byte[100_000]));
                    assertThat(writer.commit(List.of())).isFalse();
                } catch (IOException e) {
                    assertThat(e).hasMessageContaining("replaced");
                }
                try {
                    assertThat(Fixture.drain(reader)).isEqualTo(stored.get(large.stored()));
                } catch (IOException e) {
                    assertThat(e).hasMessageContaining("could not be kept");
                }
            }
            StoredResponse head = Fixture.head("new", clock).build();
            assertThat(Fixture.put(storage, head, new byte[200_000])).isTrue();
            assertThat(storage.lookup("new")).hasSize(1);
            assertThat(storage.lookup("unfinished")).isEmpty();
        }
        assertThat(events.corrupt).hasSize(1);
        assertThat(events.failed).isEmpty();
        Fixture.expectNothingLeftBehind(file());
    }

    @Test
    @DisplayName("a file that was deleted or replaced is noticed at once by who writes, and the new one is used")
    void replaced() throws Exception {
        try (SqliteStorage storage = open()) {
            fill(storage);
            List<Path> files = new ArrayList<>();
            try (var all = Files.list(directory)) {
                all.forEach(files::add);
            }
            for (Path each : files) {
                Files.delete(each);
            }
            putNew(storage, new byte[10]);
            assertThat(storage.lookup("new")).hasSize(1);
            assertThat(storage.lookup("key 1")).isEmpty();

            Path other = directory.resolve("other.db");
            try (SqliteStorage second = Fixture.storage(other, clock).build()) {
                Fixture.put(second, Fixture.head("of the other", clock).build(), new byte[10]);
            }
            Files.move(other, file(), StandardCopyOption.REPLACE_EXISTING);
            Files.deleteIfExists(directory.resolve("cache.db-wal"));
            Files.deleteIfExists(directory.resolve("cache.db-shm"));
            assertThat(storage.removeKey("of the other")).isEqualTo(1);
        }
        assertThat(events.corrupt).isEmpty();
        assertThat(events.failed).isEmpty();
    }
}
