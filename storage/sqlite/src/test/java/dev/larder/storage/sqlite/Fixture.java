package dev.larder.storage.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.http.HttpFields;
import dev.larder.http.TargetUri;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryIds;
import dev.larder.storage.EntryTooLargeException;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StoredEntry;
import dev.larder.testkit.StorageSetup;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** What the tests of the SQLite storage have in common. */
final class Fixture {
    private Fixture() {}

    /** As a test of the contract wants it. */
    static SqliteStorage.Builder configured(SqliteStorage.Builder builder, StorageSetup setup) {
        builder.clock(setup.clock());
        setup.ttl().ifPresent(builder::ttl);
        setup.slidingTtl().ifPresent(builder::slidingTtl);
        setup.maxEntries().ifPresent(builder::maxEntries);
        setup.maxBytes().ifPresent(builder::maxBytes);
        setup.maxEntryBytes().ifPresent(builder::maxEntryBytes);
        setup.maxVariants().ifPresent(builder::maxVariants);
        return builder;
    }

    /** Sweeps run within the call that is due for one. */
    static SqliteStorage.Builder storage(Path file, InstantSource clock) {
        return SqliteStorage.builder().path(file).clock(clock).executor(Runnable::run);
    }

    static StoredResponse.Builder head(String key, InstantSource clock) {
        long now = clock.millis();
        return StoredResponse.builder()
                .id(EntryIds.next())
                .key(key)
                .method("GET")
                .uri(TargetUri.parse("https://example.org/a?b=c"))
                .status(200)
                .fields(HttpFields.of("Cache-Control", "max-age=60", "Content-Type", "text/plain", "ETag", "\"1\""))
                .times(now - 5, now)
                .createdAt(now);
    }

    static byte[] bytes(int length, long seed) {
        byte[] body = new byte[length];
        new Random(seed).nextBytes(body);
        return body;
    }

    static boolean put(SqliteStorage storage, StoredResponse head, byte[] body, StoredResponse... replaced)
            throws IOException {
        try (EntryWriter writer = storage.create(head)) {
            try {
                writer.write(ByteBuffer.wrap(body));
            } catch (EntryTooLargeException e) {
                assertThat(writer.commit(List.of(replaced))).isFalse();
                return false;
            }
            return writer.commit(List.of(replaced));
        }
    }

    /** The body of an entry; null when the entry is gone. */
    static byte @Nullable [] body(SqliteStorage storage, StoredEntry entry) throws IOException {
        ByteBuffer inline = entry.inlineBody();
        ByteBuffer all = ByteBuffer.allocate((int) entry.bodyLength());
        if (inline != null) {
            return all.put(inline).array();
        }
        try (BodyReader reader = storage.open(entry)) {
            return reader == null ? null : drain(reader);
        }
    }

    static byte[] drain(BodyReader reader) throws IOException {
        ByteBuffer all = ByteBuffer.allocate((int) reader.length());
        while (all.hasRemaining()) {
            assertThat(reader.read(all.position(), all)).isPositive();
        }
        return all.array();
    }

    /** Starts a program of the tests in a process of its own. */
    static Process java(Path directory, String heap, Class<?> program, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xshare:auto",
                heap,
                // The driver unpacks its library, and one that is killed leaves it behind.
                "-Dorg.sqlite.tmpdir=" + directory,
                "-cp",
                System.getProperty("java.class.path"),
                program.getName()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    /** A connection beside the storage's own. */
    static Connection connect(Path file) throws SQLException {
        Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        try (Statement statement = connection.createStatement()) {
            // Tests need not outlast a loss of power.
            statement.execute("PRAGMA synchronous = OFF");
            statement.execute("PRAGMA busy_timeout = 30000");
        }
        return connection;
    }

    /** Runs a statement; returns how many rows it changed. */
    static int change(Path file, String sql) throws SQLException {
        try (Connection connection = connect(file);
                Statement statement = connection.createStatement()) {
            return statement.executeUpdate(sql);
        }
    }

    /** Flips a bit of a chunk of an entry's body. */
    static void damageChunk(Path file, String id, int chunk) throws SQLException {
        String row = "(SELECT n FROM larder WHERE id = '" + id + "') * 16777216 + " + chunk;
        try (Connection connection = connect(file);
                Statement statement = connection.createStatement();
                PreparedStatement update =
                        connection.prepareStatement("UPDATE larder_bodies SET bytes = ? WHERE n = " + row)) {
            byte[] bytes;
            try (ResultSet found = statement.executeQuery("SELECT bytes FROM larder_bodies WHERE n = " + row)) {
                assertThat(found.next()).isTrue();
                bytes = found.getBytes(1);
            }
            bytes[bytes.length / 2] ^= 4;
            update.setBytes(1, bytes);
            assertThat(update.executeUpdate()).isOne();
        }
    }

    /** The first number that a query answers. */
    static long number(Path file, String sql) throws SQLException {
        try (Connection connection = connect(file);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            assertThat(rows.next()).isTrue();
            return rows.getLong(1);
        }
    }

    /** That a database is sound, has no unfinished entry, no chunk without an entry, and the right totals. */
    static void expectNothingLeftBehind(Path file) throws SQLException {
        if (!Files.exists(file)) {
            return;
        }
        try (Connection connection = connect(file);
                Statement statement = connection.createStatement()) {
            try (ResultSet rows = statement.executeQuery("PRAGMA integrity_check")) {
                assertThat(rows.next()).isTrue();
                assertThat(rows.getString(1)).isEqualTo("ok");
            }
            assertThat(number(file, "SELECT count(*) FROM larder WHERE state = 0"))
                    .as("unfinished entries")
                    .isZero();
            assertThat(number(file, "SELECT count(*) FROM larder_bodies WHERE n >> 24 NOT IN (SELECT n FROM larder)"))
                    .as("chunks without an entry")
                    .isZero();
            assertThat(number(
                            file,
                            "SELECT count(*) FROM larder_totals t WHERE"
                                    + " (SELECT count(*) FROM larder WHERE state = 1) = t.entries"
                                    + " AND (SELECT coalesce(sum(size), 0) FROM larder WHERE state = 1) = t.bytes"
                                    + " AND (SELECT coalesce(sum(size), 0) FROM larder WHERE state = 2) = t.dead"))
                    .as("the totals are right")
                    .isOne();
        }
    }

    /** Remembers what the storage reports. */
    static final class Events implements StorageListener {
        final List<String> corrupt = new CopyOnWriteArrayList<>();
        final List<String> evicted = new CopyOnWriteArrayList<>();
        final List<String> failed = new CopyOnWriteArrayList<>();

        @Override
        public void corrupt(String where, String what) {
            corrupt.add(where + ": " + what);
        }

        @Override
        public void evicted(String key) {
            evicted.add(key);
        }

        @Override
        public void failed(String operation, IOException failure) {
            failed.add(operation + ": " + failure);
        }
    }
}
