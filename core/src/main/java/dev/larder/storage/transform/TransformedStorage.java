package dev.larder.storage.transform;

import dev.larder.http.HttpFields;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.Lease;
import dev.larder.storage.Storage;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StorageStatistics;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;
import java.util.zip.Deflater;
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
 * <p><b>Compression</b> is Deflate, because the JDK brings it and this module depends on nothing else. Compressed are
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
    private static final Set<String> COMPRESSED_TYPES = Set.of(
            "application/zip",
            "application/gzip",
            "application/x-gzip",
            "application/zstd",
            "application/x-bzip2",
            "application/x-xz",
            "application/x-7z-compressed",
            "application/x-rar-compressed",
            "application/vnd.rar",
            "application/java-archive",
            "application/epub+zip",
            "application/font-woff",
            "font/woff",
            "font/woff2");
    private static final Set<String> UNCOMPRESSED_IMAGES =
            Set.of("image/svg+xml", "image/bmp", "image/x-icon", "image/vnd.microsoft.icon", "image/x-ms-bmp");

    private final Storage below;
    private final Envelope envelope;
    private final boolean compress;
    private final CopyOnWriteArrayList<StorageListener> listeners = new CopyOnWriteArrayList<>();

    private TransformedStorage(Builder builder) {
        below = builder.below;
        compress = builder.compress;
        envelope = new Envelope(builder.kind, builder.ring);
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
        List<StoredEntry> all = new ArrayList<>(1);
        for (String name : envelope.names(key)) {
            for (StoredEntry entry : below.lookup(name)) {
                TransformedEntry opened = opened(entry);
                if (opened != null && opened.stored().key().equals(key)) {
                    all.add(opened);
                }
            }
        }
        return all;
    }

    /**
     * What is remembered with an entry below. Neither the body, which would count towards no limit, nor the entry itself,
     * which the storage below may replace by one that was used since.
     */
    private record KnownHead(TransformedStorage owner, Envelope.Opened head) {}

    private Envelope.@Nullable Opened head(StoredEntry entry) throws DamagedException {
        if (entry.attachment() instanceof KnownHead known && known.owner == this) {
            return known.head;
        }
        Envelope.Opened head = envelope.unwrap(entry.stored());
        if (head != null) {
            entry.attach(new KnownHead(this, head));
        }
        return head;
    }

    /** What an entry below holds; null when it is gone, damaged, or under a key that the ring does not have. */
    private @Nullable TransformedEntry opened(StoredEntry entry) throws IOException {
        try {
            Envelope.Opened head = head(entry);
            if (head == null) {
                return null;
            }
            Envelope.BodyPlan plan = head.plan();
            if (!envelope.hasKeyOf(plan)) {
                return null;
            }
            long length;
            ByteBuffer inline = null;
            if (plan.indexedLength() >= 0) {
                length = plan.indexedLength();
            } else if (entry.bodyLength() > Blocks.maxSmall(envelope.kind)) {
                length = Blocks.plainLength(entry.bodyLength(), envelope.kind);
            } else {
                byte[] body = small(entry, plan);
                if (body == null) {
                    return null;
                }
                inline = ByteBuffer.wrap(body);
                length = body.length;
            }
            return new TransformedEntry(this, entry, head.head(), plan, length, inline);
        } catch (DamagedException e) {
            damaged(entry, e);
            return null;
        }
    }

    private byte @Nullable [] small(StoredEntry entry, Envelope.BodyPlan plan) throws IOException, DamagedException {
        byte[] stored;
        ByteBuffer inline = entry.inlineBody();
        if (inline != null) {
            stored = new byte[inline.remaining()];
            inline.get(stored);
        } else {
            try (BodyReader reader = below.open(entry)) {
                if (reader == null) {
                    return null;
                }
                stored = TransformingReader.fetch(reader, 0, (int) reader.length());
            }
        }
        Seal seal = envelope.bodySeal(plan, entry.stored().id(), entry.stored().key());
        if (seal == null) {
            return null;
        }
        if (stored.length < Blocks.HEADER) {
            throw new DamagedException("cut off");
        }
        ByteBuffer all = ByteBuffer.wrap(stored);
        byte[] header = new byte[Blocks.HEADER];
        all.get(header);
        byte[] sealed = new byte[all.remaining()];
        all.get(sealed);
        byte[] bytes = seal.open(0, Blocks.beside(header, true), sealed);
        byte form = header[0];
        int length = ByteBuffer.wrap(header).getInt(1);
        if (length < 0 || length > Blocks.BLOCK || (form != Blocks.PLAIN && form != Blocks.DEFLATED)) {
            throw new DamagedException("its body has no known form");
        }
        if (form == Blocks.DEFLATED) {
            return Blocks.inflate(bytes, 0, length);
        }
        if (bytes.length != length) {
            throw new DamagedException("its body has another length");
        }
        return bytes;
    }

    private void damaged(StoredEntry entry, DamagedException what) throws IOException {
        StoredResponse outer = entry.stored();
        for (StorageListener listener : listeners) {
            listener.corrupt("entry " + outer.id(), String.valueOf(what.getMessage()));
        }
        below.remove(outer.key(), outer.id());
    }

    private TransformedEntry own(StoredEntry entry) {
        if (entry instanceof TransformedEntry own && own.owner == this) {
            return own;
        }
        throw new IllegalArgumentException("not an entry of this storage: " + entry);
    }

    @Override
    public @Nullable BodyReader open(StoredEntry entry) throws IOException {
        TransformedEntry own = own(entry);
        BodyReader reader = below.open(own.below);
        if (reader == null) {
            return null;
        }
        ByteBuffer inline = own.inlineBody();
        if (inline != null) {
            reader.close();
            return new InlineReader(inline);
        }
        StoredResponse outer = own.below.stored();
        Seal seal = envelope.bodySeal(own.plan, outer.id(), outer.key());
        if (seal == null) {
            reader.close();
            return null;
        }
        return new TransformingReader(
                reader, seal, envelope.kind, own.bodyLength(), own.plan.indexedLength() >= 0, what -> {
                    IOException failure = new IOException("the body is damaged: " + what.getMessage());
                    try {
                        damaged(own.below, what);
                    } catch (IOException e) {
                        failure.addSuppressed(e);
                    }
                    return failure;
                });
    }

    @Override
    public long used(StoredEntry entry) {
        return below.used(own(entry).below);
    }

    @Override
    public EntryWriter create(StoredResponse head) throws IOException {
        List<String> names = envelope.names(head.key());
        String name = names.get(0);
        boolean deflate = compress && isCompressible(head.fields());
        long announced = deflate ? announcedLength(head.fields()) : -1;
        Envelope.BodyPlan plan = envelope.newPlan(announced > Blocks.BLOCK ? announced : -1);
        EntryWriter writer = below.create(envelope.wrap(head, name, plan));
        return new TransformingWriter(
                writer,
                () -> Objects.requireNonNull(envelope.bodySeal(plan, head.id(), name), "current key"),
                plan.indexedLength(),
                deflate ? new Deflater(Deflater.BEST_SPEED, true) : null,
                replaced -> commit(writer, names, replaced));
    }

    private boolean commit(EntryWriter writer, List<String> names, List<StoredResponse> replaced) throws IOException {
        replaced.replaceAll(old -> Envelope.nameOf(old.id(), names.get(0)));
        if (!writer.commit(replaced)) {
            return false;
        }
        // What was written before the current key became it.
        for (String name : names.subList(1, names.size())) {
            for (StoredResponse old : replaced) {
                below.remove(name, old.id());
            }
        }
        return true;
    }

    private static boolean isCompressible(HttpFields fields) {
        if (fields.first("Content-Encoding") != null) {
            return false;
        }
        String type = fields.first("Content-Type");
        if (type == null) {
            return true;
        }
        int end = type.indexOf(';');
        String media = (end < 0 ? type : type.substring(0, end)).trim().toLowerCase(Locale.ROOT);
        return UNCOMPRESSED_IMAGES.contains(media)
                || !(media.startsWith("image/")
                        || media.startsWith("video/")
                        || media.startsWith("audio/")
                        || COMPRESSED_TYPES.contains(media));
    }

    private static long announcedLength(HttpFields fields) {
        String text = fields.first("Content-Length");
        if (text == null || text.isEmpty() || text.length() > 18) {
            return -1;
        }
        long length = 0;
        for (int i = 0; i < text.length(); i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            length = 10 * length + digit;
        }
        // Its blocks are numbered by an int.
        return length > (long) Blocks.BLOCK * (Integer.MAX_VALUE / 8) ? -1 : length;
    }

    @Override
    public boolean freshen(StoredResponse head) throws IOException {
        for (String name : envelope.names(head.key())) {
            for (StoredEntry entry : below.lookup(name)) {
                if (entry.stored().id().equals(head.id())) {
                    TransformedEntry opened = opened(entry);
                    return opened != null && below.freshen(envelope.wrap(head, name, opened.plan));
                }
            }
        }
        return false;
    }

    @Override
    public boolean remove(String key, String id) throws IOException {
        boolean removed = false;
        for (String name : envelope.names(key)) {
            removed |= below.remove(name, id);
        }
        return removed;
    }

    @Override
    public int removeKey(String key) throws IOException {
        int removed = 0;
        for (String name : envelope.names(key)) {
            removed += below.removeKey(name);
        }
        return removed;
    }

    /**
     * {@inheritDoc}
     *
     * <p>Entries whose heads cannot be read stay.
     */
    @Override
    public int removeIf(Predicate<StoredResponse> condition) throws IOException {
        return below.removeIf(outer -> {
            try {
                Envelope.Opened head = envelope.unwrap(outer);
                return head != null && condition.test(head.head());
            } catch (DamagedException e) {
                // Its next lookup reports it.
                return false;
            }
        });
    }

    @Override
    public long clear() throws IOException {
        return below.clear();
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
                        next = opened(all.next());
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

    private static final class InlineReader implements BodyReader {
        private final ByteBuffer body;
        private boolean closed;

        InlineReader(ByteBuffer body) {
            this.body = body;
        }

        @Override
        public long length() {
            return body.capacity();
        }

        @Override
        public int read(long position, ByteBuffer target) throws IOException {
            if (closed) {
                throw new IOException("reader is closed");
            }
            if (position < 0 || position > body.capacity()) {
                throw new IllegalArgumentException(
                        "position " + position + " in a body of " + body.capacity() + " bytes");
            }
            if (position == body.capacity()) {
                return -1;
            }
            int n = Math.min(target.remaining(), body.capacity() - (int) position);
            target.put(body.slice((int) position, n));
            return n;
        }

        @Override
        public void close() {
            closed = true;
        }
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
