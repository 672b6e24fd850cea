package dev.larder.client.apache;

import dev.larder.http.ResponseHead;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.hc.core5.http.EntityDetails;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpResponse;
import org.apache.hc.core5.http.nio.AsyncDataConsumer;
import org.apache.hc.core5.http.nio.CapacityChannel;
import org.jspecify.annotations.Nullable;

/**
 * The origin's response whose body is arriving, for one subscriber. What has not been asked for waits here: no more than
 * the connection's window, which is widened by what the subscriber has taken.
 */
final class AsyncBody implements AsyncDataConsumer, Flow.Publisher<List<ByteBuffer>>, Flow.Subscription {
    private static final long WORTH_READING = 64 * 1024;

    private final HttpResponse response;
    private final @Nullable EntityDetails details;
    private final ResponseHead head;
    private final Runnable abort;

    private final AtomicInteger draining = new AtomicInteger();
    private final ReentrantLock lock = new ReentrantLock();
    // Guarded by the lock.
    private final ArrayDeque<ByteBuffer> arrived = new ArrayDeque<>();
    private Flow.@Nullable Subscriber<? super List<ByteBuffer>> subscriber;
    private @Nullable CapacityChannel channel;
    private int taken;
    private long demand;
    private boolean ended;
    private boolean over;
    private @Nullable Throwable failure;
    private List<? extends Header> trailers = List.of();

    /**
     * A body that is about to arrive.
     *
     * @param details null when there is none
     * @param head what the cache is told
     * @param abort ends the exchange
     */
    AsyncBody(HttpResponse response, @Nullable EntityDetails details, ResponseHead head, Runnable abort) {
        this.response = response;
        this.details = details;
        this.head = head;
        this.abort = abort;
    }

    HttpResponse response() {
        return response;
    }

    @Nullable
    EntityDetails details() {
        return details;
    }

    ResponseHead head() {
        return head;
    }

    List<? extends Header> trailers() {
        lock.lock();
        try {
            return trailers;
        } finally {
            lock.unlock();
        }
    }

    // From the connection.

    @Override
    public void updateCapacity(CapacityChannel capacity) throws IOException {
        int room;
        lock.lock();
        try {
            channel = capacity;
            room = taken;
            taken = 0;
        } finally {
            lock.unlock();
        }
        if (room > 0) {
            capacity.update(room);
        }
    }

    @Override
    public void consume(ByteBuffer bytes) {
        ByteBuffer copy = ByteBuffer.allocate(bytes.remaining()).put(bytes).flip();
        lock.lock();
        try {
            if (!over && copy.hasRemaining()) {
                arrived.add(copy);
            }
        } finally {
            lock.unlock();
        }
        drain();
    }

    @Override
    public void streamEnd(@Nullable List<? extends Header> trailers) {
        lock.lock();
        try {
            this.trailers = trailers == null ? List.of() : List.copyOf(trailers);
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void releaseResources() {}

    /** The exchange is over. */
    void complete() {
        end(null);
    }

    /** The exchange broke off. */
    void fail(Throwable cause) {
        end(cause);
    }

    private void end(@Nullable Throwable cause) {
        lock.lock();
        try {
            if (!ended) {
                ended = true;
                failure = cause;
            }
        } finally {
            lock.unlock();
        }
        drain();
    }

    // To the subscriber.

    @Override
    public void subscribe(Flow.Subscriber<? super List<ByteBuffer>> subscriber) {
        // Held while onSubscribe runs, so that nothing is signalled before it has returned.
        draining.incrementAndGet();
        lock.lock();
        try {
            this.subscriber = subscriber;
        } finally {
            lock.unlock();
        }
        subscriber.onSubscribe(this);
        drainLoop();
    }

    @Override
    public void request(long n) {
        lock.lock();
        try {
            demand = demand + n < 0 ? Long.MAX_VALUE : demand + n;
        } finally {
            lock.unlock();
        }
        drain();
    }

    @Override
    public void cancel() {
        boolean underway;
        lock.lock();
        try {
            underway = !over && !ended;
            over = true;
            arrived.clear();
        } finally {
            lock.unlock();
        }
        if (underway) {
            abort.run();
        }
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
        while (true) {
            List<ByteBuffer> piece = List.of();
            Flow.Subscriber<? super List<ByteBuffer>> to;
            CapacityChannel widened;
            Throwable cause;
            int size = 0;
            lock.lock();
            try {
                to = subscriber;
                cause = failure;
                widened = channel;
                if (to == null || over || (arrived.isEmpty() ? !ended : demand == 0 && cause == null)) {
                    return;
                }
                // What broke off ends at once: nobody can use the rest.
                if (arrived.isEmpty() || cause != null) {
                    over = true;
                } else {
                    piece = new ArrayList<>(arrived);
                    arrived.clear();
                    demand--;
                    for (ByteBuffer bytes : piece) {
                        size += bytes.remaining();
                    }
                    taken += widened == null ? size : 0;
                }
            } finally {
                lock.unlock();
            }
            if (!piece.isEmpty()) {
                to.onNext(piece);
                widen(widened, size);
            } else if (cause == null) {
                to.onComplete();
            } else {
                to.onError(cause);
            }
        }
    }

    private static void widen(@Nullable CapacityChannel channel, int size) {
        if (channel == null) {
            return;
        }
        try {
            channel.update(size);
        } catch (IOException | CancelledKeyException e) {
            // The connection is gone, which the exchange reports itself, unless the whole body has arrived.
            return;
        }
    }

    /** Reads a short rest so that the connection can be used again, and gives up a long one. */
    void discard() {
        subscribe(new Flow.Subscriber<>() {
            private long read;

            @Override
            public void onSubscribe(Flow.Subscription subscription) {
                subscription.request(Long.MAX_VALUE);
            }

            @Override
            public void onNext(List<ByteBuffer> piece) {
                for (ByteBuffer bytes : piece) {
                    read += bytes.remaining();
                }
                if (read > WORTH_READING) {
                    cancel();
                }
            }

            @Override
            public void onError(Throwable failure) {
                // Nobody waits for this body, so its failure concerns nobody.
            }

            @Override
            public void onComplete() {}
        });
    }
}
