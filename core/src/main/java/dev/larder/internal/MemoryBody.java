package dev.larder.internal;

import dev.larder.client.Body;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
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
        return subscriber -> {
            OnePiece subscription = new OnePiece(subscriber, bytes.duplicate());
            subscriber.onSubscribe(subscription);
            if (!bytes.hasRemaining()) {
                subscription.endEmpty();
            }
        };
    }

    @Override
    public void close() {}

    /** Hands over the whole body at the first request, on the requesting thread: the hit path of most requests. */
    private static final class OnePiece implements Flow.Subscription {
        private final Flow.Subscriber<? super List<ByteBuffer>> subscriber;
        private final ByteBuffer bytes;
        private final AtomicBoolean handedOver = new AtomicBoolean();
        private volatile boolean cancelled;

        OnePiece(Flow.Subscriber<? super List<ByteBuffer>> subscriber, ByteBuffer bytes) {
            this.subscriber = subscriber;
            this.bytes = bytes;
        }

        @Override
        public void request(long n) {
            if (cancelled || !handedOver.compareAndSet(false, true)) {
                return;
            }
            if (n <= 0) {
                subscriber.onError(new IllegalArgumentException("request must be positive, was " + n));
                return;
            }
            if (bytes.hasRemaining()) {
                subscriber.onNext(List.of(bytes));
            }
            if (!cancelled) {
                subscriber.onComplete();
            }
        }

        void endEmpty() {
            if (!cancelled && handedOver.compareAndSet(false, true)) {
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
