package dev.larder.engine;

import dev.larder.rules.Candidate;

/**
 * Share one origin request with other requests for the same key (RFC 9111 4). The first to come leads: it forwards, and
 * the others wait for the head of its response. Each of them decides for itself whether that response answers it.
 */
public final class Join implements CacheStep {
    private final Exchange exchange;
    private final Forward forward;

    Join(Exchange exchange, Forward forward) {
        this.exchange = exchange;
        this.forward = forward;
    }

    /** Requests with equal keys may share. */
    public String key() {
        return exchange.key();
    }

    /** No other request is under way: this one goes to the origin, for all that follow. */
    public Forward lead() {
        return forward;
    }

    /** The leader gave up, or something was stored meanwhile: look again, and maybe lead. */
    public Lookup again() {
        return exchange.lookup();
    }

    /** The leader's response is not for sharing: this one goes to the origin, for itself alone. */
    public Forward alone() {
        return forward;
    }

    /**
     * The leader has a response that is being stored, or has just been confirmed.
     *
     * @param now milliseconds since the epoch
     * @return an outcome that serves it, or {@link #alone()} when this request must not be answered with it
     */
    public CacheStep followed(Candidate shared, long now) {
        return exchange.followed(shared, forward, now);
    }

    @Override
    public <R, X extends Exception> R accept(StepHandler<R, X> handler) throws X {
        return handler.join(this);
    }
}
