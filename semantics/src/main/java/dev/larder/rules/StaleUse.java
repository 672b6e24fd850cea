package dev.larder.rules;

import dev.larder.http.RequestDirectives;
import dev.larder.http.ResponseDirectives;
import dev.larder.policy.CachePolicy;

/** RFC 9111 4.2.4 and RFC 5861: when a stale response may stand in for an answer that did not come. */
public final class StaleUse {
    private StaleUse() {}

    /** Whether the response's own fields forbid stale use, whatever else allows it. */
    static boolean forbidden(ResponseDirectives directives, CachePolicy policy) {
        return directives.mustRevalidate()
                || isNoCache(directives, policy)
                || (policy.shared() && (directives.proxyRevalidate() || sMaxageForbids(directives, policy)));
    }

    /** s-maxage includes what proxy-revalidate says (RFC 9111 5.2.2.10). */
    private static boolean sMaxageForbids(ResponseDirectives directives, CachePolicy policy) {
        boolean staleAllowed = directives.staleWhileRevalidate() >= 0 || directives.staleIfError() >= 0;
        return directives.sMaxage() != ResponseDirectives.ABSENT
                && !(policy.staleDirectivesBeforeSMaxage() && staleAllowed);
    }

    /** Whether every reuse needs validation; a qualified no-cache counts as an unqualified one unless the policy honours it. */
    static boolean isNoCache(ResponseDirectives directives, CachePolicy policy) {
        return directives.noCache()
                || (!policy.qualifiedDirectives() && !directives.noCacheFields().isEmpty());
    }

    /** The stale-if-error window in milliseconds: the response's own directive, else the policy's. */
    static long ifErrorWindow(ResponseDirectives directives, CachePolicy policy) {
        long own = directives.staleIfError();
        if (own == ResponseDirectives.ABSENT) {
            return policy.staleIfError().toMillis();
        }
        return own == ResponseDirectives.INVALID ? 0 : own * 1000;
    }

    /** RFC 5861 3: the stale-while-revalidate window in milliseconds, or -1 when there is none. */
    static long whileRevalidateWindow(StoredResponse stored, CachePolicy policy) {
        long own = EffectiveDirectives.of(stored.fields(), policy).directives().staleWhileRevalidate();
        if (own == ResponseDirectives.INVALID) {
            return -1;
        }
        long window =
                own == ResponseDirectives.ABSENT ? policy.staleWhileRevalidate().toMillis() : own * 1000;
        return window == 0 ? -1 : window;
    }

    /** RFC 5861 4: the server errors that a stale response may stand in for. */
    public static boolean isServerError(int status) {
        return status == 500 || status == 502 || status == 503 || status == 504;
    }

    /**
     * Whether the stored response may be served after the origin failed.
     *
     * @param disconnected true when no answer came at all, false when the origin answered with a server error
     * @return {@link Reason#STALE_IF_ERROR} or {@link Reason#STALE_DISCONNECTED}, or why not
     */
    public static Reason afterFailure(
            StoredResponse stored,
            Digest digest,
            RequestDirectives request,
            CachePolicy policy,
            boolean disconnected,
            long now) {
        if (digest.noStale()) {
            return Reason.MUST_REVALIDATE;
        }
        // The caller asked for the origin's word: an old response would not be what it asked for.
        if (request.noCache()) {
            return Reason.REQUEST_NO_CACHE;
        }
        long staleFor = -digest.timeToLive(stored, now);
        long window = digest.staleIfError();
        if (request.staleIfError() != RequestDirectives.ABSENT) {
            window = Math.max(window, Freshness.saturatedMillis(request.staleIfError()));
        }
        if (window > 0 && staleFor <= window) {
            return Reason.STALE_IF_ERROR;
        }
        long disconnectedWindow = policy.staleWhenDisconnected().toMillis();
        if (disconnected && disconnectedWindow > 0 && staleFor <= disconnectedWindow) {
            return Reason.STALE_DISCONNECTED;
        }
        return Reason.NO_STALE_ALLOWANCE;
    }
}
