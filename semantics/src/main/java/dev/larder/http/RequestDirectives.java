package dev.larder.http;

import dev.larder.http.CacheDirectives.Form;

/**
 * What a request asks of caches: {@code Cache-Control} (RFC 9111 section 5.2.1), {@code stale-if-error} (RFC 5861
 * section 4), and {@code Pragma: no-cache} when there is no {@code Cache-Control} (RFC 9111 section 5.4).
 *
 * <p>Names match in any case, unknown directives are ignored. A directive that narrows what a cache may do is honoured
 * however it is spelled, one that widens it only when it is well formed; where a number is unreadable, or given twice
 * with different values, the narrower reading holds.
 */
public final class RequestDirectives {

    /** Seconds of a directive that is not there. */
    public static final long ABSENT = CacheDirectives.ABSENT;

    /** The {@link #maxStale()} of a {@code max-stale} without an argument: stale by any amount. */
    public static final long ANY = Long.MAX_VALUE;

    /** No directive at all. */
    public static final RequestDirectives NONE = new RequestDirectives();

    // Written by read() only, before the object is handed out.
    private boolean noCache;
    private boolean noStore;
    private boolean noTransform;
    private boolean onlyIfCached;
    private long maxAge = ABSENT;
    private long minFresh = ABSENT;
    private long maxStale = ABSENT;
    private long staleIfError = ABSENT;

    private RequestDirectives() {}

    /** The directives of a request with these fields; {@link #NONE} if neither field is there. */
    public static RequestDirectives of(HttpFields fields) {
        boolean cacheControl = fields.contains("Cache-Control");
        if (!cacheControl && !fields.contains("Pragma")) {
            return NONE;
        }
        RequestDirectives directives = new RequestDirectives();
        if (cacheControl) {
            CacheDirectives.read(fields, "Cache-Control", directives::read);
        } else {
            CacheDirectives.read(fields, "Pragma", (name, form, argument) -> {
                directives.noCache |= name.equals("no-cache");
            });
        }
        return directives;
    }

    private void read(String name, Form form, String argument) {
        switch (name) {
            case "no-cache" -> noCache = true;
            case "no-store" -> noStore = true;
            case "no-transform" -> noTransform = true;
            case "only-if-cached" -> onlyIfCached = true;
            case "max-age" -> maxAge = CacheDirectives.merge(maxAge, DeltaSeconds.parse(argument));
            case "min-fresh" -> minFresh = CacheDirectives.merge(minFresh, DeltaSeconds.parse(argument));
            case "max-stale" ->
                maxStale = CacheDirectives.merge(maxStale, form == Form.NONE ? ANY : DeltaSeconds.parse(argument));
            case "stale-if-error" -> staleIfError = CacheDirectives.merge(staleIfError, DeltaSeconds.parse(argument));
            default -> {} // RFC 9111 section 5.2.3: ignore what is not recognised
        }
    }

    /** Whether a stored response may be used only after successful validation (RFC 9111 section 5.2.1.4). */
    public boolean noCache() {
        return noCache;
    }

    /** Whether no part of this request and its response may be stored (RFC 9111 section 5.2.1.5). */
    public boolean noStore() {
        return noStore;
    }

    /** Whether the content must not be transformed (RFC 9111 section 5.2.1.6). */
    public boolean noTransform() {
        return noTransform;
    }

    /** Whether only a stored response will do, else 504 (RFC 9111 section 5.2.1.7). */
    public boolean onlyIfCached() {
        return onlyIfCached;
    }

    /** The greatest acceptable age in seconds, or {@link #ABSENT}; 0 if unreadable (RFC 9111 section 5.2.1.1). */
    public long maxAge() {
        return maxAge == DeltaSeconds.INVALID ? 0 : maxAge;
    }

    /**
     * How many seconds the response must stay fresh, or {@link #ABSENT}; {@link DeltaSeconds#MAX} if unreadable (RFC
     * 9111 section 5.2.1.3).
     */
    public long minFresh() {
        return minFresh == DeltaSeconds.INVALID ? DeltaSeconds.MAX : minFresh;
    }

    /**
     * How many seconds past freshness are acceptable, {@link #ANY}, or {@link #ABSENT}, also if unreadable (RFC 9111
     * section 5.2.1.2).
     */
    public long maxStale() {
        return maxStale == DeltaSeconds.INVALID ? ABSENT : maxStale;
    }

    /**
     * How many seconds past freshness are acceptable if the origin fails, or {@link #ABSENT}, also if unreadable (RFC
     * 5861 section 4).
     */
    public long staleIfError() {
        return staleIfError == DeltaSeconds.INVALID ? ABSENT : staleIfError;
    }
}
