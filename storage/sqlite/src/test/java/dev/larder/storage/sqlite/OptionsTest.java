package dev.larder.storage.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.rules.StoredResponse;
import dev.larder.serializers.jackson.JsonSerializer;
import dev.larder.storage.AsyncEntryWriter;
import dev.larder.storage.AsyncStorage;
import dev.larder.storage.StorageStatistics;
import dev.larder.testkit.ManualClock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sqlite.SQLiteDataSource;

/** Every way to make a storage, and every option. */
class OptionsTest {
    @TempDir
    Path directory;

    private final ManualClock clock = new ManualClock();

    @Test
    @DisplayName("by default: in memory, gone when it is closed")
    void inMemory() throws IOException {
        for (SqliteStorage storage :
                List.of(SqliteStorage.inMemory(), SqliteStorage.builder().build())) {
            try (storage) {
                put(storage, "key", 10);
                assertThat(storage.lookup("key")).hasSize(1);
            }
        }
        try (SqliteStorage storage = SqliteStorage.inMemory()) {
            assertThat(storage.lookup("key")).isEmpty();
            StorageStatistics statistics = storage.statistics();
            assertThat(statistics.maxBytes()).isEqualTo(512L << 20);
            assertThat(statistics.maxEntries()).isEqualTo(-1);
            assertThat(storage.maxBodyBytes()).isEqualTo(128L << 20);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"cache.db", "new/directory/cache.db", "odd ?name=%41#\u00e9 :memory:.db"})
    @DisplayName("at a path: the file is made for its owner only, whatever its name")
    void path(String name) throws Exception {
        Path file = directory.resolve(name);
        try (SqliteStorage storage = SqliteStorage.at(file)) {
            put(storage, "key", 100_000);
            for (String suffix : List.of("", "-wal", "-shm")) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(OwnFile.beside(file, suffix))))
                        .isEqualTo("rw-------");
            }
        }
        try (SqliteStorage storage = SqliteStorage.at(file)) {
            assertThat(storage.lookup("key")).hasSize(1);
        }
        assertThat(Files.exists(OwnFile.beside(file, "-wal"))).isFalse();
    }

    @Test
    @DisplayName("a database that is kept in WAL mode, which does not wait for the disk unless told")
    void journal() throws Exception {
        for (boolean durable : new boolean[] {false, true}) {
            OwnConnections connections = new OwnConnections(directory.resolve("cache.db"), 1234, durable);
            try (Connection connection = connections.connect();
                    Statement statement = connection.createStatement()) {
                assertThat(text(statement, "PRAGMA journal_mode")).isEqualTo("wal");
                assertThat(text(statement, "PRAGMA synchronous")).isEqualTo(durable ? "2" : "1");
                assertThat(text(statement, "PRAGMA busy_timeout")).isEqualTo("1234");
            }
        }
    }

    private static String text(Statement statement, String query) throws Exception {
        try (var row = statement.executeQuery(query)) {
            return row.getString(1);
        }
    }

    @Test
    @DisplayName("a file that others may write to is refused, and so is what is no file, or on another machine")
    void refused() throws IOException {
        Path file = Files.createFile(directory.resolve("cache.db"));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-r--"));
        assertThatThrownBy(() -> SqliteStorage.at(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("can be written by other users");
        assertThatThrownBy(() -> SqliteStorage.at(directory))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("is no file");
        assertThat(OwnFile.isRemote("nfs4")).isTrue();
        assertThat(OwnFile.isRemote("CIFS")).isTrue();
        assertThat(OwnFile.isRemote("ext4")).isFalse();
        assertThat(OwnFile.isRemote("tmpfs")).isFalse();
    }

    @Test
    @DisplayName("on a caller's connection: it is not closed, nor are its other tables touched")
    void connection() throws Exception {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite::memory:");
                Statement statement = connection.createStatement()) {
            statement.executeUpdate("CREATE TABLE theirs (a)");
            statement.executeUpdate("INSERT INTO theirs VALUES (42)");
            try (SqliteStorage storage =
                    SqliteStorage.builder().connection(connection).build()) {
                put(storage, "key", 10);
                storage.clear();
                put(storage, "key", 10);
            }
            assertThat(connection.isClosed()).isFalse();
            assertThat(text(statement, "SELECT a FROM theirs")).isEqualTo("42");
            assertThat(text(statement, "SELECT count(*) FROM larder")).isEqualTo("1");
            try (SqliteStorage storage =
                    SqliteStorage.builder().connection(connection).build()) {
                assertThat(storage.lookup("key")).hasSize(1);
            }
            connection.setAutoCommit(false);
            assertThatThrownBy(
                            () -> SqliteStorage.builder().connection(connection).build())
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("auto-commit");
        }
    }

    @Test
    @DisplayName("from a caller's data source, also one that makes a database in memory for each connection")
    void dataSource() throws IOException {
        SQLiteDataSource source = new SQLiteDataSource();
        source.setUrl("jdbc:sqlite::memory:");
        try (SqliteStorage storage = SqliteStorage.builder().dataSource(source).build()) {
            put(storage, "key", 10);
            assertThat(storage.lookup("key")).hasSize(1);
        }
        source.setUrl("jdbc:sqlite:" + directory.resolve("app.db"));
        try (SqliteStorage storage = SqliteStorage.builder().dataSource(source).build()) {
            put(storage, "key", 10);
        }
        try (SqliteStorage storage = SqliteStorage.at(directory.resolve("app.db"))) {
            assertThat(storage.lookup("key")).hasSize(1);
        } catch (IOException e) {
            // The driver made the file with the permissions of the user's mask.
            assertThat(e).hasMessageContaining("can be written by other users");
        }
    }

    @Test
    @DisplayName("ttl, slidingTtl and checkTtlEvery")
    void ttl() throws Exception {
        Path file = directory.resolve("cache.db");
        try (SqliteStorage storage = Fixture.storage(file, clock)
                .ttl(Duration.ofSeconds(10))
                .checkTtlEvery(Duration.ofSeconds(5))
                .build()) {
            for (int i = 0; i < 200; i++) {
                put(storage, "key " + i, 10);
            }
            clock.advance(Duration.ofSeconds(9));
            assertThat(storage.lookup("key 1")).hasSize(1);
            clock.advance(Duration.ofSeconds(6));
            // The first lookup is due for a sweep, which removes all of them.
            assertThat(storage.lookup("key 1")).isEmpty();
            assertThat(Fixture.number(file, "SELECT count(*) FROM larder")).isZero();
            assertThat(storage.statistics().entries()).isZero();
        }
        try (SqliteStorage storage =
                Fixture.storage(file, clock).slidingTtl(Duration.ofMinutes(10)).build()) {
            put(storage, "used", 10);
            put(storage, "not used", 10);
            for (int i = 0; i < 4; i++) {
                clock.advance(Duration.ofMinutes(4));
                storage.lookup("used").forEach(storage::used);
            }
            storage.sweep();
            assertThat(Fixture.number(file, "SELECT count(*) FROM larder")).isOne();
            assertThat(storage.lookup("used")).hasSize(1);
        }
        // What was counted in memory has been written.
        try (SqliteStorage storage =
                Fixture.storage(file, clock).slidingTtl(Duration.ofMinutes(10)).build()) {
            assertThat(storage.used(storage.lookup("used").get(0))).isEqualTo(5);
            clock.advance(Duration.ofMinutes(11));
            assertThat(storage.lookup("used")).isEmpty();
        }
    }

    @Test
    @DisplayName("tables of another name are another cache, and clear() keeps to its own")
    void tableName() throws IOException {
        Path file = directory.resolve("cache.db");
        try (SqliteStorage one =
                        SqliteStorage.builder().path(file).tableName("one").build();
                SqliteStorage two =
                        SqliteStorage.builder().path(file).tableName("Two_2").build()) {
            put(one, "key", 10);
            put(two, "key", 20);
            assertThat(one.lookup("key").get(0).bodyLength()).isEqualTo(10);
            assertThat(one.clear()).isEqualTo(1);
            assertThat(two.lookup("key").get(0).bodyLength()).isEqualTo(20);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1st", "a b", "a\"; DROP TABLE larder; --", "sqlite_x", "caf\u00e9", "a.b"})
    @DisplayName("what is no name for a table is refused")
    void badTableName(String name) {
        assertThatThrownBy(() -> SqliteStorage.builder().tableName(name))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("tableName must be 1 to 60 of a-z");
    }

    @Test
    @DisplayName("createTable(false) takes tables that are there, and says what is wrong otherwise")
    void createTable() throws Exception {
        Path file = directory.resolve("cache.db");
        SqliteStorage.Builder builder =
                SqliteStorage.builder().path(file).tableName("mine").createTable(false);
        assertThatThrownBy(builder::build).isInstanceOf(IOException.class).hasMessageContaining("createTable is off");
        try (Connection connection = Fixture.connect(file);
                Statement statement = connection.createStatement()) {
            for (String sql : SqliteStorage.createStatements("mine")) {
                statement.executeUpdate(sql);
            }
        }
        try (SqliteStorage storage = builder.build()) {
            put(storage, "key", 10);
            assertThat(storage.statistics().entries()).isEqualTo(1);
        }
    }

    @Test
    @DisplayName("a table of that name that is not ours is left alone")
    void takenName() throws Exception {
        Path file = directory.resolve("app.db");
        Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Fixture.change(file, "CREATE TABLE larder (food TEXT)");
        assertThatThrownBy(() -> SqliteStorage.at(file))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("choose another tableName than larder");
        assertThat(Fixture.number(file, "SELECT count(*) FROM larder")).isZero();
        try (SqliteStorage storage =
                SqliteStorage.builder().path(file).tableName("http").build()) {
            put(storage, "key", 10);
        }
    }

    @Test
    @DisplayName("tables of another version are made anew")
    void otherVersion() throws Exception {
        Path file = directory.resolve("cache.db");
        try (SqliteStorage storage = SqliteStorage.at(file)) {
            put(storage, "key", 10);
        }
        Fixture.change(file, "DROP TABLE larder");
        Fixture.change(file, "CREATE TABLE larder (/* larder 0 */ key TEXT, value BLOB)");
        Fixture.change(file, "INSERT INTO larder VALUES ('key', x'00')");
        try (SqliteStorage storage = SqliteStorage.at(file)) {
            assertThat(storage.lookup("key")).isEmpty();
            put(storage, "key", 10);
            assertThat(storage.lookup("key")).hasSize(1);
        }
        Fixture.expectNothingLeftBehind(file);
    }

    @Test
    @DisplayName(
            "heads of another serializer are not served, and stay until they are cleared; binary ones are always read")
    void serializer() throws Exception {
        Path file = directory.resolve("cache.db");
        StoredResponse head;
        try (SqliteStorage json = SqliteStorage.builder()
                .path(file)
                .serializer(JsonSerializer.INSTANCE)
                .build()) {
            head = put(json, "key", 10);
            assertThat(json.lookup("key").get(0).stored()).isEqualTo(head);
        }
        Fixture.Events events = new Fixture.Events();
        try (SqliteStorage binary = SqliteStorage.at(file)) {
            binary.addListener(events);
            assertThat(binary.lookup("key")).isEmpty();
            assertThat(binary.entries().hasNext()).isFalse();
            assertThat(binary.removeIf(any -> true)).isZero();
            put(binary, "binary", 10);
        }
        try (SqliteStorage json = SqliteStorage.builder()
                .path(file)
                .serializer(JsonSerializer.INSTANCE)
                .build()) {
            json.addListener(events);
            assertThat(json.lookup("key")).hasSize(1);
            assertThat(json.lookup("binary")).hasSize(1);
        }
        try (SqliteStorage binary = SqliteStorage.at(file)) {
            assertThat(binary.removeKey("key")).as("what it could read").isZero();
            assertThat(Fixture.number(file, "SELECT count(*) FROM larder")).isOne();
        }
        assertThat(events.corrupt).isEmpty();
    }

    @Test
    @DisplayName("asynchronously, on an executor")
    void async() throws Exception {
        ExecutorService executor = Executors.newSingleThreadExecutor();
        try (SqliteStorage storage = SqliteStorage.at(directory.resolve("cache.db"));
                AsyncStorage async = storage.async(executor)) {
            assertThat(storage.blocks()).isTrue();
            AsyncEntryWriter writer = async.create(Fixture.head("key", clock).build())
                    .toCompletableFuture()
                    .get();
            writer.write(ByteBuffer.wrap(new byte[10])).toCompletableFuture().get();
            assertThat(writer.commit(List.of()).toCompletableFuture().get()).isTrue();
            writer.close().toCompletableFuture().get();
            assertThat(async.lookup("key").toCompletableFuture().get()).hasSize(1);
        } finally {
            executor.shutdownNow();
        }
    }

    @Test
    @DisplayName("bad settings are refused with the reason")
    void badSettings() {
        SqliteStorage.Builder builder = SqliteStorage.builder();
        assertThatThrownBy(() -> builder.maxEntries(0)).hasMessage("maxEntries must be at least 1, not 0");
        assertThatThrownBy(() -> builder.maxBytes(-1)).hasMessage("maxBytes must be at least 1, not -1");
        assertThatThrownBy(() -> builder.maxEntryBytes(0)).hasMessage("maxEntryBytes must be at least 1, not 0");
        assertThatThrownBy(() -> builder.maxVariants(0)).hasMessage("maxVariants must be at least 1, not 0");
        assertThatThrownBy(() -> builder.ttl(Duration.ZERO)).hasMessage("ttl must be at least a millisecond, not PT0S");
        assertThatThrownBy(() -> builder.slidingTtl(Duration.ofSeconds(-1)))
                .hasMessage("slidingTtl must be at least a millisecond, not PT-1S");
        assertThatThrownBy(() -> builder.busyTimeout(Duration.ZERO))
                .hasMessage("busyTimeout must be at least a millisecond, not PT0S");
        assertThatThrownBy(() -> builder.checkTtlEvery(Duration.ZERO))
                .hasMessage("checkTtlEvery must be at least a millisecond, not PT0S");
    }

    private StoredResponse put(SqliteStorage storage, String key, int length) throws IOException {
        StoredResponse head = Fixture.head(key, clock).build();
        assertThat(Fixture.put(storage, head, Fixture.bytes(length, length))).isTrue();
        return head;
    }
}
