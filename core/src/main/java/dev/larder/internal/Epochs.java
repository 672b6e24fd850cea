package dev.larder.internal;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Remembers that something was invalidated, so that a response requested before is not stored after (RFC 9111 4.4).
 *
 * <p>Keys share counters: two keys that meet in one cost a response that could have been stored, never the reverse.
 */
final class Epochs {
    private static final int STRIPES = 1024;

    private final AtomicLongArray stripes = new AtomicLongArray(STRIPES);
    private final AtomicLong all = new AtomicLong();

    /** A number that changes when the key is invalidated. */
    long of(String key) {
        return stripes.get(stripe(key)) + all.get();
    }

    void invalidate(String key) {
        stripes.incrementAndGet(stripe(key));
    }

    void invalidateAll() {
        all.incrementAndGet();
    }

    private static int stripe(String key) {
        int hash = key.hashCode();
        return (hash ^ hash >>> 16) & (STRIPES - 1);
    }
}
