package dev.larder.engine;

/** How a response came about. */
public enum CacheResult {
    /** Answered from the cache without asking the origin; the stored response is fresh, or its reuse is forced. */
    HIT,
    /** Answered from the cache after the origin confirmed the stored response. */
    REVALIDATED,
    /** Answered from the cache with a stale response that something allows. */
    STALE,
    /** The origin answered. */
    MISS,
    /** The origin answered, and the cache stood aside. */
    BYPASSED
}
