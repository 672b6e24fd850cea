package dev.larder.internal;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Remembers that something was invalidated, so that a response requested before is not stored after (RFC 9111 4.4).
 *
 * <p>The last few thousand invalidations are remembered by the hash of their key. A fetch that outlasts them, or a hash
 * that meets another, costs a response that could have been stored, never the reverse.
 */
final class Epochs {
    private static final int REMEMBERED = 4096;

    /** The number of an invalidation above, the hash of its key below. */
    private final AtomicLongArray recent = new AtomicLongArray(REMEMBERED);

    private final AtomicLong latest = new AtomicLong();

    /** The moment, for {@link #invalidatedSince}. */
    long now() {
        return latest.get();
    }

    void invalidate(String key) {
        long number = latest.incrementAndGet();
        recent.set(slot(number), (number << 32) | (key.hashCode() & 0xffff_ffffL));
    }

    void invalidateAll() {
        // As if so much had happened that nothing older is remembered.
        latest.addAndGet(REMEMBERED + 1);
    }

    /** Whether the key was, or may have been, invalidated since. */
    boolean invalidatedSince(String key, long moment) {
        long last = latest.get();
        if (last - moment > REMEMBERED) {
            return true;
        }
        int hash = key.hashCode();
        for (long number = moment + 1; number <= last; number++) {
            long known = recent.get(slot(number));
            // Of another number when it is being written, or has been overwritten meanwhile.
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
