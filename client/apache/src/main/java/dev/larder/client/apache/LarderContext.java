package dev.larder.client.apache;

import dev.larder.CacheInfo;
import dev.larder.policy.CacheControls;
import java.util.Objects;
import org.apache.hc.core5.http.protocol.HttpContext;

/** What a caller tells the cache, and learns from it, through the context of an execution. */
public final class LarderContext {
    private static final String CONTROLS = "larder.controls";
    private static final String INFO = "larder.info";

    private LarderContext() {}

    /**
     * Asks something of the cache for the requests that are executed in a context, redirects included.
     *
     * @param controls {@link CacheControls#NONE} takes back what was asked before
     */
    public static void controls(HttpContext context, CacheControls controls) {
        context.setAttribute(CONTROLS, Objects.requireNonNull(controls, "controls"));
    }

    static CacheControls controls(HttpContext context) {
        return context.getAttribute(CONTROLS) instanceof CacheControls controls ? controls : CacheControls.NONE;
    }

    /**
     * How the last response in a context came about.
     *
     * @throws IllegalArgumentException if no request has been answered in it by a client with a cache
     */
    public static CacheInfo cacheInfo(HttpContext context) {
        if (context.getAttribute(INFO) instanceof CacheInfo info) {
            return info;
        }
        throw new IllegalArgumentException(
                "no response of a client with a cache in this context (was it given to execute?)");
    }

    static void answered(HttpContext context, CacheInfo info) {
        context.setAttribute(INFO, info);
    }

    static void begin(HttpContext context) {
        context.removeAttribute(INFO);
    }
}
