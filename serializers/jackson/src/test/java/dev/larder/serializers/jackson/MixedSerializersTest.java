package dev.larder.serializers.jackson;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.BinarySerializer;
import dev.larder.storage.EntryIds;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.Serializer;
import dev.larder.storage.Storage;
import dev.larder.storage.StorageCheck;
import dev.larder.storage.StorageCopy;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StoredEntry;
import dev.larder.storage.file.FileStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Directories in which several serializers have written. */
class MixedSerializersTest {
    @TempDir
    Path directory;

    private final List<String> problems = new ArrayList<>();

    private FileStorage open(Path path, Serializer serializer) throws IOException {
        FileStorage storage =
                FileStorage.builder().directory(path).serializer(serializer).build();
        storage.addListener(new StorageListener() {
            @Override
            public void corrupt(String where, String what) {
                problems.add(what);
            }
        });
        return storage;
    }

    private static StoredResponse put(Storage storage, String key) throws IOException {
        StoredResponse head = Heads.full().toBuilder()
                .id(EntryIds.next())
                .key(key)
                .ttl(StoredResponse.NO_TTL, false)
                .build();
        try (EntryWriter writer = storage.create(head)) {
            writer.write(ByteBuffer.wrap(key.getBytes(StandardCharsets.UTF_8)));
            assertThat(writer.commit(List.of())).isTrue();
        }
        return head;
    }

    private static List<StoredResponse> all(Storage storage) throws IOException {
        List<StoredResponse> all = new ArrayList<>();
        for (Iterator<StoredEntry> entries = storage.entries(); entries.hasNext(); ) {
            all.add(entries.next().stored());
        }
        return all;
    }

    @ParameterizedTest
    @MethodSource("dev.larder.serializers.jackson.Heads#serializers")
    @DisplayName("what another serializer wrote is a miss, is left alone, and is there again for who can read it")
    void toldApart(Serializer serializer) throws IOException {
        StoredResponse binary;
        try (Storage storage = open(directory, BinarySerializer.INSTANCE)) {
            binary = put(storage, "binary");
        }
        StoredResponse own;
        try (Storage storage = open(directory, serializer)) {
            own = put(storage, "own");
            // Binary heads can always be read.
            assertThat(all(storage)).containsExactlyInAnyOrder(own, binary);
        }
        for (Serializer other : Heads.serializers().toList()) {
            try (Storage storage = open(directory, other)) {
                boolean readable = other == serializer || serializer == BinarySerializer.INSTANCE;
                assertThat(storage.lookup("own")).hasSize(readable ? 1 : 0);
                assertThat(storage.lookup("binary")).hasSize(1);
                assertThat(readable || !storage.freshen(own))
                        .as("freshened unread")
                        .isTrue();
                assertThat(StorageCheck.check(storage, p -> {}).entries()).isEqualTo(readable ? 2 : 1);
            }
        }
        try (Storage storage = open(directory, serializer)) {
            assertThat(all(storage)).containsExactlyInAnyOrder(own, binary);
        }
        // What invalidates a key, or clears, need not read heads.
        try (Storage storage = open(directory, JsonSerializer.INSTANCE)) {
            assertThat(problems).isEmpty();
            storage.removeKey("own");
        }
        try (Storage storage = open(directory, serializer)) {
            assertThat(all(storage)).containsExactly(binary);
        }
    }

    @ParameterizedTest
    @MethodSource("dev.larder.serializers.jackson.Heads#serializers")
    @DisplayName("storages of different serializers can be copied into one another")
    void copied(Serializer serializer) throws IOException {
        Path first = directory.resolve("first");
        List<StoredResponse> heads = new ArrayList<>();
        try (Storage from = open(first, serializer)) {
            for (int i = 0; i < 5; i++) {
                heads.add(put(from, "key " + i));
            }
            for (Serializer other : Heads.serializers().toList()) {
                try (Storage to = open(directory.resolve(other.format()), other)) {
                    assertThat(StorageCopy.copy(from, to, p -> {}).copied()).isEqualTo(5);
                    assertThat(all(to)).containsExactlyInAnyOrderElementsOf(heads);
                }
            }
        }
        assertThat(problems).isEmpty();
    }

    @Test
    @DisplayName("a person finds the head in the entry's file")
    void readable() throws IOException {
        try (Storage storage = open(directory, JsonSerializer.INSTANCE)) {
            put(storage, "https://example.org/?q=1");
        }
        try (Stream<Path> files = Files.walk(directory.resolve("entries"))) {
            Path file = files.filter(Files::isRegularFile).findFirst().orElseThrow();
            assertThat(Files.readString(file, StandardCharsets.ISO_8859_1))
                    .contains("{\"version\":1,")
                    .contains("\"key\":\"https://example.org/?q=1\"")
                    .contains("\"createdAt\":\"2026-11-22T10:15:30.456Z\"}");
        }
    }
}
