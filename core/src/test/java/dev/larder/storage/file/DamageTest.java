package dev.larder.storage.file;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.http.HttpFields;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever becomes of the files: no wrong byte, no exception, and what is damaged goes. */
class DamageTest {
    private static final String KEY = "GET https://example.org/a?b=c";

    @TempDir
    Path directory;

    private final TestClock clock = new TestClock();
    private final Fixture.Events events = new Fixture.Events();
    private FileStorage storage;

    @BeforeEach
    void open() throws IOException {
        storage = Fixture.storage(directory, clock).build();
        storage.addListener(events);
    }

    @AfterEach
    void close() throws IOException {
        storage.close();
        assertThat(events.failed).isEmpty();
    }

    @Test
    @DisplayName("a flip of any bit of a small entry is a miss, or changes nothing that is served")
    void flips() throws IOException {
        byte[] body = Fixture.body(300, 1);
        StoredResponse head = Fixture.head(KEY, clock).build();
        Fixture.put(storage, head, body);
        Path file = Fixture.onlyFile(directory);
        byte[] good = Files.readAllBytes(file);
        int misses = 0;
        for (int bit = 0; bit < 8 * good.length; bit++) {
            byte[] bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            misses += expectMissOrSame(file, bad, head, body) ? 1 : 0;
        }
        // Only the use slot and the filling behind it may change without harm.
        assertThat(misses).isEqualTo(8 * (good.length - 24));
        assertThat(events.corrupt).hasSize(misses);
    }

    @Test
    @DisplayName("an entry cut off anywhere is a miss")
    void truncation() throws IOException {
        byte[] body = Fixture.body(300, 2);
        StoredResponse head = Fixture.head(KEY, clock).build();
        Fixture.put(storage, head, body);
        Path file = Fixture.onlyFile(directory);
        byte[] good = Files.readAllBytes(file);
        for (int length = 0; length < good.length; length++) {
            assertThat(expectMissOrSame(file, Arrays.copyOf(good, length), head, body))
                    .isTrue();
        }
        // Zeros behind it are what a torn append leaves.
        assertThat(expectMissOrSame(file, Arrays.copyOf(good, good.length + 100), head, body))
                .isFalse();
    }

    @Test
    @DisplayName("smears, zeros and shifted bytes in small and large entries never give a wrong byte")
    void smears() throws IOException {
        Random random = new Random(3);
        for (int length : new int[] {0, 1, 1000, EntryFormat.CHUNK, 3 * EntryFormat.CHUNK + 17}) {
            byte[] body = Fixture.body(length, length);
            StoredResponse head = Fixture.head(KEY, clock).build();
            Fixture.put(storage, head, body);
            Path file = Fixture.onlyFile(directory);
            byte[] good = Files.readAllBytes(file);
            for (int i = 0; i < 400; i++) {
                byte[] bad = good.clone();
                int size = 1 + random.nextInt(Math.min(64, good.length - 1));
                int at = random.nextInt(good.length - size);
                switch (i % 3) {
                    case 0 -> System.arraycopy(Fixture.body(size, i), 0, bad, at, size);
                    case 1 -> Arrays.fill(bad, at, at + size, (byte) 0);
                    default -> System.arraycopy(good, random.nextInt(good.length - size), bad, at, size);
                }
                expectMissOrSame(file, bad, head, body);
            }
            Files.deleteIfExists(file);
        }
    }

    @Test
    @DisplayName("chunks that changed places are damage")
    void swappedChunks() throws IOException {
        byte[] body = Fixture.body(2 * EntryFormat.CHUNK, 4);
        StoredResponse head = Fixture.head(KEY, clock).build();
        Fixture.put(storage, head, body);
        Path file = Fixture.onlyFile(directory);
        byte[] bad = Files.readAllBytes(file);
        int chunk = EntryFormat.CHUNK_HEADER + EntryFormat.CHUNK;
        int first = bad.length - 2 * chunk;
        byte[] moved = Arrays.copyOfRange(bad, first, first + chunk);
        System.arraycopy(bad, first + chunk, bad, first, chunk);
        System.arraycopy(moved, 0, bad, first + chunk, chunk);
        assertThat(expectMissOrSame(file, bad, head, body)).isTrue();
    }

    @Test
    @DisplayName("a sound entry in the place of another is damage")
    void swappedFiles() throws IOException {
        StoredResponse a = Fixture.head("a", clock).build();
        StoredResponse b = Fixture.head("b", clock).build();
        Fixture.put(storage, a, Fixture.body(100, 5));
        Path fileOfA = Fixture.onlyFile(directory);
        Fixture.put(storage, b, Fixture.body(100, 6));
        Path fileOfB = Fixture.files(directory).stream()
                .filter(file -> !file.equals(fileOfA))
                .findFirst()
                .orElseThrow();
        Files.copy(fileOfA, fileOfB, StandardCopyOption.REPLACE_EXISTING);
        assertThat(storage.lookup("b")).isEmpty();
        assertThat(storage.lookup("a")).hasSize(1);
        // The id is right, the key is not.
        Path underOtherKey = fileOfB.resolveSibling(EntryName.of("b").file(a.id()));
        Files.copy(fileOfA, underOtherKey);
        assertThat(storage.lookup("b")).isEmpty();
        assertThat(events.corrupt).hasSize(2);
        assertThat(Fixture.files(directory)).containsExactly(fileOfA);
    }

    @Test
    @DisplayName("a freshened head torn at any byte leaves the head before; one that is damaged condemns the entry")
    void tornAndDamagedAppends() throws IOException {
        byte[] body = Fixture.body(200, 7);
        StoredResponse head = Fixture.head(KEY, clock).build();
        StoredResponse fresh = head.toBuilder()
                .fields(HttpFields.of("Cache-Control", "no-cache", "ETag", "\"1\""))
                .build();
        Fixture.put(storage, head, body);
        Path file = Fixture.onlyFile(directory);
        int before = (int) Files.size(file);
        assertThat(storage.freshen(fresh)).isTrue();
        byte[] good = Files.readAllBytes(file);
        for (int length = before; length < good.length; length++) {
            assertThat(expectMissOrSame(file, Arrays.copyOf(good, length), head, body))
                    .isFalse();
            // Zeros where data was allocated and never written.
            assertThat(storage.freshen(fresh)).isTrue();
            assertThat(Files.readAllBytes(file)).isEqualTo(good);
            assertThat(expectMissOrSame(file, good, fresh, body)).isFalse();
        }
        for (int bit = 8 * before; bit < 8 * good.length; bit++) {
            byte[] bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            assertThat(expectMissOrSame(file, bad, fresh, body)).isTrue();
        }
    }

    @Test
    @DisplayName("empty, zero-filled and foreign files, directories and links in an entry's place are removed")
    void foreignThings() throws IOException {
        EntryName name = EntryName.of(KEY);
        Path shard = directory.resolve("entries").resolve(EntryName.shardName(name.shard()));
        Path target = Files.write(directory.resolve("precious"), new byte[1000]);
        Files.createDirectory(shard);
        Path place = shard.resolve(name.file("0123456789abcdef"));

        Files.createFile(place);
        assertThat(storage.lookup(KEY)).isEmpty();
        assertThat(place).doesNotExist();
        Files.write(place, new byte[5000]);
        assertThat(storage.lookup(KEY)).isEmpty();
        assertThat(place).doesNotExist();
        Files.createDirectory(place);
        assertThat(storage.lookup(KEY)).isEmpty();
        assertThat(place).doesNotExist();
        Files.createSymbolicLink(place, target);
        assertThat(storage.lookup(KEY)).isEmpty();
        assertThat(Files.isSymbolicLink(place)).isFalse();
        assertThat(events.corrupt).hasSize(4);

        // Not our names: not our business, whatever is called.
        Path foreign = Files.write(shard.resolve("README"), new byte[10]);
        Path other = Files.createDirectory(directory.resolve("entries").resolve("photos"));
        storage.sweep();
        storage.clear();
        assertThat(foreign).exists();
        assertThat(other).exists();
        assertThat(target).hasSize(1000);
    }

    @Test
    @DisplayName("entries of a later version are left alone and not served")
    void laterVersion() throws IOException {
        StoredResponse head = Fixture.head(KEY, clock).build();
        Fixture.put(storage, head, new byte[10]);
        Path file = Fixture.onlyFile(directory);
        byte[] bytes = Files.readAllBytes(file);
        byte[] later = new EntryFormat(head.id()).prefix(10, 0, 0, 0);
        later[7]++;
        CRC32C crc = new CRC32C();
        crc.update(head.id().getBytes(StandardCharsets.US_ASCII));
        crc.update(new byte[] {-1, -1, -1, -1, -1, -1, -1, -1});
        crc.update(later, 0, 20);
        ByteBuffer.wrap(later).putInt(20, (int) crc.getValue());
        System.arraycopy(later, 0, bytes, 0, later.length);
        Files.write(file, bytes);
        assertThat(storage.lookup(KEY)).isEmpty();
        assertThat(storage.entries().hasNext()).isFalse();
        assertThat(events.corrupt).isEmpty();
        assertThat(file).exists();
        assertThat(storage.removeKey(KEY)).isZero();
        assertThat(file).doesNotExist();
    }

    /** Whether it was a miss; otherwise everything is as it was stored. */
    private boolean expectMissOrSame(Path file, byte[] content, StoredResponse head, byte[] body) throws IOException {
        Files.write(file, content);
        List<StoredEntry> found = storage.lookup(KEY);
        byte[] read = null;
        if (!found.isEmpty()) {
            assertThat(found.get(0).stored()).isEqualTo(head);
            try {
                read = Fixture.body(storage, found.get(0));
            } catch (IOException e) {
                assertThat(Objects.requireNonNull(e.getMessage())).contains("damaged");
            }
        }
        if (read == null) {
            assertThat(file).doesNotExist();
            return true;
        }
        assertThat(read).isEqualTo(body);
        return false;
    }
}
