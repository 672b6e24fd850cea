package dev.larder.storage.caffeine;

import dev.larder.rules.SelectingField;
import dev.larder.rules.StoredResponse;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What stays the same of an entry when it is freshened. It is key and value of Caffeine's cache in one.
 *
 * <p>It equals itself only, but its hash is that of the response's primary key and of what selects it: Caffeine counts
 * uses by hash, and the popularity of a resource has to outlive its entries, each of which has an id of its own.
 */
final class Node implements Comparable<Node> {
    private static final VarHandle USES;
    private static final AtomicLong SEQUENCE = new AtomicLong();

    static {
        try {
            USES = MethodHandles.lookup().findVarHandle(Node.class, "uses", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final CaffeineStorage owner;

    /** Rises with the time of the commit. */
    final long sequence = SEQUENCE.incrementAndGet();

    private final int hash;

    /** When it was last used, or committed, in milliseconds. Of two racing uses either may win. */
    volatile long lastUse;

    /** Whether its key has or had other variants, so that it matters which was used last. */
    volatile boolean hasSiblings;

    /** Whether the index holds the entry. Changed only together with the index, under the lock of its key there. */
    volatile boolean live;

    /** Whether it is the one that was stored last, and weighs nothing. */
    volatile boolean pinned = true;

    /** The present head and body; null only while the node is made. Changed as {@link #live} is. */
    volatile @Nullable Entry entry;

    @SuppressWarnings("unused") // by USES
    private volatile long uses;

    Node(CaffeineStorage owner, StoredResponse head) {
        this.owner = owner;
        int hash = head.key().hashCode();
        for (int i = 0; i < head.selecting().size(); i++) {
            SelectingField field = head.selecting().get(i);
            String value = field.value();
            // Digests are salted with the id, so that the next response for the same request has others.
            if (value != null && value.startsWith("=")) {
                hash = 31 * hash + value.hashCode();
            }
        }
        this.hash = hash;
    }

    long countUse() {
        return (long) USES.getAndAdd(this, 1L) + 1;
    }

    @Override
    public int hashCode() {
        return hash;
    }

    /** Hash tables tell many nodes of one hash apart by it. */
    @Override
    public int compareTo(Node other) {
        return Long.compare(sequence, other.sequence);
    }
}
