package dev.larder.storage.caffeine;

import dev.larder.internal.memory.Content;
import dev.larder.internal.memory.HeadSize;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.StoredEntry;

/** A head with its body, as callers hold it. A freshened entry is a new object with the same {@link Node}. */
final class Entry extends StoredEntry {
    /** What {@link #expiresAt} answers for an entry that does not expire. */
    static final long NEVER = Long.MAX_VALUE;

    final Node node;
    final Content content;

    /** What it counts for in the capacity. */
    final long size;

    /** In milliseconds, or -1 when it does not expire. */
    private final long ttl;

    private final boolean sliding;

    Entry(StoredResponse head, Content content, Node node, long storageTtl, boolean storageSliding) {
        super(head, content.length(), content.inline());
        this.node = node;
        this.content = content;
        this.size = content.length() + HeadSize.of(head);
        boolean own = head.ttlMillis() >= 0;
        this.ttl = own ? head.ttlMillis() : storageTtl;
        this.sliding = own ? head.slidingTtl() : storageSliding;
    }

    boolean expires() {
        return ttl >= 0;
    }

    boolean sliding() {
        return ttl >= 0 && sliding;
    }

    /** The first millisecond at which it is not there any more. */
    long expiresAt() {
        if (ttl < 0) {
            return NEVER;
        }
        long from = sliding ? Math.max(node.lastUse, stored().createdAt()) : stored().createdAt();
        return from > NEVER - ttl ? NEVER : from + ttl;
    }
}
