package dev.larder.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.http.HttpFields;
import dev.larder.http.TargetUri;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.file.FileStorage;
import dev.larder.storage.memory.InMemoryStorage;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Copying storages into one another, and reading all of one. */
class StorageCopyTest {
    private static final int[] LENGTHS = {0, 1, 1000, 70_000, 600_000};

    @TempDir
    Path directory;

    private Path source;

    @BeforeEach
    void source() {
        source = directory.resolve("source");
    }

    private static FileStorage open(Path path) throws IOException {
        return FileStorage.at(path);
    }

    private static StoredResponse put(Storage storage, String key, byte[] body) throws IOException {
        long now = System.currentTimeMillis();
        StoredResponse head = StoredResponse.builder()
                .id(EntryIds.next())
                .key(key)
                .method("GET")
                .uri(TargetUri.parse("https://example.org/"))
                .status(200)
                .fields(HttpFields.of("Cache-Control", "max-age=60", "Length", Integer.toString(body.length)))
                .times(now - 5000, now - 4000)
                .createdAt(now - 4000)
                .ttl(3_600_000, true)
                .tags(Set.of("a", "b"))
                .build();
        try (EntryWriter writer = storage.create(head)) {
            writer.write(ByteBuffer.wrap(body));
            assertThat(writer.commit(List.of())).isTrue();
        }
        return head;
    }

    private static byte[] body(int length) {
        byte[] body = new byte[length];
        new Random(length).nextBytes(body);
        return body;
    }

    private static List<StoredResponse> fill(Storage storage) throws IOException {
        List<StoredResponse> heads = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            heads.add(put(storage, "key " + i / 2, body(LENGTHS[i % LENGTHS.length])));
        }
        return heads;
    }

    private static void holds(Storage storage, List<StoredResponse> heads) throws IOException {
        List<StoredResponse> found = new ArrayList<>();
        Iterator<StoredEntry> all = storage.entries();
        while (all.hasNext()) {
            StoredEntry entry = all.next();
            found.add(entry.stored());
            try (BodyReader reader = storage.open(entry)) {
                assertThat(reader).isNotNull();
                ByteBuffer read = ByteBuffer.allocate((int) reader.length());
                while (read.hasRemaining()) {
                    reader.read(read.position(), read);
                }
                assertThat(read.array())
                        .isEqualTo(body(Integer.parseInt(entry.stored().fields().first("Length"))));
            }
        }
        assertThat(found).containsExactlyInAnyOrderElementsOf(heads);
    }

    @Test
    @DisplayName("a copy has the same heads and bodies, and a second run copies nothing again")
    void copies() throws IOException {
        try (Storage from = open(source);
                Storage files = open(directory.resolve("target"));
                Storage memory = InMemoryStorage.create()) {
            List<StoredResponse> heads = fill(from);
            for (Storage to : List.of(files, memory)) {
                List<StorageCopy.Progress> progress = new ArrayList<>();
                StorageCopy.Progress done = StorageCopy.copy(from, to, progress::add);
                assertThat(done).isEqualTo(new StorageCopy.Progress(20, 0, 0, 0, 4 * 671_001));
                assertThat(done.entries()).isEqualTo(20);
                assertThat(progress)
                        .hasSizeGreaterThan(20)
                        .endsWith(done)
                        .isSortedAccordingTo((a, b) -> a.bytes() == b.bytes()
                                ? Long.compare(a.entries(), b.entries())
                                : Long.compare(a.bytes(), b.bytes()));
                holds(to, heads);
                holds(from, heads);
                assertThat(StorageCopy.copy(from, to, p -> {})).isEqualTo(new StorageCopy.Progress(0, 20, 0, 0, 0));
                holds(to, heads);
            }
            // And from memory into files.
            try (Storage third = open(directory.resolve("third"))) {
                assertThat(StorageCopy.copy(memory, third, p -> {}).copied()).isEqualTo(20);
                holds(third, heads);
            }
        }
    }

    @Test
    @DisplayName("a copy that was broken off goes on where it was, and takes over what was validated since")
    void resumes() throws IOException {
        try (Storage from = open(source);
                Storage to = open(directory.resolve("target"))) {
            List<StoredResponse> heads = new ArrayList<>(fill(from));
            assertThatThrownBy(() -> StorageCopy.copy(from, to, progress -> {
                        if (progress.copied() == 7 && progress.entries() == 7) {
                            throw new IllegalStateException("by the test");
                        }
                    }))
                    .hasMessage("by the test");
            StoredResponse fresh =
                    to.entries().next().stored().toBuilder().times(1, 2).build();
            assertThat(from.freshen(fresh)).isTrue();
            heads.replaceAll(head -> head.id().equals(fresh.id()) ? fresh : head);
            StorageCopy.Progress done = StorageCopy.copy(from, to, p -> {});
            assertThat(done.copied()).isEqualTo(13);
            assertThat(done.present()).isEqualTo(7);
            holds(to, heads);
        }
    }

    @Test
    @DisplayName("what the target does not take is counted, and the rest copied")
    void refusals() throws IOException {
        try (Storage from = open(source);
                Storage to = FileStorage.builder()
                        .directory(directory.resolve("target"))
                        .maxEntryBytes(100_000)
                        .build()) {
            fill(from);
            StorageCopy.Progress done = StorageCopy.copy(from, to, p -> {});
            assertThat(done.copied()).isEqualTo(16);
            assertThat(done.refused()).isEqualTo(4);
            assertThat(StorageCheck.check(to, p -> {}).entries()).isEqualTo(16);
        }
    }

    @Test
    @DisplayName("damaged entries are counted and not copied; a check names them, a repair removes them")
    void damage() throws IOException {
        Path copy = directory.resolve("target");
        try (Storage from = open(source)) {
            List<StoredResponse> heads = fill(from);
            List<StorageCheck.Progress> progress = new ArrayList<>();
            StorageCheck.Result sound = StorageCheck.check(from, progress::add);
            assertThat(sound).isEqualTo(new StorageCheck.Result(20, 4 * 671_001, List.of()));
            assertThat(progress).endsWith(new StorageCheck.Progress(20, 4 * 671_001, 0));
            damage(heads.get(4).id());
            damage(heads.get(7).id());
            damage(heads.get(9).id());
        }
        try (Storage from = open(source);
                Storage to = open(copy)) {
            // Large bodies are damaged without a trace in their heads; a small one is read with its head.
            StorageCopy.Progress done = StorageCopy.copy(from, to, p -> {});
            assertThat(done.copied()).isEqualTo(17);
            assertThat(done.lost()).isEqualTo(3);
            assertThat(StorageCheck.check(to, p -> {}).entries()).isEqualTo(17);
        }
        try (Storage from = open(source)) {
            List<StoredResponse> heads = fill(from);
            damage(heads.get(4).id());
            damage(heads.get(3).id());
            StorageCheck.Result found = StorageCheck.check(from, p -> {});
            assertThat(StorageCheck.check(from, p -> {}))
                    .as("nothing was removed")
                    .isEqualTo(found);
            assertThat(StorageCheck.repair(from, p -> {})).isEqualTo(found);
            assertThat(found.entries()).isEqualTo(17 + 18);
            assertThat(found.damaged())
                    .hasSize(2)
                    .allMatch(damage -> damage.where().startsWith(source.toString()));
            assertThat(found.damaged()).extracting(StorageCheck.Damage::what).containsOnly("the body is damaged");
            assertThat(StorageCheck.check(from, p -> {}).damaged()).isEmpty();
        }
    }

    /** Turns a bit over in the last quarter of an entry's file. */
    private void damage(String id) throws IOException {
        try (Stream<Path> files = Files.walk(source.resolve("entries"))) {
            Path file = files.filter(path -> path.getFileName().toString().contains(id))
                    .findFirst()
                    .orElseThrow();
            try (RandomAccessFile content = new RandomAccessFile(file.toFile(), "rw")) {
                long place = content.length() - content.length() / 4;
                content.seek(place);
                int was = content.read();
                content.seek(place);
                content.write(was ^ 1);
            }
        }
    }

    @Test
    @DisplayName("a target that hands out other bytes than it was given is found out, and what it made is removed")
    void verifies() throws IOException {
        try (Storage from = open(source);
                InMemoryStorage memory = InMemoryStorage.create()) {
            put(from, "key", body(1000));
            Storage liar = (Storage) Proxy.newProxyInstance(
                    Storage.class.getClassLoader(), new Class<?>[] {Storage.class}, (proxy, method, arguments) -> {
                        Object answer = method.invoke(memory, arguments);
                        return answer instanceof BodyReader ? new OtherBytes(body(1000)) : answer;
                    });
            assertThatThrownBy(() -> StorageCopy.copy(from, liar, p -> {}))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("is not what was written");
            assertThat(memory.lookup("key")).isEmpty();
        }
    }

    @Test
    @DisplayName("a source that fails ends the copy, an entry that goes while it is read does not")
    void sourceFails() throws IOException {
        try (InMemoryStorage memory = InMemoryStorage.create();
                Storage to = open(directory.resolve("target"))) {
            put(memory, "key 1", body(1000));
            put(memory, "key 2", body(70_000));
            assertThatThrownBy(() -> StorageCopy.copy(failing(memory, () -> {}), to, p -> {}))
                    .isInstanceOf(IOException.class)
                    .hasMessage("timed out");
            to.clear();
            StorageCopy.Progress done = StorageCopy.copy(failing(memory, () -> memory.removeKey("key 2")), to, p -> {});
            assertThat(done).isEqualTo(new StorageCopy.Progress(1, 0, 1, 0, 1000));
        }
    }

    private interface Step {
        void run() throws IOException;
    }

    /** Its bodies of 70,000 bytes cannot be read. */
    private static Storage failing(Storage storage, Step before) {
        return (Storage) Proxy.newProxyInstance(
                Storage.class.getClassLoader(), new Class<?>[] {Storage.class}, (proxy, method, arguments) -> {
                    Object answer = method.invoke(storage, arguments);
                    return answer instanceof BodyReader reader && reader.length() == 70_000
                            ? new Failing(reader.length(), before)
                            : answer;
                });
    }

    private record Failing(long length, Step before) implements BodyReader {
        @Override
        public int read(long position, ByteBuffer target) throws IOException {
            before.run();
            throw new IOException("timed out");
        }

        @Override
        public void close() {}
    }

    /** A body in which the last bit is another one. */
    private record OtherBytes(byte[] body) implements BodyReader {
        OtherBytes {
            body[body.length - 1] ^= 1;
        }

        @Override
        public long length() {
            return body.length;
        }

        @Override
        public int read(long position, ByteBuffer target) {
            target.put(body, (int) position, body.length - (int) position);
            return body.length - (int) position;
        }

        @Override
        public void close() {}
    }
}
