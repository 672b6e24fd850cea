package dev.larder.storage.tiered;

import static dev.larder.internal.Joined.join;

import dev.larder.internal.Joined;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncBodyReader;
import dev.larder.storage.AsyncStorage;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.Lease;
import dev.larder.storage.Storage;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StorageStatistics;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A near storage in front of a far one, such as memory in front of Redis or files in front of S3. Far is the truth; near
 * has copies of some of it and answers without asking far.
 *
 * <p><b>Writing</b> goes to both at once. An entry is there when far has committed it.
 *
 * <p><b>Reading.</b> The first lookup of a key asks far. What far answers with an inline body is copied into near at once,
 * and a longer body while it is read for the first time, as far as near takes it. When near has all entries that far has
 * under a key, it answers alone for {@link Builder#nearTtl}. If far fails, what near has is answered even longer.
 *
 * <p><b>Removing and freshening</b> go to far first, then to near, and to near even if far fails; nothing that was removed
 * through this object is answered from near afterwards. What another process changes in far is noticed when the near time
 * to live is over, at the latest; so is what far evicts, if it does not tell of it.
 *
 * <p><b>Time to live.</b> An entry with one of its own ends in near when it does in far. A time to live that the far
 * storage gives should be given to the near one too; without it, near may answer for the near time to live longer.
 *
 * <p><b>Uses</b> of a near copy are counted in near, for its eviction, and in far, for the same and for sliding time to
 * live. Where far's entry had an inline body of more than a kibibyte, far hears of uses with the next lookup that reaches
 * it; if such an entry has a sliding time to live of its own, near answers for no more than half of that.
 *
 * <p>Listing, statistics and limits are those of far. A listener hears of both. A failure of near is told to listeners
 * and changes no answer.
 */
public final class TieredStorage implements Storage {
    private final KnownKeys index;
    private final Storage near;
    private final Storage far;
    private final CopyOnWriteArrayList<StorageListener> listeners = new CopyOnWriteArrayList<>();
    private final Tiers tiers;

    private TieredStorage(Builder builder) {
        near = builder.near;
        far = builder.far;
        index = new KnownKeys(builder.clock, builder.nearTtlMillis);
        // Run every call on the caller's thread, so that every stage is complete when it is returned.
        tiers = new Tiers(
                index, near, AsyncStorage.of(near, Runnable::run), AsyncStorage.of(far, Runnable::run), listeners);
        far.addListener(new StorageListener() {
            @Override
            public void evicted(String key) {
                index.changed(key);
            }
        });
    }

    /**
     * One storage in front of another, for a minute until far is asked again.
     *
     * @param near has copies; closed with this storage
     * @param far has everything; closed with this storage
     */
    public static TieredStorage of(Storage near, Storage far) {
        return builder(near, far).build();
    }

    /** A builder with the settings of {@link #of}. */
    public static Builder builder(Storage near, Storage far) {
        return new Builder(near, far);
    }

    @Override
    public List<StoredEntry> lookup(String key) throws IOException {
        ensureOpen();
        List<StoredEntry> hit = tiers.nearHit(key);
        return hit != null ? hit : join(tiers.lookupFar(key));
    }

    @Override
    public @Nullable BodyReader open(StoredEntry entry) throws IOException {
        return Joined.reader(Joined.<@Nullable AsyncBodyReader>join(tiers.open(entry)));
    }

    @Override
    public long used(StoredEntry entry) {
        return tiers.used(entry);
    }

    @Override
    public EntryWriter create(StoredResponse head) throws IOException {
        return Joined.writer(join(tiers.create(head)));
    }

    @Override
    public boolean freshen(StoredResponse head) throws IOException {
        return join(tiers.freshen(head));
    }

    @Override
    public boolean remove(String key, String id) throws IOException {
        return join(tiers.remove(key, id));
    }

    @Override
    public int removeKey(String key) throws IOException {
        return join(tiers.removeKey(key));
    }

    @Override
    public int removeIf(Predicate<StoredResponse> condition) throws IOException {
        return join(tiers.removeIf(condition));
    }

    @Override
    public long clear() throws IOException {
        return join(tiers.clear());
    }

    @Override
    public Iterator<StoredEntry> entries() throws IOException {
        ensureOpen();
        Iterator<StoredEntry> all = far.entries();
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return all.hasNext();
            }

            @Override
            public StoredEntry next() {
                return new FarEntry(index, all.next(), null, 0);
            }
        };
    }

    @Override
    public StorageStatistics statistics() throws IOException {
        ensureOpen();
        return far.statistics();
    }

    @Override
    public long maxBodyBytes() {
        return tiers.maxBodyBytes();
    }

    /** Whether far has leases. */
    @Override
    public boolean leases() {
        return far.leases();
    }

    /** Far's. From here on far is asked for the key, which another process may be changing. */
    @Override
    public Lease lease(String key) throws IOException {
        return join(tiers.lease(key));
    }

    /** Whether one of the two does. */
    @Override
    public boolean blocks() {
        return near.blocks() || far.blocks();
    }

    /**
     * {@inheritDoc}
     *
     * <p>A near storage that does not block is asked inline, and far in the way it has for itself.
     */
    @Override
    public AsyncStorage async(Executor executor) {
        return new Tiers(index, near, near.async(executor), far.async(executor), listeners);
    }

    /** In both. */
    @Override
    public void keepDamaged(boolean keep) {
        near.keepDamaged(keep);
        far.keepDamaged(keep);
    }

    @Override
    public void addListener(StorageListener listener) {
        tiers.addListener(listener);
    }

    /** Closes both storages. */
    @Override
    public void close() throws IOException {
        tiers.close();
    }

    private void ensureOpen() throws IOException {
        if (index.closed) {
            throw new IOException("storage is closed");
        }
    }

    /** Builds a {@link TieredStorage}. Not thread-safe. */
    public static final class Builder {
        private final Storage near;
        private final Storage far;
        private long nearTtlMillis = 60_000;
        private InstantSource clock = InstantSource.system();

        private Builder(Storage near, Storage far) {
            this.near = Objects.requireNonNull(near, "near");
            this.far = Objects.requireNonNull(far, "far");
        }

        /**
         * How long near answers for a key until far is asked again whether it is still so; a minute unless told. That is
         * how long what another process removes from far may still be answered.
         *
         * @throws IllegalArgumentException if that is not at least a millisecond
         */
        public Builder nearTtl(Duration ttl) {
            if (ttl.compareTo(Duration.ofMillis(1)) < 0) {
                throw new IllegalArgumentException("nearTtl must be at least a millisecond, not " + ttl);
            }
            nearTtlMillis = ttl.compareTo(Duration.ofMillis(Long.MAX_VALUE)) >= 0 ? Long.MAX_VALUE : ttl.toMillis();
            return this;
        }

        /** What tells the time; the system's clock unless told. */
        public Builder clock(InstantSource clock) {
            this.clock = Objects.requireNonNull(clock, "clock");
            return this;
        }

        /** The storage. */
        public TieredStorage build() {
            return new TieredStorage(this);
        }
    }
}
