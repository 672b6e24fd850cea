package dev.larder.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.http.HttpFields;
import dev.larder.http.TargetUri;
import dev.larder.rules.SelectingField;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.StorageCheck;
import dev.larder.storage.StoredEntry;
import dev.larder.storage.file.FileStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A directory that an earlier build wrote is still read. */
class GoldenFileStorageTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/file-1");
    private static final int LARGE = 70_000;

    @TempDir
    Path directory;

    private static StoredResponse head(String id, String key) {
        return StoredResponse.builder()
                .id(id)
                .key(key)
                .method("GET")
                .uri(TargetUri.parse("https://example.org/"))
                .status(200)
                .fields(HttpFields.of("Cache-Control", "max-age=60", "X-Name", "J\u00fcrgen \u4e2d"))
                .selecting(List.of(new SelectingField("accept", "=*/*"), new SelectingField("origin", null)))
                .times(1_795_342_530_123L, 1_795_342_530_456L)
                .createdAt(1_795_342_530_456L)
                .authorized(true)
                .tags(Set.of("a", "b"))
                .build();
    }

    private static final StoredResponse SMALL = head("0a1b2c3d4e5f60718293a4b5c6d7e8f9", "small");
    private static final StoredResponse FRESHENED = head("1a1b2c3d4e5f60718293a4b5c6d7e8f9", "freshened");

    private static StoredResponse freshened() {
        return FRESHENED.toBuilder()
                .fields(HttpFields.of("Cache-Control", "no-cache"))
                .build();
    }

    private static void put(FileStorage storage, StoredResponse head, int length) throws IOException {
        try (EntryWriter writer = storage.create(head)) {
            // Of bytes that shrink well in a repository.
            writer.write(ByteBuffer.wrap(new byte[length]));
            assertThat(writer.commit(List.of())).isTrue();
        }
    }

    @Test
    @DisplayName("heads, bodies and freshened heads of version 1 of the format")
    void read() throws IOException {
        if (System.getProperty("larder.golden.write") != null) {
            try (FileStorage storage = FileStorage.at(GOLDEN)) {
                put(storage, SMALL, 5);
                put(storage, FRESHENED, LARGE);
                assertThat(storage.freshen(freshened())).isTrue();
            }
        }
        try (Stream<Path> files = Files.walk(GOLDEN)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copy = directory
                        .resolve("cache")
                        .resolve(GOLDEN.relativize(file).toString());
                Files.createDirectories(copy.getParent());
                Files.copy(file, copy);
            }
        }
        try (FileStorage storage = FileStorage.at(directory.resolve("cache"))) {
            assertThat(storage.lookup("small")).hasSize(1);
            assertThat(storage.lookup("freshened")).hasSize(1);
            holds(storage, SMALL, 5);
            holds(storage, freshened(), LARGE);
            assertThat(StorageCheck.check(storage, progress -> {}))
                    .isEqualTo(new StorageCheck.Result(2, LARGE + 5, List.of()));
        }
    }

    private static void holds(FileStorage storage, StoredResponse head, int length) throws IOException {
        StoredEntry entry = storage.lookup(head.key()).get(0);
        assertThat(entry.stored()).isEqualTo(head);
        try (BodyReader body = storage.open(entry)) {
            assertThat(body).isNotNull();
            ByteBuffer bytes = ByteBuffer.allocate(length + 1);
            while (bytes.position() < length) {
                assertThat(body.read(bytes.position(), bytes)).isPositive();
            }
            assertThat(body.length()).isEqualTo(length);
            assertThat(bytes.array()).isEqualTo(new byte[length + 1]);
        }
    }
}
