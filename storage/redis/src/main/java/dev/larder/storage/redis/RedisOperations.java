package dev.larder.storage.redis;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncBodyReader;
import dev.larder.storage.AsyncEntryWriter;
import dev.larder.storage.BinarySerializer;
import dev.larder.storage.Lease;
import dev.larder.storage.MalformedEntryException;
import dev.larder.storage.Serializer;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StorageStatistics;
import dev.larder.storage.StoredEntry;
import io.lettuce.core.protocol.CommandType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What a {@link RedisStorage} does, without waiting. */
final class RedisOperations {
    private static final Duration USE_INTERVAL = Duration.ofSeconds(10);
    /** How long a removal is remembered for writers of other processes. */
    private static final long REMOVAL_MILLIS = Duration.ofHours(2).toMillis();
    /** How long a removed body can still be read, and one being written waits for its next chunk. */
    static final long GRACE_MILLIS = Duration.ofMinutes(10).toMillis();
    /** How long a head is waited for, at the very most. */
    private static final long INCOMING_MILLIS = Duration.ofMinutes(10).toMillis();
    /** Longer than anybody waits. */
    private static final long MAX_TTL_MILLIS = Duration.ofDays(3650).toMillis();

    /** A body up to this length is kept with its head, if the key does not have many variants. */
    static final int INLINE = 32 << 10;
    /** A few bytes for {@code !}, and three fields for each of eight variants. */
    private static final int MAX_INLINE_FIELDS = 25;

    /** How many chunks a body may have to be read at once: a mebibyte. */
    private static final int AT_ONCE = 16;
    /** A transfer that is slower than 10 MB/s counts as one that hangs. */
    private static final int BYTES_PER_MILLI = 10_000;

    /** With so few fields and their values, looking for one takes less than a map of them. */
    private static final int FEW = 32;

    private static final int SCAN_COUNT = 500;
    /** How many places are read or removed at once while walking through all. */
    private static final int BATCH = 50;
    /** How much longer than usual such a batch may take. */
    private static final Duration BATCH_ALLOWANCE = Duration.ofSeconds(1);

    /** Tells the leases of this process apart, of whichever storage. */
    private static final AtomicLong LEASES = new AtomicLong();

    private final Link link;
    private final Place.Keys keys;
    private final Serializer serializer;
    private final InstantSource clock;
    private final long ttlMillis;
    private final boolean slidingTtl;
    private final long retentionMillis;
    private final long timeoutMillis;
    private final long leaseMillis;
    private final int maxEntries;
    private final long maxBytes;
    private final long maxEntryBytes;
    private final int maxVariants;
    private final boolean cluster;
    private final String processName;
    private final byte[] process;
    private final Writers writers;

    private final HeadCache heads = new HeadCache();
    private final UseCounts uses = new UseCounts(this::writeUses);
    private final CopyOnWriteArrayList<StorageListener> listeners = new CopyOnWriteArrayList<>();
    private final AtomicLong evictions = new AtomicLong();
    private volatile boolean closed;
    private volatile boolean keepsDamaged;

    RedisOperations(RedisStorage.Builder b, Link link, boolean cluster) {
        this.link = link;
        this.cluster = cluster;
        keys = new Place.Keys(b.namespace);
        serializer = b.serializer;
        clock = b.clock;
        ttlMillis = b.ttl == null ? StoredResponse.NO_TTL : millis(b.ttl);
        slidingTtl = b.sliding;
        retentionMillis = millis(b.retention);
        timeoutMillis = millis(b.timeout);
        leaseMillis = b.lease == null ? 0 : millis(b.lease);
        maxEntries = b.maxEntries;
        maxBytes = b.maxBytes;
        maxEntryBytes = b.maxBytes < 0 ? b.maxEntryBytes : Math.min(b.maxEntryBytes, b.maxBytes);
        maxVariants = b.maxVariants;
        processName = b.process;
        process = Place.bytes(b.process);
        writers = Writers.of(b.process, b.namespace);
    }

    private static long millis(Duration duration) {
        return duration.compareTo(Duration.ofMillis(MAX_TTL_MILLIS)) > 0 ? MAX_TTL_MILLIS : duration.toMillis();
    }

    // ---- reading

    List<StoredEntry> lookupNow(String key) throws IOException {
        requireOpen();
        Place place = keys.of(key);
        return link.await(CommandType.HGETALL, place.hash(), answer -> lookedUp(place, answer, key));
    }

    CompletionStage<List<StoredEntry>> lookup(String key) {
        return whenOpen(() -> {
            Place place = keys.of(key);
            return link.call(CommandType.HGETALL, place.hash(), answer -> lookedUp(place, answer, key));
        });
    }

    private List<StoredEntry> lookedUp(Place place, Object answer, String key) throws IOException {
        try {
            return entries(place, link.valuesOf(answer), key);
        } catch (Link.RefusedException e) {
            return afterRefusal(place, e);
        }
    }

    /** Something else is under the key of a place: that is damage, and it goes. */
    private List<StoredEntry> afterRefusal(Place place, Link.RefusedException refused) throws IOException {
        if (!refused.isWrongType()) {
            throw refused;
        }
        if (!keepsDamaged) {
            inBackground("remove a damaged entry", link.call(CommandType.UNLINK, place.hash()));
        }
        tell(listener -> listener.corrupt(place.toString(), "something else is under the key"));
        return List.of();
    }

    /** What the fields of a place hold; what is damaged or has expired is removed. */
    private List<StoredEntry> entries(Place place, List<@Nullable Object> fields, @Nullable String key) {
        if (fields.isEmpty()) {
            return List.of();
        }
        Function<byte[], byte @Nullable []> finder = fields.size() <= FEW ? name -> find(fields, name) : mapped(fields);
        long now = clock.millis();
        List<StoredEntry> found = new ArrayList<>(1);
        for (int i = 0; i + 1 < fields.size(); i += 2) {
            if (!(fields.get(i) instanceof byte[] name) || name.length == 0 || name[0] != 'h') {
                continue;
            }
            byte[] record = fields.get(i + 1) instanceof byte[] bytes ? bytes : new byte[0];
            String id = new String(name, 1, name.length - 1, StandardCharsets.ISO_8859_1);
            try {
                byte[] other = name.clone();
                other[0] = 'u';
                byte[] usage = finder.apply(other);
                other[0] = 'b';
                RedisEntry entry = entry(place, id, record, usage, finder.apply(other), key);
                if (entry == null) {
                    continue;
                }
                if (isExpired(entry, now)) {
                    removeIfSame(entry, true, "remove an expired entry");
                } else {
                    found.add(entry);
                }
            } catch (DamagedEntryException e) {
                damaged(place, id, record, String.valueOf(e.getMessage()));
            }
        }
        return found;
    }

    private static byte @Nullable [] find(List<@Nullable Object> fields, byte[] wanted) {
        for (int i = 0; i + 1 < fields.size(); i += 2) {
            if (fields.get(i) instanceof byte[] name && Arrays.equals(name, wanted)) {
                return fields.get(i + 1) instanceof byte[] value ? value : null;
            }
        }
        return null;
    }

    private static Function<byte[], byte @Nullable []> mapped(List<@Nullable Object> fields) {
        Map<ByteBuffer, byte[]> byName = new HashMap<>();
        for (int i = 0; i + 1 < fields.size(); i += 2) {
            if (fields.get(i) instanceof byte[] name && fields.get(i + 1) instanceof byte[] value) {
                byName.put(ByteBuffer.wrap(name), value);
            }
        }
        return name -> byName.get(ByteBuffer.wrap(name));
    }

    /** The entry, or null when it takes a version or a serializer to read it that this is not. */
    private @Nullable RedisEntry entry(
            Place place,
            String id,
            byte[] record,
            byte @Nullable [] usage,
            byte @Nullable [] chunk,
            @Nullable String key)
            throws DamagedEntryException {
        HeadCache.Known known = heads.get(id, record);
        if (known == null) {
            known = parse(place, id, record);
            if (known == null) {
                return null;
            }
            heads.put(known);
        }
        if (key != null && !known.stored.key().equals(key)) {
            // As good as impossible; it belongs to whoever asks for it.
            return null;
        }
        if (usage == null) {
            throw new DamagedEntryException("the uses are missing");
        }
        ByteBuffer body = known.bodyLength == 0 ? ByteBuffer.allocate(0) : null;
        if (chunk != null) {
            new EntryFormat(id).check(known.bodyLength, 0, chunk);
            body = ByteBuffer.wrap(chunk, EntryFormat.CHUNK_HEADER, chunk.length - EntryFormat.CHUNK_HEADER)
                    .slice();
        }
        RedisEntry entry =
                new RedisEntry(place, known.stored, known.record, Usage.parse(usage), known.bodyLength, chunk, body);
        known.pass(entry);
        return entry;
    }

    private HeadCache.@Nullable Known parse(Place place, String id, byte[] record) throws DamagedEntryException {
        EntryFormat.Header header = new EntryFormat(id).read(record);
        Serializer reader = header.formatId() == serializer.formatId() ? serializer : BinarySerializer.INSTANCE;
        if (!header.known() || reader.formatId() != header.formatId()) {
            return null;
        }
        StoredResponse stored;
        try {
            stored = reader.read(EntryFormat.text(record));
        } catch (MalformedEntryException e) {
            throw new DamagedEntryException("the head cannot be read: " + e.getMessage());
        }
        if (!stored.id().equals(id) || !keys.of(stored.key()).equals(place)) {
            throw new DamagedEntryException("the entry of another key or id");
        }
        return new HeadCache.Known(id, record, header.bodyLength(), stored);
    }

    private boolean isExpired(RedisEntry entry, long now) {
        return entry.usage.isExpired(now, uses.lastUse(entry.place, entry.id()));
    }

    CompletionStage<@Nullable AsyncBodyReader> open(StoredEntry stored) {
        RedisEntry entry = own(stored);
        return RedisOperations.<@Nullable AsyncBodyReader>whenOpen(this, () -> {
            byte[] usage = Place.bytes("u" + entry.id());
            if (entry.chunk != null || entry.bodyLength() == 0) {
                List<@Nullable Object> chunks = entry.chunk == null ? List.of() : List.of(entry.chunk);
                return link.call(CommandType.HMGET, entry.place.hash(), usage)
                        .thenApply(fields -> open(entry, fields, chunks));
            }
            // It may be inline although the lookup did not bring it, as that of all entries does not.
            return link.call(CommandType.HMGET, entry.place.hash(), usage, Place.bytes("b" + entry.id()))
                    .thenCombine(firstChunks(entry), (fields, chunks) -> open(entry, fields, chunks));
        });
    }

    /** All of a body that is not long, so that nothing can go wrong any more while it is read; or its first chunk. */
    private CompletionStage<List<@Nullable Object>> firstChunks(RedisEntry entry) {
        long all = EntryFormat.chunks(entry.bodyLength());
        byte[][] numbers = new byte[all <= AT_ONCE ? (int) all : 1][];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = number(i);
        }
        Duration allowance = Duration.ofMillis((long) EntryFormat.CHUNK * numbers.length / BYTES_PER_MILLI);
        return link.call(allowance, CommandType.HMGET, entry.place.body(entry.id()), numbers);
    }

    private @Nullable AsyncBodyReader open(
            RedisEntry entry, List<@Nullable Object> fields, List<@Nullable Object> chunks) {
        try {
            if (!(fields.get(0) instanceof byte[] usage)
                    || Usage.parse(usage).isExpired(clock.millis(), uses.lastUse(entry.place, entry.id()))) {
                return null;
            }
            List<byte[]> checked = new ArrayList<>(chunks.size());
            for (int i = 0; i < chunks.size(); i++) {
                Object chunk = i == 0 && fields.size() > 1 && fields.get(1) != null ? fields.get(1) : chunks.get(i);
                if (!(chunk instanceof byte[] bytes)) {
                    bodyIsGone(entry);
                    return null;
                }
                if (bytes != entry.chunk) {
                    new EntryFormat(entry.id()).check(entry.bodyLength(), i, bytes);
                }
                checked.add(bytes);
            }
            return new RedisBody(this, entry, checked);
        } catch (DamagedEntryException e) {
            damaged(entry, String.valueOf(e.getMessage()));
            return null;
        }
    }

    /** A chunk of a body, or null when it is not there. */
    CompletionStage<byte @Nullable []> chunk(byte[] body, long number) {
        return link.call(CommandType.HGET, body, number(number)).thenApply(values -> {
            return !values.isEmpty() && values.get(0) instanceof byte[] chunk ? chunk : null;
        });
    }

    private static RedisEntry own(StoredEntry entry) {
        if (entry instanceof RedisEntry found) {
            return found;
        }
        throw new IllegalArgumentException("not an entry of a Redis storage");
    }

    // ---- leases

    boolean leases() {
        return leaseMillis > 0;
    }

    CompletionStage<Lease> lease(String key) {
        return whenOpen(() -> {
            if (!leases()) {
                throw new UnsupportedOperationException("leases() is false");
            }
            byte[][] keyOfLease = {keys.of(key).lease()};
            String name = processName + "-" + LEASES.incrementAndGet();
            byte[] value = Place.bytes(name);
            return link.run(Script.LEASE, keyOfLease, value, Place.bytes(Long.toString(leaseMillis)))
                    .thenApply(answer -> {
                        String holder = answer.get(0) instanceof byte[] bytes
                                ? new String(bytes, StandardCharsets.ISO_8859_1)
                                : "";
                        long left = integer(answer, 1);
                        return holder.equals(name)
                                ? Lease.granted(
                                        name,
                                        left,
                                        () -> inBackground(
                                                "release a lease", link.run(Script.RELEASE, keyOfLease, value)))
                                : Lease.heldByAnother(holder, Math.min(left, leaseMillis));
                    });
        });
    }

    // ---- uses

    long used(StoredEntry stored) {
        RedisEntry entry = own(stored);
        long now = clock.millis();
        if (isExpired(entry, now)) {
            return entry.usage.uses() + 1; // too late to prolong its time
        }
        long interval = USE_INTERVAL.toMillis();
        if (entry.usage.sliding() > 0) {
            interval = Math.min(interval, entry.usage.sliding() / 10);
        }
        return uses.used(entry, now, interval);
    }

    private CompletableFuture<?> writeUses(RedisEntry entry, long count, long lastUse) {
        if (closed) {
            return CompletableFuture.completedFuture(null);
        }
        Place place = entry.place;
        String id = entry.id();
        CompletionStage<?> written = link.run(
                        Script.USE,
                        new byte[][] {place.hash(), place.body(id)},
                        Place.bytes(id),
                        number(count),
                        number(lastUse),
                        number(lastUse / 1000),
                        number(ttlOf(entry.stored())))
                .thenCompose(reply -> {
                    if (!hasCapacity() || integer(reply, 0) == 0) {
                        return CompletableFuture.completedFuture(null);
                    }
                    return account(place.member(id), sizeOf(entry.record, entry.bodyLength()), lastUse, List.of());
                });
        inBackground("count uses", written);
        return written.handle((value, failure) -> value).toCompletableFuture();
    }

    // ---- writing

    CompletionStage<AsyncEntryWriter> create(StoredResponse head) {
        if (!isId(head.id())) {
            return CompletableFuture.failedFuture(
                    new IllegalArgumentException("an id is 1 to 32 lower-case hexadecimal digits, not " + head.id()));
        }
        return whenOpen(() -> {
            if (!link.isOpen()) {
                // Fails at once, or has Redis probed, so that nothing is kept for a commit that is going to fail.
                return link.call(CommandType.EXISTS, keys.removals()).thenApply(reply -> upload(head));
            }
            return CompletableFuture.completedFuture(upload(head));
        });
    }

    private Upload upload(StoredResponse head) {
        long requestedBefore = clock.millis() - head.requestTime();
        // What was requested longer ago is no response that comes in, but a copy of one that is stored elsewhere.
        boolean incoming = requestedBefore > 0 && requestedBefore < INCOMING_MILLIS;
        Upload upload = new Upload(this, head, keys.of(head.key()), maxEntryBytes, incoming ? requestedBefore : 0);
        writers.add(upload);
        return upload;
    }

    private static boolean isId(String id) {
        if (id.isEmpty() || id.length() > 32) {
            return false;
        }
        for (int i = 0; i < id.length(); i++) {
            char c = id.charAt(i);
            if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
                return false;
            }
        }
        return true;
    }

    CompletionStage<?> append(byte[] body, long number, byte[] chunk) {
        return whenOpen(
                () -> link.run(Script.APPEND, new byte[][] {body}, number(number), chunk, number(GRACE_MILLIS)));
    }

    /** @param single the only chunk, or nothing when there are others, which have been sent */
    CompletionStage<Boolean> commit(Upload upload, long length, byte[] single, List<StoredResponse> replaced) {
        StoredResponse head = upload.head();
        byte[] text = text(head);
        if (text == null) {
            return completed(false);
        }
        byte[] record = upload.format().record(length, serializer.formatId(), text);
        if (maxBytes >= 0 && sizeOf(record, length) > maxBytes) {
            return completed(false);
        }
        Place place = upload.place();
        return whenOpen(() -> {
            CompletableFuture<?> used = uses.flush(place);
            // On their way while the entry is: only what is evicted for it depends on them.
            CompletableFuture<?> others = hasCapacity() ? uses.flushSome() : used;
            return used.thenCompose(done -> cluster
                    ? publishInCluster(upload, record, length, single, replaced, others)
                    : publish(upload, record, length, single, replaced, others));
        });
    }

    /**
     * The removals of the namespace are in another slot. Asked before, so that what was removed long ago is never seen,
     * and afterwards, so that no removal slips through between.
     */
    private CompletionStage<Boolean> publishInCluster(
            Upload upload,
            byte[] record,
            long length,
            byte[] single,
            List<StoredResponse> replaced,
            CompletableFuture<?> others) {
        return wasRemoved(upload)
                .thenCompose(before -> before
                        ? completed(false)
                        : publish(upload, record, length, single, replaced, others)
                                .thenCompose(stored -> !stored
                                        ? completed(false)
                                        : wasRemoved(upload)
                                                .thenCompose(after -> !after
                                                        ? completed(true)
                                                        : removeIds(
                                                                        upload.place(),
                                                                        List.of(upload.head()
                                                                                .id()))
                                                                .thenApply(count -> false))));
    }

    private CompletionStage<Boolean> wasRemoved(Upload upload) {
        return link.run(Script.WAS_REMOVED, new byte[][] {keys.removals()}, number(ageOf(upload)), process)
                .thenApply(reply -> integer(reply, 0) != 0);
    }

    /**
     * How long ago the response was requested, with some allowance for the time until Redis hears of it. Redis compares
     * it with how long ago the last removal was, so the clocks of different machines never meet.
     */
    private long ageOf(Upload upload) {
        return upload.requestedBefore() + upload.elapsedMillis() + timeoutMillis;
    }

    /** @param others uses of other entries that eviction is to know of */
    private CompletionStage<Boolean> publish(
            Upload upload,
            byte[] record,
            long length,
            byte[] single,
            List<StoredResponse> replaced,
            CompletableFuture<?> others) {
        if (ageOf(upload) > REMOVAL_MILLIS) {
            return completed(false); // a removal may have been forgotten meanwhile
        }
        StoredResponse head = upload.head();
        Place place = upload.place();
        String id = head.id();
        long stamp = uses.stamp(clock.millis());
        byte[][] names = cluster
                ? new byte[][] {place.hash(), place.body(id)}
                : new byte[][] {place.hash(), place.body(id), keys.removals()};
        List<byte[]> arguments = new ArrayList<>(List.of(
                Place.bytes(id),
                record,
                number(stamp),
                number(expiresAt(head, stamp)),
                number(slidingOf(head)),
                single,
                number(EntryFormat.chunks(length)),
                number(clock.millis()),
                process,
                number(ageOf(upload)),
                number(ttlOf(head)),
                number(GRACE_MILLIS),
                number(maxVariants),
                number(EntryFormat.CHUNK_HEADER + INLINE),
                number(MAX_INLINE_FIELDS)));
        for (StoredResponse old : replaced) {
            if (isId(old.id())) {
                arguments.add(Place.bytes(old.id()));
            }
        }
        return link.run(Script.COMMIT, names, arguments.toArray(new byte[0][])).thenCompose(reply -> {
            if (integer(reply, 0) == 0) {
                return completed(false);
            }
            int evicted = (int) integer(reply, 1);
            evictions.addAndGet(evicted);
            for (int i = 0; i < evicted; i++) {
                tell(listener -> listener.evicted(head.key()));
            }
            List<String> gone = texts(reply, 2);
            gone.forEach(other -> uses.forget(place, other));
            if (!hasCapacity()) {
                return completed(true);
            }
            return others.thenCompose(
                            done -> account(place.member(id), sizeOf(record, length), stamp, members(place, gone)))
                    .thenApply(done -> true);
        });
    }

    /** Takes back what a writer has sent. */
    void undo(Upload upload, boolean entryToo) {
        if (closed) {
            return;
        }
        Place place = upload.place();
        String id = upload.head().id();
        if (entryToo) {
            inBackground("take back an entry", removeIds(place, List.of(id)));
        }
        inBackground("take back an entry", link.call(CommandType.UNLINK, place.body(id)));
    }

    void closed(Upload upload) {
        writers.remove(upload);
    }

    CompletionStage<Boolean> freshen(StoredResponse head) {
        String id = head.id();
        if (!isId(id)) {
            return whenOpen(() -> completed(false));
        }
        byte[] text = text(head);
        if (text == null) {
            // The head that is there says what is not true any more.
            return remove(head.key(), id).thenApply(removed -> false);
        }
        Place place = keys.of(head.key());
        byte[] part = new EntryFormat(id).head(serializer.formatId(), text);
        return whenOpen(() -> {
            return uses.flush(place)
                    .thenCompose(done -> link.run(
                            Script.FRESHEN,
                            new byte[][] {place.hash(), place.body(id)},
                            Place.bytes(id),
                            part,
                            number(expiresAt(head, 0)),
                            number(slidingOf(head)),
                            number(clock.millis()),
                            number(ttlOf(head)),
                            number(EntryFormat.PREFIX),
                            new byte[] {serializer.formatId()},
                            new byte[] {BinarySerializer.INSTANCE.formatId()}))
                    .thenApply(reply -> integer(reply, 0) > 0);
        });
    }

    private byte @Nullable [] text(StoredResponse head) {
        try {
            byte[] text = serializer.write(head);
            return text.length > EntryFormat.MAX_TEXT ? null : text;
        } catch (IllegalArgumentException e) {
            return null; // larger than heads may be
        }
    }

    // ---- time to live

    private long configuredTtl(StoredResponse head) {
        return head.ttlMillis() == StoredResponse.NO_TTL ? ttlMillis : head.ttlMillis();
    }

    private boolean isSliding(StoredResponse head) {
        return head.ttlMillis() == StoredResponse.NO_TTL ? slidingTtl : head.slidingTtl();
    }

    /** By how many milliseconds a use prolongs the entry. */
    private long slidingOf(StoredResponse head) {
        long ttl = configuredTtl(head);
        return ttl == StoredResponse.NO_TTL || !isSliding(head) || ttl > MAX_TTL_MILLIS ? 0 : Math.max(1, ttl);
    }

    private long expiresAt(StoredResponse head, long stamp) {
        long ttl = configuredTtl(head);
        if (ttl == StoredResponse.NO_TTL) {
            return 0;
        }
        long start = Math.max(0, isSliding(head) ? Math.max(head.createdAt(), stamp / 1000) : head.createdAt());
        // Beyond what a script can count to, it is for ever.
        return ttl > MAX_TTL_MILLIS || start > Usage.MAX - ttl ? 0 : Math.max(1, start + ttl);
    }

    /** How long Redis keeps what belongs to an entry, if nothing happens to it. */
    private long ttlOf(StoredResponse head) {
        long ttl = configuredTtl(head);
        return (ttl == StoredResponse.NO_TTL ? retentionMillis : Math.min(ttl, MAX_TTL_MILLIS)) + GRACE_MILLIS;
    }

    // ---- removal

    CompletionStage<Boolean> remove(String key, String id) {
        Place place = keys.of(key);
        return whenOpen(() -> isId(id)
                ? writers.discard(upload -> upload.head().id().equals(id)
                                && upload.head().key().equals(key))
                        .thenCompose(done -> removeIds(place, List.of(id)))
                        .thenApply(count -> count > 0)
                : completed(false));
    }

    private CompletionStage<Integer> removeIds(Place place, List<String> ids) {
        return remove(Duration.ZERO, place, false, ids);
    }

    CompletionStage<Integer> removeKey(String key) {
        Place place = keys.of(key);
        return whenOpen(() -> writers.discard(upload -> upload.place().equals(place))
                .thenCompose(done -> remove(Duration.ZERO, place, true, List.of())));
    }

    /** @param ids all, if there are none */
    private CompletionStage<Integer> remove(Duration allowance, Place place, boolean remember, List<String> ids) {
        List<byte[]> arguments = new ArrayList<>(List.of(
                number(clock.millis()),
                number(GRACE_MILLIS),
                remember ? process : new byte[0],
                number(REMOVAL_MILLIS)));
        ids.forEach(id -> arguments.add(Place.bytes(id)));
        return uses.flush(place)
                .thenCompose(done -> link.run(
                        allowance, Script.REMOVE, new byte[][] {place.hash()}, arguments.toArray(new byte[0][])))
                .thenCompose(reply -> {
                    int count = (int) integer(reply, 0);
                    List<String> gone = texts(reply, 1);
                    gone.forEach(id -> uses.forget(place, id));
                    return hasCapacity() && !gone.isEmpty()
                            ? account("", 0, 0, members(place, gone)).thenApply(done -> count)
                            : completed(count);
                });
    }

    /** Removes an entry unless it has been changed since it was read. Answers whether it was there, or -1. */
    private CompletionStage<Integer> removeIfSame(Place place, String id, byte[] record, boolean expired) {
        return link.run(
                        Script.REMOVE_IF_SAME,
                        new byte[][] {place.hash()},
                        Place.bytes(id),
                        record,
                        number(clock.millis()),
                        number(GRACE_MILLIS),
                        number(expired ? 1 : 0))
                .thenCompose(reply -> {
                    int was = (int) integer(reply, 0);
                    if (was < 0) {
                        return completed(was);
                    }
                    uses.forget(place, id);
                    return hasCapacity()
                            ? account("", 0, 0, members(place, List.of(id))).thenApply(done -> was)
                            : completed(was);
                });
    }

    private void removeIfSame(RedisEntry entry, boolean expired, String operation) {
        inBackground(operation, removeIfSame(entry.place, entry.id(), entry.record, expired));
    }

    private void damaged(Place place, String id, byte[] record, String what) {
        if (!keepsDamaged) {
            inBackground("remove a damaged entry", removeIfSame(place, id, record, false));
        }
        tell(listener -> listener.corrupt(place.name(id), what));
    }

    /** Removes an entry that turns out damaged, and reports it. */
    void damaged(RedisEntry entry, String what) {
        damaged(entry.place, entry.id(), entry.record, what);
    }

    /** Removes an entry whose body Redis has evicted, and reports it if it was still there. */
    void bodyIsGone(RedisEntry entry) {
        inBackground(
                "remove what is left of an entry",
                removeIfSame(entry.place, entry.id(), entry.record, false).thenAccept(was -> {
                    if (was >= 0) {
                        evictions.incrementAndGet();
                        tell(listener -> listener.evicted(entry.stored().key()));
                    }
                }));
    }

    CompletionStage<Integer> removeIf(Predicate<StoredResponse> condition, Executor executor) {
        return whenOpen(() -> {
            // The condition is the caller's: it may take its time, and must not do so on a thread of the connection.
            CompletableFuture<Void> discarded = CompletableFuture.completedFuture(null);
            try {
                discarded = writers.discard(upload -> condition.test(upload.head()));
            } catch (RuntimeException e) {
                return CompletableFuture.failedFuture(e);
            }
            return discarded
                    .thenCompose(done -> rememberRemoval())
                    .thenCompose(done -> walk(
                            place -> heads(place).thenComposeAsync(entries -> removeIf(entries, condition), executor)))
                    .thenApply(Long::intValue);
        });
    }

    private CompletionStage<Long> removeIf(List<StoredEntry> entries, Predicate<StoredResponse> condition) {
        CompletionStage<Long> removed = completed(0L);
        for (StoredEntry stored : entries) {
            RedisEntry entry = own(stored);
            if (condition.test(stored.stored())) {
                CompletionStage<Long> one = removeIfSame(entry.place, entry.id(), entry.record, false)
                        .thenCompose(was -> was >= 0
                                ? completed((long) was)
                                // It has been freshened, or is gone: ask again.
                                : heads(entry.place)
                                        .thenCompose(all -> removeIf(
                                                all.stream()
                                                        .filter(other ->
                                                                own(other).id().equals(entry.id()))
                                                        .toList(),
                                                condition)));
                removed = removed.thenCombine(one, Long::sum);
            }
        }
        return removed;
    }

    CompletionStage<Long> clear() {
        return whenOpen(() -> writers.discard(upload -> true)
                .thenCompose(done -> rememberRemoval())
                .thenCompose(done -> walk(place ->
                        remove(BATCH_ALLOWANCE, place, false, List.of()).thenApply(Integer::longValue)))
                .thenCompose(count -> link.call(CommandType.UNLINK, keys.index(), keys.sizes())
                        .thenApply(done -> count)));
    }

    private CompletionStage<?> rememberRemoval() {
        return link.run(Script.REMEMBER_REMOVAL, new byte[][] {keys.removals()}, process, number(REMOVAL_MILLIS));
    }

    // ---- all entries

    /** The entries of a place, without inline bodies. */
    CompletionStage<List<StoredEntry>> heads(Place place) {
        return link.run(BATCH_ALLOWANCE, Script.HEADS, new byte[][] {place.hash()})
                .thenApply(fields -> entries(place, fields, null));
    }

    /**
     * The places of one page of a walk.
     *
     * @param cursor leads on to the next page
     */
    record Page(List<Place> places, String cursor) {
        boolean isLast() {
            return cursor.equals(START);
        }
    }

    static final String START = "0";

    CompletionStage<List<Link.Node>> nodes() {
        return whenOpen(link::nodes);
    }

    CompletionStage<Page> page(Link.Node node, String cursor) {
        return whenOpen(() -> link.scan(node, cursor, keys.pattern(), SCAN_COUNT)
                .thenApply(values -> {
                    List<Place> places = new ArrayList<>();
                    for (Object value : values.subList(1, values.size())) {
                        if (value instanceof byte[] key && keys.isPlace(key)) {
                            places.add(keys.ofKey(key));
                        }
                    }
                    return new Page(places, texts(values.subList(0, 1), 0).get(0));
                }));
    }

    /** Does something to every place, a few at a time; answers the sum. */
    private CompletionStage<Long> walk(Function<Place, CompletionStage<Long>> each) {
        return nodes().thenCompose(nodes -> {
            CompletionStage<Long> sum = completed(0L);
            for (Link.Node node : nodes) {
                sum = sum.thenCompose(before -> new Walk(node, each).go().thenApply(its -> before + its));
            }
            return sum;
        });
    }

    /** Walks through one node. A loop of its own, since a chain of stages would grow with the number of pages. */
    private final class Walk {
        private final Link.Node node;
        private final Function<Place, CompletionStage<Long>> each;
        private final CompletableFuture<Long> result = new CompletableFuture<>();
        private long sum;

        Walk(Link.Node node, Function<Place, CompletionStage<Long>> each) {
            this.node = node;
            this.each = each;
        }

        CompletionStage<Long> go() {
            next(START);
            return result;
        }

        private void next(String cursor) {
            then(page(node, cursor), page -> batch(page, 0));
        }

        private void batch(Page page, int from) {
            if (from >= page.places.size()) {
                if (page.isLast()) {
                    result.complete(sum);
                } else {
                    next(page.cursor);
                }
                return;
            }
            int to = Math.min(from + BATCH, page.places.size());
            CompletionStage<Long> all = completed(0L);
            for (Place place : page.places.subList(from, to)) {
                all = all.thenCombine(each.apply(place), Long::sum);
            }
            then(all, count -> {
                sum += count;
                batch(page, to);
            });
        }

        private <T> void then(CompletionStage<T> stage, Consumer<T> action) {
            stage.whenComplete((value, failure) -> {
                if (failure != null) {
                    result.completeExceptionally(Link.unwrapped(failure));
                    return;
                }
                try {
                    action.accept(value);
                } catch (RuntimeException e) {
                    result.completeExceptionally(e);
                }
            });
        }
    }

    // ---- capacity

    private boolean hasCapacity() {
        return maxEntries > 0 || maxBytes >= 0;
    }

    private static long sizeOf(byte[] record, long bodyLength) {
        return record.length + bodyLength;
    }

    private static List<String> members(Place place, List<String> ids) {
        return ids.stream().map(place::member).toList();
    }

    /** Keeps the index, and evicts what does not fit any more. */
    private CompletionStage<?> account(String member, long size, long stamp, List<String> gone) {
        List<byte[]> arguments = new ArrayList<>(List.of(
                Place.bytes(member),
                number(size),
                number(stamp),
                number(Math.max(0, maxEntries)),
                number(Math.max(0, maxBytes)),
                number(retentionMillis + GRACE_MILLIS)));
        gone.forEach(other -> arguments.add(Place.bytes(other)));
        return link.run(Script.ACCOUNT, new byte[][] {keys.index(), keys.sizes()}, arguments.toArray(new byte[0][]))
                .thenCompose(reply -> {
                    CompletableFuture<?> evicted = CompletableFuture.completedFuture(null);
                    for (String victim : texts(reply, 0)) {
                        if (victim.length() > Place.TAG_LENGTH) {
                            Place place = keys.ofTag(victim.substring(0, Place.TAG_LENGTH));
                            evicted = CompletableFuture.allOf(
                                    evicted,
                                    evict(place, victim.substring(Place.TAG_LENGTH))
                                            .toCompletableFuture());
                        }
                    }
                    return evicted;
                });
    }

    private CompletionStage<?> evict(Place place, String id) {
        byte[] record = Place.bytes("h" + id);
        CompletionStage<List<@Nullable Object>> found = link.call(CommandType.HGET, place.hash(), record);
        return found.thenCombine(
                link.run(
                        Script.REMOVE,
                        new byte[][] {place.hash()},
                        number(clock.millis()),
                        number(GRACE_MILLIS),
                        new byte[0],
                        number(REMOVAL_MILLIS),
                        Place.bytes(id)),
                (values, reply) -> {
                    uses.forget(place, id);
                    if (integer(reply, 0) > 0) {
                        evictions.incrementAndGet();
                        String key = keyOrPlace(place, id, values.isEmpty() ? null : values.get(0));
                        tell(listener -> listener.evicted(key));
                    }
                    return reply;
                });
    }

    private String keyOrPlace(Place place, String id, @Nullable Object record) {
        if (record instanceof byte[] bytes) {
            try {
                HeadCache.Known known = heads.get(id, bytes);
                known = known == null ? parse(place, id, bytes) : known;
                if (known != null) {
                    return known.stored.key();
                }
            } catch (DamagedEntryException e) {
                // It goes anyway.
            }
        }
        return place.name(id);
    }

    CompletionStage<StorageStatistics> statistics() {
        return whenOpen(() -> {
            if (!hasCapacity()) {
                // Costs a round trip nonetheless: who asks wants to know whether it works.
                return link.call(CommandType.EXISTS, keys.removals())
                        .thenApply(reply -> new StorageStatistics(-1, -1, -1, -1, evictions.get()));
            }
            return link.call(CommandType.ZCARD, keys.index())
                    .thenCombine(link.call(CommandType.HGET, keys.sizes(), new byte[0]), (count, bytes) -> {
                        long total = !bytes.isEmpty() && bytes.get(0) instanceof byte[] digits
                                ? Long.parseLong(new String(digits, StandardCharsets.ISO_8859_1))
                                : 0;
                        return new StorageStatistics(
                                integer(count, 0), total, maxEntries > 0 ? maxEntries : -1, maxBytes, evictions.get());
                    });
        });
    }

    long maxBodyBytes() {
        return maxEntryBytes;
    }

    // ---- the rest

    void keepDamaged(boolean keep) {
        keepsDamaged = keep;
    }

    void addListener(StorageListener listener) {
        listeners.addIfAbsent(listener);
    }

    private void tell(Consumer<StorageListener> event) {
        listeners.forEach(event);
    }

    /** For what nobody waits for. */
    private void inBackground(String operation, CompletionStage<?> stage) {
        stage.whenComplete((value, failure) -> {
            if (failure != null && !closed) {
                Throwable cause = Link.unwrapped(failure);
                IOException e = cause instanceof IOException known ? known : new IOException(operation, cause);
                tell(listener -> listener.failed(operation, e));
            }
        });
    }

    private interface Operation<T extends @Nullable Object> {
        CompletionStage<T> start();
    }

    private <T> CompletionStage<T> whenOpen(Operation<T> operation) {
        return whenOpen(this, operation);
    }

    private static <T extends @Nullable Object> CompletionStage<T> whenOpen(
            RedisOperations self, Operation<T> operation) {
        if (self.closed) {
            return CompletableFuture.failedFuture(Link.closedFailure());
        }
        try {
            return operation.start();
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private void requireOpen() throws IOException {
        if (closed) {
            throw Link.closedFailure();
        }
    }

    boolean isClosed() {
        return closed;
    }

    /** Writes what was counted, if that can be done in time, and closes the connection if it is ours. */
    CompletionStage<?> close() {
        if (closed) {
            return CompletableFuture.completedFuture(null);
        }
        uses.flush();
        closed = true;
        // Answered after what was sent before.
        return link.call(CommandType.EXISTS, keys.removals())
                .handle((value, failure) -> link.close())
                .thenCompose(Function.identity());
    }

    private static <T> CompletionStage<T> completed(T value) {
        return CompletableFuture.completedFuture(value);
    }

    private static byte[] number(long value) {
        return Long.toString(value).getBytes(StandardCharsets.US_ASCII);
    }

    private static long integer(List<@Nullable Object> reply, int at) {
        return at < reply.size() && reply.get(at) instanceof Long value ? value : 0;
    }

    private static List<String> texts(List<@Nullable Object> reply, int from) {
        List<String> texts = new ArrayList<>();
        for (int i = from; i < reply.size(); i++) {
            if (reply.get(i) instanceof byte[] text) {
                texts.add(new String(text, StandardCharsets.ISO_8859_1));
            }
        }
        return texts;
    }
}
