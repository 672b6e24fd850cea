package dev.larder.client.spring;

import dev.larder.CacheInfo;
import dev.larder.policy.CacheControls;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What one request asks of the cache, and how it learns how its response came about: attributes of the request, which
 * RestClient and WebClient hand down unchanged.
 *
 * <pre>{@code
 * client.get().uri("/users/42")
 *         .attributes(LarderAttributes.controls(CacheControls.NONE.withTags("user-42")))
 *         .attributes(LarderAttributes.info(info -> log.debug(info.explain())))
 *         .retrieve()
 * }</pre>
 */
public final class LarderAttributes {
    private static final String CONTROLS = CacheControls.class.getName();
    private static final String INFO = CacheInfo.class.getName();

    private LarderAttributes() {}

    /** For {@code attributes(…)} of a request: what it asks of the cache beyond its fields. */
    public static Consumer<Map<String, Object>> controls(CacheControls controls) {
        Objects.requireNonNull(controls, "controls");
        return attributes -> attributes.put(CONTROLS, controls);
    }

    /**
     * For {@code attributes(…)} of a request: told how the response came about, as soon as its head is there. With redirects
     * that the cache follows it is told of each response.
     *
     * @param listener called on the thread at work; must be quick
     */
    public static Consumer<Map<String, Object>> info(Consumer<CacheInfo> listener) {
        Objects.requireNonNull(listener, "listener");
        return attributes -> attributes.put(INFO, listener);
    }

    static CacheControls controlsOf(Map<String, Object> attributes) {
        @Nullable Object controls = attributes.get(CONTROLS);
        return controls instanceof CacheControls known ? known : CacheControls.NONE;
    }

    @SuppressWarnings("unchecked") // Only info() puts it there.
    static void tell(Map<String, Object> attributes, CacheInfo info) {
        @Nullable Object listener = attributes.get(INFO);
        if (listener instanceof Consumer<?> known) {
            ((Consumer<CacheInfo>) known).accept(info);
        }
    }
}
