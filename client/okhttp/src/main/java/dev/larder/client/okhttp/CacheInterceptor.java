package dev.larder.client.okhttp;

import dev.larder.HttpCache;
import java.io.IOException;
import java.net.ProtocolException;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.ResponseBody;
import org.jspecify.annotations.Nullable;

/** Answers calls from the cache, and follows redirects above it. */
final class CacheInterceptor implements Interceptor {
    private final HttpCache cache;
    private final OkHttpClient plain;

    /**
     * Of one client.
     *
     * @param plain the same client without this and without redirects, for requests that belong to no call
     */
    CacheInterceptor(HttpCache cache, OkHttpClient plain) {
        this.cache = cache;
        this.plain = plain;
    }

    @Override
    public Response intercept(Chain chain) throws IOException {
        Request request = chain.request();
        if (request.header("Upgrade") != null) {
            return chain.proceed(request);
        }
        Cancellation cancellation = Cancellation.of(chain.call());
        Response prior = null;
        for (int followed = 1; ; followed++) {
            Hop hop = new Hop(cache, plain, chain, request, cancellation);
            Response response = hop.send(prior);
            Request next = next(chain, response);
            if (next == null) {
                return response;
            }
            hop.release(response);
            if (followed > Redirects.MOST) {
                throw new ProtocolException("Too many follow-up requests: " + followed);
            }
            prior = response.newBuilder().body(ResponseBody.EMPTY).build();
            request = next;
        }
    }

    private static @Nullable Request next(Chain chain, Response response) {
        Request next = Redirects.next(chain, response);
        // As OkHttp does it: what can be sent once has been sent.
        return next == null || (next.body() != null && next.body().isOneShot()) ? null : next;
    }
}
