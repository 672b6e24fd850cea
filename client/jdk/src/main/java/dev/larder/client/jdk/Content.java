package dev.larder.client.jdk;

import dev.larder.client.ContentDigest;
import dev.larder.engine.RequestContent;
import dev.larder.policy.CacheControls;
import java.io.ByteArrayOutputStream;
import java.net.http.HttpRequest;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** What is known of a request's content. */
final class Content {
    private Content() {}

    /** Content, and the request to send: the bytes of a digested one have been read, so it sends them from memory. */
    record Known(RequestContent content, HttpRequest request) {}

    /** What is known without reading it. */
    static RequestContent of(HttpRequest request) {
        HttpRequest.BodyPublisher publisher = request.bodyPublisher().orElse(null);
        return publisher == null || publisher.contentLength() == 0 ? RequestContent.NONE : RequestContent.OPAQUE;
    }

    /** Whether {@link #digested} has something to do. */
    static boolean isForKey(HttpRequest request, CacheControls controls) {
        return ContentDigest.isForKey(request.method(), controls) && of(request).present();
    }

    /** Reads the content to digest it; content over the limit stays opaque. */
    static CompletableFuture<Known> digested(HttpRequest request, CacheControls controls) {
        HttpRequest.BodyPublisher publisher = request.bodyPublisher().orElseThrow();
        if (publisher.contentLength() > ContentDigest.MOST_BYTES) {
            return CompletableFuture.completedFuture(new Known(RequestContent.OPAQUE, request));
        }
        Collecting collecting = new Collecting();
        publisher.subscribe(collecting);
        return collecting.bytes.thenApply(bytes -> bytes == null
                ? new Known(RequestContent.OPAQUE, request)
                : new Known(
                        ContentDigest.known(Fields.of(request.headers()), bytes, controls),
                        HttpRequest.newBuilder(request, (name, value) -> true)
                                .method(request.method(), HttpRequest.BodyPublishers.ofByteArray(bytes))
                                .build()));
    }

    /** Collects up to the limit; completes with null beyond it. */
    private static final class Collecting implements Flow.Subscriber<ByteBuffer> {
        private final CompletableFuture<byte @Nullable []> bytes = new CompletableFuture<>();
        private final ByteArrayOutputStream collected = new ByteArrayOutputStream();
        private Flow.@Nullable Subscription subscription;

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            this.subscription = subscription;
            subscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(ByteBuffer piece) {
            if (collected.size() + piece.remaining() > ContentDigest.MOST_BYTES) {
                if (subscription != null) {
                    subscription.cancel();
                }
                bytes.complete(null);
                return;
            }
            byte[] copy = new byte[piece.remaining()];
            piece.get(copy);
            collected.writeBytes(copy);
        }

        @Override
        public void onError(Throwable failure) {
            bytes.completeExceptionally(failure);
        }

        @Override
        public void onComplete() {
            bytes.complete(collected.toByteArray());
        }
    }
}
