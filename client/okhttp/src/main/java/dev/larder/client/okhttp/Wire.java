package dev.larder.client.okhttp;

import okhttp3.Call;
import okhttp3.Headers;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * What a response's fields were on the wire. OkHttp would follow a redirect and decode a body below the cache; it does
 * neither when it does not see the fields that ask for it. So they are hidden from it, by {@link WireInterceptor}, and
 * put back here.
 */
final class Wire {
    private volatile boolean watched;
    private volatile @Nullable Headers hidden;
    private volatile @Nullable Headers real;

    /** That of a call: its exchanges come one after the other. */
    static Wire of(Call call) {
        return call.tag(Wire.class, Wire::new);
    }

    /** The next exchange is the cache's. */
    void watch() {
        watched = true;
        hidden = null;
        real = null;
    }

    /** No exchange is the cache's until {@link #watch}. */
    void unwatch() {
        watched = false;
    }

    Response hide(Response response) {
        if (!watched) {
            return response;
        }
        boolean redirects = Redirects.isRedirect(response.code());
        boolean coded = Gzip.isCoded(response.headers());
        if (!redirects && !coded) {
            hidden = null;
            return response;
        }
        Headers.Builder left = response.headers().newBuilder();
        if (redirects) {
            left.removeAll("Location");
        }
        if (coded) {
            left.removeAll("Content-Encoding");
        }
        real = response.headers();
        hidden = left.build();
        return response.newBuilder().headers(hidden).build();
    }

    /** The response with the fields it really had. */
    Response restore(Response response) {
        Headers left = hidden;
        Headers all = real;
        if (left == null || all == null) {
            return response;
        }
        Response.Builder restored = response.newBuilder();
        if (response.headers().equals(left)) {
            restored.headers(all);
        } else {
            // An interceptor below the cache has changed others.
            for (String name : new String[] {"Location", "Content-Encoding"}) {
                for (String value : all.values(name)) {
                    if (left.get(name) == null) {
                        restored.addHeader(name, value);
                    }
                }
            }
        }
        Response network = response.networkResponse();
        return network == null
                ? restored.build()
                : restored.networkResponse(network.newBuilder().headers(all).build())
                        .build();
    }
}
