package dev.larder.client.apache;

import dev.larder.client.ContentDigest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.nio.AsyncEntityProducer;
import org.apache.hc.core5.http.nio.DataStreamChannel;
import org.jspecify.annotations.Nullable;

/** Collects what a producer produces, at its pace, up to {@link ContentDigest#MOST_BYTES}. */
final class CollectingChannel implements DataStreamChannel {
    private final AsyncEntityProducer producer;
    private final AtomicInteger working = new AtomicInteger();
    private final ByteArrayOutputStream collected = new ByteArrayOutputStream();
    private final CompletableFuture<byte @Nullable []> bytes = new CompletableFuture<>();

    CollectingChannel(AsyncEntityProducer producer) {
        this.producer = producer;
    }

    /** Completes with null when it is too long. */
    CompletableFuture<byte @Nullable []> collect() {
        requestOutput();
        return bytes;
    }

    @Override
    public void requestOutput() {
        if (working.getAndIncrement() != 0) {
            return;
        }
        int missed = working.get();
        do {
            try {
                do {
                    producer.produce(this);
                } while (!bytes.isDone() && producer.available() > 0);
            } catch (IOException | RuntimeException e) {
                bytes.completeExceptionally(e);
            }
            missed = working.addAndGet(-missed);
        } while (missed != 0 && !bytes.isDone());
    }

    @Override
    public int write(ByteBuffer piece) {
        int length = piece.remaining();
        byte[] copy = new byte[length];
        piece.get(copy);
        if (collected.size() + length <= ContentDigest.MOST_BYTES) {
            collected.writeBytes(copy);
        } else if (producer.isRepeatable()) {
            bytes.complete(null);
        } else {
            bytes.completeExceptionally(new IOException("the request's content is longer than it was said to be"));
        }
        return length;
    }

    @Override
    public void endStream() {
        bytes.complete(collected.toByteArray());
    }

    @Override
    public void endStream(@Nullable List<? extends Header> trailers) {
        endStream();
    }
}
