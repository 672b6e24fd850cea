package dev.larder;

import dev.larder.client.Answer;
import dev.larder.client.BodyKind;
import dev.larder.client.Call;
import dev.larder.client.Origin;
import dev.larder.engine.CacheEngine;
import dev.larder.http.TargetUri;
import dev.larder.internal.AsyncCall;
import dev.larder.internal.BlockingCall;
import dev.larder.internal.CacheCore;
import dev.larder.internal.LoggingListener;
import dev.larder.internal.Threads;
import dev.larder.policy.CacheControls;
import dev.larder.policy.CachePolicy;
import dev.larder.rules.CacheGroups;
import dev.larder.rules.Reason;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.EntryIds;
import dev.larder.storage.Storage;
import dev.larder.storage.StorageStatistics;
import dev.larder.storage.StoredEntry;
import dev.larder.storage.memory.InMemoryStorage;
import java.io.IOException;
import java.net.URI;
import java.time.InstantSource;
import java.util.Iterator;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP cache (RFC 9111): a storage, a policy, and the engine that connects them. Any number of clients can share one.
 *
 * <p>Applications use it through a client, such as {@code CacheClient} for {@code java.net.http}, and come here to
 * invalidate, to look into the cache, and for statistics. Thread-safe.
 */
public final class HttpCache implements AutoCloseable {
    private final Storage storage;
    private final CacheEngine engine;
    private final CacheCore core;

    private HttpCache(Builder b) {
        storage = b.storage == null ? InMemoryStorage.create() : b.storage;
        engine = new CacheEngine(b.policy, EntryIds::next, this::longestBody);
        core = new CacheCore(engine, storage, b.listener, b.clock, b.executor == null ? Threads.shared() : b.executor);
    }

    private long longestBody() {
        return core.maxBodyBytes();
    }

    /** A private cache in memory, with all defaults. */
    public static HttpCache create() {
        return builder().build();
    }

    /** A builder whose every part has a default. */
    public static Builder builder() {
        return new Builder();
    }

    /** How this cache decides. */
    public CachePolicy policy() {
        return engine.policy();
    }

    /** Where this cache keeps responses. */
    public Storage storage() {
        return storage;
    }

    /** The clock of this cache's decisions. */
    public InstantSource clock() {
        return core.clock();
    }

    /** The executor that asynchronous requests do blocking work on. */
    public Executor executor() {
        return core.executor();
    }

    /**
     * For client adapters: answers a request on the calling thread.
     *
     * @param origin how to reach the origin, if that is needed
     * @return the answer; its body is the caller's to read or to close
     * @throws IOException what the origin threw, when nothing stored may stand in for it
     */
    public <B> Answer<B> execute(Call call, BodyKind<B> kind, Origin<B> origin)
            throws IOException, InterruptedException {
        return new BlockingCall<>(core, call, kind, origin).run();
    }

    /**
     * For client adapters: answers a request without waiting.
     *
     * @param origin how to reach the origin, if that is needed
     * @return completes with the answer, or with what the origin failed with; cancelling it cancels the origin request
     */
    public <B> CompletableFuture<Answer<B>> executeAsync(Call call, BodyKind<B> kind, Origin.Async<B> origin) {
        return new AsyncCall<>(core, call, kind, origin).run();
    }

    /**
     * Removes all variants stored for a URI, and with {@link CachePolicy#noVarySearch} all those of its path that do not depend
     * on all of the query. A response to it that is being fetched now will not be stored.
     *
     * @return how many there were
     * @throws IllegalArgumentException if it is no absolute http or https URI
     */
    public int invalidate(URI uri) throws IOException {
        return invalidate(uri, CacheControls.NONE);
    }

    /**
     * As {@link #invalidate(URI)}, in a partition.
     *
     * @param partition as in {@link CacheControls#withPartition}
     */
    public int invalidate(URI uri, String partition) throws IOException {
        return invalidate(uri, CacheControls.NONE.withPartition(partition));
    }

    private int invalidate(URI uri, CacheControls controls) throws IOException {
        int all = 0;
        for (String exact : policy().keysOf(TargetUri.of(uri))) {
            String key = controls.partitioned(exact);
            core.forgetKey(key);
            int removed = storage.removeKey(key);
            core.invalidated(key, removed, Reason.INVALIDATED);
            all += removed;
        }
        return all;
    }

    /**
     * Removes the one entry that a response came from, or was stored as.
     *
     * @param info of that response
     * @return whether it was there
     */
    public boolean invalidate(CacheInfo info) throws IOException {
        StoredResponse stored = info.storedResponse();
        if (stored == null) {
            return false;
        }
        core.forgetKey(stored.key());
        boolean removed = storage.remove(stored.key(), stored.id());
        core.invalidated(stored.key(), removed ? 1 : 0, Reason.INVALIDATED);
        return removed;
    }

    /**
     * Removes everything whose target URI begins with a text, such as {@code https://example.com/users/}.
     *
     * @return how many entries there were
     */
    public int invalidatePrefix(String prefix) throws IOException {
        Objects.requireNonNull(prefix, "prefix");
        return invalidateIf(
                "prefix " + prefix, stored -> stored.uri().toString().startsWith(prefix));
    }

    /**
     * Removes everything that was given a tag.
     *
     * @return how many entries there were
     */
    public int invalidateTag(String tag) throws IOException {
        Objects.requireNonNull(tag, "tag");
        return invalidateIf("tag " + tag, stored -> stored.tags().contains(tag));
    }

    /**
     * Removes everything of an origin that it has put into a group (RFC 9875).
     *
     * @param origin any URI of that origin
     * @param group compared exactly
     * @return how many entries there were
     * @throws IllegalArgumentException if {@code origin} is no absolute http or https URI
     */
    public int invalidateGroup(URI origin, String group) throws IOException {
        Objects.requireNonNull(group, "group");
        return invalidateIf("group " + group, CacheGroups.members(TargetUri.of(origin), Set.of(group)));
    }

    /**
     * Removes everything that fulfils a condition. Reads the head of every entry.
     *
     * @return how many entries there were
     */
    public int invalidateIf(Predicate<StoredResponse> condition) throws IOException {
        return invalidateIf("condition", condition);
    }

    private int invalidateIf(String what, Predicate<StoredResponse> condition) throws IOException {
        core.forgetAll();
        int removed = storage.removeIf(condition);
        core.invalidated(what, removed, Reason.INVALIDATED);
        return removed;
    }

    /** Removes everything. */
    public void clear() throws IOException {
        core.forgetAll();
        core.invalidated("everything", storage.clear(), Reason.INVALIDATED);
    }

    /** All entries, read as the iterator goes on; see {@link Storage#entries}. */
    public Iterator<StoredEntry> entries() throws IOException {
        return storage.entries();
    }

    /** Tells a further listener of what happens from now on; one that is there already is not added again. */
    public void addListener(CacheListener listener) {
        core.addListener(Objects.requireNonNull(listener, "listener"));
    }

    /** What this cache has done since it was built. */
    public CacheStatistics statistics() {
        return core.statistics();
    }

    /** What the storage holds. */
    public StorageStatistics storageStatistics() throws IOException {
        return storage.statistics();
    }

    /** Closes the storage. Responses that are being read may break off. */
    @Override
    public void close() throws IOException {
        storage.close();
    }

    /** Builds an {@link HttpCache}. Not thread-safe. */
    public static final class Builder {
        private @Nullable Storage storage;
        private CachePolicy policy = CachePolicy.DEFAULT;
        private CacheListener listener = new LoggingListener();
        private InstantSource clock = InstantSource.system();
        private @Nullable Executor executor;

        private Builder() {}

        /** Where responses are kept: a new {@link InMemoryStorage} by default. The cache closes it. */
        public Builder storage(Storage storage) {
            this.storage = Objects.requireNonNull(storage, "storage");
            return this;
        }

        /** How the cache decides: {@link CachePolicy#DEFAULT} by default. */
        public Builder policy(CachePolicy policy) {
            this.policy = Objects.requireNonNull(policy, "policy");
            return this;
        }

        /** Hears of what happens. By default failures of the storage are logged, once a minute for each cause. */
        public Builder listener(CacheListener listener) {
            this.listener = Objects.requireNonNull(listener, "listener");
            return this;
        }

        /** The clock of all decisions; the system's by default. Give the storage the same. */
        public Builder clock(InstantSource clock) {
            this.clock = Objects.requireNonNull(clock, "clock");
            return this;
        }

        /** Runs what asynchronous requests must not wait for; a pool of daemon threads by default. */
        public Builder executor(Executor executor) {
            this.executor = Objects.requireNonNull(executor, "executor");
            return this;
        }

        /** The cache. */
        public HttpCache build() {
            return new HttpCache(this);
        }
    }
}
