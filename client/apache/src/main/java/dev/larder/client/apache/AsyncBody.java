package dev.larder.client.apache;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.Flow;
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
    private static final int WORTH_READING = 64 * 1024;

    private final HttpResponse response;
    private final @Nullable EntityDetails details;
    private final Runnable abort;

    private final Turns turns = new Turns(this::signal);
    private volatile Flow.@Nullable Subscriber<? super List<ByteBuffer>> subscriber;
    private volatile List<? extends Header> trailers = List.of();
    // Touched by whoever has its turn only.
    private boolean subscribed;

    private final ReentrantLock lock = new ReentrantLock();
    // Guarded by the lock.
    private final ArrayDeque<ByteBuffer> arrived = new ArrayDeque<>();
    private @Nullable CapacityChannel channel;
    /** What has been taken and not been told to the channel. */
    private int taken;

    private long demand;
    /** The exchange is over. */
    private boolean ended;

    private @Nullable Throwable failure;
    /** The subscriber has been told of the end, or does not want to be. */
    private boolean over;
    /** How much more may arrive when nobody wants it, so that the connection can be used again. */
    private int spare;

    /**
     * A body that is about to arrive.
     *
     * @param details null when there is none
     * @param abort ends the exchange
     */
    AsyncBody(HttpResponse response, @Nullable EntityDetails details, Runnable abort) {
        this.response = response;
        this.details = details;
        this.abort = abort;
    }

    HttpResponse response() {
        return response;
    }

    @Nullable
    EntityDetails details() {
        return details;
    }

    List<? extends Header> trailers() {
        return trailers;
    }

    // From the connection.

    @Override
    public void updateCapacity(CapacityChannel capacity) throws IOException {
        lock.lock();
        try {
            channel = capacity;
        } finally {
            lock.unlock();
        }
        widen(0);
    }

    @Override
    public void consume(ByteBuffer bytes) throws IOException {
        int length = bytes.remaining();
        boolean unwanted;
        boolean tooMuch;
        lock.lock();
        try {
            unwanted = over;
            if (unwanted) {
                spare -= length;
            } else if (length > 0) {
                arrived.add(ByteBuffer.allocate(length).put(bytes).flip());
            }
            tooMuch = spare < 0;
        } finally {
            lock.unlock();
        }
        if (!unwanted) {
            turns.run();
        } else if (tooMuch) {
            abort.run();
        } else {
            widen(length);
        }
    }

    @Override
    public void streamEnd(@Nullable List<? extends Header> trailers) {
        this.trailers = trailers == null ? List.of() : List.copyOf(trailers);
    }

    @Override
    public void releaseResources() {}

    /**
     * The exchange is over.
     *
     * @param cause why it broke off; null when it did not
     */
    void end(@Nullable Throwable cause) {
        lock.lock();
        try {
            failure = ended ? failure : cause;
            ended = true;
        } finally {
            lock.unlock();
        }
        turns.run();
    }

    // To the subscriber.

    @Override
    public void subscribe(Flow.Subscriber<? super List<ByteBuffer>> subscriber) {
        this.subscriber = subscriber;
        turns.run();
    }

    @Override
    public void request(long n) {
        lock.lock();
        try {
            demand = demand + n < 0 ? Long.MAX_VALUE : demand + n;
        } finally {
            lock.unlock();
        }
        turns.run();
    }

    @Override
    public void cancel() {
        giveUp(-1);
    }

    /** Lets a short rest arrive so that the connection can be used again, and gives up a long one. */
    void discard() {
        giveUp(WORTH_READING);
    }

    private void giveUp(int acceptable) {
        boolean underway;
        int dropped;
        lock.lock();
        try {
            underway = !over && !ended;
            over = true;
            dropped = size(arrived);
            arrived.clear();
            spare = acceptable - dropped;
        } finally {
            lock.unlock();
        }
        if (underway && dropped > acceptable) {
            abort.run();
        } else if (underway) {
            taken(dropped);
        }
    }

    private void signal() {
        Flow.Subscriber<? super List<ByteBuffer>> to = subscriber;
        if (to == null) {
            return;
        }
        if (!subscribed) {
            subscribed = true;
            to.onSubscribe(this);
        }
        for (List<ByteBuffer> piece = next(); !piece.isEmpty(); piece = next()) {
            int length = size(piece);
            to.onNext(piece);
            taken(length);
        }
        Throwable cause;
        lock.lock();
        try {
            cause = failure;
            if (over || !ended || !(arrived.isEmpty() || cause != null)) {
                return;
            }
            over = true;
        } finally {
            lock.unlock();
        }
        if (cause == null) {
            to.onComplete();
        } else {
            to.onError(cause);
        }
    }

    /** What has arrived, if it has been asked for. Of what broke off nobody can use the rest. */
    private List<ByteBuffer> next() {
        lock.lock();
        try {
            if (over || demand == 0 || arrived.isEmpty() || failure != null) {
                return List.of();
            }
            demand--;
            List<ByteBuffer> piece = List.copyOf(arrived);
            arrived.clear();
            return piece;
        } finally {
            lock.unlock();
        }
    }

    private static int size(Iterable<ByteBuffer> piece) {
        int size = 0;
        for (ByteBuffer bytes : piece) {
            size += bytes.remaining();
        }
        return size;
    }

    private void taken(int length) {
        try {
            widen(length);
        } catch (IOException | CancelledKeyException e) {
            // The connection is gone, which the exchange reports itself, unless the whole body has arrived.
            return;
        }
    }

    private void widen(int length) throws IOException {
        CapacityChannel to;
        int room;
        lock.lock();
        try {
            taken += length;
            to = channel;
            room = taken;
            taken = to == null ? taken : 0;
        } finally {
            lock.unlock();
        }
        if (to != null && room > 0) {
            to.update(room);
        }
    }
}
