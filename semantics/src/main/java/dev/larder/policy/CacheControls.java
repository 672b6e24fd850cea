package dev.larder.policy;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a caller asks of the cache for one request, beyond what the request's own fields say.
 *
 * <p>Each client attaches it in its own way. Immutable: every {@code with…} method answers a changed copy.
 */
public final class CacheControls {
    /** Nothing asked: the policy and the request's fields decide alone. */
    public static final CacheControls NONE =
            new CacheControls(false, false, false, false, false, null, false, Set.of(), null);

    private final boolean forceCache;
    private final boolean bypass;
    private final boolean bodyInKey;
    private final boolean bodyNormalized;
    private final boolean traced;
    private final @Nullable Duration ttl;
    private final boolean slidingTtl;
    private final Set<String> tags;
    private final @Nullable String partition;

    private CacheControls(
            boolean forceCache,
            boolean bypass,
            boolean bodyInKey,
            boolean bodyNormalized,
            boolean traced,
            @Nullable Duration ttl,
            boolean slidingTtl,
            Set<String> tags,
            @Nullable String partition) {
        this.forceCache = forceCache;
        this.bypass = bypass;
        this.bodyInKey = bodyInKey;
        this.bodyNormalized = bodyNormalized;
        this.traced = traced;
        this.ttl = ttl;
        this.slidingTtl = slidingTtl;
        this.tags = tags;
        this.partition = partition;
    }

    /**
     * Stores the response and serves it until its time to live ends, whatever its own fields say. The response to a
     * request with this control is stored even where the specification forbids it; use it for servers that are known
     * to send careless fields.
     */
    public CacheControls withForceCache() {
        return new CacheControls(true, bypass, bodyInKey, bodyNormalized, traced, ttl, slidingTtl, tags, partition);
    }

    /** Neither reads from the cache nor stores. An unsafe method still invalidates (RFC 9111 4.4). */
    public CacheControls withBypass() {
        return new CacheControls(forceCache, true, bodyInKey, bodyNormalized, traced, ttl, slidingTtl, tags, partition);
    }

    /**
     * Makes a digest of the request's content part of the key, which declares the request to be a query: requests with
     * equal content share a stored response and do not invalidate. For POST, QUERY and GET; other methods pass through as
     * ever. Content larger than what the client adapter is willing to hold in memory bypasses the cache.
     */
    public CacheControls withBodyInKey() {
        return new CacheControls(forceCache, bypass, true, bodyNormalized, traced, ttl, slidingTtl, tags, partition);
    }

    /**
     * As {@link #withBodyInKey}, and content that means the same counts as equal: with or without gzip, and JSON whatever its
     * white space and the order of its members (RFC 10008 2.7). What is sent to the origin stays as it is.
     */
    public CacheControls withNormalizedBodyInKey() {
        return new CacheControls(forceCache, bypass, true, true, traced, ttl, slidingTtl, tags, partition);
    }

    /** Records every rule that is asked, for {@code CacheInfo.trace()}. Costs time; off by default. */
    public CacheControls withTrace() {
        return new CacheControls(forceCache, bypass, bodyInKey, bodyNormalized, true, ttl, slidingTtl, tags, partition);
    }

    /**
     * Removes the stored response this long after it was stored, fresh or not; overrides the time to live of the
     * storage and of the policy.
     *
     * @param ttl positive, in units down to the millisecond
     */
    public CacheControls withTtl(Duration ttl) {
        return new CacheControls(
                forceCache, bypass, bodyInKey, bodyNormalized, traced, positive(ttl), false, tags, partition);
    }

    /** As {@link #withTtl}, counted from the last use instead of from storing. */
    public CacheControls withSlidingTtl(Duration ttl) {
        return new CacheControls(
                forceCache, bypass, bodyInKey, bodyNormalized, traced, positive(ttl), true, tags, partition);
    }

    /** Labels the stored response, for invalidation by tag. Adds to tags already given. */
    public CacheControls withTags(String... tags) {
        Set<String> all = new LinkedHashSet<>(this.tags);
        for (String tag : tags) {
            all.add(Objects.requireNonNull(tag, "tag"));
        }
        return new CacheControls(
                forceCache,
                bypass,
                bodyInKey,
                bodyNormalized,
                traced,
                ttl,
                slidingTtl,
                Collections.unmodifiableSet(all),
                partition);
    }

    /**
     * Keeps this request's responses apart from those of other partitions, such as other users or tenants of one cache: none is
     * answered with what another has stored (RFC 9111 2, 7.2). What a request invalidates it invalidates in its own
     * partition.
     *
     * @param partition any text; it is part of the key, so it should hold no secret
     */
    public CacheControls withPartition(String partition) {
        return new CacheControls(
                forceCache,
                bypass,
                bodyInKey,
                bodyNormalized,
                traced,
                ttl,
                slidingTtl,
                tags,
                Objects.requireNonNull(partition, "partition"));
    }

    /** A key of this partition; no key that is made of a URI goes on after a space as this does. */
    public String partitioned(String key) {
        return partition == null ? key : key + " @" + partition;
    }

    /** The partition, or null for the one without a name. */
    public @Nullable String partition() {
        return partition;
    }

    /** Whether the caller wants the response cached whatever its fields say. */
    public boolean forceCache() {
        return forceCache;
    }

    /** Whether the cache is to stand aside. */
    public boolean bypass() {
        return bypass;
    }

    /** Whether a digest of the content belongs to the key. */
    public boolean bodyInKey() {
        return bodyInKey;
    }

    /** Whether content that means the same counts as equal. */
    public boolean bodyNormalized() {
        return bodyNormalized;
    }

    /** Whether every rule asked is recorded. */
    public boolean traced() {
        return traced;
    }

    /** The time to live asked for, or null when the storage's or the policy's holds. */
    public @Nullable Duration ttl() {
        return ttl;
    }

    /** Whether {@link #ttl()} counts from the last use. */
    public boolean slidingTtl() {
        return slidingTtl;
    }

    /** The tags given, in order. */
    public Set<String> tags() {
        return tags;
    }

    private static Duration positive(Duration ttl) {
        if (ttl.isZero() || ttl.isNegative()) {
            throw new IllegalArgumentException("ttl must be positive, was " + ttl);
        }
        return ttl;
    }
}
