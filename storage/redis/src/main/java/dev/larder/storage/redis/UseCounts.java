package dev.larder.storage.redis;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Counts uses in memory, and hands them on now and then.
 *
 * <p>The rule is that of {@code relatime}: a use is handed on at once if the last one that was is older than an interval,
 * else kept. So nothing is sent at most hits, and what Redis says of the last use is never wrong by more, even if the
 * process is killed. What is kept is handed on about a hundred at a time: when more is known than there is room for, and
 * before a commit that may evict.
 */
final class UseCounts {
    static final int MAX_PLACES = 1 << 13;
    /** How many uses are handed on together, so that nothing else has to wait long. */
    static final int SLICE = 100;

    private final ConcurrentHashMap<Place, Map<String, Count>> counts = new ConcurrentHashMap<>();
    private final Stamps stamps = new Stamps();
    private final Sink sink;

    /** Writes what was counted. */
    interface Sink {
        /**
         * Completes when it is written, or could not be.
         *
         * @param entry the latest that was used
         */
        CompletableFuture<?> write(RedisEntry entry, long uses, long lastUse);
    }

    /**
     * @param written how many uses Redis counts, and when the last one was
     * @param pending uses since
     */
    private record Count(RedisEntry entry, long written, long writtenAt, long pending, long lastUse) {}

    UseCounts(Sink sink) {
        this.sink = sink;
    }

    /** The time in microseconds, later than any before. */
    long stamp(long now) {
        return stamps.next(now);
    }

    /** Counts a use; returns how many there were. */
    long used(RedisEntry entry, long now, long intervalMillis) {
        long stamp = stamps.next(now);
        String id = entry.id();
        Map<String, Count> all = counts.compute(entry.place, (place, known) -> {
            Count before = known == null ? null : known.get(id);
            Count after = before == null
                    ? new Count(entry, entry.usage.uses(), millis(entry.usage.lastUse()), 1, stamp)
                    : new Count(
                            entry,
                            Math.max(before.written, entry.usage.uses()),
                            before.writtenAt,
                            before.pending + 1,
                            stamp);
            return with(known, id, after);
        });
        Count count = all.get(id);
        if (count == null) {
            return 1;
        }
        if (now - count.writtenAt >= intervalMillis) {
            flush(entry.place);
        }
        if (counts.size() > MAX_PLACES) {
            makeRoom();
        }
        return count.written + count.pending;
    }

    private static Map<String, Count> with(@Nullable Map<String, Count> known, String id, Count count) {
        if (known == null || (known.size() == 1 && known.containsKey(id))) {
            return Map.of(id, count);
        }
        Map<String, Count> all = new HashMap<>(known);
        all.put(id, count);
        return all;
    }

    /** When this process last used an entry; or the smallest number. */
    long lastUse(Place place, String id) {
        Map<String, Count> all = counts.get(place);
        Count count = all == null ? null : all.get(id);
        return count == null ? Long.MIN_VALUE : count.lastUse;
    }

    void forget(Place place, String id) {
        counts.computeIfPresent(place, (p, known) -> {
            if (!known.containsKey(id)) {
                return known;
            }
            Map<String, Count> all = new HashMap<>(known);
            all.remove(id);
            return all.isEmpty() ? null : all;
        });
    }

    /** Hands on what is known of a key's entries; what is sent when this completes finds it done. */
    CompletableFuture<?> flush(Place place) {
        Map<String, Count> taken = new HashMap<>();
        counts.computeIfPresent(place, (p, known) -> {
            taken.clear();
            Map<String, Count> all = new HashMap<>(known);
            all.replaceAll((id, count) -> {
                if (count.pending == 0) {
                    return count;
                }
                taken.put(id, count);
                return new Count(count.entry, count.written + count.pending, millis(count.lastUse), 0, count.lastUse);
            });
            return taken.isEmpty() ? known : all;
        });
        CompletableFuture<?> done = CompletableFuture.completedFuture(null);
        for (Count count : taken.values()) {
            done = CompletableFuture.allOf(done, sink.write(count.entry, count.pending, count.lastUse));
        }
        return done;
    }

    private static boolean isPending(Map<String, Count> known) {
        return known.values().stream().anyMatch(count -> count.pending > 0);
    }

    /** Hands on what is known of a few keys' entries, and forgets it. */
    private void makeRoom() {
        int left = SLICE;
        for (Place place : counts.keySet()) {
            if (left-- == 0) {
                break;
            }
            flush(place);
            counts.computeIfPresent(place, (p, known) -> isPending(known) ? known : null);
        }
    }

    /** Hands on some of what is kept. */
    CompletableFuture<?> flushSome() {
        CompletableFuture<?> done = CompletableFuture.completedFuture(null);
        int left = SLICE;
        for (Map.Entry<Place, Map<String, Count>> each : counts.entrySet()) {
            if (left <= 0) {
                break;
            }
            if (isPending(each.getValue())) {
                left -= each.getValue().size();
                done = CompletableFuture.allOf(done, flush(each.getKey()));
            }
        }
        return done;
    }

    /** Hands on everything. */
    CompletableFuture<?> flush() {
        CompletableFuture<?> done = CompletableFuture.completedFuture(null);
        for (Place place : counts.keySet()) {
            CompletableFuture<?> its = flush(place);
            done = its.isDone() ? done : CompletableFuture.allOf(done, its);
        }
        return done;
    }

    private static long millis(long stamp) {
        return TimeUnit.MICROSECONDS.toMillis(stamp);
    }

    /** Tells time so that of two uses in one millisecond the later one is later. The milliseconds are the clock's. */
    private static final class Stamps {
        private final AtomicLong last = new AtomicLong();

        long next(long nowMillis) {
            long base = 1000 * Math.max(0, Math.min(nowMillis, Usage.MAX / 1000 - 1));
            return last.updateAndGet(before -> before >= base && before < base + 999 ? before + 1 : base);
        }
    }
}
