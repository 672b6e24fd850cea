package dev.larder.engine;

import dev.larder.rules.Candidate;
import java.util.List;

/** Read the heads of all entries stored under a key. */
public final class Lookup implements CacheStep {
    private final Exchange exchange;
    private final String key;
    private final boolean further;

    Lookup(Exchange exchange, String key, boolean further) {
        this.exchange = exchange;
        this.key = key;
        this.further = further;
    }

    /** The key to look under. */
    public String key() {
        return key;
    }

    /** Whether this goes on with a lookup that found nothing, under another key of the same request. */
    public boolean further() {
        return further;
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
