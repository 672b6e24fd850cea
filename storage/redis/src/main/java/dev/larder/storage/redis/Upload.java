package dev.larder.storage.redis;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncEntryWriter;
import dev.larder.storage.EntryTooLargeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Writes an entry: chunk by chunk, each with a short time to live, until the commit makes them last. A body of at most one
 * chunk is sent with the commit, so that such an entry costs one round trip.
 *
 * <p>The latest chunks stay in memory: they are read back from there, whatever Redis does. For what is older, Redis is
 * asked.
 */
final class Upload implements AsyncEntryWriter {
    private static final int FIRST_CHUNK = 1 << 11;
    /** How many chunks are under way before the writer has to wait. */
    private static final int WINDOW = 4;
    /** How many sealed chunks stay in memory: a mebibyte. */
    private static final int RECENT = 16;

    private final RedisOperations storage;
    private final StoredResponse head;
    private final Place place;
    private final EntryFormat format;
    private final long maxLength;
    private final long requestedBefore;
    private final long startedNanos = System.nanoTime();

    /** Guards the rest, as others may read back. Never held while waiting. */
    private final ReentrantLock lock = new ReentrantLock();
    /** The chunk being filled, behind room for its checksum. */
    private byte[] chunk = new byte[EntryFormat.CHUNK_HEADER + FIRST_CHUNK];

    private int pending;
    /** How many chunks are sealed. */
    private long sealed;

    private final ArrayDeque<byte[]> recent = new ArrayDeque<>(0);
    private final ArrayDeque<CompletableFuture<?>> underWay = new ArrayDeque<>(0);
    private boolean unfit;
    private boolean discarded;
    private boolean committed;
    private boolean closed;
    private @Nullable CompletableFuture<Boolean> committing;

    /** @param requestedBefore how many milliseconds ago the response was requested */
    Upload(RedisOperations storage, StoredResponse head, Place place, long maxLength, long requestedBefore) {
        this.storage = storage;
        this.head = head;
        this.place = place;
        this.format = new EntryFormat(head.id());
        this.maxLength = maxLength;
        this.requestedBefore = requestedBefore;
    }

    StoredResponse head() {
        return head;
    }

    Place place() {
        return place;
    }

    EntryFormat format() {
        return format;
    }

    /** How long the response had been requested when this began. */
    long requestedBefore() {
        return requestedBefore;
    }

    /** How long this has been going on, by a clock that nobody sets. */
    long elapsedMillis() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedNanos);
    }

    /** Makes the commit discard the entry. Completes when a commit that has begun is done. */
    CompletableFuture<?> discard() {
        lock.lock();
        try {
            discarded = true;
            CompletableFuture<Boolean> begun = committing;
            // How it ends is for the one to hear who commits.
            return begun == null ? CompletableFuture.completedFuture(null) : begun.handle((value, failure) -> value);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public CompletionStage<Void> write(ByteBuffer bytes) {
        lock.lock();
        try {
            if (closed || committing != null) {
                return CompletableFuture.failedFuture(
                        new IOException(closed ? "the writer is closed" : "the entry was committed before"));
            }
            if (bytes.remaining() > maxLength - sealed * EntryFormat.CHUNK - pending) {
                unfit = true;
            }
            if (unfit) {
                return CompletableFuture.failedFuture(new EntryTooLargeException());
            }
            return take(bytes);
        } finally {
            lock.unlock();
        }
    }

    /** Takes what it may, and the rest when there is room again. With the lock. */
    private CompletionStage<Void> take(ByteBuffer bytes) {
        while (bytes.hasRemaining()) {
            if (pending == EntryFormat.CHUNK) {
                while (!underWay.isEmpty() && isFine(underWay.peekFirst())) {
                    underWay.removeFirst();
                }
                CompletableFuture<?> oldest = underWay.peekFirst();
                if (oldest != null && (oldest.isCompletedExceptionally() || underWay.size() >= WINDOW)) {
                    return oldest.thenCompose(done -> goOn(bytes)).whenComplete((done, failure) -> {
                        if (failure != null) {
                            fail();
                        }
                    });
                }
                seal();
            }
            int count = Math.min(bytes.remaining(), EntryFormat.CHUNK - pending);
            makeRoom(count);
            bytes.get(chunk, EntryFormat.CHUNK_HEADER + pending, count);
            pending += count;
        }
        return CompletableFuture.completedFuture(null);
    }

    private static boolean isFine(CompletableFuture<?> future) {
        return future.isDone() && !future.isCompletedExceptionally();
    }

    private CompletionStage<Void> goOn(ByteBuffer bytes) {
        lock.lock();
        try {
            return closed ? CompletableFuture.failedFuture(new IOException("the writer is closed")) : take(bytes);
        } finally {
            lock.unlock();
        }
    }

    private void fail() {
        lock.lock();
        try {
            unfit = true;
        } finally {
            lock.unlock();
        }
    }

    private void makeRoom(int count) {
        int needed = EntryFormat.CHUNK_HEADER + pending + count;
        if (needed > chunk.length) {
            int size = Math.min(Math.max(needed, 2 * chunk.length), EntryFormat.CHUNK_HEADER + EntryFormat.CHUNK);
            chunk = Arrays.copyOf(chunk, size);
        }
    }

    /** Sends the chunk that was filled. With the lock. */
    private void seal() {
        byte[] full = sealedChunk();
        underWay.add(storage.append(place.body(head.id()), sealed, full).toCompletableFuture());
        recent.add(full);
        if (recent.size() > RECENT) {
            recent.removeFirst();
        }
        sealed++;
        chunk = new byte[EntryFormat.CHUNK_HEADER + EntryFormat.CHUNK];
        pending = 0;
    }

    private byte[] sealedChunk() {
        int length = EntryFormat.CHUNK_HEADER + pending;
        byte[] full = chunk.length == length ? chunk : Arrays.copyOf(chunk, length);
        format.seal(sealed, full);
        return full;
    }

    @Override
    public boolean readsBack() {
        return true;
    }

    @Override
    public CompletionStage<Integer> readBack(long position, ByteBuffer target) {
        long number = position / EntryFormat.CHUNK;
        int from = (int) (position % EntryFormat.CHUNK);
        long length;
        lock.lock();
        try {
            length = sealed * EntryFormat.CHUNK + pending;
            if (closed) {
                return CompletableFuture.failedFuture(new IOException("the entry is not written any more"));
            }
            if (position < 0 || position >= length) {
                return CompletableFuture.failedFuture(
                        new IndexOutOfBoundsException("position " + position + " is not written yet"));
            }
            if (number == sealed) {
                return CompletableFuture.completedFuture(copy(chunk, from, pending - from, target));
            }
            long age = sealed - number;
            if (age <= recent.size()) {
                byte[][] kept = recent.toArray(new byte[0][]);
                byte[] bytes = kept[kept.length - (int) age];
                return CompletableFuture.completedFuture(copy(bytes, from, EntryFormat.CHUNK - from, target));
            }
        } finally {
            lock.unlock();
        }
        return storage.chunk(place.body(head.id()), number).thenCompose(bytes -> {
            try {
                if (bytes == null) {
                    throw new DamagedEntryException("what was written is gone");
                }
                format.check(length, number, bytes);
                return CompletableFuture.completedFuture(copy(bytes, from, EntryFormat.CHUNK - from, target));
            } catch (DamagedEntryException e) {
                return CompletableFuture.failedFuture(new IOException("cannot be read back", e));
            }
        });
    }

    private static int copy(byte[] chunk, int from, int available, ByteBuffer target) {
        int count = Math.min(available, target.remaining());
        target.put(chunk, EntryFormat.CHUNK_HEADER + from, count);
        return count;
    }

    @Override
    public CompletionStage<Boolean> commit(List<StoredResponse> replaced) {
        CompletableFuture<Boolean> result = new CompletableFuture<>();
        CompletableFuture<?> sent;
        byte[] last;
        long length;
        lock.lock();
        try {
            if (closed || committing != null) {
                return CompletableFuture.failedFuture(
                        new IOException(closed ? "the writer is closed" : "the entry was committed before"));
            }
            committing = result;
            if (unfit || discarded) {
                result.complete(false);
                return result;
            }
            length = sealed * EntryFormat.CHUNK + pending;
            last = pending == 0 ? new byte[0] : sealedChunk();
            if (sealed > 0 && pending > 0) {
                underWay.add(storage.append(place.body(head.id()), sealed, last).toCompletableFuture());
            }
            sent = CompletableFuture.allOf(underWay.toArray(new CompletableFuture<?>[0]));
        } finally {
            lock.unlock();
        }
        byte[] single = length <= EntryFormat.CHUNK && sealed == 0 ? last : new byte[0];
        sent.thenCompose(done -> storage.commit(this, length, single, replaced)).whenComplete((stored, failure) -> {
            lock.lock();
            try {
                committed = failure == null && stored;
            } finally {
                lock.unlock();
            }
            if (failure == null) {
                result.complete(stored);
            } else {
                result.completeExceptionally(Link.unwrapped(failure));
            }
        });
        return result;
    }

    @Override
    public CompletionStage<Void> close() {
        boolean undo;
        boolean unsure;
        lock.lock();
        try {
            if (closed) {
                return CompletableFuture.completedFuture(null);
            }
            closed = true;
            undo = !committed && sealed > 0;
            // It may have been committed for all we know, if no answer came.
            unsure = committing != null && !isFine(committing);
            chunk = new byte[0];
            pending = 0;
            recent.clear();
            underWay.clear();
        } finally {
            lock.unlock();
        }
        storage.closed(this);
        if (undo || unsure) {
            storage.undo(this, unsure);
        }
        return CompletableFuture.completedFuture(null);
    }
}
