package dev.larder.client.jdk;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Follows redirects as the JDK's client does, but above the cache: each response is stored under the URI that it
 * answered, and validators are sent to the origin that they came from.
 */
final class Redirects {
    /** The JDK's own limit and the property that changes it: of requests, so that one less redirect is followed. */
    private static final int MOST_REQUESTS = Math.max(0, Integer.getInteger("jdk.httpclient.redirects.retrylimit", 5));

    private final HttpClient.Redirect policy;

    Redirects(HttpClient.Redirect policy) {
        this.policy = policy;
    }

    /**
     * The request to follow a response with.
     *
     * @param followed how many redirects have been followed already
     * @return null when the response is the one for the caller
     * @throws IOException if it redirects to nowhere
     */
    @Nullable
    HttpRequest next(HttpRequest request, int status, HttpHeaders headers, int followed) throws IOException {
        if (policy == HttpClient.Redirect.NEVER || !redirects(status) || followed + 1 >= MOST_REQUESTS) {
            return null;
        }
        URI target = target(request.uri(), headers);
        if (!allowed(request.uri(), target)) {
            return null;
        }
        String method = methodAfter(status, request.method());
        HttpRequest.Builder next = HttpRequest.newBuilder(ControlledRequest.plain(request), (name, value) -> true)
                .uri(target);
        if (!method.equals(request.method())) {
            next.method(method, HttpRequest.BodyPublishers.noBody());
        }
        return new ControlledRequest(next.build(), ControlledRequest.controls(request));
    }

    private static boolean redirects(int status) {
        return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
    }

    private static URI target(URI base, HttpHeaders headers) throws IOException {
        String location = headers.firstValue("Location")
                .orElseThrow(() -> new IOException("a redirect without Location from " + base));
        try {
            return base.resolve(location);
        } catch (IllegalArgumentException e) {
            throw new IOException("a redirect from " + base + " to no valid URI: " + e.getMessage(), e);
        }
    }

    private boolean allowed(URI from, URI to) {
        String scheme = to.getScheme() == null ? "" : to.getScheme().toLowerCase(Locale.ROOT);
        if (to.getHost() == null || !(scheme.equals("http") || scheme.equals("https"))) {
            return false;
        }
        return policy == HttpClient.Redirect.ALWAYS
                || scheme.equals("https")
                || from.getScheme().equalsIgnoreCase("http");
    }

    private static String methodAfter(int status, String method) {
        return switch (status) {
            case 301, 302 -> method.equals("POST") ? "GET" : method;
            case 303 -> "GET";
            default -> method;
        };
    }
}
