package dev.larder.storage.redis;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncStorage;
import dev.larder.storage.BinarySerializer;
import dev.larder.storage.BodyReader;
import dev.larder.storage.CircuitBreaker;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.Lease;
import dev.larder.storage.Serializer;
import dev.larder.storage.Storage;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StorageStatistics;
import dev.larder.storage.StoredEntry;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Keeps entries in Redis or Valkey, on one server, behind Sentinel, or in a cluster. Any number of processes may share them.
 *
 * <h2>Layout</h2>
 *
 * <pre>
 * &lt;namespace&gt;:{&lt;tag&gt;}        a hash: the entries of one primary key, whose SHA-256 begins with the tag
 *     h&lt;id&gt;                     the record: lengths, checksums, and the head as a {@link Serializer} wrote it
 *     u&lt;id&gt;                     last use, number of uses, end of the time to live
 *     b&lt;id&gt;                     the body, if it has at most 32 KiB and the key few variants
 *     !                         when and by which process the key was last removed
 * &lt;namespace&gt;:{&lt;tag&gt;}:&lt;id&gt;   a hash: any other body, in chunks of 64 KiB
 * &lt;namespace&gt;:{&lt;tag&gt;}:lease  who fetches a response for the key at the moment
 * &lt;namespace&gt;:removals         when everything was last removed, or what a condition held for
 * &lt;namespace&gt;:{index}          with a capacity: what was used when, and
 * &lt;namespace&gt;:{index}:sizes    how large it is
 * </pre>
 *
 * <p>All of a primary key has one hash tag, and so is on one server of a cluster. Records and chunks carry checksums that
 * hold for this entry, this place in it, and no other.
 *
 * <h2>What it costs</h2>
 *
 * <ul>
 *   <li>A lookup is one round trip, and brings all variants of the key with their inline bodies. A head is parsed only when
 *       it is not the one that was parsed before.
 *   <li>Another body costs one round trip to open, and one for each further 64 KiB, asked for ahead.
 *   <li>A commit is one round trip, two more in a cluster, one or two more with a capacity. Longer bodies are sent while
 *       they arrive.
 *   <li>A validation is one round trip, and no byte of the body. A use is counted here, and sent every ten seconds at most;
 *       with a capacity, each commit sends up to about a hundred uses along.
 * </ul>
 *
 * <h2>What it promises</h2>
 *
 * <ul>
 *   <li><i>Atomic.</i> Commits, validations and removals are scripts. An entry whose body is gone, because Redis evicted
 *       it, is a miss.
 *   <li><i>Removal.</i> What another process removes discards what was requested before. For that, Redis remembers removals
 *       for two hours, by its own clock; an entry that takes longer to write is not stored. {@link #removeIf} and {@link
 *       #clear} discard all that other processes are writing at the moment. A removed body can still be read for ten
 *       minutes, and then is gone from the memory of Redis.
 *   <li><i>In a cluster</i> the memory of {@link #removeIf} and {@link #clear} is on a server of its own. It is asked before
 *       and after the commit, so that an entry they hit may be seen for the time between the two.
 *   <li><i>Every key has a time to live in Redis</i>: that of the entry, or the {@linkplain Builder#retention retention},
 *       and ten minutes. The exact end is told by the clock of this storage.
 *   <li><i>Redis may forget.</i> A failover or a restart may lose what was written or removed last: an invalidation that is
 *       lost brings back the old response until it is stale.
 *   <li><i>Redis is trusted.</i> Checksums are against accidents: who can write to it can forge entries.
 * </ul>
 *
 * <h2>When Redis fails</h2>
 *
 * <p>A call takes {@linkplain Builder#timeout 200 ms} at most. After {@linkplain Builder#maxFailures three} failures in a
 * row Redis is not asked any more, until it answers a ping, which is tried {@linkplain Builder#retryAfter each second}.
 * No method but {@link #close} waits for a connection; a server that is down when the storage is made is no error.
 *
 * <h2>Capacity</h2>
 *
 * <p>There is none unless told: entries go when their time has come, or when Redis is full ({@code maxmemory-policy
 * allkeys-lru} fits well). With {@link Builder#maxEntries} or {@link Builder#maxBytes}, an index says what was used least
 * recently; it holds once a commit has returned. It is ten seconds late with uses at most. Bodies that are being written, or
 * were just removed, do not count. Entries that Redis drops by itself are counted until their turn comes.
 */
public final class RedisStorage implements Storage {
    private final RedisOperations operations;
    private final Connections connections;
    private final Link link;
    private final Executor executor;
    private final String name;
    private final ReentrantLock closing = new ReentrantLock();

    private RedisStorage(Builder builder) {
        connections = Connections.of(builder);
        link = new Link(
                connections.connector(),
                builder.breaker
                        .timeout(builder.timeout)
                        .maxFailures(builder.maxFailures)
                        .retryAfter(builder.retryAfter));
        operations = new RedisOperations(builder, link, connections.isCluster());
        executor = builder.executor;
        name = "RedisStorage[" + builder.namespace + "]";
        link.start();
    }

    /**
     * A storage on the server at {@code localhost:6379}.
     *
     * @see Builder#build
     */
    public static RedisStorage open() {
        return builder().build();
    }

    /**
     * A storage on a server.
     *
     * @param uri as for {@link Builder#uri}
     * @throws IllegalArgumentException if that is none
     */
    public static RedisStorage at(String uri) {
        return builder().uri(uri).build();
    }

    /** A builder with the defaults that its methods state. */
    public static Builder builder() {
        return new Builder();
    }

    @Override
    public List<StoredEntry> lookup(String key) throws IOException {
        return operations.lookupNow(key);
    }

    @Override
    public @Nullable BodyReader open(StoredEntry entry) throws IOException {
        var reader = Waiting.on(operations.open(entry));
        return reader == null ? null : new Waiting.Reader(reader);
    }

    @Override
    public long used(StoredEntry entry) {
        return operations.used(entry);
    }

    /**
     * {@inheritDoc}
     *
     * <p>What has been written can be read back by others; the latest mebibyte of it whatever Redis does.
     *
     * @throws IllegalArgumentException if its id is not of 1 to 32 lower-case hexadecimal digits
     */
    @Override
    public EntryWriter create(StoredResponse head) throws IOException {
        return new Waiting.Writer(Waiting.on(operations.create(head)));
    }

    @Override
    public boolean freshen(StoredResponse head) throws IOException {
        return Waiting.on(operations.freshen(head));
    }

    @Override
    public boolean remove(String key, String id) throws IOException {
        return Waiting.on(operations.remove(key, id));
    }

    @Override
    public int removeKey(String key) throws IOException {
        return Waiting.on(operations.removeKey(key));
    }

    @Override
    public int removeIf(Predicate<StoredResponse> condition) throws IOException {
        return Waiting.on(operations.removeIf(condition, executor));
    }

    @Override
    public long clear() throws IOException {
        return Waiting.on(operations.clear());
    }

    @Override
    public Iterator<StoredEntry> entries() throws IOException {
        return new Entries(Waiting.on(operations.nodes()).iterator());
    }

    /** Reads a page of keys at a time, and the heads of a few places ahead. */
    private final class Entries implements Iterator<StoredEntry> {
        private static final int AHEAD = 16;

        private final Iterator<Link.Node> nodes;
        private Link.@Nullable Node node;
        private String cursor = RedisOperations.START;
        private final ArrayDeque<Place> places = new ArrayDeque<>();
        /** A page may bring a key again. */
        private final Set<String> seen = new HashSet<>();

        private final ArrayDeque<StoredEntry> found = new ArrayDeque<>();

        Entries(Iterator<Link.Node> nodes) {
            this.nodes = nodes;
        }

        @Override
        public boolean hasNext() {
            try {
                while (found.isEmpty()) {
                    if (operations.isClosed()) {
                        throw Link.closedFailure();
                    }
                    if (!places.isEmpty()) {
                        load();
                    } else if (!nextPage()) {
                        return false;
                    }
                }
                return true;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private boolean nextPage() throws IOException {
            Link.Node at = node;
            if (at == null) {
                if (!nodes.hasNext()) {
                    return false;
                }
                at = nodes.next();
                cursor = RedisOperations.START;
            }
            RedisOperations.Page page = Waiting.on(operations.page(at, cursor));
            cursor = page.cursor();
            node = page.isLast() ? null : at;
            for (Place place : page.places()) {
                if (seen.add(place.tag())) {
                    places.add(place);
                }
            }
            return true;
        }

        private void load() throws IOException {
            List<CompletionStage<List<StoredEntry>>> loading = new ArrayList<>();
            while (loading.size() < AHEAD && !places.isEmpty()) {
                loading.add(operations.heads(places.remove()));
            }
            for (CompletionStage<List<StoredEntry>> stage : loading) {
                found.addAll(Waiting.on(stage));
            }
        }

        @Override
        public StoredEntry next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            return found.remove();
        }
    }

    /** {@inheritDoc} Only with a capacity is it known how much there is. */
    @Override
    public StorageStatistics statistics() throws IOException {
        return Waiting.on(operations.statistics());
    }

    @Override
    public long maxBodyBytes() {
        return operations.maxBodyBytes();
    }

    /** Whether {@link Builder#lease} was given. */
    @Override
    public boolean leases() {
        return operations.leases();
    }

    @Override
    public Lease lease(String key) throws IOException {
        CompletionStage<Lease> lease = operations.lease(key);
        try {
            return Waiting.on(lease);
        } catch (ClosedByInterruptException e) {
            lease.thenAccept(Lease::release);
            throw e;
        }
    }

    /**
     * {@inheritDoc}
     *
     * <p>Natively asynchronous: stages complete on the threads of the connection.
     *
     * @param executor runs the conditions of {@link #removeIf}
     */
    @Override
    public AsyncStorage async(Executor executor) {
        return new RedisAsyncStorage(this, operations, executor);
    }

    @Override
    public void keepDamaged(boolean keep) {
        operations.keepDamaged(keep);
    }

    @Override
    public void addListener(StorageListener listener) {
        operations.addListener(listener);
    }

    /** {@inheritDoc} A client or connection that was given to the builder stays open. */
    @Override
    public void close() throws IOException {
        closing.lock();
        try {
            if (!operations.isClosed()) {
                try {
                    Waiting.on(operations.close());
                } finally {
                    connections.close();
                }
            }
        } finally {
            closing.unlock();
        }
    }

    @Override
    public String toString() {
        return name;
    }

    /** Builds a {@link RedisStorage}. Not thread-safe. */
    public static final class Builder {
        /** One for all storages of the process, unless a test plays several processes. */
        private static final String PROCESS = HexFormat.of().toHexDigits(new SecureRandom().nextLong());

        final List<RedisURI> uris = new ArrayList<>();
        /** Those that are not the caller's objects. */
        final List<RedisURI> parsed = new ArrayList<>();

        boolean cluster;

        @Nullable
        RedisClient client;

        @Nullable
        RedisClusterClient clusterClient;

        @Nullable
        StatefulRedisConnection<byte[], byte[]> connection;

        @Nullable
        StatefulRedisClusterConnection<byte[], byte[]> clusterConnection;

        String namespace = "larder";
        String process = PROCESS;

        @Nullable
        Duration ttl;

        boolean sliding;

        @Nullable
        Duration lease;

        Duration retention = Duration.ofDays(30);
        int maxEntries = -1;
        long maxBytes = -1;
        long maxEntryBytes = 64L << 20;
        int maxVariants = 64;
        Serializer serializer = BinarySerializer.INSTANCE;
        InstantSource clock = InstantSource.system();
        Executor executor = ForkJoinPool.commonPool();
        private final CircuitBreaker.Builder breaker = CircuitBreaker.builder();
        Duration timeout = Duration.ofMillis(200);
        int maxFailures = 3;
        Duration retryAfter = Duration.ofSeconds(1);

        private Builder() {}

        /**
         * Where Redis is: {@code redis://[[user]:password@]host[:port][/database]}, {@code rediss://…} for TLS, or {@code
         * redis-sentinel://host[:port][,host2[:port2]…][/database]#masterId}; by default {@code redis://localhost:6379}.
         * Called several times it names several nodes of one cluster.
         *
         * @throws IllegalArgumentException if it is none of these
         */
        public Builder uri(String uri) {
            RedisURI known = RedisURI.create(uri);
            parsed.add(known);
            return uri(known);
        }

        /**
         * The same, with all that Lettuce knows to say about a server. Its time-out is for making the connection, which no
         * caller waits for longer than {@link #timeout}.
         */
        public Builder uri(RedisURI uri) {
            uris.add(Objects.requireNonNull(uri, "uri"));
            return this;
        }

        /** Whether the {@link #uri} leads to a cluster; by default only if there are several. */
        public Builder cluster(boolean cluster) {
            this.cluster = cluster;
            return this;
        }

        /**
         * A client to connect with, which was made with a URI. It stays the caller's, and so do its options: {@code
         * DisconnectedBehavior.REJECT_COMMANDS} is recommended.
         */
        public Builder client(RedisClient client) {
            this.client = Objects.requireNonNull(client, "client");
            return this;
        }

        /** A client of a cluster to connect with. It stays the caller's. */
        public Builder client(RedisClusterClient client) {
            this.clusterClient = Objects.requireNonNull(client, "client");
            return this;
        }

        /** A connection to use, as {@code client.connect(ByteArrayCodec.INSTANCE)} makes it. It stays the caller's. */
        public Builder connection(StatefulRedisConnection<byte[], byte[]> connection) {
            this.connection = Objects.requireNonNull(connection, "connection");
            return this;
        }

        /** A connection to a cluster to use. It stays the caller's. */
        public Builder connection(StatefulRedisClusterConnection<byte[], byte[]> connection) {
            this.clusterConnection = Objects.requireNonNull(connection, "connection");
            return this;
        }

        /**
         * What all keys begin with, and nothing outside is ever touched; by default {@code larder}.
         *
         * @throws IllegalArgumentException if it is empty or contains a brace
         */
        public Builder namespace(String namespace) {
            if (namespace.isEmpty() || namespace.indexOf('{') >= 0 || namespace.indexOf('}') >= 0) {
                throw new IllegalArgumentException("namespace must not be empty or contain a brace: " + namespace);
            }
            this.namespace = namespace;
            return this;
        }

        /** For tests that play several processes in one. */
        Builder process(String process) {
            this.process = process;
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

        /**
         * How long Redis keeps an entry without a time to live after it was last stored, validated or used; by default 30
         * days. Nothing stays in Redis for ever.
         */
        public Builder retention(Duration retention) {
            this.retention = positive(retention, "retention");
            return this;
        }

        /** The capacity in entries; by default not limited. */
        public Builder maxEntries(int maxEntries) {
            this.maxEntries = (int) atLeast(1, maxEntries, "maxEntries");
            return this;
        }

        /** The capacity in bytes of records and bodies; by default not limited. */
        public Builder maxBytes(long maxBytes) {
            this.maxBytes = atLeast(1, maxBytes, "maxBytes");
            return this;
        }

        /** The longest body to store; by default 64 MiB. */
        public Builder maxEntryBytes(long maxEntryBytes) {
            this.maxEntryBytes = atLeast(1, maxEntryBytes, "maxEntryBytes");
            return this;
        }

        /** The most entries of one key, of which those used least recently go first; by default 64. */
        public Builder maxVariants(int maxVariants) {
            this.maxVariants = (int) atLeast(1, maxVariants, "maxVariants");
            return this;
        }

        /**
         * Lets one process fetch what several miss or find stale at the same time, and the others wait for it: until the
         * response is stored or turns out not to be, and no longer than this. That should be more than the origin takes,
         * and is how long a process that dies holds up the others, once. Off by default, since such a request costs three
         * round trips more: the lease, another lookup, and its end. Who waits asks every 25 ms.
         */
        public Builder lease(Duration lease) {
            this.lease = positive(lease, "lease");
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

        /**
         * Runs what follows a time-out, by default a pool of daemon threads, and the conditions of {@link
         * RedisStorage#removeIf}, by default the common pool.
         */
        public Builder executor(Executor executor) {
            this.executor = Objects.requireNonNull(executor, "executor");
            breaker.executor(executor);
            return this;
        }

        /** How long a call to Redis may take before it is given up; by default 200 ms. */
        public Builder timeout(Duration timeout) {
            this.timeout = positive(timeout, "timeout");
            return this;
        }

        /** How many failures in a row make the storage leave Redis alone; by default 3. */
        public Builder maxFailures(int maxFailures) {
            this.maxFailures = (int) atLeast(1, maxFailures, "maxFailures");
            return this;
        }

        /** How long after that it looks whether Redis is back; by default a second. */
        public Builder retryAfter(Duration retryAfter) {
            this.retryAfter = positive(retryAfter, "retryAfter");
            return this;
        }

        /**
         * The storage. It begins to connect, and does not wait for that.
         *
         * @throws IllegalArgumentException when more than one of URI, client and connection is given
         */
        public RedisStorage build() {
            int given = (uris.isEmpty() ? 0 : 1)
                    + given(client)
                    + given(clusterClient)
                    + given(connection)
                    + given(clusterConnection);
            if (given > 1) {
                throw new IllegalArgumentException("give one of: URI, client, connection");
            }
            return new RedisStorage(this);
        }

        private static int given(@Nullable Object option) {
            return option == null ? 0 : 1;
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
