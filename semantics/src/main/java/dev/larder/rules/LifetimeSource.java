package dev.larder.rules;

/** Where a freshness lifetime comes from (RFC 9111 4.2.1). */
public enum LifetimeSource {
    /** The s-maxage directive, in a shared cache. */
    S_MAXAGE("s-maxage"),
    /** The max-age directive. */
    MAX_AGE("max-age"),
    /** Expires minus Date. */
    EXPIRES("Expires"),
    /** A part of the time since Last-Modified (RFC 9111 4.2.2). */
    HEURISTIC("heuristic"),
    /** The policy gives a lifetime to responses that state none. */
    CONFIGURED("configured"),
    /** Explicit, but invalid or contradictory: counts as stale. */
    INVALID("invalid"),
    /** There is none. */
    NONE("none");

    private final String text;

    LifetimeSource(String text) {
        this.text = text;
    }

    /** Whether the response states its lifetime itself, be it validly or not. */
    public boolean explicit() {
        return this != HEURISTIC && this != CONFIGURED && this != NONE;
    }

    /** The directive or field, or what stands in for it. */
    @Override
    public String toString() {
        return text;
    }
}
