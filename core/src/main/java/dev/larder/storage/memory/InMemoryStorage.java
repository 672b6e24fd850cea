package dev.larder.storage.memory;

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
import java.util.LinkedHashSet;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Keeps entries in this process's memory, up to a number of entries and, if so configured, of bytes. When it is full the
 * least recently used entry goes, exactly; a use is what {@link #used} is told of, and the commit.
 *
 * <p><b>Size.</b> An entry counts for its body and an estimate of its head: 512 bytes, and for each field line, selecting
 * field and tag 96 bytes and its characters, and the characters of key and URI. Bodies that are still being written do
 * not count towards {@link Builder#maxBytes}.
 *
 * <p><b>Bodies</b> of up to 1 MiB are {@linkplain StoredEntry#inlineBody() inline}; nothing is ever copied for a reader.
 * The same {@link StoredEntry} object is answered until the entry is freshened or gone, and with it its
 * {@linkplain StoredEntry#attachment() attachment}.
 *
 * <p><b>Time to live.</b> A fixed one counts from {@link StoredResponse#createdAt()}, a sliding one from the last use.
 * Entries that have expired are never found; their memory is released when they are met or when later entries are
 * committed, at the latest a second after that became possible.
 */
public final class InMemoryStorage implements Storage {
    private static final int DEFAULT_MAX_ENTRIES = 128;
    private static final int DEFAULT_MAX_VARIANTS = 64;
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
    private final List<StorageListener> listeners = new CopyOnWriteArrayList<>();

    /**
     * The variants of each key, in immutable lists that are never empty. Read without the lock, written under it: a lookup
     * is one read of this map and allocates nothing.
     */
    private final ConcurrentHashMap<String, List<StoredEntry>> entries = new ConcurrentHashMap<>();

    private final ReentrantLock lock = new ReentrantLock();

    // All of these are written under the lock.
    private final Set<Writer> writers = new LinkedHashSet<>();
    private @Nullable Node oldest;
    private volatile @Nullable Node newest;
    private int count;
    private long bytes;
    private long turns;
    private long evictions;
    /** No entry expires before. */
    private long earliestExpiry = Entry.NEVER;
    /** When a commit may look for expired entries again. */
    private long nextSweep = Long.MIN_VALUE;

    private volatile boolean closed;

    private InMemoryStorage(Builder builder) {
        maxEntries = builder.maxEntries;
        maxBytes = builder.maxBytes;
        maxEntryBytes = Math.min(builder.maxBytes, builder.maxEntryBytes);
        maxVariants = builder.maxVariants;
        ttlMillis = builder.ttlMillis;
        slidingTtl = builder.slidingTtl;
        clock = builder.clock;
    }

    /** A storage of 128 entries of at most 16 MiB each. */
    public static InMemoryStorage create() {
        return builder().build();
    }

    /** A builder with the settings of {@link #create()}. */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public List<StoredEntry> lookup(String key) throws IOException {
        ensureOpen();
        List<StoredEntry> found = entries.get(key);
        if (found == null) {
            return List.of();
        }
        for (int i = 0; i < found.size(); i++) {
            Entry entry = (Entry) found.get(i);
            if (entry.expires() && entry.expiresAt() <= clock.millis()) {
                return withoutExpired(key);
            }
        }
        return found;
    }

    private List<StoredEntry> withoutExpired(String key) {
        lock.lock();
        try {
            long now = clock.millis();
            for (StoredEntry entry : entries.getOrDefault(key, List.of())) {
                if (((Entry) entry).expiresAt() <= now) {
                    unlink((Entry) entry);
                }
            }
            return entries.getOrDefault(key, List.of());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public @Nullable BodyReader open(StoredEntry entry) throws IOException {
        Entry own = own(entry);
        ensureOpen();
        return own.node.live && !isExpired(own) ? own.content.open() : null;
    }

    /**
     * {@inheritDoc}
     *
     * <p>Takes the lock only to move the entry to the end of the order of use, if it is not there already.
     */
    @Override
    public long used(StoredEntry entry) {
        Entry own = own(entry);
        Node node = own.node;
        long uses = node.countUse();
        // Who finds it expired must not bring it back to life.
        if (own.sliding() && !isExpired(own)) {
            node.lastUse = clock.millis();
        }
        // The racy look is good enough: at that instant it was the most recently used.
        if (newest != node) {
            lock.lock();
            try {
                if (node.live && newest != node) {
                    detach(node);
                    append(node);
                }
            } finally {
                lock.unlock();
            }
        }
        return uses;
    }

    @Override
    public EntryWriter create(StoredResponse head) throws IOException {
        Objects.requireNonNull(head, "head");
        Writer writer = new Writer(head);
        lock.lock();
        try {
            ensureOpen();
            writers.add(writer);
        } finally {
            lock.unlock();
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
        List<String> evicted = new ArrayList<>(0);
        boolean done = false;
        lock.lock();
        try {
            ensureOpen();
            Entry old = find(head.key(), head.id());
            if (old != null && isExpired(old)) {
                unlink(old);
            } else if (old != null) {
                Entry entry = new Entry(head, old.content, old.node, ttlMillis, slidingTtl);
                if (entry.size > maxEntryBytes) {
                    evict(old, evicted);
                } else {
                    replace(old, entry);
                    makeRoom(evicted);
                    done = entry.node.live;
                }
            }
        } finally {
            lock.unlock();
        }
        tell(evicted);
        return done;
    }

    @Override
    public boolean remove(String key, String id) throws IOException {
        lock.lock();
        try {
            ensureOpen();
            for (Writer writer : writers) {
                if (writer.head.id().equals(id) && writer.head.key().equals(key)) {
                    writer.discarded = true;
                }
            }
            Entry entry = find(key, id);
            return entry != null && unlink(entry);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public int removeKey(String key) throws IOException {
        lock.lock();
        try {
            ensureOpen();
            for (Writer writer : writers) {
                if (writer.head.key().equals(key)) {
                    writer.discarded = true;
                }
            }
            int removed = 0;
            for (StoredEntry entry : entries.getOrDefault(key, List.of())) {
                removed += unlink((Entry) entry) ? 1 : 0;
            }
            return removed;
        } finally {
            lock.unlock();
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>The condition is asked without the lock, so it may take its time and call this storage.
     */
    @Override
    public int removeIf(Predicate<StoredResponse> condition) throws IOException {
        List<Writer> unfinished;
        List<Entry> finished = new ArrayList<>();
        lock.lock();
        try {
            ensureOpen();
            unfinished = List.copyOf(writers);
            for (Node node = oldest; node != null; node = node.newer) {
                finished.add(entryOf(node));
            }
        } finally {
            lock.unlock();
        }
        int removed = 0;
        for (Writer writer : unfinished) {
            removed += condition.test(writer.head) && discard(writer) ? 1 : 0;
        }
        for (Entry entry : finished) {
            removed += removeIf(entry, condition) ? 1 : 0;
        }
        return removed;
    }

    /** Discards what is being written, or removes what has been committed since. */
    private boolean discard(Writer writer) {
        lock.lock();
        try {
            writer.discarded = true;
            Entry entry = find(writer.head.key(), writer.head.id());
            return entry != null && unlink(entry);
        } finally {
            lock.unlock();
        }
    }

    private boolean removeIf(Entry seen, Predicate<StoredResponse> condition) {
        Entry entry = seen;
        while (condition.test(entry.stored())) {
            lock.lock();
            try {
                Entry now = entryOf(entry.node);
                if (now == entry || !entry.node.live) {
                    return unlink(entry);
                }
                // It has been freshened: ask again.
                entry = now;
            } finally {
                lock.unlock();
            }
        }
        return false;
    }

    @Override
    public long clear() throws IOException {
        lock.lock();
        try {
            ensureOpen();
            return drop();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public Iterator<StoredEntry> entries() throws IOException {
        ensureOpen();
        return new AllEntries();
    }

    @Override
    public StorageStatistics statistics() throws IOException {
        lock.lock();
        try {
            ensureOpen();
            sweep(clock.millis());
            return new StorageStatistics(
                    count, bytes, maxEntries, maxBytes == Long.MAX_VALUE ? -1 : maxBytes, evictions);
        } finally {
            lock.unlock();
        }
    }

    /** What is left of the limits for an entry when its head is the smallest there is. */
    @Override
    public long maxBodyBytes() {
        return maxEntryBytes == Long.MAX_VALUE ? Long.MAX_VALUE : Math.max(0, maxEntryBytes - HeadSize.FIXED);
    }

    /** Never. */
    @Override
    public boolean blocks() {
        return false;
    }

    @Override
    public void addListener(StorageListener listener) {
        ((CopyOnWriteArrayList<StorageListener>) listeners).addIfAbsent(listener);
    }

    /** Forgets all entries. Bodies that are open can still be read. */
    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            drop();
        } finally {
            lock.unlock();
        }
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

    private void tell(List<String> evicted) {
        for (String key : evicted) {
            for (StorageListener listener : listeners) {
                listener.evicted(key);
            }
        }
    }

    // ---- everything below, up to the classes, runs under the lock

    private @Nullable Entry find(String key, String id) {
        List<StoredEntry> variants = entries.get(key);
        if (variants != null) {
            for (int i = 0; i < variants.size(); i++) {
                if (variants.get(i).stored().id().equals(id)) {
                    return (Entry) variants.get(i);
                }
            }
        }
        return null;
    }

    private void insert(Entry entry) {
        String key = entry.stored().key();
        List<StoredEntry> before = entries.getOrDefault(key, List.of());
        if (before.isEmpty()) {
            entries.put(key, List.of(entry));
        } else {
            List<StoredEntry> after = new ArrayList<>(before.size() + 1);
            after.addAll(before);
            after.add(entry);
            entries.put(key, Collections.unmodifiableList(after));
        }
        entry.node.entry = entry;
        entry.node.live = true;
        append(entry.node);
        count++;
        bytes += entry.size;
        expectExpiry(entry);
    }

    private void replace(Entry old, Entry entry) {
        String key = entry.stored().key();
        List<StoredEntry> after = new ArrayList<>(entries.getOrDefault(key, List.of()));
        after.set(after.indexOf(old), entry);
        entries.put(key, after.size() == 1 ? List.of(entry) : Collections.unmodifiableList(after));
        entry.node.entry = entry;
        bytes += entry.size - old.size;
        expectExpiry(entry);
    }

    /** Takes an entry out; false when it is not there, or only for want of a sweep. */
    private boolean unlink(Entry entry) {
        if (!entry.node.live) {
            return false;
        }
        boolean expired = isExpired(entry);
        String key = entry.stored().key();
        List<StoredEntry> before = entries.getOrDefault(key, List.of());
        if (before.size() == 1) {
            entries.remove(key);
        } else {
            List<StoredEntry> after = new ArrayList<>(before.size() - 1);
            for (int i = 0; i < before.size(); i++) {
                if (before.get(i) != entry) {
                    after.add(before.get(i));
                }
            }
            entries.put(key, after.size() == 1 ? List.of(after.get(0)) : Collections.unmodifiableList(after));
        }
        detach(entry.node);
        entry.node.live = false;
        count--;
        bytes -= entry.size;
        return !expired;
    }

    private void evict(Entry entry, List<String> evicted) {
        if (unlink(entry)) {
            evictions++;
            evicted.add(entry.stored().key());
        }
    }

    private void makeRoom(List<String> evicted) {
        while (count > maxEntries || bytes > maxBytes) {
            evict(entryOf(Objects.requireNonNull(oldest)), evicted);
        }
    }

    private void limitVariants(String key, List<String> evicted) {
        List<StoredEntry> variants = entries.getOrDefault(key, List.of());
        if (variants.size() > maxVariants) {
            Entry first = (Entry) variants.get(0);
            for (int i = 1; i < variants.size(); i++) {
                Entry entry = (Entry) variants.get(i);
                first = entry.node.turn < first.node.turn ? entry : first;
            }
            evict(first, evicted);
        }
    }

    private void expectExpiry(Entry entry) {
        if (entry.expires()) {
            earliestExpiry = Math.min(earliestExpiry, entry.expiresAt());
        }
    }

    /** Drops what has expired, if anything can have. */
    private void sweep(long now) {
        if (now < earliestExpiry) {
            return;
        }
        long next = Entry.NEVER;
        Node node = oldest;
        while (node != null) {
            Node newer = node.newer;
            long expiresAt = entryOf(node).expiresAt();
            if (expiresAt <= now) {
                unlink(entryOf(node));
            } else {
                next = Math.min(next, expiresAt);
            }
            node = newer;
        }
        earliestExpiry = next;
        nextSweep = now + SWEEP_INTERVAL_MILLIS;
    }

    /** Forgets everything, and what is being written too. */
    private long drop() {
        sweep(clock.millis());
        long dropped = count;
        for (Writer writer : writers) {
            writer.discarded = true;
        }
        entries.clear();
        Node node = oldest;
        while (node != null) {
            Node newer = node.newer;
            node.live = false;
            // Who still holds one of them shall not hold all.
            node.older = null;
            node.newer = null;
            node = newer;
        }
        oldest = null;
        newest = null;
        count = 0;
        bytes = 0;
        earliestExpiry = Entry.NEVER;
        return dropped;
    }

    private void append(Node node) {
        Node last = newest;
        node.older = last;
        node.newer = null;
        if (last == null) {
            oldest = node;
        } else {
            last.newer = node;
        }
        newest = node;
        node.turn = ++turns;
    }

    private void detach(Node node) {
        Node older = node.older;
        Node newer = node.newer;
        if (older == null) {
            oldest = newer;
        } else {
            older.newer = newer;
        }
        if (newer == null) {
            newest = older;
        } else {
            newer.older = older;
        }
        node.older = null;
        node.newer = null;
    }

    private static Entry entryOf(Node node) {
        return Objects.requireNonNull(node.entry);
    }

    private final class Writer implements EntryWriter {
        private final StoredResponse head;
        private final long maxBody;
        private volatile @Nullable Body body = new Body();
        private long written;
        private boolean committed;
        /** A removal has hit it. Under the lock. */
        private boolean discarded;

        private volatile boolean released;

        Writer(StoredResponse head) {
            this.head = head;
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
            // Outside the lock: it may copy up to a mebibyte.
            Content content = whole == null || written > maxBody ? null : Content.of(whole, MAX_INLINE);
            List<String> evicted = new ArrayList<>(0);
            lock.lock();
            try {
                ensureOpen();
                writers.remove(this);
                if (content == null || discarded) {
                    return false;
                }
                long now = clock.millis();
                Node node = new Node(InMemoryStorage.this);
                node.lastUse = now;
                insert(new Entry(head, content, node, ttlMillis, slidingTtl));
                for (StoredResponse other : replaced) {
                    Entry entry = find(head.key(), other.id());
                    if (entry != null && entry.node != node) {
                        unlink(entry);
                    }
                }
                if (now >= nextSweep) {
                    sweep(now);
                }
                limitVariants(head.key(), evicted);
                makeRoom(evicted);
            } finally {
                lock.unlock();
            }
            tell(evicted);
            return true;
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
            if (!released) {
                released = true;
                body = null;
                lock.lock();
                try {
                    writers.remove(this);
                } finally {
                    lock.unlock();
                }
            }
        }
    }

    /** Holds the variants of one key at a time. */
    private final class AllEntries implements Iterator<StoredEntry> {
        private final Iterator<List<StoredEntry>> keys = entries.values().iterator();
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

    /** Builds an {@link InMemoryStorage}. Not thread-safe. */
    public static final class Builder {
        private int maxEntries = DEFAULT_MAX_ENTRIES;
        private long maxBytes = Long.MAX_VALUE;
        private long maxEntryBytes = DEFAULT_MAX_ENTRY_BYTES;
        private int maxVariants = DEFAULT_MAX_VARIANTS;
        private long ttlMillis = StoredResponse.NO_TTL;
        private boolean slidingTtl;
        private InstantSource clock = InstantSource.system();

        private Builder() {}

        /**
         * How many entries are kept; 128 unless told.
         *
         * @throws IllegalArgumentException if that is not at least 1
         */
        public Builder maxEntries(int entries) {
            maxEntries = (int) atLeastOne("maxEntries", entries);
            return this;
        }

        /**
         * How many bytes are kept, {@linkplain InMemoryStorage heads included}; not limited unless told.
         *
         * @throws IllegalArgumentException if that is not at least 1
         */
        public Builder maxBytes(long bytes) {
            maxBytes = atLeastOne("maxBytes", bytes);
            return this;
        }

        /**
         * The size of the largest entry that is kept, {@linkplain InMemoryStorage its head included}: 16 MiB unless
         * told, so that a download does not fill the heap. Longer responses are served and not stored.
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

        /** The storage. */
        public InMemoryStorage build() {
            return new InMemoryStorage(this);
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
