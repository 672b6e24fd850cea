package dev.larder.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.http.HttpFields;
import dev.larder.http.TargetUri;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.EntryIds;
import dev.larder.storage.EntryTooLargeException;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.Storage;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StorageStatistics;
import dev.larder.storage.StoredEntry;
import dev.larder.storage.memory.InMemoryStorage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Memory keeps the contract, and what only it promises. */
class InMemoryStorageTest {
    @Nested
    class Contract extends StorageContract {
        @Override
        protected Storage open(StorageSetup setup) {
            InMemoryStorage.Builder builder = InMemoryStorage.builder().clock(setup.clock());
            setup.ttl().ifPresent(builder::ttl);
            setup.slidingTtl().ifPresent(builder::slidingTtl);
            setup.maxEntries().ifPresent(builder::maxEntries);
            setup.maxBytes().ifPresent(builder::maxBytes);
            setup.maxEntryBytes().ifPresent(builder::maxEntryBytes);
            setup.maxVariants().ifPresent(builder::maxVariants);
            return builder.build();
        }

        @Override
        protected Storage openBeside(StorageSetup setup) {
            return open(setup);
        }
    }

    private final ManualClock clock = new ManualClock();

    @Test
    @DisplayName("the default keeps 128 entries")
    void defaultCapacity() throws IOException {
        try (InMemoryStorage storage = InMemoryStorage.create()) {
            for (int i = 0; i < 130; i++) {
                put(storage, "key " + i, 10);
            }
            StorageStatistics statistics = storage.statistics();
            assertThat(statistics.entries()).isEqualTo(128);
            assertThat(statistics.maxEntries()).isEqualTo(128);
            assertThat(statistics.maxBytes()).isEqualTo(-1);
            assertThat(statistics.evictions()).isEqualTo(2);
            assertThat(storage.lookup("key 1")).isEmpty();
            assertThat(storage.lookup("key 2")).hasSize(1);
        }
    }

    @Test
    @DisplayName("bad settings are refused with the reason")
    void badSettings() {
        InMemoryStorage.Builder builder = InMemoryStorage.builder();
        assertThatThrownBy(() -> builder.maxEntries(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("maxEntries must be at least 1, not 0");
        assertThatThrownBy(() -> builder.maxBytes(-1)).hasMessage("maxBytes must be at least 1, not -1");
        assertThatThrownBy(() -> builder.maxEntryBytes(0)).hasMessage("maxEntryBytes must be at least 1, not 0");
        assertThatThrownBy(() -> builder.maxVariants(0)).hasMessage("maxVariants must be at least 1, not 0");
        assertThatThrownBy(() -> builder.ttl(Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("ttl must be at least a millisecond, not PT0S");
        assertThatThrownBy(() -> builder.slidingTtl(Duration.ofSeconds(-1)))
                .hasMessage("slidingTtl must be at least a millisecond, not PT-1S");
    }

    @Test
    @DisplayName("a time to live longer than any number of milliseconds means for ever")
    void endlessTtl() throws IOException {
        try (InMemoryStorage storage = InMemoryStorage.builder()
                .clock(clock)
                .slidingTtl(Duration.ofSeconds(Long.MAX_VALUE))
                .build()) {
            put(storage, "key", 10);
            clock.advance(Duration.ofDays(1_000_000));
            assertThat(storage.lookup("key")).hasSize(1);
        }
    }

    @Test
    @DisplayName("the same object is answered until the entry is freshened, and keeps its attachment")
    void sameObject() throws IOException {
        try (InMemoryStorage storage = InMemoryStorage.create()) {
            StoredResponse head = put(storage, "key", 10);
            StoredEntry entry = storage.lookup("key").get(0);
            entry.attach("attachment");
            put(storage, "key", 20);
            storage.used(entry);
            assertThat(storage.lookup("key")).contains(entry);
            assertThat(storage.entries().next()).isSameAs(entry);
            assertThat(entry.attachment()).isEqualTo("attachment");
            assertThat(storage.freshen(head)).isTrue();
            for (StoredEntry found : storage.lookup("key")) {
                assertThat(found).isNotSameAs(entry);
                assertThat(found.attachment()).isNull();
            }
        }
    }

    @Test
    @DisplayName("a body is inline up to a mebibyte")
    void inline() throws IOException {
        try (InMemoryStorage storage = InMemoryStorage.create()) {
            put(storage, "short", 1 << 20);
            put(storage, "long", (1 << 20) + 1);
            assertThat(storage.lookup("short").get(0).inlineBody()).isNotNull();
            assertThat(storage.lookup("long").get(0).inlineBody()).isNull();
        }
    }

    @Test
    @DisplayName("of too many variants the least recently used goes, and nothing of another key")
    void variants() throws IOException {
        List<String> evicted = new ArrayList<>();
        try (InMemoryStorage storage = InMemoryStorage.builder().maxVariants(3).build()) {
            storage.addListener(new StorageListener() {
                @Override
                public void evicted(String key) {
                    evicted.add(key);
                }
            });
            put(storage, "other", 10);
            StoredResponse first = put(storage, "key", 1);
            put(storage, "key", 2);
            put(storage, "key", 3);
            for (StoredEntry entry : storage.lookup("key")) {
                if (entry.stored().id().equals(first.id())) {
                    storage.used(entry);
                }
            }
            put(storage, "key", 4);
            assertThat(storage.lookup("key"))
                    .extracting(StoredEntry::bodyLength)
                    .containsExactlyInAnyOrder(1L, 3L, 4L);
            assertThat(evicted).containsExactly("key");
            assertThat(storage.statistics().evictions()).isEqualTo(1);
            assertThat(storage.lookup("other")).hasSize(1);
        }
    }

    @Test
    @DisplayName("heads count towards the capacity in bytes, also when they grow")
    void headsCount() throws IOException {
        try (InMemoryStorage storage =
                InMemoryStorage.builder().maxBytes(10_000).build()) {
            StoredResponse first = put(storage, "first", 2_000);
            StoredResponse second = put(storage, "second", 2_000);
            assertThat(storage.statistics().bytes()).isBetween(5_000L, 5_500L);
            StoredResponse grown = second.toBuilder()
                    .fields(HttpFields.of("Long", "x".repeat(6_000)))
                    .build();
            assertThat(storage.freshen(grown)).isTrue();
            assertThat(storage.lookup("first")).isEmpty();
            StoredResponse tooLong = second.toBuilder()
                    .fields(HttpFields.of("Long", "x".repeat(9_000)))
                    .build();
            assertThat(storage.freshen(tooLong)).isFalse();
            assertThat(storage.lookup("second")).isEmpty();
            assertThat(storage.statistics().bytes()).isZero();
            assertThat(storage.freshen(first)).isFalse();
        }
    }

    @Test
    @DisplayName("what will not fit is not collected in memory")
    void tooLong() throws IOException {
        try (InMemoryStorage storage =
                        InMemoryStorage.builder().maxEntryBytes(1_000_000).build();
                EntryWriter writer = storage.create(head("key"))) {
            ByteBuffer piece = ByteBuffer.allocate(1 << 20);
            // Each is refused, the first one too: there is nothing to read back.
            for (int i = 0; i < 1000; i++) {
                assertThatThrownBy(() -> writer.write(piece.clear())).isInstanceOf(EntryTooLargeException.class);
            }
            assertThatThrownBy(() -> writer.readBack(0, piece)).isInstanceOf(IllegalArgumentException.class);
            assertThat(writer.commit(List.of())).isFalse();
        }
    }

    @Test
    @DisplayName("expired entries are released when others are committed")
    void sweep() throws IOException {
        try (InMemoryStorage storage = InMemoryStorage.builder()
                .clock(clock)
                .maxEntries(3)
                .ttl(Duration.ofSeconds(10))
                .build()) {
            put(storage, "a", 10);
            put(storage, "b", 10);
            clock.advance(Duration.ofSeconds(9));
            put(storage, "c", 10);
            clock.advance(Duration.ofSeconds(2));
            put(storage, "d", 10);
            put(storage, "e", 10);
            assertThat(storage.statistics().entries()).isEqualTo(3);
            assertThat(storage.statistics().evictions()).isZero();
        }
    }

    @Test
    @DisplayName("a condition may call the storage")
    void conditionCallsStorage() throws IOException {
        try (InMemoryStorage storage = InMemoryStorage.create()) {
            put(storage, "a", 10);
            put(storage, "b", 10);
            int removed = storage.removeIf(head -> {
                try {
                    storage.removeKey("a");
                    put(storage, "c", 10);
                    return head.key().equals("b");
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
            assertThat(removed).isEqualTo(1);
            assertThat(storage.lookup("a")).isEmpty();
            assertThat(storage.lookup("b")).isEmpty();
            assertThat(storage.lookup("c")).isNotEmpty();
        }
    }

    @Test
    @DisplayName("an entry of another storage is refused")
    void foreignEntry() throws IOException {
        try (InMemoryStorage storage = InMemoryStorage.create();
                InMemoryStorage other = InMemoryStorage.create()) {
            put(other, "key", 10);
            StoredEntry foreign = other.lookup("key").get(0);
            assertThatThrownBy(() -> storage.used(foreign)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> storage.open(foreign)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    private static StoredResponse head(String key) {
        return StoredResponse.builder()
                .id(EntryIds.next())
                .key(key)
                .method("GET")
                .uri(TargetUri.parse("https://example.org/"))
                .status(200)
                .createdAt(ManualClock.DEFAULT_START.toEpochMilli())
                .build();
    }

    private StoredResponse put(Storage storage, String key, int length) throws IOException {
        StoredResponse head = head(key).toBuilder().createdAt(clock.millis()).build();
        try (EntryWriter writer = storage.create(head)) {
            writer.write(ByteBuffer.allocate(length));
            assertThat(writer.commit(List.of())).isTrue();
        }
        return head;
    }
}
