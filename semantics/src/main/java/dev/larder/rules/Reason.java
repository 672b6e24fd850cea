package dev.larder.rules;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Why the cache did what it did: each constant is one answer that a rule can give, with the section it follows.
 *
 * <p>The same constants feed {@code CacheInfo}, the Cache-Status field, the trace and the documentation.
 */
public enum Reason {
    // Reuse: the stored response may be served as it is.
    FRESH("RFC 9111 4.2", "the stored response is fresh"),
    FORCED("Larder policy", "the caller or the policy forces reuse until the time to live ends"),
    STALE_ACCEPTED("RFC 9111 5.2.1.2", "stale, but the request accepts that with max-stale"),
    STALE_WHILE_REVALIDATE(
            "RFC 5861 3", "stale, but stale-while-revalidate allows it while the origin is asked in the background"),
    STALE_IF_ERROR("RFC 5861 4", "stale, but stale-if-error lets it stand in for the origin's failure"),
    STALE_DISCONNECTED("RFC 9111 4.2.4", "stale, but the origin cannot be reached and the policy allows it"),
    VALIDATED("RFC 9111 4.3.3", "the origin confirmed the stored response with 304"),
    COLLAPSED("RFC 9111 4", "another request fetched it at the same time"),

    // Forwarding: the origin has to be asked.
    URI_MISS("RFC 9111 4", "nothing is stored under this key", "uri-miss"),
    VARY_MISS("RFC 9111 4.1", "no stored variant was selected by fields equal to this request's", "vary-miss"),
    STALE("RFC 9111 4.2", "the stored response is stale", "stale"),
    NO_FRESHNESS("RFC 9111 4.2.2", "it has no explicit freshness, and heuristics are off or do not apply", "stale"),
    INVALID_FRESHNESS("RFC 9111 4.2.1", "its freshness information is invalid or contradicts itself", "stale"),
    RESPONSE_NO_CACHE("RFC 9111 5.2.2.4", "no-cache forbids reuse without validation", "stale"),
    CLOCK_WENT_BACK("RFC 9111 4.2.3", "it seems to come from the future, so its age cannot be told", "stale"),
    REFRESH_AHEAD("Larder policy", "it will soon be stale and is refreshed in the background", "stale"),
    ALWAYS_REVALIDATE("Larder policy", "the policy validates every reuse", "stale"),
    REQUEST_NO_CACHE("RFC 9111 5.2.1.4", "the request's no-cache asks for validation", "request"),
    REQUEST_MAX_AGE("RFC 9111 5.2.1.1", "it is older than the request's max-age", "request"),
    REQUEST_MIN_FRESH("RFC 9111 5.2.1.3", "it is not fresh for as long as the request's min-fresh", "request"),
    METHOD_UNSAFE("RFC 9111 4", "an unsafe method is written through to the origin", "method"),
    METHOD_NOT_CACHEABLE("RFC 9110 9.2.3", "responses to this method are not cacheable here", "method"),
    REQUEST_HAS_CONTENT("RFC 9110 9.3.1", "the request has content that is not part of the key", "bypass"),
    REQUEST_ORIGIN_CONDITION("RFC 9111 4.3.2", "If-Match and If-Unmodified-Since are for the origin", "bypass"),
    BYPASS("Larder policy", "the caller or the policy bypasses the cache", "bypass"),
    PARTIAL("RFC 9111 3.3", "bytes that are asked for are missing from the stored parts", "partial"),
    NOT_COMPLETED(
            "RFC 9111 3.4",
            "the origin's part does not complete what is stored, so the request is repeated",
            "partial"),
    BODY_GONE("Larder storage", "the stored response was removed while it was needed", "miss"),
    UNMATCHED_NOT_MODIFIED("RFC 9111 4.3.4", "the 304 matched no stored response, so the request is repeated", "miss"),
    ONLY_IF_CACHED("RFC 9111 5.2.1.7", "only-if-cached, and nothing stored can be served"),
    OFFLINE("Larder policy", "the policy never asks the origin, and nothing stored can be served"),
    ORIGIN_FAILED("RFC 9111 4.2.4", "the origin failed and no stale response may stand in"),

    // Stale use: why a stale response may not be served.
    MUST_REVALIDATE("RFC 9111 5.2.2.2", "must-revalidate, or its like for shared caches, forbids stale use"),
    NO_STALE_ALLOWANCE("RFC 9111 4.2.4", "nothing allows stale use"),

    // Storing: the response may be kept.
    STORABLE_EXPLICIT("RFC 9111 3", "it has explicit freshness"),
    STORABLE_MARKED("RFC 9111 3", "it is marked public, or private for this private cache"),
    STORABLE_STATUS("RFC 9111 3", "its status code is heuristically cacheable"),
    STORABLE_CONFIGURED("Larder policy", "it states no lifetime, and the policy gives it one"),
    STORABLE_FORCED("Larder policy", "the caller or the policy forces storing"),

    // Not storing.
    NO_STORE("RFC 9111 5.2.2.5", "no-store forbids storing"),
    REQUEST_NO_STORE("RFC 9111 5.2.1.5", "the request's no-store forbids storing"),
    STATUS_NOT_UNDERSTOOD("RFC 9111 5.2.2.3", "must-understand, and this status code's rules are not understood"),
    STATUS_NOT_FINAL("RFC 9111 3", "the status code is not final"),
    STATUS_NEVER_STORED("RFC 6585", "responses with this status code are never stored"),
    FRAMING_CONTRADICTORY("RFC 9112 6.3", "it has both Transfer-Encoding and Content-Length, so its end is uncertain"),
    STATUS_PARTIAL("RFC 9111 3.3", "it is partial and not one range of a known whole that was asked for"),
    STATUS_NOT_MODIFIED("RFC 9111 3", "a 304 is no response of its own"),
    PRIVATE("RFC 9111 5.2.2.7", "private keeps it out of a shared cache"),
    AUTHORIZED("RFC 9111 3.5", "the request had Authorization and nothing marks the response as shareable"),
    SET_COOKIE("RFC 9111 7.3", "it sets a cookie and nothing marks it as shareable"),
    VARY_ANY("RFC 9111 4.1", "Vary: * never matches another request"),
    NOTHING_ALLOWS_STORING("RFC 9111 3", "no explicit freshness, not marked public, and the status is not cacheable"),
    NOTHING_TO_REUSE("RFC 9111 3", "it has neither freshness nor a validator, so it could never be reused"),
    FILTERED("Larder policy", "the policy's filter keeps it out"),
    HEAD_BROKEN_OFF("RFC 9112 8", "the connection ended within its head"),
    REQUEST_UNKNOWN("Larder client", "it depends on what the client added to the request below the cache"),
    BODY_UNSEEN("Larder client", "its body does not pass through the cache"),
    NOT_TAKEN("Larder storage", "it may be stored, but the storage did not take it"),
    HEAD_NOT_STORED("RFC 9110 9.3.2", "responses to HEAD are not stored"),

    // Invalidation.
    INVALIDATED("RFC 9111 4.4", "a successful unsafe request invalidates what is stored for its target"),
    GROUP_INVALIDATED("RFC 9875 3", "a successful unsafe request invalidates groups of stored responses"),
    NOT_INVALIDATED_ERROR("RFC 9111 4.4", "the unsafe request failed, so nothing is invalidated"),
    SUPERSEDED("RFC 9111 4.3.3", "a full response replaces what was to be validated"),

    // Validation.
    RANGE_SERVED("RFC 9110 14.2", "the stored response holds the range that was asked for"),
    COMBINED("RFC 9111 3.4", "stored parts of one representation make up what was asked for"),
    COMPLETING("RFC 9111 3.4", "only the bytes that are missing are asked for"),
    CONDITION_NOT_MODIFIED("RFC 9111 4.3.2", "the request's own condition is false against the stored response"),
    CONDITIONAL("RFC 9111 4.3.1", "the stored validators go with the request"),
    NO_VALIDATOR("RFC 9111 4.3.1", "the stored response has no validator, so the request is unconditional"),
    FRESHENED("RFC 9111 4.3.4", "the 304 updates the stored response"),
    HEAD_FRESHENED("RFC 9111 4.3.5", "the HEAD response updates the stored response"),
    HEAD_DIFFERS("RFC 9111 4.3.5", "the HEAD response contradicts the stored response, which is dropped");

    private final String section;
    private final String sentence;
    private final @Nullable String forwardToken;

    Reason(String section, String sentence) {
        this(section, sentence, null);
    }

    Reason(String section, String sentence, @Nullable String forwardToken) {
        this.section = section;
        this.sentence = sentence;
        this.forwardToken = forwardToken;
    }

    /** The document and section, such as {@code RFC 9111 4.2}. */
    public String section() {
        return section;
    }

    /** One sentence without a capital and a full stop. */
    public String sentence() {
        return sentence;
    }

    /** The value of the {@code fwd} parameter of Cache-Status (RFC 9211 2.2); null if this is no reason to forward. */
    public @Nullable String forwardToken() {
        return forwardToken;
    }

    /** Whether a stored response may be served for this reason without asking the origin first. */
    public boolean servesStored() {
        return compareTo(COLLAPSED) <= 0;
    }

    /** Whether the stored response is not fresh, and nothing else is in the way of serving it. */
    public boolean isStale() {
        return this == STALE || this == NO_FRESHNESS || this == STALE_WHILE_REVALIDATE || this == INVALID_FRESHNESS;
    }

    /** Whether a response may be stored for this reason. */
    public boolean allowsStoring() {
        return compareTo(STORABLE_EXPLICIT) >= 0 && compareTo(STORABLE_FORCED) <= 0;
    }

    /** The constant's name as a token, such as {@code vary-miss}. */
    public String token() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** The sentence with its section. */
    @Override
    public String toString() {
        return sentence + " (" + section + ")";
    }
}
