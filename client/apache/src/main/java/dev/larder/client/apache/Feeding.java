package dev.larder.client.apache;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
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

    private final AtomicLong room = new AtomicLong();
    private final AtomicBoolean over = new AtomicBoolean();
    private final AtomicInteger working = new AtomicInteger();
    private volatile @Nullable AsyncDataConsumer consumer;
    private volatile Flow.@Nullable Subscription subscription;
    private volatile boolean complete;
    private volatile @Nullable List<ByteBuffer> next;
    private final AtomicBoolean asked = new AtomicBoolean();
    // Touched by whoever works only.
    private final ArrayDeque<ByteBuffer> left = new ArrayDeque<>();

    /**
     * A body for the caller.
     *
     * @param origin the response that it comes from, if that is the origin's: then its trailers are the caller's, too
     */
    Feeding(@Nullable AsyncBody origin, AsyncExecCallback callback) {
        this.origin = origin;
        this.callback = callback;
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
        work();
    }

    @Override
    public void onNext(List<ByteBuffer> piece) {
        next = piece;
        asked.set(false);
        work();
    }

    @Override
    public void onComplete() {
        complete = true;
        work();
    }

    @Override
    public void onError(Throwable failure) {
        fail(failure instanceof Exception e ? e : new IOException(failure));
    }

    @Override
    public void update(int increment) {
        room.accumulateAndGet(increment, (a, b) -> a + b < 0 ? Long.MAX_VALUE : a + b);
        work();
    }

    @Override
    public boolean cancel() {
        return giveUp(new RequestFailedException("Request aborted"));
    }

    private void work() {
        if (working.getAndIncrement() != 0) {
            return;
        }
        int missed = working.get();
        do {
            try {
                feed();
            } catch (IOException | HttpException | RuntimeException e) {
                giveUp(e);
            }
            missed = working.addAndGet(-missed);
        } while (missed != 0);
    }

    private void feed() throws IOException, HttpException {
        Flow.Subscription source = subscription;
        if (source == null || over.get()) {
            return;
        }
        AsyncDataConsumer consumer = this.consumer;
        List<ByteBuffer> piece = next;
        if (piece != null) {
            next = null;
            left.addAll(piece);
        }
        while (!left.isEmpty() && !over.get()) {
            ByteBuffer bytes = left.element();
            if (consumer == null || !bytes.hasRemaining()) {
                left.remove();
            } else if (room.get() > 0 || widened(consumer)) {
                int length = (int) Math.min(room.get(), bytes.remaining());
                room.addAndGet(-length);
                consumer.consume(bytes.slice().limit(length));
                bytes.position(bytes.position() + length);
            } else {
                return;
            }
        }
        if (complete && next == null) {
            end();
        } else if ((consumer == null || room.get() > 0 || widened(consumer)) && asked.compareAndSet(false, true)) {
            source.request(1);
        }
    }

    /** Asks the consumer for room, which it may give now or later. */
    private boolean widened(AsyncDataConsumer consumer) throws IOException {
        consumer.updateCapacity(this);
        return room.get() > 0;
    }

    private void end() throws IOException, HttpException {
        AsyncDataConsumer consumer = this.consumer;
        if (!over.get()) {
            if (consumer != null) {
                consumer.streamEnd(origin == null ? List.of() : origin.trailers());
            }
            if (over.compareAndSet(false, true)) {
                release();
                callback.completed();
            }
        }
    }

    private boolean giveUp(Exception cause) {
        Flow.Subscription source = subscription;
        if (source != null) {
            source.cancel();
        }
        return fail(cause);
    }

    private boolean fail(Exception cause) {
        if (!over.compareAndSet(false, true)) {
            return false;
        }
        release();
        callback.failed(cause);
        return true;
    }

    private void release() {
        AsyncDataConsumer consumer = this.consumer;
        if (consumer != null) {
            consumer.releaseResources();
        }
    }
}
