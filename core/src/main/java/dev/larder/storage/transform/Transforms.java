package dev.larder.storage.transform;

import dev.larder.http.HttpFields;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncBodyReader;
import dev.larder.storage.AsyncEntryWriter;
import dev.larder.storage.AsyncStorage;
import dev.larder.storage.Lease;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What {@link TransformedStorage} does, written once for both kinds of callers: it hands in a view of the storage below that
 * runs every call on the caller's thread, and for its asynchronous side one that does not wait. What is opened or sealed is so
 * on the thread that brought it.
 */
final class Transforms implements AsyncStorage {
    private final TransformedStorage owner;
    private final Envelope envelope;
    private final boolean compress;
    private final AsyncStorage below;

    Transforms(TransformedStorage owner, Envelope envelope, boolean compress, AsyncStorage below) {
        this.owner = owner;
        this.envelope = envelope;
        this.compress = compress;
        this.below = below;
    }

    // ---- reading

    @Override
    public CompletionStage<List<StoredEntry>> lookup(String key) {
        return lookup(envelope.names(key).iterator(), key, new ArrayList<>(1));
    }

    private CompletionStage<List<StoredEntry>> lookup(Iterator<String> names, String key, List<StoredEntry> all) {
        CompletionStage<List<StoredEntry>> found =
                below.lookup(names.next()).thenCompose(entries -> open(entries.iterator(), key, all));
        return names.hasNext() ? found.thenCompose(some -> lookup(names, key, some)) : found;
    }

    private CompletionStage<List<StoredEntry>> open(Iterator<StoredEntry> found, String key, List<StoredEntry> all) {
        while (found.hasNext()) {
            CompletableFuture<@Nullable TransformedEntry> opened =
                    opened(found.next()).toCompletableFuture();
            if (!opened.isDone() || opened.isCompletedExceptionally()) {
                return opened.thenCompose(entry -> {
                    add(entry, key, all);
                    return open(found, key, all);
                });
            }
            add(opened.join(), key, all);
        }
        return CompletableFuture.completedFuture(all);
    }

    private static void add(@Nullable TransformedEntry entry, String key, List<StoredEntry> all) {
        if (entry != null && entry.stored().key().equals(key)) {
            all.add(entry);
        }
    }

    /**
     * What is remembered with an entry below. Neither the body, which would count towards no limit, nor the entry itself,
     * which the storage below may replace by one that was used since.
     */
    private record KnownHead(TransformedStorage owner, Envelope.Opened head) {}

    private Envelope.@Nullable Opened head(StoredEntry entry) throws DamagedException {
        if (entry.attachment() instanceof KnownHead known && known.owner == owner) {
            return known.head;
        }
        Envelope.Opened head = envelope.unwrap(entry.stored());
        if (head != null) {
            entry.attach(new KnownHead(owner, head));
        }
        return head;
    }

    /** What an entry below holds; null when it is gone, damaged, or under a key that the ring does not have. */
    CompletionStage<@Nullable TransformedEntry> opened(StoredEntry entry) {
        try {
            Envelope.Opened head = head(entry);
            if (head == null || !envelope.hasKeyOf(head.plan())) {
                return CompletableFuture.completedFuture(null);
            }
            long indexed = head.plan().indexedLength();
            if (indexed >= 0) {
                return CompletableFuture.completedFuture(
                        new TransformedEntry(owner, entry, head.head(), head.plan(), indexed, null));
            }
            if (entry.bodyLength() > Blocks.maxSmall(envelope.kind)) {
                long length = Blocks.plainLength(entry.bodyLength(), envelope.kind);
                return CompletableFuture.completedFuture(
                        new TransformedEntry(owner, entry, head.head(), head.plan(), length, null));
            }
            ByteBuffer inline = entry.inlineBody();
            if (inline != null) {
                return CompletableFuture.completedFuture(withBody(entry, head, inline));
            }
            return fetched(entry)
                    .handle((stored, failure) -> {
                        try {
                            if (failure != null) {
                                return orDamaged(entry, failure);
                            }
                            return CompletableFuture.<@Nullable TransformedEntry>completedFuture(
                                    stored == null ? null : withBody(entry, head, stored));
                        } catch (DamagedException e) {
                            return orDamaged(entry, e);
                        }
                    })
                    .thenCompose(stage -> stage);
        } catch (DamagedException e) {
            return orDamaged(entry, e);
        }
    }

    /** Null after damage, which is reported and removed; any other failure stays one. */
    private CompletionStage<@Nullable TransformedEntry> orDamaged(StoredEntry entry, Throwable failure) {
        return unwrapped(failure) instanceof DamagedException what
                ? damaged(entry, what).thenApply(done -> null)
                : CompletableFuture.failedFuture(unwrapped(failure));
    }

    static Throwable unwrapped(Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    /** All bytes of a small body as they are stored; null when it is gone. */
    private CompletionStage<@Nullable ByteBuffer> fetched(StoredEntry entry) {
        return below.open(entry)
                .thenCompose(reader -> reader == null
                        ? CompletableFuture.<@Nullable ByteBuffer>completedFuture(null)
                        : closing(reader, TransformingReader.fetch(reader, 0, (int) reader.length())));
    }

    private static CompletionStage<@Nullable ByteBuffer> closing(
            AsyncBodyReader reader, CompletionStage<ByteBuffer> read) {
        return read.handle((bytes, failure) -> reader.close().thenApply(closed -> {
                    if (failure != null) {
                        throw new CompletionException(unwrapped(failure));
                    }
                    return bytes;
                }))
                .thenCompose(stage -> stage);
    }

    private @Nullable TransformedEntry withBody(StoredEntry entry, Envelope.Opened head, ByteBuffer stored)
            throws DamagedException {
        StoredResponse outer = entry.stored();
        Seal seal = envelope.bodySeal(head.plan(), outer.id(), outer.key());
        if (seal == null) {
            return null;
        }
        if (stored.remaining() < Blocks.HEADER) {
            throw new DamagedException("cut off");
        }
        byte[] header = new byte[Blocks.HEADER];
        stored.get(header);
        ByteBuffer bytes = seal.open(0, Blocks.beside(header, true), stored.slice());
        byte form = header[0];
        int length = ByteBuffer.wrap(header).getInt(1);
        if (length < 0 || length > Blocks.BLOCK || (form != Blocks.PLAIN && form != Blocks.GZIPPED)) {
            throw new DamagedException("its body has no known form");
        }
        ByteBuffer body = form == Blocks.GZIPPED ? ByteBuffer.wrap(Gzip.decompress(bytes, length)) : bytes;
        if (body.remaining() != length) {
            throw new DamagedException("its body has another length");
        }
        return new TransformedEntry(owner, entry, head.head(), head.plan(), length, body);
    }

    private CompletionStage<?> damaged(StoredEntry entry, DamagedException what) {
        StoredResponse outer = entry.stored();
        owner.reportDamage("entry " + outer.id(), String.valueOf(what.getMessage()));
        return owner.keepsDamaged() ? CompletableFuture.completedFuture(false) : below.remove(outer.key(), outer.id());
    }

    private TransformedEntry own(StoredEntry entry) {
        if (entry instanceof TransformedEntry own && own.owner == owner) {
            return own;
        }
        throw new IllegalArgumentException("not an entry of this storage: " + entry);
    }

    @Override
    public CompletionStage<@Nullable AsyncBodyReader> open(StoredEntry entry) {
        TransformedEntry own;
        try {
            own = own(entry);
        } catch (IllegalArgumentException e) {
            return CompletableFuture.failedFuture(e);
        }
        return below.open(own.below).thenCompose(reader -> {
            if (reader == null) {
                return CompletableFuture.completedFuture(null);
            }
            ByteBuffer inline = own.inlineBody();
            if (inline != null) {
                return reader.close().thenApply(closed -> new InlineReader(inline));
            }
            StoredResponse outer = own.below.stored();
            Seal seal = envelope.bodySeal(own.plan, outer.id(), outer.key());
            if (seal == null) {
                return reader.close().thenApply(closed -> null);
            }
            return CompletableFuture.completedFuture(new TransformingReader(
                    reader,
                    seal,
                    envelope.kind,
                    own.bodyLength(),
                    own.plan.indexedLength() >= 0,
                    what -> damaged(own.below, what).handle((done, failure) -> {
                        IOException damage = new IOException("the body is damaged: " + what.getMessage());
                        if (failure != null) {
                            damage.addSuppressed(unwrapped(failure));
                        }
                        return damage;
                    })));
        });
    }

    private static final class InlineReader implements AsyncBodyReader {
        private final ByteBuffer body;
        private volatile boolean closed;

        InlineReader(ByteBuffer body) {
            this.body = body;
        }

        @Override
        public long length() {
            return body.remaining();
        }

        @Override
        public CompletionStage<Integer> read(long position, ByteBuffer target) {
            if (closed) {
                return CompletableFuture.failedFuture(new IOException("reader is closed"));
            }
            if (position < 0 || position > body.remaining()) {
                return CompletableFuture.failedFuture(new IllegalArgumentException(
                        "position " + position + " in a body of " + body.remaining() + " bytes"));
            }
            if (position == body.remaining()) {
                return CompletableFuture.completedFuture(-1);
            }
            int n = Math.min(target.remaining(), body.remaining() - (int) position);
            target.put(body.slice(body.position() + (int) position, n));
            return CompletableFuture.completedFuture(n);
        }

        @Override
        public CompletionStage<Void> close() {
            closed = true;
            return CompletableFuture.completedFuture(null);
        }
    }

    @Override
    public long used(StoredEntry entry) {
        return below.used(own(entry).below);
    }

    // ---- writing

    @Override
    public CompletionStage<AsyncEntryWriter> create(StoredResponse head) {
        List<String> names = envelope.names(head.key());
        String name = names.get(0);
        boolean gzip = compress && Gzip.isWorthwhile(head.fields());
        long announced = gzip ? announcedLength(head.fields()) : -1;
        Envelope.BodyPlan plan = envelope.newPlan(announced > Blocks.BLOCK ? announced : -1);
        return below.create(envelope.wrap(head, name, plan))
                .thenApply(writer -> new TransformingWriter(
                        writer,
                        Objects.requireNonNull(envelope.bodySeal(plan, head.id(), name), "current key"),
                        plan.indexedLength(),
                        gzip ? Gzip.deflater() : null,
                        replaced -> commit(writer, names, replaced)));
    }

    private CompletionStage<Boolean> commit(
            AsyncEntryWriter writer, List<String> names, List<StoredResponse> replaced) {
        List<StoredResponse> named = new ArrayList<>(replaced.size());
        for (StoredResponse old : replaced) {
            named.add(Envelope.nameOf(old.id(), names.get(0)));
        }
        return writer.commit(named).thenCompose(committed -> {
            CompletionStage<Boolean> done = CompletableFuture.completedFuture(committed);
            if (committed) {
                // What was written before the current key became it.
                for (String name : names.subList(1, names.size())) {
                    for (StoredResponse old : replaced) {
                        done = done.thenCompose(
                                before -> below.remove(name, old.id()).thenApply(removed -> true));
                    }
                }
            }
            return done;
        });
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
    public CompletionStage<Boolean> freshen(StoredResponse head) {
        return freshen(head, envelope.names(head.key()).iterator());
    }

    private CompletionStage<Boolean> freshen(StoredResponse head, Iterator<String> names) {
        String name = names.next();
        return below.lookup(name).thenCompose(found -> {
            for (StoredEntry entry : found) {
                if (entry.stored().id().equals(head.id())) {
                    return opened(entry)
                            .thenCompose(opened -> opened == null
                                    ? CompletableFuture.completedFuture(false)
                                    : below.freshen(envelope.wrap(head, name, opened.plan)));
                }
            }
            return names.hasNext() ? freshen(head, names) : CompletableFuture.completedFuture(false);
        });
    }

    // ---- removing

    @Override
    public CompletionStage<Boolean> remove(String key, String id) {
        CompletionStage<Boolean> removed = CompletableFuture.completedFuture(false);
        for (String name : envelope.names(key)) {
            removed = removed.thenCompose(before -> below.remove(name, id).thenApply(there -> before || there));
        }
        return removed;
    }

    @Override
    public CompletionStage<Integer> removeKey(String key) {
        CompletionStage<Integer> removed = CompletableFuture.completedFuture(0);
        for (String name : envelope.names(key)) {
            removed = removed.thenCompose(before -> below.removeKey(name).thenApply(count -> before + count));
        }
        return removed;
    }

    @Override
    public CompletionStage<Integer> removeIf(Predicate<StoredResponse> condition) {
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
    public CompletionStage<Long> clear() {
        return below.clear();
    }

    // ---- the rest

    @Override
    public CompletionStage<Lease> lease(String key) {
        return below.lease(envelope.names(key).get(0));
    }

    @Override
    public long maxBodyBytes() {
        return owner.maxBodyBytes();
    }

    @Override
    public void addListener(StorageListener listener) {
        owner.addListener(listener);
    }

    @Override
    public void close() throws IOException {
        owner.close();
    }
}
