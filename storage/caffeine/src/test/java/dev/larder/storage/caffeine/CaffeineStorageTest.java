package dev.larder.storage.caffeine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.http.TargetUri;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryIds;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.Storage;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StorageStatistics;
import dev.larder.storage.StoredEntry;
import dev.larder.testkit.ManualClock;
import dev.larder.testkit.StorageContract;
import dev.larder.testkit.StorageSetup;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Caffeine's storage keeps the contract, and what only it promises. */
class CaffeineStorageTest {
    private abstract static class AnyContract extends StorageContract {
        abstract void configure(CaffeineStorage.Builder builder);

        @Override
        protected Storage open(StorageSetup setup) {
            CaffeineStorage.Builder builder = CaffeineStorage.builder().clock(setup.clock());
            configure(builder);
            setup.ttl().ifPresent(builder::ttl);
            setup.slidingTtl().ifPresent(builder::slidingTtl);
            setup.maxEntries().ifPresent(builder::maxEntries);
            setup.maxBytes().ifPresent(builder::maxBytes);
            setup.maxEntryBytes().ifPresent(builder::maxEntryBytes);
            setup.maxVariants().ifPresent(builder::maxVariants);
            return builder.build();
        }

        @Override
        protected boolean evictsExactly() {
            return false; // W-TinyLFU prefers what is used often, and the newest entry comes on top
        }
    }

    @Nested
    class Contract extends AnyContract {
        @Override
        void configure(CaffeineStorage.Builder builder) {}
    }

    @Nested
    class ContractWithAnExecutor extends AnyContract {
        private final ExecutorService thread = Executors.newSingleThreadExecutor();

        @Override
        void configure(CaffeineStorage.Builder builder) {
            builder.executor(thread);
        }

        @Override
        protected int operationsPerThread() {
            return 300;
        }

        @Override
        protected void settle(Storage storage) throws IOException {
            // Asking for the statistics has evicted what is due; the listener hears of it on this thread.
            storage.statistics();
            CompletableFuture.runAsync(() -> {}, thread).join();
        }

        @Override
        protected void closed() {
            thread.shutdown();
        }
    }

    private final ManualClock clock = new ManualClock();

    private CaffeineStorage.Builder builder() {
        return CaffeineStorage.builder().clock(clock);
    }

    @Test
    @DisplayName("what is used often survives a scan of ten times the capacity, and the scan passes through")
    void scanResistance() throws IOException {
        try (CaffeineStorage storage = builder().maxEntries(100).build()) {
            for (int i = 0; i < 100; i++) {
                put(storage, "popular " + i, 10);
            }
            for (int round = 0; round < 3; round++) {
                for (int i = 0; i < 100; i++) {
                    for (StoredEntry entry : storage.lookup("popular " + i)) {
                        storage.used(entry);
                    }
                }
            }
            for (int i = 0; i < 1000; i++) {
                put(storage, "scan " + i, 10);
                assertThat(storage.lookup("scan " + i))
                        .as("what was just stored")
                        .hasSize(1);
            }
            int popular = 0;
            for (int i = 0; i < 100; i++) {
                popular += storage.lookup("popular " + i).size();
            }
            assertThat(popular).as("an LRU would keep none").isGreaterThanOrEqualTo(70);
            assertThat(storage.statistics().entries()).isLessThanOrEqualTo(101);
        }
    }

    @Test
    @DisplayName("what was refused for want of popularity gets in when it comes again, with a new id")
    void popularityOutlivesEntries() throws IOException {
        try (CaffeineStorage storage = builder().maxEntries(20).build()) {
            for (int i = 0; i < 40; i++) {
                put(storage, "once " + i, 10);
            }
            for (int i = 0; i < 4; i++) {
                storage.removeKey("wanted");
                put(storage, "wanted", 10);
                put(storage, "once again " + i, 10);
            }
            for (int i = 0; i < 10; i++) {
                put(storage, "more " + i, 10);
            }
            assertThat(storage.lookup("wanted")).hasSize(1);
        }
    }

    @Test
    @DisplayName("bytes and entries keep to their capacities, beside what was stored last")
    void capacities() throws IOException {
        try (CaffeineStorage storage =
                builder().maxEntries(10).maxBytes(100_000).build()) {
            for (int i = 0; i < 100; i++) {
                put(storage, "small " + i, 10);
                assertThat(storage.statistics().entries()).isLessThanOrEqualTo(11);
            }
            for (int i = 0; i < 100; i++) {
                put(storage, "large " + i, 30_000);
                assertThat(storage.statistics().bytes()).isLessThanOrEqualTo(100_000 + 31_000);
            }
            StorageStatistics statistics = storage.statistics();
            assertThat(statistics.maxEntries()).isEqualTo(10);
            assertThat(statistics.maxBytes()).isEqualTo(100_000);
        }
    }

    @Test
    @DisplayName("variants weigh and go on their own, and the listener hears of each that went")
    void variantsWeighAlone() throws IOException {
        try (CaffeineStorage storage = builder().maxBytes(50_000).build()) {
            List<String> evicted = new CopyOnWriteArrayList<>();
            storage.addListener(new StorageListener() {
                @Override
                public void evicted(String key) {
                    evicted.add(key);
                }
            });
            for (int i = 0; i < 20; i++) {
                put(storage, "key", 10_000);
            }
            int left = storage.lookup("key").size();
            assertThat(left).isBetween(1, 5);
            assertThat(evicted).hasSize(20 - left).containsOnly("key");
            assertThat(storage.statistics().evictions()).isEqualTo(20 - left);
        }
    }

    @Test
    @DisplayName("expired entries are released when others are committed, which is no eviction")
    void expiredAreReleased() throws IOException {
        try (CaffeineStorage storage = builder().ttl(Duration.ofSeconds(10)).build()) {
            List<Object> released = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                put(storage, "old " + i, 10);
            }
            released.addAll(indexed(storage));
            assertThat(released).hasSize(50);
            clock.advance(Duration.ofSeconds(15));
            put(storage, "new", 10);
            assertThat(indexed(storage)).as("without anyone asking for them").hasSize(1);
            assertThat(storage.statistics().entries()).isEqualTo(1);
            assertThat(storage.statistics().evictions()).isZero();
        }
    }

    /** What the index holds, expired or not. */
    private static List<Object> indexed(CaffeineStorage storage) {
        return new ArrayList<>(storage.indexed());
    }

    @Test
    @DisplayName("after traffic of many threads under eviction, expiry and removal, index and cache hold the same")
    void indexAndCacheAgree() throws Exception {
        ExecutorService elsewhere = Executors.newFixedThreadPool(2);
        for (Executor executor : List.<Executor>of(Runnable::run, elsewhere)) {
            try (CaffeineStorage storage = builder()
                    .maxBytes(200_000)
                    .maxVariants(4)
                    .slidingTtl(Duration.ofMillis(50))
                    .executor(executor)
                    .build()) {
                ExecutorService thread = Executors.newFixedThreadPool(4);
                List<Future<?>> results = new ArrayList<>();
                for (int t = 0; t < 4; t++) {
                    results.add(thread.submit(traffic(storage, t)));
                }
                for (Future<?> result : results) {
                    result.get();
                }
                thread.shutdown();
                assertThat(storage.disagreement()).isEmpty();
                StorageStatistics statistics = storage.statistics();
                long entries = 0;
                long bytes = 0;
                for (Iterator<StoredEntry> all = storage.entries(); all.hasNext(); ) {
                    bytes += ((Entry) all.next()).size;
                    entries++;
                }
                assertThat(statistics.entries()).isEqualTo(entries);
                assertThat(statistics.bytes()).isEqualTo(bytes).isLessThanOrEqualTo(220_000);
                storage.clear();
                assertThat(storage.disagreement()).isEmpty();
                assertThat(storage.statistics().bytes()).isZero();
                assertThat(storage.statistics().entries()).isZero();
            }
        }
        elsewhere.shutdown();
    }

    private Callable<Void> traffic(CaffeineStorage storage, int seed) {
        Random random = new Random(seed);
        return () -> {
            for (int i = 0; i < 10_000; i++) {
                String key = "key " + random.nextInt(60);
                switch (random.nextInt(10)) {
                    case 0, 1, 2 -> tryPut(storage, key, random.nextInt(10_000)); // a removal may discard it
                    case 3 -> {
                        for (StoredEntry entry : storage.lookup(key)) {
                            storage.freshen(entry.stored().toBuilder()
                                    .tags(Set.of("x".repeat(random.nextInt(3000))))
                                    .build());
                        }
                    }
                    case 4 -> storage.removeKey(key);
                    case 5 -> clock.advance(Duration.ofMillis(1));
                    default -> {
                        for (StoredEntry entry : storage.lookup(key)) {
                            storage.used(entry);
                            try (BodyReader reader = storage.open(entry)) {
                                if (reader != null) {
                                    assertThat(reader.length()).isEqualTo(entry.bodyLength());
                                }
                            }
                        }
                    }
                }
            }
            return null;
        };
    }

    @Test
    @DisplayName("the same object is answered until the entry is freshened, and keeps its attachment")
    void sameObject() throws IOException {
        try (CaffeineStorage storage = builder().build()) {
            StoredResponse head = put(storage, "key", 10);
            StoredEntry entry = storage.lookup("key").get(0);
            entry.attach("attachment");
            put(storage, "key", 20);
            storage.used(entry);
            assertThat(storage.lookup("key")).contains(entry);
            assertThat(storage.freshen(head)).isTrue();
            for (StoredEntry found : storage.lookup("key")) {
                assertThat(found.attachment()).isNull();
            }
        }
    }

    @Test
    @DisplayName("an entry of another storage is refused")
    void foreignEntry() throws IOException {
        try (CaffeineStorage storage = builder().build();
                CaffeineStorage other = builder().build()) {
            put(other, "key", 10);
            StoredEntry foreign = other.lookup("key").get(0);
            assertThatThrownBy(() -> storage.used(foreign)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> storage.open(foreign)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    @DisplayName("the default is 64 MiB, and bad settings are refused with the reason")
    void settings() throws IOException {
        try (CaffeineStorage storage = CaffeineStorage.create()) {
            assertThat(storage.statistics().maxBytes()).isEqualTo(64L << 20);
            assertThat(storage.statistics().maxEntries()).isEqualTo(-1);
            assertThat(storage.blocks()).isFalse();
        }
        CaffeineStorage.Builder builder = CaffeineStorage.builder();
        assertThatThrownBy(() -> builder.maxEntries(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("maxEntries must be at least 1, not 0");
        assertThatThrownBy(() -> builder.maxBytes(-1)).hasMessage("maxBytes must be at least 1, not -1");
        assertThatThrownBy(() -> builder.maxEntryBytes(0)).hasMessage("maxEntryBytes must be at least 1, not 0");
        assertThatThrownBy(() -> builder.maxVariants(0)).hasMessage("maxVariants must be at least 1, not 0");
        assertThatThrownBy(() -> builder.ttl(Duration.ZERO)).hasMessage("ttl must be at least a millisecond, not PT0S");
    }

    private StoredResponse put(Storage storage, String key, int length) throws IOException {
        StoredResponse head = tryPut(storage, key, length);
        assertThat(head).as("committed").isNotNull();
        return head;
    }

    /** Null when it was discarded. */
    private StoredResponse tryPut(Storage storage, String key, int length) throws IOException {
        StoredResponse head = StoredResponse.builder()
                .id(EntryIds.next())
                .key(key)
                .method("GET")
                .uri(TargetUri.parse("https://example.org/"))
                .status(200)
                .createdAt(clock.millis())
                .build();
        try (EntryWriter writer = storage.create(head)) {
            writer.write(ByteBuffer.allocate(length));
            return writer.commit(List.of()) ? head : null;
        }
    }
}
