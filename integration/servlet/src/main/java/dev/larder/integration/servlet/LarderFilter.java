package dev.larder.integration.servlet;

import dev.larder.HttpCache;
import dev.larder.client.Call;
import dev.larder.engine.RequestContent;
import dev.larder.http.HttpFields;
import dev.larder.http.RequestHead;
import dev.larder.http.TargetUri;
import dev.larder.policy.CacheControls;
import dev.larder.policy.CachePolicy;
import dev.larder.storage.Storage;
import dev.larder.storage.file.FileStorage;
import dev.larder.storage.memory.InMemoryStorage;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.FilterConfig;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A servlet filter that caches what the application behind it answers: a shared cache (RFC 9111) whose origin is the rest
 * of the filter chain.
 *
 * <p>Bodies are streamed: what the application writes goes to the client as it is written, and into the storage at once.
 * The application runs on the thread it always runs on, and what it throws passes through. Everything else is up to what
 * its responses say: without {@code Cache-Control} or {@code Expires}, nothing is served from the cache.
 *
 * <p>Map it to {@code REQUEST}, and to {@code ASYNC} too if the application dispatches asynchronous requests, in front of
 * everything whose work is to be saved and behind what has to see each request, such as authentication. With the default
 * constructor it is configured by init parameters:
 *
 * <ul>
 *   <li>{@code storage}: {@code memory} (the default) or {@code file:} and a directory
 *   <li>{@code cache-name}: this cache's name in Cache-Status, {@code Larder} by default
 *   <li>{@code cache-status}: whether responses say how they came about (RFC 9211), {@code true} by default
 *   <li>{@code heuristics}: whether responses without a lifetime get one (RFC 9111 4.2.2), {@code false} by default
 *   <li>{@code etag-max-bytes}: see {@link Builder#etags}, 0 by default
 * </ul>
 *
 * <p>Thread-safe.
 */
public final class LarderFilter implements Filter {
    /** The {@link ServletContext} attribute that holds the {@link HttpCache}, for invalidation by the application. */
    public static final String CACHE_ATTRIBUTE = HttpCache.class.getName();

    /** The request attribute that holds the {@code CacheInfo} of the answer, for filters in front of this one. */
    public static final String INFO_ATTRIBUTE = "dev.larder.CacheInfo";

    private static final String EXCHANGE_ATTRIBUTE = Exchange.class.getName();

    private final boolean configuredByParameters;
    private final Function<? super HttpServletRequest, CacheControls> controls;
    private int mostTagged;
    private @Nullable HttpCache cache;
    private boolean ownsCache;

    /** A filter that its init parameters configure. */
    public LarderFilter() {
        configuredByParameters = true;
        controls = request -> CacheControls.NONE;
    }

    private LarderFilter(Builder b) {
        configuredByParameters = false;
        controls = b.controls;
        mostTagged = b.mostTagged;
        ownsCache = b.cache == null;
        cache = b.cache != null ? b.cache : newCache(b.storage, b.policy);
    }

    private static HttpCache newCache(@Nullable Storage storage, CachePolicy policy) {
        HttpCache.Builder builder = HttpCache.builder().policy(policy);
        return (storage == null ? builder : builder.storage(storage)).build();
    }

    /** A builder whose every part has a default. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * What a filter's policy is unless another is given: shared, without heuristics, with Cache-Status. An application can
     * say how long its responses are fresh; where it does not, there is no reason to guess.
     */
    public static CachePolicy.Builder defaultPolicy() {
        return CachePolicy.sharedCache().heuristics(false).cacheStatus(true);
    }

    /**
     * The cache of an application's filter, for invalidation.
     *
     * @throws IllegalStateException if there is no filter
     */
    public static HttpCache cacheOf(ServletContext context) {
        if (context.getAttribute(CACHE_ATTRIBUTE) instanceof HttpCache cache) {
            return cache;
        }
        throw new IllegalStateException("no LarderFilter has been initialised in this application");
    }

    @Override
    public void init(FilterConfig config) throws ServletException {
        if (configuredByParameters) {
            try {
                configure(config);
            } catch (IOException | IllegalArgumentException e) {
                throw new ServletException("LarderFilter cannot be set up: " + e.getMessage(), e);
            }
        }
        config.getServletContext().setAttribute(CACHE_ATTRIBUTE, cache);
    }

    private void configure(FilterConfig config) throws IOException {
        CachePolicy.Builder policy = defaultPolicy();
        Storage storage = null;
        for (String name : Collections.list(config.getInitParameterNames())) {
            String value = config.getInitParameter(name).trim();
            switch (name) {
                case "storage" -> storage = storage(value);
                case "cache-name" -> policy.cacheName(value);
                case "cache-status" -> policy.cacheStatus(truth(name, value));
                case "heuristics" -> policy.heuristics(truth(name, value));
                case "etag-max-bytes" -> mostTagged = size(name, value);
                default ->
                    throw new IllegalArgumentException("unknown init parameter " + name
                            + "; known are storage, cache-name, cache-status, heuristics and etag-max-bytes");
            }
        }
        cache = newCache(storage, policy.build());
        ownsCache = true;
    }

    private static Storage storage(String spec) throws IOException {
        if (spec.equals("memory")) {
            return InMemoryStorage.create();
        }
        if (spec.startsWith("file:") && spec.length() > 5) {
            return FileStorage.builder().directory(Path.of(spec.substring(5))).build();
        }
        throw new IllegalArgumentException("storage has to be memory or file:DIRECTORY, not " + spec);
    }

    private static boolean truth(String name, String value) {
        if (value.equals("true") || value.equals("false")) {
            return value.equals("true");
        }
        throw new IllegalArgumentException(name + " has to be true or false, not " + value);
    }

    private static int size(String name, String value) {
        try {
            int size = Integer.parseInt(value);
            if (size >= 0) {
                return size;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(name + " has to be a number of bytes, not " + value, e);
        }
        throw new IllegalArgumentException(name + " has to be a number of bytes, not " + value);
    }

    @Override
    public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        HttpCache known = cache;
        if (known == null
                || !(request instanceof HttpServletRequest http)
                || !(response instanceof HttpServletResponse client)) {
            chain.doFilter(request, response);
            return;
        }
        if (request.getAttribute(EXCHANGE_ATTRIBUTE) instanceof Exchange exchange) {
            // Of this filter, or of another one in front: an exchange is cached once.
            if (request.getDispatcherType() == DispatcherType.ASYNC) {
                exchange.dispatched(request, response, chain);
            } else {
                chain.doFilter(request, response);
            }
            return;
        }
        RequestHead head = request.getDispatcherType() == DispatcherType.REQUEST ? head(http) : null;
        if (head == null || head.fields().contains("Upgrade")) {
            chain.doFilter(request, response);
            return;
        }
        Exchange exchange = new Exchange(known, mostTagged, http, client, chain, head);
        request.setAttribute(EXCHANGE_ATTRIBUTE, exchange);
        exchange.serve(new Call(head, content(http), controls.apply(http), null));
    }

    /** Null when its target is nothing that could be cached. */
    private static @Nullable RequestHead head(HttpServletRequest request) {
        StringBuilder uri = new StringBuilder(request.getRequestURL());
        if (request.getQueryString() != null) {
            uri.append('?').append(request.getQueryString());
        }
        TargetUri target;
        try {
            target = TargetUri.parse(uri.toString());
        } catch (IllegalArgumentException e) {
            return null;
        }
        HttpFields.Builder fields = HttpFields.builder();
        for (String name : Collections.list(request.getHeaderNames())) {
            for (String value : Collections.list(request.getHeaders(name))) {
                fields.addReceived(name, value);
            }
        }
        HttpFields all = fields.build();
        // Who has logged in by a session or a certificate has authorization, though no field says so (RFC 9111 3.5).
        boolean authorized = request.getRemoteUser() != null && !all.contains("Authorization");
        return new RequestHead(
                request.getMethod(), target, authorized ? all.with("Authorization", "by-the-container") : all);
    }

    private static RequestContent content(HttpServletRequest request) {
        boolean present = request.getContentLengthLong() > 0
                || request.getHeader("Transfer-Encoding") != null
                // Over HTTP/2 its length need not be known, and what QUERY asks for is its content (RFC 10008 2.7).
                || request.getMethod().equals("QUERY");
        return present ? RequestContent.OPAQUE : RequestContent.NONE;
    }

    @Override
    public void destroy() {
        HttpCache known = cache;
        if (known != null && ownsCache) {
            try {
                known.close();
            } catch (IOException e) {
                throw new IllegalStateException("the storage of the cache cannot be closed", e);
            }
        }
    }

    /** Builds a {@link LarderFilter}. Not thread-safe. */
    public static final class Builder {
        private @Nullable HttpCache cache;
        private @Nullable Storage storage;
        private CachePolicy policy = defaultPolicy().build();
        private boolean policyGiven;
        private Function<? super HttpServletRequest, CacheControls> controls = request -> CacheControls.NONE;
        private int mostTagged;

        private Builder() {}

        /** Uses an existing cache, which other filters may use, too. It is not closed with the filter. */
        public Builder cache(HttpCache cache) {
            this.cache = Objects.requireNonNull(cache, "cache");
            return this;
        }

        /** Where a cache of this filter's own keeps responses: in memory by default. */
        public Builder storage(Storage storage) {
            this.storage = Objects.requireNonNull(storage, "storage");
            return this;
        }

        /** How a cache of this filter's own decides: {@link LarderFilter#defaultPolicy} by default. */
        public Builder policy(CachePolicy policy) {
            this.policy = Objects.requireNonNull(policy, "policy");
            policyGiven = true;
            return this;
        }

        /** What is asked of the cache for each request, such as a partition for each tenant; nothing by default. */
        public Builder controls(Function<? super HttpServletRequest, CacheControls> controls) {
            this.controls = Objects.requireNonNull(controls, "controls");
            return this;
        }

        /**
         * Gives responses to GET without an entity tag a strong one, a digest of their body, and answers {@code If-None-Match}
         * by it with 304. Such a response is held back until it is complete; one that is longer, or is flushed before its
         * end, goes on without. Off by default.
         *
         * @param maxBytes how long a response may be to be held back
         */
        public Builder etags(int maxBytes) {
            if (maxBytes < 0) {
                throw new IllegalArgumentException("maxBytes has to be 0 or more, not " + maxBytes);
            }
            mostTagged = maxBytes;
            return this;
        }

        /**
         * The filter.
         *
         * @throws IllegalStateException if a cache and options for a new one were given
         */
        public LarderFilter build() {
            if (cache != null && (storage != null || policyGiven)) {
                throw new IllegalStateException("storage or policy was given beside cache(…): set them there");
            }
            return new LarderFilter(this);
        }
    }
}
