package dev.larder.storage.file;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.BinarySerializer;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.Serializer;
import dev.larder.storage.Storage;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StorageStatistics;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Keeps entries in a directory, one file each. Any number of processes may use the directory at once.
 *
 * <h2>Layout</h2>
 *
 * <pre>
 * larder.format                       the version of this layout
 * CACHEDIR.TAG                        has backup programs leave the directory out
 * lock                                empty; its regions are locked while entries are changed
 * removals                            remembers removals ({@code RemovalTable})
 * tmp/&lt;id&gt;                            files being written
 * entries/&lt;3 digits&gt;/&lt;61 digits&gt;.&lt;id&gt;  the entries: SHA-256 of the key, then the entry's id
 * </pre>
 *
 * <p>There is no index, so there is none to lose, to repair, or to fight over. An entry's file says all there is to know of
 * it, under checksums that hold for this entry and no other ({@code EntryFormat} has the bytes): a fixed prefix, the head
 * as a {@link Serializer} wrote it, and the body in chunks of 64 KiB. What an index would be good for is had otherwise:
 *
 * <ul>
 *   <li><i>Which variants has a key?</i> Names begin with the hash of the key. The listing of a shard, one of 4096
 *       directories, is remembered until the directory's modification time changes.
 *   <li><i>Which entry was used least recently?</i> The modification time of a file is its last use.
 *   <li><i>How much is there?</i> Counted once by a walk over the directory, when that is first needed to store something;
 *       kept up to date for what this process does, and counted anew by each sweep for what others did.
 * </ul>
 *
 * <h2>Writing</h2>
 *
 * <p>A new entry is written to {@code tmp}, first without its magic number, which comes last, and is renamed into its
 * shard, which is atomic; only then are those that it replaces removed. A crash leaves the old entries, or for a moment
 * both, or the new one; at worst a temporary file without an owner, which the next sweep removes. A body of up to one
 * chunk is not written at all before the commit.
 *
 * <p>A validation ({@link #freshen}) appends the new head to the file, and the last whole head counts. So a 304 for a
 * gigabyte costs a write of a kilobyte, and a torn write leaves the head that was there. A head that is whole but damaged
 * condemns the entry: an older head may allow what the newer one forbade. When the heads outgrow a bound the file is
 * written anew.
 *
 * <p>Changes are made under a lock for the shard's group, in the process and between processes. Readers take no lock.
 *
 * <p>Without {@link Builder#durable} nothing waits for the disk. A loss of power may then take the youngest entries with
 * it; checksums see to it that it takes them whole. A process that dies loses nothing that was committed.
 *
 * <h2>Reading</h2>
 *
 * <p>A hit on a file of up to 64 KiB is one look at the shard's modification time, and one opening, one read and one
 * closing of the file; everything is checked before it is handed out. The head is parsed only when it is not the one that
 * was parsed before. Of larger files, only the beginning and the heads behind the body are read; the body is read by
 * {@link #open}, and checked chunk by chunk. A use is counted in memory and written to the file at most once a minute.
 *
 * <h2>What it costs, and what it does not do</h2>
 *
 * <ul>
 *   <li>The size of entries is the size of their files. The file system's blocks make a directory of many small entries
 *       larger than that, and files being written come on top.
 *   <li>{@link Builder#maxBytes} and {@link Builder#maxEntries} are kept to exactly within a process. What another process adds is noticed by the next
 *       sweep, so that several may exceed them together for as long as that takes.
 *   <li>{@link #removeIf} does not stop a writer of another process that it would have hit; {@link #removeKey} and {@link
 *       #clear} do.
 *   <li>Files and locks are those of a local disk. Network file systems keep neither the locks nor the times that this
 *       relies on. Two copies of this library in one process, under two class loaders, must not share a directory.
 *   <li>Whoever can write to the directory can forge entries: the checksums are against accidents. Only its owner can, and
 *       a directory where that is not so is refused.
 * </ul>
 */
public final class FileStorage implements Storage {
    private static final long USE_INTERVAL = 60_000;
    private final Layout layout;
    private final SharedDirectory shared;
    private final ShardListings listings;
    private final EntryNames entryNames = new EntryNames();
    private final EntryReader reader;
    private final HeadUpdate headUpdate;
    private final UseCounts.Stamps stamps = new UseCounts.Stamps();
    private final UseCounts uses = new UseCounts(stamps);
    private final Sweeper sweeper;
    private final List<StorageListener> listeners = new CopyOnWriteArrayList<>();

    private final InstantSource clock;
    private final Serializer serializer;
    private final Executor executor;
    private final long ttlMillis;
    private final boolean slidingTtl;
    private final long sweepEveryMillis;
    private final long maxEntries;
    private final long maxBytes;
    private final long maxEntryBytes;
    private final int maxVariants;
    private final boolean durable;

    private final AtomicLong evictions = new AtomicLong();
    private volatile boolean keepsDamaged;
    private final AtomicLong nextSweep;
    private final AtomicBoolean sweeping = new AtomicBoolean();
    /** Held by a sweep in the background, which {@link #close} waits for: it ends at the next file. */
    private final ReentrantLock sweepUnderWay = new ReentrantLock();

    private final AtomicBoolean closed = new AtomicBoolean();

    private FileStorage(Builder builder, Path directory) throws IOException {
        clock = builder.clock;
        serializer = builder.serializer;
        executor = builder.executor;
        ttlMillis = builder.ttl == null ? StoredResponse.NO_TTL : millis(builder.ttl);
        slidingTtl = builder.sliding;
        sweepEveryMillis = millis(builder.checkTtlEvery);
        maxEntries = builder.maxEntries;
        maxBytes = builder.maxBytes;
        maxEntryBytes = Math.min(builder.maxEntryBytes < 0 ? maxBytes / 4 : builder.maxEntryBytes, maxBytes);
        maxVariants = builder.maxVariants;
        durable = builder.durable;
        layout = Layout.open(directory);
        nextSweep = new AtomicLong(clock.millis() + sweepEveryMillis);
        shared = SharedDirectory.of(layout);
        listings = new ShardListings(layout, shared.added);
        reader = new EntryReader(layout, serializer);
        headUpdate = new HeadUpdate(layout, shared, durable);
        sweeper = new Sweeper(this, layout, shared, listings, maxBytes, maxEntries < 0 ? Long.MAX_VALUE : maxEntries);
        boolean ready = false;
        try {
            if (!layout.isOfThisFormat()) {
                // Of a version that arranges things in another way.
                clear();
                layout.replaceFormat();
            }
            ready = true;
        } finally {
            if (!ready) {
                shared.release();
            }
        }
    }

    /** Longer than any number of milliseconds is as long as can be. */
    private static long millis(Duration duration) {
        return duration.compareTo(Duration.ofMillis(Long.MAX_VALUE / 2)) > 0 ? Long.MAX_VALUE / 2 : duration.toMillis();
    }

    /**
     * A storage in the user's cache directory: {@code $XDG_CACHE_HOME/larder} or {@code ~/.cache/larder}; {@code
     * ~/Library/Caches/larder} on macOS; {@code %LOCALAPPDATA%\larder\cache} on Windows.
     *
     * @throws IOException as {@link Builder#build} does
     */
    public static FileStorage open() throws IOException {
        return builder().build();
    }

    /**
     * A storage in a directory, which is created if it is missing.
     *
     * @throws IOException as {@link Builder#build} does
     */
    public static FileStorage at(Path directory) throws IOException {
        return builder().directory(directory).build();
    }

    /** A builder with the defaults that its methods state. */
    public static Builder builder() {
        return new Builder();
    }

    /** The directory, with links resolved. */
    public Path directory() {
        return layout.root();
    }

    // ---- reading

    @Override
    public List<StoredEntry> lookup(String key) throws IOException {
        long now = begin();
        EntryName name = entryNames.of(key);
        List<String> recent = listings.recent(name);
        if (recent != null && !recent.isEmpty()) {
            List<StoredEntry> found = load(name, recent, now);
            if (found.size() == recent.size()) {
                return found;
            }
        }
        return load(name, listings.find(name), now);
    }

    private List<StoredEntry> load(EntryName name, List<String> names, long now) throws IOException {
        if (names.isEmpty()) {
            return List.of();
        }
        List<StoredEntry> found = new ArrayList<>(names.size());
        for (String file : names) {
            FileEntry entry = loadLive(name.shard(), file, now);
            if (entry != null) {
                found.add(entry);
            }
        }
        return found;
    }

    /** The entry in a file, or null when there is none. One that has expired is removed. */
    private @Nullable FileEntry loadLive(int shard, String name, long now) throws IOException {
        FileEntry entry = load(shard, name);
        if (entry == null || !isExpired(entry, now)) {
            return entry;
        }
        try {
            removeIfExpired(shard, name);
        } catch (IOException e) {
            failed("remove an expired entry", e); // whoever looks for it need not be told
        }
        return null;
    }

    /** The entry in a file, or null when there is none. One that is damaged is removed. */
    private @Nullable FileEntry load(int shard, String name) throws IOException {
        try {
            return reader.read(shard, name);
        } catch (DamagedEntryException e) {
            damaged(shard, name);
            return null;
        }
    }

    private boolean isExpired(FileEntry entry, long now) {
        StoredResponse stored = entry.stored();
        long ttl = ttl(stored);
        if (ttl == StoredResponse.NO_TTL) {
            return false;
        }
        long start = stored.createdAt();
        if (isSliding(stored)) {
            start = Math.max(start, entry.file.prefix().lastUse());
            start = Math.max(start, TimeUnit.NANOSECONDS.toMillis(uses.lastUse(entry.name)));
        }
        return now - start >= ttl;
    }

    private long ttl(StoredResponse stored) {
        return stored.ttlMillis() == StoredResponse.NO_TTL ? ttlMillis : stored.ttlMillis();
    }

    private boolean isSliding(StoredResponse stored) {
        return stored.ttlMillis() == StoredResponse.NO_TTL ? slidingTtl : stored.slidingTtl();
    }

    @Override
    public @Nullable BodyReader open(StoredEntry entry) throws IOException {
        long now = begin();
        FileEntry found = own(entry);
        if (isExpired(found, now)) {
            return null;
        }
        String id = EntryName.id(found.name);
        FileChannel file;
        try {
            file = FileChannel.open(found.path, EntryFile.READ);
        } catch (NoSuchFileException e) {
            return null;
        }
        BodyReader body = null;
        try {
            // Not where it was at the lookup: the file may have been written anew with another first head.
            byte[] start = new byte[EntryFormat.PREFIX];
            EntryFormat.Prefix prefix = new EntryFormat(id).readPrefix(start, file.read(ByteBuffer.wrap(start), 0));
            if (prefix.known() && prefix.bodyLength() == entry.bodyLength()) {
                long offset = (long) EntryFormat.PREFIX + EntryFormat.HEAD + prefix.headLength();
                int shard = shardOf(found);
                body = new FileBody(file, id, offset, prefix.bodyLength(), damage -> remove(shard, found.name, damage));
            }
            return body;
        } catch (DamagedEntryException e) {
            damaged(shardOf(found), found.name);
            return null;
        } finally {
            if (body == null) {
                file.close();
            }
        }
    }

    private static FileEntry own(StoredEntry entry) {
        if (entry instanceof FileEntry found) {
            return found;
        }
        throw new IllegalArgumentException("not an entry of a file storage");
    }

    private static int shardOf(FileEntry entry) {
        return EntryName.of(entry.stored().key()).shard();
    }

    @Override
    public long used(StoredEntry entry) {
        FileEntry found = own(entry);
        long now = clock.millis();
        if (isExpired(found, now)) {
            return found.file.prefix().uses() + 1; // too late to prolong its time
        }
        long interval = USE_INTERVAL;
        long ttl = ttl(found.stored());
        if (ttl != StoredResponse.NO_TTL && isSliding(found.stored())) {
            interval = Math.min(interval, ttl / 10);
        }
        try {
            return uses.used(found, now, interval);
        } catch (IOException e) {
            failed("count a use", e);
            return found.file.prefix().uses() + 1;
        }
    }

    /** When this process used an entry, in nanoseconds. */
    long lastUse(String name) {
        return uses.lastUse(name);
    }

    @Override
    public Iterator<StoredEntry> entries() throws IOException {
        begin();
        return new Entries(listings.shards().iterator());
    }

    private final class Entries implements Iterator<StoredEntry> {
        private final Iterator<Integer> shards;
        private int shard;
        private String[] names = {};
        private int at;
        private @Nullable StoredEntry next;

        Entries(Iterator<Integer> shards) {
            this.shards = shards;
        }

        @Override
        public boolean hasNext() {
            try {
                while (next == null && (at < names.length || shards.hasNext())) {
                    if (at == names.length) {
                        shard = shards.next();
                        names = listings.list(shard);
                        at = 0;
                        continue;
                    }
                    next = loadLive(shard, names[at++], begin());
                }
                return next != null;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public StoredEntry next() {
            StoredEntry entry = hasNext() ? next : null;
            if (entry == null) {
                throw new NoSuchElementException();
            }
            next = null;
            return entry;
        }
    }

    // ---- writing

    @Override
    public EntryWriter create(StoredResponse head) throws IOException {
        begin();
        if (!EntryName.isId(head.id())) {
            throw new IllegalArgumentException("an id is 1 to 32 lower-case hexadecimal digits, not " + head.id());
        }
        EntryName name = EntryName.of(head.key());
        RemovalTable.Mark mark = shared.removals().mark(name.slot());
        FileEntryWriter writer = new FileEntryWriter(this, layout, shared, head, name, mark, maxEntryBytes);
        shared.writers.add(writer);
        return writer;
    }

    byte[] headRecord(StoredResponse head, EntryFormat format) {
        byte[] text = serializer.write(head);
        if (text.length > EntryFormat.MAX_HEAD) {
            throw new IllegalArgumentException("the head is too large to be stored");
        }
        return format.head(serializer.formatId(), text);
    }

    /** Puts the finished file of a writer in its place. */
    boolean publish(FileEntryWriter writer, long size, List<StoredResponse> replaced) throws IOException {
        long now = begin();
        if (!sweeper.reserve(size)) {
            return false;
        }
        EntryName name = writer.name();
        StoredResponse head = writer.head();
        boolean done = false;
        try (SharedDirectory.Held held = shared.lock(name.shard())) {
            RemovalTable.Mark mark = shared.removals().mark(name.slot());
            boolean wanted = !writer.isDiscarded()
                    && writer.mark().allows(mark, head.requestTime(), now, SharedDirectory.process());
            Path target = layout.entry(name.shard(), name.file(head.id()));
            if (!wanted) {
                return false;
            }
            layout.refuseLink(name.shard());
            if (!writer.moveTo(target, stamps.next(now))) {
                return false;
            }
            done = true;
            shared.arrived(name.shard(), size);
            for (StoredResponse old : replaced) {
                if (EntryName.isId(old.id()) && !old.id().equals(head.id())) {
                    delete(name.shard(), name.file(old.id()));
                }
            }
            trimVariants(name, head);
            if (durable) {
                Layout.force(layout.shard(name.shard()));
                Layout.force(layout.entries());
            }
            return true;
        } finally {
            if (!done) {
                sweeper.unreserve(size);
            }
        }
    }

    /** Keeps a key from having more entries than it may. Under the lock of the shard. */
    private void trimVariants(EntryName name, StoredResponse newest) throws IOException {
        List<String> names = listings.find(name);
        if (names.size() <= maxVariants) {
            return;
        }
        record Variant(String name, long lastUse) {}
        List<Variant> variants = new ArrayList<>();
        for (String file : names) {
            if (!file.equals(name.file(newest.id()))) {
                BasicFileAttributes attributes = attributes(layout.entry(name.shard(), file));
                long used =
                        attributes == null ? 0 : attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS);
                variants.add(new Variant(file, Math.max(used, uses.lastUse(file))));
            }
        }
        variants.sort(Comparator.comparingLong(Variant::lastUse).reversed());
        for (Variant variant : variants.subList(maxVariants - 1, variants.size())) {
            if (delete(name.shard(), variant.name)) {
                evictions.incrementAndGet();
                listeners.forEach(listener -> listener.evicted(newest.key()));
            }
        }
    }

    @Override
    public boolean freshen(StoredResponse head) throws IOException {
        long now = begin();
        EntryName name = EntryName.of(head.key());
        if (!EntryName.isId(head.id())) {
            return false;
        }
        String file = name.file(head.id());
        byte[] record;
        try {
            record = headRecord(head, new EntryFormat(head.id()));
        } catch (IllegalArgumentException e) {
            // The head that is there says what is not true any more.
            remove(head.key(), head.id());
            return false;
        }
        try (SharedDirectory.Held held = shared.lock(name.shard())) {
            layout.refuseLink(name.shard());
            FileEntry entry = reader.read(name.shard(), file);
            if (entry == null || isExpired(entry, now)) {
                return false;
            }
            long size = headUpdate.add(name.shard(), entry, record);
            shared.changed(name.shard(), size - entry.file.size(), 0);
            UseCounts.setLastUse(entry.path, stamps.next(now));
            // Its record is at the end of the file, or begins it, when it was written anew.
            reader.forget(file);
            return true;
        } catch (DamagedEntryException e) {
            damaged(name.shard(), file);
            return false;
        }
    }

    // ---- removal

    @Override
    public boolean remove(String key, String id) throws IOException {
        long now = begin();
        if (!EntryName.isId(id)) {
            return false;
        }
        EntryName name = EntryName.of(key);
        try (SharedDirectory.Held held = shared.lock(name.shard())) {
            for (FileEntryWriter writer : shared.writers) {
                if (writer.head().id().equals(id) && writer.head().key().equals(key)) {
                    writer.discard();
                }
            }
            layout.refuseLink(name.shard());
            return deleteDurably(name.shard(), List.of(name.file(id)), now) > 0;
        }
    }

    @Override
    public int removeKey(String key) throws IOException {
        long now = begin();
        EntryName name = EntryName.of(key);
        try (SharedDirectory.Held held = shared.lock(name.shard())) {
            shared.removals().count(name.slot(), now, durable);
            return deleteDurably(name.shard(), listings.find(name), now);
        }
    }

    @Override
    public int removeIf(Predicate<StoredResponse> condition) throws IOException {
        long now = begin();
        for (FileEntryWriter writer : shared.writers) {
            if (condition.test(writer.head())) {
                writer.discard();
            }
        }
        shared.passAllLocks();
        int removed = 0;
        for (int shard : listings.shards()) {
            List<String> hit = new ArrayList<>();
            for (String name : listings.list(shard)) {
                FileEntry entry = load(shard, name);
                if (entry != null && condition.test(entry.stored())) {
                    hit.add(name);
                }
            }
            if (!hit.isEmpty()) {
                try (SharedDirectory.Held held = shared.lock(shard)) {
                    removed += deleteDurably(shard, hit, now);
                }
            }
        }
        return removed;
    }

    @Override
    public long clear() throws IOException {
        long now = begin();
        try (SharedDirectory.Held held = shared.lockWhole()) {
            shared.removals().countAll(now, durable);
        }
        shared.passAllLocks();
        long removed = 0;
        for (int shard : listings.shards()) {
            try (SharedDirectory.Held held = shared.lock(shard)) {
                for (String name : listings.list(shard)) {
                    removed += delete(shard, name) ? 1 : 0;
                }
                if (durable) {
                    Layout.force(layout.shard(shard));
                }
            }
        }
        // Their writers are told at the commit; what they wrote so far is not to stay until then.
        List<String> names = new ArrayList<>();
        ShardListings.names(layout.tmp(), names);
        for (String name : names) {
            if (EntryName.isId(name)) {
                Files.deleteIfExists(layout.tmp().resolve(name));
            }
        }
        return removed;
    }

    /** Deletes files; returns how many of them still were entries. Under the lock of the shard. */
    private int deleteDurably(int shard, List<String> names, long now) throws IOException {
        int entries = 0;
        for (String name : names) {
            boolean live = isLive(shard, name, now);
            if (delete(shard, name) && live) {
                entries++;
            }
        }
        if (durable && !names.isEmpty()) {
            Layout.force(layout.shard(shard));
        }
        return entries;
    }

    private boolean isLive(int shard, String name, long now) throws IOException {
        try {
            FileEntry entry = reader.read(shard, name);
            return entry != null && !isExpired(entry, now);
        } catch (DamagedEntryException e) {
            return false;
        }
    }

    /** Deletes the file of an entry. Under the lock of the shard. */
    private boolean delete(int shard, String name) throws IOException {
        Path path = layout.entry(shard, name);
        BasicFileAttributes attributes = attributes(path);
        reader.forget(name);
        uses.forget(name);
        if (attributes == null || !Files.deleteIfExists(path)) {
            return false;
        }
        shared.changed(shard, -attributes.size(), -1);
        return true;
    }

    private static @Nullable BasicFileAttributes attributes(Path path) throws IOException {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    /** Removes an entry to make room; false when it was gone or cannot be removed. */
    boolean evict(int shard, String name) {
        String key = listeners.isEmpty() ? "" : keyOrPlace(shard, name);
        try (SharedDirectory.Held held = shared.lock(shard)) {
            if (!delete(shard, name)) {
                return false;
            }
        } catch (IOException e) {
            failed("evict", e);
            return false;
        }
        evictions.incrementAndGet();
        listeners.forEach(listener -> listener.evicted(key));
        return true;
    }

    private String keyOrPlace(int shard, String name) {
        try {
            FileEntry entry = reader.read(shard, name);
            if (entry != null) {
                return entry.stored().key();
            }
        } catch (IOException | DamagedEntryException e) {
            // It goes anyway.
        }
        return layout.entry(shard, name).toString();
    }

    /** Removes an entry whose time has come, or that turns out damaged. */
    void removeIfExpired(int shard, String name) throws IOException {
        FileEntry entry = load(shard, name);
        if (entry == null || !isExpired(entry, clock.millis())) {
            return;
        }
        try (SharedDirectory.Held held = shared.lock(shard)) {
            // Another process may have given it more time meanwhile.
            FileEntry again = reader.read(shard, name);
            if (again != null && isExpired(again, clock.millis())) {
                delete(shard, name);
            }
        } catch (DamagedEntryException e) {
            damaged(shard, name);
        }
    }

    /** Removes a file that seemed damaged, if it still does: what was read may have been half written. */
    void damaged(int shard, String name) {
        String what;
        try (SharedDirectory.Held held = shared.lock(shard)) {
            try {
                reader.read(shard, name);
                return;
            } catch (DamagedEntryException e) {
                what = Objects.requireNonNullElse(e.getMessage(), "damaged");
            }
            if (!keepsDamaged) {
                delete(shard, name);
            }
        } catch (IOException e) {
            failed("remove a damaged entry", e);
            return;
        }
        reportDamage(shard, name, what);
    }

    /** Removes an entry whose body is damaged. */
    private void remove(int shard, String name, DamagedEntryException damage) {
        try (SharedDirectory.Held held = shared.lock(shard)) {
            if (!keepsDamaged) {
                delete(shard, name);
            }
        } catch (IOException e) {
            failed("remove a damaged entry", e);
        }
        reportDamage(shard, name, Objects.requireNonNullElse(damage.getMessage(), "damaged"));
    }

    @Override
    public void keepDamaged(boolean keep) {
        keepsDamaged = keep;
    }

    private void reportDamage(int shard, String name, String what) {
        String where = layout.entry(shard, name).toString();
        listeners.forEach(listener -> listener.corrupt(where, what));
    }

    private void failed(String operation, IOException failure) {
        listeners.forEach(listener -> listener.failed(operation, failure));
    }

    // ---- the rest

    @Override
    public StorageStatistics statistics() throws IOException {
        begin();
        sweeper.ensureCounted();
        return new StorageStatistics(shared.entries.get(), shared.bytes.get(), maxEntries, maxBytes, evictions.get());
    }

    @Override
    public long maxBodyBytes() {
        return maxEntryBytes;
    }

    @Override
    public void addListener(StorageListener listener) {
        if (!listeners.contains(listener)) {
            listeners.add(listener);
        }
    }

    /**
     * Drops what has expired and temporary files whose writer died, counts anew what is there, and evicts if that is too
     * much. Done now and then by itself, and in parts if there is much to read.
     */
    public void sweep() throws IOException {
        requireOpen();
        uses.flush();
        sweeper.sweep(Integer.MAX_VALUE);
    }

    /** Begins an operation; returns the time. */
    private long begin() throws IOException {
        requireOpen();
        long now = clock.millis();
        long due = nextSweep.get();
        // A clock that went far back must not put the next sweep off until it has caught up.
        if ((now >= due || now < due - sweepEveryMillis) && nextSweep.compareAndSet(due, now + sweepEveryMillis)) {
            sweepLater();
        }
        return now;
    }

    private void sweepLater() {
        if (!sweeping.compareAndSet(false, true)) {
            return;
        }
        try {
            executor.execute(() -> {
                sweepUnderWay.lock();
                try {
                    if (!isClosed()) {
                        uses.flush();
                        sweeper.sweep(Sweeper.BACKGROUND_READS);
                    }
                } catch (IOException e) {
                    failed("sweep", e);
                } finally {
                    sweepUnderWay.unlock();
                    sweeping.set(false);
                }
            });
        } catch (RejectedExecutionException e) {
            sweeping.set(false);
            failed("sweep", new IOException("the executor refuses", e));
        }
    }

    private void requireOpen() throws IOException {
        if (isClosed()) {
            throw new IOException("the storage is closed");
        }
    }

    boolean isClosed() {
        return closed.get();
    }

    boolean isDurable() {
        return durable;
    }

    @Override
    public void close() throws IOException {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        sweepUnderWay.lock();
        try {
            uses.flush();
        } finally {
            sweepUnderWay.unlock();
            shared.release();
        }
    }

    @Override
    public String toString() {
        return "FileStorage[" + layout.root() + "]";
    }

    /** Builds a {@link FileStorage}. Not thread-safe. */
    public static final class Builder {
        private @Nullable Path directory;
        private @Nullable Duration ttl;
        private boolean sliding;
        private Duration checkTtlEvery = Duration.ofMinutes(1);
        private long maxEntries = -1;
        private long maxBytes = 512L << 20;
        private long maxEntryBytes = -1;
        private int maxVariants = 64;
        private Serializer serializer = BinarySerializer.INSTANCE;
        private InstantSource clock = InstantSource.system();
        private Executor executor = Builder::startThread;
        private boolean durable;

        private Builder() {}

        /** A thread for each sweep: there is one a minute at most, and none to stop when the storage is closed. */
        private static void startThread(Runnable task) {
            Thread thread = new Thread(task, "larder-sweep");
            thread.setDaemon(true);
            thread.start();
        }

        /** Where to keep the entries; by default the {@linkplain FileStorage#open() user's cache directory}. */
        public Builder directory(Path directory) {
            this.directory = Objects.requireNonNull(directory, "directory");
            return this;
        }

        /** How long an entry that brings no time to live of its own is kept after it was stored; by default for ever. */
        public Builder ttl(Duration ttl) {
            this.ttl = positive(ttl, "ttl");
            sliding = false;
            return this;
        }

        /** The same, counted from the last use. */
        public Builder slidingTtl(Duration ttl) {
            this.ttl = positive(ttl, "slidingTtl");
            sliding = true;
            return this;
        }

        /** How often to {@linkplain FileStorage#sweep sweep} while the storage is used; by default every minute. */
        public Builder checkTtlEvery(Duration interval) {
            this.checkTtlEvery = positive(interval, "checkTtlEvery");
            return this;
        }

        /** The capacity in entries; by default there is none but that in bytes. */
        public Builder maxEntries(long maxEntries) {
            this.maxEntries = atLeast(1, maxEntries, "maxEntries");
            return this;
        }

        /** The capacity in bytes of files; by default 512 MiB. */
        public Builder maxBytes(long maxBytes) {
            this.maxBytes = atLeast(1, maxBytes, "maxBytes");
            return this;
        }

        /** The longest body to store; by default a quarter of the capacity. */
        public Builder maxEntryBytes(long maxEntryBytes) {
            this.maxEntryBytes = atLeast(1, maxEntryBytes, "maxEntryBytes");
            return this;
        }

        /** The most entries of one key, of which those used least recently go first; by default 64. */
        public Builder maxVariants(int maxVariants) {
            this.maxVariants = (int) atLeast(1, maxVariants, "maxVariants");
            return this;
        }

        /** What heads are written with; by default {@link BinarySerializer}, whose heads can always be read. */
        public Builder serializer(Serializer serializer) {
            this.serializer = Objects.requireNonNull(serializer, "serializer");
            return this;
        }

        /** The clock; by default the system's. */
        public Builder clock(InstantSource clock) {
            this.clock = Objects.requireNonNull(clock, "clock");
            return this;
        }

        /** Runs the sweeps; by default a daemon thread for each. */
        public Builder executor(Executor executor) {
            this.executor = Objects.requireNonNull(executor, "executor");
            return this;
        }

        /**
         * Whether commits, validations and removals wait until the disk has them, so that not even a loss of power undoes
         * them; by default not.
         */
        public Builder durable(boolean durable) {
            this.durable = durable;
            return this;
        }

        /**
         * Opens the storage.
         *
         * @throws IOException when the directory cannot be used, or when other users own it or may write there
         */
        public FileStorage build() throws IOException {
            return new FileStorage(this, directory != null ? directory : defaultDirectory());
        }

        private static Path defaultDirectory() throws IOException {
            String home = System.getProperty("user.home", "");
            if (home.isEmpty() || home.equals("?")) {
                throw new IOException("the user has no home directory for a cache; choose a directory");
            }
            return Layout.defaultDirectory(System.getProperty("os.name", ""), System.getenv(), home);
        }

        private static Duration positive(Duration value, String name) {
            if (value.compareTo(Duration.ofMillis(1)) < 0) {
                throw new IllegalArgumentException(name + " must be at least a millisecond, not " + value);
            }
            return value;
        }

        private static long atLeast(long least, long value, String name) {
            if (value < least) {
                throw new IllegalArgumentException(name + " must be at least " + least + ", not " + value);
            }
            return value;
        }
    }
}
