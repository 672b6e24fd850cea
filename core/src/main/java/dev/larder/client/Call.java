package dev.larder.client;

import dev.larder.engine.RequestContent;
import dev.larder.http.RequestHead;
import dev.larder.policy.CacheControls;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One request as an adapter hands it to the cache.
 *
 * @param request the caller's request
 * @param content what is known of its content
 * @param controls what the caller asks of the cache beyond the request's fields
 * @param patience how long to wait for another request's origin response; null for as long as it takes. The origin's own
 *     time-outs are the client's business
 * @param thenAlone what happens after that time: the request asks the origin itself, or it fails with a
 *     {@link java.net.SocketTimeoutException}
 */
public record Call(
        RequestHead request,
        RequestContent content,
        CacheControls controls,
        @Nullable Duration patience,
        boolean thenAlone) {
    /** A request that fails when its patience ends. */
    public Call(RequestHead request, RequestContent content, CacheControls controls, @Nullable Duration patience) {
        this(request, content, controls, patience, false);
    }

    /** A request without content, controls or time limit. */
    public Call(RequestHead request) {
        this(request, RequestContent.NONE, CacheControls.NONE, null);
    }
}
