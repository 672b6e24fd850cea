package dev.larder.client;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * A body that is arriving from the origin. It is asked for one piece at a time, so that whoever reads sets the pace.
 * Not thread-safe; the cache makes one call at a time.
 */
public abstract class Source {
    private static final int PIECE = 16 * 1024;

    /** For the two forms that bodies come in. */
    Source() {}

    /** Receives what a source delivers. */
    public interface Sink {
        /** A piece, asked for by {@link #pull}. The buffers are the sink's from now on. */
        void deliver(List<ByteBuffer> piece);

        /** The body ended as it should. */
        void complete();

        /** The body broke off. */
        void fail(Throwable failure);
    }

    /** Asks for one more piece: exactly one call of the sink follows, now or later, unless the body ended before. */
    public abstract void pull(Sink sink);

    /** Gives up the rest of the body. May be called at any time, from any thread. */
    public abstract void cancel();

    /** Whether {@link #pull} waits until the piece is there. */
    public abstract boolean blocks();

    /** A source that reads a stream and closes it at the end. */
    public static Source of(InputStream stream) {
        return new Source() {
            @Override
            public void pull(Sink sink) {
                byte[] piece = new byte[PIECE];
                int length;
                try {
                    length = stream.read(piece);
                    if (length < 0) {
                        stream.close();
                    }
                } catch (IOException | RuntimeException e) {
                    sink.fail(e);
                    return;
                }
                if (length < 0) {
                    sink.complete();
                } else {
                    sink.deliver(List.of(ByteBuffer.wrap(piece, 0, length)));
                }
            }

            @Override
            public void cancel() {
                try {
                    stream.close();
                } catch (IOException e) {
                    // Nobody reads this body any more, so there is nobody whom its failure could concern.
                    return;
                }
            }

            @Override
            public boolean blocks() {
                return true;
            }
        };
    }

    /** A source that subscribes to a publisher at the first {@link #pull} or {@link #cancel}. */
    public static Source of(Flow.Publisher<List<ByteBuffer>> publisher) {
        return new PublisherSource(publisher);
    }

    private static final class PublisherSource extends Source implements Flow.Subscriber<List<ByteBuffer>> {
        private final Flow.Publisher<List<ByteBuffer>> publisher;
        private volatile @Nullable Sink sink;
        private volatile Flow.@Nullable Subscription subscription;
        private volatile boolean cancelled;

        PublisherSource(Flow.Publisher<List<ByteBuffer>> publisher) {
            this.publisher = publisher;
        }

        @Override
        public void pull(Sink sink) {
            Flow.Subscription known = subscription;
            if (known != null) {
                known.request(1);
                return;
            }
            this.sink = sink;
            publisher.subscribe(this);
        }

        @Override
        public void cancel() {
            cancelled = true;
            Flow.Subscription known = subscription;
            if (known != null) {
                known.cancel();
            } else if (sink == null) {
                // A body that is never subscribed to would hold its connection for ever.
                publisher.subscribe(this);
            }
        }

        @Override
        public boolean blocks() {
            return false;
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            this.subscription = subscription;
            if (cancelled) {
                subscription.cancel();
            } else {
                subscription.request(1);
            }
        }

        @Override
        public void onNext(List<ByteBuffer> piece) {
            Sink known = sink;
            if (known != null) {
                known.deliver(piece);
            }
        }

        @Override
        public void onError(Throwable failure) {
            Sink known = sink;
            if (known != null) {
                known.fail(failure);
            }
        }

        @Override
        public void onComplete() {
            Sink known = sink;
            if (known != null) {
                known.complete();
            }
        }
    }
}
