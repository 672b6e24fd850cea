package dev.larder.storage.tiered;

import dev.larder.storage.StoredEntry;
import java.time.InstantSource;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** What near may answer without asking far, and what protects it from what is out of date. Forgetting costs one far look-up. */
final class KnownKeys {
    private static final int MAX_KEYS = 1 << 14;

    private final ConcurrentHashMap<String, Known> keys = new ConcurrentHashMap<>();
    private final AtomicLong generation = new AtomicLong();
    private final InstantSource clock;
    private final long ttlMillis;

    /** Ids that someone is writing into near, which is for one at a time. */
    final Set<String> busy = ConcurrentHashMap.newKeySet();

    /** Whether near may still have what was removed, because it failed then. */
    volatile boolean nearIsDoubtful;

    volatile boolean closed;

    KnownKeys(InstantSource clock, long ttlMillis) {
        this.clock = clock;
        this.ttlMillis = ttlMillis;
    }

    /** What near may answer with now. */
    @Nullable
    Known current(String key) {
        Known known = keys.get(key);
        return known != null && known.holds(clock.millis()) ? known : null;
    }

    @Nullable
    Known get(String key) {
        return keys.get(key);
    }

    /** What is known before far is asked, for {@link #stands} and {@link #learn} afterwards. */
    Known token(String key) {
        Known known = keys.get(key);
        if (known == null) {
            trim();
            Known fresh = new Known();
            known = keys.putIfAbsent(key, fresh);
            return known == null ? fresh : known;
        }
        return known;
    }

    long generation() {
        return generation.get();
    }

    /** Whether no change has come between since a token and a generation were taken. */
    boolean stands(String key, Known token, long sinceGeneration) {
        return keys.get(key) == token && generation.get() == sinceGeneration;
    }

    /** Far has these entries, and so has near; nothing happens if a change came between. */
    void learn(String key, Known token, List<StoredEntry> entries) {
        keys.replace(key, token, new Known(entries, clock.millis(), ttlMillis));
    }

    /** Far has nothing under the key. */
    void nothing(String key, Known token) {
        keys.remove(key, token);
    }

    /** The key has changed. */
    void changed(String key) {
        keys.remove(key);
    }

    /** Any key may have lost entries. */
    void anyRemoved() {
        generation.incrementAndGet();
    }

    void clear() {
        generation.incrementAndGet();
        keys.clear();
    }

    private void trim() {
        if (keys.size() < MAX_KEYS) {
            return;
        }
        long now = clock.millis();
        keys.values().removeIf(known -> !known.holds(now));
        Iterator<Known> rest = keys.values().iterator();
        for (int surplus = keys.size() - MAX_KEYS * 7 / 8; surplus > 0 && rest.hasNext(); surplus--) {
            rest.next();
            rest.remove();
        }
    }
}
