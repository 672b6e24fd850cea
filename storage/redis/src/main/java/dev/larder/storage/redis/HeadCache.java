package dev.larder.storage.redis;

import dev.larder.rules.StoredResponse;
import java.lang.ref.WeakReference;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Heads that were parsed before. A hit reads the record from Redis, since another process may have changed or removed it,
 * but a record with the same bytes is the same head: it keeps its object, with the digest worked out, and what a client
 * attached.
 *
 * <p>A table without chains: a head that falls on a taken slot takes its place. So it is bounded, needs no lock, and is
 * forgetful at worst.
 */
final class HeadCache {
    private static final int SLOTS = 1 << 11;
    /** Larger heads are rare, and would fill the memory. */
    private static final int MAX_RECORD = 1 << 14;

    private final AtomicReferenceArray<@Nullable Known> slots = new AtomicReferenceArray<>(SLOTS);

    /** A record that was checked and parsed. */
    static final class Known {
        final String id;
        final byte[] record;
        final long bodyLength;
        final StoredResponse stored;
        private volatile @Nullable Object attachment;
        /** The latest entry made of this, which a client may attach something to at any time. */
        private volatile @Nullable WeakReference<RedisEntry> latest;

        Known(String id, byte[] record, long bodyLength, StoredResponse stored) {
            this.id = id;
            this.record = record;
            this.bodyLength = bodyLength;
            this.stored = stored;
        }

        /** Hands on what was attached to the latest entry. */
        void pass(RedisEntry entry) {
            WeakReference<RedisEntry> reference = latest;
            RedisEntry before = reference == null ? null : reference.get();
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
    Known get(String id, byte[] record) {
        Known known = slots.get(slot(id));
        return known != null && known.id.equals(id) && Arrays.equals(known.record, record) ? known : null;
    }

    void put(Known known) {
        if (known.record.length <= MAX_RECORD) {
            slots.set(slot(known.id), known);
        }
    }

    private static int slot(String id) {
        int hash = id.hashCode();
        return (hash ^ hash >>> 16) & (SLOTS - 1);
    }
}
