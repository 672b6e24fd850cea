package dev.larder.policy;

import dev.larder.http.HttpFields;
import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;
import dev.larder.http.TargetUri;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * How a cache uses the room that the specification leaves: its mode, what it may store, and when it may serve a stale
 * response. Immutable and thread-safe.
 *
 * <p>The defaults are those of a careful private cache: only explicit freshness counts, and a stale response is served
 * only where its own fields or the request's allow it.
 */
public final class CachePolicy {
    /** A private cache with every option at its default. */
    public static final CachePolicy DEFAULT = privateCache().build();

    /**
     * The fields, in lower case, without which a stored response would be taken for another than it is: nothing keeps them from
     * being stored.
     */
    public static final Set<String> NEEDED_FIELDS = Set.of(
            "age",
            "cache-control",
            "content-encoding",
            "content-length",
            "content-range",
            "content-type",
            "date",
            "etag",
            "expires",
            "last-modified",
            "vary");

    private final boolean shared;
    private final Set<String> methods;
    private final Set<Integer> understoodStatuses;
    private final boolean heuristics;
    private final int heuristicPercent;
    private final Duration heuristicMaximum;
    private final Duration staleWhileRevalidate;
    private final Duration staleIfError;
    private final Duration staleWhenDisconnected;
    private final List<String> targetedFields;
    private final boolean alwaysRevalidate;
    private final boolean forceCache;
    private final boolean storeSetCookie;
    private final boolean collapse;
    private final boolean cacheGroups;
    private final boolean noVarySearch;
    private final boolean qualifiedDirectives;
    private final boolean staleDirectivesBeforeSMaxage;
    private final boolean trustUpstreamAge;
    private final boolean offline;
    private final Duration refreshAhead;
    private final Map<Integer, Duration> defaultFreshness;
    private final List<UrlRule> rules;
    private final KeyOptions keyOptions;
    private final Set<String> neverStoredFields;
    private final boolean cacheStatus;
    private final String cacheName;
    private final @Nullable Duration ttl;
    private final boolean slidingTtl;
    private final KeyGenerator keys;
    private final Predicate<RequestHead> requestFilter;
    private final BiPredicate<RequestHead, ResponseHead> responseFilter;
    private final int fingerprint;

    private CachePolicy(Builder b) {
        shared = b.shared;
        methods = Set.copyOf(b.methods);
        understoodStatuses = Set.copyOf(b.understoodStatuses);
        heuristics = b.heuristics;
        heuristicPercent = b.heuristicPercent;
        heuristicMaximum = b.heuristicMaximum;
        staleWhileRevalidate = b.staleWhileRevalidate;
        staleIfError = b.staleIfError;
        staleWhenDisconnected = b.staleWhenDisconnected;
        targetedFields = b.targetedFields;
        alwaysRevalidate = b.alwaysRevalidate;
        forceCache = b.forceCache;
        storeSetCookie = b.storeSetCookie;
        collapse = b.collapse;
        cacheGroups = b.cacheGroups;
        noVarySearch = b.noVarySearch;
        qualifiedDirectives = b.qualifiedDirectives;
        staleDirectivesBeforeSMaxage = b.staleDirectivesBeforeSMaxage;
        trustUpstreamAge = b.trustUpstreamAge;
        offline = b.offline;
        refreshAhead = b.refreshAhead;
        defaultFreshness = Map.copyOf(b.defaultFreshness);
        rules = List.copyOf(b.rules);
        keyOptions = b.keyOptions;
        neverStoredFields = Set.copyOf(b.neverStoredFields);
        cacheStatus = b.cacheStatus;
        cacheName = b.cacheName;
        ttl = b.ttl;
        slidingTtl = b.slidingTtl;
        keys = b.keys;
        requestFilter = b.requestFilter;
        responseFilter = b.responseFilter;
        // A sorted, textual form: the number has to be the same in every process that shares a storage.
        fingerprint = (shared + "|" + heuristics + "|" + heuristicPercent + "|" + heuristicMaximum + "|" + staleIfError
                        + "|" + storeSetCookie + "|" + targetedFields + "|" + new TreeSet<>(understoodStatuses)
                        + "|" + qualifiedDirectives + "|" + staleDirectivesBeforeSMaxage + "|" + trustUpstreamAge
                        + "|" + new TreeMap<>(defaultFreshness) + "|" + rules)
                .hashCode();
    }

    /** A builder for a cache that serves one user, such as one in a client (RFC 9111 1). */
    public static Builder privateCache() {
        return new Builder(false);
    }

    /** A builder for a cache that serves several users, such as one in a proxy or a gateway (RFC 9111 1). */
    public static Builder sharedCache() {
        return new Builder(true);
    }

    /** A builder that starts from this policy. */
    public Builder toBuilder() {
        return new Builder(this);
    }

    /** Whether this is a shared cache. */
    public boolean shared() {
        return shared;
    }

    /** Whether responses to this method may be stored, as far as the policy goes. */
    public boolean allowsMethod(String method) {
        return methods.contains(method);
    }

    /** The status codes whose caching rules are understood (RFC 9111 3). */
    public Set<Integer> understoodStatuses() {
        return understoodStatuses;
    }

    /** Whether a freshness lifetime may be guessed from Last-Modified (RFC 9111 4.2.2). */
    public boolean heuristics() {
        return heuristics;
    }

    /** The part of the time since Last-Modified that counts as fresh, in percent. */
    public int heuristicPercent() {
        return heuristicPercent;
    }

    /** The longest lifetime that is guessed. */
    public Duration heuristicMaximum() {
        return heuristicMaximum;
    }

    /**
     * How long past its freshness a response without a directive of its own may be served while it is revalidated in the
     * background.
     */
    public Duration staleWhileRevalidate() {
        return staleWhileRevalidate;
    }

    /** How long past its freshness a response without a directive of its own may stand in for a server error. */
    public Duration staleIfError() {
        return staleIfError;
    }

    /** How long past its freshness a response may be served when the origin cannot be reached (RFC 9111 4.2.4). */
    public Duration staleWhenDisconnected() {
        return staleWhenDisconnected;
    }

    /** The targeted fields that go before Cache-Control, in order (RFC 9213 2.2). */
    public List<String> targetedFields() {
        return targetedFields;
    }

    /** Whether every reuse is validated with the origin first. */
    public boolean alwaysRevalidate() {
        return alwaysRevalidate;
    }

    /** Whether every response is stored and reused for its time to live, whatever its fields say. */
    public boolean forceCache() {
        return forceCache;
    }

    /** Whether a shared cache stores responses with Set-Cookie that nothing marks as shareable (RFC 9111 7.3). */
    public boolean storeSetCookie() {
        return storeSetCookie;
    }

    /** Whether concurrent requests for one key share one origin request (RFC 9111 4). */
    public boolean collapse() {
        return collapse;
    }

    /** Whether an origin may invalidate its responses by groups (RFC 9875). */
    public boolean cacheGroups() {
        return cacheGroups;
    }

    /** Whether a response may say that parts of the query do not matter (No-Vary-Search). */
    public boolean noVarySearch() {
        return noVarySearch;
    }

    /**
     * Whether qualified no-cache and private directives concern the fields they name, instead of all of the response (RFC 9111
     * 5.2.2.4, 5.2.2.7).
     */
    public boolean qualifiedDirectives() {
        return qualifiedDirectives;
    }

    /** Whether a stale-* directive beside s-maxage allows stale use in a shared cache. */
    public boolean staleDirectivesBeforeSMaxage() {
        return staleDirectivesBeforeSMaxage;
    }

    /** Whether the Age received counts even where Date says that the response is older (RFC 9111 4.2.3). */
    public boolean trustUpstreamAge() {
        return trustUpstreamAge;
    }

    /** Whether the origin is never asked. */
    public boolean offline() {
        return offline;
    }

    /** How long before it gets stale a response is refreshed in the background; zero for never. */
    public Duration refreshAhead() {
        return refreshAhead;
    }

    /** The lifetime of a response that states none: its rule's, or that of its status; null for none. */
    public @Nullable Duration defaultFreshness(TargetUri uri, int status) {
        UrlRule rule = ruleFor(uri);
        Duration own = rule == null ? null : rule.defaultFreshness();
        return own == null ? defaultFreshness.get(status) : own;
    }

    /** The first rule that matches a URI, or null. */
    public @Nullable UrlRule ruleFor(TargetUri uri) {
        // By index: every hit passes here, mostly without any rule.
        for (int i = 0; i < rules.size(); i++) {
            if (rules.get(i).matches(uri)) {
                return rules.get(i);
            }
        }
        return null;
    }

    /** Fields that are not stored whatever their response says, in lower case. */
    public Set<String> neverStoredFields() {
        return neverStoredFields;
    }

    /** The primary key of a request, as {@link #keys} makes it of what the key options leave of the URI. */
    public String keyOf(RequestHead request, @Nullable String contentDigest) {
        KeyOptions options = keyOptionsFor(request.uri());
        if (KeyOptions.isNone(options)) {
            return keys.keyOf(request, contentDigest);
        }
        TargetUri uri = options.forKey(request.uri());
        return keys.keyOf(new RequestHead(request.method(), uri, request.fields()), contentDigest);
    }

    /** What is stored of a target URI. */
    public TargetUri storedUri(TargetUri uri) {
        return keyOptionsFor(uri).forStoring(uri);
    }

    private KeyOptions keyOptionsFor(TargetUri uri) {
        UrlRule rule = ruleFor(uri);
        KeyOptions own = rule == null ? null : rule.keyOptions();
        return own == null ? keyOptions : own;
    }

    /** The key of all responses to GETs of a path that do not depend on all of the query (No-Vary-Search 6). */
    public String searchKey(RequestHead request) {
        // No key that is made of a URI ends so.
        return keyOf(new RequestHead("GET", request.uri().withoutQuery(), request.fields()), null) + " search";
    }

    /** All keys that a response to a GET of this URI may be stored under. */
    public List<String> keysOf(TargetUri uri) {
        RequestHead request = new RequestHead("GET", uri, HttpFields.EMPTY);
        String exact = keyOf(request, null);
        return noVarySearch ? List.of(exact, searchKey(request)) : List.of(exact);
    }

    /** Whether responses carry a Cache-Status field (RFC 9211). */
    public boolean cacheStatus() {
        return cacheStatus;
    }

    /** The name of this cache in Cache-Status. */
    public String cacheName() {
        return cacheName;
    }

    /** How long a stored response is kept at most, or null when the storage decides. */
    public @Nullable Duration ttl() {
        return ttl;
    }

    /** Whether {@link #ttl()} counts from the last use instead of from storing. */
    public boolean slidingTtl() {
        return slidingTtl;
    }

    /** Makes primary keys. */
    public KeyGenerator keys() {
        return keys;
    }

    /** Whether the cache takes part in this request at all. */
    public boolean accepts(RequestHead request) {
        return requestFilter.test(request);
    }

    /** Whether the response may be stored as far as the policy's own filter goes. */
    public boolean accepts(RequestHead request, ResponseHead response) {
        return responseFilter.test(request, response);
    }

    /** A number that differs when two policies would read a stored response's fields differently. */
    public int fingerprint() {
        return fingerprint;
    }

    /** Makes the primary key of a request (RFC 9111 2). Requests that may share a response have equal keys. */
    @FunctionalInterface
    public interface KeyGenerator {
        /** The target URI for GET and HEAD; the method, the target URI and the content's digest where there is one. */
        KeyGenerator STANDARD = (request, digest) -> digest == null
                ? request.uri().toString()
                // No target URI holds a space, so the parts cannot run into one another.
                : request.method() + " " + request.uri() + " " + digest;

        /**
         * The key.
         *
         * @param request the request; for invalidation, a GET without fields
         * @param contentDigest identifies the request's content; null when it has none or it is not part of the key
         */
        String keyOf(RequestHead request, @Nullable String contentDigest);
    }

    /** Builds a {@link CachePolicy}. Not thread-safe. */
    public static final class Builder {
        private final boolean shared;
        private Set<String> methods = Set.of("GET", "HEAD");
        private Set<Integer> understoodStatuses =
                Set.of(200, 203, 204, 206, 300, 301, 302, 303, 307, 308, 404, 405, 410, 414, 451, 501);
        private boolean heuristics;
        private int heuristicPercent = 10;
        private Duration heuristicMaximum = Duration.ofDays(1);
        private Duration staleWhileRevalidate = Duration.ZERO;
        private Duration staleIfError = Duration.ZERO;
        private Duration staleWhenDisconnected = Duration.ZERO;
        private List<String> targetedFields = List.of();
        private boolean alwaysRevalidate;
        private boolean forceCache;
        private boolean storeSetCookie;
        private boolean collapse = true;
        private boolean cacheGroups = true;
        private boolean noVarySearch;
        private boolean qualifiedDirectives;
        private boolean staleDirectivesBeforeSMaxage;
        private boolean trustUpstreamAge;
        private boolean offline;
        private Duration refreshAhead = Duration.ZERO;
        private Map<Integer, Duration> defaultFreshness = new HashMap<>();
        private List<UrlRule> rules = new ArrayList<>();
        private KeyOptions keyOptions = KeyOptions.NONE;
        private Set<String> neverStoredFields = Set.of();
        private boolean cacheStatus;
        private String cacheName = "Larder";
        private @Nullable Duration ttl;
        private boolean slidingTtl;
        private KeyGenerator keys = KeyGenerator.STANDARD;
        private Predicate<RequestHead> requestFilter = request -> true;
        private BiPredicate<RequestHead, ResponseHead> responseFilter = (request, response) -> true;

        private Builder(boolean shared) {
            this.shared = shared;
        }

        private Builder(CachePolicy p) {
            shared = p.shared;
            methods = p.methods;
            understoodStatuses = p.understoodStatuses;
            heuristics = p.heuristics;
            heuristicPercent = p.heuristicPercent;
            heuristicMaximum = p.heuristicMaximum;
            staleWhileRevalidate = p.staleWhileRevalidate;
            staleIfError = p.staleIfError;
            staleWhenDisconnected = p.staleWhenDisconnected;
            targetedFields = p.targetedFields;
            alwaysRevalidate = p.alwaysRevalidate;
            forceCache = p.forceCache;
            storeSetCookie = p.storeSetCookie;
            collapse = p.collapse;
            cacheGroups = p.cacheGroups;
            noVarySearch = p.noVarySearch;
            qualifiedDirectives = p.qualifiedDirectives;
            staleDirectivesBeforeSMaxage = p.staleDirectivesBeforeSMaxage;
            trustUpstreamAge = p.trustUpstreamAge;
            offline = p.offline;
            refreshAhead = p.refreshAhead;
            defaultFreshness = new HashMap<>(p.defaultFreshness);
            rules = new ArrayList<>(p.rules);
            keyOptions = p.keyOptions;
            neverStoredFields = p.neverStoredFields;
            cacheStatus = p.cacheStatus;
            cacheName = p.cacheName;
            ttl = p.ttl;
            slidingTtl = p.slidingTtl;
            keys = p.keys;
            requestFilter = p.requestFilter;
            responseFilter = p.responseFilter;
        }

        /** Narrows the methods whose responses may be stored: GET and HEAD by default. */
        public Builder cacheableMethods(String... methods) {
            for (String method : methods) {
                if (!method.equals("GET") && !method.equals("HEAD")) {
                    throw new IllegalArgumentException("responses to " + method
                            + " are not cacheable by method; use CacheControls.withBodyInKey() for a query by POST");
                }
            }
            this.methods = Set.of(methods);
            return this;
        }

        /** Replaces the status codes whose caching rules count as understood (RFC 9111 3, must-understand). */
        public Builder understoodStatuses(Integer... statuses) {
            this.understoodStatuses = Set.of(statuses);
            return this;
        }

        /** Allows lifetimes guessed from Last-Modified (RFC 9111 4.2.2): off by default. */
        public Builder heuristics(boolean allowed) {
            this.heuristics = allowed;
            return this;
        }

        /** Allows guessed lifetimes of {@code percent} of the time since Last-Modified, {@code maximum} at most. */
        public Builder heuristics(int percent, Duration maximum) {
            if (percent < 1 || percent > 100) {
                throw new IllegalArgumentException("percent must be 1 to 100, was " + percent);
            }
            this.heuristics = true;
            this.heuristicPercent = percent;
            this.heuristicMaximum = notNegative("maximum", maximum);
            return this;
        }

        /**
         * Serves a stale response at once for this long past its freshness, and revalidates it in the background, where
         * the response has no stale-while-revalidate of its own (RFC 5861 3). Zero, the default, leaves it to the
         * directive. Never against must-revalidate, no-cache and their like.
         */
        public Builder staleWhileRevalidate(Duration window) {
            this.staleWhileRevalidate = notNegative("window", window);
            return this;
        }

        /**
         * Lets a stale response stand in for a failed or 5xx answer for this long past its freshness, where the
         * response has no stale-if-error of its own (RFC 5861 4). Zero, the default, leaves it to the directive. Never
         * against must-revalidate, no-cache and their like.
         */
        public Builder staleIfError(Duration window) {
            this.staleIfError = notNegative("window", window);
            return this;
        }

        /**
         * Lets a stale response be served for this long past its freshness when the origin cannot be reached at all
         * (RFC 9111 4.2.4). Zero, the default, switches it off.
         */
        public Builder staleWhenDisconnected(Duration window) {
            this.staleWhenDisconnected = notNegative("window", window);
            return this;
        }

        /**
         * Reads the first of these fields that a response has, and that is valid, instead of Cache-Control and Expires (RFC
         * 9213), such as {@code CDN-Cache-Control}. None by default: a targeted field speaks to those who know themselves
         * addressed.
         */
        public Builder targetedFields(String... names) {
            this.targetedFields = List.of(names);
            return this;
        }

        /** Validates every stored response before it is reused. */
        public Builder alwaysRevalidate(boolean always) {
            this.alwaysRevalidate = always;
            return this;
        }

        /** Stores and reuses every response to a cacheable method for its time to live, ignoring its fields. */
        public Builder forceCache(boolean force) {
            this.forceCache = force;
            return this;
        }

        /** In a shared cache, stores responses with Set-Cookie by the letter of RFC 9111 7.3: off by default. */
        public Builder storeSetCookie(boolean store) {
            this.storeSetCookie = store;
            return this;
        }

        /** Whether concurrent requests for one key share one origin request: on by default. */
        public Builder collapse(boolean collapse) {
            this.collapse = collapse;
            return this;
        }

        /**
         * Whether the answer to an unsafe request may invalidate other responses of its origin by their groups (RFC 9875): on by
         * default. Where several parties share one origin, each could empty the others' cache by it.
         */
        public Builder cacheGroups(boolean heed) {
            this.cacheGroups = heed;
            return this;
        }

        /**
         * Heeds No-Vary-Search: a response may answer a request whose query differs in parts that it declares not to matter. Off
         * by default, since the field is not a standard yet, and a miss costs a second lookup.
         */
        public Builder noVarySearch(boolean heed) {
            this.noVarySearch = heed;
            return this;
        }

        /**
         * Takes qualified directives at their word: with {@code private="f"} a shared cache stores the response without that field,
         * and with {@code no-cache="f"} a response is reused without it (RFC 9111 5.2.2.4, 5.2.2.7). Off by default: most
         * caches take them for unqualified, and so do most who write them.
         */
        public Builder qualifiedDirectives(boolean honour) {
            this.qualifiedDirectives = honour;
            return this;
        }

        /**
         * In a shared cache, lets stale-while-revalidate and stale-if-error win over an s-maxage in the same response, as many who
         * write both intend. Off by default: s-maxage forbids stale use (RFC 9111 5.2.2.10). Never over must-revalidate,
         * proxy-revalidate and no-cache.
         */
        public Builder staleDirectivesBeforeSMaxage(boolean allow) {
            this.staleDirectivesBeforeSMaxage = allow;
            return this;
        }

        /**
         * Lets the Age that was received count alone, which RFC 9111 4.2.3 allows, and does not compare Date with the local clock.
         * Off by default; for machines whose clocks are wrong behind caches that are right.
         */
        public Builder trustUpstreamAge(boolean trust) {
            this.trustUpstreamAge = trust;
            return this;
        }

        /**
         * Never asks the origin: what is stored is served, stale or not, unless its own fields forbid stale use (RFC 9111 4.2.4); all
         * else is answered with 504. Together with {@link #forceCache} everything stored is served, which replays a
         * recording.
         */
        public Builder offline(boolean offline) {
            this.offline = offline;
            return this;
        }

        /**
         * Serves a response that will be stale in less than this, and refreshes it in the background, so that those who come often
         * never wait. Zero, the default, switches it off.
         */
        public Builder refreshAhead(Duration before) {
            this.refreshAhead = notNegative("before", before);
            return this;
        }

        /**
         * Takes responses with these status codes for fresh for this long where they state no lifetime of their own, such as 404 for
         * half a minute. Only where nothing else forbids storing them.
         */
        public Builder defaultFreshness(Duration freshness, int... statuses) {
            for (int status : statuses) {
                defaultFreshness.put(status, UrlRule.positive(freshness));
            }
            return this;
        }

        /** Adds a rule for some URIs; of several that match the first counts. */
        public Builder rule(UrlRule rule) {
            rules.add(Objects.requireNonNull(rule, "rule"));
            return this;
        }

        /** How queries go into keys, where no rule says otherwise. */
        public Builder keyOptions(KeyOptions options) {
            this.keyOptions = Objects.requireNonNull(options, "options");
            return this;
        }

        /** Response fields that are served to the one who asked and never stored, such as {@code Set-Cookie}. */
        public Builder neverStoreFields(String... names) {
            Set<String> all = new TreeSet<>();
            for (String name : names) {
                String lowerCase = name.toLowerCase(Locale.ROOT);
                if (NEEDED_FIELDS.contains(lowerCase)) {
                    throw new IllegalArgumentException(
                            name + " has to be stored: the cache needs it to know what it may do");
                }
                all.add(lowerCase);
            }
            this.neverStoredFields = all;
            return this;
        }

        /** Adds a Cache-Status field (RFC 9211) to every response: off by default. */
        public Builder cacheStatus(boolean add) {
            this.cacheStatus = add;
            return this;
        }

        /** The name of this cache in Cache-Status; {@code Larder} by default. Printable ASCII. */
        public Builder cacheName(String name) {
            for (int i = 0; i < name.length(); i++) {
                if (name.charAt(i) < ' ' || name.charAt(i) > '~') {
                    throw new IllegalArgumentException("cacheName must be printable ASCII");
                }
            }
            if (name.isEmpty()) {
                throw new IllegalArgumentException("cacheName must not be empty");
            }
            this.cacheName = name;
            return this;
        }

        /** Removes stored responses this long after they were stored, fresh or not. */
        public Builder ttl(Duration ttl) {
            return ttl(ttl, false);
        }

        /** Removes stored responses this long after their last use, fresh or not. */
        public Builder slidingTtl(Duration ttl) {
            return ttl(ttl, true);
        }

        private Builder ttl(Duration ttl, boolean sliding) {
            if (ttl.isZero() || ttl.isNegative()) {
                throw new IllegalArgumentException("ttl must be positive, was " + ttl);
            }
            this.ttl = ttl;
            this.slidingTtl = sliding;
            return this;
        }

        /** Replaces how keys are made. */
        public Builder keys(KeyGenerator keys) {
            this.keys = Objects.requireNonNull(keys, "keys");
            return this;
        }

        /** Requests for which this answers false bypass the cache. It must not throw. */
        public Builder requestFilter(Predicate<RequestHead> filter) {
            this.requestFilter = Objects.requireNonNull(filter, "filter");
            return this;
        }

        /** Responses for which this answers false are not stored. It must not throw. */
        public Builder responseFilter(BiPredicate<RequestHead, ResponseHead> filter) {
            this.responseFilter = Objects.requireNonNull(filter, "filter");
            return this;
        }

        /** The policy. */
        public CachePolicy build() {
            return new CachePolicy(this);
        }

        private static Duration notNegative(String what, Duration duration) {
            if (duration.isNegative()) {
                throw new IllegalArgumentException(what + " must not be negative, was " + duration);
            }
            return duration;
        }
    }
}
