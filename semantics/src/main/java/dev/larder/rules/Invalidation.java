package dev.larder.rules;

import dev.larder.http.Methods;
import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;
import dev.larder.http.TargetUri;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** RFC 9111 4.4: which stored responses an unsafe request makes unusable. */
public final class Invalidation {
    private Invalidation() {}

    /** Whether the answer to this request invalidates: its method is not known to be safe, and it did not fail. */
    public static boolean applies(RequestHead request, ResponseHead response) {
        return !Methods.isSafe(request.method()) && response.status() >= 200 && response.status() < 400;
    }

    /**
     * The URIs to invalidate: the target, and what Location and Content-Location name of the same origin. Another
     * origin's URI is never among them, or one site could empty the cache of another.
     */
    public static Set<TargetUri> uris(RequestHead request, ResponseHead response) {
        Set<TargetUri> uris = new LinkedHashSet<>();
        uris.add(request.uri());
        addSameOrigin(uris, request.uri(), response.fields().first("Location"));
        addSameOrigin(uris, request.uri(), response.fields().first("Content-Location"));
        return uris;
    }

    private static void addSameOrigin(Set<TargetUri> uris, TargetUri target, @Nullable String reference) {
        TargetUri resolved = reference == null ? null : target.resolve(reference);
        if (resolved != null && resolved.sameOrigin(target)) {
            uris.add(resolved);
        }
    }
}
