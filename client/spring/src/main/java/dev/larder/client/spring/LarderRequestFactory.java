package dev.larder.client.spring;

import dev.larder.HttpCache;
import java.net.URI;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpMethod;
import org.springframework.http.client.ClientHttpRequest;
import org.springframework.http.client.ClientHttpRequestFactory;
import org.springframework.http.client.JdkClientHttpRequestFactory;

/**
 * Gives {@code RestClient}, {@code RestTemplate} and the HTTP interfaces on top of them a cache.
 *
 * <pre>{@code
 * RestClient client = RestClient.builder().requestFactory(LarderRequestFactory.of(cache)).build();
 * }</pre>
 *
 * <p>Where the client below decodes content, as the JDK's does in Spring and Apache's does by itself, what is stored is the
 * decoded content.
 *
 * <p>It is a request factory and no interceptor, because an interceptor gets the request's content as one array, and takes
 * streaming away from every request. Interceptors work above it as usual. Thread-safe.
 */
public final class LarderRequestFactory implements ClientHttpRequestFactory {
    private final HttpCache cache;
    private final ClientHttpRequestFactory delegate;
    private final boolean followRedirects;
    private final @Nullable Duration patience;

    private LarderRequestFactory(
            HttpCache cache, ClientHttpRequestFactory delegate, boolean followRedirects, @Nullable Duration patience) {
        this.cache = Objects.requireNonNull(cache, "cache");
        this.delegate = Objects.requireNonNull(delegate, "delegate");
        this.followRedirects = followRedirects;
        this.patience = patience;
    }

    /** In front of the JDK's client, which does not follow redirects either. */
    public static LarderRequestFactory of(HttpCache cache) {
        return over(cache, new JdkClientHttpRequestFactory());
    }

    /**
     * In front of any other factory.
     *
     * @param delegate sends what the cache cannot answer. It must not follow redirects: a response would be stored under the
     *     URI that redirected to it, for this class cannot see that it did. The JDK's and Reactor's clients do not by
     *     default; Apache's, Jetty's and {@code HttpURLConnection} do, and have to be told. See {@link #followRedirects}
     */
    public static LarderRequestFactory over(HttpCache cache, ClientHttpRequestFactory delegate) {
        return new LarderRequestFactory(cache, delegate, false, null);
    }

    /** The same, but redirects are followed, above the cache, so that each response is stored under its own URI. */
    public LarderRequestFactory followRedirects() {
        return new LarderRequestFactory(cache, delegate, true, patience);
    }

    /**
     * The same, but a request waits so long at the most for another request's response to the same URI, which it would
     * share. Give it the delegate's read time-out, which this class cannot see; by default there is no limit.
     */
    public LarderRequestFactory waitingAtMost(Duration limit) {
        return new LarderRequestFactory(cache, delegate, followRedirects, Objects.requireNonNull(limit, "limit"));
    }

    @Override
    public ClientHttpRequest createRequest(URI uri, HttpMethod method) {
        return new CachingRequest(cache, delegate, followRedirects, patience, method, uri);
    }
}
