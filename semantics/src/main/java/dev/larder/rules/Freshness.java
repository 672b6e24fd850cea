package dev.larder.rules;

import dev.larder.http.HttpDate;
import dev.larder.http.HttpFields;
import dev.larder.http.RequestDirectives;
import dev.larder.http.ResponseDirectives;
import dev.larder.policy.CachePolicy;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/** RFC 9111 4.2: how long a stored response is fresh, and whether a request may be answered with it now. */
public final class Freshness {
    /** RFC 9110 15.1 and RFC 7725: status codes whose responses may be given a guessed lifetime. */
    private static final Set<Integer> HEURISTICALLY_CACHEABLE =
            Set.of(200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 451, 501);

    /** How far a clock may have gone back before a response from the future is no longer trusted. */
    private static final long TRUSTED_CLOCK_STEP = 60_000;

    private Freshness() {}

    /**
     * A freshness lifetime and where it comes from.
     *
     * @param millis negative when the response was past its Expires before it was sent
     */
    public record Lifetime(long millis, LifetimeSource source) {
        static final Lifetime INVALID = new Lifetime(0, LifetimeSource.INVALID);
        static final Lifetime NONE = new Lifetime(0, LifetimeSource.NONE);
    }

    /** RFC 9111 4.2.1: the first of s-maxage (shared), max-age, Expires that is present decides; else a heuristic. */
    static Lifetime lifetime(StoredResponse stored, EffectiveDirectives effective, CachePolicy policy) {
        ResponseDirectives directives = effective.directives();
        if (policy.shared() && directives.sMaxage() != ResponseDirectives.ABSENT) {
            return ofSeconds(directives.sMaxage(), LifetimeSource.S_MAXAGE);
        }
        if (directives.maxAge() != ResponseDirectives.ABSENT) {
            return ofSeconds(directives.maxAge(), LifetimeSource.MAX_AGE);
        }
        if (effective.hasExpires(stored.fields())) {
            return ofExpires(stored);
        }
        Duration configured = policy.defaultFreshness(stored.uri(), stored.status());
        if (configured != null) {
            return new Lifetime(configured.toMillis(), LifetimeSource.CONFIGURED);
        }
        return policy.heuristics() ? heuristic(stored, directives, policy) : Lifetime.NONE;
    }

    private static Lifetime ofSeconds(long seconds, LifetimeSource source) {
        return seconds == ResponseDirectives.INVALID ? Lifetime.INVALID : new Lifetime(seconds * 1000, source);
    }

    /** RFC 9111 5.3: an invalid Expires, and one that contradicts another, is a time in the past. */
    private static Lifetime ofExpires(StoredResponse stored) {
        List<String> values = stored.fields().values("Expires");
        for (String value : values) {
            if (!value.equals(values.get(0))) {
                return Lifetime.INVALID;
            }
        }
        long expires = HttpDate.parse(values.get(0), stored.responseTime());
        if (expires == HttpDate.INVALID) {
            return Lifetime.INVALID;
        }
        return new Lifetime(expires - Age.date(stored), LifetimeSource.EXPIRES);
    }

    /** RFC 9111 4.2.2: a fraction of the time since Last-Modified. */
    private static Lifetime heuristic(StoredResponse stored, ResponseDirectives directives, CachePolicy policy) {
        if (!isHeuristicallyCacheable(stored.status()) && !directives.isPublic()) {
            return Lifetime.NONE;
        }
        long lastModified = HttpDate.parse(stored.fields().first("Last-Modified"), stored.responseTime());
        if (lastModified == HttpDate.INVALID) {
            return Lifetime.NONE;
        }
        long guessed = (Age.date(stored) - lastModified) / 100 * policy.heuristicPercent();
        if (guessed <= 0) {
            return Lifetime.NONE;
        }
        return new Lifetime(Math.min(guessed, policy.heuristicMaximum().toMillis()), LifetimeSource.HEURISTIC);
    }

    /** Whether a lifetime may be guessed for responses with this status code (RFC 9110 15.1). */
    public static boolean isHeuristicallyCacheable(int status) {
        return HEURISTICALLY_CACHEABLE.contains(status);
    }

    /** Whether the response states an expiry of its own, valid or not (RFC 9111 4.2.1). */
    static boolean isExplicit(HttpFields fields, EffectiveDirectives effective, CachePolicy policy) {
        ResponseDirectives directives = effective.directives();
        return directives.maxAge() != ResponseDirectives.ABSENT
                || (policy.shared() && directives.sMaxage() != ResponseDirectives.ABSENT)
                || effective.hasExpires(fields);
    }

    /**
     * RFC 9111 4: whether the selected response may be served without asking the origin, seen from freshness and from
     * the request's directives.
     *
     * @return a reason that {@linkplain Reason#servesStored() serves}, or the reason to validate first
     */
    public static Reason reuse(
            StoredResponse stored, Digest digest, RequestDirectives request, CachePolicy policy, long now) {
        if (request.noCache()) {
            return Reason.REQUEST_NO_CACHE;
        }
        if (digest.noCache()) {
            return Reason.RESPONSE_NO_CACHE;
        }
        if (policy.alwaysRevalidate()) {
            return Reason.ALWAYS_REVALIDATE;
        }
        if (now < stored.responseTime() - TRUSTED_CLOCK_STEP) {
            return Reason.CLOCK_WENT_BACK;
        }
        long age = digest.currentAge(stored, now);
        if (request.maxAge() != RequestDirectives.ABSENT && age > request.maxAge() * 1000) {
            return Reason.REQUEST_MAX_AGE;
        }
        long timeToLive = digest.lifetime() - age;
        if (request.minFresh() != RequestDirectives.ABSENT && timeToLive < request.minFresh() * 1000) {
            return Reason.REQUEST_MIN_FRESH;
        }
        if (timeToLive > 0) {
            return Reason.FRESH;
        }
        if (request.maxStale() != RequestDirectives.ABSENT
                && !digest.noStale()
                && -timeToLive <= saturatedMillis(request.maxStale())) {
            return Reason.STALE_ACCEPTED;
        }
        // A request with limits of its own has said how stale the answer may be (RFC 9111 5.2.1.1, 5.2.1.2).
        boolean ownLimits =
                request.maxAge() != RequestDirectives.ABSENT || request.maxStale() != RequestDirectives.ABSENT;
        if (!ownLimits && !digest.noStale() && -timeToLive <= StaleUse.whileRevalidateWindow(stored, policy)) {
            return Reason.STALE_WHILE_REVALIDATE;
        }
        return switch (digest.lifetimeSource()) {
            case NONE -> Reason.NO_FRESHNESS;
            case INVALID -> Reason.INVALID_FRESHNESS;
            default -> Reason.STALE;
        };
    }

    /** Whether a fresh response is to be refreshed before it gets stale. */
    public static boolean isDue(StoredResponse stored, Digest digest, CachePolicy policy, long now) {
        return !policy.refreshAhead().isZero()
                && digest.timeToLive(stored, now) <= policy.refreshAhead().toMillis();
    }

    static long saturatedMillis(long seconds) {
        return seconds > Long.MAX_VALUE / 1000 ? Long.MAX_VALUE : seconds * 1000;
    }
}
