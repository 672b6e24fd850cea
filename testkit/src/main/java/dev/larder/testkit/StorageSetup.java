package dev.larder.testkit;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * How a test of {@link StorageContract} wants its storage. What is not set is the storage's own choice, but no less than
 * 100 entries and 64 MiB, and no time to live.
 *
 * <p>The optional values fit a builder's methods: {@code setup.maxBytes().ifPresent(builder::maxBytes)}.
 *
 * @param clock the only clock the storage may read
 * @param ttl the time to live of entries that bring none, counted from when they were first stored
 * @param slidingTtl the same, counted from the last use; never set together with {@code ttl}
 * @param maxEntries the capacity in entries
 * @param maxBytes the capacity in bytes
 * @param maxEntryBytes the size of the largest entry to keep
 * @param maxVariants how many entries one key may have
 */
public record StorageSetup(
        ManualClock clock,
        Optional<Duration> ttl,
        Optional<Duration> slidingTtl,
        OptionalInt maxEntries,
        OptionalLong maxBytes,
        OptionalLong maxEntryBytes,
        OptionalInt maxVariants) {
    /** Null is not allowed anywhere. */
    public StorageSetup {
        Objects.requireNonNull(clock, "clock");
        Objects.requireNonNull(ttl, "ttl");
        Objects.requireNonNull(slidingTtl, "slidingTtl");
        Objects.requireNonNull(maxEntries, "maxEntries");
        Objects.requireNonNull(maxBytes, "maxBytes");
        Objects.requireNonNull(maxEntryBytes, "maxEntryBytes");
        Objects.requireNonNull(maxVariants, "maxVariants");
    }

    /** Nothing set but the clock. */
    public static StorageSetup of(ManualClock clock) {
        return new StorageSetup(
                clock,
                Optional.empty(),
                Optional.empty(),
                OptionalInt.empty(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                OptionalInt.empty());
    }

    /** The same with a fixed time to live. */
    public StorageSetup withTtl(Duration value) {
        return new StorageSetup(
                clock, Optional.of(value), Optional.empty(), maxEntries, maxBytes, maxEntryBytes, maxVariants);
    }

    /** The same with a time to live that counts from the last use. */
    public StorageSetup withSlidingTtl(Duration value) {
        return new StorageSetup(
                clock, Optional.empty(), Optional.of(value), maxEntries, maxBytes, maxEntryBytes, maxVariants);
    }

    /** The same with a capacity in entries. */
    public StorageSetup withMaxEntries(int value) {
        return new StorageSetup(clock, ttl, slidingTtl, OptionalInt.of(value), maxBytes, maxEntryBytes, maxVariants);
    }

    /** The same with a capacity in bytes. */
    public StorageSetup withMaxBytes(long value) {
        return new StorageSetup(clock, ttl, slidingTtl, maxEntries, OptionalLong.of(value), maxEntryBytes, maxVariants);
    }

    /** The same with a limit for the size of one entry. */
    public StorageSetup withMaxEntryBytes(long value) {
        return new StorageSetup(clock, ttl, slidingTtl, maxEntries, maxBytes, OptionalLong.of(value), maxVariants);
    }

    /** The same with a limit for the variants of a key. */
    public StorageSetup withMaxVariants(int value) {
        return new StorageSetup(clock, ttl, slidingTtl, maxEntries, maxBytes, maxEntryBytes, OptionalInt.of(value));
    }
}
