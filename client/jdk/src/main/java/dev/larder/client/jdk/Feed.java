package dev.larder.client.jdk;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Hands a body to the caller's subscriber until the caller gives up: then the body is cancelled, and the subscriber is
 * told, so that it can release what it holds. Signals stay serial (Reactive Streams 1.3) even so.
 */
final class Feed implements Flow.Subscriber<List<ByteBuffer>> {
    private static final int IDLE = 0;
    /** The subscriber is at work; also until {@code onSubscribe} has returned. */
    private static final int BUSY = 1;
    /** Given up while the subscriber is at work, which has to be told when it is done. */
    private static final int GIVEN_UP = 2;

    private static final int OVER = 3;

    private final Flow.Subscriber<? super List<ByteBuffer>> subscriber;
    private final AtomicInteger state = new AtomicInteger(BUSY);
    private volatile Flow.@Nullable Subscription subscription;

    Feed(Flow.Subscriber<? super List<ByteBuffer>> subscriber) {
        this.subscriber = subscriber;
    }

    /** The caller does not want the body any more. May be called at any time, from any thread. */
    void giveUp() {
        int before = state.getAndUpdate(now -> now == IDLE ? OVER : now == BUSY ? GIVEN_UP : now);
        cancel();
        if (before == IDLE) {
            tell();
        }
    }

    private void cancel() {
        Flow.Subscription open = subscription;
        if (open != null) {
            open.cancel();
        }
    }

    private void tell() {
        subscriber.onError(new IOException("the request was cancelled"));
    }

    private void idle() {
        if (!state.compareAndSet(BUSY, IDLE) && state.compareAndSet(GIVEN_UP, OVER)) {
            cancel();
            tell();
        }
    }

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
        this.subscription = subscription;
        subscriber.onSubscribe(subscription);
        idle();
    }

    @Override
    public void onNext(List<ByteBuffer> piece) {
        boolean outermost = state.compareAndSet(IDLE, BUSY);
        if (outermost || state.get() == BUSY) {
            subscriber.onNext(piece);
        }
        if (outermost) {
            idle();
        }
    }

    @Override
    public void onError(Throwable failure) {
        if (ends()) {
            subscriber.onError(failure);
        }
    }

    @Override
    public void onComplete() {
        if (ends()) {
            subscriber.onComplete();
        }
    }

    private boolean ends() {
        return state.compareAndSet(IDLE, OVER) || state.compareAndSet(BUSY, OVER);
    }
}
