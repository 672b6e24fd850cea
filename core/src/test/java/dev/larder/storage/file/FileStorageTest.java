package dev.larder.storage.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.http.HttpFields;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What is particular to the file storage; what every storage has to do is tested by the contract suite. */
class FileStorageTest {
    @TempDir
    Path parent;

    private Path directory;
    private final TestClock clock = new TestClock();
    private final Fixture.Events events = new Fixture.Events();
    private FileStorage storage;

    @BeforeEach
    void open() throws IOException {
        directory = parent.resolve("cache");
        storage = open(Fixture.storage(directory, clock));
    }

    private FileStorage open(FileStorage.Builder builder) throws IOException {
        FileStorage opened = builder.build();
        opened.addListener(events);
        return opened;
    }

    @AfterEach
    void nothingIsLeftBehind() throws IOException {
        storage.close();
        assertThat(events.failed).isEmpty();
        assertThat(events.corrupt).isEmpty();
        assertThat(Fixture.temporary(directory)).isEmpty();
    }

    // ---- the directory

    @Test
    @DisplayName("the default directory is the user's cache directory")
    void defaultDirectory() {
        assertThat(Layout.defaultDirectory("Linux", Map.of(), "/home/me")).isEqualTo(Path.of("/home/me/.cache/larder"));
        assertThat(Layout.defaultDirectory("Linux", Map.of("XDG_CACHE_HOME", "/x"), "/home/me"))
                .isEqualTo(Path.of("/x/larder"));
        assertThat(Layout.defaultDirectory("Linux", Map.of("XDG_CACHE_HOME", "x"), "/home/me"))
                .isEqualTo(Path.of("/home/me/.cache/larder"));
        assertThat(Layout.defaultDirectory("Mac OS X", Map.of("XDG_CACHE_HOME", "/x"), "/Users/me"))
                .isEqualTo(Path.of("/Users/me/Library/Caches/larder"));
        assertThat(Layout.defaultDirectory("Windows 11", Map.of("LOCALAPPDATA", "local"), "me"))
                .isEqualTo(Path.of("local", "larder", "cache"));
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    @DisplayName("directories and files are their owner's alone")
    @Tag("R9111-155")
    void permissions() throws IOException {
        Fixture.put(storage, Fixture.head("a", clock).build(), new byte[10]);
        try (EntryWriter writer = storage.create(Fixture.head("b", clock).build());
                Stream<Path> all = Files.walk(directory)) {
            writer.write(ByteBuffer.allocate(100_000));
            for (Path path : all.toList()) {
                String expected = Files.isDirectory(path) ? "rwx------" : "rw-------";
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                        .as(path.toString())
                        .isEqualTo(expected);
            }
        }
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    @DisplayName("a directory that others can write to is refused, and not touched")
    void writableByOthers() throws IOException {
        for (String permissions : List.of("rwxrwx---", "rwx----w-", "rwxrwxrwx")) {
            Path shared = Files.createDirectory(parent.resolve(permissions));
            Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString(permissions));
            assertThatThrownBy(() -> FileStorage.at(shared))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("written by other users");
            assertThat(shared).isEmptyDirectory();
        }
    }

    @Test
    @DisplayName("links in the storage's own places lead nowhere")
    void symbolicLinks() throws IOException {
        Path outside = Files.createDirectory(parent.resolve("outside"));
        Files.writeString(outside.resolve("precious"), "text");
        EntryName name = EntryName.of("a");
        Files.createSymbolicLink(directory.resolve("entries").resolve(EntryName.shardName(name.shard())), outside);
        Files.writeString(outside.resolve(name.file("abc")), "not an entry");
        assertThat(storage.lookup("a")).isEmpty();
        assertThat(storage.removeKey("a")).isZero();
        assertThat(storage.clear()).isZero();
        storage.sweep();
        assertThat(Fixture.put(storage, Fixture.head("a", clock).build(), new byte[3]))
                .isTrue();
        assertThat(storage.lookup("a")).hasSize(1);
        try (Stream<Path> files = Files.list(outside)) {
            assertThat(files).hasSize(2);
        }
        storage.close();

        // The lock file as a link: not followed, so it fails.
        Files.delete(directory.resolve("lock"));
        Files.createSymbolicLink(directory.resolve("lock"), outside.resolve("precious"));
        storage = open(Fixture.storage(directory, clock));
        assertThatThrownBy(() -> storage.removeKey("a")).isInstanceOf(IOException.class);
        assertThat(outside.resolve("precious")).hasContent("text");
    }

    @Test
    @DisplayName("a directory of another layout is cleared, foreign files excepted")
    void otherLayout() throws IOException {
        Fixture.put(storage, Fixture.head("a", clock).build(), new byte[10]);
        storage.close();
        Files.writeString(directory.resolve("larder.format"), "larder 2\n");
        Path foreign = Files.writeString(directory.resolve("notes"), "mine");
        storage = open(Fixture.storage(directory, clock));
        assertThat(storage.lookup("a")).isEmpty();
        assertThat(foreign).hasContent("mine");
        assertThat(directory.resolve("larder.format")).hasContent("larder 1");
    }

    @Test
    @DisplayName("the directory may be deleted at any time: misses, then stores again")
    void deletedUnderUs() throws IOException {
        StoredResponse head = Fixture.head("a", clock).build();
        Fixture.put(storage, head, new byte[10]);
        Fixture.put(storage, Fixture.head("large", clock).build(), new byte[200_000]);
        StoredEntry large = Objects.requireNonNull(Fixture.find(storage, "large"));
        try (EntryWriter writer = storage.create(Fixture.head("b", clock).build())) {
            writer.write(ByteBuffer.allocate(100_000));
            deleteAll(directory);
            assertThat(storage.lookup("a")).isEmpty();
            assertThat(storage.open(large)).isNull();
            assertThat(storage.freshen(head)).isFalse();
            assertThat(storage.remove("a", head.id())).isFalse();
            storage.sweep();
            assertThat(storage.statistics().entries()).isZero();
            assertThat(writer.commit(List.of())).isFalse();
        }
        assertThat(Fixture.put(storage, Fixture.head("a", clock).build(), new byte[100_000]))
                .isTrue();
        assertThat(storage.lookup("a")).hasSize(1);
    }

    private static void deleteAll(Path path) throws IOException {
        try (Stream<Path> all = Files.walk(path)) {
            for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }

    // ---- names and listings

    @Test
    @DisplayName("keys of any kind have names of hexadecimal digits, each its own")
    void oddKeys() throws IOException {
        List<String> keys = List.of(
                "",
                "a",
                "A",
                "../../etc/passwd",
                "\0",
                "a\0",
                "con",
                "\ud800",
                "\ud801",
                "\udc00",
                "\ufffd",
                "?",
                "\ud83d\ude00",
                "x".repeat(65_536),
                "N-",
                "\u4e2d",
                "\u00e9",
                "e\u0301");
        for (String key : keys) {
            assertThat(Fixture.put(storage, Fixture.head(key, clock).build(), key.getBytes("UTF-16")))
                    .isTrue();
        }
        for (String key : keys) {
            StoredEntry entry = Objects.requireNonNull(Fixture.find(storage, key));
            assertThat(entry.stored().key()).isEqualTo(key);
            assertThat(Fixture.body(storage, entry)).isEqualTo(key.getBytes("UTF-16"));
        }
        assertThat(Fixture.files(directory)).hasSize(keys.size()).allSatisfy(file -> {
            assertThat(file.getFileName().toString()).matches("[0-9a-f.]{1,100}");
            assertThat(file.getParent().getFileName().toString()).matches("[0-9a-f]{3}");
        });
    }

    @Test
    @DisplayName("ids that cannot be names are refused or not found")
    void oddIds() throws IOException {
        for (String id : List.of("", "../x", "ABC", "a".repeat(33), "g")) {
            StoredResponse head = Fixture.head("a", clock).id(id).build();
            assertThatThrownBy(() -> storage.create(head)).isInstanceOf(IllegalArgumentException.class);
            assertThat(storage.remove("a", id)).isFalse();
            assertThat(storage.freshen(head)).isFalse();
        }
    }

    @Test
    @DisplayName("a listing is not trusted when a file may have been added in the same tick of the clock")
    void racyListing() throws IOException {
        StoredResponse first = Fixture.head("a", clock).build();
        StoredResponse second = Fixture.head("a", clock).build();
        Fixture.put(storage, first, new byte[1]);
        Path shard = Fixture.onlyFile(directory).getParent();

        // An old modification time: the listing is remembered, and found to be outdated when that time changes.
        FileTime old = FileTime.fromMillis(System.currentTimeMillis() - 3_600_000);
        Files.setLastModifiedTime(shard, old);
        assertThat(storage.lookup("a")).hasSize(1);
        Fixture.put(storage, second, new byte[2]);
        assertThat(storage.lookup("a")).hasSize(2);
        Files.setLastModifiedTime(shard, old);
        assertThat(storage.lookup("a"))
                .as("what a remembered listing would still say")
                .hasSize(1);

        // A recent one: never remembered, so the change shows although the time is the same again.
        // (What this process adds is noticed whatever the time says, so the look at the time is not put off.)
        Fixture.put(storage, Fixture.head("a", clock).build(), new byte[3]);
        FileTime recent = FileTime.fromMillis(System.currentTimeMillis());
        Files.setLastModifiedTime(shard, recent);
        assertThat(storage.lookup("a")).hasSize(3);
        storage.remove("a", first.id());
        Files.setLastModifiedTime(shard, recent);
        assertThat(storage.lookup("a")).hasSize(2);
    }

    // ---- heads

    @Test
    @DisplayName("an unchanged head is the same object at the next hit, with what was attached to the entry")
    void headsAreKept() throws IOException {
        StoredResponse head = Fixture.head("a", clock).build();
        Fixture.put(storage, head, new byte[10]);
        StoredEntry first = Objects.requireNonNull(Fixture.find(storage, "a"));
        first.attach("fields");
        StoredEntry second = Objects.requireNonNull(Fixture.find(storage, "a"));
        assertThat(second.stored()).isSameAs(first.stored());
        assertThat(second.attachment()).isEqualTo("fields");
        assertThat(Objects.requireNonNull(Fixture.find(storage, "a")).attachment())
                .isEqualTo("fields");

        // Another object, as another process would, freshens it.
        try (FileStorage other = Fixture.storage(directory, clock).build()) {
            assertThat(other.freshen(head.toBuilder().status(203).build())).isTrue();
        }
        StoredEntry third = Objects.requireNonNull(Fixture.find(storage, "a"));
        assertThat(third.stored().status()).isEqualTo(203);
        assertThat(third.attachment()).isNull();
    }

    @Test
    @DisplayName("a thousand validations leave a small file, the body, and the count of uses")
    void compaction() throws IOException {
        for (int length : new int[] {0, 500, 3 * EntryFormat.CHUNK + 5}) {
            byte[] body = Fixture.body(length, length);
            StoredResponse head = Fixture.head("a" + length, clock).build();
            Fixture.put(storage, head, body);
            storage.used(Objects.requireNonNull(Fixture.find(storage, head.key())));
            storage.sweep();
            StoredResponse fresh = head;
            long largest = 0;
            for (int i = 0; i < 1000; i++) {
                fresh = head.toBuilder()
                        .fields(HttpFields.of("ETag", "\"1\"", "X", "y".repeat(i % 300)))
                        .times(i, i + 1)
                        .build();
                assertThat(storage.freshen(fresh)).isTrue();
                StoredEntry entry = Objects.requireNonNull(Fixture.find(storage, head.key()));
                assertThat(entry.stored()).isEqualTo(fresh);
                largest = Math.max(largest, Files.size(((FileEntry) entry).path));
            }
            assertThat(largest).isLessThan(EntryFormat.bodySize(length) + 20_000);
            StoredEntry entry = Objects.requireNonNull(Fixture.find(storage, head.key()));
            assertThat(Fixture.body(storage, entry)).isEqualTo(body);
            assertThat(storage.used(entry)).isEqualTo(2);
            assertThat(storage.statistics().bytes()).isEqualTo(Fixture.bytes(directory));
        }
    }

    @Test
    @DisplayName("who reads a body reads it to its end, whatever becomes of the entry")
    void readersFinish() throws IOException {
        byte[] body = Fixture.body(300_000, 1);
        StoredResponse head = Fixture.head("a", clock).build();
        Fixture.put(storage, head, body);
        StoredEntry entry = Objects.requireNonNull(Fixture.find(storage, "a"));
        // The lookup was before the file is written anew with a first head of another length.
        for (int i = 0; i < 200; i++) {
            storage.freshen(
                    head.toBuilder().fields(HttpFields.of("X", "y".repeat(500))).build());
        }
        assertThat(Fixture.body(storage, entry)).isEqualTo(body);
        try (var reader = Objects.requireNonNull(storage.open(entry))) {
            ByteBuffer all = ByteBuffer.allocate(body.length);
            reader.read(0, all);
            storage.clear();
            while (all.hasRemaining()) {
                reader.read(all.position(), all);
            }
            assertThat(all.array()).isEqualTo(body);
        }
    }

    // ---- uses

    @Test
    @DisplayName("a hit writes nothing but the use slot, and that at most once a minute")
    void uses() throws IOException {
        StoredResponse head = Fixture.head("a", clock).build();
        Fixture.put(storage, head, new byte[10]);
        Path file = Fixture.onlyFile(directory);
        byte[] before = Files.readAllBytes(file);
        for (int i = 1; i <= 100; i++) {
            assertThat(storage.used(Objects.requireNonNull(Fixture.find(storage, "a"))))
                    .isEqualTo(i);
        }
        assertThat(Files.readAllBytes(file)).isEqualTo(before);
        clock.advance(Duration.ofSeconds(61));
        assertThat(storage.used(Objects.requireNonNull(Fixture.find(storage, "a"))))
                .isEqualTo(101);
        byte[] after = Files.readAllBytes(file);
        assertThat(ByteBuffer.wrap(after).getLong(EntryFormat.USE_SLOT)).isEqualTo(101);
        assertThat(Files.getLastModifiedTime(file).toMillis()).isEqualTo(clock.millis());
        System.arraycopy(before, 24, after, 24, 20);
        assertThat(after).isEqualTo(before);
        assertThat(storage.used(Objects.requireNonNull(Fixture.find(storage, "a"))))
                .isEqualTo(102);
        storage.close();
        storage = open(Fixture.storage(directory, clock));
        assertThat(storage.used(Objects.requireNonNull(Fixture.find(storage, "a"))))
                .isEqualTo(103);
    }

    @Test
    @DisplayName("a sliding time to live is right to a tenth even for another process")
    void slidingTtl() throws IOException {
        storage.close();
        storage = open(Fixture.storage(directory, clock).slidingTtl(Duration.ofSeconds(100)));
        Fixture.put(storage, Fixture.head("a", clock).build(), new byte[10]);
        for (int second = 0; second < 1000; second += 3) {
            assertThat(storage.used(Objects.requireNonNull(Fixture.find(storage, "a"))))
                    .isPositive();
            clock.advance(Duration.ofSeconds(3));
        }
        clock.advance(Duration.ofSeconds(86));
        try (FileStorage other = Fixture.storage(directory, clock)
                .slidingTtl(Duration.ofSeconds(100))
                .build()) {
            assertThat(other.lookup("a")).hasSize(1);
        }
        assertThat(storage.lookup("a")).hasSize(1);
        clock.advance(Duration.ofSeconds(12));
        assertThat(storage.lookup("a")).isEmpty();
        storage.sweep();
        assertThat(Fixture.files(directory)).isEmpty();
    }

    // ---- sweeps

    @Test
    @DisplayName("a sweep drops what expired, whose time to live it may be, by itself when it is due")
    void sweep() throws IOException {
        storage.close();
        storage = open(Fixture.storage(directory, clock).ttl(Duration.ofSeconds(100)));
        Fixture.put(storage, Fixture.head("default", clock).build(), new byte[10]);
        Fixture.put(storage, Fixture.head("short", clock).ttl(1_000, false).build(), new byte[10]);
        Fixture.put(storage, Fixture.head("long", clock).ttl(1_000_000, false).build(), new byte[100_000]);
        clock.advance(Duration.ofSeconds(59));
        assertThat(storage.lookup("nothing")).isEmpty();
        assertThat(Fixture.files(directory)).hasSize(3);
        clock.advance(Duration.ofSeconds(1));
        assertThat(storage.lookup("nothing")).isEmpty();
        assertThat(Fixture.files(directory)).hasSize(2);
        clock.advance(Duration.ofSeconds(60));
        assertThat(storage.lookup("long")).hasSize(1);
        assertThat(Fixture.files(directory)).hasSize(1);
        assertThat(storage.statistics().entries()).isEqualTo(1);
        assertThat(storage.statistics().bytes()).isEqualTo(Fixture.bytes(directory));
    }

    @Test
    @DisplayName("a sweep removes temporary files without an owner, and no others")
    void orphans() throws IOException {
        FileTime old = FileTime.fromMillis(System.currentTimeMillis() - 60_000);
        Path orphan = Files.write(directory.resolve("tmp").resolve("0123456789abcdef01234567"), new byte[5]);
        Path young = Files.write(directory.resolve("tmp").resolve("0123456789abcdef01234568"), new byte[5]);
        Path foreign = Files.write(directory.resolve("tmp").resolve("notes.txt"), new byte[5]);
        Files.setLastModifiedTime(orphan, old);
        Files.setLastModifiedTime(foreign, old);
        try (EntryWriter writer = storage.create(Fixture.head("a", clock).build())) {
            writer.write(ByteBuffer.allocate(100_000));
            for (Path tmp : Fixture.temporary(directory)) {
                if (!tmp.equals(young)) {
                    Files.setLastModifiedTime(tmp, old);
                }
            }
            storage.sweep();
            assertThat(orphan).doesNotExist();
            assertThat(young).exists();
            assertThat(foreign).exists();
            assertThat(writer.commit(List.of())).isTrue();
        }
        Files.delete(young);
        Files.delete(foreign);
    }

    @Test
    @DisplayName("clear leaves no byte of what is being written either")
    void clearRemovesTemporaryFiles() throws IOException {
        try (EntryWriter writer = storage.create(Fixture.head("a", clock).build())) {
            writer.write(ByteBuffer.allocate(100_000));
            assertThat(Fixture.temporary(directory)).hasSize(1);
            storage.clear();
            assertThat(Fixture.temporary(directory)).isEmpty();
            assertThat(writer.commit(List.of())).isFalse();
        }
        assertThat(storage.lookup("a")).isEmpty();
    }

    @Test
    @DisplayName("a small body is not on the disk before the commit")
    void smallBodiesWait() throws IOException {
        try (EntryWriter writer = storage.create(Fixture.head("a", clock).build())) {
            writer.write(ByteBuffer.allocate(EntryFormat.CHUNK));
            assertThat(Fixture.temporary(directory)).isEmpty();
            writer.write(ByteBuffer.allocate(1));
            assertThat(Fixture.temporary(directory)).hasSize(1);
        }
    }

    // ---- writers

    @Test
    @DisplayName("every byte that was written can be read back at once, before, at and after the commit")
    void readBack() throws IOException {
        byte[] body = Fixture.body(3 * EntryFormat.CHUNK + 1000, 1);
        try (EntryWriter writer = storage.create(Fixture.head("a", clock).build())) {
            assertThat(writer.readsBack()).isTrue();
            int written = 0;
            while (written < body.length) {
                int count = Math.min(7_001, body.length - written);
                writer.write(ByteBuffer.wrap(body, written, count));
                written += count;
                assertReadsBack(writer, body, Math.max(0, written - 10_000), written);
                assertReadsBack(writer, body, 0, Math.min(written, 10_000));
            }
            assertReadsBack(writer, body, 0, written);
            assertThat(writer.commit(List.of())).isTrue();
            assertReadsBack(writer, body, 0, written);
            storage.clear();
            assertReadsBack(writer, body, 0, written);
        }
    }

    private static void assertReadsBack(EntryWriter writer, byte[] body, int from, int to) throws IOException {
        ByteBuffer target = ByteBuffer.allocate(to - from);
        while (target.hasRemaining()) {
            assertThat(writer.readBack(from + target.position(), target)).isPositive();
        }
        assertThat(target.flip()).isEqualTo(ByteBuffer.wrap(body, from, to - from));
    }

    @Test
    @DisplayName("an interrupted reader or caller breaks nothing for others")
    void interrupts() throws IOException {
        byte[] body = Fixture.body(200_000, 1);
        try (EntryWriter writer = storage.create(Fixture.head("a", clock).build())) {
            writer.write(ByteBuffer.wrap(body));
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> writer.readBack(0, ByteBuffer.allocate(10)))
                    .isInstanceOf(IOException.class);
            assertThat(storage.removeKey("b")).as("needs the shared files").isZero();
            assertThat(Thread.interrupted()).isTrue();
            assertReadsBack(writer, body, 0, body.length);
            assertThat(writer.commit(List.of())).isTrue();
        }
        StoredEntry entry = Objects.requireNonNull(Fixture.find(storage, "a"));
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> storage.lookup("a")).isInstanceOf(IOException.class);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(Fixture.body(storage, entry)).isEqualTo(body);
    }

    @Test
    @DisplayName("a response requested before another process removed its key is not stored")
    void removalByAnotherProcess() throws IOException {
        EntryName name = EntryName.of("a");
        StoredResponse before = Fixture.head("a", clock).build();
        clock.advance(Duration.ofSeconds(1));
        Layout layout = Layout.open(directory);
        try (EntryWriter open = storage.create(before)) {
            new RemovalTable(layout, 42).count(name.slot(), clock.millis(), true);
            open.write(ByteBuffer.allocate(10));
            assertThat(open.commit(List.of())).as("writer created before").isFalse();
        }
        assertThat(Fixture.put(storage, before, new byte[1]))
                .as("requested before")
                .isFalse();
        clock.advance(Duration.ofSeconds(1));
        StoredResponse after = Fixture.head("a", clock).build();
        assertThat(Fixture.put(storage, after, new byte[1])).isTrue();
        new RemovalTable(layout, 42).countAll(clock.millis(), true);
        assertThat(Fixture.put(storage, Fixture.head("z", clock).times(0, 1).build(), new byte[1]))
                .isFalse();
    }

    @Test
    @DisplayName("a damaged table of removals blocks nothing")
    void damagedRemovals() throws IOException {
        storage.removeKey("a");
        Files.write(directory.resolve("removals"), Fixture.body(2_000_000, 5));
        clock.advance(Duration.ofSeconds(1));
        for (int i = 0; i < 100; i++) {
            StoredResponse head = Fixture.head("k" + i, clock).build();
            try (EntryWriter writer = storage.create(head)) {
                storage.removeKey("k" + i);
                assertThat(writer.commit(List.of())).isFalse();
            }
            assertThat(Fixture.put(storage, head, new byte[1])).isTrue();
        }
    }

    @Test
    @DisplayName("durable writes do what others do")
    void durable() throws IOException {
        storage.close();
        storage = open(Fixture.storage(directory, clock).durable(true));
        StoredResponse head = Fixture.head("a", clock).build();
        byte[] body = Fixture.body(100_000, 1);
        assertThat(Fixture.put(storage, head, body)).isTrue();
        assertThat(storage.freshen(head)).isTrue();
        assertThat(Fixture.body(storage, Objects.requireNonNull(Fixture.find(storage, "a"))))
                .isEqualTo(body);
        assertThat(storage.removeKey("a")).isEqualTo(1);
    }

    @Test
    @DisplayName("a closed storage says so, and its writers leave nothing")
    void closing() throws IOException {
        EntryWriter writer = storage.create(Fixture.head("a", clock).build());
        writer.write(ByteBuffer.allocate(100_000));
        storage.close();
        storage.close();
        assertThatThrownBy(() -> storage.lookup("a")).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> writer.commit(List.of())).isInstanceOf(IOException.class);
        writer.close();
        assertThat(Fixture.temporary(directory)).isEmpty();
        try (FileChannel lock =
                FileChannel.open(directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            assertThat(lock.tryLock()).as("nothing is locked any more").isNotNull();
        }
    }
}
