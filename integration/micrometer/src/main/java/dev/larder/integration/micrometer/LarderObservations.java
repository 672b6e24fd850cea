package dev.larder.integration.micrometer;

import dev.larder.CacheInfo;
import dev.larder.CacheListener;
import dev.larder.HttpCache;
import dev.larder.http.RequestHead;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationRegistry;
import java.util.Locale;
import java.util.Objects;

/**
 * Adds to the observation that encloses a request how the cache answered it: the event {@code larder.hit}, {@code
 * larder.revalidated}, {@code larder.stale}, {@code larder.miss} or {@code larder.bypassed}, which tracers show on the
 * span. No event names a URL.
 *
 * <p>The cache begins no observations of its own. What surrounds it is observed already: the whole exchange by whoever
 * observes the caller, and the origin's part of it by the client's own instrumentation below the cache.
 *
 * <p>The enclosing observation is the one in scope on the thread where the answer is decided. That is the caller's thread
 * for blocking calls, and for asynchronous ones that are answered from memory; others find it where the client carries the
 * scope along, and go without an event where it does not.
 */
public final class LarderObservations {
    private LarderObservations() {}

    /**
     * Adds events to observations from now on.
     *
     * @param name the cache's name, which the contextual name of each event says
     * @return the cache
     */
    public static HttpCache observe(ObservationRegistry registry, HttpCache cache, String name) {
        cache.addListener(
                new Events(Objects.requireNonNull(registry, "registry"), Objects.requireNonNull(name, "name")));
        return cache;
    }

    private record Events(ObservationRegistry registry, String name) implements CacheListener {
        @Override
        public void answered(RequestHead request, CacheInfo info) {
            Observation enclosing = registry.getCurrentObservation();
            if (enclosing != null) {
                String result = info.status().name().toLowerCase(Locale.ROOT);
                enclosing.event(Observation.Event.of("larder." + result, result + " in cache " + name));
            }
        }
    }
}
