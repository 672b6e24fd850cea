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
 * @param patience how long to wait for another request's origin response before a {@link java.net.SocketTimeoutException};
 *     null for as long as it takes. The origin's own time-outs are the client's business
 */
public record Call(
        RequestHead request,
        RequestContent content,
        CacheControls controls,
        @Nullable Duration patience) {
    /** A request without content, controls or time limit. */
    public Call(RequestHead request) {
        this(request, RequestContent.NONE, CacheControls.NONE, null);
    }
}
