package dev.larder.storage.sqlite;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.StoredEntry;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Measures the storage against the driver alone, in one run: hits against the plain {@code SELECT} of a key, a head and a
 * body from a table made for that, and stores against the plain {@code INSERT}. Both take turns, and the median of the
 * rounds counts.
 *
 * <pre>
 * mvn -q test-compile -pl storage/sqlite -am
 * java -cp (class path of the tests) dev.larder.storage.sqlite.Measure [bytes of the body] [entries]
 * </pre>
 */
final class Measure {
    private static final int ROUNDS = 21;
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private Measure() {}

    private interface Operation {
        void run(int i) throws Exception;
    }

    public static void main(String[] args) throws Exception {
        int length = args.length > 0 ? Integer.parseInt(args[0]) : 10_000;
        int entries = args.length > 1 ? Integer.parseInt(args[1]) : 1_000;
        Path directory = Files.createTempDirectory("larder-measure");
        try (SqliteStorage storage = SqliteStorage.at(directory.resolve("storage.db"));
                Raw raw = new Raw(directory.resolve("raw.db"))) {
            byte[] body = Fixture.bytes(length, 1);
            byte[] head = storage.headBytes(head("key 0"));
            int stores = Math.max(20, Math.min(200, 20_000_000 / Math.max(1, length) / ROUNDS));
            compare(
                    "store",
                    stores,
                    i -> raw.insert("stored " + i, head, body),
                    i -> store(storage, "stored " + i, body));
            storage.clear();
            for (int i = 0; i < entries; i++) {
                raw.insert("key " + i, head, body);
                store(storage, "key " + i, body);
            }
            int hits = Math.max(100, Math.min(5_000, 100_000_000 / Math.max(1, length)));
            compare(
                    "hit",
                    hits,
                    i -> raw.select("key " + i % entries, length),
                    i -> hit(storage, "key " + i % entries, length));
            try (SameRows same = new SameRows(directory.resolve("storage.db"))) {
                KeyHash[] keys = new KeyHash[entries];
                for (int i = 0; i < entries; i++) {
                    keys[i] = KeyHash.of("key " + i);
                }
                compare(
                        "hit, raw select of the same rows",
                        hits,
                        i -> same.select(keys[i % entries], length),
                        i -> hit(storage, "key " + i % entries, length));
            }
            compare("hot hit", hits, i -> raw.select("key 7", length), i -> hit(storage, "key 7", length));
        }
        try (var files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }

    private static StoredResponse head(String key) {
        return Fixture.head(key, InstantSource.system()).build();
    }

    private static void store(SqliteStorage storage, String key, byte[] body) throws Exception {
        try (EntryWriter writer = storage.create(head(key))) {
            writer.write(ByteBuffer.wrap(body));
            if (!writer.commit(List.of())) {
                throw new IllegalStateException("not stored");
            }
        }
    }

    private static void hit(SqliteStorage storage, String key, int length) throws Exception {
        List<StoredEntry> found = storage.lookup(key);
        StoredEntry entry = found.get(0);
        ByteBuffer body = entry.inlineBody();
        if (body == null) {
            try (BodyReader reader = storage.open(entry)) {
                body = ByteBuffer.allocate(1 << 16);
                long at = 0;
                while (at < length) {
                    at += reader.read(at, body.clear());
                }
            }
        } else if (body.remaining() != length) {
            throw new IllegalStateException("another length");
        }
        storage.used(entry);
    }

    private static void compare(String what, int count, Operation raw, Operation ours) throws Exception {
        double[] first = new double[ROUNDS];
        double[] second = new double[ROUNDS];
        int n = 0;
        for (int round = -10; round < ROUNDS; round++) {
            double a = round(raw, n, count);
            double b = round(ours, n, count);
            n += count;
            if (round >= 0) {
                first[round] = a;
                second[round] = b;
            }
        }
        Arrays.sort(first);
        Arrays.sort(second);
        double a = first[ROUNDS / 2];
        double b = second[ROUNDS / 2];
        System.out.printf(
                Locale.ROOT,
                "%-32s raw %8.1f us   storage %8.1f us   ratio of medians %.2f, of minima %.2f%n",
                what,
                a,
                b,
                b / a,
                second[0] / first[0]);
    }

    private static double round(Operation operation, int from, int count) throws Exception {
        // Of the processor, so that what else the machine does counts less.
        long start = THREADS.getCurrentThreadCpuTime();
        for (int i = 0; i < count; i++) {
            operation.run(from + i);
        }
        return (THREADS.getCurrentThreadCpuTime() - start) / 1000.0 / count;
    }

    /** The rows that a hit reads, read by the driver. */
    private static final class SameRows implements AutoCloseable {
        private final Connection connection;
        private final PreparedStatement select;

        SameRows(Path file) throws Exception {
            connection = new OwnConnections(file, 5000, false).connect();
            select = connection.prepareStatement("SELECT e.head, b.bytes FROM larder e JOIN larder_bodies b"
                    + " ON b.n = e.n << 24 WHERE e.key = ? AND e.state = 1");
        }

        void select(KeyHash key, int length) throws SQLException {
            select.setBytes(1, key.bytes());
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    if (row.getBytes(1).length == 0 || row.getBytes(2).length != length + Checksums.CHUNK_HEADER) {
                        throw new IllegalStateException("another length");
                    }
                }
            }
        }

        @Override
        public void close() throws SQLException {
            connection.close();
        }
    }

    /** What somebody would write by hand. */
    private static final class Raw implements AutoCloseable {
        private final Connection connection;
        private final PreparedStatement select;
        private final PreparedStatement insert;

        Raw(Path file) throws Exception {
            connection = new OwnConnections(file, 5000, false).connect();
            try (Statement statement = connection.createStatement()) {
                statement.executeUpdate(
                        "CREATE TABLE raw (n INTEGER PRIMARY KEY, key TEXT NOT NULL, head BLOB NOT NULL, body BLOB NOT NULL)");
                statement.executeUpdate("CREATE INDEX raw_keys ON raw (key)");
            }
            select = connection.prepareStatement("SELECT head, body FROM raw WHERE key = ?");
            insert = connection.prepareStatement("INSERT INTO raw (key, head, body) VALUES (?, ?, ?)");
        }

        void select(String key, int length) throws SQLException {
            select.setString(1, key);
            try (ResultSet row = select.executeQuery()) {
                while (row.next()) {
                    if (row.getBytes(1).length == 0 || row.getBytes(2).length != length) {
                        throw new IllegalStateException("another length");
                    }
                }
            }
        }

        void insert(String key, byte[] head, byte[] body) throws SQLException {
            insert.setString(1, key);
            insert.setBytes(2, head);
            insert.setBytes(3, body);
            insert.executeUpdate();
        }

        @Override
        public void close() throws SQLException {
            connection.close();
        }
    }
}
