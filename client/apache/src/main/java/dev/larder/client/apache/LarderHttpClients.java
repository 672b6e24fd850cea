package dev.larder.client.apache;

import dev.larder.HttpCache;
import org.apache.hc.client5.http.impl.ChainElement;
import org.apache.hc.client5.http.impl.async.H2AsyncClientBuilder;
import org.apache.hc.client5.http.impl.async.HttpAsyncClientBuilder;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.core5.http.HttpRequestInterceptor;

/**
 * Apache HttpClient 5 with a cache, classic and asynchronous.
 *
 * <pre>{@code
 * CloseableHttpClient client = LarderHttpClients.custom(HttpCache.create()).build();
 * HttpClientContext context = HttpClientContext.create();
 * String body = client.execute(new HttpGet(uri), context, new BasicHttpClientResponseHandler());
 * LarderContext.cacheInfo(context).status(); // HIT, MISS, …
 * }</pre>
 *
 * <p>The cache stands below redirects, retries and content decoding and above authentication, cookies and connections:
 * each redirect is a request of its own, what is stored is what came over the wire, and a hit needs no connection. Any
 * number of clients can share a cache; closing a client does not close it.
 *
 * <p>Of what the client adds below it the cache knows cookies, credentials and {@code User-Agent}. Of default headers and
 * request interceptors of the builder it does not: a response that depends on them, by {@code Vary} or in a shared cache
 * by {@code Authorization}, is not stored. Give them to {@code install} instead.
 */
public final class LarderHttpClients {
    private LarderHttpClients() {}

    /** A builder of a classic client with a cache. */
    public static HttpClientBuilder custom(HttpCache cache) {
        return install(HttpClientBuilder.create(), cache);
    }

    /** A builder of an asynchronous client with a cache. */
    public static HttpAsyncClientBuilder customAsync(HttpCache cache) {
        return install(HttpAsyncClientBuilder.create(), cache);
    }

    /**
     * Adds a cache to a classic client. Sets the builder's request executor: one that is set later loses the check of
     * responses that break off in the middle of their head.
     *
     * @param interceptors run for each request before the cache sees it, such as a {@code RequestDefaultHeaders}
     * @return the builder
     */
    public static HttpClientBuilder install(
            HttpClientBuilder builder, HttpCache cache, HttpRequestInterceptor... interceptors) {
        return builder.setRequestExecutor(new CountingRequestExecutor())
                .addExecInterceptorBefore(
                        ChainElement.PROTOCOL.name(),
                        ChainElement.CACHING.name(),
                        new ClassicCaching(cache, new Messages(cache, interceptors)));
    }

    /**
     * Adds a cache to an asynchronous client.
     *
     * @param interceptors as in {@link #install(HttpClientBuilder, HttpCache, HttpRequestInterceptor...)}
     * @return the builder
     */
    public static HttpAsyncClientBuilder install(
            HttpAsyncClientBuilder builder, HttpCache cache, HttpRequestInterceptor... interceptors) {
        return builder.addRequestInterceptorFirst(ReceivedBytes::sending)
                .addExecInterceptorBefore(
                        ChainElement.PROTOCOL.name(),
                        ChainElement.CACHING.name(),
                        new AsyncCaching(cache, new Messages(cache, interceptors)));
    }

    /**
     * Adds a cache to an asynchronous client that speaks nothing but HTTP/2.
     *
     * @param interceptors as in {@link #install(HttpClientBuilder, HttpCache, HttpRequestInterceptor...)}
     * @return the builder
     */
    public static H2AsyncClientBuilder install(
            H2AsyncClientBuilder builder, HttpCache cache, HttpRequestInterceptor... interceptors) {
        return builder.addExecInterceptorBefore(
                ChainElement.PROTOCOL.name(),
                ChainElement.CACHING.name(),
                new AsyncCaching(cache, new Messages(cache, interceptors)));
    }
}
