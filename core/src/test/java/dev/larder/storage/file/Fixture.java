package dev.larder.storage.file;

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
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What the tests of the file storage have in common. */
final class Fixture {
    private Fixture() {}

    static FileStorage.Builder storage(Path directory, InstantSource clock) {
        // Sweeps run within the call that is due for one.
        return FileStorage.builder().directory(directory).clock(clock).executor(Runnable::run);
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

    static byte[] body(int length, long seed) {
        byte[] body = new byte[length];
        new Random(seed).nextBytes(body);
        return body;
    }

    static boolean put(FileStorage storage, StoredResponse head, byte[] body, StoredResponse... replaced)
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

    /** The only entry of a key, or null. */
    static @Nullable StoredEntry find(FileStorage storage, String key) throws IOException {
        List<StoredEntry> found = storage.lookup(key);
        assertThat(found).hasSizeLessThanOrEqualTo(1);
        return found.isEmpty() ? null : found.get(0);
    }

    /** The body of an entry; null when the entry is gone. */
    static byte @Nullable [] body(FileStorage storage, StoredEntry entry) throws IOException {
        ByteBuffer inline = entry.inlineBody();
        ByteBuffer all = ByteBuffer.allocate((int) entry.bodyLength());
        if (inline != null) {
            return all.put(inline).array();
        }
        try (BodyReader reader = storage.open(entry)) {
            if (reader == null) {
                return null;
            }
            long at = 0;
            while (true) {
                ByteBuffer some = ByteBuffer.allocate(10_000);
                int count = reader.read(at, some);
                if (count < 0) {
                    break;
                }
                all.put(some.flip());
                at += count;
            }
            assertThat(at).isEqualTo(entry.bodyLength());
            return all.array();
        }
    }

    /** The files of all entries. */
    static List<Path> files(Path directory) {
        try (Stream<Path> all = Files.walk(directory.resolve("entries"))) {
            return all.filter(Files::isRegularFile).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Path onlyFile(Path directory) {
        List<Path> files = files(directory);
        assertThat(files).hasSize(1);
        return files.get(0);
    }

    static long bytes(Path directory) throws IOException {
        long sum = 0;
        for (Path file : files(directory)) {
            sum += Files.size(file);
        }
        return sum;
    }

    static List<Path> temporary(Path directory) throws IOException {
        try (Stream<Path> all = Files.list(directory.resolve("tmp"))) {
            return all.toList();
        }
    }

    /** Remembers what the storage reports. */
    static final class Events implements StorageListener {
        final List<String> corrupt = new ArrayList<>();
        final List<String> evicted = new ArrayList<>();
        final List<String> failed = new ArrayList<>();

        @Override
        public void corrupt(String where, String what) {
            corrupt.add(what);
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
