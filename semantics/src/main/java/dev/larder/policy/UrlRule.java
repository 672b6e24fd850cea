package dev.larder.policy;

import dev.larder.http.TargetUri;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What holds for the target URIs that a pattern matches. Of a policy's rules the first that matches counts, and only that
 * one. Immutable and thread-safe: every {@code with…} method answers a changed copy.
 */
public final class UrlRule {
    private final String text;
    private final Predicate<String> pattern;
    private final @Nullable Duration ttl;
    private final @Nullable Duration freshness;
    private final boolean forceCache;
    private final boolean bypass;
    private final @Nullable KeyOptions keyOptions;

    private UrlRule(
            String text,
            Predicate<String> pattern,
            @Nullable Duration ttl,
            @Nullable Duration freshness,
            boolean forceCache,
            boolean bypass,
            @Nullable KeyOptions keyOptions) {
        this.text = text;
        this.pattern = pattern;
        this.ttl = ttl;
        this.freshness = freshness;
        this.forceCache = forceCache;
        this.bypass = bypass;
        this.keyOptions = keyOptions;
    }

    /**
     * A rule for the URIs that a glob matches as a whole, such as {@code https://api.example.com/users/*}: {@code *} stands for
     * any characters but {@code /}, {@code **} for any at all, every other character for itself.
     */
    public static UrlRule glob(String glob) {
        return new UrlRule("glob " + glob, new Glob(glob)::matches, null, null, false, false, null);
    }

    /**
     * A rule for the URIs that fulfil a condition, such as {@code Pattern.compile("/users/[0-9]+$").asPredicate()}. Every request
     * is tried against it: it should take little time on any text, and must not throw.
     *
     * @param name tells this rule from others; the same in every process that shares a storage
     */
    public static UrlRule where(String name, Predicate<String> condition) {
        return new UrlRule("where " + name, condition, null, null, false, false, null);
    }

    /** Removes stored responses this long after they were stored, fresh or not; goes before the policy's. */
    public UrlRule withTtl(Duration ttl) {
        return new UrlRule(text, pattern, positive(ttl), freshness, forceCache, bypass, keyOptions);
    }

    /** Takes responses that state no lifetime of their own for fresh for this long, whatever their status. */
    public UrlRule withDefaultFreshness(Duration freshness) {
        return new UrlRule(text, pattern, ttl, positive(freshness), forceCache, bypass, keyOptions);
    }

    /** As {@link CachePolicy.Builder#forceCache}. */
    public UrlRule withForceCache() {
        return new UrlRule(text, pattern, ttl, freshness, true, bypass, keyOptions);
    }

    /** Neither reads from the cache nor stores. An unsafe method still invalidates (RFC 9111 4.4). */
    public UrlRule withBypass() {
        return new UrlRule(text, pattern, ttl, freshness, forceCache, true, keyOptions);
    }

    /** How keys are made of these URIs, instead of the policy's way. */
    public UrlRule withKeyOptions(KeyOptions options) {
        return new UrlRule(
                text, pattern, ttl, freshness, forceCache, bypass, Objects.requireNonNull(options, "options"));
    }

    boolean matches(TargetUri uri) {
        return pattern.test(uri.toString());
    }

    /** The time to live, or null when the policy's holds. */
    public @Nullable Duration ttl() {
        return ttl;
    }

    /** The lifetime of responses that state none, or null when the policy's holds. */
    public @Nullable Duration defaultFreshness() {
        return freshness;
    }

    /** Whether every response is stored and reused for its time to live. */
    public boolean forceCache() {
        return forceCache;
    }

    /** Whether the cache stands aside. */
    public boolean bypass() {
        return bypass;
    }

    @Nullable
    KeyOptions keyOptions() {
        return keyOptions;
    }

    /** What decides how a stored response is read: the same text in every process. */
    @Override
    public String toString() {
        return text + (freshness == null ? "" : " " + freshness);
    }

    static Duration positive(Duration duration) {
        if (duration.isZero() || duration.isNegative()) {
            throw new IllegalArgumentException("the duration must be positive, was " + duration);
        }
        return duration;
    }
}
