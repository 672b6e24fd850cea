package dev.larder.client.okhttp;

import okhttp3.HttpUrl;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** What OkHttp makes of a redirect, for us to do above the cache. */
final class Redirects {
    /** OkHttp's own limit. */
    static final int MOST = 20;

    private Redirects() {}

    static boolean isRedirect(int status) {
        return switch (status) {
            case 300, 301, 302, 303, 307, 308 -> true;
            default -> false;
        };
    }

    /** The request to follow a response with; null when the response is the caller's. */
    static @Nullable Request next(Interceptor.Chain chain, Response response) {
        if (!isRedirect(response.code()) || !chain.getFollowRedirects()) {
            return null;
        }
        HttpUrl from = response.request().url();
        String location = response.header("Location");
        HttpUrl to = location == null ? null : from.resolve(location);
        if (to == null || (!to.scheme().equals(from.scheme()) && !chain.getFollowSslRedirects())) {
            return null;
        }
        Request.Builder next = response.request().newBuilder().url(to);
        if (becomesGet(response.request().method(), response.code())) {
            next.method("GET", null)
                    .removeHeader("Transfer-Encoding")
                    .removeHeader("Content-Length")
                    .removeHeader("Content-Type");
        }
        boolean sameOrigin = to.scheme().equals(from.scheme())
                && to.host().equals(from.host())
                && to.port() == from.port();
        if (!sameOrigin) {
            next.removeHeader("Authorization");
        }
        return next.build();
    }

    private static boolean becomesGet(String method, int status) {
        return switch (method) {
            case "GET", "HEAD", "PROPFIND" -> false;
            case "QUERY" -> status == 303;
            default -> status != 307 && status != 308;
        };
    }
}
