package dev.larder.internal;

import dev.larder.client.Source;
import dev.larder.storage.AsyncEntryWriter;
import dev.larder.storage.EntryTooLargeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A response body on its way from the origin to the storage, and to any number of readers while it passes.
 *
 * <p><b>Pull.</b> Nobody owns the origin's body: whichever reader is in front and wants more asks the {@link Source} for
 * one piece. The piece is written to the storage first and handed to the readers in front then, so that the storage sets
 * the pace too and nothing piles up between the two. Readers behind read back from the storage what has passed. So no
 * reader waits for a slower one, a reader that gives up harms no other, and memory stays constant for any length.
 *
 * <p><b>Commit.</b> The entry is committed when the source says that the body ended as it should, its length is the one
 * that Content-Length announced, and nothing was invalidated meanwhile; and before any reader learns of the end, so that
 * who has read a body to its end finds it stored. In every other case nothing is left of it.
 *
 * <p><b>When the storage fails</b> midway, or the body outgrows it, the readers go on without. What has been written can
 * still be read back; what comes after is kept in memory until the slowest reader has it, within {@link #TAIL_LIMIT}.
 * Only in this case readers wait for one another, and no further reader may attach.
 */
final class Download implements Source.Sink {
    /** How many bytes of a body that is no longer recorded are kept for readers behind. */
    private static final int TAIL_LIMIT = 256 * 1024;

    private static final String TOO_LONG = "it is too long for the storage";
    private static final int READ_BACK = 64 * 1024;

    private final Source source;
    private final AsyncEntryWriter writer;
    private final long expectedLength;
    private final long maxLength;
    private final Executor executor;
    private final Recording recording;
    private final boolean readsBack;

    private final ReentrantLock lock = new ReentrantLock();
    // All below is guarded by the lock.
    private final List<Cursor> cursors = new ArrayList<>(1);
    private final ArrayDeque<ByteBuffer> tail = new ArrayDeque<>(0);
    private long tailStart;
    private long received;
    private boolean recorded = true;
    private boolean pulling;
    private boolean ended;
    private boolean abandoned;
    private @Nullable Throwable failure;
    private boolean finished;
    /** Set while the writer is at work; it is closed when it is idle and nobody reads any more. */
    private boolean writerBusy;

    private boolean writerClosed;
    /** The write under way; only the one piece that was pulled last can be in it. */
    private CompletionStage<?> writing = CompletableFuture.completedFuture(null);

    /** What becomes of the copy. Called without the lock. */
    interface Recording {
        /** Whether what was requested before may still be stored. */
        boolean stillValid();

        /** Commits; false when the storage discarded the entry. */
        CompletionStage<Boolean> commit(AsyncEntryWriter writer);

        /** The storage failed. */
        void failed(String operation, Throwable failure);

        /** The end, called once: stored, or why not. */
        void finished(boolean stored, String why);
    }

    /**
     * A download that has not begun.
     *
     * @param expectedLength what Content-Length announced, or -1
     * @param maxLength what the storage takes
     * @param executor runs what blocks on behalf of readers that must not
     */
    Download(
            Source source,
            AsyncEntryWriter writer,
            long expectedLength,
            long maxLength,
            Executor executor,
            Recording recording) {
        this.source = source;
        this.writer = writer;
        this.expectedLength = expectedLength;
        this.maxLength = maxLength;
        this.executor = executor;
        this.recording = recording;
        this.readsBack = readsBack(writer, recording);
    }

    private static boolean readsBack(AsyncEntryWriter writer, Recording recording) {
        try {
            return writer.readsBack();
        } catch (RuntimeException e) {
            recording.failed("readsBack", e);
            return false;
        }
    }

    /** Whether further readers may attach while it is under way. */
    boolean isShareable() {
        return readsBack;
    }

    /** How many bytes have arrived so far; -1 while the origin is asked for more, so that nobody but it sets the pace. */
    long received() {
        lock.lock();
        try {
            return pulling ? -1 : received;
        } finally {
            lock.unlock();
        }
    }

    /**
     * A further reader, from the first byte on.
     *
     * @param mayBlock whether the reader's own thread may wait for the source
     * @return null when the whole body cannot be had from here any more
     */
    @Nullable
    Pieces attach(boolean mayBlock) {
        lock.lock();
        try {
            boolean first = received == 0 && !ended;
            if (abandoned || failure != null || !recorded || !(first || readsBack)) {
                return null;
            }
            Cursor cursor = new Cursor(mayBlock);
            cursors.add(cursor);
            return cursor;
        } finally {
            lock.unlock();
        }
    }

    /** One reader's place in the body. */
    private final class Cursor implements Pieces {
        private final boolean mayBlock;
        // Guarded by the lock.
        private long position;
        private @Nullable List<ByteBuffer> handed;
        private boolean detached;
        private @Nullable CompletableFuture<@Nullable List<ByteBuffer>> waiting;

        Cursor(boolean mayBlock) {
            this.mayBlock = mayBlock;
        }

        @Override
        public long length() {
            return expectedLength;
        }

        @Override
        public boolean exhausted() {
            lock.lock();
            try {
                return handed == null
                        && position == received
                        && (ended || failure != null || received == expectedLength);
            } finally {
                lock.unlock();
            }
        }

        @Override
        public CompletionStage<@Nullable List<ByteBuffer>> next() {
            CompletableFuture<@Nullable List<ByteBuffer>> wait = new CompletableFuture<>();
            boolean pull = false;
            long position;
            int room;
            lock.lock();
            try {
                if (detached) {
                    return CompletableFuture.failedFuture(closed());
                }
                if (hasPiece()) {
                    return CompletableFuture.completedFuture(taken());
                }
                position = this.position;
                room = (int) Math.min(READ_BACK, (recorded ? received : tailStart) - position);
                if (room <= 0) {
                    if (failure != null) {
                        return CompletableFuture.failedFuture(failure);
                    }
                    if (ended) {
                        return CompletableFuture.completedFuture(null);
                    }
                    waiting = wait;
                    if (!pulling && tailBytes() < TAIL_LIMIT) {
                        pulling = true;
                        pull = true;
                    }
                }
            } finally {
                lock.unlock();
            }
            if (room > 0) {
                return readBack(position, room);
            }
            if (pull) {
                pull(mayBlock);
            }
            return wait;
        }

        /** Whether a piece is at hand. With the lock. */
        private boolean hasPiece() {
            if (handed == null && !recorded && position >= tailStart && position < received) {
                handed = List.of(fromTail(position));
            }
            return handed != null;
        }

        /** With the lock. */
        private List<ByteBuffer> taken() {
            List<ByteBuffer> pieces = Objects.requireNonNull(handed);
            handed = null;
            position += Download.length(pieces);
            wakeIfTailFreed();
            return pieces;
        }

        private CompletionStage<@Nullable List<ByteBuffer>> readBack(long from, int room) {
            ByteBuffer bytes = ByteBuffer.allocate(room);
            return writer.readBack(from, bytes).thenApply(n -> {
                lock.lock();
                try {
                    position = from + n;
                    wakeIfTailFreed();
                } finally {
                    lock.unlock();
                }
                return List.of(bytes.flip().asReadOnlyBuffer());
            });
        }

        /** Something happened: answers a waiting {@link #next}. Without the lock. */
        private void wake() {
            CompletableFuture<@Nullable List<ByteBuffer>> wait;
            List<ByteBuffer> pieces = null;
            Throwable broken = null;
            boolean pull = false;
            lock.lock();
            try {
                wait = waiting;
                if (wait == null) {
                    return;
                }
                if (hasPiece()) {
                    pieces = taken();
                } else if (failure != null) {
                    broken = failure;
                } else if (!ended) {
                    // Still nothing for this reader: it may have waited for a slower one to free the tail.
                    pull = !pulling && tailBytes() < TAIL_LIMIT;
                    pulling |= pull;
                    wait = null;
                }
                if (wait != null) {
                    waiting = null;
                }
            } finally {
                lock.unlock();
            }
            if (pull) {
                pull(false);
            }
            if (wait == null) {
                return;
            }
            if (broken == null) {
                wait.complete(pieces);
            } else {
                wait.completeExceptionally(broken);
            }
        }

        @Override
        public void close() {
            detach(this);
        }
    }

    /** A reader that had to wait because the tail was full goes on once a slower one has made room. With the lock. */
    private void wakeIfTailFreed() {
        boolean full = tailBytes() >= TAIL_LIMIT;
        trimTail();
        if (full && tailBytes() < TAIL_LIMIT) {
            wakeLater();
        }
    }

    /** Not from where it is called: a reader that is woken may detach, too, and a thousand of them overflow the stack. */
    private void wakeLater() {
        try {
            executor.execute(this::wakeAll);
        } catch (RuntimeException e) {
            // It is shut down or full, and nobody may be left asleep.
            wakeAll();
        }
    }

    private static IOException closed() {
        return new IOException("the response body is closed");
    }

    private void pull(boolean mayBlock) {
        if (source.blocks() && !mayBlock) {
            try {
                executor.execute(() -> source.pull(this));
            } catch (RuntimeException e) {
                source.cancel();
                fail(e);
            }
        } else {
            source.pull(this);
        }
    }

    /** A reader has what it wants, or gives up. The last one to go takes the download with it. */
    private void detach(Cursor cursor) {
        boolean cancel;
        boolean last;
        boolean waitedFor;
        CompletableFuture<?> waiting;
        lock.lock();
        try {
            if (!cursors.remove(cursor)) {
                return;
            }
            cursor.detached = true;
            cursor.handed = null;
            waiting = cursor.waiting;
            cursor.waiting = null;
            last = cursors.isEmpty();
            cancel = last && !ended && failure == null;
            abandoned |= last;
            // Only then may another reader have waited for this one, to free the tail.
            waitedFor = !last && !recorded && !ended && failure == null;
            trimTail();
        } finally {
            lock.unlock();
        }
        if (cancel) {
            source.cancel();
            finishRecording(false, "its body was given up");
        }
        if (last) {
            closeWriterIfIdle();
        } else if (waitedFor) {
            wakeLater();
        }
        if (waiting != null) {
            waiting.completeExceptionally(closed());
        }
    }

    // The source's side. One piece at a time; the end may follow a piece before it is written.

    @Override
    public void deliver(List<ByteBuffer> piece) {
        long length = length(piece);
        boolean record;
        lock.lock();
        try {
            record = recorded && !abandoned;
            if (record && received + length > maxLength) {
                record = false;
                stopRecording();
            }
            writerBusy = record;
        } finally {
            lock.unlock();
        }
        if (!record) {
            if (received + length > maxLength) {
                finishRecording(false, TOO_LONG);
            }
            pass(piece, length);
            return;
        }
        CompletableFuture<?> write = write(piece).toCompletableFuture();
        if (write.isDone() && !write.isCompletedExceptionally()) {
            pass(piece, length);
            return;
        }
        // Known before the piece is passed, which may bring the next one on another thread.
        CompletableFuture<Boolean> passed = new CompletableFuture<>();
        lock.lock();
        try {
            writing = passed;
        } finally {
            lock.unlock();
        }
        write.whenComplete((done, writeFailure) -> {
            try {
                if (writeFailure != null) {
                    stopRecordingNow();
                    refused(unwrapped(writeFailure));
                }
                pass(piece, length);
            } finally {
                passed.complete(true);
            }
        });
    }

    private void refused(Throwable writeFailure) {
        if (writeFailure instanceof EntryTooLargeException) {
            finishRecording(false, TOO_LONG);
        } else {
            recording.failed("write", writeFailure);
            finishRecording(false, "the storage failed");
        }
    }

    private CompletionStage<Void> write(List<ByteBuffer> piece) {
        CompletionStage<Void> all = null;
        for (ByteBuffer bytes : piece) {
            ByteBuffer copy = bytes.duplicate();
            if (all == null) {
                all = writer.write(copy);
            } else {
                CompletableFuture<Void> before = all.toCompletableFuture();
                all = before.isDone() && !before.isCompletedExceptionally()
                        ? writer.write(copy)
                        : all.thenCompose(done -> writer.write(copy));
            }
        }
        return all == null ? CompletableFuture.completedFuture(null) : all;
    }

    private void pass(List<ByteBuffer> piece, long length) {
        lock.lock();
        try {
            boolean someoneBehind = false;
            for (Cursor cursor : cursors) {
                if (cursor.position == received && cursor.handed == null) {
                    cursor.handed = readOnly(piece);
                } else {
                    someoneBehind = true;
                }
            }
            if (!recorded) {
                keepTail(piece, someoneBehind, length);
            }
            received += length;
            pulling = false;
            writerBusy = false;
        } finally {
            lock.unlock();
        }
        closeWriterIfIdle();
        wakeAll();
    }

    @Override
    public void complete() {
        afterTheWriteUnderWay(this::commit);
    }

    private void afterTheWriteUnderWay(Runnable then) {
        CompletionStage<?> write;
        lock.lock();
        try {
            write = writing;
        } finally {
            lock.unlock();
        }
        write.whenComplete((done, ignored) -> then.run());
    }

    private void commit() {
        boolean commit;
        String why = "the storage failed";
        lock.lock();
        try {
            commit = recorded && !abandoned;
            if (commit && expectedLength >= 0 && received != expectedLength) {
                commit = false;
                why = "its body has " + received + " bytes, but Content-Length says " + expectedLength;
            }
            writerBusy = commit;
        } finally {
            lock.unlock();
        }
        if (commit && !recording.stillValid()) {
            commit = false;
            why = "it was invalidated while it was fetched";
        }
        if (!commit) {
            finishRecording(false, why);
            end(null);
            return;
        }
        recording.commit(writer).whenComplete((committed, commitFailure) -> {
            if (commitFailure != null) {
                recording.failed("commit", unwrapped(commitFailure));
            }
            boolean stored = commitFailure == null && Boolean.TRUE.equals(committed);
            finishRecording(
                    stored, stored ? "" : commitFailure == null ? "the storage discarded it" : "the storage failed");
            end(null);
        });
    }

    @Override
    public void fail(Throwable sourceFailure) {
        // What came before the failure is still the readers', and a writer at work must not be closed.
        afterTheWriteUnderWay(() -> {
            finishRecording(false, "its body broke off");
            end(sourceFailure);
        });
    }

    private void end(@Nullable Throwable sourceFailure) {
        lock.lock();
        try {
            if (sourceFailure == null) {
                ended = true;
            } else {
                failure = sourceFailure;
            }
            pulling = false;
            writerBusy = false;
        } finally {
            lock.unlock();
        }
        closeWriterIfIdle();
        wakeAll();
    }

    private void finishRecording(boolean stored, String why) {
        lock.lock();
        try {
            if (finished) {
                return;
            }
            finished = true;
        } finally {
            lock.unlock();
        }
        recording.finished(stored, why);
    }

    private void closeWriterIfIdle() {
        lock.lock();
        try {
            if (!cursors.isEmpty() || writerBusy || writerClosed || !(abandoned || ended || failure != null)) {
                return;
            }
            writerClosed = true;
        } finally {
            lock.unlock();
        }
        writer.close().whenComplete((done, closeFailure) -> {
            if (closeFailure != null) {
                recording.failed("close", unwrapped(closeFailure));
            }
        });
    }

    private void stopRecordingNow() {
        lock.lock();
        try {
            stopRecording();
        } finally {
            lock.unlock();
        }
    }

    private void stopRecording() {
        if (recorded) {
            recorded = false;
            tailStart = received;
        }
    }

    private void keepTail(List<ByteBuffer> piece, boolean someoneBehind, long length) {
        if (someoneBehind) {
            for (ByteBuffer bytes : piece) {
                tail.add(bytes.asReadOnlyBuffer());
            }
        } else if (tail.isEmpty()) {
            // Everyone was handed this piece, so nobody will look for it here.
            tailStart += length;
        } else {
            throw new IllegalStateException("a tail is kept for nobody");
        }
    }

    private ByteBuffer fromTail(long position) {
        long start = tailStart;
        for (ByteBuffer bytes : tail) {
            if (position < start + bytes.remaining()) {
                return bytes.slice((int) (position - start), (int) (start + bytes.remaining() - position));
            }
            start += bytes.remaining();
        }
        throw new IllegalStateException("position " + position + " is not in the tail");
    }

    private void trimTail() {
        if (tail.isEmpty()) {
            return;
        }
        long slowest = received;
        for (Cursor cursor : cursors) {
            slowest = Math.min(slowest, cursor.position);
        }
        while (!tail.isEmpty() && tailStart + tail.peek().remaining() <= slowest) {
            tailStart += tail.remove().remaining();
        }
    }

    private int tailBytes() {
        int bytes = 0;
        for (ByteBuffer piece : tail) {
            bytes += piece.remaining();
        }
        return bytes;
    }

    private void wakeAll() {
        Cursor[] readers;
        lock.lock();
        try {
            readers = cursors.toArray(new Cursor[0]);
        } finally {
            lock.unlock();
        }
        for (Cursor reader : readers) {
            reader.wake();
        }
    }

    private static List<ByteBuffer> readOnly(List<ByteBuffer> piece) {
        if (piece.size() == 1) {
            return List.of(piece.get(0).asReadOnlyBuffer());
        }
        List<ByteBuffer> views = new ArrayList<>(piece.size());
        for (ByteBuffer bytes : piece) {
            views.add(bytes.asReadOnlyBuffer());
        }
        return views;
    }

    private static long length(List<ByteBuffer> piece) {
        long length = 0;
        for (ByteBuffer bytes : piece) {
            length += bytes.remaining();
        }
        return length;
    }

    static Throwable unwrapped(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }
}
