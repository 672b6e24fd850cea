package dev.larder.client.apache;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.hc.client5.http.async.AsyncExecCallback;
import org.apache.hc.client5.http.impl.classic.RequestFailedException;
import org.apache.hc.core5.concurrent.Cancellable;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.nio.AsyncDataConsumer;
import org.apache.hc.core5.http.nio.CapacityChannel;
import org.jspecify.annotations.Nullable;

/** Feeds a body to the caller's consumer, no more of it than the consumer has room for, and tells the caller of its end. */
final class Feeding implements Flow.Subscriber<List<ByteBuffer>>, CapacityChannel, Cancellable {
    private final @Nullable AsyncBody origin;
    private final AsyncExecCallback callback;
    private final AtomicInteger tries;

    private final Turns turns = new Turns(this::feed);
    private final AtomicLong room = new AtomicLong();
    private final AtomicBoolean over = new AtomicBoolean();
    private final Queue<ByteBuffer> arrived = new ConcurrentLinkedQueue<>();
    private volatile @Nullable AsyncDataConsumer consumer;
    private volatile Flow.@Nullable Subscription subscription;
    private volatile boolean asked;
    private volatile boolean complete;

    /**
     * A body for the caller.
     *
     * @param origin the response that it comes from, if that is the origin's: then its trailers are the caller's, too
     * @param tries how often the client believes to have tried
     */
    Feeding(@Nullable AsyncBody origin, AsyncExecCallback callback, AtomicInteger tries) {
        this.origin = origin;
        this.callback = callback;
        this.tries = tries;
    }

    /** Who is fed; without one the body is read all the same. Called before this subscribes to it. */
    void consumer(@Nullable AsyncDataConsumer consumer) {
        this.consumer = consumer;
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
        this.subscription = subscription;
        if (over.get()) {
            subscription.cancel();
        }
        turns.run();
    }

    @Override
    public void onNext(List<ByteBuffer> piece) {
        arrived.addAll(piece);
        asked = false;
        turns.run();
    }

    @Override
    public void onComplete() {
        complete = true;
        turns.run();
    }

    @Override
    public void onError(Throwable failure) {
        end(failure instanceof Exception e ? e : new IOException(failure));
    }

    @Override
    public void update(int increment) {
        room.accumulateAndGet(increment, (a, b) -> a + b < 0 ? Long.MAX_VALUE : a + b);
        turns.run();
    }

    @Override
    public boolean cancel() {
        return giveUp(new RequestFailedException("Request aborted"));
    }

    private void feed() {
        try {
            passOn();
        } catch (IOException | HttpException | RuntimeException e) {
            giveUp(e);
        }
    }

    private void passOn() throws IOException, HttpException {
        Flow.Subscription source = subscription;
        AsyncDataConsumer to = consumer;
        // Before the last look at what has arrived.
        boolean all = complete;
        if (source == null) {
            return;
        }
        for (ByteBuffer bytes = arrived.peek(); bytes != null && !over.get(); bytes = arrived.peek()) {
            if (to == null || !bytes.hasRemaining()) {
                arrived.remove();
                continue;
            }
            int length = (int) Math.min(room(to), bytes.remaining());
            if (length == 0) {
                return;
            }
            room.addAndGet(-length);
            to.consume(bytes.slice().limit(length));
            bytes.position(bytes.position() + length);
        }
        if (over.get()) {
            return;
        }
        if (all) {
            if (to != null) {
                to.streamEnd(origin == null ? List.of() : origin.trailers());
            }
            end(null);
        } else if (!asked && (to == null || room(to) > 0)) {
            asked = true;
            source.request(1);
        }
    }

    /** What the consumer has room for; it is asked for some, which it may give now or later. */
    private long room(AsyncDataConsumer to) throws IOException {
        if (room.get() == 0) {
            to.updateCapacity(this);
        }
        return room.get();
    }

    private boolean giveUp(Exception cause) {
        Flow.Subscription source = subscription;
        if (source != null) {
            source.cancel();
        }
        return end(cause);
    }

    private boolean end(@Nullable Exception cause) {
        if (!over.compareAndSet(false, true)) {
            return false;
        }
        AsyncDataConsumer to = consumer;
        if (to != null) {
            to.releaseResources();
        }
        if (cause == null) {
            callback.completed();
        } else {
            // The client's retries do not ask whether a response has begun, and the caller would be given a second one
            // behind what there is of this.
            tries.set(Integer.MAX_VALUE);
            callback.failed(cause);
        }
        return true;
    }
}
