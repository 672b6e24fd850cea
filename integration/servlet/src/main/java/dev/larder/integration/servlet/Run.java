package dev.larder.integration.servlet;

import dev.larder.client.Answer;
import dev.larder.client.Body;
import dev.larder.client.Origin;
import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;
import dev.larder.rules.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One run of the application, and where what it writes goes. All methods are called on the thread that the application
 * writes on, so that the client's stream is written by that thread, too.
 *
 * <p>When the application's head is known, {@link #respond} gives it to the cache and waits for what the cache makes of
 * it. From then on each piece goes straight to the client; or to the storage, and from there to the client on its way
 * back through this run's own reader; or nowhere, because the client gets something else.
 */
final class Run {
    private enum Mode {
        UNDECIDED,
        /** To the client; the cache has nothing to do with it. */
        RELAYED,
        /** Through the cache, which stores it. */
        STORED,
        /** The client is answered with something else, or has been. */
        DROPPED
    }

    private final Exchange exchange;
    private final RequestHead request;
    private final boolean background;
    private final CompletableFuture<Origin.Response<AppBody>> response = new CompletableFuture<>();
    private final AppBody body;
    private final Signal signal;

    private volatile Mode mode = Mode.UNDECIDED;
    private volatile boolean async;
    private volatile boolean dispatching;
    private @Nullable ClientReader reader;
    /** How many bytes the application has written into the storage. */
    private long written;
    /** Why the client could not be written to any more. */
    private @Nullable IOException clientGone;

    /** The client's own condition makes the answer a 304, whose body is stored all the same. */
    private boolean withoutBody;

    private volatile boolean ended;

    Run(Exchange exchange, RequestHead request, boolean background, Signal signal) {
        this.exchange = exchange;
        this.request = request;
        this.background = background;
        this.signal = signal;
        this.body = new AppBody(signal);
    }

    /** What the application is to see: the client's request, with conditions of the cache's. */
    RequestHead request() {
        return request;
    }

    /** Whether the client has its answer already, and the application runs for the storage's sake. */
    boolean background() {
        return background;
    }

    CompletableFuture<Origin.Response<AppBody>> response() {
        return response;
    }

    Exchange exchange() {
        return exchange;
    }

    /** Whether the application has asked to be dispatched to, and has not been yet. */
    boolean dispatching() {
        return dispatching;
    }

    void dispatching(boolean asked) {
        dispatching = asked;
    }

    boolean ended() {
        return ended;
    }

    boolean responded() {
        return mode != Mode.UNDECIDED;
    }

    /** Whether what the application writes is what the client gets. */
    boolean answersClient() {
        return mode == Mode.RELAYED || (mode == Mode.STORED && !background);
    }

    /** Whether what the application writes goes to the client unchanged and at once. */
    boolean relayed() {
        return mode == Mode.RELAYED;
    }

    /** Whether the application goes on after it has returned. */
    boolean async() {
        return async;
    }

    void async(boolean started) {
        async = started;
    }

    /**
     * Gives the cache the application's head, and the client the head of the answer if that is the application's.
     *
     * @param storable false when the body cannot be had for storing
     */
    void respond(ResponseHead head, boolean storable, @Nullable Supplier<Map<String, String>> trailers)
            throws IOException {
        response.complete(new Origin.Response<>(head, body, storable ? null : Reason.BODY_UNSEEN));
        if (background) {
            signal.await(() -> body.isTaken() || exchange.isRefused(body));
            mode = signal.test(body::isTaken) ? Mode.STORED : Mode.DROPPED;
            return;
        }
        Answer<AppBody> answer = exchange.verdict(body);
        if (answer != null && answer.relayed() == body) {
            withoutBody = exchange.writeHead(answer.head(), answer.info(), trailers);
            mode = Mode.RELAYED;
        } else if (answer != null && signal.test(body::isTaken)) {
            Body stored = answer.body();
            if (stored == null) {
                throw new IllegalStateException("a body that is being stored is the cache's");
            }
            withoutBody = exchange.writeHead(answer.head(), answer.info(), trailers);
            ClientReader own = new ClientReader();
            reader = own;
            mode = Mode.STORED;
            stored.publisher().subscribe(own);
        } else {
            mode = Mode.DROPPED;
        }
    }

    /** Writes a piece of the body; the array is not used again. */
    void write(byte[] bytes, int offset, int length) throws IOException {
        if (mode == Mode.RELAYED && !withoutBody) {
            exchange.clientOutput().write(bytes, offset, length);
        } else if (mode == Mode.STORED && length > 0) {
            store(ByteBuffer.wrap(bytes, offset, length));
        }
    }

    private void store(ByteBuffer piece) throws IOException {
        written += piece.remaining();
        awaitPassingOn(body::isAskedFor);
        if (signal.test(body::isUnwanted)) {
            if (clientGone != null) {
                // As without the cache. While others read, the application goes on for them.
                throw clientGone;
            }
            return;
        }
        body.deliver(piece);
        awaitPassingOn(() -> reader == null || reader.ended || reader.received >= written);
        failIfBroken();
    }

    /** Passes on what comes back to the client until a condition holds, or nobody reads. */
    private void awaitPassingOn(BooleanSupplier condition) throws IOException {
        ClientReader own = reader;
        do {
            signal.await(() -> (own != null && !own.pieces.isEmpty()) || condition.getAsBoolean() || body.isUnwanted());
        } while (own != null && passOn(own));
    }

    /** Whether there was a piece. */
    private boolean passOn(ClientReader own) {
        List<ByteBuffer> piece = own.poll();
        if (piece == null) {
            return false;
        }
        passOn(piece, own);
        own.next();
        return true;
    }

    private void passOn(List<ByteBuffer> piece, ClientReader own) {
        if (clientGone == null && !withoutBody) {
            try {
                for (ByteBuffer bytes : piece) {
                    exchange.writeToClient(bytes);
                }
            } catch (IOException e) {
                clientGone = e;
                own.giveUp();
            }
        }
    }

    private void failIfBroken() throws IOException {
        Throwable failure = reader == null ? null : reader.failure;
        if (failure != null) {
            throw new IOException("the response broke off on its way through the cache", failure);
        }
    }

    void flush() throws IOException {
        if (answersClient() && clientGone == null) {
            exchange.flushClient();
        }
    }

    /**
     * The application has written all of it. It is stored before the client sees the last byte, so that who has read a
     * response finds it stored.
     *
     * @param last the last piece, which may be empty
     */
    void complete(byte[] last, int length) throws IOException {
        if (ended) {
            return;
        }
        if (mode != Mode.STORED) {
            write(last, 0, length);
            ended = true;
            return;
        }
        if (length > 0) {
            awaitPassingOn(body::isAskedFor);
            if (!signal.test(body::isUnwanted)) {
                body.deliver(ByteBuffer.wrap(last, 0, length));
            }
        }
        // The end may only be told to who has been told of the beginning.
        signal.await(() -> body.isSubscribed() || body.isUnwanted());
        ended = true;
        if (!signal.test(body::isUnwanted)) {
            body.complete();
        }
        ClientReader own = reader;
        if (own == null) {
            return;
        }
        List<ByteBuffer> held = List.of();
        do {
            signal.await(() -> !own.pieces.isEmpty() || own.ended);
            List<ByteBuffer> piece = own.poll();
            if (piece != null) {
                passOn(held, own);
                held = piece;
                own.next();
            }
        } while (!signal.test(() -> own.ended && own.pieces.isEmpty()));
        passOn(held, own);
        failIfBroken();
    }

    /** The application failed. */
    void fail(Throwable failure) {
        if (ended) {
            return;
        }
        ended = true;
        if (mode == Mode.UNDECIDED) {
            response.completeExceptionally(failure);
        } else if (mode == Mode.STORED) {
            if (signal.test(body::isSubscribed)) {
                body.fail(failure);
            }
            if (reader != null) {
                reader.giveUp();
            }
        }
    }

    /** The client's own reader of what is being stored. */
    private final class ClientReader implements Flow.Subscriber<List<ByteBuffer>> {
        // Guarded by the signal.
        private final ArrayDeque<List<ByteBuffer>> pieces = new ArrayDeque<>(2);
        private long received;
        private boolean ended;
        private volatile @Nullable Throwable failure;
        private volatile Flow.@Nullable Subscription subscription;

        @Nullable
        List<ByteBuffer> poll() {
            return signal.poll(pieces);
        }

        /** The piece before has been passed on. */
        void next() {
            Flow.Subscription open = subscription;
            if (open != null) {
                open.request(1);
            }
        }

        void giveUp() {
            Flow.Subscription open = subscription;
            if (open != null) {
                open.cancel();
            }
            signal.update(() -> {
                pieces.clear();
                ended = true;
            });
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            this.subscription = subscription;
            subscription.request(1);
        }

        @Override
        public void onNext(List<ByteBuffer> piece) {
            signal.update(() -> {
                pieces.add(piece);
                for (ByteBuffer bytes : piece) {
                    received += bytes.remaining();
                }
            });
        }

        @Override
        public void onError(Throwable failure) {
            signal.update(() -> {
                this.failure = failure;
                ended = true;
            });
        }

        @Override
        public void onComplete() {
            signal.update(() -> ended = true);
        }
    }
}
