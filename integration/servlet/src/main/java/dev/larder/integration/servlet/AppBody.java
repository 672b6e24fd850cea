package dev.larder.integration.servlet;

import dev.larder.client.BodyKind;
import dev.larder.client.Source;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * The body that the application writes, as the cache reads it: a publisher whose pieces come from whichever thread the
 * application writes on, each only when it has been asked for.
 */
final class AppBody implements Flow.Publisher<List<ByteBuffer>>, Flow.Subscription {
    static final BodyKind<AppBody> KIND = new BodyKind<>() {
        @Override
        public Source source(AppBody body) {
            body.signal.update(() -> body.taken = true);
            return Source.of(body);
        }

        @Override
        public void discard(AppBody body) {
            body.cancel();
        }
    };

    private final Signal signal;
    // Guarded by the signal.
    private boolean taken;
    private boolean unwanted;
    private long demand;
    private Flow.@Nullable Subscriber<? super List<ByteBuffer>> subscriber;

    AppBody(Signal signal) {
        this.signal = signal;
    }

    /** Whether the cache reads it, to store it. For use under the signal. */
    boolean isTaken() {
        return taken;
    }

    /** Whether nobody reads it, or ever will. For use under the signal. */
    boolean isUnwanted() {
        return unwanted;
    }

    /** Whether a piece has been asked for. For use under the signal. */
    boolean isAskedFor() {
        return demand > 0 && subscriber != null;
    }

    /** Whether the end can be told to someone. For use under the signal. */
    boolean isSubscribed() {
        return subscriber != null;
    }

    @Override
    public void subscribe(Flow.Subscriber<? super List<ByteBuffer>> subscriber) {
        signal.update(() -> this.subscriber = subscriber);
        subscriber.onSubscribe(this);
    }

    @Override
    public void request(long n) {
        signal.update(() -> demand = demand + n < 0 ? Long.MAX_VALUE : demand + n);
    }

    @Override
    public void cancel() {
        signal.update(() -> unwanted = true);
    }

    /** Hands on a piece that has been asked for. */
    void deliver(ByteBuffer piece) {
        signal.update(() -> demand--);
        Flow.Subscriber<? super List<ByteBuffer>> to = subscriber;
        if (to != null) {
            to.onNext(List.of(piece));
        }
    }

    /** It ended as it should. */
    void complete() {
        Flow.Subscriber<? super List<ByteBuffer>> to = subscriber;
        if (to != null) {
            to.onComplete();
        }
    }

    /** It broke off. */
    void fail(Throwable failure) {
        Flow.Subscriber<? super List<ByteBuffer>> to = subscriber;
        if (to != null) {
            to.onError(failure);
        }
    }
}
