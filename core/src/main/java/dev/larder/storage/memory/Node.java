package dev.larder.storage.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/** What stays of an entry while its head is replaced: its place in the order of use, and its uses. */
final class Node {
    private static final VarHandle USES;

    static {
        try {
            USES = MethodHandles.lookup().findVarHandle(Node.class, "uses", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final InMemoryStorage owner;

    /** When it was last used, or committed. Written without the lock; of two racing uses either may win. */
    volatile long lastUse;

    /** Whether the entry is in the storage. Written under the lock. */
    volatile boolean live;

    /** When it was last used, counted in uses of the whole storage; orders the variants of a key. Under the lock. */
    long turn;

    /** The neighbours in the order of use. Under the lock. */
    @Nullable
    Node older;

    @Nullable
    Node newer;

    /** The present head and body; null only while the node is made. Under the lock. */
    @Nullable
    Entry entry;

    @SuppressWarnings("unused") // by USES
    private volatile long uses;

    Node(InMemoryStorage owner) {
        this.owner = owner;
    }

    long countUse() {
        return (long) USES.getAndAdd(this, 1L) + 1;
    }
}
