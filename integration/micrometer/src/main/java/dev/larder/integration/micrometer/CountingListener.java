package dev.larder.integration.micrometer;

import dev.larder.CacheListener;
import dev.larder.rules.StoredResponse;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.io.IOException;

/**
 * Counts what the cache and its storage do not count themselves. Two for the same meters of one registry are equal, so
 * that binding twice counts once.
 */
record CountingListener(
        MeterRegistry registry,
        Counter freshened,
        Counter abandoned,
        Counter evictions,
        Counter corrupt,
        Counter maintenanceFailures)
        implements CacheListener {
    CountingListener(MeterRegistry registry, Tags tags) {
        this(
                registry,
                counter(registry, "larder.entries.freshened", "Stored responses that the origin confirmed", tags),
                counter(registry, "larder.entries.abandoned", "Responses that were not stored after all", tags),
                counter(registry, "cache.evictions", "Entries removed to make room", tags),
                counter(registry, "larder.storage.corrupt", "Entries found damaged and removed", tags),
                counter(
                        registry,
                        "larder.storage.maintenance.failures",
                        "Failures of the storage that no request met, such as in a sweep",
                        tags));
    }

    private static Counter counter(MeterRegistry registry, String meter, String description, Tags tags) {
        return Counter.builder(meter).description(description).tags(tags).register(registry);
    }

    @Override
    public void freshened(StoredResponse response) {
        freshened.increment();
    }

    @Override
    public void abandoned(StoredResponse response, String why) {
        abandoned.increment();
    }

    @Override
    public void evicted(String key) {
        evictions.increment();
    }

    @Override
    public void corrupt(String where, String what) {
        corrupt.increment();
    }

    @Override
    public void failed(String operation, IOException failure) {
        maintenanceFailures.increment();
    }
}
