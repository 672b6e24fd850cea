package dev.larder.cli;

import dev.larder.policy.CachePolicy;
import java.time.Duration;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options of every command that fetches through a cache. */
final class FetchOptions {
    @Mixin
    private final CacheOptions cache = new CacheOptions();

    @Option(
            names = "--stale-if-error",
            paramLabel = "DURATION",
            description = "Serve a stale response for this long past its freshness when the origin fails,"
                    + " where the response has no stale-if-error of its own.")
    private Duration staleIfError = Duration.ZERO;

    @Option(
            names = "--stale-while-revalidate",
            paramLabel = "DURATION",
            description = "Serve a stale response for this long past its freshness while it is revalidated,"
                    + " where the response has no stale-while-revalidate of its own.")
    private Duration staleWhileRevalidate = Duration.ZERO;

    @Option(
            names = "--offline",
            description = "Never ask the origin: serve what is stored, stale or not, unless its fields forbid that;"
                    + " answer 504 otherwise.")
    private boolean offline;

    StorageChoice storage() {
        return cache.storage();
    }

    CachePolicy policy() {
        return cache.policy()
                .staleIfError(staleIfError)
                .staleWhileRevalidate(staleWhileRevalidate)
                .offline(offline)
                .build();
    }
}
