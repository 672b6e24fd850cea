package dev.larder.storage.s3;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The indexes that were read or written last, so that a change that follows a lookup need not read again: it is made on
 * the condition that the object still is the one that is known. A lookup always asks S3.
 *
 * <p>What a lookup read must not replace what was written after the lookup began. Therefore each change has a number, and
 * a lookup remembers the last one from when it began.
 */
final class KnownIndexes {
    private static final long MAX_BYTES = 4 << 20;
    /** What one takes beside the bytes of its object. */
    private static final int OVERHEAD = 1000;

    private record Slot(KeyIndex index, long changed) {}

    private final ReentrantLock lock = new ReentrantLock();
    private final LinkedHashMap<String, Slot> slots = new LinkedHashMap<>(64, 0.75f, true);
    private long bytes;
    private long changes;
    /** The highest number of a change that is not remembered any more. */
    private long forgotten;

    /** To be handed to {@link #read}. */
    long begin() {
        lock.lock();
        try {
            return changes;
        } finally {
            lock.unlock();
        }
    }

    @Nullable
    KeyIndex get(String name) {
        lock.lock();
        try {
            Slot slot = slots.get(name);
            return slot == null ? null : slot.index;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Remembers what was read.
     *
     * @param begun what {@link #begin} answered before it was read
     */
    void read(String name, KeyIndex index, long begun) {
        lock.lock();
        try {
            Slot slot = slots.get(name);
            if (begun >= (slot == null ? forgotten : slot.changed)) {
                put(name, new Slot(index, begun));
            }
        } finally {
            lock.unlock();
        }
    }

    void changed(String name, KeyIndex index) {
        lock.lock();
        try {
            put(name, new Slot(index, ++changes));
        } finally {
            lock.unlock();
        }
    }

    void forget(String name) {
        lock.lock();
        try {
            forgotten = ++changes;
            drop(slots.remove(name));
        } finally {
            lock.unlock();
        }
    }

    void forgetAll() {
        lock.lock();
        try {
            forgotten = ++changes;
            slots.clear();
            bytes = 0;
        } finally {
            lock.unlock();
        }
    }

    private void put(String name, Slot slot) {
        drop(slots.put(name, slot));
        bytes += slot.index.size + OVERHEAD;
        Iterator<Map.Entry<String, Slot>> oldest = slots.entrySet().iterator();
        while (bytes > MAX_BYTES) {
            Slot dropped = oldest.next().getValue();
            oldest.remove();
            drop(dropped);
            forgotten = Math.max(forgotten, dropped.changed);
        }
    }

    private void drop(@Nullable Slot slot) {
        if (slot != null) {
            bytes -= slot.index.size + OVERHEAD;
        }
    }
}
