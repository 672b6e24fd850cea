package dev.larder.client;

import dev.larder.http.HttpFields;
import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;
import dev.larder.http.TargetUri;
import java.net.URI;
import java.net.URISyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * For client adapters that follow redirects themselves (RFC 9110 15.4). They have to be followed above the cache: below it,
 * a response would be stored under the URI that redirected to it, and validators would be sent to another origin.
 */
public final class Redirection {
    /** How many redirects in a row are worth following. */
    public static final int MOST = 20;

    private Redirection() {}

    /**
     * The request that follows a response. Credentials and cookies do not go to another origin, nor from https to http.
     *
     * @param request what was answered
     * @return null when the response is the one for the caller: it does not redirect, or to nothing that may be followed. The
     *     content belongs to the next request if its method is that of this one
     */
    public static @Nullable RequestHead next(RequestHead request, ResponseHead response) {
        String method = methodAfter(response.status(), request.method());
        String location = response.fields().first("Location");
        TargetUri target =
                method == null || location == null ? null : request.uri().resolve(location);
        if (method == null || target == null || downgrades(request.uri(), target) || !isSendable(target)) {
            return null;
        }
        HttpFields fields = request.fields();
        if (!target.sameOrigin(request.uri())) {
            fields = fields.without("Authorization", "Cookie", "Proxy-Authorization", "Host");
        }
        if (!method.equals(request.method())) {
            fields = fields.without(
                    "Content-Length",
                    "Content-Type",
                    "Content-Encoding",
                    "Content-Language",
                    "Content-Location",
                    "Transfer-Encoding");
        }
        return new RequestHead(method, target, fields);
    }

    /** Whether clients that take a {@link URI} take it. Grammar is read leniently elsewhere, and servers send anything. */
    private static boolean isSendable(TargetUri target) {
        try {
            return new URI(target.toString()).getHost() != null;
        } catch (URISyntaxException e) {
            return false;
        }
    }

    private static boolean downgrades(TargetUri from, TargetUri to) {
        return from.origin().startsWith("https:") && !to.origin().startsWith("https:");
    }

    private static @Nullable String methodAfter(int status, String method) {
        return switch (status) {
            case 301, 302 -> method.equals("POST") ? "GET" : method;
            case 303 -> method.equals("HEAD") ? "HEAD" : "GET";
            case 307, 308 -> method;
            default -> null;
        };
    }
}
