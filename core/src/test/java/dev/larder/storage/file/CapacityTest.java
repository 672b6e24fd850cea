package dev.larder.storage.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.http.HttpFields;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.EntryTooLargeException;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Limits, what is evicted, and whether the accounts are right. */
class CapacityTest {
    @TempDir
    Path directory;

    private final TestClock clock = new TestClock();
    private final Fixture.Events events = new Fixture.Events();

    private FileStorage open(FileStorage.Builder builder) throws IOException {
        FileStorage storage = builder.build();
        storage.addListener(events);
        return storage;
    }

    @AfterEach
    void nothingFailed() {
        assertThat(events.failed).isEmpty();
        assertThat(events.corrupt).isEmpty();
    }

    @Test
    @DisplayName("the least recently used entries go first, whether their last use is in the file or in memory")
    void leastRecentlyUsed() throws IOException {
        try (FileStorage storage =
                open(Fixture.storage(directory, clock).maxBytes(100_000).maxEntryBytes(20_000))) {
            for (int i = 0; i < 9; i++) {
                Fixture.put(storage, Fixture.head("k" + i, clock).build(), new byte[10_000]);
            }
            storage.used(Objects.requireNonNull(Fixture.find(storage, "k0")));
            clock.advance(Duration.ofSeconds(1));
            storage.used(Objects.requireNonNull(Fixture.find(storage, "k1")));
            Fixture.put(storage, Fixture.head("k9", clock).build(), new byte[10_000]);
            assertThat(events.evicted).isNotEmpty().startsWith("k2").doesNotContain("k0", "k1", "k9");
            assertThat(storage.lookup("k0")).hasSize(1);
            assertThat(storage.lookup("k1")).hasSize(1);
            assertThat(storage.lookup("k2")).isEmpty();
            assertThat(storage.lookup("k9")).hasSize(1);
            assertThat(storage.statistics().evictions()).isEqualTo(events.evicted.size());
        }
    }

    @Test
    @DisplayName(
            "a capacity in entries is never exceeded, and found to be when the storage is opened with a smaller one")
    void maxEntries() throws IOException {
        try (FileStorage storage = open(Fixture.storage(directory, clock).maxEntries(30))) {
            for (int i = 0; i < 100; i++) {
                clock.advance(Duration.ofMillis(1));
                Fixture.put(storage, Fixture.head("k" + i, clock).build(), new byte[10]);
                assertThat(Fixture.files(directory)).hasSizeBetween(Math.min(i + 1, 27), 30);
                assertThat(storage.lookup("k" + i)).hasSize(1);
            }
            assertThat(storage.statistics().maxEntries()).isEqualTo(30);
            assertThat(storage.statistics().entries())
                    .isEqualTo(Fixture.files(directory).size());
            assertThat(events.evicted.subList(0, 6)).containsExactly("k0", "k1", "k2", "k3", "k4", "k5");
            // Two objects on one directory count together.
            try (FileStorage smaller = open(Fixture.storage(directory, clock).maxEntries(5))) {
                smaller.sweep();
                assertThat(Fixture.files(directory)).hasSize(5);
                assertThat(storage.statistics().entries()).isEqualTo(5);
            }
        }
        assertThatThrownBy(() -> FileStorage.builder().maxEntries(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("maxEntries must be at least 1, not 0");
    }

    @Test
    @DisplayName("what is too large is not stored, costs no other entry, and leaves nothing")
    void tooLarge() throws IOException {
        try (FileStorage storage =
                open(Fixture.storage(directory, clock).maxBytes(300_000).maxEntryBytes(100_000))) {
            assertThat(storage.maxBodyBytes()).isEqualTo(100_000);
            assertThat(Fixture.put(storage, Fixture.head("fits", clock).build(), new byte[100_000]))
                    .isTrue();
            try (EntryWriter writer =
                    storage.create(Fixture.head("large", clock).build())) {
                for (int i = 0; i < 100; i++) {
                    writer.write(ByteBuffer.allocate(1000));
                }
                assertThatThrownBy(() -> writer.write(ByteBuffer.allocate(1000)))
                        .isInstanceOf(EntryTooLargeException.class);
                assertThat(writer.commit(List.of())).isFalse();
            }
            assertThat(Fixture.temporary(directory)).isEmpty();
            StoredResponse wide = Fixture.head("head", clock)
                    .fields(HttpFields.of("X", "y".repeat(2_000_000)))
                    .build();
            assertThat(Fixture.put(storage, wide, new byte[1])).isFalse();
            assertThat(Fixture.put(storage, wide, new byte[90_000])).isFalse();
            assertThat(storage.lookup("fits")).hasSize(1);
            assertThat(events.evicted).isEmpty();
            assertThat(storage.statistics().bytes()).isEqualTo(Fixture.bytes(directory));

            // A head that outgrows the limit by validation: the old one must not be served any more.
            StoredResponse head = storage.lookup("fits").get(0).stored();
            assertThat(storage.freshen(head.toBuilder().fields(wide.fields()).build()))
                    .isFalse();
            assertThat(storage.lookup("fits")).isEmpty();
        }
        assertThat(Fixture.temporary(directory)).isEmpty();
    }

    @Test
    @DisplayName("a key keeps no more than its variants, the most recently used")
    void variants() throws IOException {
        try (FileStorage storage = open(Fixture.storage(directory, clock).maxVariants(5))) {
            List<String> ids = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                clock.advance(Duration.ofSeconds(1));
                StoredResponse head = Fixture.head("a", clock).build();
                ids.add(head.id());
                Fixture.put(storage, head, new byte[10]);
                for (StoredEntry entry : storage.lookup("a")) {
                    if (entry.stored().id().equals(ids.get(0))) {
                        storage.used(entry);
                    }
                }
            }
            assertThat(storage.lookup("a"))
                    .extracting(entry -> entry.stored().id())
                    .containsExactlyInAnyOrder(ids.get(0), ids.get(8), ids.get(9), ids.get(10), ids.get(11));
            assertThat(events.evicted).hasSize(7).containsOnly("a");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    @DisplayName("over ten thousand random operations, through one object or two, nothing is wrong and the limit holds")
    void accounting(int objects) throws IOException {
        Random random = new Random(objects);
        long limit = 300_000;
        List<FileStorage> storages = new ArrayList<>();
        Map<String, StoredResponse> heads = new HashMap<>();
        Map<String, Long> seeds = new HashMap<>();
        int hits = 0;
        try {
            for (int i = 0; i < objects; i++) {
                storages.add(
                        open(Fixture.storage(directory, clock).maxBytes(limit).maxEntryBytes(100_000)));
            }
            for (int i = 0; i < 10_000; i++) {
                FileStorage storage = storages.get(random.nextInt(objects));
                String key = "k" + random.nextInt(60);
                clock.advance(Duration.ofMillis(random.nextInt(50)));
                StoredEntry entry = Fixture.find(storage, key);
                if (entry != null) {
                    assertThat(entry.stored()).isEqualTo(heads.get(key));
                }
                switch (random.nextInt(8)) {
                    case 0, 1, 2 -> {
                        int length = random.nextInt(20) == 0 ? random.nextInt(90_000) : random.nextInt(5_000);
                        StoredResponse head = Fixture.head(key, clock).build();
                        StoredResponse[] replaced =
                                entry == null ? new StoredResponse[0] : new StoredResponse[] {entry.stored()};
                        assertThat(Fixture.put(storage, head, Fixture.body(length, i), replaced))
                                .isTrue();
                        heads.put(key, head);
                        seeds.put(head.id(), (long) i);
                    }
                    case 3 -> {
                        StoredResponse head = heads.get(key);
                        if (head != null) {
                            StoredResponse fresh = head.toBuilder()
                                    .fields(HttpFields.of("X", "y".repeat(random.nextInt(500))))
                                    .build();
                            assertThat(storage.freshen(fresh)).isEqualTo(entry != null);
                            heads.put(key, fresh);
                        }
                    }
                    case 4 -> assertThat(storage.removeKey(key)).isEqualTo(entry == null ? 0 : 1);
                    case 5 -> {
                        if (random.nextInt(50) == 0) {
                            storage.sweep();
                        }
                    }
                    default -> {
                        if (entry != null) {
                            hits++;
                            storage.used(entry);
                            assertThat(Fixture.body(storage, entry))
                                    .isEqualTo(Fixture.body(
                                            (int) entry.bodyLength(),
                                            Objects.requireNonNull(
                                                    seeds.get(entry.stored().id()))));
                        }
                    }
                }
                if (i % 50 == 0) {
                    long bytes = Fixture.bytes(directory);
                    assertThat(bytes).isLessThanOrEqualTo(limit);
                    assertThat(storage.statistics().bytes()).isEqualTo(bytes);
                    assertThat(storage.statistics().entries())
                            .isEqualTo(Fixture.files(directory).size());
                }
            }
        } finally {
            for (FileStorage storage : storages) {
                storage.close();
            }
        }
        assertThat(hits).isGreaterThan(500);
        assertThat(events.evicted).isNotEmpty();
        assertThat(Fixture.temporary(directory)).isEmpty();
    }

    @Test
    @DisplayName("what is in the directory already is counted before anything is stored")
    void countedAtFirst() throws IOException {
        try (FileStorage storage = open(Fixture.storage(directory, clock))) {
            for (int i = 0; i < 20; i++) {
                Fixture.put(storage, Fixture.head("k" + i, clock).build(), new byte[10_000]);
            }
        }
        try (FileStorage storage = open(Fixture.storage(directory, clock).maxBytes(150_000))) {
            Fixture.put(storage, Fixture.head("new", clock).build(), new byte[10_000]);
            assertThat(Fixture.bytes(directory)).isLessThanOrEqualTo(150_000);
            assertThat(storage.statistics().bytes()).isEqualTo(Fixture.bytes(directory));
            assertThat(storage.lookup("new")).hasSize(1);
        }
    }

    @Test
    @DisplayName("when nothing can be deleted, new entries are refused without a search each time")
    void failingDeletes() throws IOException {
        try (FileStorage storage = Fixture.storage(directory, clock)
                .maxBytes(50_000)
                .maxEntryBytes(20_000)
                .build()) {
            // A directory with something in it cannot be deleted, and its size counts.
            EntryName name = EntryName.of("a");
            Path shard = directory.resolve("entries").resolve(EntryName.shardName(name.shard()));
            for (int i = 0; i < 13; i++) {
                Path stubborn = shard.resolve(name.file("abc" + i));
                Files.createDirectories(stubborn);
                Files.createFile(stubborn.resolve("content"));
            }
            long taken = 13 * Files.size(shard.resolve(name.file("abc0")));
            int stored = 0;
            for (int i = 0; i < 100; i++) {
                stored += Fixture.put(storage, Fixture.head("k" + i, clock).build(), new byte[1_000]) ? 1 : 0;
            }
            if (taken > 50_000) {
                assertThat(stored).isZero();
            }
            assertThat(Fixture.temporary(directory)).isEmpty();
        }
    }
}
