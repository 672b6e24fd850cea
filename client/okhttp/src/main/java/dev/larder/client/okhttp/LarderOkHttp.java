package dev.larder.client.okhttp;

import dev.larder.CacheInfo;
import dev.larder.HttpCache;
import java.util.Objects;
import okhttp3.OkHttpClient;
import okhttp3.Response;

/**
 * Gives OkHttp a cache.
 *
 * <pre>{@code
 * OkHttpClient client = LarderOkHttp.install(new OkHttpClient.Builder(), cache).build();
 * try (Response response = client.newCall(request).execute()) {
 *     LarderOkHttp.cacheInfo(response).status(); // HIT, MISS, …
 * }
 * }</pre>
 *
 * <p>What a caller asks of the cache goes with the request: {@code request.newBuilder().tag(CacheControls.class, controls)},
 * beside {@code Request.cacheControl}, which works as it always does.
 *
 * <p>Redirects are followed above the cache, by the client's own settings, so that each response is stored under the URL
 * that it answered. Responses are stored as they were sent and decoded above the cache. Cookies, authenticators, retries,
 * TLS and HTTP/2 stay OkHttp's. A response from the cache has no {@link Response#handshake()}, says HTTP/1.1, and brings
 * no trailers. Web sockets pass by.
 */
public final class LarderOkHttp {
    private LarderOkHttp() {}

    /**
     * Puts a cache into a client to be. Call it last: interceptors that are there already see each call once, those that
     * are added later see every request to the origin, redirects and revalidations included, but none that is made in
     * the background. What they add to a request is not known to the cache.
     *
     * @param builder has two interceptors more afterwards
     * @param cache may be used by other clients, too; the client does not close it
     * @return the builder
     * @throws IllegalStateException if the builder has a cache already, this one or OkHttp's own
     */
    public static OkHttpClient.Builder install(OkHttpClient.Builder builder, HttpCache cache) {
        Objects.requireNonNull(cache, "cache");
        if (builder.interceptors().stream().anyMatch(CacheInterceptor.class::isInstance)) {
            throw new IllegalStateException("this client has a Larder cache already");
        }
        OkHttpClient before = builder.build();
        if (before.cache() != null) {
            throw new IllegalStateException("this client has OkHttp's own cache, too: leave cache(…) out");
        }
        // The first of them, so that the others see what is on the wire.
        builder.networkInterceptors().add(0, WireInterceptor.INSTANCE);
        OkHttpClient.Builder plain = builder.build().newBuilder().followRedirects(false);
        plain.interceptors().clear();
        return builder.addInterceptor(new CacheInterceptor(cache, plain.build()));
    }

    /**
     * How a response came about.
     *
     * @throws IllegalArgumentException if it does not come from a client with a Larder cache, or is a web socket's
     */
    public static CacheInfo cacheInfo(Response response) {
        CacheInfo info = response.request().tag(CacheInfo.class);
        if (info == null) {
            throw new IllegalArgumentException(
                    "not a response of a client that LarderOkHttp.install was called for: " + response);
        }
        return info;
    }
}
