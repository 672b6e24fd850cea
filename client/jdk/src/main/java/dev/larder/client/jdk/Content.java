package dev.larder.client.jdk;

import dev.larder.engine.RequestContent;
import dev.larder.policy.CacheControls;
import java.io.ByteArrayOutputStream;
import java.net.http.HttpRequest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** What is known of a request's content. */
final class Content {
    /** Content up to this length is held in memory when it is part of the key. */
    private static final int LIMIT = 1024 * 1024;

    /** The fields that say what the bytes mean (RFC 10008 2.7): equal bytes of another type are other content. */
    private static final List<String> DESCRIBING =
            List.of("Content-Type", "Content-Encoding", "Content-Language", "Content-Location");

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
        return controls.bodyInKey() && of(request).present();
    }

    /** Reads the content to digest it; content over the limit stays opaque. */
    static CompletableFuture<Known> digested(HttpRequest request) {
        HttpRequest.BodyPublisher publisher = request.bodyPublisher().orElseThrow();
        if (publisher.contentLength() > LIMIT) {
            return CompletableFuture.completedFuture(new Known(RequestContent.OPAQUE, request));
        }
        Collecting collecting = new Collecting();
        publisher.subscribe(collecting);
        return collecting.bytes.thenApply(bytes -> bytes == null
                ? new Known(RequestContent.OPAQUE, request)
                : new Known(
                        RequestContent.ofDigest(digest(request, bytes)),
                        HttpRequest.newBuilder(request, (name, value) -> true)
                                .method(request.method(), HttpRequest.BodyPublishers.ofByteArray(bytes))
                                .build()));
    }

    private static String digest(HttpRequest request, byte[] bytes) {
        MessageDigest sha;
        try {
            sha = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
        for (String name : DESCRIBING) {
            List<String> values = request.headers().allValues(name);
            // Counts and lengths go in first, so that no two different requests make the same input.
            sha.update(ByteBuffer.allocate(4).putInt(values.size()).flip());
            for (String value : values) {
                byte[] text = value.getBytes(StandardCharsets.UTF_8);
                sha.update(ByteBuffer.allocate(4).putInt(text.length).flip());
                sha.update(text);
            }
        }
        return HexFormat.of().formatHex(sha.digest(bytes));
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
            if (collected.size() + piece.remaining() > LIMIT) {
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
