package dev.larder.storage.s3;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncBodyReader;
import dev.larder.storage.AsyncEntryWriter;
import dev.larder.storage.AsyncStorage;
import dev.larder.storage.BinarySerializer;
import dev.larder.storage.BodyReader;
import dev.larder.storage.CircuitBreaker;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.Serializer;
import dev.larder.storage.Storage;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StorageStatistics;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.regions.providers.DefaultAwsRegionProviderChain;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3AsyncClientBuilder;

/**
 * Keeps entries in a bucket of S3, or of a service that is compatible with it. Any number of processes may use the bucket
 * at once.
 *
 * <p>The service has to be strongly consistent and to heed conditional writes ({@code If-Match} and {@code If-None-Match}
 * of PutObject), as S3 does. {@link #async} is the natural side of this storage; the methods here wait for it.
 *
 * <h2>Layout</h2>
 *
 * <pre>
 * &lt;prefix&gt;k/&lt;64 digits&gt;         all heads stored under a key, the SHA-256 of which is the name, with small bodies
 * &lt;prefix&gt;b/&lt;64 digits&gt;/&lt;id&gt;    a larger body of that key
 * </pre>
 *
 * <p>The first is the key's <i>index</i> ({@code KeyIndex} has the bytes). Bodies of up to 16 KiB are kept in it, as long as
 * they take no more than 128 KiB together; all others are objects of their own in blocks of 64 KiB, each behind a checksum
 * that holds at this place of this body and no other. Those are sent before the index names them, in parts of 5 MiB while
 * they come, and are never written again. Every key has a single object that says what is there, so there is nothing to
 * keep in step, and no list is read to find an entry.
 *
 * <h2>Requests</h2>
 *
 * <ul>
 *   <li>A hit on an inline body: 1 GET. A larger one: 1 GET more for the first 128 KiB, and then one for each 256 KiB to 2
 *       MiB, more the longer it is read on.
 *   <li>A miss that is stored: the lookup's GET, and 1 PUT; for a larger body 1 PUT more, or one request for each 5 MiB and
 *       two for the whole.
 *   <li>A validation or a removal: 1 PUT when it follows a lookup in this process, which has left the index known; else 1
 *       GET more. Since inline bodies are part of the index they are written again with it, 128 KiB in all at most; bodies
 *       of their own never are.
 *   <li>Counting a use: none. With a sliding time to live, 1 PUT for an entry that is used, four times in its time to live
 *       at most.
 *   <li>Nothing of this lists objects. {@link #entries}, {@link #removeIf}, {@link #clear} and {@link #sweep} do, by the
 *       thousand; the first two, and a sweep, then read every index.
 * </ul>
 *
 * <h2>Changes at once</h2>
 *
 * <p>An index is only ever replaced on the condition that it is the one that was read, and read again if it is not. So
 * whatever many processes do to a key at once, none of their changes is lost. Within a process they queue for the key.
 *
 * <p>{@link #removeKey} leaves an index with a new generation and the time behind, even when there was none. Every writer that
 * has begun before, in whatever process, sees that by its condition and discards its entry; so does one that began
 * later with a response that was requested before, as far as the clocks of the two machines agree. {@link #clear} deletes indexes without
 * bodies of their own, which writers see likewise, except those of another process that have begun before the key was
 * first stored; and {@link #removeIf} and {@link #remove} do not stop writers of another process. Within the process all
 * of them do.
 *
 * <h2>Clean-up</h2>
 *
 * <p>A removed body stays for the {@linkplain Builder#gracePeriod grace period}, named by its index as removed, so that who
 * reads it can finish; it is deleted by the next change of the key after that, or by a sweep. A reader that takes longer
 * fails with an {@link IOException}. An entry whose writing takes longer is not stored. A sweep runs in the background {@linkplain
 * Builder#checkTtlEvery every hour} while the storage is used: it drops what has expired, deletes empty indexes and bodies that
 * nothing names, and gives up uploads that were left. It deletes nothing that has changed since it looked.
 *
 * <h2>Failure</h2>
 *
 * <p>Every request goes through a {@link CircuitBreaker}. It may take the {@linkplain Builder#timeout time-out}, retries of
 * the client included, and a second more for each 4 MiB it transfers; after three failures in a row S3 is left alone until
 * it answers a probe. A call makes mostly one request, see above, and none after one has failed. That S3 cannot be reached
 * when the storage is made is no error.
 *
 * <h2>What it does not do</h2>
 *
 * <ul>
 *   <li>A download is not shared with other requests before it is stored ({@link EntryWriter#readsBack} is false).
 *   <li>A {@linkplain Builder#maxEntries capacity} is kept to by what this process knows: what it has stored, and what it
 *       finds when it lists the objects, which it does in the background at first and by each sweep. It evicts whole keys,
 *       those first that were used or written least recently as far as it knows. That takes 200 bytes of memory for each
 *       key, and one GET for each key that another process has changed. Without a capacity nothing is counted.
 *   <li>Whoever can write to the bucket can forge entries: the checksums are against accidents.
 * </ul>
 */
public final class S3Storage implements Storage {
    private static final long PROCESS = ThreadLocalRandom.current().nextLong();

    private final S3Entries entries;
    private final String place;

    private S3Storage(Builder builder) {
        S3AsyncClient given = builder.client;
        S3AsyncClient client = given != null ? given : builder.defaultClient();
        place = builder.bucket + "/" + builder.keyPrefix;
        Starter starter = new Starter();
        Bucket bucket =
                new Bucket(client, builder.bucket, builder.timeout, starter, builder.breaker.timeout(builder.timeout));
        Executor executor = builder.executor;
        entries = new S3Entries(
                builder, bucket, executor != null ? executor : starter, given != null ? () -> {} : client::close);
    }

    /**
     * A storage in a bucket, with the client that {@link Builder#client} tells of.
     *
     * @throws IllegalArgumentException as {@link Builder#build} does
     */
    public static S3Storage at(String bucket) {
        return builder().bucket(bucket).build();
    }

    /** A builder with the defaults that its methods state. */
    public static Builder builder() {
        return new Builder();
    }

    // ---- the blocking side

    /** Waits for what is under way, every request of which has a time-out of its own. */
    static <T extends @Nullable Object> T await(CompletionStage<T> stage) throws IOException {
        try {
            return stage.toCompletableFuture().get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ClosedByInterruptException();
        } catch (ExecutionException e) {
            Throwable cause = Bucket.unwrapped(e);
            if (cause instanceof IOException failure) {
                throw failure;
            }
            if (cause instanceof RuntimeException failure) {
                throw failure;
            }
            throw new IOException(String.valueOf(cause), cause);
        }
    }

    @Override
    public List<StoredEntry> lookup(String key) throws IOException {
        return await(entries.lookup(key));
    }

    @Override
    public @Nullable BodyReader open(StoredEntry entry) throws IOException {
        AsyncBodyReader reader = await(entries.open(entry));
        return reader == null ? null : new Reader(reader);
    }

    private record Reader(AsyncBodyReader reader) implements BodyReader {
        @Override
        public long length() {
            return reader.length();
        }

        @Override
        public int read(long position, ByteBuffer target) throws IOException {
            return await(reader.read(position, target));
        }

        @Override
        public void close() {
            reader.close();
        }
    }

    @Override
    public long used(StoredEntry entry) {
        return entries.used(entry);
    }

    @Override
    public EntryWriter create(StoredResponse head) throws IOException {
        return new Writer(await(entries.create(head)));
    }

    private record Writer(AsyncEntryWriter writer) implements EntryWriter {
        @Override
        public void write(ByteBuffer bytes) throws IOException {
            await(writer.write(bytes));
        }

        @Override
        public boolean commit(List<StoredResponse> replaced) throws IOException {
            return await(writer.commit(replaced));
        }

        @Override
        public void close() throws IOException {
            await(writer.close());
        }
    }

    @Override
    public boolean freshen(StoredResponse head) throws IOException {
        return await(entries.freshen(head));
    }

    @Override
    public boolean remove(String key, String id) throws IOException {
        return await(entries.remove(key, id));
    }

    @Override
    public int removeKey(String key) throws IOException {
        return await(entries.removeKey(key));
    }

    @Override
    public int removeIf(Predicate<StoredResponse> condition) throws IOException {
        return await(entries.removeIf(condition));
    }

    /** {@inheritDoc} A key that is deleted unread counts as one. */
    @Override
    public long clear() throws IOException {
        return await(entries.clear());
    }

    @Override
    public Iterator<StoredEntry> entries() throws IOException {
        return new Entries(entries, await(entries.names("")));
    }

    /** Reads the indexes of a few keys at once. */
    private static final class Entries implements Iterator<StoredEntry> {
        private final S3Entries entries;
        private S3Entries.Names page;
        private Iterator<String> names;
        private Iterator<StoredEntry> found = List.<StoredEntry>of().iterator();

        Entries(S3Entries entries, S3Entries.Names first) {
            this.entries = entries;
            page = first;
            names = first.names().iterator();
        }

        @Override
        public boolean hasNext() {
            try {
                while (!found.hasNext()) {
                    String next = page.next();
                    if (names.hasNext()) {
                        List<String> some = new ArrayList<>(S3Entries.AT_ONCE);
                        while (names.hasNext() && some.size() < S3Entries.AT_ONCE) {
                            some.add(names.next());
                        }
                        found = await(entries.entries(some)).iterator();
                    } else if (next != null) {
                        page = await(entries.names(next));
                        names = page.names().iterator();
                    } else {
                        return false;
                    }
                }
                return true;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public StoredEntry next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            return found.next();
        }
    }

    /** What is stored, if a capacity was set and it has been counted; else only the evictions are known. */
    @Override
    public StorageStatistics statistics() throws IOException {
        if (entries.isClosed()) {
            throw new IOException("the storage is closed");
        }
        return entries.statistics();
    }

    @Override
    public long maxBodyBytes() {
        return entries.maxBodyBytes();
    }

    /** {@inheritDoc} It needs no executor, and uses none. */
    @Override
    public AsyncStorage async(Executor executor) {
        return entries;
    }

    @Override
    public void keepDamaged(boolean keep) {
        entries.keepDamaged(keep);
    }

    @Override
    public void addListener(StorageListener listener) {
        entries.addListener(listener);
    }

    /**
     * Drops what has expired, and deletes what nothing names any more and was left for the {@linkplain Builder#gracePeriod
     * grace period}. Done now and then by itself, and in parts if there is much to read.
     */
    public void sweep() throws IOException {
        await(entries.sweep(Integer.MAX_VALUE));
    }

    /** {@inheritDoc} A client that was given stays open. */
    @Override
    public void close() {
        entries.close();
    }

    @Override
    public String toString() {
        return "S3Storage[" + place + "]";
    }

    /** Builds an {@link S3Storage}. Not thread-safe. */
    public static final class Builder {
        private final CircuitBreaker.Builder breaker = CircuitBreaker.builder();
        private String bucket = "";
        private @Nullable S3AsyncClient client;
        private @Nullable String region;
        private @Nullable URI endpoint;
        private boolean pathStyle;

        /** Tells the removals of this process from those of others. */
        long process = PROCESS;

        String keyPrefix = "larder/";
        Duration timeout = Duration.ofMillis(200);
        long ttlMillis = StoredResponse.NO_TTL;
        boolean slidingTtl;
        Serializer serializer = BinarySerializer.INSTANCE;
        InstantSource clock = InstantSource.system();
        private @Nullable Executor executor;
        long maxEntries = Long.MAX_VALUE;
        long maxBytes = Long.MAX_VALUE;
        long maxEntryBytes = Long.MAX_VALUE;
        int maxVariants = 64;
        int maxInlineBytes = S3Entries.INLINE;
        long graceMillis = Duration.ofHours(1).toMillis();
        long sweepEveryMillis = Duration.ofHours(1).toMillis();

        private Builder() {}

        /** The bucket, which has to exist. */
        public Builder bucket(String bucket) {
            this.bucket = Objects.requireNonNull(bucket, "bucket");
            return this;
        }

        /**
         * The client, which stays open when the storage is closed; its retries take place within {@link #timeout}. By
         * default one of the storage's own, on Netty, with credentials and region as the SDK finds them in the environment,
         * and two retries at most.
         */
        public Builder client(S3AsyncClient client) {
            this.client = Objects.requireNonNull(client, "client");
            return this;
        }

        /** The region of the default client; by default the environment's, or {@code us-east-1} with an endpoint. */
        public Builder region(String region) {
            this.region = Objects.requireNonNull(region, "region");
            return this;
        }

        /** Where the default client finds a service that is compatible with S3; by default S3 itself. */
        public Builder endpoint(URI endpoint) {
            this.endpoint = Objects.requireNonNull(endpoint, "endpoint");
            return this;
        }

        /**
         * Whether the default client names the bucket in the path of URLs instead of the host, as many compatible services
         * need it; by default not.
         */
        public Builder pathStyle(boolean pathStyle) {
            this.pathStyle = pathStyle;
            return this;
        }

        /**
         * What the names of all objects begin with; {@code larder/} by default. Storages with different prefixes share
         * nothing.
         */
        public Builder keyPrefix(String keyPrefix) {
            this.keyPrefix = Objects.requireNonNull(keyPrefix, "keyPrefix");
            return this;
        }

        /** How long an entry that brings no time to live of its own is kept after it was stored; by default for ever. */
        public Builder ttl(Duration ttl) {
            ttlMillis = millis(ttl, "ttl");
            slidingTtl = false;
            return this;
        }

        /**
         * The same, counted from the last use. Other processes learn of uses up to a quarter of that time late, and may take
         * an entry for expired that much earlier.
         */
        public Builder slidingTtl(Duration ttl) {
            ttlMillis = millis(ttl, "slidingTtl");
            slidingTtl = true;
            return this;
        }

        /** How often to {@linkplain S3Storage#sweep sweep} while the storage is used; by default every hour. */
        public Builder checkTtlEvery(Duration interval) {
            sweepEveryMillis = millis(interval, "checkTtlEvery");
            return this;
        }

        /**
         * How long a removed body stays for those who read it, and the longest time that writing an entry may take; by default
         * an hour. All processes that share a prefix should agree on it.
         */
        public Builder gracePeriod(Duration period) {
            graceMillis = millis(period, "gracePeriod");
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
         * Runs what follows a time-out, and begins what is done in the background; by default pools of daemon threads. Requests
         * begin on threads of the storage's own in any case, since looking for credentials may wait.
         */
        public Builder executor(Executor executor) {
            this.executor = Objects.requireNonNull(executor, "executor");
            breaker.executor(executor);
            return this;
        }

        /** The capacity in entries; by default there is none. */
        public Builder maxEntries(long maxEntries) {
            this.maxEntries = atLeastOne(maxEntries, "maxEntries");
            return this;
        }

        /** The capacity in bytes of objects; by default there is none. Removed bodies that wait to be deleted come on top. */
        public Builder maxBytes(long maxBytes) {
            this.maxBytes = atLeastOne(maxBytes, "maxBytes");
            return this;
        }

        /** The longest body to store; by default about 48 GiB, which is what S3 takes in parts of 5 MiB. */
        public Builder maxEntryBytes(long maxEntryBytes) {
            this.maxEntryBytes = atLeastOne(maxEntryBytes, "maxEntryBytes");
            return this;
        }

        /** The most entries of one key, of which those used least recently go first; by default 64. */
        public Builder maxVariants(int maxVariants) {
            this.maxVariants = (int) atLeastOne(maxVariants, "maxVariants");
            return this;
        }

        /**
         * The longest body that is kept with its head in the key's index, and so comes with the lookup; by default 16 KiB. A
         * change of the index, such as a validation, writes these bodies again: with 0 it writes none, and each hit takes
         * one GET more.
         *
         * @throws IllegalArgumentException if that is less than 0, or more than the 128 KiB that a key's bodies may take
         */
        public Builder maxInlineBytes(int maxInlineBytes) {
            if (maxInlineBytes < 0 || maxInlineBytes > S3Entries.INLINE_TOTAL) {
                throw new IllegalArgumentException(
                        "maxInlineBytes must be 0 to " + S3Entries.INLINE_TOTAL + ", not " + maxInlineBytes);
            }
            this.maxInlineBytes = maxInlineBytes;
            return this;
        }

        /** How long one request may take, besides {@linkplain S3Storage transfers}; 200 ms by default. */
        public Builder timeout(Duration timeout) {
            millis(timeout, "timeout");
            this.timeout = timeout;
            return this;
        }

        /** How many failures in a row open the circuit breaker; 3 by default. */
        public Builder maxFailures(int maxFailures) {
            breaker.maxFailures(maxFailures);
            return this;
        }

        /** How long after a failure an open circuit breaker probes S3 again; a second by default. */
        public Builder retryAfter(Duration retryAfter) {
            breaker.retryAfter(retryAfter);
            return this;
        }

        /**
         * The storage. Nothing is asked of S3 yet.
         *
         * @throws IllegalArgumentException when there is no bucket, or no region for the default client
         */
        public S3Storage build() {
            if (bucket.isBlank()) {
                throw new IllegalArgumentException("an S3 storage needs a bucket");
            }
            if (client != null && (region != null || endpoint != null || pathStyle)) {
                throw new IllegalArgumentException(
                        "region, endpoint and pathStyle are for the default client; set them on the client that is given");
            }
            return new S3Storage(this);
        }

        private S3AsyncClient defaultClient() {
            S3AsyncClientBuilder builder = S3AsyncClient.builder()
                    .region(regionOrDefault())
                    .forcePathStyle(pathStyle)
                    // Entries have checksums of their own, and not every service understands these.
                    .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                    .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
                    .httpClientBuilder(NettyNioAsyncHttpClient.builder()
                            .connectionTimeout(timeout)
                            .connectionAcquisitionTimeout(timeout))
                    .serviceConfiguration(c -> c.expectContinueEnabled(false))
                    .overrideConfiguration(o -> o.retryStrategy(r -> r.maxAttempts(3)));
            if (endpoint != null) {
                builder.endpointOverride(endpoint);
            }
            return builder.build();
        }

        private Region regionOrDefault() {
            if (region != null) {
                return Region.of(region);
            }
            if (endpoint != null) {
                return Region.US_EAST_1;
            }
            try {
                return DefaultAwsRegionProviderChain.builder().build().getRegion();
            } catch (SdkClientException e) {
                throw new IllegalArgumentException(
                        "no region is known; set region(...), or AWS_REGION in the environment", e);
            }
        }

        private static long millis(Duration value, String name) {
            if (value.compareTo(Duration.ofMillis(1)) < 0) {
                throw new IllegalArgumentException(name + " must be at least a millisecond, not " + value);
            }
            // Longer than any number of milliseconds is as long as can be.
            return value.compareTo(Duration.ofMillis(Long.MAX_VALUE / 4)) > 0 ? Long.MAX_VALUE / 4 : value.toMillis();
        }

        private static long atLeastOne(long value, String name) {
            if (value < 1) {
                throw new IllegalArgumentException(name + " must be at least 1, not " + value);
            }
            return value;
        }
    }
}
