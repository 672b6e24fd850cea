package dev.larder.engine;

import dev.larder.http.HttpFields;
import dev.larder.http.RequestHead;
import dev.larder.policy.CacheControls;
import dev.larder.policy.CachePolicy;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Decides, for each request, what a driver has to do next (RFC 9111 4).
 *
 * <p>What lives here: the order of effects, and which rule is asked when. What must not: I/O, threads, a clock, a lock.
 * Thread-safe; one engine serves any number of requests at once.
 */
public final class CacheEngine {
    private final CachePolicy policy;
    private final Supplier<String> ids;
    private final LongSupplier longestBody;

    /**
     * An engine.
     *
     * @param policy how it decides
     * @param ids makes a new entry id at each call: unique for ever, lower-case hexadecimal
     * @param longestBody says up to which length in bytes a body can be stored, so that nothing is begun that would be in vain
     */
    public CacheEngine(CachePolicy policy, Supplier<String> ids, LongSupplier longestBody) {
        this.policy = policy;
        this.ids = ids;
        this.longestBody = longestBody;
    }

    /** How this engine decides. */
    public CachePolicy policy() {
        return policy;
    }

    /**
     * Takes up a request.
     *
     * @param request the caller's request
     * @param content what is known of its content
     * @param controls what the caller asks of the cache beyond the request's fields
     * @return the first step
     */
    public CacheStep begin(RequestHead request, RequestContent content, CacheControls controls) {
        return new Exchange(policy, ids, longestBody, request, content, controls, false).begin();
    }

    /**
     * Takes up a request again whose answer was stale, to revalidate what is stored (RFC 5861 3). Nobody waits for its
     * outcome.
     */
    public CacheStep revalidate(RequestHead request, RequestContent content, CacheControls controls) {
        // The whole of it, and whether what is stored is current, not what the caller has.
        HttpFields fields = request.fields().without("Range", "If-Range", "If-None-Match", "If-Modified-Since");
        return new Exchange(policy, ids, longestBody, request.withFields(fields), content, controls, true).begin();
    }
}
