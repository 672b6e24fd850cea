package dev.larder.integration.spring.boot;

import dev.larder.policy.CachePolicy;
import dev.larder.policy.UrlRule;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The properties {@code larder.*}. What they leave out can be set by a {@link CachePolicyCustomizer}, or by a bean of the
 * application's own that takes the place of the one made from them.
 *
 * @param enabled whether there is a cache at all
 * @param name what the cache is called in metrics and in the Cache-Status field
 * @param storage where responses are kept: a storage spec such as memory:, file:/var/cache/app, sqlite:cache.db,
 *     redis://localhost or s3://bucket/prefix, with options such as ?maxBytes=256m behind it
 * @param mode whether the cache decides as one that many users share, which a service that calls others on behalf of its
 *     users has to, or as the private cache of one
 * @param ttl how long a response is kept after it was stored, whatever its freshness
 * @param staleIfError how long after it became stale a response may stand in for one that failed
 * @param staleWhileRevalidate how long after it became stale a response may be served while it is revalidated
 * @param heuristics whether the lifetime of a response that names none may be guessed from Last-Modified
 * @param cacheStatus whether responses tell how they came about in the Cache-Status field
 * @param restClient whether RestClient and RestTemplate use the cache
 * @param webClient whether WebClient uses the cache
 * @param rules what holds for some URLs only, the first that matches
 */
@ConfigurationProperties("larder")
public record LarderProperties(
        @DefaultValue("true") boolean enabled,
        @DefaultValue("larder") String name,
        @DefaultValue("memory:") String storage,
        @DefaultValue("shared") Mode mode,
        @Nullable Duration ttl,
        @Nullable Duration staleIfError,
        @Nullable Duration staleWhileRevalidate,
        @DefaultValue("false") boolean heuristics,
        @DefaultValue("false") boolean cacheStatus,
        @DefaultValue Client restClient,
        @DefaultValue Client webClient,
        @DefaultValue List<Rule> rules) {
    /** Whom a cache serves. */
    public enum Mode {
        /** Many users. */
        SHARED,
        /** One user. */
        PRIVATE
    }

    /**
     * Of one kind of client.
     *
     * @param enabled whether it uses the cache
     */
    public record Client(@DefaultValue("true") boolean enabled) {}

    /**
     * What holds for some URLs.
     *
     * @param url a glob of the URLs, such as https://api.example.com/users/**
     * @param ttl how long a response is kept after it was stored
     * @param freshness how long a response is fresh that does not say
     * @param force whether to store and reuse whatever the response's fields say
     * @param bypass whether to leave the cache out
     */
    public record Rule(
            String url,
            @Nullable Duration ttl,
            @Nullable Duration freshness,
            @DefaultValue("false") boolean force,
            @DefaultValue("false") boolean bypass) {
        UrlRule toRule() {
            UrlRule rule = UrlRule.glob(url);
            if (ttl != null) {
                rule = rule.withTtl(ttl);
            }
            if (freshness != null) {
                rule = rule.withDefaultFreshness(freshness);
            }
            if (force) {
                rule = rule.withForceCache();
            }
            return bypass ? rule.withBypass() : rule;
        }
    }

    CachePolicy.Builder toPolicy() {
        CachePolicy.Builder policy = mode == Mode.SHARED ? CachePolicy.sharedCache() : CachePolicy.privateCache();
        policy.heuristics(heuristics).cacheStatus(cacheStatus).cacheName(name);
        if (ttl != null) {
            policy.ttl(ttl);
        }
        if (staleIfError != null) {
            policy.staleIfError(staleIfError);
        }
        if (staleWhileRevalidate != null) {
            policy.staleWhileRevalidate(staleWhileRevalidate);
        }
        rules.forEach(rule -> policy.rule(rule.toRule()));
        return policy;
    }
}
