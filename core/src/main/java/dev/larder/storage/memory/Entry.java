package dev.larder.storage.memory;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.StoredEntry;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

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
        super(head, content.length(), content.inline);
        this.node = node;
        this.content = content;
        this.size = content.length() + HeadSize.of(head);
        boolean own = head.ttlMillis() >= 0;
        this.ttl = own ? head.ttlMillis() : storageTtl;
        this.sliding = own ? head.slidingTtl() : storageSliding;
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

    boolean expires() {
        return ttl >= 0;
    }

    /** A body: in one piece if it is short, in chunks otherwise. */
    static final class Content {
        final @Nullable ByteBuffer inline;
        final @Nullable Body chunks;

        private Content(@Nullable ByteBuffer inline, @Nullable Body chunks) {
            this.inline = inline;
            this.chunks = chunks;
        }

        static Content of(Body body, int maxInline) {
            if (body.length() <= maxInline) {
                return new Content(ByteBuffer.wrap(body.contiguous()).asReadOnlyBuffer(), null);
            }
            body.trim();
            return new Content(null, body);
        }

        long length() {
            if (inline != null) {
                return inline.capacity();
            }
            return chunks == null ? 0 : chunks.length();
        }

        int read(long position, ByteBuffer target) {
            if (inline == null) {
                return chunks == null ? -1 : chunks.read(position, target);
            }
            int from = (int) position;
            if (from >= inline.capacity()) {
                return -1;
            }
            int n = Math.min(target.remaining(), inline.capacity() - from);
            target.put(inline.slice(from, n));
            return n;
        }
    }
}
