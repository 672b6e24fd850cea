package dev.larder.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.http.HttpFields;
import dev.larder.http.TargetUri;
import dev.larder.rules.SelectingField;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncStorage;
import dev.larder.storage.BinarySerializer;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryIds;
import dev.larder.storage.EntryTooLargeException;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.MalformedEntryException;
import dev.larder.storage.Serializer;
import dev.larder.storage.Storage;
import dev.larder.storage.StorageCheck;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StorageStatistics;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What every {@link Storage} has to do, as tests. Whoever writes a storage extends this class, says in {@link #open} how
 * one is made, and runs it; every test runs twice, by blocking calls and through {@link AsyncStorage}. None is skipped: what
 * a storage may do in one way or another is checked in the way it does it.
 *
 * <pre>{@code
 * class MyStorageTest extends StorageContract {
 *     @TempDir Path directory;
 *
 *     @Override
 *     protected Storage open(StorageSetup setup) throws IOException {
 *         MyStorage.Builder builder = MyStorage.at(directory).clock(setup.clock());
 *         setup.ttl().ifPresent(builder::ttl);
 *         setup.slidingTtl().ifPresent(builder::slidingTtl);
 *         setup.maxEntries().ifPresent(builder::maxEntries);
 *         setup.maxBytes().ifPresent(builder::maxBytes);
 *         setup.maxEntryBytes().ifPresent(builder::maxEntryBytes);
 *         setup.maxVariants().ifPresent(builder::maxVariants);
 *         return builder.build();
 *     }
 *
 *     @Override
 *     protected boolean persistent() {
 *         return true;
 *     }
 * }
 * }</pre>
 */
@ParameterizedClass(name = "{0}")
@EnumSource(StorageContract.Calls.class)
@Timeout(300)
public abstract class StorageContract {
    /** How a run of the suite calls the storage. */
    public enum Calls {
        /** By the methods of {@link Storage}. */
        BLOCKING,
        /** By the methods of {@link AsyncStorage}. */
        ASYNC
    }

    private static final int USUAL_OPERATIONS = 2000;

    @Parameter
    Calls calls = Calls.BLOCKING;

    private final ManualClock clock = new ManualClock();
    private final ExecutorService executor = Executors.newCachedThreadPool();
    private final List<WatchedStorage> opened = new ArrayList<>();
    private final Events events = new Events();
    private @Nullable Storage last;

    /** For subclasses. */
    protected StorageContract() {}

    /**
     * Makes a storage. It is empty the first time in a test. Another call in the same test comes after the storage before
     * has been closed and, if {@link #persistent()}, opens the same place again. The suite closes it.
     */
    protected abstract Storage open(StorageSetup setup) throws IOException;

    /** The asynchronous side of a storage that {@link #open} made; for storages that have one of their own. */
    protected AsyncStorage async(Storage storage, ExecutorService executor) {
        return AsyncStorage.of(storage, executor);
    }

    /**
     * What storages that keep heads as bytes are to be made with. A class that overrides it runs the suite with another
     * serializer.
     */
    protected Serializer serializer() {
        return BinarySerializer.INSTANCE;
    }

    /** Whether entries are still there when a storage has been closed and opened again. */
    protected boolean persistent() {
        return false;
    }

    /**
     * Makes a storage as {@link #open} does, but with another serializer than {@link #serializer()}; null where heads are
     * not kept as bytes.
     */
    protected @Nullable Storage openWith(StorageSetup setup, Serializer serializer) throws IOException {
        return null;
    }

    /**
     * Makes another storage in the same place, be it a database, a server or a directory, that is not to share anything
     * with the one that {@link #open} made: of another name space, table or prefix. Null where there is no such thing.
     */
    protected @Nullable Storage openBeside(StorageSetup setup) throws IOException {
        return null;
    }

    /**
     * Changes a byte of a stored body of at least 100,000 bytes behind the storage's back.
     *
     * @return false where that cannot be done
     */
    protected boolean damageBody(StoredResponse head) throws IOException {
        return false;
    }

    /**
     * Called before the suite looks at what eviction has left: a storage that evicts in the background does so here.
     *
     * @param storage what {@link #open} made
     */
    protected void settle(Storage storage) throws IOException {}

    /**
     * Whether eviction takes exactly the least recently used entry, and the capacity is never exceeded. Otherwise it is
     * enough to stay near the capacity.
     */
    protected boolean evictsExactly() {
        return true;
    }

    /**
     * How many operations each of 16 threads does in the longest test; less for a storage that is far away, for which other
     * tests repeat things less often, too.
     */
    protected int operationsPerThread() {
        return USUAL_OPERATIONS;
    }

    private int rounds(int usual) {
        int operations = Math.min(operationsPerThread(), USUAL_OPERATIONS);
        return Math.max(usual / 10, usual * operations / USUAL_OPERATIONS);
    }

    /**
     * Called after each test, when all its storages are closed: the place to check that nothing is left behind, such as
     * temporary files. A subclass may also check more.
     */
    protected void closed() throws Exception {}

    // ---- what runs around every test

    private Storage start(StorageSetup setup) throws IOException {
        return watch(open(setup));
    }

    private Storage watch(Storage storage) {
        WatchedStorage watched = new WatchedStorage(
                calls == Calls.ASYNC ? new JoinedStorage(storage, async(storage, executor)) : storage);
        opened.add(watched);
        last = storage;
        watched.addListener(events);
        return watched;
    }

    /** Lets the storage opened last finish its evictions. */
    private void settle() throws IOException {
        settle(Objects.requireNonNull(last));
    }

    private Storage start() throws IOException {
        return start(StorageSetup.of(clock));
    }

    private Storage restart(Storage storage, StorageSetup setup) throws IOException {
        storage.close();
        return start(setup);
    }

    /** What nobody asked about: the storage agrees with itself, and nothing has been forgotten or has gone wrong. */
    @AfterEach
    void nothingIsLeftOpenAndNothingFailedUnseen() throws Exception {
        try {
            for (WatchedStorage storage : opened) {
                assertThat(storage.openWriters()).as("writers left open").isZero();
                assertThat(storage.openReaders()).as("readers left open").isZero();
                if (!storage.isClosed()) {
                    settle();
                    agreesWithItself(storage);
                }
            }
        } finally {
            for (WatchedStorage storage : opened) {
                storage.close();
            }
            executor.shutdownNow();
        }
        assertThat(executor.awaitTermination(1, TimeUnit.MINUTES))
                .as("all calls have returned")
                .isTrue();
        assertThat(events.problems).as("reported to the listener").isEmpty();
        closed();
    }

    private static void agreesWithItself(Storage storage) throws Exception {
        Set<String> seen = new HashSet<>();
        Iterator<StoredEntry> all = storage.entries();
        while (all.hasNext()) {
            StoredEntry entry = all.next();
            StoredResponse head = entry.stored();
            assertThat(seen.add(head.id())).as("seen once: %s", head).isTrue();
            StoredEntry found = find(storage, head.key(), head.id());
            assertThat(found.stored()).isEqualTo(head);
            assertThat(found.bodyLength()).isEqualTo(entry.bodyLength());
            try (BodyReader reader = open(storage, entry)) {
                assertThat(reader.length()).isEqualTo(entry.bodyLength());
            }
        }
        long counted = storage.statistics().entries();
        // Work in the background may be between removing something and counting it.
        for (int attempt = 0; counted >= 0 && counted != seen.size() && attempt < 1_000; attempt++) {
            Thread.sleep(1);
            counted = storage.statistics().entries();
        }
        if (counted >= 0) {
            assertThat(counted).as("entries counted").isEqualTo(seen.size());
        }
    }

    // ---- visibility

    @Test
    @DisplayName("an entry is there once it is committed, and nothing of it before")
    void visibility() throws IOException {
        Storage storage = start();
        StoredResponse head = head("key").build();
        try (EntryWriter writer = storage.create(head)) {
            assertThat(storage.lookup("key")).isEmpty();
            writer.write(ByteBuffer.wrap(bytes(100_000, 1)));
            assertThat(storage.lookup("key")).isEmpty();
            assertThat(storage.entries().hasNext()).isFalse();
            assertThat(storage.statistics().entries()).isLessThanOrEqualTo(0);
            assertThat(storage.remove("key", head.id())).isFalse();
        }
        StoredResponse other = head("key").build();
        try (EntryWriter writer = storage.create(other)) {
            writer.write(ByteBuffer.wrap(bytes(100_000, 2)));
            assertThat(writer.commit(List.of())).isTrue();
            assertThat(only(storage, "key").stored()).isEqualTo(other);
            assertThat(read(storage, only(storage, "key"))).isEqualTo(bytes(100_000, 2));
        }
        assertThat(only(storage, "key").stored()).isEqualTo(other);
    }

    @Test
    @DisplayName("nothing is under a key that was never stored")
    void unknownKey() throws IOException {
        Storage storage = start();
        put(storage, "a", bytes(1, 1));
        assertThat(storage.lookup("b")).isEmpty();
        assertThat(storage.removeKey("b")).isZero();
        assertThat(storage.remove("b", EntryIds.next())).isFalse();
        assertThat(storage.remove("a", EntryIds.next())).isFalse();
    }

    @ParameterizedTest(name = "{0} bytes")
    @ValueSource(ints = {0, 1, 100_000, 3_000_000})
    @DisplayName("a writer that is closed without a commit leaves nothing")
    void closedWithoutCommit(int length) throws IOException {
        Storage storage = start();
        StoredResponse old = put(storage, "key", bytes(10, 1));
        EntryWriter writer = storage.create(head("key").build());
        writer.write(ByteBuffer.wrap(bytes(length, 2)));
        writer.close();
        writer.close();
        assertThat(ids(storage, "key")).containsExactly(old.id());
        assertThat(count(storage)).isEqualTo(1);
        storage = restart(storage, StorageSetup.of(clock));
        assertThat(count(storage)).isEqualTo(persistent() ? 1 : 0);
    }

    @Test
    @DisplayName("closing a writer again after its commit changes nothing")
    void writerClosedTwice() throws IOException {
        Storage storage = start();
        StoredResponse head = head("key").build();
        EntryWriter writer = storage.create(head);
        writer.write(ByteBuffer.wrap(bytes(10, 1)));
        assertThat(writer.commit(List.of())).isTrue();
        writer.close();
        writer.close();
        assertThat(read(storage, only(storage, "key"))).isEqualTo(bytes(10, 1));
    }

    @Test
    @DisplayName("a writer takes any kind of buffer, all that remains in it, and keeps no hold of it")
    void buffers() throws IOException {
        Storage storage = start();
        byte[] body = bytes(40_000, 1);
        try (EntryWriter writer = storage.create(head("key").build())) {
            byte[] reused = new byte[10_100];
            System.arraycopy(body, 0, reused, 100, 10_000);
            ByteBuffer middle = ByteBuffer.wrap(reused, 100, 10_000);
            writer.write(middle);
            assertThat(middle.hasRemaining()).isFalse();
            Arrays.fill(reused, (byte) -1);

            ByteBuffer direct = ByteBuffer.allocateDirect(10_000);
            direct.put(body, 10_000, 10_000).flip();
            writer.write(direct);
            assertThat(direct.hasRemaining()).isFalse();
            direct.clear();
            direct.put(new byte[10_000]);

            ByteBuffer readOnly = ByteBuffer.wrap(body, 20_000, 10_000).asReadOnlyBuffer();
            writer.write(readOnly);
            assertThat(readOnly.hasRemaining()).isFalse();

            writer.write(ByteBuffer.allocate(0));
            ByteBuffer slice = ByteBuffer.wrap(body, 30_000, 10_000).slice();
            writer.write(slice);
            assertThat(slice.hasRemaining()).isFalse();
            assertThat(writer.commit(List.of())).isTrue();
        }
        assertThat(read(storage, only(storage, "key"))).isEqualTo(body);
    }

    // ---- variants and replacement

    @Test
    @DisplayName("a key has any number of variants, each with its own head and body")
    void variants() throws IOException {
        Storage storage = start();
        Map<String, StoredResponse> heads = new HashMap<>();
        for (int i = 0; i < 20; i++) {
            StoredResponse head = head("key")
                    .selecting(List.of(new SelectingField("accept-language", "=" + i)))
                    .fields(HttpFields.of("Vary", "Accept-Language", "Number", Integer.toString(i)))
                    .build();
            put(storage, head, bytes(1000 + i, i));
            heads.put(head.id(), head);
        }
        assertThat(ids(storage, "key")).isEqualTo(heads.keySet());
        for (StoredEntry entry : storage.lookup("key")) {
            assertThat(entry.stored()).isEqualTo(heads.get(entry.stored().id()));
            int i = Integer.parseInt(entry.stored().fields().first("Number"));
            assertThat(read(storage, entry)).isEqualTo(bytes(1000 + i, i));
        }
    }

    @Test
    @DisplayName("of a key with too many variants the ones used least recently go, and no other key suffers")
    void limitsVariants() throws IOException {
        Storage storage = start(StorageSetup.of(clock).withMaxVariants(4));
        StoredResponse other = put(storage, "other", bytes(10, 0));
        clock.advance(Duration.ofMillis(1));
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            ids.add(put(storage, "key", bytes(10, i)).id());
            clock.advance(Duration.ofMillis(1));
        }
        storage.used(find(storage, "key", ids.get(0)));
        clock.advance(Duration.ofMillis(1));
        for (int i = 4; i < 7; i++) {
            ids.add(put(storage, "key", bytes(10, i)).id());
            clock.advance(Duration.ofMillis(1));
        }
        assertThat(ids(storage, "key")).containsExactlyInAnyOrder(ids.get(0), ids.get(4), ids.get(5), ids.get(6));
        assertThat(ids(storage, "other")).containsExactly(other.id());
    }

    @Test
    @DisplayName("a commit removes the entries it replaces, and no others")
    void replaces() throws IOException {
        Storage storage = start();
        StoredResponse first = put(storage, "key", bytes(10, 1));
        StoredResponse second = put(storage, "key", bytes(10, 2));
        StoredResponse kept = put(storage, "key", bytes(10, 3));
        StoredResponse other = put(storage, "other", bytes(10, 4));
        StoredResponse head = head("key").build();
        assertThat(tryPut(storage, head, bytes(10, 5), List.of(first, second))).isTrue();
        assertThat(ids(storage, "key")).containsExactlyInAnyOrder(kept.id(), head.id());
        assertThat(ids(storage, "other")).containsExactly(other.id());
        assertThat(read(storage, find(storage, "key", head.id()))).isEqualTo(bytes(10, 5));
    }

    @Test
    @DisplayName("entries to replace that are gone do no harm")
    void replacesWhatIsGone() throws IOException {
        Storage storage = start();
        StoredResponse old = put(storage, "key", bytes(10, 1));
        StoredResponse head = head("key").build();
        try (EntryWriter writer = storage.create(head)) {
            writer.write(ByteBuffer.wrap(bytes(10, 2)));
            // Another response has replaced it meanwhile: that is no removal that would hit this one.
            StoredResponse meanwhile = head("key").build();
            assertThat(tryPut(storage, meanwhile, bytes(10, 3), List.of(old))).isTrue();
            assertThat(writer.commit(List.of(old, head("key").build()))).isTrue();
            assertThat(ids(storage, "key")).containsExactlyInAnyOrder(meanwhile.id(), head.id());
        }
    }

    // ---- bodies

    @ParameterizedTest(name = "{0} bytes")
    @ValueSource(ints = {0, 1, 16 << 10, (64 << 10) - 1, 64 << 10, (64 << 10) + 1, 1 << 20, (1 << 20) + 1, 5 << 20})
    @DisplayName("a body of any length comes back as it was written")
    void bodyComesBack(int length) throws IOException {
        Storage storage = start();
        byte[] body = bytes(length, length);
        try (EntryWriter writer = storage.create(head("key").build())) {
            // Pieces of every kind of length.
            int piece = 1;
            for (int at = 0; at < length; ) {
                int n = Math.min(piece, length - at);
                writer.write(ByteBuffer.wrap(body, at, n));
                at += n;
                piece = piece > 300_000 ? 1021 : piece * 3;
            }
            assertThat(writer.commit(List.of())).isTrue();
        }
        StoredEntry entry = only(storage, "key");
        assertThat(entry.bodyLength()).isEqualTo(length);
        assertThat(read(storage, entry)).isEqualTo(body);
        put(storage, "in one piece", body);
        assertThat(read(storage, only(storage, "in one piece"))).isEqualTo(body);
        if (persistent()) {
            storage = restart(storage, StorageSetup.of(clock));
            assertThat(read(storage, only(storage, "key"))).isEqualTo(body);
        }
    }

    @ParameterizedTest(name = "{0} bytes")
    @ValueSource(ints = {0, 1, 70_000, 3_000_000})
    @DisplayName("a body can be read from any position")
    void positionalReads(int length) throws IOException {
        Storage storage = start();
        byte[] body = bytes(length, 7);
        put(storage, "key", body);
        try (BodyReader reader = open(storage, only(storage, "key"))) {
            assertThat(reader.length()).isEqualTo(length);
            for (long position : new long[] {length - 1, 0, length / 2, 65_535, 1, length - 70, 4096, 1 << 20}) {
                if (position < 0 || position >= length) {
                    continue;
                }
                ByteBuffer target = ByteBuffer.allocate(200);
                target.position(3).limit(103);
                int n = reader.read(position, target);
                assertThat(n).isBetween(1, (int) Math.min(100, length - position));
                assertThat(target.position()).isEqualTo(3 + n);
                assertThat(target.limit()).isEqualTo(103);
                for (int i = 0; i < n; i++) {
                    assertThat(target.get(3 + i)).isEqualTo(body[(int) position + i]);
                }
                ByteBuffer direct = ByteBuffer.allocateDirect(1);
                assertThat(reader.read(position, direct)).isEqualTo(1);
                assertThat(direct.get(0)).isEqualTo(body[(int) position]);
                assertThat(reader.read(position, ByteBuffer.allocate(0)))
                        .as("no room")
                        .isZero();
            }
            assertThat(reader.read(length, ByteBuffer.allocate(10)))
                    .as("at the end")
                    .isEqualTo(-1);
            reader.close();
        }
    }

    @Test
    @DisplayName("an inline body is read-only and each view has its own position")
    void inlineBody() throws IOException {
        Storage storage = start();
        byte[] body = bytes(100, 1);
        put(storage, "key", body);
        StoredEntry entry = only(storage, "key");
        ByteBuffer first = entry.inlineBody();
        ByteBuffer second = entry.inlineBody();
        assertThat(read(storage, entry)).isEqualTo(body);
        if (first == null || second == null) {
            assertThat(second).as("inline now and then").isSameAs(first);
            return;
        }
        assertThat(first.isReadOnly()).isTrue();
        assertThat(drain(first)).isEqualTo(body);
        assertThat(drain(second)).isEqualTo(body);
    }

    @Test
    @DisplayName("many readers read one body at once, each at its own place")
    void manyReaders() throws Exception {
        Storage storage = start();
        byte[] body = bytes(2_000_000, 1);
        put(storage, "key", body);
        StoredEntry entry = only(storage, "key");
        List<Callable<Void>> tasks = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            tasks.add(() -> {
                for (int round = 0; round < 5; round++) {
                    assertThat(read(storage, entry)).isEqualTo(body);
                }
                return null;
            });
        }
        runAll(tasks);
    }

    /** Ways in which an entry under "key" goes away. */
    private enum Removal {
        REMOVE {
            @Override
            long apply(Storage storage, StoredResponse head) throws IOException {
                return storage.remove(head.key(), head.id()) ? 1 : 0;
            }
        },
        REMOVE_KEY {
            @Override
            long apply(Storage storage, StoredResponse head) throws IOException {
                return storage.removeKey(head.key());
            }
        },
        REMOVE_IF {
            @Override
            long apply(Storage storage, StoredResponse head) throws IOException {
                return storage.removeIf(h -> h.id().equals(head.id()));
            }
        },
        CLEAR {
            @Override
            long apply(Storage storage, StoredResponse head) throws IOException {
                return storage.clear();
            }
        };

        abstract long apply(Storage storage, StoredResponse head) throws IOException;
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource(Removal.class)
    @DisplayName("who has opened a body reads it to its end, although it is removed")
    void readerSurvivesRemoval(Removal removal) throws IOException {
        for (int length : new int[] {1, 70_000, 3_000_000}) {
            Storage storage = start();
            byte[] body = bytes(length, length);
            StoredResponse head = put(storage, "key", body);
            StoredEntry entry = only(storage, "key");
            try (BodyReader reader = open(storage, entry)) {
                ByteBuffer first = ByteBuffer.allocate(1);
                assertThat(reader.read(0, first)).isEqualTo(1);
                assertThat(removal.apply(storage, head)).isEqualTo(1);
                assertThat(storage.lookup("key")).isEmpty();
                put(storage, "key", bytes(length, -1));
                assertThat(drain(reader)).isEqualTo(body);
                assertThat(storage.open(entry)).as("opened again").isNull();
            }
            storage.clear();
            storage.close();
        }
    }

    @Test
    @DisplayName("who has opened a body reads it to its end, although it is replaced, freshened or expired")
    void readerSurvivesTheRest() throws IOException {
        Storage storage = start(StorageSetup.of(clock).withTtl(Duration.ofMinutes(1)));
        byte[] body = bytes(1_500_000, 1);
        StoredResponse head = put(storage, "key", body);
        StoredEntry entry = only(storage, "key");
        try (BodyReader beforeFreshen = open(storage, entry)) {
            assertThat(storage.freshen(head.toBuilder().status(203).build())).isTrue();
            assertThat(drain(beforeFreshen)).isEqualTo(body);
            try (BodyReader beforeReplaced = open(storage, entry)) {
                StoredResponse next = head("key").build();
                assertThat(tryPut(storage, next, bytes(1_500_000, 2), List.of(head)))
                        .isTrue();
                assertThat(drain(beforeReplaced)).isEqualTo(body);
                assertThat(storage.open(entry)).as("the replaced body").isNull();
            }
        }
        StoredEntry last = only(storage, "key");
        try (BodyReader beforeExpiry = open(storage, last)) {
            clock.advance(Duration.ofMinutes(2));
            assertThat(storage.lookup("key")).isEmpty();
            assertThat(storage.open(last)).as("the expired body").isNull();
            assertThat(drain(beforeExpiry)).isEqualTo(bytes(1_500_000, 2));
        }
    }

    @Test
    @DisplayName("a caller who is interrupted, or who gives up its stages, harms nobody else")
    void interruption() throws IOException {
        Storage storage = start();
        byte[] body = bytes(500_000, 1);
        StoredResponse head = put(storage, "key", body);
        StoredEntry entry = only(storage, "key");
        try (BodyReader before = open(storage, entry)) {
            if (calls == Calls.ASYNC) {
                AsyncStorage async = async(Objects.requireNonNull(last), executor);
                for (int i = 0; i < 20; i++) {
                    giveUp(async.lookup("key"));
                    giveUp(async.freshen(head));
                    giveUp(async.remove("key", EntryIds.next()));
                    giveUp(async.removeKey("other"));
                }
            } else {
                interrupted(List.of(
                        () -> storage.lookup("key"),
                        () -> read(storage, entry),
                        () -> storage.freshen(head),
                        () -> tryPut(storage, head("other").build(), body, List.of())));
            }
            assertThat(drain(before)).as("a reader that was open").isEqualTo(body);
        }
        assertThat(read(storage, only(storage, "key"))).isEqualTo(body);
        put(storage, "next", body);
        assertThat(read(storage, only(storage, "next"))).isEqualTo(body);
    }

    private static void giveUp(CompletionStage<?> stage) {
        stage.toCompletableFuture().cancel(true);
    }

    private static void interrupted(List<ThrowingCallable> calls) {
        Thread.currentThread().interrupt();
        try {
            for (ThrowingCallable call : calls) {
                try {
                    call.call();
                } catch (IOException e) {
                    assertThat(e).as("only this caller is told").isNotNull();
                } catch (Throwable e) {
                    throw new AssertionError("an interrupted call fails by an IOException, if it does", e);
                }
            }
        } finally {
            Thread.interrupted();
        }
    }

    // ---- reading back

    /** What a writer does that does not read back; its entry is not the worse for it. */
    private static void refusesToReadBack(EntryWriter writer, byte[] body) throws IOException {
        writer.write(ByteBuffer.wrap(body));
        assertThatThrownBy(() -> writer.readBack(0, ByteBuffer.allocate(1)))
                .isInstanceOf(UnsupportedOperationException.class);
        assertThat(writer.commit(List.of())).isTrue();
    }

    @Test
    @DisplayName("what has been written can be read back by others while the rest is still coming")
    void readBackWhileWriting() throws Exception {
        Storage storage = start();
        byte[] body = bytes(1_600_000, 3);
        Progress progress = new Progress();
        try (EntryWriter writer = storage.create(head("key").build())) {
            if (!writer.readsBack()) {
                refusesToReadBack(writer, body);
                assertThat(read(storage, only(storage, "key"))).isEqualTo(body);
                return;
            }
            List<Future<byte[]>> copies = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                int room = 1000 + 7919 * i;
                copies.add(executor.submit(() -> {
                    ByteBuffer copy = ByteBuffer.allocate(body.length);
                    while (copy.hasRemaining()) {
                        int available = progress.awaitMoreThan(copy.position()) - copy.position();
                        copy.limit(copy.position() + Math.min(room, available));
                        assertThat(writer.readBack(copy.position(), copy)).isPositive();
                        copy.limit(body.length);
                    }
                    return copy.array();
                }));
            }
            int piece = 1;
            for (int at = 0; at < body.length; ) {
                int n = Math.min(piece, body.length - at);
                writer.write(ByteBuffer.wrap(body, at, n));
                at += n;
                progress.advanceTo(at);
                piece = piece > 100_000 ? 99 : piece * 2;
            }
            for (Future<byte[]> copy : copies) {
                assertThat(copy.get(1, TimeUnit.MINUTES)).isEqualTo(body);
            }
            assertThat(writer.commit(List.of())).isTrue();
            ByteBuffer afterCommit = ByteBuffer.allocate(10);
            assertThat(writer.readBack(body.length - 10, afterCommit)).isPositive();
            assertThat(afterCommit.get(0)).isEqualTo(body[body.length - 10]);
        }
        assertThat(read(storage, only(storage, "key"))).isEqualTo(body);
    }

    @Test
    @DisplayName("a writer that reads back does so during its commit, and also when it is discarded")
    void readBackAcrossCommit() throws Exception {
        Storage storage = start();
        byte[] body = bytes(70_000, 3);
        for (int round = 0; round < 50; round++) {
            boolean removed = round % 2 == 1;
            try (EntryWriter writer = storage.create(head("key").build())) {
                if (!writer.readsBack()) {
                    refusesToReadBack(writer, body);
                    assertThat(read(storage, only(storage, "key"))).isEqualTo(body);
                    return;
                }
                writer.write(ByteBuffer.wrap(body));
                if (removed) {
                    storage.removeKey("key");
                }
                CyclicBarrier together = new CyclicBarrier(2);
                Future<byte[]> copy = executor.submit(() -> {
                    together.await();
                    ByteBuffer target = ByteBuffer.allocate(body.length);
                    while (target.hasRemaining()) {
                        assertThat(writer.readBack(target.position(), target)).isPositive();
                    }
                    return target.array();
                });
                together.await();
                assertThat(writer.commit(List.of())).isEqualTo(!removed);
                assertThat(copy.get(1, TimeUnit.MINUTES)).isEqualTo(body);
            }
        }
    }

    @Test
    @DisplayName("a writer that reads back does so until it is closed, also when its entry is removed meanwhile")
    void readBackAfterRemoval() throws Exception {
        Storage storage = start();
        byte[] body = bytes(200_000, 3);
        try (EntryWriter writer = storage.create(head("key").build())) {
            writer.write(ByteBuffer.wrap(body));
            assertThat(writer.commit(List.of())).isTrue();
            storage.removeKey("key");
            if (!writer.readsBack()) {
                assertThat(storage.lookup("key")).isEmpty();
                return;
            }
            ByteBuffer target = ByteBuffer.allocate(body.length);
            while (target.hasRemaining()) {
                assertThat(writer.readBack(target.position(), target)).isPositive();
            }
            assertThat(target.array()).isEqualTo(body);
        }
    }

    // ---- heads

    @Test
    @DisplayName(
            "a head comes back exactly: order, spelling, repeated lines, odd values and everything beside the fields")
    void headComesBack() throws IOException {
        Storage storage = start();
        HttpFields.Builder fields = HttpFields.builder()
                .add("ETag", "W/\"a\"")
                .add("x-Odd-CASE", "1")
                .add("Set-Cookie", "a=b; Path=/")
                .add("Empty", "")
                .add("set-cookie", "c=d")
                .add("Set-Cookie", "a=b; Path=/")
                .add("Tab", "a\tb")
                .add("Latin", "na\u00efve \u00ff\u0080")
                .add("Wide", "\u4f60\u597d \ud83c\udf4e")
                .add("Quotes", "\"\\\" , ; = {}[]'`")
                .add("Control", "\u0001\u007f")
                .add("!#$%&'*+-.^_`|~", "token")
                .add("Long", "x".repeat(64 << 10));
        for (int i = 0; i < 300; i++) {
            fields.add("Many-" + i % 7, "value " + i);
        }
        List<StoredResponse> heads = List.of(
                head("1").fields(fields.build()).build(),
                head("2")
                        .method("M-SEARCH")
                        .uri(TargetUri.parse("https://example.org:8443/a|b/%2e%2E?q={\u00e9}&&=#gone"))
                        .status(599)
                        .fields(HttpFields.EMPTY)
                        .selecting(List.of(
                                new SelectingField("accept", "=text/html, */*;q=0.1"),
                                new SelectingField("cookie", "#0123456789abcdef0123456789abcdef"),
                                new SelectingField("prefer", "="),
                                new SelectingField("x-absent", null)))
                        .times(0, -1)
                        .createdAt(0)
                        .authorized(true)
                        .tags(Set.of("user-42", "", "\u4f60 \ud83c\udf4e", "A", "a", "x".repeat(5000)))
                        .build(),
                head("3").times(Long.MIN_VALUE, Long.MAX_VALUE).build(),
                head("4").ttl(3_600_000, true).build(),
                head("5").ttl(Long.MAX_VALUE, false).build(),
                head("6").ttl(StoredResponse.NO_TTL, true).build());
        for (StoredResponse head : heads) {
            put(storage, head, bytes(10, 1));
        }
        for (boolean reopened : persistent() ? new boolean[] {false, true} : new boolean[] {false}) {
            storage = reopened ? restart(storage, StorageSetup.of(clock)) : storage;
            for (StoredResponse head : heads) {
                assertSame(only(storage, head.key()).stored(), head);
            }
        }
    }

    /** {@link StoredResponse#equals} is lenient about the case of names. */
    private static void assertSame(StoredResponse actual, StoredResponse expected) {
        assertThat(lines(actual.fields())).isEqualTo(lines(expected.fields()));
        assertThat(actual.selecting()).isEqualTo(expected.selecting());
        assertThat(actual.tags()).isEqualTo(expected.tags());
        assertThat(actual.uri().toString()).isEqualTo(expected.uri().toString());
        assertThat(actual.requestTime()).isEqualTo(expected.requestTime());
        assertThat(actual.responseTime()).isEqualTo(expected.responseTime());
        assertThat(actual.createdAt()).isEqualTo(expected.createdAt());
        assertThat(actual.ttlMillis()).isEqualTo(expected.ttlMillis());
        assertThat(actual.slidingTtl()).isEqualTo(expected.slidingTtl());
        assertThat(actual.authorized()).isEqualTo(expected.authorized());
        assertThat(actual).isEqualTo(expected);
    }

    private static List<String> lines(HttpFields fields) {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < fields.size(); i++) {
            lines.add(fields.name(i) + ": " + fields.value(i));
        }
        return lines;
    }

    @Test
    @DisplayName("keys of any text are kept apart, whatever they would mean elsewhere")
    void oddKeys() throws IOException {
        String longKey = "x".repeat((64 << 10) - 1);
        List<String> keys = List.of(
                "",
                " ",
                ".",
                "..",
                "../../escape",
                "/",
                "//",
                "/etc/escape",
                "a/b",
                "a\\b",
                "C:\\escape",
                "a:b",
                "a\0b",
                "a\0c",
                "a",
                "A",
                "key",
                "Key",
                "KEY",
                "key.",
                "key ",
                " key",
                "CON",
                "nul",
                "*?\"<>|",
                "%2e%2e%2f",
                "%00",
                "\u00e9",
                "e\u0301",
                "\u00df",
                "ss",
                "\u0130",
                "i",
                "\ud83c\udf4e",
                "\ud83c",
                "\udf4e",
                "\udf4e\ud83c",
                "\ufeff",
                "\uffff",
                "?",
                "line\nbreak",
                "line\r\nbreak",
                "'; DROP TABLE entries; --",
                "{tag}",
                "larder:*",
                longKey + "a",
                longKey + "b",
                longKey + "B");
        Storage storage = start();
        Map<String, StoredResponse> heads = new LinkedHashMap<>();
        for (String key : keys) {
            assertThat(storage.lookup(key)).isEmpty();
            heads.put(key, put(storage, key, bytes(50, key.hashCode())));
        }
        for (boolean reopened : persistent() ? new boolean[] {false, true} : new boolean[] {false}) {
            storage = reopened ? restart(storage, StorageSetup.of(clock)) : storage;
            assertThat(count(storage)).isEqualTo(keys.size());
            for (String key : keys) {
                StoredEntry entry = only(storage, key);
                assertThat(entry.stored()).isEqualTo(heads.get(key));
                assertThat(read(storage, entry)).isEqualTo(bytes(50, key.hashCode()));
            }
        }
        Set<String> left = new HashSet<>(keys);
        for (String key : keys) {
            assertThat(storage.removeKey(key)).isEqualTo(1);
            left.remove(key);
            assertThat(count(storage)).isEqualTo(left.size());
        }
    }

    // ---- freshening

    @Test
    @DisplayName("freshening replaces the head of one entry and leaves its body, its uses and its neighbours alone")
    void freshen() throws IOException {
        Storage storage = start();
        for (int length : new int[] {0, 100, 100_000, 2_000_000}) {
            String key = "key " + length;
            StoredResponse old = put(storage, key, bytes(length, 1));
            StoredResponse neighbour = put(storage, key, bytes(length, 2));
            StoredEntry before = find(storage, key, old.id());
            assertThat(storage.used(before)).isEqualTo(1);
            assertThat(storage.used(before)).isEqualTo(2);
            StoredResponse longer = old.toBuilder()
                    .fields(old.fields().with("Long", "x".repeat(100_000)))
                    .times(clock.millis() + 1, clock.millis() + 2)
                    .tags(Set.of("new"))
                    .build();
            StoredResponse shorter = old.toBuilder().fields(HttpFields.EMPTY).build();
            for (StoredResponse head : List.of(longer, shorter)) {
                assertThat(storage.freshen(head)).isTrue();
                StoredEntry after = find(storage, key, old.id());
                assertSame(after.stored(), head);
                assertThat(after.bodyLength()).isEqualTo(length);
                assertThat(read(storage, after)).isEqualTo(bytes(length, 1));
                assertThat(find(storage, key, neighbour.id()).stored()).isEqualTo(neighbour);
            }
            assertThat(ids(storage, key)).containsExactlyInAnyOrder(old.id(), neighbour.id());
            assertThat(storage.used(find(storage, key, old.id()))).isEqualTo(3);
            // What was found before names the same body.
            assertThat(read(storage, before)).isEqualTo(bytes(length, 1));
            if (persistent()) {
                storage = restart(storage, StorageSetup.of(clock));
                assertSame(find(storage, key, old.id()).stored(), shorter);
                assertThat(read(storage, find(storage, key, old.id()))).isEqualTo(bytes(length, 1));
                assertThat(read(storage, find(storage, key, neighbour.id()))).isEqualTo(bytes(length, 2));
            }
        }
    }

    @Test
    @DisplayName("freshening an entry that is gone, of another key, or not committed yet creates nothing")
    void freshenWhatIsGone() throws IOException {
        Storage storage = start();
        StoredResponse gone = put(storage, "key", bytes(10, 1));
        storage.remove("key", gone.id());
        assertThat(storage.freshen(gone)).isFalse();
        assertThat(storage.freshen(head("never").build())).isFalse();
        StoredResponse there = put(storage, "key", bytes(10, 1));
        assertThat(storage.freshen(there.toBuilder().key("other").build())).isFalse();
        StoredResponse unfinished = head("unfinished").build();
        try (EntryWriter writer = storage.create(unfinished)) {
            writer.write(ByteBuffer.wrap(bytes(10, 1)));
            assertThat(storage.freshen(unfinished)).isFalse();
        }
        assertThat(count(storage)).isEqualTo(1);
        assertThat(only(storage, "key").stored()).isEqualTo(there);
    }

    @Test
    @DisplayName("of many heads that freshen one entry at once one stays, whole")
    void freshenAtOnce() throws Exception {
        Storage storage = start();
        StoredResponse old = put(storage, "key", bytes(1000, 1));
        List<Callable<Void>> tasks = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            String mark = Integer.toString(i);
            tasks.add(() -> {
                for (int round = 0; round < rounds(50); round++) {
                    assertThat(storage.freshen(old.toBuilder()
                                    .fields(HttpFields.of("First", mark, "Second", mark))
                                    .build()))
                            .isTrue();
                    StoredEntry entry = only(storage, "key");
                    HttpFields fields = entry.stored().fields();
                    assertThat(fields.first("First")).isEqualTo(fields.first("Second"));
                    assertThat(read(storage, entry)).isEqualTo(bytes(1000, 1));
                }
                return null;
            });
        }
        runAll(tasks);
    }

    // ---- removal

    @Test
    @DisplayName("one variant can be removed, once")
    void removeOne() throws IOException {
        Storage storage = start();
        StoredResponse first = put(storage, "key", bytes(10, 1));
        StoredResponse second = put(storage, "key", bytes(10, 2));
        assertThat(storage.remove("other", first.id())).isFalse();
        assertThat(storage.remove("key", first.id())).isTrue();
        assertThat(storage.remove("key", first.id())).isFalse();
        assertThat(ids(storage, "key")).containsExactly(second.id());
        assertThat(read(storage, only(storage, "key"))).isEqualTo(bytes(10, 2));
    }

    @Test
    @DisplayName("all variants of a key can be removed, and of no other key")
    void removeKey() throws IOException {
        Storage storage = start();
        put(storage, "key", bytes(10, 1));
        put(storage, "key", bytes(100_000, 2));
        put(storage, "key", bytes(10, 3));
        StoredResponse other = put(storage, "key2", bytes(10, 4));
        assertThat(storage.removeKey("key")).isEqualTo(3);
        assertThat(storage.removeKey("key")).isZero();
        assertThat(storage.lookup("key")).isEmpty();
        assertThat(ids(storage, "key2")).containsExactly(other.id());
    }

    @Test
    @DisplayName("entries can be removed by what their heads say")
    void removeIf() throws IOException {
        Storage storage = start();
        for (int i = 0; i < 30; i++) {
            put(storage, head("key " + i % 10).tags(Set.of("tag " + i % 3)).build(), bytes(10, i));
        }
        assertThat(storage.removeIf(head -> head.tags().contains("none"))).isZero();
        assertThat(storage.removeIf(head -> head.tags().contains("tag 1"))).isEqualTo(10);
        assertThat(storage.removeIf(head -> head.tags().contains("tag 1"))).isZero();
        assertThat(count(storage)).isEqualTo(20);
        assertThat(storage.removeIf(head -> head.key().equals("key 0"))).isEqualTo(2);
        assertThat(storage.lookup("key 0")).isEmpty();
        assertThat(storage.removeIf(head -> true)).isEqualTo(18);
        assertThat(count(storage)).isZero();
    }

    @Test
    @DisplayName("a condition that throws harms nothing")
    void conditionThatThrows() throws IOException {
        Storage storage = start();
        StoredResponse head = put(storage, "key", bytes(10, 1));
        assertThatThrownBy(() -> storage.removeIf(h -> {
                    throw new IllegalStateException("by the test");
                }))
                .isInstanceOf(IllegalStateException.class);
        assertThat(only(storage, "key").stored()).isEqualTo(head);
        assertThat(storage.removeKey("key")).isEqualTo(1);
    }

    @Test
    @DisplayName("clear removes everything, and the storage goes on")
    void clear() throws IOException {
        Storage storage = start();
        for (int i = 0; i < 20; i++) {
            put(storage, "key " + i % 5, bytes(i * 5000, i));
        }
        assertThat(storage.clear()).isBetween(-1L, 20L);
        assertThat(count(storage)).isZero();
        assertThat(storage.lookup("key 0")).isEmpty();
        StorageStatistics statistics = storage.statistics();
        assertThat(statistics.entries()).isBetween(-1L, 0L);
        assertThat(statistics.bytes()).isBetween(-1L, 0L);
        put(storage, "key 0", bytes(10, 1));
        assertThat(read(storage, only(storage, "key 0"))).isEqualTo(bytes(10, 1));
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource(Removal.class)
    @DisplayName("what was removed is still gone after reopening")
    void removalLasts(Removal removal) throws IOException {
        Storage storage = start();
        StoredResponse head = put(storage, "key", bytes(10, 1));
        removal.apply(storage, head);
        storage = restart(storage, StorageSetup.of(clock));
        assertThat(storage.lookup("key")).isEmpty();
        assertThat(count(storage)).isZero();
    }

    // ---- removal and writing at once

    @ParameterizedTest(name = "{0}")
    @EnumSource(Removal.class)
    @DisplayName("a removal discards what was being written when it came, and nothing that begins later")
    void removalWhileWriting(Removal removal) throws IOException {
        Storage storage = start();
        for (int before : new int[] {0, 50_000, 100_000}) {
            byte[] body = bytes(100_000, 1);
            StoredResponse head = head("key").build();
            StoredResponse later = head("key").build();
            try (EntryWriter writer = storage.create(head)) {
                writer.write(ByteBuffer.wrap(body, 0, before));
                assertThat(removal.apply(storage, head))
                        .as("what is not committed does not count")
                        .isLessThanOrEqualTo(0);
                assertThat(tryPut(storage, later, body, List.of())).isTrue();
                writer.write(ByteBuffer.wrap(body, before, body.length - before));
                assertThat(writer.commit(List.of())).isFalse();
                assertThat(ids(storage, "key")).containsExactly(later.id());
            }
            assertThat(ids(storage, "key")).containsExactly(later.id());
            storage.clear();
        }
        if (persistent()) {
            storage = restart(storage, StorageSetup.of(clock));
            assertThat(count(storage)).isZero();
        }
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource(Removal.class)
    @DisplayName("a discarded entry replaces nothing")
    void discardedReplacesNothing(Removal removal) throws IOException {
        Storage storage = start();
        StoredResponse head = head("key").build();
        try (EntryWriter writer = storage.create(head)) {
            removal.apply(storage, head);
            StoredResponse kept = put(storage, "key", bytes(10, 1));
            assertThat(writer.commit(List.of(kept))).isFalse();
            assertThat(ids(storage, "key")).containsExactly(kept.id());
        }
    }

    @Test
    @DisplayName(
            "a removal that would not have hit it, a replacement or a freshening does not discard what is being written")
    void otherRemovalsWhileWriting() throws IOException {
        Storage storage = start();
        StoredResponse old = put(storage, "key", bytes(10, 1));
        StoredResponse other = put(storage, "other", bytes(10, 1));
        StoredResponse head = head("key").build();
        try (EntryWriter writer = storage.create(head)) {
            writer.write(ByteBuffer.wrap(bytes(10, 2)));
            assertThat(storage.freshen(old)).isTrue();
            assertThat(storage.remove("key", old.id())).isTrue();
            assertThat(storage.remove("other", head.id())).isFalse();
            assertThat(storage.removeKey("other")).isEqualTo(1);
            assertThat(storage.removeIf(h -> h.id().equals(other.id()))).isZero();
            assertThat(writer.commit(List.of(old))).isTrue();
        }
        assertThat(ids(storage, "key")).containsExactly(head.id());
    }

    @ParameterizedTest(name = "{0}")
    @EnumSource(Removal.class)
    @DisplayName("whichever comes first of a commit and a removal, the entry is gone when both are done")
    void removalDuringCommit(Removal removal) throws Exception {
        Storage storage = start();
        for (int round = 0; round < rounds(200); round++) {
            // A key that had something under it, and one for which everything has yet to be made.
            StoredResponse head = head(round % 2 == 0 ? "key" : "key " + round).build();
            try (EntryWriter writer = storage.create(head)) {
                writer.write(ByteBuffer.wrap(bytes(round, round)));
                CyclicBarrier together = new CyclicBarrier(2);
                Future<Long> removed = executor.submit(() -> {
                    together.await();
                    return removal.apply(storage, head);
                });
                together.await();
                writer.commit(List.of());
                removed.get(1, TimeUnit.MINUTES);
                assertThat(storage.lookup(head.key())).as("round %d", round).isEmpty();
            }
        }
    }

    // ---- time to live

    @Test
    @DisplayName("without a time to live an entry stays")
    void noTtl() throws IOException {
        Storage storage = start();
        put(storage, "key", bytes(10, 1));
        clock.advance(Duration.ofDays(36_500));
        assertThat(read(storage, only(storage, "key"))).isEqualTo(bytes(10, 1));
    }

    @Test
    @DisplayName("past a fixed time to live an entry is not there any more, used or not")
    void fixedTtl() throws IOException {
        StorageSetup setup = StorageSetup.of(clock).withTtl(Duration.ofSeconds(10));
        Storage storage = start(setup);
        StoredResponse head = put(storage, "key", bytes(100_000, 1));
        put(storage, "key", bytes(10, 2));
        StoredEntry entry = find(storage, "key", head.id());
        clock.advance(Duration.ofMillis(9_999));
        assertThat(storage.lookup("key")).hasSize(2);
        storage.used(entry);
        clock.advance(Duration.ofMillis(2));
        assertThat(count(storage)).as("listed").isZero();
        assertThat(storage.open(entry)).isNull();
        assertThat(storage.freshen(head)).isFalse();
        assertThat(storage.lookup("key")).isEmpty();
        assertThat(storage.remove("key", head.id())).isFalse();
        assertThat(storage.removeKey("key")).isZero();
        assertThat(storage.removeIf(h -> true)).isZero();
        put(storage, "key", bytes(10, 3));
        assertThat(read(storage, only(storage, "key"))).isEqualTo(bytes(10, 3));
        assertThat(events.evicted).as("expiry is no eviction").isEmpty();
    }

    @Test
    @DisplayName("a fixed time to live counts from when the entry was first stored: freshening does not prolong it")
    void fixedTtlAndFreshening() throws IOException {
        Storage storage = start(StorageSetup.of(clock).withTtl(Duration.ofSeconds(10)));
        StoredResponse head = put(storage, "key", bytes(10, 1));
        clock.advance(Duration.ofSeconds(8));
        assertThat(storage.freshen(
                        head.toBuilder().times(clock.millis(), clock.millis()).build()))
                .isTrue();
        clock.advance(Duration.ofMillis(1_999));
        assertThat(storage.lookup("key")).hasSize(1);
        clock.advance(Duration.ofMillis(2));
        assertThat(storage.lookup("key")).isEmpty();
    }

    @Test
    @DisplayName("a sliding time to live counts from the last use")
    void slidingTtl() throws IOException {
        Storage storage = start(StorageSetup.of(clock).withSlidingTtl(Duration.ofSeconds(10)));
        put(storage, "used", bytes(10, 1));
        put(storage, "looked up", bytes(10, 2));
        clock.advance(Duration.ofMillis(9_999));
        assertThat(storage.used(only(storage, "used"))).isEqualTo(1);
        assertThat(storage.lookup("looked up")).as("that alone is no use").hasSize(1);
        clock.advance(Duration.ofMillis(2));
        assertThat(keys(storage)).containsExactly("used");
        for (int i = 2; i < 5; i++) {
            assertThat(storage.used(only(storage, "used"))).isEqualTo(i);
            clock.advance(Duration.ofMillis(9_999));
        }
        StoredEntry entry = only(storage, "used");
        clock.advance(Duration.ofMillis(2));
        assertThat(storage.lookup("used")).isEmpty();
        storage.used(entry);
        assertThat(storage.lookup("used")).as("a use comes too late").isEmpty();
    }

    @Test
    @DisplayName("an entry's own time to live goes before the storage's, longer or shorter, fixed or sliding")
    void ownTtl() throws IOException {
        Storage storage = start(StorageSetup.of(clock).withTtl(Duration.ofSeconds(10)));
        put(storage, head("storage's").build(), bytes(10, 1));
        put(storage, head("shorter").ttl(5_000, false).build(), bytes(10, 1));
        put(storage, head("longer").ttl(20_000, false).build(), bytes(10, 1));
        put(storage, head("sliding").ttl(5_000, true).build(), bytes(10, 1));
        clock.advance(Duration.ofMillis(4_999));
        assertThat(keys(storage)).containsExactly("longer", "shorter", "sliding", "storage's");
        storage.used(only(storage, "shorter"));
        storage.used(only(storage, "sliding"));
        clock.advance(Duration.ofMillis(2));
        assertThat(keys(storage)).containsExactly("longer", "sliding", "storage's");
        storage.used(only(storage, "sliding"));
        clock.advance(Duration.ofMillis(4_998));
        assertThat(keys(storage)).containsExactly("longer", "sliding", "storage's");
        clock.advance(Duration.ofMillis(3));
        assertThat(keys(storage)).containsExactly("longer");
        clock.advance(Duration.ofMillis(9_997));
        assertThat(keys(storage)).containsExactly("longer");
        clock.advance(Duration.ofMillis(2));
        assertThat(keys(storage)).isEmpty();
    }

    @Test
    @DisplayName("an entry may have a time to live of its own where the storage has none, and freshening may change it")
    void ownTtlAlone() throws IOException {
        Storage storage = start();
        put(storage, head("for ever").build(), bytes(10, 1));
        put(storage, head("short").ttl(5_000, false).build(), bytes(10, 1));
        StoredResponse prolonged =
                put(storage, head("prolonged").ttl(5_000, false).build(), bytes(10, 1));
        StoredResponse shortened = put(storage, head("shortened").build(), bytes(10, 1));
        assertThat(storage.freshen(
                        prolonged.toBuilder().ttl(StoredResponse.NO_TTL, false).build()))
                .isTrue();
        assertThat(storage.freshen(shortened.toBuilder().ttl(5_000, false).build()))
                .isTrue();
        clock.advance(Duration.ofMillis(4_999));
        assertThat(keys(storage)).containsExactly("for ever", "prolonged", "short", "shortened");
        clock.advance(Duration.ofMillis(2));
        assertThat(keys(storage)).containsExactly("for ever", "prolonged");
        assertThat(storage.lookup("short")).isEmpty();
        assertThat(storage.lookup("shortened")).isEmpty();
    }

    @Test
    @DisplayName("a time to live goes on while the storage is closed")
    void ttlAcrossReopening() throws IOException {
        StorageSetup setup = StorageSetup.of(clock).withTtl(Duration.ofSeconds(10));
        Storage storage = start(setup);
        put(storage, "storage's", bytes(10, 1));
        put(storage, head("own").ttl(20_000, false).build(), bytes(10, 1));
        storage.close();
        clock.advance(Duration.ofSeconds(9));
        storage = start(setup);
        if (!persistent()) {
            assertThat(keys(storage)).as("nothing outlives the storage").isEmpty();
            return;
        }
        assertThat(keys(storage)).containsExactly("own", "storage's");
        storage.close();
        clock.advance(Duration.ofSeconds(2));
        storage = start(setup);
        assertThat(keys(storage)).containsExactly("own");
    }

    @Test
    @DisplayName("a clock that goes back does no harm")
    void clockGoesBack() throws IOException {
        Storage storage = start(StorageSetup.of(clock).withSlidingTtl(Duration.ofSeconds(10)));
        put(storage, "key", bytes(10, 1));
        clock.advance(Duration.ofDays(-1));
        storage.used(only(storage, "key"));
        put(storage, "later", bytes(10, 2));
        assertThat(read(storage, only(storage, "key"))).isEqualTo(bytes(10, 1));
        assertThat(read(storage, only(storage, "later"))).isEqualTo(bytes(10, 2));
    }

    @Test
    @DisplayName("a clock that jumps far ahead ends what has a time to live, and nothing else")
    void clockJumpsAhead() throws IOException {
        Storage storage = start();
        put(storage, head("short").ttl(60_000, false).build(), bytes(10, 1));
        put(storage, head("short, sliding").ttl(60_000, true).build(), bytes(10, 1));
        put(storage, head("endless").ttl(Long.MAX_VALUE, false).build(), bytes(10, 1));
        put(storage, head("endless, sliding").ttl(Long.MAX_VALUE, true).build(), bytes(10, 1));
        put(storage, head("without").build(), bytes(10, 1));
        clock.advance(Duration.ofDays(365_000));
        assertThat(keys(storage)).containsExactly("endless", "endless, sliding", "without");
        for (String key : keys(storage)) {
            assertThat(storage.used(only(storage, key))).isEqualTo(1);
        }
        clock.advance(Duration.ofDays(365_000));
        for (String key : List.of("endless", "endless, sliding", "without")) {
            assertThat(read(storage, only(storage, key))).isEqualTo(bytes(10, 1));
        }
        assertThat(events.evicted).as("expiry is no eviction").isEmpty();
    }

    // ---- capacity

    @Test
    @DisplayName("a full storage makes room, and says so")
    void evictionByEntries() throws IOException {
        StorageSetup setup = StorageSetup.of(clock).withMaxEntries(10);
        Storage storage = start(setup);
        // A second time, which must not count.
        storage.addListener(events);
        for (int i = 0; i < 40; i++) {
            put(storage, key(i), bytes(100, i));
            clock.advance(Duration.ofMillis(1));
            assertThat(storage.lookup(key(i))).as("what was just stored").hasSize(1);
        }
        settle();
        if (evictsExactly()) {
            assertThat(keys(storage)).isEqualTo(keysBetween(30, 40));
            assertThat(new TreeSet<>(events.evicted)).isEqualTo(keysBetween(0, 30));
        }
        int left = count(storage);
        assertThat(left).isLessThan(40);
        assertThat(events.evicted).hasSize(40 - left);
        StorageStatistics statistics = storage.statistics();
        assertThat(statistics.maxEntries()).isEqualTo(10);
        assertThat(statistics.evictions()).isEqualTo(40 - left);
        if (persistent() && evictsExactly()) {
            storage = restart(storage, setup);
            assertThat(keys(storage)).isEqualTo(keysBetween(30, 40));
            for (int i = 40; i < 45; i++) {
                put(storage, key(i), bytes(100, i));
                clock.advance(Duration.ofMillis(1));
            }
            assertThat(keys(storage)).isEqualTo(keysBetween(35, 45));
        }
    }

    @Test
    @DisplayName("what has been used stays longer than what has not")
    void evictionByUse() throws IOException {
        Storage storage = start(StorageSetup.of(clock).withMaxEntries(10));
        for (int i = 0; i < 10; i++) {
            put(storage, key(i), bytes(100, i));
            clock.advance(Duration.ofMillis(1));
        }
        for (int i = 4; i >= 0; i--) {
            storage.used(only(storage, key(i)));
            clock.advance(Duration.ofMillis(1));
        }
        for (int i = 10; i < 15; i++) {
            put(storage, key(i), bytes(100, i));
            clock.advance(Duration.ofMillis(1));
        }
        settle();
        if (!evictsExactly()) {
            // Which ones go is the storage's choice; that room is made is not.
            int left = count(storage);
            assertThat(left).isLessThan(15);
            assertThat(storage.statistics().evictions()).isEqualTo(15 - left);
            assertThat(keysBetween(0, 15)).containsAll(keys(storage));
            return;
        }
        Set<String> expected = keysBetween(0, 5);
        expected.addAll(keysBetween(10, 15));
        assertThat(keys(storage)).isEqualTo(expected);
        put(storage, key(15), bytes(100, 15));
        expected.remove(key(4));
        expected.add(key(15));
        assertThat(keys(storage)).isEqualTo(expected);
        // Removed or replaced entries make room of their own.
        storage.removeKey(key(0));
        events.evicted.clear();
        put(storage, key(16), bytes(100, 16));
        StoredResponse old = only(storage, key(16)).stored();
        assertThat(tryPut(storage, head(key(16)).build(), bytes(100, 17), List.of(old)))
                .isTrue();
        assertThat(events.evicted).isEmpty();
    }

    @Test
    @DisplayName("a storage keeps to its capacity in bytes")
    void evictionByBytes() throws IOException {
        StorageSetup setup = StorageSetup.of(clock).withMaxBytes(400_000);
        Storage storage = start(setup);
        for (int i = 0; i < 40; i++) {
            put(storage, key(i), bytes(50_000, i));
            clock.advance(Duration.ofMillis(1));
            assertThat(storage.lookup(key(i))).as("what was just stored").hasSize(1);
        }
        settle();
        int left = count(storage);
        if (evictsExactly()) {
            assertThat(left).isBetween(4, 8);
            assertThat(keys(storage)).isEqualTo(keysBetween(40 - left, 40));
            assertThat(storage.statistics().bytes()).isLessThanOrEqualTo(400_000);
        }
        assertThat(left).isLessThan(40);
        assertThat(events.evicted).hasSize(40 - left);
        assertThat(storage.statistics().maxBytes()).isEqualTo(400_000);
        Iterator<StoredEntry> all = storage.entries();
        while (all.hasNext()) {
            StoredEntry entry = all.next();
            int i = Integer.parseInt(entry.stored().key().substring(4));
            assertThat(read(storage, entry)).isEqualTo(bytes(50_000, i));
        }
        events.evicted.clear();
        assertThat(tryPut(storage, head("too large").build(), bytes(400_001, 1), List.of()))
                .isFalse();
        assertThat(storage.lookup("too large")).isEmpty();
        assertThat(storage.maxBodyBytes()).isLessThanOrEqualTo(400_000);
        if (evictsExactly()) {
            assertThat(events.evicted).as("nothing goes for what does not fit").isEmpty();
        }
    }

    @Test
    @DisplayName("who reads an entry that is evicted reads it to its end")
    void readerSurvivesEviction() throws IOException {
        Storage storage = start(StorageSetup.of(clock).withMaxEntries(10));
        byte[] body = bytes(1_200_000, 1);
        put(storage, "key", body);
        try (BodyReader reader = open(storage, only(storage, "key"))) {
            for (int i = 0; i < 40; i++) {
                clock.advance(Duration.ofMillis(1));
                put(storage, key(i), bytes(10, i));
            }
            settle();
            assertThat(drain(reader)).isEqualTo(body);
        }
        if (evictsExactly()) {
            assertThat(storage.lookup("key")).isEmpty();
        }
    }

    @Test
    @DisplayName("an eviction does not discard what is being written under the same key")
    void evictionWhileWriting() throws IOException {
        Storage storage = start(StorageSetup.of(clock).withMaxEntries(10));
        put(storage, "key", bytes(10, 0));
        StoredResponse head = head("key").build();
        try (EntryWriter writer = storage.create(head)) {
            writer.write(ByteBuffer.wrap(bytes(10, 1)));
            for (int i = 0; i < 40; i++) {
                clock.advance(Duration.ofMillis(1));
                put(storage, key(i), bytes(10, i));
            }
            clock.advance(Duration.ofMillis(1));
            assertThat(writer.commit(List.of())).isTrue();
        }
        settle();
        // Whether the older one is gone is the storage's choice.
        assertThat(ids(storage, "key")).contains(head.id());
        if (evictsExactly()) {
            assertThat(ids(storage, "key")).hasSize(1);
        }
    }

    @Test
    @DisplayName("an entry that is too large is not kept, and nothing goes for it")
    void tooLarge() throws IOException {
        Storage storage = start(StorageSetup.of(clock).withMaxEntryBytes(64 << 10));
        StoredResponse old = put(storage, "key", bytes(32 << 10, 1));
        assertThat(storage.maxBodyBytes()).isBetween(32L << 10, 64L << 10);
        for (int length : new int[] {(64 << 10) + 1, 3_000_000}) {
            assertThat(tryPut(storage, head("key").build(), bytes(length, 2), List.of(old)))
                    .isFalse();
            assertThat(read(storage, only(storage, "key"))).isEqualTo(bytes(32 << 10, 1));
        }
        assertThat(events.evicted).isEmpty();
    }

    @Test
    @DisplayName("what was taken of an entry that grew too large can be read back until its writer is closed")
    void readsBackAfterRefusing() throws IOException {
        Storage storage = start(StorageSetup.of(clock).withMaxEntryBytes(64 << 10));
        byte[] taken = bytes(48 << 10, 1);
        try (EntryWriter writer = storage.create(head("key").build())) {
            writer.write(ByteBuffer.wrap(taken));
            assertThatThrownBy(() -> writer.write(ByteBuffer.wrap(bytes(3_000_000, 2))))
                    .isInstanceOf(EntryTooLargeException.class);
            ByteBuffer back = ByteBuffer.allocate(taken.length);
            if (writer.readsBack()) {
                while (back.hasRemaining()) {
                    writer.readBack(back.position(), back);
                }
                assertThat(back.array()).isEqualTo(taken);
            } else {
                assertThatThrownBy(() -> writer.readBack(0, back)).isInstanceOf(UnsupportedOperationException.class);
            }
            assertThat(writer.commit(List.of())).isFalse();
        }
        assertThat(storage.lookup("key")).isEmpty();
    }

    @Test
    @DisplayName("a storage without limits begins to write bodies of any usual length")
    void maxBodyBytes() throws IOException {
        assertThat(start().maxBodyBytes()).isGreaterThanOrEqualTo(5 << 20);
    }

    // ---- uses

    @Test
    @DisplayName("uses are counted for each entry alone, and by all threads together")
    void uses() throws Exception {
        Storage storage = start();
        StoredResponse first = put(storage, "key", bytes(10, 1));
        StoredResponse second = put(storage, "key", bytes(10, 2));
        for (int i = 1; i <= 3; i++) {
            assertThat(storage.used(find(storage, "key", first.id()))).isEqualTo(i);
        }
        assertThat(storage.used(find(storage, "key", second.id()))).isEqualTo(1);
        List<Callable<Void>> tasks = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            tasks.add(() -> {
                for (int n = 0; n < rounds(1000); n++) {
                    storage.used(find(storage, "key", first.id()));
                }
                return null;
            });
        }
        runAll(tasks);
        assertThat(storage.used(find(storage, "key", first.id()))).isEqualTo(8L * rounds(1000) + 4);
        StoredResponse next = head("key").build();
        assertThat(tryPut(storage, next, bytes(10, 3), List.of(first))).isTrue();
        assertThat(storage.used(find(storage, "key", next.id()))).isEqualTo(1);
    }

    @Test
    @DisplayName("using an entry that is gone does not bring it back")
    void usedWhenGone() throws IOException {
        Storage storage = start();
        StoredResponse head = put(storage, "key", bytes(10, 1));
        StoredEntry entry = only(storage, "key");
        storage.remove("key", head.id());
        assertThat(storage.used(entry)).isPositive();
        assertThat(storage.lookup("key")).isEmpty();
        assertThat(count(storage)).isZero();
    }

    // ---- iteration and statistics

    @Test
    @DisplayName("all entries can be listed, each once")
    void listing() throws IOException {
        Storage storage = start();
        assertThat(storage.entries().hasNext()).isFalse();
        assertThatThrownBy(() -> storage.entries().next()).isInstanceOf(NoSuchElementException.class);
        Map<String, StoredResponse> heads = new HashMap<>();
        for (int i = 0; i < 60; i++) {
            StoredResponse head = put(storage, key(i % 20), bytes(i * 3000, i));
            heads.put(head.id(), head);
        }
        Iterator<StoredEntry> all = storage.entries();
        for (int i = 0; i < 60; i++) {
            // Without hasNext every other time.
            if (i % 2 == 0) {
                assertThat(all.hasNext()).isTrue();
                assertThat(all.hasNext()).isTrue();
            }
            StoredEntry entry = all.next();
            assertThat(entry.stored()).isEqualTo(heads.remove(entry.stored().id()));
            assertThat(read(storage, entry)).hasSize((int) entry.bodyLength());
        }
        assertThat(all.hasNext()).isFalse();
        assertThatThrownBy(all::next).isInstanceOf(NoSuchElementException.class);
        // One that is given up holds nothing.
        storage.entries().next();
    }

    @Test
    @DisplayName("a listing sees all that stays, whatever comes and goes meanwhile")
    void listingDuringChanges() throws IOException {
        Storage storage = start();
        Set<String> stay = new HashSet<>();
        List<StoredResponse> go = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            StoredResponse head = put(storage, key(i % 25), bytes(100, i));
            if (i % 2 == 0) {
                stay.add(head.id());
            } else {
                go.add(head);
            }
        }
        Set<String> seen = new HashSet<>();
        Iterator<StoredEntry> all = storage.entries();
        int step = 0;
        while (all.hasNext()) {
            StoredEntry entry = all.next();
            assertThat(seen.add(entry.stored().id())).as("seen once").isTrue();
            if (!go.isEmpty()) {
                StoredResponse head = go.remove(go.size() - 1);
                assertThat(storage.remove(head.key(), head.id())).isTrue();
                put(storage, "new " + step++, bytes(10, 1));
            }
            storage.freshen(entry.stored());
        }
        assertThat(seen).containsAll(stay);
    }

    @Test
    @DisplayName("statistics say what is stored, or that they do not know")
    void statistics() throws IOException {
        Storage storage = start();
        StorageStatistics empty = storage.statistics();
        assertThat(empty.entries()).isBetween(-1L, 0L);
        assertThat(empty.bytes()).isBetween(-1L, 0L);
        assertThat(empty.evictions()).isZero();
        for (int i = 0; i < 30; i++) {
            put(storage, key(i % 10), bytes(10_000, i));
        }
        StorageStatistics full = storage.statistics();
        if (empty.entries() >= 0) {
            assertThat(full.entries()).isEqualTo(30);
        }
        if (empty.bytes() >= 0) {
            assertThat(full.bytes()).isGreaterThanOrEqualTo(30 * 10_000);
        }
        storage.removeKey(key(0));
        if (empty.entries() >= 0) {
            assertThat(storage.statistics().entries()).isEqualTo(27);
        }
        if (empty.bytes() >= 0) {
            assertThat(storage.statistics().bytes()).isLessThan(full.bytes());
        }
    }

    // ---- neighbours, other serializers, damage

    @Test
    @DisplayName("a storage sees and clears nothing but its own")
    void neighbours() throws IOException {
        Storage storage = start();
        StoredResponse own = put(storage, "key", bytes(100, 1));
        Storage made = openBeside(StorageSetup.of(clock));
        if (made == null) {
            return;
        }
        Storage beside = watch(made);
        assertThat(count(beside)).isZero();
        assertThat(beside.lookup("key")).isEmpty();
        StoredResponse other = put(beside, "key", bytes(200_000, 2));
        assertThat(storage.freshen(other)).isFalse();
        assertThat(storage.remove("key", other.id())).isFalse();
        for (Removal removal : Removal.values()) {
            removal.apply(storage, own);
            assertThat(storage.lookup("key")).isEmpty();
            assertThat(ids(beside, "key")).as("after %s", removal).containsExactly(other.id());
            own = put(storage, "key", bytes(100, 1));
        }
        try (EntryWriter writer = beside.create(head("key").build())) {
            storage.clear();
            storage.removeKey("key");
            assertThat(storage.removeIf(head -> true)).isZero();
            assertThat(writer.commit(List.of(other))).as("the other's removals").isTrue();
        }
        assertThat(count(beside)).isEqualTo(1);
        assertThat(count(storage)).isZero();
        assertThat(beside.clear()).isBetween(-1L, 1L);
        assertThat(count(beside)).isZero();
    }

    @Test
    @DisplayName("a head of another serializer, or of a version to come, is a miss and in nobody's way")
    void otherSerializer() throws IOException {
        for (Serializer other : List.of(
                new OtherSerializer((byte) 99), new OtherSerializer(serializer().formatId()))) {
            Storage made = openWith(StorageSetup.of(clock), other);
            if (made == null) {
                return;
            }
            Storage storage = watch(made);
            StoredResponse foreign = put(storage, "key", bytes(100, 1));
            put(storage, "only there", bytes(100_000, 1));
            assertThat(read(storage, only(storage, "key"))).isEqualTo(bytes(100, 1));
            storage = restart(storage, StorageSetup.of(clock));
            assertThat(storage.lookup("key")).isEmpty();
            assertThat(count(storage)).isZero();
            assertThat(storage.removeIf(head -> true)).isZero();
            StoredResponse head = put(storage, "key", bytes(50, 2));
            assertThat(ids(storage, "key")).containsExactly(head.id());
            assertThat(storage.freshen(head)).isTrue();
            assertThat(storage.freshen(foreign)).isFalse();
            assertThat(read(storage, only(storage, "key"))).isEqualTo(bytes(50, 2));
            storage.clear();
            assertThat(count(storage)).isZero();
            storage.close();
            // It may be reported, or just left alone.
            events.problems.clear();
        }
    }

    /** Heads that nobody else can read. */
    private record OtherSerializer(byte formatId) implements Serializer {
        private static final byte VERSION = 77;

        @Override
        public String format() {
            return "other";
        }

        @Override
        public boolean isBinary() {
            return true;
        }

        @Override
        public byte[] write(StoredResponse head) {
            byte[] bytes = BinarySerializer.INSTANCE.write(head);
            bytes[0] = VERSION;
            return bytes;
        }

        @Override
        public StoredResponse read(ByteBuffer bytes) throws MalformedEntryException {
            byte[] copy = new byte[bytes.remaining()];
            bytes.duplicate().get(copy);
            if (copy.length == 0 || copy[0] != VERSION) {
                throw new MalformedEntryException("of another version");
            }
            copy[0] = 1;
            return BinarySerializer.INSTANCE.read(ByteBuffer.wrap(copy));
        }
    }

    @Test
    @DisplayName("a damaged body is never handed out: it fails in time, is reported, and is gone")
    void damagedBody() throws IOException {
        Storage storage = start();
        byte[] body = bytes(400_000, 1);
        StoredResponse head = put(storage, "key", body);
        StoredResponse sound = put(storage, "sound", body);
        if (!damageBody(head)) {
            assertThat(read(storage, only(storage, "key"))).isEqualTo(body);
            return;
        }
        List<StoredEntry> found = storage.lookup("key");
        for (StoredEntry entry : found) {
            try (BodyReader reader = storage.open(entry)) {
                if (reader != null) {
                    readsOnlyRightBytes(reader, body);
                }
            }
        }
        assertThat(storage.lookup("key")).isEmpty();
        assertThat(events.problems).as("reported").isNotEmpty().allMatch(problem -> problem.startsWith("corrupt"));
        events.problems.clear();
        assertThat(ids(storage, "sound")).containsExactly(sound.id());
        assertThat(read(storage, only(storage, "sound"))).isEqualTo(body);
    }

    @Test
    @DisplayName("a check reports what is damaged and leaves it there, as often as it is run; a repair removes it")
    void checkLeavesDamage() throws IOException {
        Storage storage = start();
        byte[] body = bytes(400_000, 1);
        StoredResponse head = put(storage, "key", body);
        put(storage, "sound", body);
        int damaged = damageBody(head) ? 1 : 0;
        for (int i = 0; i < 2; i++) {
            StorageCheck.Result found = StorageCheck.check(storage, progress -> {});
            assertThat(found.damaged()).hasSize(damaged);
            assertThat(found.entries()).isEqualTo(2 - damaged);
        }
        assertThat(StorageCheck.repair(storage, progress -> {}).damaged()).hasSize(damaged);
        assertThat(count(storage)).isEqualTo(2 - damaged);
        assertThat(StorageCheck.check(storage, progress -> {})).isEqualTo(StorageCheck.repair(storage, progress -> {}));
        events.problems.removeIf(problem -> problem.startsWith("corrupt"));
    }

    private static void readsOnlyRightBytes(BodyReader reader, byte[] body) {
        ByteBuffer target = ByteBuffer.allocate(body.length);
        assertThatThrownBy(() -> {
                    while (target.hasRemaining()) {
                        reader.read(target.position(), target);
                    }
                })
                .isInstanceOf(IOException.class);
        assertThat(Arrays.copyOf(target.array(), target.position())).isEqualTo(Arrays.copyOf(body, target.position()));
    }

    // ---- threads

    @Test
    @DisplayName("sixteen threads at ten keys never see the head of one entry with the body of another")
    void traffic() throws Exception {
        Storage storage = start();
        List<Callable<Void>> tasks = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            tasks.add(new StorageTraffic(storage, clock, i, operationsPerThread()));
        }
        runAll(tasks);
        Iterator<StoredEntry> all = storage.entries();
        while (all.hasNext()) {
            StorageTraffic.check(storage, all.next());
        }
    }

    @Test
    @DisplayName("of many who write under one key at once all succeed")
    void writersAtOnce() throws Exception {
        Storage storage = start();
        List<Callable<Void>> tasks = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            int length = i * 9000;
            tasks.add(() -> {
                put(storage, "key", bytes(length, length));
                return null;
            });
        }
        runAll(tasks);
        assertThat(storage.lookup("key")).hasSize(16);
        for (StoredEntry entry : storage.lookup("key")) {
            int length = (int) entry.bodyLength();
            assertThat(read(storage, entry)).isEqualTo(bytes(length, length));
        }
    }

    // ---- listeners

    @Test
    @DisplayName("a listener hears of what happens from when it was added")
    void listeners() throws IOException {
        Storage storage = start(StorageSetup.of(clock).withMaxEntries(10));
        for (int i = 0; i < 40; i++) {
            put(storage, key(i), bytes(10, i));
            clock.advance(Duration.ofMillis(1));
        }
        settle();
        int before = events.evicted.size();
        Events late = new Events();
        storage.addListener(late);
        for (int i = 40; i < 80; i++) {
            put(storage, key(i), bytes(10, i));
            clock.advance(Duration.ofMillis(1));
        }
        settle();
        assertThat(before).isPositive();
        assertThat(late.evicted).isNotEmpty();
        // Where entries are evicted in the background, two threads may tell of two at the same time.
        assertThat(late.evicted)
                .containsExactlyInAnyOrderElementsOf(events.evicted.subList(before, events.evicted.size()));
        if (evictsExactly()) {
            assertThat(late.evicted).isEqualTo(events.evicted.subList(before, events.evicted.size()));
            assertThat(before).isEqualTo(30);
            assertThat(late.evicted).hasSize(40);
        }
    }

    // ---- closing

    @Test
    @DisplayName("what was committed is there after reopening, or nothing is where the storage is not persistent")
    void reopening() throws IOException {
        Storage storage = start();
        Map<String, StoredResponse> heads = new HashMap<>();
        for (int i = 0; i < 30; i++) {
            StoredResponse head = put(storage, key(i % 10), bytes(i * 7000, i));
            heads.put(head.id(), head);
        }
        storage = restart(storage, StorageSetup.of(clock));
        if (!persistent()) {
            assertThat(count(storage)).isZero();
            assertThat(storage.lookup(key(0))).isEmpty();
            assertThat(storage.statistics().entries()).isLessThanOrEqualTo(0);
            return;
        }
        assertThat(count(storage)).isEqualTo(30);
        for (StoredResponse head : heads.values()) {
            StoredEntry entry = find(storage, head.key(), head.id());
            assertSame(entry.stored(), head);
            int i = (int) (entry.bodyLength() / 7000);
            assertThat(read(storage, entry)).isEqualTo(bytes(i * 7000, i));
        }
    }

    @Test
    @DisplayName("closing again does nothing")
    void closeTwice() throws IOException {
        Storage storage = start();
        put(storage, "key", bytes(10, 1));
        storage.close();
        storage.close();
    }

    @Test
    @DisplayName("a closed storage refuses by an IOException")
    void useAfterClose() throws IOException {
        Storage storage = start();
        StoredResponse head = put(storage, "key", bytes(10, 1));
        StoredEntry entry = only(storage, "key");
        storage.close();
        Map<String, ThrowingCallable> all = new LinkedHashMap<>();
        all.put("lookup", () -> storage.lookup("key"));
        all.put("lookup of nothing", () -> storage.lookup("nothing"));
        all.put("open", () -> storage.open(entry));
        all.put("create", () -> storage.create(head("key").build()));
        all.put("freshen", () -> storage.freshen(head));
        all.put("remove", () -> storage.remove("key", head.id()));
        all.put("removeKey", () -> storage.removeKey("key"));
        all.put("removeIf", () -> storage.removeIf(h -> true));
        all.put("clear", storage::clear);
        all.put("entries", storage::entries);
        all.put("statistics", storage::statistics);
        all.forEach((name, call) -> assertThatThrownBy(call).as(name).isInstanceOf(IOException.class));
        // It has no way to say so; it must not fail.
        storage.used(entry);
    }

    @Test
    @DisplayName("what was open when the storage was closed ends well or by an IOException")
    void closeWhileInUse() throws IOException {
        Storage storage = start();
        byte[] body = bytes(1_200_000, 1);
        put(storage, "key", body);
        Iterator<StoredEntry> all = storage.entries();
        try (BodyReader reader = open(storage, only(storage, "key"));
                EntryWriter writer = storage.create(head("unfinished").build())) {
            writer.write(ByteBuffer.wrap(body));
            storage.close();
            try {
                assertThat(drain(reader)).isEqualTo(body);
            } catch (IOException e) {
                assertThat(e).as("the reader's way to say so").isNotNull();
            }
            try {
                assertThat(writer.commit(List.of())).isFalse();
            } catch (IOException e) {
                assertThat(e).as("the writer's way to say so").isNotNull();
            }
            try {
                while (all.hasNext()) {
                    all.next();
                }
            } catch (UncheckedIOException e) {
                assertThat(e).as("the iterator's way to say so").isNotNull();
            }
        }
        Storage again = start();
        assertThat(again.lookup("unfinished")).isEmpty();
        assertThat(count(again)).isEqualTo(persistent() ? 1 : 0);
    }

    // ---- helpers

    private StoredResponse.Builder head(String key) {
        long now = clock.millis();
        return StoredResponse.builder()
                .id(EntryIds.next())
                .key(key)
                .method("GET")
                .uri(TargetUri.parse("https://example.org/"))
                .status(200)
                .fields(HttpFields.of("Cache-Control", "max-age=60"))
                .times(now - 5, now)
                .createdAt(now);
    }

    private StoredResponse put(Storage storage, String key, byte[] body) throws IOException {
        return put(storage, head(key).build(), body);
    }

    private static StoredResponse put(Storage storage, StoredResponse head, byte[] body) throws IOException {
        assertThat(tryPut(storage, head, body, List.of())).as("committed").isTrue();
        return head;
    }

    private static boolean tryPut(Storage storage, StoredResponse head, byte[] body, List<StoredResponse> replaced)
            throws IOException {
        try (EntryWriter writer = storage.create(head)) {
            try {
                writer.write(ByteBuffer.wrap(body));
            } catch (EntryTooLargeException e) {
                assertThat(writer.commit(replaced))
                        .as("commit of what was refused")
                        .isFalse();
                return false;
            }
            return writer.commit(replaced);
        }
    }

    private static byte[] bytes(int length, long seed) {
        byte[] bytes = new byte[length];
        new GeneratedBody(length, seed).copy(0, bytes, 0, length);
        return bytes;
    }

    private static StoredEntry only(Storage storage, String key) throws IOException {
        List<StoredEntry> found = storage.lookup(key);
        assertThat(found).as("entries under the key").hasSize(1);
        assertThat(found.get(0).stored().key()).isEqualTo(key);
        return found.get(0);
    }

    private static StoredEntry find(Storage storage, String key, String id) throws IOException {
        for (StoredEntry entry : storage.lookup(key)) {
            if (entry.stored().id().equals(id)) {
                return entry;
            }
        }
        throw new AssertionError("not found: " + id + " under " + key);
    }

    private static Set<String> ids(Storage storage, String key) throws IOException {
        Set<String> ids = new HashSet<>();
        for (StoredEntry entry : storage.lookup(key)) {
            assertThat(ids.add(entry.stored().id())).isTrue();
        }
        return ids;
    }

    private static String key(int i) {
        return "key " + i;
    }

    private static Set<String> keysBetween(int from, int to) {
        Set<String> keys = new TreeSet<>();
        for (int i = from; i < to; i++) {
            keys.add(key(i));
        }
        return keys;
    }

    private static Set<String> keys(Storage storage) throws IOException {
        Set<String> keys = new TreeSet<>();
        Iterator<StoredEntry> all = storage.entries();
        while (all.hasNext()) {
            keys.add(all.next().stored().key());
        }
        return keys;
    }

    private static int count(Storage storage) throws IOException {
        int count = 0;
        Iterator<StoredEntry> all = storage.entries();
        while (all.hasNext()) {
            all.next();
            count++;
        }
        return count;
    }

    private static BodyReader open(Storage storage, StoredEntry entry) throws IOException {
        BodyReader reader = storage.open(entry);
        if (reader == null) {
            throw new AssertionError("the body is gone: " + entry.stored());
        }
        return reader;
    }

    /** By every way there is. */
    private static byte[] read(Storage storage, StoredEntry entry) throws IOException {
        byte[] opened;
        try (BodyReader reader = open(storage, entry)) {
            opened = drain(reader);
        }
        ByteBuffer inline = entry.inlineBody();
        if (inline != null) {
            assertThat(drain(inline)).as("the inline body").isEqualTo(opened);
        }
        assertThat(entry.bodyLength()).isEqualTo(opened.length);
        return opened;
    }

    private static byte[] drain(BodyReader reader) throws IOException {
        ByteBuffer body = ByteBuffer.allocate(Math.toIntExact(reader.length()));
        while (body.hasRemaining()) {
            int before = body.position();
            int n = reader.read(before, body);
            assertThat(n).isPositive().isEqualTo(body.position() - before);
        }
        assertThat(reader.read(body.capacity(), ByteBuffer.allocate(1))).isEqualTo(-1);
        return body.array();
    }

    private static byte[] drain(ByteBuffer inline) {
        byte[] bytes = new byte[inline.remaining()];
        inline.get(bytes);
        return bytes;
    }

    /** Lets all start at once and fails if one fails. */
    private void runAll(List<Callable<Void>> tasks) throws Exception {
        CyclicBarrier together = new CyclicBarrier(tasks.size());
        List<Future<Void>> results = new ArrayList<>();
        for (Callable<Void> task : tasks) {
            results.add(executor.submit(() -> {
                together.await();
                return task.call();
            }));
        }
        for (Future<Void> result : results) {
            result.get(4, TimeUnit.MINUTES);
        }
    }

    /** How far a writer has come. */
    private static final class Progress {
        private final ReentrantLock lock = new ReentrantLock();
        private final Condition moved = lock.newCondition();
        private int written;

        void advanceTo(int position) {
            lock.lock();
            try {
                written = position;
                moved.signalAll();
            } finally {
                lock.unlock();
            }
        }

        int awaitMoreThan(int position) throws InterruptedException {
            lock.lock();
            try {
                while (written <= position) {
                    moved.await();
                }
                return written;
            } finally {
                lock.unlock();
            }
        }
    }

    private static final class Events implements StorageListener {
        private final List<String> problems = new CopyOnWriteArrayList<>();
        private final List<String> evicted = new CopyOnWriteArrayList<>();

        @Override
        public void corrupt(String where, String what) {
            problems.add("corrupt: " + where + ": " + what);
        }

        @Override
        public void evicted(String key) {
            evicted.add(key);
        }

        @Override
        public void failed(String operation, IOException failure) {
            problems.add("failed: " + operation + ": " + failure);
        }
    }
}
