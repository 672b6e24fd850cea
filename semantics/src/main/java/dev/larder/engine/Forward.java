package dev.larder.engine;

import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;

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
        return exchange.responded(head, sentAt, receivedAt);
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
