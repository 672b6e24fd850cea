package dev.larder.client;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Flow;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A body that is arriving from the origin. It is asked for one piece at a time, so that whoever reads sets the pace.
 * Not thread-safe; the cache makes one call at a time.
 */
public abstract class Source {
    private static final int PIECE = 16 * 1024;

    /** For the forms that bodies come in, and their combinations. */
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

    /**
     * Sources one after the other, as one.
     *
     * @param lengths how many bytes each of them has to bring; one that brings more or fewer fails
     */
    public static Source inOrder(List<Source> sources, List<Long> lengths) {
        return new Sequence(sources, lengths);
    }

    private static final class Sequence extends Source implements Sink {
        private final List<Source> sources;
        private final List<Long> lengths;
        private final ReentrantLock lock = new ReentrantLock();
        // Guarded by the lock.
        private @Nullable Sink sink;
        private int current;
        private long delivered;
        private boolean asked;
        private boolean over;

        Sequence(List<Source> sources, List<Long> lengths) {
            this.sources = List.copyOf(sources);
            this.lengths = List.copyOf(lengths);
        }

        @Override
        public void pull(Sink sink) {
            Source source;
            lock.lock();
            try {
                this.sink = sink;
                if (over) {
                    return;
                }
                asked = true;
                source = sources.get(current);
            } finally {
                lock.unlock();
            }
            source.pull(this);
        }

        @Override
        public void deliver(List<ByteBuffer> piece) {
            Sink to;
            boolean tooLong;
            lock.lock();
            try {
                to = sink;
                asked = false;
                for (ByteBuffer bytes : piece) {
                    delivered += bytes.remaining();
                }
                tooLong = delivered > lengths.get(current);
            } finally {
                lock.unlock();
            }
            if (tooLong) {
                fail(wrongLength());
            } else if (to != null) {
                to.deliver(piece);
            }
        }

        @Override
        public void complete() {
            Sink to;
            Source next = null;
            boolean tooShort;
            boolean last;
            lock.lock();
            try {
                to = sink;
                tooShort = !over && delivered < lengths.get(current);
                last = current == sources.size() - 1;
                if (!tooShort && !last) {
                    current++;
                    delivered = 0;
                    // The end of one may come with its last piece, or in answer to a request for more.
                    next = asked ? sources.get(current) : null;
                }
            } finally {
                lock.unlock();
            }
            if (tooShort) {
                fail(wrongLength());
            } else if (next != null) {
                next.pull(this);
            } else if (last && to != null) {
                to.complete();
            }
        }

        @Override
        public void fail(Throwable failure) {
            Sink to;
            lock.lock();
            try {
                to = over ? null : sink;
            } finally {
                lock.unlock();
            }
            cancel();
            if (to != null) {
                to.fail(failure);
            }
        }

        @Override
        public void cancel() {
            List<Source> rest;
            lock.lock();
            try {
                rest = over ? List.of() : new ArrayList<>(sources.subList(current, sources.size()));
                over = true;
            } finally {
                lock.unlock();
            }
            rest.forEach(Source::cancel);
        }

        @Override
        public boolean blocks() {
            for (Source source : sources) {
                if (source.blocks()) {
                    return true;
                }
            }
            return false;
        }

        private static IOException wrongLength() {
            return new IOException("the part of the body has another length than was announced");
        }
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
