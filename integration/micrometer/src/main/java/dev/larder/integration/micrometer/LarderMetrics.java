package dev.larder.integration.micrometer;

import dev.larder.CacheStatistics;
import dev.larder.HttpCache;
import dev.larder.storage.Storage;
import dev.larder.storage.StorageStatistics;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.io.IOException;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The meters of one cache: what it answered and what its storage holds, by the cache's name. No tag ever holds a URL or
 * a key.
 *
 * <p>The registry refers to the cache weakly, so that it does not keep a cache alive that nobody uses. Most meters read
 * what the cache counts anyway when they are scraped; only rare events are counted as they happen, from when the meters
 * are bound. Thread-safe.
 */
public final class LarderMetrics implements MeterBinder {
    private final HttpCache cache;
    private final Tags tags;

    /**
     * Meters of a cache, to be bound to a registry.
     *
     * @param name the value of the tag {@code cache}; one for each cache of a registry
     * @param tags further tags of all meters
     */
    public LarderMetrics(HttpCache cache, String name, Iterable<Tag> tags) {
        this.cache = Objects.requireNonNull(cache, "cache");
        this.tags = tags(name, tags);
    }

    /**
     * Binds the meters of a cache to a registry.
     *
     * @param name the value of the tag {@code cache}; one for each cache of the registry
     * @param tags further tags of all meters: a name, its value, the next name, and so on
     * @return the cache
     */
    public static HttpCache monitor(MeterRegistry registry, HttpCache cache, String name, String... tags) {
        new LarderMetrics(cache, name, Tags.of(tags)).bindTo(registry);
        return cache;
    }

    /**
     * A storage that measures how long its operations take, in the timer {@code larder.storage.operations}. The cache is
     * built with what this answers.
     *
     * <p>A storage that never waits, such as one in memory, is answered as it is: reading the clock would cost as much as
     * what is measured.
     *
     * @param name as in {@link #monitor}
     * @param tags further tags: a name, its value, the next name, and so on
     */
    public static Storage timed(MeterRegistry registry, Storage storage, String name, String... tags) {
        return storage.blocks()
                ? new TimedStorage(storage, new OperationTimers(registry, tags(name, Tags.of(tags))))
                : storage;
    }

    private static Tags tags(String name, Iterable<Tag> tags) {
        return Tags.concat(tags, "cache", Objects.requireNonNull(name, "name"));
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        cache.addListener(new CountingListener(registry, tags));
        bindRequests(registry);
        bindStorage(registry);
    }

    private void bindRequests(MeterRegistry registry) {
        // By the names that Micrometer gives the meters of every cache.
        count(registry, "cache.gets", "result", "hit", "Requests answered without the origin's content", statistics -> {
            return statistics.hits() + statistics.revalidated() + statistics.stale();
        });
        count(registry, "cache.gets", "result", "miss", "Requests that the origin answered", CacheStatistics::misses);
        count(registry, "cache.puts", null, "", "Responses stored completely", CacheStatistics::stored);

        String requests = "Requests that got an answer";
        count(registry, "larder.requests", "result", "hit", requests, CacheStatistics::hits);
        count(registry, "larder.requests", "result", "revalidated", requests, CacheStatistics::revalidated);
        count(registry, "larder.requests", "result", "stale", requests, CacheStatistics::stale);
        count(registry, "larder.requests", "result", "miss", requests, CacheStatistics::misses);
        count(registry, "larder.requests", "result", "bypassed", requests, CacheStatistics::bypassed);
        count(
                registry,
                "larder.requests.collapsed",
                null,
                "",
                "Hits that shared another request's origin request",
                CacheStatistics::collapsed);
        count(
                registry,
                "larder.requests.failed",
                null,
                "",
                "Requests that ended with the origin's failure",
                CacheStatistics::failed);
        count(
                registry,
                "larder.entries.invalidated",
                null,
                "",
                "Entries removed because they must not be reused",
                CacheStatistics::invalidated);
        count(
                registry,
                "larder.storage.failures",
                null,
                "",
                "Failures of the storage, which requests went on without",
                CacheStatistics::storageFailures);
    }

    private void count(
            MeterRegistry registry,
            String meter,
            @Nullable String tag,
            String value,
            String description,
            ToLongFunction<CacheStatistics> count) {
        ToDoubleFunction<HttpCache> read = counted -> count.applyAsLong(counted.statistics());
        FunctionCounter.builder(meter, cache, read)
                .tags(tag == null ? tags : tags.and(tag, value))
                .description(description)
                .register(registry);
    }

    private void bindStorage(MeterRegistry registry) {
        gauge(registry, "cache.size", null, "Entries in the storage", StorageStatistics::entries);
        gauge(registry, "larder.storage.size", "bytes", "Size of the entries in the storage", StorageStatistics::bytes);
        gauge(registry, "larder.storage.limit", "bytes", "Capacity of the storage", StorageStatistics::maxBytes);
        gauge(
                registry,
                "larder.storage.limit.entries",
                null,
                "Capacity of the storage in entries",
                StorageStatistics::maxEntries);
    }

    private void gauge(
            MeterRegistry registry,
            String meter,
            @Nullable String unit,
            String description,
            ToLongFunction<StorageStatistics> value) {
        ToDoubleFunction<HttpCache> read = measured -> {
            try {
                long known = value.applyAsLong(measured.storageStatistics());
                return known < 0 ? Double.NaN : known;
            } catch (IOException e) {
                // A storage that fails to say what it holds must not fail the scrape.
                return Double.NaN;
            }
        };
        Gauge.builder(meter, cache, read)
                .tags(tags)
                .baseUnit(unit)
                .description(description)
                .register(registry);
    }
}
