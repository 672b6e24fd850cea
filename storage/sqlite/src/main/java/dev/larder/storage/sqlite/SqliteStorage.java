package dev.larder.storage.sqlite;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.BinarySerializer;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.MalformedEntryException;
import dev.larder.storage.Serializer;
import dev.larder.storage.Storage;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StorageStatistics;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
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
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Keeps entries in a SQLite database: a file, which any number of processes may use at once, or memory.
 *
 * <h2>Tables</h2>
 *
 * <pre>
 * larder            an entry: the head as a {@link Serializer} wrote it, what it takes to find, expire and evict it,
 *                   and its state: 0 being written, 1 stored, 2 removed and still read by somebody
 * larder_bodies     bodies in chunks of 64 KiB; the chunks of entry n have the numbers from n * 2^24 on
 * larder_removals   remembers removals, for responses that were on their way at the time
 * larder_totals     one row: how much there is
 * </pre>
 *
 * <p>A hit on a body of up to 64 KiB is one query, which finds the entries of a key by an index and their bodies by their
 * numbers; larger bodies are read chunk by chunk, by one short query each, so that a slow reader holds up nobody. Bodies
 * are not in the row of their entry: a validation ({@link #freshen}) or a use rewrites a row of a kilobyte or so, and
 * never a body. Nothing on the way of a request reads a whole table.
 *
 * <p>Each head and each chunk has a checksum that holds for this entry and this place only, and is checked before a byte
 * is handed out. SQLite itself would not notice a flipped byte in its file. A head that was parsed before is not parsed
 * again while its row is of the same version.
 *
 * <h2>Files</h2>
 *
 * <p>A database that this storage opens by its path is created so that only its owner can read it, is kept in WAL mode, and
 * does not wait for the disk unless it is {@link Builder#durable}: a loss of power may take the youngest transactions with
 * it, whole; a process that dies loses nothing that was committed. A file that turns out damaged, when it is opened or in
 * the middle of work, is set aside under its name with {@code .corrupt} behind it, reported to the listener, and begun anew.
 * A connection or {@link DataSource} of the caller's is used as its owner has configured it, its file is never set aside,
 * and a connection is never closed.
 *
 * <h2>Removal</h2>
 *
 * <p>Of an entry with a longer body that is removed, only the row is marked. Its chunks go when no reader of this process
 * has them open and five minutes have passed for those of others, or as soon as what is removed takes more than a quarter
 * of the capacity. A reader of another process that is pushed out by the latter fails; it never sees a wrong byte. What a
 * writer left that died is removed by the next sweep, of which there is one when a storage is opened.
 *
 * <h2>What it costs, and what it does not do</h2>
 *
 * <ul>
 *   <li>The size of an entry is that of its head and its body, and 200 bytes for its rows. The file is larger by free pages,
 *       bodies being written, and removed ones; it does not shrink, but its free pages are used again.
 *   <li>The capacity is kept to exactly, also by several processes together. What another process has used last is known
 *       to within a minute.
 *   <li>{@link #removeIf} does not stop a writer of another process that it would have hit; {@link #removeKey} and {@link
 *       #clear} do.
 *   <li>What was removed may stay in free pages of the file until they are used again.
 *   <li>Network file systems are refused: SQLite's locks do not work there.
 * </ul>
 */
public final class SqliteStorage implements Storage {
    /** What the rows of an entry take beside its head and its body, roughly. */
    private static final int ROWS = 200;
    /** Room for any head; {@link BinarySerializer} stops earlier. */
    private static final int MAX_HEAD = 4 << 20;
    /** What the numbers of chunks have room for. */
    private static final long MAX_BODY = 1L << 40;

    private static final long USE_INTERVAL = 60_000;
    private static final long GRACE = TimeUnit.MINUTES.toMillis(5);
    /** A writer this young may belong to a process that cannot be seen from here. */
    private static final long YOUNG = TimeUnit.SECONDS.toMillis(10);
    /** A writer that wrote nothing for this long is taken for one without an owner. */
    private static final long OLD = TimeUnit.HOURS.toMillis(1);
    /** How many chunks are deleted in a transaction, so that others need not wait long. */
    private static final int SLICE = 64;
    /** How many entries a sweep in the background looks at because they may have expired. */
    private static final int BACKGROUND_READS = 1 << 14;

    private final Database database;
    private final KeyHash.Known hashes = new KeyHash.Known();
    private final HeadCache heads = new HeadCache();
    private final Uses uses = new Uses();
    private final Set<SqliteEntryWriter> writers = ConcurrentHashMap.newKeySet();
    /** How many readers of this storage have an entry open. */
    private final ConcurrentHashMap<Long, Integer> open = new ConcurrentHashMap<>();

    private final List<StorageListener> listeners = new CopyOnWriteArrayList<>();
    /** What was damaged before anybody could hear of it. */
    private final Queue<String[]> unheard = new ConcurrentLinkedQueue<>();

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

    private final AtomicLong evictions = new AtomicLong();
    private volatile boolean keepsDamaged;
    private final AtomicLong nextSweep;
    private final AtomicLong nextFlush;
    private final AtomicBoolean busy = new AtomicBoolean();
    /** What is done next in the background is a sweep. There is one when the storage is opened. */
    private final AtomicBoolean sweepDue = new AtomicBoolean(true);

    private final ReentrantLock sweeping = new ReentrantLock();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final String name;
    private int usesOf;

    private SqliteStorage(Builder builder, Source source, String name) throws IOException {
        this.name = name;
        clock = builder.clock;
        serializer = builder.serializer;
        executor = builder.executor;
        ttlMillis = builder.ttl == null ? StoredResponse.NO_TTL : millis(builder.ttl);
        slidingTtl = builder.sliding;
        sweepEveryMillis = millis(builder.checkTtlEvery);
        maxEntries = builder.maxEntries;
        maxBytes = builder.maxBytes;
        maxEntryBytes = Math.min(
                MAX_BODY, Math.min(builder.maxEntryBytes < 0 ? maxBytes / 4 : builder.maxEntryBytes, maxBytes));
        maxVariants = builder.maxVariants;
        nextSweep = new AtomicLong(clock.millis() + sweepEveryMillis);
        nextFlush = new AtomicLong(clock.millis() + USE_INTERVAL);
        database = new Database(
                source, new Schema(builder.tableName), builder.createTable, millis(builder.busyTimeout), this::corrupt);
        later();
    }

    /** Longer than any number of milliseconds is as long as can be. */
    private static long millis(Duration duration) {
        return duration.compareTo(Duration.ofMillis(Long.MAX_VALUE / 2)) > 0 ? Long.MAX_VALUE / 2 : duration.toMillis();
    }

    /**
     * A storage in a database file, which is created if it is missing.
     *
     * @throws IOException as {@link Builder#build} does
     */
    public static SqliteStorage at(Path file) throws IOException {
        return builder().path(file).build();
    }

    /**
     * A storage in memory, which is gone when it is closed.
     *
     * @throws IOException as {@link Builder#build} does
     */
    public static SqliteStorage inMemory() throws IOException {
        return builder().build();
    }

    /** A builder with the defaults that its methods state. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * The statements that make the tables, for who makes them with other means and sets {@link Builder#createTable} to
     * false. They have to be run as they are.
     *
     * @throws IllegalArgumentException when that is no name for a table
     */
    public static List<String> createStatements(String tableName) {
        return new Schema(tableName).statements();
    }

    // ---- reading

    @Override
    public List<StoredEntry> lookup(String key) throws IOException {
        long now = begin();
        KeyHash hash = hashes.of(key);
        Found found = database.read(session -> {
            if (hash.headsKnown) {
                Found known = new Found();
                try (ResultSet rows = session.query(Sql.LOOKUP_KNOWN, (Object) hash.bytes())) {
                    while (rows.next() && known.addKnown(rows, key)) {
                        // Next.
                    }
                }
                if (!known.incomplete) {
                    return known;
                }
            }
            Found all = new Found();
            try (ResultSet rows = session.query(Sql.LOOKUP, (Object) hash.bytes())) {
                while (rows.next()) {
                    all.add(rows, true, key);
                }
            }
            hash.headsKnown = all.isKnownByIndex();
            return all;
        });
        return found.live(now);
    }

    /** What a query found. */
    private final class Found {
        private final List<StoredEntry> entries = new ArrayList<>(2);
        private @Nullable List<Damage> damaged;
        private boolean incomplete;

        private record Damage(long n, String what) {}

        /** Whether the same entries can be found without their rows; the last use, on which some depend, is only there. */
        boolean isKnownByIndex() {
            for (StoredEntry entry : entries) {
                if (isSliding(entry.stored())) {
                    return false;
                }
            }
            return true;
        }

        /** Adds an entry if its head is known; otherwise there is no use in going on. */
        boolean addKnown(ResultSet row, String key) throws SQLException {
            HeadCache.Known known = heads.get(row.getLong(1));
            if (known == null || !known.is(row.getLong(2)) || isSliding(known.stored)) {
                incomplete = true;
                return false;
            }
            try {
                entries.add(entry(row, known, true, key));
            } catch (DamagedRowException e) {
                add(known.n, e);
            }
            return true;
        }

        void add(ResultSet row, boolean withBody, @Nullable String key) throws SQLException {
            try {
                SqliteEntry entry = load(row, withBody, key);
                if (entry != null) {
                    entries.add(entry);
                }
            } catch (DamagedRowException e) {
                add(row.getLong(1), e);
            }
        }

        private void add(long n, DamagedRowException e) {
            if (damaged == null) {
                damaged = new ArrayList<>();
            }
            damaged.add(new Damage(n, Objects.requireNonNullElse(e.getMessage(), "damaged")));
        }

        /** Those that have not expired; the others, and the damaged ones, are removed. Not while reading. */
        List<StoredEntry> live(long now) throws IOException {
            if (damaged != null) {
                for (Damage each : damaged) {
                    damaged(each.n, each.what);
                }
            }
            for (int i = entries.size() - 1; i >= 0; i--) {
                SqliteEntry entry = (SqliteEntry) entries.get(i);
                if (isExpired(entry, now)) {
                    entries.remove(i);
                    removeExpired(entry);
                }
            }
            return entries;
        }
    }

    /**
     * The entry in a row of a query; null when it takes another serializer to read it.
     *
     * @param key the key that was asked for, if one was
     */
    private @Nullable SqliteEntry load(ResultSet row, boolean withBody, @Nullable String key)
            throws SQLException, DamagedRowException {
        long n = row.getLong(1);
        long seal = row.getLong(2);
        HeadCache.Known known = heads.get(n);
        if (known == null || !known.is(seal)) {
            known = parse(row, n, seal);
            if (known == null) {
                return null;
            }
        }
        return entry(row, known, withBody, key);
    }

    private SqliteEntry entry(ResultSet row, HeadCache.Known known, boolean withBody, @Nullable String key)
            throws SQLException, DamagedRowException {
        StoredResponse stored = known.stored;
        if (key != null && !stored.key().equals(key)) {
            throw new DamagedRowException("the entry of another key");
        }
        ByteBuffer body = null;
        if (withBody && known.length <= Checksums.CHUNK) {
            byte[] bytes = check(stored.id(), 0, (int) known.length, row.getBytes(4));
            body = ByteBuffer.wrap(bytes, Checksums.CHUNK_HEADER, (int) known.length)
                    .slice();
        }
        // Each value that is asked for costs a call into SQLite, so only those that matter are.
        long used = isSliding(stored) ? row.getLong(5) : 0;
        SqliteEntry entry = new SqliteEntry(known.n, known.seal, stored, known.length, row.getLong(3), used, body);
        known.pass(entry);
        return entry;
    }

    private HeadCache.@Nullable Known parse(ResultSet row, long n, long seal) throws SQLException, DamagedRowException {
        long length = row.getLong(6);
        byte[] head = row.getBytes(10);
        String id = row.getString(8);
        long number = row.getLong(7);
        byte format = (byte) number;
        if (id == null
                || head == null
                || head.length > MAX_HEAD
                || length < 0
                || number != format
                || seal != new Checksums(id).seal(Checksums.version(seal), format, length, head)) {
            throw new DamagedRowException("the head is damaged");
        }
        Serializer reader = format == serializer.formatId() ? serializer : BinarySerializer.INSTANCE;
        if (reader.formatId() != format) {
            return null;
        }
        try {
            StoredResponse stored = reader.read(ByteBuffer.wrap(head));
            if (!stored.id().equals(id)
                    || !Arrays.equals(KeyHash.of(stored.key()).bytes(), row.getBytes(9))) {
                throw new DamagedRowException("the entry of another key or id");
            }
            HeadCache.Known known = new HeadCache.Known(n, seal, length, stored);
            heads.put(known, head.length);
            return known;
        } catch (MalformedEntryException e) {
            throw new DamagedRowException("the head cannot be read: " + e.getMessage());
        }
    }

    /** The bytes of a chunk, if they are; behind their checksum. */
    private static byte[] check(String id, long number, int size, byte @Nullable [] bytes) throws DamagedRowException {
        if (bytes == null) {
            throw new DamagedRowException("a part of the body is missing");
        }
        if (!new Checksums(id).isChunk(number, bytes, size)) {
            throw new DamagedRowException("the body is damaged");
        }
        return bytes;
    }

    private boolean isExpired(SqliteEntry entry, long now) {
        StoredResponse stored = entry.stored();
        long ttl = ttl(stored);
        if (ttl == StoredResponse.NO_TTL) {
            return false;
        }
        long start = stored.createdAt();
        if (isSliding(stored)) {
            long used = TimeUnit.NANOSECONDS.toMillis(uses.lastUse(entry.n, entry.used));
            // A use to come says that the clock went back, or that the number is damaged.
            start = Math.max(start, Math.min(used, now));
        }
        return now - start >= ttl;
    }

    private long ttl(StoredResponse stored) {
        return stored.ttlMillis() == StoredResponse.NO_TTL ? ttlMillis : stored.ttlMillis();
    }

    private boolean isSliding(StoredResponse stored) {
        return stored.ttlMillis() == StoredResponse.NO_TTL ? slidingTtl : stored.slidingTtl();
    }

    /** When sweeps have to look at an entry, in milliseconds; null for never. */
    private @Nullable Long expires(StoredResponse stored, long usedNanos) {
        long ttl = ttl(stored);
        if (ttl == StoredResponse.NO_TTL) {
            return null;
        }
        long start = stored.createdAt();
        if (isSliding(stored)) {
            start = Math.max(start, TimeUnit.NANOSECONDS.toMillis(usedNanos));
        }
        return start > Long.MAX_VALUE - ttl ? null : Long.valueOf(start + ttl);
    }

    @Override
    public @Nullable BodyReader open(StoredEntry entry) throws IOException {
        long now = begin();
        SqliteEntry found = own(entry);
        if (isExpired(found, now)) {
            return null;
        }
        int generation = database.generation();
        // First, so that no sweep comes between.
        open.merge(found.n, 1, Integer::sum);
        SqliteBody body = null;
        try {
            if (isThere(found.n, found.stored().id())) {
                body = new SqliteBody(this, found, generation, found.inlineBody());
            }
            return body;
        } finally {
            if (body == null) {
                released(found.n);
            }
        }
    }

    private boolean isThere(long n, String id) throws IOException {
        return database.read(session -> {
            try (ResultSet row = session.query(Sql.IS_THERE, n, id)) {
                return row.next();
            }
        });
    }

    private static SqliteEntry own(StoredEntry entry) {
        if (entry instanceof SqliteEntry found) {
            return found;
        }
        throw new IllegalArgumentException("not an entry of a SQLite storage");
    }

    /** One reader less. */
    void released(long n) {
        open.computeIfPresent(n, (same, readers) -> readers == 1 ? null : readers - 1);
    }

    /** A part of a body, checked, behind its checksum. */
    byte[] chunk(long n, String id, long number, int size, int generation) throws IOException, DamagedRowException {
        byte[] bytes = database.read(session -> {
            if (generation != database.generation()) {
                throw gone();
            }
            try (ResultSet found = session.query(Sql.CHUNK, Checksums.row(n, number))) {
                return found.next() ? found.getBytes(1) : null;
            }
        });
        if (bytes == null && !isThere(n, id)) {
            throw gone();
        }
        return check(id, number, size, bytes);
    }

    private static IOException gone() {
        return new IOException("the entry was removed, and its body could not be kept any longer");
    }

    /** Keeps the body of an entry for a slow reader, if it has been removed. */
    void keep(long n, String id) {
        try {
            if (!isThere(n, id)) {
                database.write(session -> session.update(Sql.KEEP, uses.stamp(clock.millis()), n));
            }
        } catch (IOException e) {
            failed("keep a removed body", e);
        }
    }

    @Override
    public long used(StoredEntry entry) {
        SqliteEntry found = own(entry);
        long now = clock.millis();
        if (isExpired(found, now)) {
            return found.uses + 1; // too late to prolong its time
        }
        StoredResponse stored = found.stored();
        long sliding = isSliding(stored) ? ttl(stored) : -1;
        long count = uses.used(found, now, sliding);
        long interval = sliding < 0 ? USE_INTERVAL : Math.min(USE_INTERVAL, sliding / 10);
        long due = nextFlush.get();
        if (due > now + interval) {
            nextFlush.compareAndSet(due, now + interval);
        }
        if (now >= due || uses.areMany()) {
            later();
        }
        return count;
    }

    @Override
    public Iterator<StoredEntry> entries() throws IOException {
        begin();
        return new Entries();
    }

    private final class Entries implements Iterator<StoredEntry> {
        private final List<StoredEntry> batch = new ArrayList<>();
        private int at;
        private long last;
        private boolean finished;

        @Override
        public boolean hasNext() {
            try {
                while (at == batch.size() && !finished) {
                    batch.clear();
                    at = 0;
                    batch.addAll(next(begin()));
                }
                if (!finished && database.isClosed()) {
                    begin();
                }
                return at < batch.size();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private List<StoredEntry> next(long now) throws IOException {
            long after = last;
            Found found = database.read(session -> {
                Found all = new Found();
                last = after;
                finished = true;
                try (ResultSet rows = session.query(Sql.LIST, after)) {
                    while (rows.next()) {
                        finished = false;
                        last = rows.getLong(1);
                        all.add(rows, false, null);
                    }
                }
                return all;
            });
            return found.live(now);
        }

        @Override
        public StoredEntry next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            return batch.get(at++);
        }
    }

    // ---- writing

    @Override
    public EntryWriter create(StoredResponse head) throws IOException {
        begin();
        if (!isId(head.id())) {
            throw new IllegalArgumentException("an id is 1 to 32 lower-case hexadecimal digits, not " + head.id());
        }
        KeyHash hash = hashes.of(head.key());
        int generation = database.generation();
        Removals.Mark mark = database.read(session -> Removals.mark(session, generation, hash.slot()));
        SqliteEntryWriter writer = new SqliteEntryWriter(this, head, hash, mark, maxEntryBytes);
        writers.add(writer);
        return writer;
    }

    private static boolean isId(String id) {
        int length = id.length();
        if (length < 1 || length > 32) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            char c = id.charAt(i);
            if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
                return false;
            }
        }
        return true;
    }

    byte formatId() {
        return serializer.formatId();
    }

    byte[] headBytes(StoredResponse head) {
        byte[] bytes = serializer.write(head);
        if (bytes.length > MAX_HEAD) {
            throw new IllegalArgumentException("the head is too large to be stored");
        }
        return bytes;
    }

    private static long size(int head, long body) {
        return ROWS + head + body;
    }

    /** What a transaction changed, and what is to be told and forgotten when it is done. */
    private static final class Change {
        private long entries;
        private long bytes;
        private long dead;
        private final List<Long> dropped = new ArrayList<>(0);
        private final List<String> evicted = new ArrayList<>(0);
        private Totals totals = Totals.NONE;
    }

    private record Totals(long entries, long bytes, long dead) {
        private static final Totals NONE = new Totals(0, 0, 0);
    }

    private record Row(long n, String id, long length, long size, long used) {}

    /** Writes the full chunk of a writer; returns the row of the entry. */
    long append(SqliteEntryWriter writer) throws IOException {
        begin();
        byte[] head = writer.headBytes();
        byte[] chunk = writer.chunk();
        return database.write(session -> {
            requireGeneration(writer);
            long n = writer.n();
            long stamp = uses.stamp(clock.millis());
            long length = writer.length();
            if (n == 0) {
                n = insert(session, writer, 0, head, length, stamp, null);
            } else if (session.update(Sql.GROW, length, size(head.length, length), stamp, n) == 0) {
                throw new IOException("what was written of the entry has been removed");
            }
            session.update(Sql.INSERT_CHUNK, Checksums.row(n, writer.chunkNumber()), chunk);
            return n;
        });
    }

    private void requireGeneration(SqliteEntryWriter writer) throws IOException {
        if (writer.mark().generation() != database.generation()) {
            throw new IOException("the database was replaced while the entry was written");
        }
    }

    private long insert(
            Session session,
            SqliteEntryWriter writer,
            int state,
            byte[] head,
            long length,
            long stamp,
            @Nullable Long expires)
            throws SQLException {
        try (ResultSet row = session.query(
                Sql.INSERT,
                state,
                writer.key().bytes(),
                writer.head().id(),
                (int) serializer.formatId(),
                writer.seal(),
                length,
                size(head.length, length),
                stamp,
                expires,
                state == 0 ? Owner.SELF : null,
                head)) {
            row.next();
            return row.getLong(1);
        }
    }

    /** Makes the entry of a writer visible. */
    boolean publish(SqliteEntryWriter writer, List<StoredResponse> replaced) throws IOException {
        long now = begin();
        StoredResponse stored = writer.head();
        byte[] head = writer.headBytes();
        long length = writer.length();
        long size = size(head.length, length);
        if (size > maxBytes) {
            return false;
        }
        byte[] chunk = writer.chunk();
        int slot = writer.key().slot();
        Set<String> going = new HashSet<>();
        replaced.forEach(old -> going.add(old.id()));
        going.remove(stored.id());
        Change change = database.write(session -> {
            Removals.Mark mark = Removals.mark(session, database.generation(), slot);
            if (writer.isDiscarded() || !writer.mark().allows(mark, stored.requestTime(), now)) {
                return null;
            }
            Change all = new Change();
            long stamp = uses.stamp(now);
            Long expires = expires(stored, stamp);
            long n = writer.n();
            if (n == 0) {
                n = insert(session, writer, 1, head, length, stamp, expires);
            } else if (session.update(Sql.PUBLISH, writer.seal(), length, size, stamp, expires, n) == 0) {
                return null;
            }
            session.update(Sql.INSERT_CHUNK, Checksums.row(n, writer.chunkNumber()), chunk);
            all.entries++;
            all.bytes += size;
            dropOthers(session, writer, going, n, stamp, all);
            apply(session, all);
            evict(session, n, stamp, all);
            return all;
        });
        if (change == null) {
            return false;
        }
        done(change);
        if (change.totals.dead > maxBytes / 4) {
            purge(now);
        }
        return true;
    }

    /** Removes what an entry replaces, and variants that are too many. */
    private void dropOthers(
            Session session, SqliteEntryWriter writer, Set<String> going, long n, long stamp, Change change)
            throws SQLException {
        List<Row> variants = variants(session, writer.key());
        List<Row> left = new ArrayList<>(variants.size());
        for (Row row : variants) {
            if (going.contains(row.id)) {
                drop(session, row, stamp, change);
            } else if (row.n != n) {
                left.add(row);
            }
        }
        if (left.size() < maxVariants) {
            return;
        }
        left.sort(Comparator.comparingLong((Row row) -> uses.lastUse(row.n, row.used))
                .reversed());
        for (Row row : left.subList(maxVariants - 1, left.size())) {
            drop(session, row, stamp, change);
            change.evicted.add(writer.key().key());
        }
    }

    private static List<Row> variants(Session session, KeyHash key) throws SQLException {
        List<Row> variants = new ArrayList<>();
        try (ResultSet rows = session.query(Sql.VARIANTS, (Object) key.bytes())) {
            while (rows.next()) {
                variants.add(new Row(
                        rows.getLong(1),
                        Objects.requireNonNullElse(rows.getString(2), ""),
                        rows.getLong(3),
                        rows.getLong(4),
                        rows.getLong(5)));
            }
        }
        return variants;
    }

    /** Removes a stored entry: a small one with its body, of a larger one the chunks stay for those who read them. */
    private void drop(Session session, Row row, long stamp, Change change) throws SQLException {
        if (row.length > Checksums.CHUNK) {
            session.update(Sql.BURY, stamp, row.n);
            change.dead += row.size;
        } else {
            deleteChunks(session, row.n);
            session.update(Sql.DELETE, row.n);
        }
        change.entries--;
        change.bytes -= row.size;
        change.dropped.add(row.n);
    }

    private static void deleteChunks(Session session, long n) throws SQLException {
        session.update(Sql.DELETE_CHUNKS, Checksums.row(n, 0), Checksums.row(n + 1, 0) - 1);
    }

    /** Adds what has changed so far to the totals. */
    private static void apply(Session session, Change change) throws SQLException {
        if ((change.entries | change.bytes | change.dead) == 0) {
            return;
        }
        try (ResultSet row = session.query(Sql.ADD, change.entries, change.bytes, change.dead)) {
            if (row.next()) {
                change.totals = new Totals(row.getLong(1), row.getLong(2), row.getLong(3));
            }
        }
        change.entries = 0;
        change.bytes = 0;
        change.dead = 0;
    }

    /** Removes the entries used least recently while there are too many. The totals have to be up to date. */
    private void evict(Session session, long newest, long stamp, Change change) throws SQLException {
        Totals totals = change.totals;
        while (totals.entries + change.entries > maxEntries || totals.bytes + change.bytes > maxBytes) {
            Row oldest = oldest(session, newest);
            if (oldest == null) {
                break; // the totals are wrong; the next sweep counts
            }
            Uses.Count pending = uses.pending(oldest.n);
            if (pending != null && pending.stamp() > oldest.used) {
                // It has been used since its row was written. This puts it in its place.
                session.update(Sql.USE, 0, pending.stamp(), null, oldest.n);
                continue;
            }
            change.evicted.add(keyOrPlace(session, oldest.n));
            drop(session, oldest, stamp, change);
        }
        apply(session, change);
    }

    private static @Nullable Row oldest(Session session, long newest) throws SQLException {
        try (ResultSet rows = session.query(Sql.OLDEST, Long.MIN_VALUE)) {
            while (rows.next()) {
                if (rows.getLong(1) != newest) {
                    return new Row(rows.getLong(1), "", rows.getLong(2), rows.getLong(3), rows.getLong(4));
                }
            }
            return null;
        }
    }

    private String keyOrPlace(Session session, long n) throws SQLException {
        HeadCache.Known known = heads.get(n);
        if (known != null) {
            return known.stored.key();
        }
        try (ResultSet row = session.query(Sql.LOOKUP_ONE, n)) {
            SqliteEntry entry = row.next() ? load(row, false, null) : null;
            return entry == null ? place(n) : entry.stored().key();
        } catch (DamagedRowException e) {
            return place(n); // it goes anyway
        }
    }

    private String place(long n) {
        return name + " row " + n;
    }

    /** What follows a transaction. */
    private void done(Change change) {
        change.dropped.forEach(uses::forget);
        evictions.addAndGet(change.evicted.size());
        for (String key : change.evicted) {
            listeners.forEach(listener -> listener.evicted(key));
        }
    }

    /** A writer has been closed; what it wrote goes unless it was committed. */
    void finished(SqliteEntryWriter writer, boolean drop) throws IOException {
        writers.remove(writer);
        if (drop && writer.n() != 0 && !database.isClosed()) {
            dropUnfinished(writer);
        }
    }

    private void dropUnfinished(SqliteEntryWriter writer) throws IOException {
        if (writer.mark().generation() == database.generation()) {
            deleteUnfinished(writer.n());
        }
    }

    /** Deletes what was written of an entry that will not be committed. */
    private void deleteUnfinished(long n) throws IOException {
        Row row = database.write(session -> {
            Row unfinished = row(session, n, 0);
            if (unfinished != null) {
                session.update(Sql.BURY, uses.stamp(clock.millis()), n);
                Change change = new Change();
                change.dead += unfinished.size;
                apply(session, change);
            }
            return unfinished;
        });
        if (row != null) {
            delete(row);
        }
    }

    private static @Nullable Row row(Session session, long n, int state) throws SQLException {
        try (ResultSet row = session.query(Sql.ROW, n, state)) {
            return row.next() ? new Row(n, "", row.getLong(1), row.getLong(2), 0) : null;
        }
    }

    /** Really deletes a removed entry, a slice at a time. */
    private void delete(Row row) throws IOException {
        long chunks = Checksums.chunks(row.length);
        for (long from = 0; from + SLICE < chunks; from += SLICE) {
            long first = Checksums.row(row.n, from);
            database.write(session -> session.update(Sql.DELETE_CHUNKS, first, first + SLICE - 1));
        }
        database.write(session -> {
            Row dead = row(session, row.n, 2);
            if (dead != null) {
                deleteChunks(session, dead.n);
                session.update(Sql.DELETE, dead.n);
                Change change = new Change();
                change.dead -= dead.size;
                apply(session, change);
            }
            return null;
        });
    }

    @Override
    public boolean freshen(StoredResponse head) throws IOException {
        long now = begin();
        byte[] bytes;
        try {
            bytes = headBytes(head);
        } catch (IllegalArgumentException e) {
            // The head that is there says what is not true any more.
            remove(head.key(), head.id());
            return false;
        }
        KeyHash hash = hashes.of(head.key());
        return database.write(session -> {
            SqliteEntry entry = find(session, hash, head.id());
            if (entry == null || isExpired(entry, now)) {
                return false;
            }
            Row before = row(session, entry.n, 1);
            if (before == null) {
                return false;
            }
            long size = size(bytes.length, entry.bodyLength());
            long seal = new Checksums(head.id())
                    .seal(Checksums.version(entry.seal) + 1, serializer.formatId(), entry.bodyLength(), bytes);
            long stamp = uses.stamp(now);
            session.update(
                    Sql.FRESHEN, bytes, (int) serializer.formatId(), seal, size, stamp, expires(head, stamp), entry.n);
            Change change = new Change();
            change.bytes += size - before.size;
            apply(session, change);
            return true;
        });
    }

    /** The entry of a key with an id; null when there is none, or none that can be read. */
    private @Nullable SqliteEntry find(Session session, KeyHash key, String id) throws SQLException {
        for (StoredEntry entry : found(session, key).entries) {
            if (entry.stored().id().equals(id)) {
                return (SqliteEntry) entry;
            }
        }
        return null;
    }

    private Found found(Session session, KeyHash key) throws SQLException {
        Found found = new Found();
        try (ResultSet rows = session.query(Sql.HEADS, (Object) key.bytes())) {
            while (rows.next()) {
                found.add(rows, false, key.key());
            }
        }
        return found;
    }

    // ---- removal

    @Override
    public boolean remove(String key, String id) throws IOException {
        long now = begin();
        KeyHash hash = hashes.of(key);
        return remove(hash, now, id) > 0;
    }

    @Override
    public int removeKey(String key) throws IOException {
        long now = begin();
        return remove(hashes.of(key), now, null);
    }

    /** Removes the entries of a key, or one of them; returns how many could be read. */
    private int remove(KeyHash key, long now, @Nullable String id) throws IOException {
        record Removed(Change change, int live) {}
        Removed removed = database.write(session -> {
            if (id == null) {
                Removals.count(session, key.slot(), now);
            } else {
                for (SqliteEntryWriter writer : writers) {
                    if (writer.head().id().equals(id) && writer.head().key().equals(key.key())) {
                        writer.discard();
                    }
                }
            }
            Change change = new Change();
            int live = 0;
            List<Row> rows = variants(session, key);
            if (rows.isEmpty()) {
                return new Removed(change, 0);
            }
            for (StoredEntry entry : found(session, key).entries) {
                if ((id == null || entry.stored().id().equals(id)) && !isExpired((SqliteEntry) entry, now)) {
                    live++;
                }
            }
            long stamp = uses.stamp(now);
            for (Row row : rows) {
                if (id == null || row.id.equals(id)) {
                    drop(session, row, stamp, change);
                }
            }
            apply(session, change);
            return new Removed(change, live);
        });
        done(removed.change);
        return removed.live;
    }

    @Override
    public int removeIf(Predicate<StoredResponse> condition) throws IOException {
        begin();
        for (SqliteEntryWriter writer : writers) {
            if (condition.test(writer.head())) {
                writer.discard();
            }
        }
        // A writer that has not seen its mark is committed when this comes to write.
        database.write(session -> null);
        int removed = 0;
        List<SqliteEntry> hit = new ArrayList<>();
        Entries all = new Entries();
        while (true) {
            boolean more;
            try {
                more = all.hasNext();
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
            if (more) {
                SqliteEntry entry = (SqliteEntry) all.next();
                if (condition.test(entry.stored())) {
                    hit.add(entry);
                }
            }
            if (!more || hit.size() == 64) {
                removed += removeAll(hit);
                hit.clear();
            }
            if (!more) {
                return removed;
            }
        }
    }

    private int removeAll(List<SqliteEntry> entries) throws IOException {
        if (entries.isEmpty()) {
            return 0;
        }
        List<SqliteEntry> all = List.copyOf(entries);
        Change change = database.write(session -> {
            Change some = new Change();
            long stamp = uses.stamp(clock.millis());
            for (SqliteEntry entry : all) {
                Row row = row(session, entry.n, 1);
                if (row != null) {
                    drop(session, row, stamp, some);
                }
            }
            apply(session, some);
            return some;
        });
        done(change);
        return change.dropped.size();
    }

    @Override
    public long clear() throws IOException {
        long now = begin();
        long removed = database.write(session -> {
            Removals.count(session, Removals.ALL, now);
            session.update(Sql.CLEAR_BODIES);
            long count = session.update(Sql.CLEAR_SMALL);
            count += session.update(Sql.CLEAR_LARGE, uses.stamp(now));
            recount(session);
            return count;
        });
        uses.clear();
        return removed;
    }

    /** Removes an entry whose time has come, unless it was given more. */
    private void removeExpired(SqliteEntry entry) {
        try {
            Change change = database.write(session -> {
                Change some = new Change();
                try (ResultSet row = session.query(Sql.LOOKUP_ONE, entry.n)) {
                    SqliteEntry again = row.next() ? load(row, false, null) : null;
                    if (again == null || !isExpired(again, clock.millis())) {
                        return some;
                    }
                } catch (DamagedRowException e) {
                    return some; // whoever comes across it next will say so
                }
                Row row = row(session, entry.n, 1);
                if (row != null) {
                    drop(session, row, uses.stamp(clock.millis()), some);
                    apply(session, some);
                }
                return some;
            });
            done(change);
        } catch (IOException e) {
            failed("remove an expired entry", e); // whoever looks for it need not be told
        }
    }

    // ---- damage

    /** Removes an entry that is damaged. */
    private void damaged(long n, String what) {
        removeDamaged(n, null, what);
    }

    /** Removes an entry whose body is damaged. */
    void damagedBody(long n, String id, DamagedRowException damage) {
        removeDamaged(n, id, Objects.requireNonNullElse(damage.getMessage(), "damaged"));
    }

    private void removeDamaged(long n, @Nullable String id, String what) {
        try {
            if (keepsDamaged || (id != null && !isThere(n, id))) {
                corrupt(place(n), what);
                return;
            }
            Change change = database.write(session -> {
                Change some = new Change();
                Row row = row(session, n, 1);
                if (row != null) {
                    // With all there is: its length may be what is damaged.
                    deleteChunks(session, n);
                    session.update(Sql.DELETE, n);
                    some.entries--;
                    some.bytes -= row.size;
                    some.dropped.add(n);
                    apply(session, some);
                }
                return some;
            });
            done(change);
        } catch (IOException e) {
            failed("remove a damaged entry", e);
        }
        corrupt(place(n), what);
    }

    private void corrupt(String where, String what) {
        if (listeners.isEmpty()) {
            unheard.add(new String[] {where, what});
        }
        listeners.forEach(listener -> listener.corrupt(where, what));
    }

    private void failed(String operation, IOException failure) {
        if (!database.isClosed()) {
            listeners.forEach(listener -> listener.failed(operation, failure));
        }
    }

    // ---- sweeping

    /**
     * Writes the uses that are counted, drops what has expired, what readers do not need any more and what writers left
     * that died, counts what is there, and evicts if that is too much. Done now and then by itself. Nobody who writes waits
     * for the counting, unless the totals turn out wrong.
     */
    public void sweep() throws IOException {
        requireOpen();
        sweep(Integer.MAX_VALUE);
    }

    private void sweep(int maxReads) throws IOException {
        sweeping.lock();
        try {
            flush();
            dropExpired(maxReads);
            purge(clock.millis());
            Totals right = database.read(SqliteStorage::rightTotals);
            if (right != null && right.entries <= maxEntries && right.bytes <= maxBytes) {
                return;
            }
            Change change = database.write(session -> {
                Change some = new Change();
                some.totals = right == null ? recount(session) : totals(session);
                evict(session, 0, uses.stamp(clock.millis()), some);
                return some;
            });
            done(change);
        } finally {
            sweeping.unlock();
        }
    }

    /** The totals, or null when counting finds others. One statement, so that no commit comes between. */
    private static @Nullable Totals rightTotals(Session session) throws SQLException {
        try (ResultSet row = session.query(Sql.RIGHT_TOTALS)) {
            return row.next() ? new Totals(row.getLong(1), row.getLong(2), row.getLong(3)) : null;
        }
    }

    private static Totals recount(Session session) throws SQLException {
        long entries = 0;
        long bytes = 0;
        long dead = 0;
        try (ResultSet row = session.query(Sql.COUNT_LIVE)) {
            if (row.next()) {
                entries = row.getLong(1);
                bytes = row.getLong(2);
            }
        }
        try (ResultSet row = session.query(Sql.COUNT_DEAD)) {
            if (row.next()) {
                dead = row.getLong(1);
            }
        }
        session.update(Sql.SET_TOTALS, entries, bytes, dead);
        return new Totals(entries, bytes, dead);
    }

    private void flushInTurn() throws IOException {
        sweeping.lock();
        try {
            flush();
        } finally {
            sweeping.unlock();
        }
    }

    /** Writes the uses that are counted. */
    private void flush() throws IOException {
        nextFlush.set(clock.millis() + USE_INTERVAL);
        if (usesOf != database.generation()) {
            // The numbers are those of other entries now.
            usesOf = database.generation();
            uses.clear();
        }
        List<Uses.Count> pending = uses.pending();
        if (pending.isEmpty()) {
            return;
        }
        database.write(session -> {
            for (Uses.Count count : pending) {
                Long expires = count.slidingMillis() < 0
                        ? null
                        : Long.valueOf(TimeUnit.NANOSECONDS.toMillis(count.stamp()) + count.slidingMillis());
                session.update(Sql.USE, count.pending(), count.stamp(), expires, count.n());
            }
            return null;
        });
        pending.forEach(uses::written);
        uses.trim();
    }

    private void dropExpired(int maxReads) throws IOException {
        int left = maxReads;
        while (left > 0) {
            long now = clock.millis();
            List<Long> rows = new ArrayList<>();
            Found found = database.read(session -> {
                Found all = new Found();
                rows.clear();
                try (ResultSet expired = session.query(Sql.EXPIRED, now)) {
                    while (expired.next()) {
                        rows.add(expired.getLong(1));
                        all.add(expired, false, null);
                    }
                }
                return all;
            });
            if (rows.isEmpty()) {
                return;
            }
            left -= rows.size();
            // What can be read is judged by itself, once more where it is removed, should the clock have gone back
            // since.
            for (StoredEntry each : found.entries) {
                rows.remove(((SqliteEntry) each).n);
            }
            for (StoredEntry each : found.live(now)) {
                // Not yet: it has been used.
                SqliteEntry entry = (SqliteEntry) each;
                Long expires = expires(entry.stored(), uses.lastUse(entry.n, entry.used));
                Long at = expires == null ? null : Long.valueOf(Math.max(expires, now + 1));
                database.write(session -> session.update(Sql.POSTPONE, at, entry.n));
            }
            // The rest is damaged, or was written by another serializer.
            Change change = database.write(session -> {
                Change some = new Change();
                for (Long n : rows) {
                    Row row = row(session, n, 1);
                    if (row != null) {
                        drop(session, row, uses.stamp(now), some);
                    }
                }
                apply(session, some);
                return some;
            });
            done(change);
        }
    }

    /** Deletes removed bodies that nobody reads, and what dead writers left. */
    private void purge(long now) throws IOException {
        record Rest(Row row, int state, @Nullable String owner) {}
        int generation = database.generation();
        List<Rest> all = new ArrayList<>();
        long dead = database.read(session -> {
            all.clear();
            try (ResultSet rows = session.query(Sql.REST, Long.MIN_VALUE)) {
                while (rows.next()) {
                    Row row = new Row(rows.getLong(1), "", rows.getLong(4), rows.getLong(5), rows.getLong(3));
                    all.add(new Rest(row, rows.getInt(2), rows.getString(6)));
                }
            }
            return totals(session).dead;
        });
        Set<Long> written = new HashSet<>();
        for (SqliteEntryWriter writer : writers) {
            written.add(writer.n());
        }
        for (Rest rest : all) {
            if (generation != database.generation()) {
                return;
            }
            long age = Math.abs(now - TimeUnit.NANOSECONDS.toMillis(rest.row.used));
            if (rest.state == 0) {
                if (!written.contains(rest.row.n) && (age >= OLD || (age >= YOUNG && !Owner.isAlive(rest.owner)))) {
                    deleteUnfinished(rest.row.n);
                }
            } else if (!open.containsKey(rest.row.n) && (age >= GRACE || dead > maxBytes / 4)) {
                delete(rest.row);
                dead -= rest.row.size;
            }
        }
    }

    private static Totals totals(Session session) throws SQLException {
        try (ResultSet row = session.query(Sql.TOTALS)) {
            return row.next() ? new Totals(row.getLong(1), row.getLong(2), row.getLong(3)) : Totals.NONE;
        }
    }

    /** Begins an operation; returns the time. */
    private long begin() throws IOException {
        requireOpen();
        long now = clock.millis();
        long due = nextSweep.get();
        // A clock that went far back must not put the next sweep off until it has caught up.
        if ((now >= due || now < due - sweepEveryMillis) && nextSweep.compareAndSet(due, now + sweepEveryMillis)) {
            sweepDue.set(true);
            later();
        }
        return now;
    }

    /** Writes the uses that are counted in the background, and sweeps if that is due. */
    private void later() {
        if (closed.get() || !busy.compareAndSet(false, true)) {
            return;
        }
        try {
            executor.execute(() -> {
                boolean whole = sweepDue.getAndSet(false);
                try {
                    if (!database.isClosed()) {
                        if (whole) {
                            sweep(BACKGROUND_READS);
                        } else {
                            flushInTurn();
                        }
                    }
                } catch (IOException e) {
                    failed(whole ? "sweep" : "write uses", e);
                } finally {
                    busy.set(false);
                }
                if (sweepDue.get()) {
                    later(); // it became due meanwhile
                }
            });
        } catch (RejectedExecutionException e) {
            busy.set(false);
            failed("sweep", new IOException("the executor refuses", e));
        }
    }

    // ---- the rest

    @Override
    public StorageStatistics statistics() throws IOException {
        begin();
        Totals totals = database.read(SqliteStorage::totals);
        return new StorageStatistics(
                totals.entries,
                totals.bytes,
                maxEntries == Long.MAX_VALUE ? -1 : maxEntries,
                maxBytes,
                evictions.get());
    }

    @Override
    public long maxBodyBytes() {
        return maxEntryBytes;
    }

    /** {@inheritDoc} A file that is damaged as a whole is set aside all the same. */
    @Override
    public void keepDamaged(boolean keep) {
        keepsDamaged = keep;
    }

    @Override
    public void addListener(StorageListener listener) {
        if (listeners.contains(listener)) {
            return;
        }
        listeners.add(listener);
        for (String[] each = unheard.poll(); each != null; each = unheard.poll()) {
            listener.corrupt(each[0], each[1]);
        }
    }

    private void requireOpen() throws IOException {
        if (closed.get()) {
            throw new IOException("the storage is closed");
        }
    }

    @Override
    public void close() throws IOException {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        try {
            flush();
            for (SqliteEntryWriter writer : writers) {
                writer.discard();
                if (writer.n() != 0) {
                    dropUnfinished(writer);
                }
            }
        } finally {
            database.close();
        }
    }

    @Override
    public String toString() {
        return "SqliteStorage[" + name + "]";
    }

    /** Where the connections come from. */
    private record Source(
            Connecting connecting,
            boolean own,
            boolean single,
            int readers,
            @Nullable Path file) implements Database.Source {
        @FunctionalInterface
        interface Connecting {
            Connection connect() throws SQLException, IOException;
        }

        @Override
        public Connection connect() throws SQLException, IOException {
            return connecting.connect();
        }
    }

    /** Builds a {@link SqliteStorage}. Not thread-safe. */
    public static final class Builder {
        private @Nullable Path path;
        private @Nullable Connection connection;
        private @Nullable DataSource dataSource;
        private String tableName = "larder";
        private boolean createTable = true;
        private @Nullable Duration ttl;
        private boolean sliding;
        private Duration checkTtlEvery = Duration.ofMinutes(1);
        private Duration busyTimeout = Duration.ofSeconds(5);
        private long maxEntries = Long.MAX_VALUE;
        private long maxBytes = 512L << 20;
        private long maxEntryBytes = -1;
        private int maxVariants = 64;
        private Serializer serializer = BinarySerializer.INSTANCE;
        private InstantSource clock = InstantSource.system();
        private Executor executor = Builder::startThread;
        private boolean durable;

        private Builder() {}

        /** A thread for each sweep and each writing of uses: both are rare, and none is to stop when the storage is closed. */
        private static void startThread(Runnable task) {
            Thread thread = new Thread(task, "larder-sweep");
            thread.setDaemon(true);
            thread.start();
        }

        /**
         * The database file, created if it is missing. Replaces {@link #connection} and {@link #dataSource}; without any
         * of the three the database is in memory.
         */
        public Builder path(Path file) {
            this.path = Objects.requireNonNull(file, "path");
            connection = null;
            dataSource = null;
            return this;
        }

        /**
         * A connection to a SQLite database, in auto-commit mode. It is used as it is configured, by one thread at a time,
         * and stays open when the storage is closed; until then nobody else should use it. Replaces {@link #path} and
         * {@link #dataSource}.
         */
        public Builder connection(Connection connection) {
            this.connection = Objects.requireNonNull(connection, "connection");
            path = null;
            dataSource = null;
            return this;
        }

        /**
         * Gives connections to a SQLite database. They are used as they are configured; WAL mode and a busy time-out are
         * recommended. The storage takes up to three, keeps them, and closes them when it is closed, which gives those of
         * a pool back. Replaces {@link #path} and {@link #connection}.
         */
        public Builder dataSource(DataSource dataSource) {
            this.dataSource = Objects.requireNonNull(dataSource, "dataSource");
            path = null;
            connection = null;
            return this;
        }

        /**
         * What the names of the tables begin with: letters of ASCII, digits and underscores; by default {@code larder}.
         *
         * @throws IllegalArgumentException when that is no name for a table
         */
        public Builder tableName(String name) {
            this.tableName = new Schema(name).table();
            return this;
        }

        /**
         * Whether the tables are made if they are missing, which is so by default, and made anew if they are of another
         * version. Otherwise they have to be there, as {@link SqliteStorage#createStatements} makes them.
         */
        public Builder createTable(boolean create) {
            this.createTable = create;
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

        /** How often to {@linkplain SqliteStorage#sweep sweep} while the storage is used; by default every minute. */
        public Builder checkTtlEvery(Duration interval) {
            this.checkTtlEvery = positive(interval, "checkTtlEvery");
            return this;
        }

        /**
         * How long to wait for another process that writes; by default 5 seconds. For databases that are opened by their
         * path; connections of the caller's bring theirs.
         */
        public Builder busyTimeout(Duration timeout) {
            this.busyTimeout = positive(timeout, "busyTimeout");
            return this;
        }

        /** The capacity in entries; by default there is none. */
        public Builder maxEntries(long maxEntries) {
            this.maxEntries = atLeast(1, maxEntries, "maxEntries");
            return this;
        }

        /** The capacity in bytes, {@linkplain SqliteStorage heads included}; by default 512 MiB. */
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

        /** Runs the sweeps and writes uses; by default a daemon thread for each. */
        public Builder executor(Executor executor) {
            this.executor = Objects.requireNonNull(executor, "executor");
            return this;
        }

        /**
         * Whether commits, validations and removals wait until the disk has them, so that not even a loss of power undoes
         * them; by default not. For databases that are opened by their path.
         */
        public Builder durable(boolean durable) {
            this.durable = durable;
            return this;
        }

        /**
         * Opens the storage.
         *
         * @throws IOException when the database cannot be used, when other users may write to it, when it is on a network
         *     file system, or when it has a table of this name that is not Larder's. A damaged file is no reason
         */
        public SqliteStorage build() throws IOException {
            return new SqliteStorage(this, source(), place() + " " + tableName);
        }

        private String place() {
            if (path != null) {
                return path.toString();
            }
            return connection != null ? "connection" : dataSource != null ? "data source" : "memory";
        }

        private Source source() {
            Connection given = connection;
            if (given != null) {
                return new Source(() -> given, false, true, 1, null);
            }
            DataSource giver = dataSource;
            if (giver != null) {
                return new Source(giver::getConnection, true, false, 2, null);
            }
            OwnConnections own =
                    new OwnConnections(path, (int) Math.min(Integer.MAX_VALUE, millis(busyTimeout)), durable);
            int readers = Math.max(4, 2 * Runtime.getRuntime().availableProcessors());
            return new Source(own::connect, true, path == null, readers, own.file());
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
