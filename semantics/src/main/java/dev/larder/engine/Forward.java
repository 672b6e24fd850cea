package dev.larder.engine;

import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;
import dev.larder.rules.Reason;
import org.jspecify.annotations.Nullable;

/** Send a request to the origin and wait for the head of its final response. */
public final class Forward implements CacheStep {
    private final Exchange exchange;
    private final RequestHead request;

    Forward(Exchange exchange, RequestHead request) {
        this.exchange = exchange;
        this.request = request;
    }

    /** The request to send: the caller's, possibly with validators. */
    public RequestHead request() {
        return request;
    }

    /**
     * The head arrived.
     *
     * @param head the final response's head
     * @param sentAt when the request was sent, in milliseconds since the epoch
     * @param receivedAt when the head arrived
     * @return the next step. A body that came with the head belongs to the next {@link Outcome.StoreAndServe} or
     *     {@link Outcome.Relay}; any other outcome, or another Forward, means that it has to be discarded
     */
    public CacheStep responded(ResponseHead head, long sentAt, long receivedAt) {
        return responded(head, null, sentAt, receivedAt);
    }

    /**
     * The head arrived, by a way that may know more of the response than its head says.
     *
     * @param keptOut why the response must not be stored, whatever its head says; null if it may be
     */
    public CacheStep responded(ResponseHead head, @Nullable Reason keptOut, long sentAt, long receivedAt) {
        return exchange.responded(head, keptOut, sentAt, receivedAt);
    }

    /**
     * No head arrived.
     *
     * @param failure what the client reported; the caller gets it if nothing may stand in
     * @param now milliseconds since the epoch
     */
    public CacheStep failed(Throwable failure, long now) {
        return exchange.failed(failure, now);
    }

    @Override
    public <R, X extends Exception> R accept(StepHandler<R, X> handler) throws X {
        return handler.forward(this);
    }
}
