package dev.larder.client.jdk;

import dev.larder.client.BodyKind;
import dev.larder.client.Source;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** The JDK client's response whose body has not been read, and what the cache does with it. */
record OriginBody(HttpResponse<Flow.Publisher<List<ByteBuffer>>> response) {
    static final BodyKind<OriginBody> KIND = new BodyKind<>() {
        @Override
        public Source source(OriginBody body) {
            return Source.of(body.response.body());
        }

        @Override
        public void discard(OriginBody body) {
            body.response.body().subscribe(new Discarding());
        }
    };

    /** Reads a short rest so that the connection can be used again, and gives up a long one. */
    private static final class Discarding implements Flow.Subscriber<List<ByteBuffer>> {
        private static final long WORTH_READING = 64 * 1024;

        private Flow.@Nullable Subscription subscription;
        private long read;

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            this.subscription = subscription;
            subscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(List<ByteBuffer> piece) {
            for (ByteBuffer bytes : piece) {
                read += bytes.remaining();
            }
            Flow.Subscription open = subscription;
            if (read > WORTH_READING && open != null) {
                open.cancel();
            }
        }

        @Override
        public void onError(Throwable failure) {
            // Nobody waits for this body, so its failure concerns nobody.
        }

        @Override
        public void onComplete() {}
    }
}
