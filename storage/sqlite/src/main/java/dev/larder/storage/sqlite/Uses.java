package dev.larder.storage.sqlite;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Counts uses in memory, until they are written together. Counts that two processes add are both counted. */
final class Uses {
    /** Beyond this many entries it is time to write. */
    static final int MANY = 1 << 13;

    private final ConcurrentHashMap<Long, Count> counts = new ConcurrentHashMap<>();
    private final AtomicLong last = new AtomicLong();

    /**
     * Of one entry.
     *
     * @param written how many uses its row counts
     * @param pending uses since
     * @param stamp when the last use was, in nanoseconds
     * @param slidingMillis the time to live that counts from the last use, or -1
     */
    record Count(long n, long written, long pending, long stamp, long slidingMillis) {}

    /** The time in nanoseconds, so that of two uses in one millisecond the later one is later. */
    long stamp(long nowMillis) {
        long base = TimeUnit.MILLISECONDS.toNanos(nowMillis);
        return last.updateAndGet(before -> before >= base && before < base + 999_999 ? before + 1 : base);
    }

    /** Counts a use; returns how many there were. */
    long used(SqliteEntry entry, long now, long slidingMillis) {
        long stamp = stamp(now);
        Count count = counts.compute(
                entry.n,
                (n, known) -> known == null
                        ? new Count(n, entry.uses, 1, stamp, slidingMillis)
                        : new Count(n, known.written, known.pending + 1, stamp, slidingMillis));
        return count.written + count.pending;
    }

    /** When an entry was last used, in nanoseconds, as far as this process and its row know. */
    long lastUse(long n, long written) {
        Count count = counts.get(n);
        return count == null ? written : Math.max(written, count.stamp);
    }

    /** What is to be written of an entry, or null. */
    @Nullable
    Count pending(long n) {
        Count count = counts.get(n);
        return count == null || count.pending == 0 ? null : count;
    }

    List<Count> pending() {
        List<Count> pending = new ArrayList<>();
        for (Count count : counts.values()) {
            if (count.pending > 0) {
                pending.add(count);
            }
        }
        return pending;
    }

    boolean areMany() {
        return counts.mappingCount() > MANY;
    }

    /** Notes that a count has been written. Its uses meanwhile stay pending. */
    void written(Count count) {
        counts.computeIfPresent(
                count.n,
                (n, now) -> new Count(
                        n, now.written + count.pending, now.pending - count.pending, now.stamp, now.slidingMillis));
    }

    /** Forgets what is written, when there is much of it. */
    void trim() {
        if (areMany()) {
            counts.values().removeIf(count -> count.pending == 0);
        }
    }

    void forget(long n) {
        counts.remove(n);
    }

    void clear() {
        counts.clear();
    }
}
