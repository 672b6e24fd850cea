package dev.larder.engine;

import dev.larder.rules.StoredResponse;
import java.util.List;
import java.util.function.Supplier;

/** Replace the heads of entries that the origin confirmed (RFC 9111 4.3.4); their bodies stay as they are. */
public final class Freshen implements CacheStep {
    private final List<StoredResponse> updated;
    private final Supplier<CacheStep> done;
    private final Supplier<CacheStep> vanished;

    Freshen(List<StoredResponse> updated, Supplier<CacheStep> done, Supplier<CacheStep> vanished) {
        this.updated = updated;
        this.done = done;
        this.vanished = vanished;
    }

    /** The new heads under their old ids; the first is the one to be served. */
    public List<StoredResponse> updated() {
        return updated;
    }

    /** The heads are replaced, or the storage failed to do so, which harms nobody. */
    public CacheStep done() {
        return done.get();
    }

    /** The first entry is no longer there. */
    public CacheStep vanished() {
        return vanished.get();
    }

    @Override
    public <R, X extends Exception> R accept(StepHandler<R, X> handler) throws X {
        return handler.freshen(this);
    }
}
