package dev.larder.internal;

import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Remembers that something was invalidated, so that a response requested before is not stored after (RFC 9111 4.4).
 *
 * <p>The last few thousand invalidations are remembered by the hash of their key. A fetch that outlasts them, or a hash
 * that meets another, costs a response that could have been stored, never the reverse.
 */
final class Epochs {
    private static final int REMEMBERED = 4096;

    private final ReentrantLock writing = new ReentrantLock();
    /** The number of an invalidation above, the hash of its key below. */
    private final AtomicLongArray recent = new AtomicLongArray(REMEMBERED);
    /** The number of the last one; set when that is remembered. */
    private volatile long latest;

    /** The moment, for {@link #invalidatedSince}. */
    long now() {
        return latest;
    }

    void invalidate(String key) {
        writing.lock();
        try {
            long number = latest + 1;
            recent.set(slot(number), (number << 32) | (key.hashCode() & 0xffff_ffffL));
            latest = number;
        } finally {
            writing.unlock();
        }
    }

    void invalidateAll() {
        writing.lock();
        try {
            // As if so much had happened that nothing older is remembered.
            long number = latest + REMEMBERED + 1;
            latest = number;
        } finally {
            writing.unlock();
        }
    }

    /** Whether the key was, or may have been, invalidated since. */
    boolean invalidatedSince(String key, long moment) {
        long last = latest;
        if (last - moment > REMEMBERED) {
            return true;
        }
        int hash = key.hashCode();
        for (long number = moment + 1; number <= last; number++) {
            long known = recent.get(slot(number));
            // Of another number when it has been overwritten meanwhile.
            if ((int) (known >>> 32) != (int) number || (int) known == hash) {
                return true;
            }
        }
        return false;
    }

    private static int slot(long number) {
        return (int) (number & (REMEMBERED - 1));
    }
}
