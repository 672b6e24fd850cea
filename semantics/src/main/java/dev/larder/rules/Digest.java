package dev.larder.rules;

import dev.larder.http.ResponseDirectives;
import dev.larder.policy.CachePolicy;

/**
 * What a hit has to know of a stored response, worked out once when it is stored or freshened, so that serving it is
 * comparisons and not parsing. Immutable.
 *
 * <p>The stored fields remain the truth: a digest of another version or another policy is worked out anew.
 *
 * @param version {@link #VERSION} of the code that made it
 * @param policy {@link CachePolicy#fingerprint()} of the policy that read the fields
 * @param initialAge corrected_initial_age (RFC 9111 4.2.3), in milliseconds, counted at the response time
 * @param lifetime freshness_lifetime (RFC 9111 4.2.1), in milliseconds; negative when Expires is before Date
 * @param lifetimeSource where the lifetime comes from
 * @param noCache whether every reuse needs validation (RFC 9111 5.2.2.4)
 * @param noStale whether stale use is forbidden whatever else allows it (RFC 9111 4.2.4)
 * @param unusable whether this cache may not use it at all, unless it is forced to: no-store, or what keeps it out of a
 *     shared cache
 * @param staleIfError how long past its freshness it may stand in for an error, in milliseconds
 */
public record Digest(
        int version,
        int policy,
        long initialAge,
        long lifetime,
        LifetimeSource lifetimeSource,
        boolean noCache,
        boolean noStale,
        boolean unusable,
        long staleIfError) {
    /** Counted up whenever the meaning of a component changes. */
    public static final int VERSION = 2;

    /** Whether this digest is what the running code would work out for the policy. */
    boolean isOf(CachePolicy policy) {
        return version == VERSION && this.policy == policy.fingerprint();
    }

    static Digest of(StoredResponse stored, CachePolicy policy) {
        EffectiveDirectives effective = EffectiveDirectives.of(stored.fields(), policy);
        ResponseDirectives directives = effective.directives();
        Freshness.Lifetime lifetime = Freshness.lifetime(stored, effective, policy);
        return new Digest(
                VERSION,
                policy.fingerprint(),
                Age.initial(stored, policy),
                lifetime.millis(),
                lifetime.source(),
                StaleUse.isNoCache(directives, policy),
                StaleUse.forbidden(directives, policy),
                isUnusable(stored, effective, policy),
                StaleUse.ifErrorWindow(directives, policy));
    }

    /** What storing would refuse: it can be there all the same, after a 304 or a request that forced it. */
    private static boolean isUnusable(StoredResponse stored, EffectiveDirectives effective, CachePolicy policy) {
        return Storability.isNoStore(effective.directives(), stored.status(), policy)
                || (policy.shared()
                        && Storability.keepsOutOfShared(stored.authorized(), stored.fields(), effective, policy)
                                != null);
    }

    /** current_age (RFC 9111 4.2.3) in milliseconds; never negative, even when the clock went back. */
    public long currentAge(StoredResponse stored, long now) {
        return initialAge + Math.max(0, now - stored.responseTime());
    }

    /** How much longer it is fresh, in milliseconds; zero or negative when it is stale. */
    public long timeToLive(StoredResponse stored, long now) {
        return lifetime - currentAge(stored, now);
    }
}
