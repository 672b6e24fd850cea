package dev.larder;

import dev.larder.engine.CacheResult;

/**
 * What a cache has done since it was built. The five results add up to the requests.
 *
 * @param hits answered from the cache, see {@link CacheResult#HIT}
 * @param revalidated see {@link CacheResult#REVALIDATED}
 * @param stale see {@link CacheResult#STALE}
 * @param misses see {@link CacheResult#MISS}
 * @param bypassed see {@link CacheResult#BYPASSED}
 * @param collapsed how many of the hits shared another request's origin request
 * @param failed requests that ended with the origin's failure; not among the five
 * @param stored responses stored completely
 * @param invalidated entries removed because they must not be reused
 * @param storageFailures failures of the storage
 */
public record CacheStatistics(
        long hits,
        long revalidated,
        long stale,
        long misses,
        long bypassed,
        long collapsed,
        long failed,
        long stored,
        long invalidated,
        long storageFailures) {
    /** All requests that got an answer. */
    public long requests() {
        return hits + revalidated + stale + misses + bypassed;
    }

    /** The part of the requests that the origin's content was not needed for, from 0 to 1; 0 without requests. */
    public double hitRatio() {
        long requests = requests();
        return requests == 0 ? 0 : (double) (hits + revalidated + stale) / requests;
    }
}
