package dev.larder.internal;

import dev.larder.rules.RangeSelection;
import dev.larder.storage.AsyncBodyReader;
import dev.larder.storage.BodyReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** A stored body, piece by piece. */
final class StoredPieces implements Pieces {
    private static final int PIECE = 64 * 1024;

    private final Reading reader;
    private final BiConsumer<String, Throwable> failed;
    private final AtomicBoolean closing = new AtomicBoolean();
    private final List<RangeSelection.Part> parts;
    private final long length;
    private int part;
    /** How much of the current part has been read; before its prefix, -1. */
    private long done = -1;

    private StoredPieces(Reading reader, List<RangeSelection.Part> parts, BiConsumer<String, Throwable> failed) {
        this.reader = reader;
        this.parts = parts.isEmpty() ? List.of(new RangeSelection.Part("", 0, reader.length())) : parts;
        this.failed = failed;
        long sum = 0;
        for (RangeSelection.Part each : this.parts) {
            sum += each.prefix().length() + each.length();
        }
        this.length = sum;
        skipWhatIsEmpty();
    }

    /** The body of an asynchronous storage, or parts of it if there are any. */
    static StoredPieces of(
            AsyncBodyReader reader, List<RangeSelection.Part> parts, BiConsumer<String, Throwable> failed) {
        return new StoredPieces(
                new Reading() {
                    @Override
                    public long length() {
                        return reader.length();
                    }

                    @Override
                    public CompletionStage<Integer> read(long position, ByteBuffer target) {
                        return reader.read(position, target);
                    }

                    @Override
                    public CompletionStage<Void> close() {
                        return reader.close();
                    }
                },
                parts,
                failed);
    }

    /** The body of a blocking storage, or parts of it if there are any, read on the thread that asks. */
    static StoredPieces of(BodyReader reader, List<RangeSelection.Part> parts, BiConsumer<String, Throwable> failed) {
        return new StoredPieces(new InlineReading(reader), parts, failed);
    }

    /** Parts of a body that came with its head. */
    static StoredPieces of(ByteBuffer inline, List<RangeSelection.Part> parts, BiConsumer<String, Throwable> failed) {
        return of(new InlineBody(inline), parts, failed);
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public boolean exhausted() {
        return part == parts.size();
    }

    private void skipWhatIsEmpty() {
        while (part < parts.size()) {
            RangeSelection.Part current = parts.get(part);
            if (done < 0 && current.prefix().isEmpty()) {
                done = 0;
            }
            if (done < current.length()) {
                return;
            }
            part++;
            done = -1;
        }
    }

    @Override
    public CompletionStage<@Nullable List<ByteBuffer>> next() {
        if (exhausted()) {
            return CompletableFuture.completedFuture(null);
        }
        RangeSelection.Part current = parts.get(part);
        if (done < 0) {
            done = 0;
            skipWhatIsEmpty();
            return CompletableFuture.completedFuture(
                    List.of(ByteBuffer.wrap(current.prefixBytes()).asReadOnlyBuffer()));
        }
        long position = current.position() + done;
        ByteBuffer piece = ByteBuffer.allocate((int) Math.min(PIECE, current.length() - done));
        return reader.read(position, piece).whenComplete(this::reportFailure).thenApply(n -> {
            if (n <= 0) {
                throw new CompletionException(
                        new IOException("the stored body ends at " + position + " of " + reader.length() + " bytes"));
            }
            done += n;
            skipWhatIsEmpty();
            return List.of(piece.flip().asReadOnlyBuffer());
        });
    }

    private void reportFailure(@Nullable Integer read, @Nullable Throwable failure) {
        // A reader that was closed in the middle of a read did not fail.
        if (failure != null && !closing.get()) {
            failed.accept("read", Download.unwrapped(failure));
        }
    }

    @Override
    public void close() {
        if (closing.compareAndSet(false, true)) {
            reader.close().whenComplete((done, failure) -> {
                if (failure != null) {
                    failed.accept("close", Download.unwrapped(failure));
                }
            });
        }
    }

    /** A body in memory, read as if it had been opened. */
    private record InlineBody(ByteBuffer bytes) implements BodyReader {
        @Override
        public long length() {
            return bytes.limit();
        }

        @Override
        public int read(long position, ByteBuffer target) {
            int n = (int) Math.min(target.remaining(), bytes.limit() - position);
            if (n <= 0) {
                return -1;
            }
            target.put(bytes.slice((int) position, n));
            return n;
        }

        @Override
        public void close() {}
    }

    /** What the two kinds of readers have in common. */
    private interface Reading {
        long length();

        CompletionStage<Integer> read(long position, ByteBuffer target);

        CompletionStage<Void> close();
    }

    /** A cancelling thread may close while the reading thread reads. */
    private static final class InlineReading implements Reading {
        private final BodyReader reader;
        private final ReentrantLock lock = new ReentrantLock();

        InlineReading(BodyReader reader) {
            this.reader = reader;
        }

        @Override
        public long length() {
            return reader.length();
        }

        @Override
        public CompletionStage<Integer> read(long position, ByteBuffer target) {
            lock.lock();
            try {
                return CompletableFuture.completedFuture(reader.read(position, target));
            } catch (IOException | RuntimeException e) {
                return CompletableFuture.failedFuture(e);
            } finally {
                lock.unlock();
            }
        }

        @Override
        public CompletionStage<Void> close() {
            lock.lock();
            try {
                reader.close();
                return CompletableFuture.completedFuture(null);
            } catch (IOException | RuntimeException e) {
                return CompletableFuture.failedFuture(e);
            } finally {
                lock.unlock();
            }
        }
    }
}
