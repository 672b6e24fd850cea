package dev.larder.internal;

import dev.larder.client.Body;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A body that is in memory as a whole. */
final class MemoryBody implements Body {
    static final MemoryBody EMPTY = new MemoryBody(ByteBuffer.allocate(0).asReadOnlyBuffer());

    private final ByteBuffer bytes;

    /** A body of the remaining bytes of a read-only buffer. */
    MemoryBody(ByteBuffer bytes) {
        this.bytes = bytes;
    }

    @Override
    public long length() {
        return bytes.remaining();
    }

    @Override
    public ByteBuffer inMemory() {
        return bytes.duplicate();
    }

    @Override
    public InputStream stream() {
        return new PieceBody(new Once(bytes.duplicate())).stream();
    }

    @Override
    public Flow.Publisher<List<ByteBuffer>> publisher() {
        return subscriber -> new OnePiece(subscriber, bytes.duplicate()).start();
    }

    @Override
    public void close() {}

    /** Hands over the whole body at the first request, on the requesting thread: the hit path of most requests. */
    private static final class OnePiece implements Flow.Subscription {
        /** {@code onSubscribe} has not returned: a subscriber need not be ready for more before it has. */
        private static final int SUBSCRIBING = 0;

        private static final int ASKED = 1;
        private static final int WAITING = 2;
        private static final int DONE = 3;

        private final Flow.Subscriber<? super List<ByteBuffer>> subscriber;
        private final ByteBuffer bytes;
        private final AtomicInteger state = new AtomicInteger(SUBSCRIBING);
        private volatile boolean cancelled;
        private volatile boolean refused;

        OnePiece(Flow.Subscriber<? super List<ByteBuffer>> subscriber, ByteBuffer bytes) {
            this.subscriber = subscriber;
            this.bytes = bytes;
        }

        void start() {
            subscriber.onSubscribe(this);
            boolean empty = !bytes.hasRemaining();
            if (state.getAndUpdate(now -> now == ASKED || empty ? DONE : WAITING) == ASKED || empty) {
                handOver();
            }
        }

        @Override
        public void request(long n) {
            refused |= n <= 0;
            if (state.getAndUpdate(now -> now == SUBSCRIBING ? ASKED : now == WAITING ? DONE : now) == WAITING) {
                handOver();
            }
        }

        private void handOver() {
            if (refused) {
                subscriber.onError(new IllegalArgumentException("request must be positive"));
                return;
            }
            if (!cancelled && bytes.hasRemaining()) {
                try {
                    subscriber.onNext(List.of(bytes));
                } catch (RuntimeException | Error e) {
                    // As the JDK's client does it: who throws is told, and gets no more.
                    subscriber.onError(e);
                    return;
                }
            }
            if (!cancelled) {
                subscriber.onComplete();
            }
        }

        @Override
        public void cancel() {
            cancelled = true;
        }
    }

    private static final class Once implements Pieces {
        private final long length;
        private @Nullable ByteBuffer left;

        Once(ByteBuffer bytes) {
            length = bytes.remaining();
            left = bytes.hasRemaining() ? bytes : null;
        }

        @Override
        public long length() {
            return length;
        }

        @Override
        public CompletionStage<@Nullable List<ByteBuffer>> next() {
            ByteBuffer bytes = left;
            left = null;
            return CompletableFuture.completedFuture(bytes == null ? null : List.of(bytes));
        }

        @Override
        public boolean exhausted() {
            return left == null;
        }

        @Override
        public void close() {}
    }
}
