package dev.larder.storage.s3;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.core.async.SdkPublisher;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;

/** Collects what a GET answers into one array of just its length, unless that is more than was expected. */
final class WholeObject implements AsyncResponseTransformer<GetObjectResponse, WholeObject.Fetched> {
    /** An object, or a part of it. */
    static final class Fetched {
        final String etag;
        /** Null when it is longer than it may be. */
        final byte @Nullable [] bytes;

        Fetched(String etag, byte @Nullable [] bytes) {
            this.etag = etag;
            this.bytes = bytes;
        }
    }

    private final int limit;
    private volatile CompletableFuture<Fetched> result = new CompletableFuture<>();
    private volatile @Nullable GetObjectResponse response;

    WholeObject(int limit) {
        this.limit = limit;
    }

    @Override
    public CompletableFuture<Fetched> prepare() {
        // Once for each attempt.
        result = new CompletableFuture<>();
        return result;
    }

    @Override
    public void onResponse(GetObjectResponse answer) {
        response = answer;
    }

    @Override
    public void exceptionOccurred(Throwable error) {
        result.completeExceptionally(error);
    }

    @Override
    public void onStream(SdkPublisher<ByteBuffer> publisher) {
        GetObjectResponse head = response;
        Long length = head == null ? null : head.contentLength();
        String etag = head == null || head.eTag() == null ? "" : head.eTag();
        publisher.subscribe(new Collector(result, etag, length == null ? -1 : length));
    }

    private final class Collector implements Subscriber<ByteBuffer> {
        private final CompletableFuture<Fetched> future;
        private final String etag;
        private final long length;
        private byte[] bytes = {};
        private int count;
        private @Nullable Subscription subscription;

        Collector(CompletableFuture<Fetched> future, String etag, long length) {
            this.future = future;
            this.etag = etag;
            this.length = length;
        }

        @Override
        public void onSubscribe(Subscription s) {
            subscription = s;
            if (length < 0) {
                future.completeExceptionally(new IOException("the answer does not say how long it is"));
                s.cancel();
            } else if (length > limit) {
                future.complete(new Fetched(etag, null));
                s.cancel();
            } else {
                bytes = new byte[(int) length];
                s.request(Long.MAX_VALUE);
            }
        }

        @Override
        public void onNext(ByteBuffer piece) {
            int n = piece.remaining();
            if (n > bytes.length - count) {
                future.completeExceptionally(new IOException("the answer is longer than it says"));
                if (subscription != null) {
                    subscription.cancel();
                }
                return;
            }
            piece.get(bytes, count, n);
            count += n;
        }

        @Override
        public void onError(Throwable error) {
            future.completeExceptionally(error);
        }

        @Override
        public void onComplete() {
            if (count == length) {
                future.complete(new Fetched(etag, bytes));
            } else {
                future.completeExceptionally(new IOException("the answer is shorter than it says"));
            }
        }
    }
}
