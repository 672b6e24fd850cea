package dev.larder.client.apache;

import dev.larder.client.ContentDigest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.nio.AsyncEntityProducer;
import org.apache.hc.core5.http.nio.DataStreamChannel;
import org.jspecify.annotations.Nullable;

/** Collects what a producer produces, at its pace, until it is too long for a key. */
final class CollectingChannel implements DataStreamChannel {
    private final AsyncEntityProducer producer;
    private final Turns turns = new Turns(this::collectMore);
    private final ByteArrayOutputStream collected = new ByteArrayOutputStream();
    private final CompletableFuture<byte[]> bytes = new CompletableFuture<>();

    CollectingChannel(AsyncEntityProducer producer) {
        this.producer = producer;
    }

    /** Completes with all of it, or with more than {@link ContentDigest#MOST_BYTES} of it. */
    CompletableFuture<byte[]> collect() {
        requestOutput();
        return bytes;
    }

    @Override
    public void requestOutput() {
        turns.run();
    }

    private void collectMore() {
        try {
            while (!bytes.isDone()) {
                producer.produce(this);
                if (producer.available() <= 0) {
                    return;
                }
            }
        } catch (IOException | RuntimeException e) {
            bytes.completeExceptionally(e);
        }
    }

    @Override
    public int write(ByteBuffer piece) {
        byte[] copy = new byte[piece.remaining()];
        piece.get(copy);
        collected.writeBytes(copy);
        if (collected.size() > ContentDigest.MOST_BYTES) {
            if (!producer.isRepeatable()) {
                bytes.completeExceptionally(new IOException("the request's content is longer than it was said to be"));
            }
            endStream();
        }
        return copy.length;
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
