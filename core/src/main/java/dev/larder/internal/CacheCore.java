package dev.larder.internal;

import dev.larder.CacheInfo;
import dev.larder.CacheListener;
import dev.larder.CacheStatistics;
import dev.larder.engine.CacheEngine;
import dev.larder.engine.CacheResult;
import dev.larder.engine.Decision;
import dev.larder.http.RequestHead;
import dev.larder.rules.Reason;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncStorage;
import dev.larder.storage.Storage;
import dev.larder.storage.StoredEntry;
import java.nio.channels.ClosedByInterruptException;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;

/** What all requests of one cache share. */
public final class CacheCore {
    private static final System.Logger LOG = System.getLogger("dev.larder");

    final CacheEngine engine;
    final Storage storage;
    /** The storage without a change of threads, for writers that are fed by whoever delivers the bytes. */
    final AsyncStorage inlineStorage;

    final AsyncStorage asyncStorage;
    /** Whether other processes are to be asked before the origin is. */
    final boolean leases;

    final InstantSource clock;
    final Executor executor;
    final Flights flights = new Flights();
    final Epochs epochs = new Epochs();
    final Revalidations revalidations = new Revalidations();
    final OwedRemovals owed = new OwedRemovals();

    private final CopyOnWriteArrayList<CacheListener> listeners = new CopyOnWriteArrayList<>();
    private final EnumMap<CacheResult, LongAdder> results = new EnumMap<>(CacheResult.class);
    private final LongAdder collapsed = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder stored = new LongAdder();
    private final LongAdder invalidated = new LongAdder();
    private final LongAdder storageFailures = new LongAdder();

    /** The shared parts of one cache. */
    public CacheCore(
            CacheEngine engine, Storage storage, CacheListener listener, InstantSource clock, Executor executor) {
        this.engine = engine;
        this.storage = storage;
        this.inlineStorage = AsyncStorage.of(storage, Runnable::run);
        this.asyncStorage = storage.async(executor);
        this.leases = storage.leases();
        this.clock = clock;
        this.executor = executor;
        for (CacheResult result : CacheResult.values()) {
            results.put(result, new LongAdder());
        }
        addListener(listener);
    }

    /** Tells a further listener, of the storage's events too; one that is there already is not added again. */
    public void addListener(CacheListener listener) {
        if (listeners.addIfAbsent(listener)) {
            storage.addListener(listener);
        }
    }

    /** The clock of all decisions. */
    public InstantSource clock() {
        return clock;
    }

    /** Runs what asynchronous requests must not wait for. */
    public Executor executor() {
        return executor;
    }

    /** What has happened so far. */
    public CacheStatistics statistics() {
        return new CacheStatistics(
                count(CacheResult.HIT).sum(),
                count(CacheResult.REVALIDATED).sum(),
                count(CacheResult.STALE).sum(),
                count(CacheResult.MISS).sum(),
                count(CacheResult.BYPASSED).sum(),
                collapsed.sum(),
                failed.sum(),
                stored.sum(),
                invalidated.sum(),
                storageFailures.sum());
    }

    private LongAdder count(CacheResult result) {
        return Objects.requireNonNull(results.get(result));
    }

    /** From now on nothing that was requested before is stored under this key, or shared. */
    public void forgetKey(String key) {
        epochs.invalidate(key);
        flights.detach(key);
    }

    /** From now on nothing that was requested before is stored, or shared. */
    public void forgetAll() {
        epochs.invalidateAll();
        flights.detachAll();
    }

    /** Counts a use of an entry; 0 when the storage fails to. */
    long used(StoredEntry entry) {
        try {
            return storage.used(entry);
        } catch (RuntimeException e) {
            storageFailed("used", e);
            return 0;
        }
    }

    /** The longest body that the storage takes; 0 when it fails to say. */
    public long maxBodyBytes() {
        try {
            return storage.maxBodyBytes();
        } catch (RuntimeException e) {
            storageFailed("maxBodyBytes", e);
            return 0;
        }
    }

    void answered(RequestHead request, CacheInfo info) {
        count(info.status()).increment();
        if (info.collapsed()) {
            collapsed.increment();
        }
        tell(listener -> listener.answered(request, info));
    }

    void originFailed(Decision decision) {
        failed.increment();
    }

    void stored(StoredResponse response) {
        stored.increment();
        tell(listener -> listener.stored(response));
    }

    void abandoned(StoredResponse response, String why) {
        tell(listener -> listener.abandoned(response, why));
    }

    void freshened(StoredResponse response) {
        tell(listener -> listener.freshened(response));
    }

    /** Counts and reports removed entries. */
    public void invalidated(String what, long entries, Reason why) {
        if (entries > 0) {
            invalidated.add(entries);
            tell(listener -> listener.invalidated(what, entries, why));
        }
    }

    /** Counts and reports a failure of the storage; the request goes on. */
    public void storageFailed(String operation, Throwable failure) {
        if (failure instanceof ClosedByInterruptException) {
            // The caller's thread was interrupted during its own I/O, which says nothing about the storage.
            return;
        }
        storageFailures.increment();
        tell(listener -> listener.storageFailed(operation, failure));
    }

    private void tell(Consumer<CacheListener> call) {
        for (CacheListener listener : listeners) {
            try {
                call.accept(listener);
            } catch (RuntimeException e) {
                LOG.log(System.Logger.Level.WARNING, "a cache listener threw", e);
            }
        }
    }
}
