package dev.larder.storage.caffeine;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.RemovalCause;
import dev.larder.internal.memory.Body;
import dev.larder.internal.memory.Content;
import dev.larder.internal.memory.HeadSize;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryTooLargeException;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.Storage;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StorageStatistics;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Keeps entries in this process's memory, up to a number of bytes, of entries, or both, and lets Caffeine choose what goes
 * when it is full: what is used often stays, even if a burst of other responses comes between (W-TinyLFU). Neither a
 * lookup nor a use takes a lock, so it suits many threads.
 *
 * <p><b>Admission.</b> A newcomer has to be more popular than what would go for it. The response stored last is always
 * there; when the next one is stored it competes, and may be evicted at once although others have not been used for
 * longer. Its popularity is remembered by key, so when it is fetched and stored again it has better prospects.
 *
 * <p><b>Size.</b> An entry counts for its body and an estimate of its head, as in
 * {@link dev.larder.storage.memory.InMemoryStorage}. What was stored last does not count, and neither do bodies that are
 * still being written: memory may exceed {@link Builder#maxBytes} by these. Each variant of a key weighs and goes on its
 * own.
 *
 * <p><b>Bodies</b> of up to 1 MiB are {@linkplain StoredEntry#inlineBody() inline}; nothing is ever copied for a reader.
 * The same {@link StoredEntry} object is answered until the entry is freshened or gone, and with it its
 * {@linkplain StoredEntry#attachment() attachment}.
 *
 * <p><b>Time to live.</b> A fixed one counts from {@link StoredResponse#createdAt()}, a sliding one from the last use.
 * Entries that have expired are never found; their memory is released when they are met or when later entries are
 * committed, at the latest a second after that became possible. Freshness plays no part: a stale response may be
 * revalidated.
 */
public final class CaffeineStorage implements Storage {
    /*
     * Two structures have to agree: the index, which maps a key to its variants and is the truth, and Caffeine's cache,
     * which knows nodes one by one and decides which of them goes. Caffeine could expire them, too; but then each use would
     * read the clock and cost two or three times as much.
     *
     * An entry is there when the index holds it, and enters and leaves it in one atomic step of its key, during which
     * Caffeine is never called. Whoever takes an entry out tells Caffeine afterwards; and whoever puts one in looks
     * afterwards whether it has been taken out meanwhile. Caffeine tells of an eviction while it holds locks of its own, and
     * then the index is locked last. So locks are always taken in the same order, and neither side can keep what the other
     * has forgotten.
     */

    private static final int DEFAULT_MAX_VARIANTS = 64;
    private static final long DEFAULT_MAX_BYTES = 64L << 20;
    private static final long DEFAULT_MAX_ENTRY_BYTES = 16L << 20;
    private static final int MAX_INLINE = 1 << 20;
    /** Looking for expired entries walks all of them, so not on every commit. */
    private static final long SWEEP_INTERVAL_MILLIS = 1000;

    private final int maxEntries;
    private final long maxBytes;
    private final long maxEntryBytes;
    private final int maxVariants;
    private final long ttlMillis;
    private final boolean slidingTtl;
    private final InstantSource clock;
    private final CopyOnWriteArrayList<StorageListener> listeners = new CopyOnWriteArrayList<>();

    /** The variants of each key, in immutable lists that are never empty. */
    private final ConcurrentHashMap<String, List<StoredEntry>> index = new ConcurrentHashMap<>();

    private final Cache<Node, Node> cache;

    /** The node that is pinned, so that what has just been stored is there. */
    private final AtomicReference<@Nullable Node> newest = new AtomicReference<>();

    private final Set<Writer> writers = ConcurrentHashMap.newKeySet();

    /** Keys of evicted entries that listeners have not been told of, because Caffeine held its lock. */
    private final Queue<String> untold = new ConcurrentLinkedQueue<>();

    private final LongAdder count = new LongAdder();
    private final LongAdder bytes = new LongAdder();
    private final LongAdder evictions = new LongAdder();

    /** No entry expires before. */
    private final AtomicLong earliestExpiry = new AtomicLong(Entry.NEVER);
    /** When a commit may look for expired entries again. */
    private final AtomicLong nextSweep = new AtomicLong(Long.MIN_VALUE);

    private volatile boolean closed;

    private CaffeineStorage(Builder builder) {
        maxEntries = builder.maxEntries;
        maxBytes = builder.maxBytes >= 0 ? builder.maxBytes : maxEntries >= 0 ? Long.MAX_VALUE : DEFAULT_MAX_BYTES;
        // Caffeine weighs in ints.
        maxEntryBytes = Math.min(Integer.MAX_VALUE, Math.min(maxBytes, builder.maxEntryBytes));
        maxVariants = builder.maxVariants;
        ttlMillis = builder.ttlMillis;
        slidingTtl = builder.slidingTtl;
        clock = builder.clock;
        boolean byBytes = maxBytes != Long.MAX_VALUE;
        long least = !byBytes ? 1 : maxEntries < 0 ? 0 : Math.min(Integer.MAX_VALUE, (maxBytes - 1) / maxEntries + 1);
        Executor executor = builder.executor;
        cache = Caffeine.newBuilder()
                .maximumWeight(byBytes ? maxBytes : maxEntries)
                .weigher((Node key, Node node) ->
                        node.pinned ? 0 : (int) (byBytes ? Math.max(least, entryOf(node).size) : least))
                .executor(
                        executor == null
                                ? Runnable::run
                                : task -> executor.execute(() -> {
                                    task.run();
                                    tell();
                                }))
                .evictionListener(this::leftCache)
                .build();
    }

    /** A storage of 64 MiB, of which an entry takes at most 16. */
    public static CaffeineStorage create() {
        return builder().build();
    }

    /** A builder with the settings of {@link #create()}. */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public List<StoredEntry> lookup(String key) throws IOException {
        ensureOpen();
        List<StoredEntry> found = index.get(key);
        if (found == null) {
            return List.of();
        }
        for (int i = 0; i < found.size(); i++) {
            if (isExpired((Entry) found.get(i))) {
                drop(key, this::isExpired);
                return index.getOrDefault(key, List.of());
            }
        }
        return found;
    }

    @Override
    public @Nullable BodyReader open(StoredEntry entry) throws IOException {
        Entry own = own(entry);
        ensureOpen();
        return own.node.live && !isExpired(own) ? own.content.open() : null;
    }

    @Override
    public long used(StoredEntry entry) {
        Entry own = own(entry);
        Node node = own.node;
        long uses = node.countUse();
        // Who finds it gone or expired must not bring it back to life.
        if (node.live && !isExpired(own)) {
            // Reading the clock takes longer than the rest.
            if (node.hasSiblings || own.sliding()) {
                node.lastUse = clock.millis();
            }
            var unused = cache.getIfPresent(node); // only counted
            tell();
        }
        return uses;
    }

    @Override
    public EntryWriter create(StoredResponse head) throws IOException {
        Writer writer = new Writer(head);
        writers.add(writer);
        if (closed) {
            writers.remove(writer);
            ensureOpen();
        }
        return writer;
    }

    /**
     * {@inheritDoc}
     *
     * <p>An entry that its new head makes too large is removed.
     */
    @Override
    public boolean freshen(StoredResponse head) throws IOException {
        ensureOpen();
        String key = head.key();
        Entry old = find(key, head.id());
        if (old == null) {
            return false;
        }
        Node node = old.node;
        Entry entry = new Entry(head, old.content, node, ttlMillis, slidingTtl);
        if (isExpired(old)) {
            drop(key, e -> e.node == node);
            return false;
        }
        if (entry.size > maxEntryBytes) {
            evict(unlink(key, e -> e.node == node));
            tell();
            return false;
        }
        index.computeIfPresent(key, (k, before) -> {
            if (!node.live) {
                return before;
            }
            List<StoredEntry> after = new ArrayList<>(before);
            after.replaceAll(e -> ((Entry) e).node == node ? entry : e);
            bytes.add(entry.size - entryOf(node).size);
            node.entry = entry;
            return immutable(after);
        });
        expectExpiry(entry);
        weighAgain(node);
        tell();
        return node.live;
    }

    @Override
    public boolean remove(String key, String id) throws IOException {
        ensureOpen();
        for (Writer writer : writers) {
            if (writer.head.id().equals(id) && writer.head.key().equals(key)) {
                writer.discarded = true;
            }
        }
        return drop(key, entry -> entry.stored().id().equals(id)) > 0;
    }

    @Override
    public int removeKey(String key) throws IOException {
        ensureOpen();
        for (Writer writer : writers) {
            if (writer.head.key().equals(key)) {
                writer.discarded = true;
            }
        }
        return drop(key, entry -> true);
    }

    /**
     * {@inheritDoc}
     *
     * <p>The condition is asked without a lock, so it may take its time and call this storage.
     */
    @Override
    public int removeIf(Predicate<StoredResponse> condition) throws IOException {
        ensureOpen();
        int removed = 0;
        for (Writer writer : writers) {
            if (condition.test(writer.head)) {
                writer.discarded = true;
                // It may have been committed just before.
                removed += drop(writer.head.key(), e -> e.stored().id().equals(writer.head.id()));
            }
        }
        for (List<StoredEntry> variants : index.values()) {
            for (StoredEntry entry : variants) {
                removed += removeIf((Entry) entry, condition) ? 1 : 0;
            }
        }
        return removed;
    }

    private boolean removeIf(Entry seen, Predicate<StoredResponse> condition) {
        Node node = seen.node;
        Entry entry = seen;
        while (condition.test(entry.stored())) {
            Entry tested = entry;
            if (drop(tested.stored().key(), e -> e == tested) > 0) {
                return true;
            }
            entry = entryOf(node);
            if (!node.live || entry == tested) {
                return false;
            }
            // It has been freshened: ask again.
        }
        return false;
    }

    @Override
    public long clear() throws IOException {
        ensureOpen();
        return dropAll();
    }

    private long dropAll() {
        long dropped = 0;
        for (Writer writer : writers) {
            writer.discarded = true;
            // It may be about to bring its key into being, which going through the keys need not meet.
            dropped += drop(writer.head.key(), entry -> true);
        }
        for (String key : index.keySet()) {
            dropped += drop(key, entry -> true);
        }
        return dropped;
    }

    @Override
    public Iterator<StoredEntry> entries() throws IOException {
        ensureOpen();
        return new AllEntries();
    }

    /**
     * {@inheritDoc}
     *
     * <p>Looks through all entries if some of them have a time to live.
     */
    @Override
    public StorageStatistics statistics() throws IOException {
        ensureOpen();
        cache.cleanUp();
        tell();
        sweep(clock.millis());
        return new StorageStatistics(
                count.sum(), bytes.sum(), maxEntries, maxBytes == Long.MAX_VALUE ? -1 : maxBytes, evictions.sum());
    }

    /** What is left of the limits for an entry when its head is the smallest there is. */
    @Override
    public long maxBodyBytes() {
        return Math.max(0, maxEntryBytes - HeadSize.FIXED);
    }

    /** Never. */
    @Override
    public boolean blocks() {
        return false;
    }

    @Override
    public void addListener(StorageListener listener) {
        listeners.addIfAbsent(listener);
    }

    /** Forgets all entries. Bodies that are open can still be read. */
    @Override
    public void close() {
        closed = true;
        dropAll();
    }

    private void ensureOpen() throws IOException {
        if (closed) {
            throw new IOException("storage is closed");
        }
    }

    private boolean isExpired(Entry entry) {
        return entry.expires() && entry.expiresAt() <= clock.millis();
    }

    private Entry own(StoredEntry entry) {
        if (entry instanceof Entry own && own.node.owner == this) {
            return own;
        }
        throw new IllegalArgumentException("not an entry of this storage: " + entry);
    }

    private static Entry entryOf(Node node) {
        return Objects.requireNonNull(node.entry);
    }

    private @Nullable Entry find(String key, String id) {
        for (StoredEntry entry : index.getOrDefault(key, List.of())) {
            if (entry.stored().id().equals(id)) {
                return (Entry) entry;
            }
        }
        return null;
    }

    // ---- for tests

    /** All that the index holds, expired or not. */
    List<StoredEntry> indexed() {
        List<StoredEntry> all = new ArrayList<>();
        index.values().forEach(all::addAll);
        return all;
    }

    /** What the index and the cache do not agree on when nothing is going on; empty if they do. */
    String disagreement() {
        cache.cleanUp();
        Set<Node> cached = cache.asMap().keySet();
        List<StoredEntry> indexed = indexed();
        long weight = 0;
        for (StoredEntry entry : indexed) {
            Node node = ((Entry) entry).node;
            if (!node.live || entryOf(node) != entry || !cached.contains(node)) {
                return "in the index only: " + entry.stored();
            }
            weight += node.pinned ? 0 : ((Entry) entry).size;
        }
        for (Node node : cached) {
            if (!node.live) {
                return "in the cache only: " + entryOf(node).stored();
            }
        }
        long weighed = cache.policy().eviction().orElseThrow().weightedSize().orElse(weight);
        return weighed == weight ? "" : "weighs " + weighed + " instead of " + weight;
    }

    // ---- the index and the cache

    private static List<StoredEntry> immutable(List<StoredEntry> variants) {
        return variants.size() == 1 ? List.of(variants.get(0)) : Collections.unmodifiableList(variants);
    }

    /** Takes variants out of the index, and of the index alone. */
    private List<Entry> unlink(String key, Predicate<Entry> which) {
        List<Entry> gone = new ArrayList<>(1);
        index.computeIfPresent(key, (k, before) -> {
            List<StoredEntry> after = new ArrayList<>(before.size());
            for (StoredEntry each : before) {
                Entry entry = (Entry) each;
                if (which.test(entry)) {
                    gone.add(entry);
                } else {
                    after.add(entry);
                }
            }
            if (gone.isEmpty()) {
                return before;
            }
            gone.forEach(this::left);
            return after.isEmpty() ? null : immutable(after);
        });
        return gone;
    }

    /** For what happens to the index: an entry is not in it any more. */
    private void left(Entry entry) {
        entry.node.live = false;
        count.decrement();
        bytes.add(-entry.size);
    }

    /** Tells Caffeine of nodes that have left the index. */
    private void forget(List<Entry> gone) {
        for (Entry entry : gone) {
            newest.compareAndSet(entry.node, null);
            cache.invalidate(entry.node);
        }
    }

    /** Takes variants out; how many of them had not expired. */
    private int drop(String key, Predicate<Entry> which) {
        List<Entry> gone = unlink(key, which);
        forget(gone);
        int dropped = 0;
        for (Entry entry : gone) {
            dropped += isExpired(entry) ? 0 : 1;
        }
        return dropped;
    }

    private void evict(List<Entry> gone) {
        forget(gone);
        gone.forEach(this::evicted);
    }

    private void evicted(Entry entry) {
        if (!isExpired(entry)) {
            evictions.increment();
            untold.add(entry.stored().key());
        }
    }

    /** Called by Caffeine, which holds locks: the index may be changed here, and the cache must not be. */
    private void leftCache(@Nullable Node key, @Nullable Node value, RemovalCause cause) {
        Node node = Objects.requireNonNull(key);
        newest.compareAndSet(node, null);
        for (Entry entry : unlink(entryOf(node).stored().key(), e -> e.node == node)) {
            if (cause == RemovalCause.SIZE) {
                evicted(entry);
            }
        }
    }

    private void expectExpiry(Entry entry) {
        if (entry.expires()) {
            earliestExpiry.accumulateAndGet(entry.expiresAt(), Math::min);
        }
    }

    private void sweepIfDue() {
        if (earliestExpiry.get() == Entry.NEVER) {
            return;
        }
        long now = clock.millis();
        long next = nextSweep.get();
        if (now >= next && nextSweep.compareAndSet(next, now + SWEEP_INTERVAL_MILLIS)) {
            sweep(now);
        }
    }

    /** Drops what has expired, if anything can have. */
    private void sweep(long now) {
        if (now < earliestExpiry.get()) {
            return;
        }
        // Entries that come from now on lower it themselves.
        earliestExpiry.set(Entry.NEVER);
        for (String key : index.keySet()) {
            boolean any = false;
            for (StoredEntry each : index.getOrDefault(key, List.of())) {
                Entry entry = (Entry) each;
                if (isExpired(entry)) {
                    any = true;
                } else {
                    expectExpiry(entry);
                }
            }
            if (any) {
                drop(key, this::isExpired);
            }
        }
    }

    private void weighAgain(Node node) {
        cache.asMap().computeIfPresent(node, (key, value) -> value);
    }

    /** Gives the pin to a node that has just been put into the cache, and the one before into the competition. */
    private void pin(Node node) {
        Node before = newest.getAndSet(node);
        if (!node.live) {
            newest.compareAndSet(node, null);
        }
        if (before != null) {
            before.pinned = false;
            weighAgain(before);
        }
    }

    private void tell() {
        if (untold.isEmpty()) {
            return;
        }
        for (String key = untold.poll(); key != null; key = untold.poll()) {
            for (StorageListener listener : listeners) {
                listener.evicted(key);
            }
        }
    }

    private final class Writer implements EntryWriter {
        private final StoredResponse head;
        private final long maxBody;
        private volatile @Nullable Body body = new Body();
        private long written;
        private boolean committed;
        /** A removal has hit it. */
        private volatile boolean discarded;

        private volatile boolean released;

        Writer(StoredResponse head) {
            this.head = Objects.requireNonNull(head, "head");
            this.maxBody = maxEntryBytes - HeadSize.of(head);
        }

        @Override
        public void write(ByteBuffer source) throws IOException {
            ensureWritable();
            Body target = body;
            written += source.remaining();
            if (written > maxBody || target == null) {
                // It will never be committed, so it does not grow; what is there may still be read back.
                throw new EntryTooLargeException();
            }
            target.append(source);
        }

        @Override
        public boolean readsBack() {
            return true;
        }

        @Override
        public int readBack(long position, ByteBuffer target) throws IOException {
            Body source = body;
            if (source == null) {
                throw new IOException("writer is closed");
            }
            if (position < 0 || position >= source.length()) {
                throw new IllegalArgumentException(
                        "position " + position + " when " + source.length() + " bytes are written");
            }
            return source.read(position, target);
        }

        @Override
        public boolean commit(List<StoredResponse> replaced) throws IOException {
            ensureWritable();
            committed = true;
            Body whole = body;
            if (whole == null || written > maxBody) {
                writers.remove(this);
                return false;
            }
            Node node = new Node(CaffeineStorage.this, head);
            node.lastUse = clock.millis();
            Entry entry = new Entry(head, Content.of(whole, MAX_INLINE), node, ttlMillis, slidingTtl);
            List<Entry> gone = new ArrayList<>(1);
            List<Entry> surplus = new ArrayList<>(0);
            index.compute(head.key(), (key, before) -> enter(entry, replaced, before, gone, surplus));
            writers.remove(this);
            forget(gone);
            evict(surplus);
            if (!node.live && !discarded) {
                ensureOpen();
            }
            if (node.live) {
                cache.put(node, node);
                if (!node.live) {
                    cache.invalidate(node);
                }
                pin(node);
                expectExpiry(entry);
            }
            sweepIfDue();
            tell();
            return node.entry != null;
        }

        /** The variants of the key when the entry is among them. */
        private @Nullable List<StoredEntry> enter(
                Entry entry,
                List<StoredResponse> replaced,
                @Nullable List<StoredEntry> before,
                List<Entry> gone,
                List<Entry> surplus) {
            if (discarded || closed) {
                return before;
            }
            List<StoredEntry> after = new ArrayList<>(before == null ? 1 : before.size() + 1);
            for (StoredEntry each : before == null ? List.<StoredEntry>of() : before) {
                boolean replace = false;
                for (StoredResponse other : replaced) {
                    replace |= other.id().equals(each.stored().id());
                }
                if (replace) {
                    gone.add((Entry) each);
                } else {
                    after.add(each);
                }
            }
            while (after.size() >= maxVariants) {
                Entry first = leastRecentlyUsed(after);
                after.remove(first);
                surplus.add(first);
            }
            after.add(entry);
            if (after.size() > 1) {
                after.forEach(each -> ((Entry) each).node.hasSiblings = true);
            }
            gone.forEach(CaffeineStorage.this::left);
            surplus.forEach(CaffeineStorage.this::left);
            entry.node.entry = entry;
            entry.node.live = true;
            count.increment();
            bytes.add(entry.size);
            return immutable(after);
        }

        private void ensureWritable() throws IOException {
            ensureOpen();
            if (released) {
                throw new IOException("writer is closed");
            }
            if (committed) {
                throw new IllegalStateException("commit has been called");
            }
        }

        @Override
        public void close() {
            released = true;
            body = null;
            writers.remove(this);
        }
    }

    private static Entry leastRecentlyUsed(List<StoredEntry> variants) {
        Entry first = (Entry) variants.get(0);
        for (int i = 1; i < variants.size(); i++) {
            Entry entry = (Entry) variants.get(i);
            // Of those used in the same millisecond, the one stored first, which comes first in the list.
            first = entry.node.lastUse < first.node.lastUse ? entry : first;
        }
        return first;
    }

    /** Holds the variants of one key at a time. */
    private final class AllEntries implements Iterator<StoredEntry> {
        private final Iterator<List<StoredEntry>> keys = index.values().iterator();
        private List<StoredEntry> variants = List.of();
        private int at;
        private @Nullable Entry next;

        @Override
        public boolean hasNext() {
            while (next == null) {
                if (closed) {
                    // Otherwise what has been seen so far would pass for everything.
                    throw new UncheckedIOException(new IOException("storage is closed"));
                }
                if (at == variants.size()) {
                    if (!keys.hasNext()) {
                        return false;
                    }
                    variants = keys.next();
                    at = 0;
                }
                Entry entry = (Entry) variants.get(at++);
                next = isExpired(entry) ? null : entry;
            }
            return true;
        }

        @Override
        public StoredEntry next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            StoredEntry entry = Objects.requireNonNull(next);
            next = null;
            return entry;
        }
    }

    /** Builds a {@link CaffeineStorage}. Not thread-safe. */
    public static final class Builder {
        private int maxEntries = -1;
        private long maxBytes = -1;
        private long maxEntryBytes = DEFAULT_MAX_ENTRY_BYTES;
        private int maxVariants = DEFAULT_MAX_VARIANTS;
        private long ttlMillis = StoredResponse.NO_TTL;
        private boolean slidingTtl;
        private InstantSource clock = InstantSource.system();
        private @Nullable Executor executor;

        private Builder() {}

        /**
         * How many entries are kept, beside the one that was stored last; not limited unless told. Together with
         * {@link #maxBytes} an entry counts for its share of the bytes at least, so that both limits hold.
         *
         * @throws IllegalArgumentException if that is not at least 1
         */
        public Builder maxEntries(int entries) {
            maxEntries = (int) atLeastOne("maxEntries", entries);
            return this;
        }

        /**
         * How many bytes are kept, {@linkplain CaffeineStorage heads included}, beside the entry that was stored last. 64
         * MiB unless this or {@link #maxEntries} is told.
         *
         * @throws IllegalArgumentException if that is not at least 1
         */
        public Builder maxBytes(long bytes) {
            maxBytes = atLeastOne("maxBytes", bytes);
            return this;
        }

        /**
         * The size of the largest entry that is kept, {@linkplain CaffeineStorage its head included}: 16 MiB unless told, and
         * never more than 2 GiB. Longer responses are served and not stored.
         *
         * @throws IllegalArgumentException if that is not at least 1
         */
        public Builder maxEntryBytes(long bytes) {
            maxEntryBytes = atLeastOne("maxEntryBytes", bytes);
            return this;
        }

        /**
         * How long an entry is kept from when it was first stored, if it says nothing itself. Replaces
         * {@link #slidingTtl}; without either, entries are kept as long as there is room.
         *
         * @throws IllegalArgumentException if that is not at least a millisecond
         */
        public Builder ttl(Duration ttl) {
            ttlMillis = millis("ttl", ttl);
            slidingTtl = false;
            return this;
        }

        /**
         * How long an entry is kept from its last use, if it says nothing itself. Replaces {@link #ttl}.
         *
         * @throws IllegalArgumentException if that is not at least a millisecond
         */
        public Builder slidingTtl(Duration ttl) {
            ttlMillis = millis("slidingTtl", ttl);
            slidingTtl = true;
            return this;
        }

        /**
         * How many entries a key may have; when there are more, its least recently used one goes. 64 unless told.
         *
         * @throws IllegalArgumentException if that is not at least 1
         */
        public Builder maxVariants(int variants) {
            maxVariants = (int) atLeastOne("maxVariants", variants);
            return this;
        }

        /** What tells the time; the system's clock unless told. */
        public Builder clock(InstantSource clock) {
            this.clock = Objects.requireNonNull(clock, "clock");
            return this;
        }

        /**
         * Runs evictions. Unless told, whoever stores or uses an entry does the little that is due, so that capacity holds
         * when a commit returns. With an executor of its own that work is done elsewhere, and a little later.
         */
        public Builder executor(Executor executor) {
            this.executor = Objects.requireNonNull(executor, "executor");
            return this;
        }

        /** The storage. */
        public CaffeineStorage build() {
            return new CaffeineStorage(this);
        }

        private static long atLeastOne(String name, long value) {
            if (value < 1) {
                throw new IllegalArgumentException(name + " must be at least 1, not " + value);
            }
            return value;
        }

        private static long millis(String name, Duration ttl) {
            if (ttl.compareTo(Duration.ofMillis(1)) < 0) {
                throw new IllegalArgumentException(name + " must be at least a millisecond, not " + ttl);
            }
            // Beyond that there is no overflow-free number of milliseconds; it is for ever anyway.
            return ttl.compareTo(Duration.ofMillis(Long.MAX_VALUE)) >= 0 ? Long.MAX_VALUE : ttl.toMillis();
        }
    }
}
