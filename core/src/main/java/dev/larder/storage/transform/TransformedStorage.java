package dev.larder.storage.transform;

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
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Compresses, encrypts or authenticates what any other storage keeps, which need not know of it.
 *
 * <pre>{@code
 * Storage storage = TransformedStorage.over(FileStorage.open())
 *     .compress()
 *     .encrypt(KeyRing.of("2026-11", key))
 *     .build();
 * }</pre>
 *
 * <p><b>Encryption</b> is AES-256-GCM over heads and bodies. The storage below sees no URL, field or byte of a body; it sees
 * ids, times, lengths, and which entries belong to one key. <b>Authentication</b> is HMAC-SHA256 over the same and hides
 * nothing. With either, an entry that was forged, damaged, cut off, or moved to another key or id is reported to the
 * {@link StorageListener}, removed, and a miss, or the read of its body fails before the first wrong byte. An older state
 * of the same entry cannot be told from the present one. Entries under a key that the ring does not have are a miss and
 * stay where they are.
 *
 * <p><b>Compression</b> is gzip (RFC 1952), because the JDK brings it and this module depends on nothing else. Compressed are
 * bodies of up to 64 KiB, and longer ones whose length the response announces; the length of an entry's body has to be
 * known from what is stored before it is read. Not compressed is what has a Content-Encoding, what is of a type that is
 * compressed already, and what does not shrink.
 *
 * <p>Bodies are transformed in blocks of 64 KiB, so any position can be read and memory does not grow with them. Bodies of
 * up to 64 KiB are inline. Limits, eviction, times to live and statistics are those of the storage below, in bytes as they
 * are stored there. Keys have other names there, so a storage with transforms and one without never offer what the other
 * stored in the same place. Changing the transforms makes what was stored before a miss.
 */
public final class TransformedStorage implements Storage {
    private final Storage below;
    private final Envelope envelope;
    private final boolean compress;
    private final CopyOnWriteArrayList<StorageListener> listeners = new CopyOnWriteArrayList<>();

    private final Transforms transforms;
    private volatile boolean keepsDamaged;

    private TransformedStorage(Builder builder) {
        below = builder.below;
        compress = builder.compress;
        envelope = new Envelope(builder.kind, builder.ring);
        // Runs every call on the caller's thread, so that every stage is complete when it is returned.
        transforms = new Transforms(this, envelope, compress, AsyncStorage.of(below, Runnable::run));
    }

    /**
     * Begins to describe what is done to entries.
     *
     * @param below keeps them; closed with the storage that is built
     */
    public static Builder over(Storage below) {
        return new Builder(below);
    }

    @Override
    public List<StoredEntry> lookup(String key) throws IOException {
        return join(transforms.lookup(key));
    }

    @Override
    public @Nullable BodyReader open(StoredEntry entry) throws IOException {
        return Joined.reader(Joined.<@Nullable AsyncBodyReader>join(transforms.open(entry)));
    }

    @Override
    public long used(StoredEntry entry) {
        return transforms.used(entry);
    }

    @Override
    public EntryWriter create(StoredResponse head) throws IOException {
        return Joined.writer(join(transforms.create(head)));
    }

    @Override
    public boolean freshen(StoredResponse head) throws IOException {
        return join(transforms.freshen(head));
    }

    @Override
    public boolean remove(String key, String id) throws IOException {
        return join(transforms.remove(key, id));
    }

    @Override
    public int removeKey(String key) throws IOException {
        return join(transforms.removeKey(key));
    }

    /**
     * {@inheritDoc}
     *
     * <p>Entries whose heads cannot be read stay.
     */
    @Override
    public int removeIf(Predicate<StoredResponse> condition) throws IOException {
        return join(transforms.removeIf(condition));
    }

    @Override
    public long clear() throws IOException {
        return join(transforms.clear());
    }

    @Override
    public Iterator<StoredEntry> entries() throws IOException {
        Iterator<StoredEntry> all = below.entries();
        return new Iterator<>() {
            private @Nullable StoredEntry next;

            @Override
            public boolean hasNext() {
                try {
                    while (next == null && all.hasNext()) {
                        next = Joined.<@Nullable TransformedEntry>join(transforms.opened(all.next()));
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                return next != null;
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
        };
    }

    /** Those of the storage below, in bytes as they are stored; includes what the ring has no key for. */
    @Override
    public StorageStatistics statistics() throws IOException {
        return below.statistics();
    }

    /** What is left of the limit below when a body does not shrink. */
    @Override
    public long maxBodyBytes() {
        long most = below.maxBodyBytes();
        if (most == Long.MAX_VALUE) {
            return most;
        }
        long each = envelope.kind.overhead + 5L;
        return Math.max(0, most - Blocks.HEADER - envelope.kind.overhead - each * (most / Blocks.BLOCK + 1));
    }

    @Override
    public boolean leases() {
        return below.leases();
    }

    @Override
    public Lease lease(String key) throws IOException {
        return below.lease(envelope.names(key).get(0));
    }

    @Override
    public boolean blocks() {
        return below.blocks();
    }

    /**
     * {@inheritDoc}
     *
     * <p>The storage below is asked in the way it has for itself. What it brings is opened on the thread that brings it.
     */
    @Override
    public AsyncStorage async(Executor executor) {
        return new Transforms(this, envelope, compress, below.async(executor));
    }

    /** Here and below. */
    @Override
    public void keepDamaged(boolean keep) {
        keepsDamaged = keep;
        below.keepDamaged(keep);
    }

    boolean keepsDamaged() {
        return keepsDamaged;
    }

    void reportDamage(String where, String what) {
        listeners.forEach(listener -> listener.corrupt(where, what));
    }

    /** Adds it to the storage below as well, whose events name encrypted entries as they are named there. */
    @Override
    public void addListener(StorageListener listener) {
        if (listeners.addIfAbsent(listener)) {
            below.addListener(new StorageListener() {
                @Override
                public void corrupt(String where, String what) {
                    listener.corrupt(where, what);
                }

                @Override
                public void evicted(String key) {
                    listener.evicted(Envelope.keyOf(key));
                }

                @Override
                public void failed(String operation, IOException failure) {
                    listener.failed(operation, failure);
                }
            });
        }
    }

    /** Closes the storage below. */
    @Override
    public void close() throws IOException {
        below.close();
    }

    @Override
    public String toString() {
        return "TransformedStorage[" + envelope.kind + (compress ? ", compressed" : "") + "]";
    }

    /** Builds a {@link TransformedStorage}. Not thread-safe. */
    public static final class Builder {
        private final Storage below;
        private boolean compress;
        private Seal.Kind kind = Seal.Kind.NONE;
        private @Nullable KeyRing ring;

        private Builder(Storage below) {
            this.below = Objects.requireNonNull(below, "below");
        }

        /** Compresses bodies that shrink by it. */
        public Builder compress() {
            compress = true;
            return this;
        }

        /** Encrypts everything, which authenticates it too. Replaces {@link #authenticate}. */
        public Builder encrypt(KeyRing ring) {
            this.ring = Objects.requireNonNull(ring, "ring");
            kind = Seal.Kind.ENCRYPTED;
            return this;
        }

        /**
         * Authenticates everything and hides nothing: for a storage that others can read, and that must not serve what they
         * wrote. Replaces {@link #encrypt}.
         */
        public Builder authenticate(KeyRing ring) {
            this.ring = Objects.requireNonNull(ring, "ring");
            kind = Seal.Kind.AUTHENTICATED;
            return this;
        }

        /**
         * The storage.
         *
         * @throws IllegalStateException if nothing is to be done to entries
         */
        public TransformedStorage build() {
            if (!compress && ring == null) {
                throw new IllegalStateException("nothing to do: call compress, encrypt or authenticate");
            }
            return new TransformedStorage(this);
        }
    }
}
