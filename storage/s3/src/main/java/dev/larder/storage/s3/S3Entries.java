package dev.larder.storage.s3;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncBodyReader;
import dev.larder.storage.AsyncEntryWriter;
import dev.larder.storage.AsyncStorage;
import dev.larder.storage.Serializer;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StorageStatistics;
import dev.larder.storage.StoredEntry;
import dev.larder.storage.s3.KeyIndex.RemovedBody;
import dev.larder.storage.s3.KeyIndex.Variant;
import dev.larder.storage.s3.WholeObject.Fetched;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.model.S3Object;

/** What {@link S3Storage} does, without waiting. */
final class S3Entries implements AsyncStorage {
    /** A body up to this length is kept with its head, unless told otherwise ... */
    static final int INLINE = 16 << 10;
    /** ... as long as all that are kept so under one key take no more than this. */
    static final int INLINE_TOTAL = 128 << 10;

    /** How many requests of a sweep or a listing are under way at once. */
    static final int AT_ONCE = 16;

    /** A change that others get ahead of this often is given up. */
    private static final int MAX_TRIES = 100;

    /** One commit waits for no more keys to be evicted than this. */
    private static final int EVICTED_AT_ONCE = 64;

    /** More bodies that wait for their deletion are not named; a sweep finds them. */
    private static final int MAX_REMOVED_BODIES = 256;

    private static final ThreadLocal<MessageDigest> SHA_256 = ThreadLocal.withInitial(() -> {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    });

    final Bucket bucket;
    final int maxInlineBytes;
    final Set<S3EntryWriter> writers = ConcurrentHashMap.newKeySet();

    private final String prefix;
    private final long process;
    private final Serializer serializer;
    private final InstantSource clock;
    private final Executor executor;
    private final Duration timeout;
    private final long ttlMillis;
    private final boolean slidingTtl;
    private final long maxEntries;
    private final long maxBytes;
    private final long maxEntryBytes;
    private final int maxVariants;
    private final long graceMillis;
    private final long sweepEveryMillis;
    private final Runnable closeClient;

    private final KnownIndexes known = new KnownIndexes();
    private final KeyQueues queues;
    private final Uses uses = new Uses();
    private final @Nullable Ledger ledger;
    private final Sweeper sweeper;
    private final List<StorageListener> listeners = new CopyOnWriteArrayList<>();
    private final AtomicLong evictions = new AtomicLong();
    private final AtomicLong nextSweep;
    private final AtomicBoolean sweeping = new AtomicBoolean();
    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile boolean keepsDamaged;

    S3Entries(S3Storage.Builder b, Bucket bucket, Executor executor, Runnable closeClient) {
        this.bucket = bucket;
        this.closeClient = closeClient;
        prefix = b.keyPrefix;
        process = b.process;
        serializer = b.serializer;
        clock = b.clock;
        this.executor = executor;
        timeout = b.timeout;
        ttlMillis = b.ttlMillis;
        slidingTtl = b.slidingTtl;
        maxEntries = b.maxEntries;
        maxBytes = b.maxBytes;
        maxEntryBytes = Math.min(Math.min(b.maxEntryBytes, maxBytes), S3EntryWriter.MAX_BODY);
        maxVariants = b.maxVariants;
        maxInlineBytes = b.maxInlineBytes;
        graceMillis = b.graceMillis;
        sweepEveryMillis = b.sweepEveryMillis;
        queues = new KeyQueues(executor);
        ledger = maxEntries == Long.MAX_VALUE && maxBytes == Long.MAX_VALUE ? null : new Ledger();
        sweeper = new Sweeper(this, ledger, graceMillis);
        nextSweep = new AtomicLong(clock.millis() + sweepEveryMillis);
    }

    /**
     * What a writer knows of removals that came before it.
     *
     * @param absent whether there was no index
     * @param began by {@link System#nanoTime}
     */
    record Mark(boolean absent, long generation, long began) {
        static Mark of(KeyIndex index) {
            return new Mark(index.etag == null, index.generation, System.nanoTime());
        }

        /** Whether no removal of the key has come since. */
        boolean allows(KeyIndex index) {
            return absent ? index.etag == null || !index.removed : index.generation == generation;
        }
    }

    /**
     * What a change makes of an index.
     *
     * @param variants null to leave the index as it is
     * @param removal whether writers that have begun before are to be discarded
     */
    record Draft<R>(@Nullable List<Variant> variants, boolean removal, R result) {
        static <R> Draft<R> unchanged(R result) {
            return new Draft<>(null, false, result);
        }
    }

    /** May be asked several times, of different indexes. */
    @FunctionalInterface
    interface Change<R> {
        Draft<R> on(KeyIndex index);
    }

    // ---- names

    static String nameOf(String key) {
        MessageDigest digest = SHA_256.get();
        digest.reset();
        // Not UTF-8, which cannot tell unpaired surrogates apart.
        ByteBuffer chars = ByteBuffer.allocate(2 * key.length());
        chars.asCharBuffer().put(key);
        return HexFormat.of().formatHex(digest.digest(chars.array()));
    }

    String indexPrefix() {
        return prefix + "k/";
    }

    String bodyPrefix() {
        return prefix + "b/";
    }

    String indexObject(String name) {
        return prefix + "k/" + name;
    }

    String bodyObject(String name, String id) {
        return prefix + "b/" + name + "/" + id;
    }

    /** The name that an index object has, or null when it is none of ours. */
    @Nullable
    String indexName(String object) {
        String name = object.substring(indexPrefix().length());
        return isName(name) ? name : null;
    }

    /** The name of the key that a body object belongs to, or null when it is none of ours. */
    @Nullable
    String bodyName(String object) {
        String rest = object.substring(bodyPrefix().length());
        int slash = rest.indexOf('/');
        return slash > 0 && isName(rest.substring(0, slash)) && KeyIndex.isId(rest.substring(slash + 1))
                ? rest.substring(0, slash)
                : null;
    }

    static String bodyId(String object) {
        return object.substring(object.lastIndexOf('/') + 1);
    }

    private static boolean isName(String text) {
        return text.length() == 64 && KeyIndex.isId(text);
    }

    // ---- reading

    @Override
    public CompletionStage<List<StoredEntry>> lookup(String key) {
        return started(() -> {
            String name = nameOf(key);
            return read(name).thenApply(index -> {
                List<StoredEntry> found = new ArrayList<>(index.variants.size());
                long now = clock.millis();
                for (Variant variant : index.variants) {
                    S3Entry entry = variant.entry();
                    if (entry != null && entry.stored().key().equals(key) && !isExpired(entry, now)) {
                        found.add(entry);
                    }
                }
                return found;
            });
        });
    }

    /**
     * The index of a key as it is now. One that is damaged is repaired first, so that who asked for all entries has heard of
     * all damage when he has seen them, and seems to be without what is damaged.
     */
    CompletionStage<KeyIndex> read(String name) {
        return readAsIs(name).thenCompose(index -> {
            if (index.damage.isEmpty()) {
                return CompletableFuture.completedFuture(index);
            }
            return repair(name).handle((done, failure) -> {
                if (failure != null) {
                    failed("remove a damaged entry", failure);
                }
                return index;
            });
        });
    }

    private CompletionStage<KeyIndex> readAsIs(String name) {
        long begun = known.begin();
        return bucket.get(indexObject(name), KeyIndex.MAX_BYTES).thenApply(fetched -> {
            KeyIndex index = parse(name, fetched);
            if (index.damage.isEmpty()) {
                known.read(name, index, begun);
            }
            return index;
        });
    }

    private KeyIndex parse(String name, @Nullable Fetched fetched) {
        if (fetched == null) {
            return KeyIndex.none();
        }
        KeyIndex before = known.get(name);
        if (before != null && before.understood && fetched.etag.equals(before.etag)) {
            // The same object, which has been checked and parsed.
            return before;
        }
        byte[] bytes = fetched.bytes;
        if (bytes == null) {
            return KeyIndex.damaged(fetched.etag, "longer than any index");
        }
        try {
            return KeyIndex.read(name, fetched.etag, bytes, serializer);
        } catch (DamagedObjectException e) {
            return KeyIndex.damaged(fetched.etag, String.valueOf(e.getMessage()));
        }
    }

    /** Removes what is damaged, if it still is: the bytes may have gone wrong on their way. */
    private CompletionStage<?> repair(String name) {
        return queues.run(
                name,
                () -> readAsIs(name).thenCompose(index -> {
                    if (index.damage.isEmpty()) {
                        return CompletableFuture.completedFuture(null);
                    }
                    if (keepsDamaged) {
                        index.damage.forEach(what -> reportDamage(indexObject(name), what));
                        return CompletableFuture.completedFuture(null);
                    }
                    return apply(name, same -> new Draft<>(live(same), false, same.damage), index, true, 0)
                            .thenApply(damage -> {
                                for (String what : damage) {
                                    reportDamage(indexObject(name), what);
                                }
                                return null;
                            });
                }));
    }

    /** An entry whose body turned out damaged. */
    private CompletionStage<?> removeDamaged(S3Entry entry, String what) {
        String id = entry.stored().id();
        reportDamage(bodyObject(entry.name, id), what);
        if (keepsDamaged) {
            return CompletableFuture.completedFuture(null);
        }
        return modify(
                        entry.name,
                        index -> index.find(id) == null
                                ? Draft.unchanged(false)
                                : new Draft<>(without(index, Set.of(id)), false, true))
                .handle((removed, failure) -> {
                    if (failure != null) {
                        failed("remove a damaged entry", failure);
                    }
                    return true;
                });
    }

    private void reportDamage(String where, String what) {
        listeners.forEach(listener -> listener.corrupt(where, what));
    }

    boolean isExpired(S3Entry entry, long now) {
        StoredResponse stored = entry.stored();
        long ttl = ttl(stored);
        if (ttl == StoredResponse.NO_TTL) {
            return false;
        }
        long start = stored.createdAt();
        if (isSliding(stored)) {
            start = uses.lastUse(stored.id(), Math.max(start, entry.lastUse));
        }
        return now - start >= ttl;
    }

    private long ttl(StoredResponse stored) {
        return stored.ttlMillis() == StoredResponse.NO_TTL ? ttlMillis : stored.ttlMillis();
    }

    private boolean isSliding(StoredResponse stored) {
        return stored.ttlMillis() == StoredResponse.NO_TTL ? slidingTtl : stored.slidingTtl();
    }

    private boolean isExpired(Variant variant, long now) {
        S3Entry entry = variant.entry();
        return entry != null && isExpired(entry, now);
    }

    /** The entries whose time has not come. */
    List<Variant> live(KeyIndex index) {
        return without(index, Set.of());
    }

    private List<Variant> without(KeyIndex index, Set<String> ids) {
        long now = clock.millis();
        List<Variant> left = new ArrayList<>(index.variants.size() + 1);
        for (Variant variant : index.variants) {
            if (!ids.contains(variant.id()) && !isExpired(variant, now)) {
                left.add(variant);
            }
        }
        return left;
    }

    @Override
    public CompletionStage<@Nullable AsyncBodyReader> open(StoredEntry entry) {
        return started(() -> {
            S3Entry own = own(entry);
            if (isExpired(own, clock.millis())) {
                return CompletableFuture.completedFuture(null);
            }
            KeyIndex index = known.get(own.name);
            return index != null ? open(own, index) : read(own.name).thenCompose(now -> open(own, now));
        });
    }

    private CompletionStage<@Nullable AsyncBodyReader> open(S3Entry entry, KeyIndex index) {
        String id = entry.stored().id();
        if (index.find(id) == null) {
            return CompletableFuture.completedFuture(null);
        }
        ByteBuffer inline = entry.inlineBody();
        if (inline != null) {
            return CompletableFuture.completedFuture(new S3Body.Inline(inline));
        }
        AtomicBoolean damaged = new AtomicBoolean();
        S3Body body = new S3Body(bucket, bodyObject(entry.name, id), id, entry.bodyLength(), this::isClosed, what -> {
            damaged.set(true);
            return removeDamaged(entry, what);
        });
        return body.load(0).handle((found, failure) -> {
            if (failure == null) {
                return found ? body : null;
            }
            if (damaged.get()) {
                return null;
            }
            throw new CompletionException(Bucket.unwrapped(failure));
        });
    }

    private static S3Entry own(StoredEntry entry) {
        if (entry instanceof S3Entry own) {
            return own;
        }
        throw new IllegalArgumentException("not an entry of an S3 storage");
    }

    @Override
    public long used(StoredEntry entry) {
        S3Entry own = own(entry);
        long now = clock.millis();
        if (isClosed() || isExpired(own, now)) {
            return own.uses + 1; // too late to prolong its time
        }
        Uses.Use use = uses.count(own, now);
        if (ledger != null) {
            ledger.used(own.name, use.stamp());
        }
        StoredResponse stored = own.stored();
        long ttl = ttl(stored);
        if (ttl != StoredResponse.NO_TTL
                && isSliding(stored)
                && now - use.writtenAt() >= ttl / 4
                && uses.claim(stored.id(), use, now)) {
            inBackground("count a use", () -> flushUse(own.name, stored.id()));
        }
        return use.base() + use.pending();
    }

    /** Writes the index of an entry anew, into which its uses go by themselves. */
    private CompletionStage<?> flushUse(String name, String id) {
        return modify(
                name, index -> index.find(id) == null ? Draft.unchanged(false) : new Draft<>(live(index), false, true));
    }

    // ---- writing

    @Override
    public CompletionStage<AsyncEntryWriter> create(StoredResponse head) {
        return started(() -> {
            if (!KeyIndex.isId(head.id())) {
                throw new IllegalArgumentException("an id is 1 to 64 lower-case hexadecimal digits, not " + head.id());
            }
            String name = nameOf(head.key());
            KeyIndex index = known.get(name);
            return index != null
                    ? CompletableFuture.completedFuture(writer(head, name, index))
                    : read(name).thenApply(now -> writer(head, name, now));
        });
    }

    private AsyncEntryWriter writer(StoredResponse head, String name, KeyIndex index) {
        S3EntryWriter writer = new S3EntryWriter(this, head, name, Mark.of(index), maxEntryBytes);
        writers.add(writer);
        return writer;
    }

    /** Makes the entry of a writer visible. */
    CompletionStage<Boolean> commit(S3EntryWriter writer, List<StoredResponse> replaced) {
        StoredResponse head = writer.head;
        byte[] text;
        try {
            text = serializer.write(head);
        } catch (IllegalArgumentException e) {
            return CompletableFuture.completedFuture(false); // it does not fit
        }
        ByteBuffer body = writer.inline();
        KeyIndex index = known.get(writer.name);
        if (body != null
                && body.hasRemaining()
                && index != null
                && index.inlineBytes() + body.remaining() > INLINE_TOTAL) {
            body = null;
        }
        ByteBuffer inline = body;
        Set<String> gone = new HashSet<>();
        for (StoredResponse old : replaced) {
            gone.add(old.id());
        }
        CompletionStage<?> stored = inline != null ? CompletableFuture.completedFuture(null) : writer.finishBody();
        return stored.thenCompose(ready -> modify(writer.name, now -> {
                    if (now.find(head.id()) != null) {
                        return Draft.unchanged(true); // by a request that seemed to fail
                    }
                    if (!writer.mark.allows(now) || isTooOld(writer.mark) || isOutdated(head, now)) {
                        return Draft.unchanged(false);
                    }
                    S3Entry entry = new S3Entry(writer.name, head, writer.length(), inline, 0, 0);
                    List<Variant> variants = without(now, gone);
                    variants.add(new Variant(
                            head.id(),
                            serializer.formatId(),
                            ByteBuffer.wrap(text),
                            writer.length(),
                            inline,
                            0,
                            0,
                            entry));
                    return new Draft<>(variants, false, true);
                }))
                .thenCompose(committed -> {
                    if (committed) {
                        return makeRoom(writer.name, head.id()).thenApply(done -> true);
                    }
                    if (inline == null) {
                        inBackground(
                                "remove the body of a discarded entry",
                                () -> bucket.delete(List.of(bodyObject(writer.name, head.id()))));
                    }
                    return CompletableFuture.completedFuture(false);
                });
    }

    /**
     * Whether another process has removed the key after the response was requested. The writer's mark does not tell when that
     * was before the writer began; what this process has removed, the cache that asks knows itself. What was requested
     * longer ago than writing may take is no response that comes in, but a copy of one that is stored elsewhere.
     */
    private boolean isOutdated(StoredResponse head, KeyIndex index) {
        long age = clock.millis() - head.requestTime();
        return index.removal.by() != process
                && head.requestTime() < index.removal.at()
                && age >= 0
                && age < graceMillis;
    }

    /** Whether clean-up may have taken its body, or the mark of a removal, for something left over. */
    private boolean isTooOld(Mark mark) {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - mark.began) > graceMillis;
    }

    @Override
    public CompletionStage<Boolean> freshen(StoredResponse head) {
        return started(() -> {
            String name = nameOf(head.key());
            byte[] text;
            try {
                text = serializer.write(head);
            } catch (IllegalArgumentException e) {
                // The head that is there says what is not true any more.
                return remove(head.key(), head.id()).thenApply(removed -> false);
            }
            return modify(name, index -> {
                Variant old = index.find(head.id());
                if (old == null || old.entry() == null || isExpired(old, clock.millis())) {
                    return Draft.unchanged(false);
                }
                S3Entry entry = new S3Entry(name, head, old.bodyLength(), old.inline(), old.uses(), old.lastUse());
                List<Variant> variants = live(index);
                variants.replaceAll(variant -> variant.id().equals(head.id())
                        ? variant.withHead(serializer.formatId(), ByteBuffer.wrap(text), entry)
                        : variant);
                return new Draft<>(variants, false, true);
            });
        });
    }

    /** Changes the index of a key, on the condition that nobody else has changed it meanwhile, as often as it takes. */
    <R extends @Nullable Object> CompletionStage<R> modify(String name, Change<R> change) {
        return queues.run(name, () -> {
            KeyIndex index = known.get(name);
            return index != null ? apply(name, change, index, false, 0) : reread(name, change, 0);
        });
    }

    private <R extends @Nullable Object> CompletionStage<R> reread(String name, Change<R> change, int tries) {
        return readAsIs(name).thenCompose(index -> apply(name, change, index, true, tries));
    }

    private <R extends @Nullable Object> CompletionStage<R> apply(
            String name, Change<R> change, KeyIndex index, boolean fresh, int tries) {
        Draft<R> draft = change.on(index);
        if (draft.variants == null) {
            // That there is nothing to do is not believed of an index that may be old.
            return fresh ? CompletableFuture.completedFuture(draft.result) : reread(name, change, tries);
        }
        Rewrite rewrite = new Rewrite(name, index, draft.variants, draft.removal);
        return bucket.putIf(indexObject(name), rewrite.bytes, index.etag).thenCompose(etag -> {
            if (etag != null) {
                rewrite.done(etag);
                return CompletableFuture.completedFuture(draft.result);
            }
            known.forget(name);
            return readAsIs(name).thenCompose(now -> {
                if (now.etag != null && now.change == rewrite.change) {
                    // It was done after all, by an attempt whose answer got lost.
                    rewrite.done(now.etag);
                    return CompletableFuture.completedFuture(draft.result);
                }
                if (tries == MAX_TRIES) {
                    throw new CompletionException(
                            new IOException("too many others change " + indexObject(name) + " at once"));
                }
                return pause(tries).thenCompose(over -> apply(name, change, now, true, tries + 1));
            });
        });
    }

    /** Longer and longer, so that of many processes at one key each gets its turn. */
    private CompletionStage<?> pause(int tries) {
        if (tries == 0) {
            return CompletableFuture.completedFuture(null);
        }
        long millis = ThreadLocalRandom.current().nextLong(1, 4L << Math.min(tries, 5));
        return CompletableFuture.runAsync(
                () -> {}, CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS, executor));
    }

    /** The next version of an index. */
    private final class Rewrite {
        final String name;
        final KeyIndex before;
        final long change = ThreadLocalRandom.current().nextLong();
        final byte[] bytes;
        private final List<Variant> evicted = new ArrayList<>(0);
        private final List<Map.Entry<Variant, Long>> counted = new ArrayList<>(0);
        private final List<String> due = new ArrayList<>(0);
        private final List<String> gone = new ArrayList<>(0);

        Rewrite(String name, KeyIndex before, List<Variant> draft, boolean removal) {
            this.name = name;
            this.before = before;
            List<Variant> variants = new ArrayList<>(draft);
            while (variants.size() > maxVariants
                    || (variants.size() > 1 && KeyIndex.size(variants, List.of()) > KeyIndex.MAX_BYTES / 2)) {
                evicted.add(removeLeastRecent(variants));
            }
            variants.replaceAll(this::withUses);
            long now = clock.millis();
            bytes = KeyIndex.write(
                    name,
                    (before.etag != null && before.removed) || removal,
                    removal || before.etag == null || before.generation == 0 ? newGeneration() : before.generation,
                    change,
                    now,
                    removal ? new KeyIndex.Removal(now, process) : before.removal,
                    variants,
                    removedBodies(variants, now));
        }

        /** Never the newest, which comes last. */
        private Variant removeLeastRecent(List<Variant> variants) {
            int least = 0;
            for (int i = 1; i < variants.size() - 1; i++) {
                if (stamp(variants.get(i)) < stamp(variants.get(least))) {
                    least = i;
                }
            }
            return variants.remove(least);
        }

        private long stamp(Variant variant) {
            S3Entry entry = variant.entry();
            long used = Math.max(
                    variant.lastUse(), entry == null ? 0 : entry.stored().createdAt());
            return uses.stamp(variant.id(), used);
        }

        private Variant withUses(Variant variant) {
            Uses.Use use = uses.of(variant.id());
            if (use == null || use.pending() == 0) {
                return variant;
            }
            Variant with =
                    variant.withUses(variant.uses() + use.pending(), Math.max(variant.lastUse(), use.lastMillis()));
            counted.add(Map.entry(with, use.pending()));
            return with;
        }

        private List<RemovedBody> removedBodies(List<Variant> variants, long now) {
            List<RemovedBody> bodies = new ArrayList<>();
            for (RemovedBody body : before.removedBodies) {
                if (now - body.when() >= graceMillis) {
                    due.add(bodyObject(name, body.id()));
                } else {
                    bodies.add(body);
                }
            }
            Set<String> left = new HashSet<>();
            for (Variant variant : variants) {
                left.add(variant.id());
            }
            for (Variant variant : before.variants) {
                if (!left.contains(variant.id())) {
                    gone.add(variant.id());
                    if (variant.inline() == null) {
                        bodies.add(new RemovedBody(variant.id(), now));
                    }
                }
            }
            return bodies.subList(Math.max(0, bodies.size() - MAX_REMOVED_BODIES), bodies.size());
        }

        void done(String etag) {
            KeyIndex after;
            try {
                after = KeyIndex.read(name, etag, bytes, serializer);
            } catch (DamagedObjectException e) {
                throw new IllegalStateException("an index that was just written cannot be read", e);
            }
            known.changed(name, after);
            for (Map.Entry<Variant, Long> count : counted) {
                Variant variant = count.getKey();
                uses.written(variant.id(), count.getValue(), variant.uses(), variant.lastUse());
            }
            gone.forEach(uses::forget);
            if (ledger != null) {
                ledger.changed(name, after, uses.next(clock.millis()));
            }
            reportEvicted(name, evicted);
            if (!due.isEmpty()) {
                inBackground("delete removed bodies", () -> bucket.delete(due));
            }
        }
    }

    private static long newGeneration() {
        return ThreadLocalRandom.current().nextLong() | 1;
    }

    // ---- removal

    /** Has commits of writers answer false, and waits for those that have begun. */
    private CompletionStage<?> discard(Predicate<StoredResponse> condition) {
        List<S3EntryWriter> hit = new ArrayList<>();
        for (S3EntryWriter writer : writers) {
            if (condition.test(writer.head)) {
                hit.add(writer);
            }
        }
        List<CompletableFuture<?>> committing = new ArrayList<>();
        for (S3EntryWriter writer : hit) {
            CompletionStage<Boolean> committed = writer.discard();
            if (committed != null) {
                committing.add(committed.toCompletableFuture());
            }
        }
        return CompletableFuture.allOf(committing.toArray(CompletableFuture<?>[]::new));
    }

    @Override
    public CompletionStage<Boolean> remove(String key, String id) {
        return started(() -> discard(head -> head.id().equals(id) && head.key().equals(key))
                .thenCompose(ready -> modify(nameOf(key), index -> {
                    Variant variant = index.find(id);
                    return variant == null || isExpired(variant, clock.millis())
                            ? Draft.unchanged(false)
                            : new Draft<>(without(index, Set.of(id)), false, true);
                })));
    }

    @Override
    public CompletionStage<Integer> removeKey(String key) {
        return started(() -> discard(head -> head.key().equals(key))
                .thenCompose(ready -> modify(
                        nameOf(key),
                        index -> new Draft<>(List.of(), true, live(index).size()))));
    }

    @Override
    public CompletionStage<Integer> removeIf(Predicate<StoredResponse> condition) {
        return started(() -> {
            AtomicLong removed = new AtomicLong();
            return discard(condition)
                    .thenCompose(ready -> eachIndex(name -> read(name)
                            .thenCompose(index -> matching(index, condition).isEmpty()
                                    ? CompletableFuture.completedFuture(0)
                                    : modify(name, now -> {
                                        Set<String> hit = matching(now, condition);
                                        return hit.isEmpty()
                                                ? Draft.unchanged(0)
                                                : new Draft<>(without(now, hit), false, hit.size());
                                    }))
                            .thenAccept(removed::addAndGet)))
                    .thenApply(done -> (int) Math.min(Integer.MAX_VALUE, removed.get()));
        });
    }

    private Set<String> matching(KeyIndex index, Predicate<StoredResponse> condition) {
        long now = clock.millis();
        Set<String> ids = new HashSet<>();
        for (Variant variant : index.variants) {
            S3Entry entry = variant.entry();
            if (entry != null && !isExpired(entry, now) && condition.test(entry.stored())) {
                ids.add(variant.id());
            }
        }
        return ids;
    }

    @Override
    public CompletionStage<Long> clear() {
        return started(() -> {
            AtomicLong removed = new AtomicLong();
            return discard(head -> true)
                    .thenCompose(ready -> eachIndexPage("", page -> clear(page, removed)))
                    .thenApply(done -> {
                        known.forgetAll();
                        uses.forgetAll();
                        if (ledger != null) {
                            ledger.clear();
                        }
                        return removed.get();
                    });
        });
    }

    /**
     * Keys with bodies of their own keep their index, emptied, for it names the bodies that readers may still be at. The
     * others are deleted, a thousand by one request.
     */
    private CompletionStage<?> clear(List<S3Object> page, AtomicLong removed) {
        if (page.isEmpty()) {
            return CompletableFuture.completedFuture(null);
        }
        String first = Objects.requireNonNull(indexName(page.get(0).key()));
        String last = Objects.requireNonNull(indexName(page.get(page.size() - 1).key()));
        Set<String> withBodies = new HashSet<>();
        return bodyNames(bodyPrefix() + first, last, withBodies).thenCompose(listed -> {
            List<String> toDelete = new ArrayList<>();
            List<String> toEmpty = new ArrayList<>();
            for (S3Object object : page) {
                String name = Objects.requireNonNull(indexName(object.key()));
                if (withBodies.contains(name)) {
                    toEmpty.add(name);
                } else if (object.size() > KeyIndex.EMPTY_BYTES) {
                    toDelete.add(object.key());
                    KeyIndex index = known.get(name);
                    boolean current = index != null && object.eTag().equals(index.etag);
                    removed.addAndGet(index != null && current ? live(index).size() : 1);
                }
            }
            return bucket.delete(toDelete)
                    .thenCompose(deleted -> Each.of(
                            toEmpty,
                            AT_ONCE,
                            name -> modify(
                                            name,
                                            index -> new Draft<>(
                                                    List.of(), true, live(index).size()))
                                    .thenAccept(removed::addAndGet)));
        });
    }

    /** The names of keys, up to one, that have body objects. */
    private CompletionStage<?> bodyNames(String after, String last, Set<String> names) {
        return bucket.list(bodyPrefix(), after).thenCompose(page -> {
            String next = after;
            for (S3Object object : page.contents()) {
                String name = bodyName(object.key());
                next = object.key();
                if (name != null && name.compareTo(last) > 0) {
                    return CompletableFuture.completedFuture(null);
                }
                if (name != null) {
                    names.add(name);
                }
            }
            return Boolean.TRUE.equals(page.isTruncated())
                    ? bodyNames(next, last, names)
                    : CompletableFuture.completedFuture(null);
        });
    }

    // ---- all of them

    /** @param after the name of the object before the first */
    CompletionStage<?> eachIndexPage(String after, Function<List<S3Object>, CompletionStage<?>> action) {
        return bucket.list(indexPrefix(), after).thenCompose(page -> {
            List<S3Object> contents = page.contents();
            List<S3Object> ours = new ArrayList<>(contents.size());
            for (S3Object object : contents) {
                if (indexName(object.key()) != null) {
                    ours.add(object);
                }
            }
            return action.apply(ours)
                    .thenCompose(done -> Boolean.TRUE.equals(page.isTruncated()) && !contents.isEmpty()
                            ? eachIndexPage(contents.get(contents.size() - 1).key(), action)
                            : CompletableFuture.completedFuture(null));
        });
    }

    private CompletionStage<?> eachIndex(Function<String, CompletionStage<?>> action) {
        return eachIndexPage("", page -> {
            List<String> names = new ArrayList<>(page.size());
            for (S3Object object : page) {
                if (object.size() > KeyIndex.EMPTY_BYTES) {
                    names.add(Objects.requireNonNull(indexName(object.key())));
                }
            }
            return Each.of(names, AT_ONCE, action);
        });
    }

    /**
     * Names of keys.
     *
     * @param next where to go on, or null when these were the last
     */
    record Names(List<String> names, @Nullable String next) {}

    /** The names of the keys that have something in their index, a page of them, from behind an object on. */
    CompletionStage<Names> names(String after) {
        return started(() -> bucket.list(indexPrefix(), after).thenApply(page -> {
            List<String> names = new ArrayList<>(page.contents().size());
            for (S3Object object : page.contents()) {
                String name = indexName(object.key());
                if (name != null && object.size() > KeyIndex.EMPTY_BYTES) {
                    names.add(name);
                }
            }
            String last = page.contents().isEmpty()
                    ? after
                    : page.contents().get(page.contents().size() - 1).key();
            return new Names(names, Boolean.TRUE.equals(page.isTruncated()) ? last : null);
        }));
    }

    /** The entries of some keys. */
    CompletionStage<List<StoredEntry>> entries(List<String> names) {
        return started(() -> {
            List<CompletableFuture<KeyIndex>> indexes = new ArrayList<>(names.size());
            for (String name : names) {
                indexes.add(read(name).toCompletableFuture());
            }
            return CompletableFuture.allOf(indexes.toArray(CompletableFuture<?>[]::new))
                    .thenApply(done -> {
                        long now = clock.millis();
                        List<StoredEntry> found = new ArrayList<>();
                        for (CompletableFuture<KeyIndex> index : indexes) {
                            for (Variant variant : index.join().variants) {
                                S3Entry entry = variant.entry();
                                if (entry != null && !isExpired(entry, now)) {
                                    found.add(entry);
                                }
                            }
                        }
                        return found;
                    });
        });
    }

    // ---- capacity

    private CompletionStage<?> makeRoom(String name, String newest) {
        if (ledger == null) {
            return CompletableFuture.completedFuture(null);
        }
        if (!ledger.isCounted()) {
            sweepLater();
        }
        List<String> names = ledger.toEvict(maxEntries, maxBytes, EVICTED_AT_ONCE);
        if (names.isEmpty()) {
            return CompletableFuture.completedFuture(null);
        }
        CompletableFuture<?> evicted = Each.of(names, AT_ONCE, other -> evict(other, other.equals(name) ? newest : ""))
                .handle((done, failure) -> {
                    if (failure != null) {
                        failed("evict", failure);
                    }
                    return null;
                })
                .toCompletableFuture();
        // The entry is stored; whoever waits for that need not wait for all the rest.
        return evicted.copy().completeOnTimeout(null, timeout.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Removes the entries of a key to make room, which does not discard what is being written. */
    CompletionStage<?> evict(String name, String kept) {
        return modify(name, index -> {
                    List<Variant> left = new ArrayList<>();
                    List<Variant> gone = new ArrayList<>();
                    for (Variant variant : live(index)) {
                        (variant.id().equals(kept) ? left : gone).add(variant);
                    }
                    return gone.isEmpty() ? Draft.unchanged(gone) : new Draft<>(left, false, gone);
                })
                .thenAccept(gone -> reportEvicted(name, gone));
    }

    /** Evicts until the capacity is kept to. */
    CompletionStage<?> evictAll() {
        List<String> names = ledger == null ? List.of() : ledger.toEvict(maxEntries, maxBytes, Integer.MAX_VALUE);
        return Each.of(names, AT_ONCE, name -> evict(name, ""));
    }

    private void reportEvicted(String name, List<Variant> evicted) {
        evictions.addAndGet(evicted.size());
        for (Variant variant : evicted) {
            S3Entry entry = variant.entry();
            String key = entry == null ? indexObject(name) : entry.stored().key();
            listeners.forEach(listener -> listener.evicted(key));
        }
    }

    StorageStatistics statistics() {
        boolean isKnown = ledger != null && ledger.isCounted();
        return new StorageStatistics(
                isKnown ? Objects.requireNonNull(ledger).entries() : -1,
                isKnown ? Objects.requireNonNull(ledger).bytes() : -1,
                maxEntries == Long.MAX_VALUE ? -1 : maxEntries,
                maxBytes == Long.MAX_VALUE ? -1 : maxBytes,
                evictions.get());
    }

    @Override
    public long maxBodyBytes() {
        return maxEntryBytes;
    }

    // ---- sweeping

    CompletionStage<?> sweep(int maxReads) {
        return started(() -> flushUses().thenCompose(flushed -> sweeper.sweep(maxReads)));
    }

    /** Writes the uses that a sliding time to live depends on. */
    private CompletionStage<?> flushUses() {
        Map<String, String> keys = new HashMap<>();
        for (Map.Entry<String, Uses.Use> pending : uses.pending()) {
            Uses.Use use = pending.getValue();
            KeyIndex index = known.get(use.name());
            Variant variant = index == null ? null : index.find(pending.getKey());
            S3Entry entry = variant == null ? null : variant.entry();
            if (entry != null && isSliding(entry.stored()) && ttl(entry.stored()) != StoredResponse.NO_TTL) {
                keys.put(use.name(), pending.getKey());
            }
        }
        return Each.of(keys.entrySet(), AT_ONCE, key -> flushUse(key.getKey(), key.getValue()));
    }

    void forgetIndex(String name) {
        known.forget(name);
    }

    KeyQueues queues() {
        return queues;
    }

    long now() {
        return clock.millis();
    }

    private void sweepLater() {
        if (!sweeping.compareAndSet(false, true)) {
            return;
        }
        boolean begun = inBackground(
                "sweep", () -> sweep(Sweeper.BACKGROUND_READS).whenComplete((done, failure) -> sweeping.set(false)));
        if (!begun) {
            sweeping.set(false);
        }
    }

    /** Begins what no caller waits for. */
    private boolean inBackground(String operation, Supplier<? extends CompletionStage<?>> task) {
        try {
            executor.execute(() -> {
                try {
                    task.get().whenComplete((done, failure) -> {
                        if (failure != null) {
                            failed(operation, failure);
                        }
                    });
                } catch (RuntimeException e) {
                    failed(operation, e);
                }
            });
            return true;
        } catch (RejectedExecutionException e) {
            failed(operation, new IOException("the executor refuses", e));
            return false;
        }
    }

    /** Tells the listeners of a failure, unless it is only that the storage was closed meanwhile. */
    void failed(String operation, Throwable failure) {
        if (isClosed()) {
            return;
        }
        Throwable cause = Bucket.unwrapped(failure);
        IOException told = cause instanceof IOException e ? e : new IOException(cause.toString(), cause);
        listeners.forEach(listener -> listener.failed(operation, told));
    }

    // ---- the rest

    /** Begins an operation; whatever goes wrong is what its stage completes with. */
    private <T extends @Nullable Object> CompletionStage<T> started(Supplier<CompletionStage<T>> operation) {
        if (isClosed()) {
            return CompletableFuture.failedFuture(new IOException("the storage is closed"));
        }
        long now = clock.millis();
        long due = nextSweep.get();
        // A clock that went far back must not put the next sweep off until it has caught up.
        if ((now >= due || now < due - sweepEveryMillis) && nextSweep.compareAndSet(due, now + sweepEveryMillis)) {
            sweepLater();
        }
        try {
            return operation.get();
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** See {@link S3Storage#keepDamaged}. */
    void keepDamaged(boolean keep) {
        keepsDamaged = keep;
    }

    boolean isClosed() {
        return closed.get();
    }

    @Override
    public void addListener(StorageListener listener) {
        if (!listeners.contains(listener)) {
            listeners.add(listener);
        }
    }

    @Override
    public void close() {
        if (isClosed()) {
            return;
        }
        try {
            if (!bucket.isFailing()) {
                S3Storage.await(flushUses().toCompletableFuture().orTimeout(5, TimeUnit.SECONDS));
            }
        } catch (IOException e) {
            failed("write uses", e);
        }
        if (closed.compareAndSet(false, true)) {
            closeClient.run();
        }
    }

    @Override
    public String toString() {
        return prefix;
    }
}
