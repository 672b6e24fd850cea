package dev.larder.engine;

import dev.larder.rules.StoredResponse;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Remove what must not be reused. It happens before the answer is released, so that whoever has seen the answer sees its
 * effect.
 */
public final class Invalidate implements CacheStep {
    private final Set<String> keys;
    private final List<StoredResponse> entries;
    private final @Nullable Predicate<StoredResponse> condition;
    private final CacheStep next;

    Invalidate(
            Set<String> keys,
            List<StoredResponse> entries,
            @Nullable Predicate<StoredResponse> condition,
            CacheStep next) {
        this.keys = keys;
        this.entries = entries;
        this.condition = condition;
        this.next = next;
    }

    /** Keys of which every variant is to be removed, and no response that is being fetched now may be stored. */
    public Set<String> keys() {
        return keys;
    }

    /** Single entries to be removed. */
    public List<StoredResponse> entries() {
        return entries;
    }

    /** What else is to be removed, wherever it is stored, or null; then nothing that is being fetched now may be stored. */
    public @Nullable Predicate<StoredResponse> condition() {
        return condition;
    }

    /** Removed, or reported to the listener as not removable. */
    public CacheStep done() {
        return next;
    }

    @Override
    public <R, X extends Exception> R accept(StepHandler<R, X> handler) throws X {
        return handler.invalidate(this);
    }
}
