package dev.larder.storage.s3;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Counts uses in memory. They reach S3 with whatever else changes a key's index, and by themselves only where a sliding
 * time to live needs it.
 */
final class Uses {
    private static final int MAX_ENTRIES = 1 << 14;

    /**
     * @param base uses that the index counts
     * @param pending uses since
     * @param stamp when the last use was, as {@link #next} tells time
     * @param writtenAt what the index says of the last use, milliseconds
     */
    record Use(String name, long base, long pending, long stamp, long writtenAt) {
        long lastMillis() {
            return TimeUnit.NANOSECONDS.toMillis(stamp);
        }
    }

    private final ConcurrentHashMap<String, Use> uses = new ConcurrentHashMap<>();
    private final AtomicLong lastStamp = new AtomicLong();

    /** The time in nanoseconds, so that of two uses in one millisecond the later one is later. */
    long next(long nowMillis) {
        long base = TimeUnit.MILLISECONDS.toNanos(nowMillis);
        return lastStamp.updateAndGet(before -> before >= base && before < base + 999_999 ? before + 1 : base);
    }

    Use count(S3Entry entry, long now) {
        long stamp = next(now);
        if (uses.size() > MAX_ENTRIES) {
            uses.clear();
        }
        return uses.compute(
                entry.stored().id(),
                (id, use) -> use == null
                        ? new Use(
                                entry.name,
                                entry.uses,
                                1,
                                stamp,
                                Math.max(entry.lastUse, entry.stored().createdAt()))
                        : new Use(use.name, use.base, use.pending + 1, stamp, use.writtenAt));
    }

    @Nullable
    Use of(String id) {
        return uses.get(id);
    }

    /** When an entry was last used, in milliseconds; {@code known} or later. */
    long lastUse(String id, long known) {
        Use use = uses.get(id);
        return use == null ? known : Math.max(known, use.lastMillis());
    }

    /** The order of use among the entries of a key. */
    long stamp(String id, long knownMillis) {
        Use use = uses.get(id);
        return Math.max(use == null ? Long.MIN_VALUE : use.stamp, TimeUnit.MILLISECONDS.toNanos(knownMillis));
    }

    /** That some uses are in the index now. */
    void written(String id, long count, long total, long lastUse) {
        uses.computeIfPresent(
                id, (same, use) -> new Use(use.name, total, Math.max(0, use.pending - count), use.stamp, lastUse));
    }

    /** Before an entry is flushed by itself, so that a failing S3 is asked again after an interval, not at every use. */
    boolean claim(String id, Use seen, long now) {
        return uses.replace(id, seen, new Use(seen.name, seen.base, seen.pending, seen.stamp, now));
    }

    void forget(String id) {
        uses.remove(id);
    }

    void forgetAll() {
        uses.clear();
    }

    /** The ids of entries with uses that are not written. */
    List<Map.Entry<String, Use>> pending() {
        List<Map.Entry<String, Use>> pending = new ArrayList<>();
        uses.forEach((id, use) -> {
            if (use.pending > 0) {
                pending.add(Map.entry(id, use));
            }
        });
        return pending;
    }
}
