package dev.larder.storage.sqlite;

import dev.larder.rules.StoredResponse;
import java.lang.ref.WeakReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Heads that were parsed before. A hit still reads its row, since another process may have changed or removed it, but the
 * same row with the same seal, which is its version and its checksum, is the same head: it keeps its object, with the digest worked out,
 * and what a client attached.
 *
 * <p>A table without chains: a head that falls on a taken slot takes its place. So it is bounded, needs no lock, and is
 * forgetful at worst.
 */
final class HeadCache {
    private static final int SLOTS = 1 << 11;
    /** Larger heads are rare, and would fill the memory. */
    private static final int MAX_HEAD = 1 << 14;

    private final AtomicReferenceArray<@Nullable Known> slots = new AtomicReferenceArray<>(SLOTS);

    /** What is known of a row. */
    static final class Known {
        final long n;
        final StoredResponse stored;
        final long length;
        final long seal;
        private volatile @Nullable Object attachment;
        /** The latest entry made of this, which a client may attach something to at any time. */
        private volatile @Nullable WeakReference<SqliteEntry> latest;

        Known(long n, long seal, long length, StoredResponse stored) {
            this.n = n;
            this.seal = seal;
            this.length = length;
            this.stored = stored;
        }

        boolean is(long otherSeal) {
            return seal == otherSeal;
        }

        /** Hands on what was attached to the latest entry. */
        void pass(SqliteEntry entry) {
            WeakReference<SqliteEntry> reference = latest;
            SqliteEntry before = reference == null ? null : reference.get();
            Object attached = before == null ? null : before.attachment();
            if (attached == null) {
                attached = attachment;
            } else {
                attachment = attached;
            }
            if (attached != null) {
                entry.attach(attached);
            } else {
                latest = new WeakReference<>(entry);
            }
        }
    }

    @Nullable
    Known get(long n) {
        Known known = slots.get(slot(n));
        return known != null && known.n == n ? known : null;
    }

    void put(Known known, int size) {
        if (size <= MAX_HEAD) {
            slots.set(slot(known.n), known);
        }
    }

    private static int slot(long n) {
        return (int) (n ^ (n >>> 32)) & (SLOTS - 1);
    }
}
