package dev.larder.internal;

import dev.larder.client.Body;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** A body that is not in memory: the two forms of reading it, over {@link Pieces}. */
final class PieceBody implements Body {
    private final Pieces pieces;

    PieceBody(Pieces pieces) {
        this.pieces = pieces;
    }

    @Override
    public long length() {
        return pieces.length();
    }

    @Override
    public @Nullable ByteBuffer inMemory() {
        return null;
    }

    @Override
    public InputStream stream() {
        return new PieceStream(pieces);
    }

    @Override
    public Flow.Publisher<List<ByteBuffer>> publisher() {
        return subscriber -> new PieceSubscription(pieces, subscriber).start();
    }

    @Override
    public void close() {
        pieces.close();
    }

    /** Every way to read goes through {@link #fill}: a skip that did not would leave a hole in the copy. */
    private static final class PieceStream extends InputStream {
        private final Pieces pieces;
        private Iterator<ByteBuffer> queue = List.<ByteBuffer>of().iterator();
        private ByteBuffer current = ByteBuffer.allocate(0);
        private boolean ended;
        private boolean closed;

        PieceStream(Pieces pieces) {
            this.pieces = pieces;
        }

        @Override
        public int read() throws IOException {
            return fill() ? current.get() & 0xff : -1;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            Objects.checkFromIndexSize(offset, length, target.length);
            if (length == 0) {
                return 0;
            }
            if (!fill()) {
                return -1;
            }
            int n = Math.min(length, current.remaining());
            current.get(target, offset, n);
            return n;
        }

        @Override
        public int available() {
            return current.remaining();
        }

        private boolean fill() throws IOException {
            if (closed) {
                throw new IOException("the response body is closed");
            }
            while (!current.hasRemaining()) {
                if (queue.hasNext()) {
                    current = queue.next();
                } else if (ended) {
                    return false;
                } else {
                    List<ByteBuffer> piece = next();
                    if (piece == null) {
                        ended = true;
                        pieces.close();
                    } else {
                        queue = piece.iterator();
                    }
                }
            }
            return true;
        }

        private @Nullable List<ByteBuffer> next() throws IOException {
            try {
                return pieces.next().toCompletableFuture().get();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                pieces.close();
                throw new InterruptedIOException("interrupted while waiting for the response body");
            } catch (ExecutionException e) {
                pieces.close();
                Throwable cause = Download.unwrapped(e.getCause() == null ? e : e.getCause());
                // What the client threw is what its user knows, even if several readers share it.
                throw cause instanceof IOException known
                        ? known
                        : new IOException(
                                cause.getMessage() == null ? "the response body broke off" : cause.getMessage(), cause);
            }
        }

        @Override
        public void close() {
            closed = true;
            pieces.close();
        }
    }

    /** Serves one subscriber. Signals come from whichever thread is draining; one at a time (Reactive Streams 1.3). */
    private static final class PieceSubscription implements Flow.Subscription {
        private final Pieces pieces;
        private final Flow.Subscriber<? super List<ByteBuffer>> subscriber;
        private final AtomicLong demand = new AtomicLong();
        private final AtomicInteger draining = new AtomicInteger();
        private volatile boolean cancelled;
        private volatile @Nullable Throwable refused;
        // Touched by the draining thread only.
        private @Nullable CompletableFuture<@Nullable List<ByteBuffer>> pending;

        PieceSubscription(Pieces pieces, Flow.Subscriber<? super List<ByteBuffer>> subscriber) {
            this.pieces = pieces;
            this.subscriber = subscriber;
        }

        void start() {
            // Held while onSubscribe runs, so that nothing is signalled before it has returned.
            draining.incrementAndGet();
            subscriber.onSubscribe(this);
            drainLoop();
        }

        @Override
        public void request(long n) {
            if (n <= 0) {
                refused = new IllegalArgumentException("request must be positive, was " + n);
            } else {
                demand.accumulateAndGet(n, (a, b) -> a + b < 0 ? Long.MAX_VALUE : a + b);
            }
            drain();
        }

        @Override
        public void cancel() {
            cancelled = true;
            pieces.close();
        }

        private void drain() {
            if (draining.getAndIncrement() == 0) {
                drainLoop();
            }
        }

        private void drainLoop() {
            int missed = draining.get();
            do {
                signal();
                missed = draining.addAndGet(-missed);
            } while (missed != 0);
        }

        private void signal() {
            while (!cancelled) {
                Throwable misuse = refused;
                if (misuse != null) {
                    end(misuse);
                    return;
                }
                CompletableFuture<@Nullable List<ByteBuffer>> next = pending;
                if (next == null) {
                    if (demand.get() == 0 && !pieces.exhausted()) {
                        return;
                    }
                    next = pieces.next().toCompletableFuture();
                    pending = next;
                    if (!next.isDone()) {
                        next.whenComplete((piece, failure) -> drain());
                        return;
                    }
                } else if (!next.isDone()) {
                    return;
                }
                List<ByteBuffer> piece;
                try {
                    piece = next.join();
                } catch (RuntimeException e) {
                    end(Download.unwrapped(e));
                    return;
                }
                if (piece == null) {
                    end(null);
                    return;
                }
                if (demand.get() == 0) {
                    return;
                }
                pending = null;
                if (demand.get() != Long.MAX_VALUE) {
                    demand.decrementAndGet();
                }
                try {
                    subscriber.onNext(piece);
                } catch (RuntimeException | Error e) {
                    // As the JDK's client does it: who throws is told, and gets no more.
                    end(e);
                    return;
                }
            }
        }

        private void end(@Nullable Throwable failure) {
            cancelled = true;
            pieces.close();
            if (failure == null) {
                subscriber.onComplete();
            } else {
                subscriber.onError(failure);
            }
        }
    }
}
