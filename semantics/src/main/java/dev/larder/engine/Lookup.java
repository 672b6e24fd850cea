package dev.larder.engine;

import dev.larder.rules.Candidate;
import java.util.List;

/** Read the heads of all entries stored under a key. */
public final class Lookup implements CacheStep {
    private final Exchange exchange;

    Lookup(Exchange exchange) {
        this.exchange = exchange;
    }

    /** The primary key. */
    public String key() {
        return exchange.key();
    }

    /**
     * The storage answered; when it failed, with no candidates.
     *
     * @param candidates all variants of the key, in any order
     * @param now milliseconds since the epoch
     */
    public CacheStep found(List<? extends Candidate> candidates, long now) {
        return exchange.found(candidates, now);
    }

    @Override
    public <R, X extends Exception> R accept(StepHandler<R, X> handler) throws X {
        return handler.lookup(this);
    }
}
