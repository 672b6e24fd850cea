package dev.larder.internal;

import dev.larder.storage.AsyncBodyReader;
import dev.larder.storage.BodyReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
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
    private long position;

    private StoredPieces(Reading reader, BiConsumer<String, Throwable> failed) {
        this.reader = reader;
        this.failed = failed;
    }

    /** The body of an asynchronous storage. */
    static StoredPieces of(AsyncBodyReader reader, BiConsumer<String, Throwable> failed) {
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
                failed);
    }

    /** The body of a blocking storage, read on the thread that asks. */
    static StoredPieces of(BodyReader reader, BiConsumer<String, Throwable> failed) {
        return new StoredPieces(new InlineReading(reader), failed);
    }

    @Override
    public long length() {
        return reader.length();
    }

    @Override
    public boolean exhausted() {
        return position == reader.length();
    }

    @Override
    public CompletionStage<@Nullable List<ByteBuffer>> next() {
        if (exhausted()) {
            return CompletableFuture.completedFuture(null);
        }
        ByteBuffer piece = ByteBuffer.allocate((int) Math.min(PIECE, reader.length() - position));
        return reader.read(position, piece).thenApply(n -> {
            if (n <= 0) {
                throw new java.util.concurrent.CompletionException(
                        new IOException("the stored body ends at " + position + " of " + reader.length() + " bytes"));
            }
            position += n;
            return List.of(piece.flip().asReadOnlyBuffer());
        });
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
