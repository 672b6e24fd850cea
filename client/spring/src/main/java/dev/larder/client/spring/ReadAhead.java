package dev.larder.client.spring;

import dev.larder.client.ContentDigest;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.util.context.Context;

/**
 * Content that is read for the key, with one subscription, whatever its length: of content that turns out too long, what
 * has been read and what is still to come is there to be sent, once.
 */
final class ReadAhead implements CoreSubscriber<DataBuffer>, Publisher<DataBuffer> {
    private final MonoSink<ReadAhead> found;
    private volatile @Nullable Subscription source;
    private volatile @Nullable Subscriber<? super DataBuffer> rest;
    private volatile @Nullable Throwable failure;
    private volatile boolean tooLong;

    private final ReentrantLock lock = new ReentrantLock();
    // Guarded by the lock.
    private final List<DataBuffer> read = new ArrayList<>();
    private long length;
    /** What has been read belongs to someone, or to nobody any more. */
    private boolean taken;
    /** Whoever takes the rest can be told of its end. */
    private boolean introduced;

    private boolean over;

    private ReadAhead(MonoSink<ReadAhead> found) {
        this.found = found;
    }

    /** Reads until the end, or until it is too long for a key. */
    static Mono<ReadAhead> of(Publisher<? extends DataBuffer> content) {
        return Mono.create(found -> {
            ReadAhead ahead = new ReadAhead(found);
            found.onCancel(ahead::release);
            content.subscribe(ahead);
        });
    }

    /** All of it, whose buffers are released then; null when it is too long, and this is to be sent. */
    byte @Nullable [] all() {
        if (tooLong) {
            return null;
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (DataBuffer buffer : take()) {
            byte[] piece = new byte[buffer.readableByteCount()];
            buffer.read(piece);
            DataBufferUtils.release(buffer);
            bytes.writeBytes(piece);
        }
        return bytes.toByteArray();
    }

    private List<DataBuffer> take() {
        lock.lock();
        try {
            taken = true;
            List<DataBuffer> all = List.copyOf(read);
            read.clear();
            return all;
        } finally {
            lock.unlock();
        }
    }

    /** Gives up what has been read and is not being sent. */
    void release() {
        List<DataBuffer> unread;
        lock.lock();
        try {
            if (taken) {
                return;
            }
            unread = take();
        } finally {
            lock.unlock();
        }
        Subscription known = source;
        if (known != null) {
            known.cancel();
        }
        unread.forEach(DataBufferUtils::release);
    }

    @Override
    public void subscribe(Subscriber<? super DataBuffer> subscriber) {
        boolean again;
        List<DataBuffer> first;
        lock.lock();
        try {
            again = taken;
            first = take();
        } finally {
            lock.unlock();
        }
        Flux<DataBuffer> all = again
                ? Flux.error(new IllegalStateException("content that is too long for a key is sent once"))
                : Flux.fromIterable(first).concatWith(this::subscribeToRest);
        all.subscribe(subscriber);
    }

    private void subscribeToRest(Subscriber<? super DataBuffer> subscriber) {
        Subscription known = source;
        if (known == null) {
            throw new IllegalStateException("content that has been read has been subscribed to");
        }
        rest = subscriber;
        subscriber.onSubscribe(known);
        boolean ended;
        lock.lock();
        try {
            introduced = true;
            ended = over;
        } finally {
            lock.unlock();
        }
        if (ended) {
            end(subscriber);
        }
    }

    @Override
    public Context currentContext() {
        return Context.of(found.contextView());
    }

    @Override
    public void onSubscribe(Subscription subscription) {
        source = subscription;
        subscription.request(1);
    }

    @Override
    public void onNext(DataBuffer piece) {
        Subscriber<? super DataBuffer> to = rest;
        if (to != null) {
            to.onNext(piece);
            return;
        }
        Subscription known = source;
        lock.lock();
        try {
            if (taken) {
                DataBufferUtils.release(piece);
                return;
            }
            read.add(piece);
            length += piece.readableByteCount();
            tooLong = length > ContentDigest.MOST_BYTES;
        } finally {
            lock.unlock();
        }
        if (tooLong) {
            found.success(this);
        } else if (known != null) {
            known.request(1);
        }
    }

    @Override
    public void onError(Throwable cause) {
        failure = cause;
        onComplete();
    }

    @Override
    public void onComplete() {
        Subscriber<? super DataBuffer> to;
        lock.lock();
        try {
            over = true;
            to = introduced ? rest : null;
        } finally {
            lock.unlock();
        }
        Throwable cause = failure;
        if (to != null) {
            end(to);
        } else if (tooLong) {
            // Whoever sends it will be told.
            return;
        } else if (cause == null) {
            found.success(this);
        } else {
            release();
            found.error(cause);
        }
    }

    private void end(Subscriber<? super DataBuffer> to) {
        Throwable cause = failure;
        if (cause == null) {
            to.onComplete();
        } else {
            to.onError(cause);
        }
    }
}
