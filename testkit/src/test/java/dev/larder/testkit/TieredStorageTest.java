package dev.larder.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.http.HttpFields;
import dev.larder.http.TargetUri;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncStorage;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryIds;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.Storage;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StorageStatistics;
import dev.larder.storage.StoredEntry;
import dev.larder.storage.file.FileStorage;
import dev.larder.storage.memory.InMemoryStorage;
import dev.larder.storage.tiered.TieredStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two tiers keep the contract together, and what only they promise. */
class TieredStorageTest {
    private static Storage memory(StorageSetup setup) {
        InMemoryStorage.Builder builder = InMemoryStorage.builder().clock(setup.clock());
        setup.ttl().ifPresent(builder::ttl);
        setup.slidingTtl().ifPresent(builder::slidingTtl);
        setup.maxEntries().ifPresent(builder::maxEntries);
        setup.maxBytes().ifPresent(builder::maxBytes);
        setup.maxEntryBytes().ifPresent(builder::maxEntryBytes);
        setup.maxVariants().ifPresent(builder::maxVariants);
        return builder.build();
    }

    private static Storage file(StorageSetup setup, Path directory) throws IOException {
        FileStorage.Builder builder = FileStorage.builder().directory(directory).clock(setup.clock());
        setup.maxEntries().ifPresent(builder::maxEntries);
        setup.ttl().ifPresent(builder::ttl);
        setup.slidingTtl().ifPresent(builder::slidingTtl);
        setup.maxBytes().ifPresent(builder::maxBytes);
        setup.maxEntryBytes().ifPresent(builder::maxEntryBytes);
        setup.maxVariants().ifPresent(builder::maxVariants);
        return builder.build();
    }

    /** Near has a time to live where far has, and no other limits than its own. */
    private static StorageSetup forNear(StorageSetup setup) {
        StorageSetup near = StorageSetup.of(setup.clock());
        near = setup.ttl().isPresent() ? near.withTtl(setup.ttl().get()) : near;
        return setup.slidingTtl().isPresent()
                ? near.withSlidingTtl(setup.slidingTtl().get())
                : near;
    }

    private abstract static class AnyContract extends StorageContract {
        @Override
        protected AsyncStorage async(Storage storage, ExecutorService executor) {
            return storage.async(executor);
        }
    }

    @Nested
    class MemoryOverMemory extends AnyContract {
        @Override
        protected Storage open(StorageSetup setup) {
            return TieredStorage.builder(memory(forNear(setup)), memory(setup))
                    .clock(setup.clock())
                    .build();
        }

        @Override
        protected int operationsPerThread() {
            return 500;
        }
    }

    @Nested
    class MemoryOverFile extends AnyContract {
        @TempDir
        Path directory;

        @Override
        protected Storage open(StorageSetup setup) throws IOException {
            return TieredStorage.builder(memory(forNear(setup)), file(setup, directory))
                    .clock(setup.clock())
                    .build();
        }

        @Override
        protected boolean persistent() {
            return true;
        }

        @Override
        protected boolean evictsExactly() {
            return false; // files do not, a tenth of the capacity at once
        }

        @Override
        protected int operationsPerThread() {
            return 200;
        }
    }

    /** A near storage that waits, and outlives the process. */
    @Nested
    class FileOverMemory extends AnyContract {
        @TempDir
        Path directory;

        @Override
        protected Storage open(StorageSetup setup) throws IOException {
            return TieredStorage.builder(file(forNear(setup), directory), memory(setup))
                    .clock(setup.clock())
                    .build();
        }

        @Override
        protected int operationsPerThread() {
            return 100;
        }
    }

    private final ManualClock clock = new ManualClock();
    private final Far far = new Far(
            InMemoryStorage.builder().clock(clock).maxEntryBytes(64 << 20).build());
    private final Storage near =
            InMemoryStorage.builder().clock(clock).maxEntries(10).build();
    private final TieredStorage tiers =
            TieredStorage.builder(near, far).clock(clock).build();
    private final List<String> failures = new CopyOnWriteArrayList<>();

    TieredStorageTest() {
        tiers.addListener(new StorageListener() {
            @Override
            public void failed(String operation, IOException failure) {
                failures.add(operation);
            }
        });
    }

    @Test
    @DisplayName("a near hit does not touch far, until the near time to live is over")
    void nearHit() throws IOException {
        put(tiers, "key", 1000);
        assertThat(tiers.lookup("key")).hasSize(1);
        int before = far.lookups;
        for (int i = 0; i < 100; i++) {
            StoredEntry entry = tiers.lookup("key").get(0);
            assertThat(tiers.used(entry)).isEqualTo(i + 1);
            assertThat(read(tiers, entry)).hasSize(1000);
        }
        assertThat(far.lookups).isEqualTo(before);
        assertThat(far.opens).isZero();
        clock.advance(Duration.ofSeconds(61));
        assertThat(tiers.lookup("key")).hasSize(1);
        assertThat(far.lookups).isEqualTo(before + 1);
    }

    @Test
    @DisplayName("uses of near copies keep an entry with a sliding time to live alive in far, whatever its size")
    void slidingTtlOfEntry() throws IOException {
        for (int length : new int[] {100, 50_000}) {
            String key = "key " + length;
            put(tiers, head(key).ttl(20_000, true).build(), length);
            for (int i = 0; i < 20; i++) {
                clock.advance(Duration.ofSeconds(4));
                List<StoredEntry> found = tiers.lookup(key);
                assertThat(found).as("after %s s", 4 * (i + 1)).hasSize(1);
                tiers.used(found.get(0));
            }
            assertThat(far.storage.lookup(key)).hasSize(1);
            clock.advance(Duration.ofSeconds(21));
            assertThat(tiers.lookup(key)).isEmpty();
        }
    }

    @Test
    @DisplayName("the object that near keeps is the one that is answered, with its attachment")
    void nearObject() throws IOException {
        put(tiers, "key", 1000);
        tiers.lookup("key").get(0).attach("attachment");
        clock.advance(Duration.ofSeconds(61));
        assertThat(tiers.lookup("key").get(0).attachment()).isEqualTo("attachment");
        assertThat(tiers.lookup("key").get(0)).isSameAs(near.lookup("key").get(0));
    }

    @Test
    @DisplayName("what far has is brought near: a short body by the lookup, a long one by its first reader")
    void promotion() throws IOException {
        put(far.storage, "short", 1000);
        put(far.storage, "long", 2_000_000);
        assertThat(tiers.lookup("short")).hasSize(1);
        assertThat(near.lookup("short")).hasSize(1);
        StoredEntry entry = tiers.lookup("long").get(0);
        assertThat(near.lookup("long")).isEmpty();
        byte[] body = read(tiers, entry);
        assertThat(near.lookup("long")).hasSize(1);
        assertThat(far.opens).isEqualTo(1);
        assertThat(read(tiers, tiers.lookup("long").get(0))).isEqualTo(body);
        assertThat(far.opens).as("near has it").isEqualTo(1);
    }

    @Test
    @DisplayName("a long body that is read with a gap or given up is not brought near, and nothing stays behind")
    void noPromotionOfParts() throws IOException {
        put(far.storage, "key", 2_000_000);
        for (int position : new int[] {1_000_000, 0}) {
            try (BodyReader reader = tiers.open(tiers.lookup("key").get(0))) {
                assertThat(reader).isNotNull();
                reader.read(position, ByteBuffer.allocate(1000));
            }
            assertThat(near.lookup("key")).isEmpty();
        }
        assertThat(read(tiers, tiers.lookup("key").get(0))).hasSize(2_000_000);
        assertThat(near.lookup("key")).hasSize(1);
    }

    @Test
    @DisplayName("what is too large for near is served from far")
    void tooLargeForNear() throws IOException {
        put(tiers, "key", 20 << 20);
        assertThat(near.lookup("key")).isEmpty();
        for (int i = 0; i < 2; i++) {
            assertThat(read(tiers, tiers.lookup("key").get(0))).hasSize(20 << 20);
        }
        assertThat(failures).isEmpty();
    }

    @Test
    @DisplayName("near answers for a key only if it has every variant")
    void allVariantsOrNone() throws IOException {
        StoredResponse first = put(tiers, "key", 10);
        StoredResponse second = put(tiers, "key", 20);
        assertThat(tiers.lookup("key")).hasSize(2);
        near.remove("key", first.id());
        assertThat(tiers.lookup("key"))
                .extracting(entry -> entry.stored().id())
                .containsExactlyInAnyOrder(first.id(), second.id());
        assertThat(near.lookup("key")).as("brought near again").hasSize(2);
    }

    @Test
    @DisplayName("what another process does in far is seen after the near time to live, and near follows")
    void otherProcess() throws IOException {
        StoredResponse old = put(tiers, "key", 10);
        assertThat(tiers.lookup("key")).hasSize(1);
        far.storage.removeKey("key");
        StoredResponse other = put(far.storage, "key", 20);
        assertThat(tiers.lookup("key").get(0).stored()).isEqualTo(old);
        clock.advance(Duration.ofMinutes(1));
        assertThat(tiers.lookup("key").get(0).stored()).isEqualTo(other);
        assertThat(near.lookup("key").get(0).stored()).isEqualTo(other);
        StoredResponse freshened =
                other.toBuilder().fields(HttpFields.of("Fresh", "yes")).build();
        far.storage.freshen(freshened);
        clock.advance(Duration.ofMinutes(1));
        assertThat(tiers.lookup("key").get(0).stored()).isEqualTo(freshened);
        assertThat(near.lookup("key").get(0).stored()).isEqualTo(freshened);
    }

    @Test
    @DisplayName("while far fails near answers, and without a copy the failure is the caller's")
    void farFails() throws IOException {
        StoredResponse head = put(tiers, "key", 10);
        tiers.lookup("key");
        far.fails = true;
        assertThat(tiers.lookup("key")).as("a near hit").hasSize(1);
        assertThat(failures).isEmpty();
        clock.advance(Duration.ofHours(1));
        assertThat(tiers.lookup("key").get(0).stored()).isEqualTo(head);
        assertThat(read(tiers, tiers.lookup("key").get(0))).hasSize(10);
        assertThat(failures).isNotEmpty().allMatch(what -> what.contains("look up in the far storage"));
        assertThatThrownBy(() -> tiers.lookup("other")).isInstanceOf(IOException.class);
    }

    @Test
    @DisplayName("a removal that fails in far fails, and near answers with nothing all the same")
    void removalWhileFarFails() throws IOException {
        List<Removal> removals = List.of(
                head -> tiers.remove("key", head.id()),
                head -> tiers.removeKey("key"),
                head -> tiers.removeIf(h -> h.key().equals("key")),
                head -> tiers.clear());
        for (Removal removal : removals) {
            StoredResponse head = put(tiers, "key", 10);
            assertThat(tiers.lookup("key")).hasSize(1);
            far.fails = true;
            assertThatThrownBy(() -> removal.of(head)).isInstanceOf(IOException.class);
            assertThat(near.lookup("key")).isEmpty();
            assertThatThrownBy(() -> tiers.lookup("key")).isInstanceOf(IOException.class);
            far.fails = false;
            far.storage.clear();
        }
    }

    private interface Removal {
        void of(StoredResponse head) throws IOException;
    }

    @Test
    @DisplayName("a removal by condition reaches a near copy whose head is older than far's")
    void removalOfOlderHead() throws IOException {
        StoredResponse head = put(tiers, "key", 10);
        tiers.lookup("key");
        far.storage.freshen(head.toBuilder().tags(Set.of("gone")).build());
        assertThat(tiers.removeIf(h -> h.tags().contains("gone"))).isEqualTo(1);
        assertThat(near.lookup("key")).isEmpty();
        assertThat(tiers.lookup("key")).isEmpty();
    }

    @Test
    @DisplayName("what is removed or replaced while it is brought near does not come back")
    void removalDuringPromotion() throws IOException {
        List<Removal> removals = List.of(
                head -> tiers.remove("key", head.id()),
                head -> tiers.removeKey("key"),
                head -> tiers.removeIf(h -> h.key().equals("key")),
                head -> tiers.clear());
        for (Removal removal : removals) {
            StoredResponse head = put(far.storage, "key", 10);
            // Far has answered, and the answer has not arrived yet.
            far.afterLookup = () -> removal.of(head);
            tiers.lookup("key");
            assertThat(near.lookup("key")).isEmpty();
            assertThat(tiers.lookup("key")).isEmpty();

            StoredResponse large = put(far.storage, "key", 2_000_000);
            try (BodyReader reader = tiers.open(tiers.lookup("key").get(0))) {
                assertThat(reader).isNotNull();
                ByteBuffer target = ByteBuffer.allocate(2_000_000);
                reader.read(0, target.limit(1000));
                removal.of(large);
                target.limit(2_000_000);
                while (target.hasRemaining()) {
                    reader.read(target.position(), target);
                }
            }
            assertThat(near.lookup("key")).isEmpty();
            assertThat(tiers.lookup("key")).isEmpty();
        }
    }

    @Test
    @DisplayName("a head that is replaced while it is brought near does not stay")
    void freshenDuringPromotion() throws IOException {
        StoredResponse head = put(far.storage, "key", 10);
        StoredResponse fresh =
                head.toBuilder().fields(HttpFields.of("Fresh", "yes")).build();
        far.afterLookup = () -> tiers.freshen(fresh);
        tiers.lookup("key");
        assertThat(tiers.lookup("key").get(0).stored()).isEqualTo(fresh);
        assertThat(tiers.lookup("key").get(0).stored()).isEqualTo(fresh);
        assertThat(near.lookup("key").get(0).stored()).isEqualTo(fresh);
    }

    @Test
    @DisplayName("a near storage that fails changes no answer, and the listener hears of it")
    void nearFails() throws IOException {
        Far broken = new Far(InMemoryStorage.create());
        try (TieredStorage storage = TieredStorage.of(broken, InMemoryStorage.create())) {
            List<String> heard = new CopyOnWriteArrayList<>();
            storage.addListener(new StorageListener() {
                @Override
                public void failed(String operation, IOException failure) {
                    heard.add(operation);
                }
            });
            put(storage, "key", 10);
            storage.lookup("key");
            broken.fails = true;
            assertThat(read(storage, storage.lookup("key").get(0))).hasSize(10);
            StoredResponse head = put(storage, "key", 20);
            assertThat(storage.freshen(head)).isTrue();
            assertThat(storage.removeKey("key")).isEqualTo(2);
            assertThat(storage.lookup("key")).isEmpty();
            assertThat(heard).isNotEmpty().allMatch(what -> what.contains("near storage"));
            broken.fails = false;
            assertThat(storage.lookup("key")).as("left behind in near").isEmpty();
            assertThat(broken.storage.lookup("key")).as("and cleaned up").isEmpty();
        }
    }

    @Test
    @DisplayName("bad settings are refused with the reason")
    void badSettings() {
        assertThatThrownBy(() -> TieredStorage.builder(near, far).nearTtl(Duration.ZERO))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("nearTtl must be at least a millisecond, not PT0S");
    }

    private StoredResponse.Builder head(String key) {
        return StoredResponse.builder()
                .id(EntryIds.next())
                .key(key)
                .method("GET")
                .uri(TargetUri.parse("https://example.org/"))
                .status(200)
                .createdAt(clock.millis());
    }

    private StoredResponse put(Storage storage, String key, int length) throws IOException {
        return put(storage, head(key).build(), length);
    }

    private static StoredResponse put(Storage storage, StoredResponse head, int length) throws IOException {
        byte[] body = new byte[length];
        new GeneratedBody(length, head.key().hashCode()).copy(0, body, 0, length);
        try (EntryWriter writer = storage.create(head)) {
            writer.write(ByteBuffer.wrap(body));
            assertThat(writer.commit(List.of())).isTrue();
        }
        return head;
    }

    private static byte[] read(Storage storage, StoredEntry entry) throws IOException {
        try (BodyReader reader = storage.open(entry)) {
            assertThat(reader).isNotNull();
            ByteBuffer target = ByteBuffer.allocate((int) reader.length());
            while (target.hasRemaining()) {
                target.limit(Math.min(target.capacity(), target.position() + 100_000));
                reader.read(target.position(), target);
                target.limit(target.capacity());
            }
            return target.array();
        }
    }

    /** A storage whose bodies come inline up to 64 KiB, that counts what is asked of it, and that fails when told to. */
    private static final class Far implements Storage {
        private final Storage storage;
        private volatile boolean fails;
        private volatile int lookups;
        private volatile int opens;
        private volatile @Nullable Step afterLookup;
        private final ConcurrentHashMap<StoredEntry, StoredEntry> longs = new ConcurrentHashMap<>();

        private interface Step {
            void run() throws IOException;
        }

        Far(Storage storage) {
            this.storage = storage;
        }

        private void step() throws IOException {
            if (fails) {
                throw new IOException("by the test");
            }
        }

        @Override
        public List<StoredEntry> lookup(String key) throws IOException {
            step();
            lookups++;
            List<StoredEntry> found = storage.lookup(key).stream()
                    .map(entry -> {
                        if (entry.bodyLength() <= 64 << 10) {
                            return entry;
                        }
                        StoredEntry opened = new StoredEntry(entry.stored(), entry.bodyLength(), null);
                        longs.put(opened, entry);
                        return opened;
                    })
                    .toList();
            Step then = afterLookup;
            if (then != null) {
                afterLookup = null;
                then.run();
            }
            return found;
        }

        private StoredEntry own(StoredEntry entry) {
            return longs.getOrDefault(entry, entry);
        }

        @Override
        public @Nullable BodyReader open(StoredEntry entry) throws IOException {
            step();
            opens++;
            return storage.open(own(entry));
        }

        @Override
        public long used(StoredEntry entry) {
            return storage.used(own(entry));
        }

        @Override
        public EntryWriter create(StoredResponse head) throws IOException {
            step();
            return storage.create(head);
        }

        @Override
        public boolean freshen(StoredResponse head) throws IOException {
            step();
            return storage.freshen(head);
        }

        @Override
        public boolean remove(String key, String id) throws IOException {
            step();
            return storage.remove(key, id);
        }

        @Override
        public int removeKey(String key) throws IOException {
            step();
            return storage.removeKey(key);
        }

        @Override
        public int removeIf(Predicate<StoredResponse> condition) throws IOException {
            step();
            return storage.removeIf(condition);
        }

        @Override
        public long clear() throws IOException {
            step();
            return storage.clear();
        }

        @Override
        public Iterator<StoredEntry> entries() throws IOException {
            step();
            return storage.entries();
        }

        @Override
        public StorageStatistics statistics() throws IOException {
            step();
            return storage.statistics();
        }

        @Override
        public long maxBodyBytes() {
            return storage.maxBodyBytes();
        }

        @Override
        public boolean blocks() {
            return false;
        }

        @Override
        public void addListener(StorageListener listener) {
            storage.addListener(listener);
        }

        @Override
        public void close() throws IOException {
            storage.close();
        }
    }
}
