package dev.larder.storage.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Remembers removals, for the sake of responses that were on their way when they happened (RFC 9111 4.4): a file of 65537
 * slots, one for each value of the first 16 bits of a key's hash, and the last one for {@code clear()}.
 *
 * <p>A slot counts the removals that fell on it. A writer notes the count when it is created and is discarded when it has
 * changed at the commit; no clock takes part. Beside the count are the time of the last removal and the process that made
 * it: a response that was requested before that time from another process is discarded too, even if its writer was created
 * after. (Within a process the cache itself watches the time between request and writer.)
 *
 * <p>Two keys that share a slot cost, rarely, a response that could have been stored. For that the file has a fixed size,
 * nothing to sweep, and a removal costs one write of 24 bytes. A damaged slot is a slot with another count.
 */
final class RemovalTable {
    private static final int SLOT = 24;
    private static final int ALL = 1 << 16;

    private final Layout layout;
    private final long process;
    private final ReentrantLock opening = new ReentrantLock();
    private volatile @Nullable FileChannel file;

    /** @param process a number that no other process has */
    RemovalTable(Layout layout, long process) {
        this.layout = layout;
        this.process = process;
    }

    /** The state of both slots that concern a key. */
    record Mark(Slot own, Slot all) {
        /** Whether an entry whose writer saw {@code this} may be stored now that the state is {@code current}. */
        boolean allows(Mark current, long requestTime, long now, long process) {
            return own.count == current.own.count
                    && all.count == current.all.count
                    && !current.own.later(requestTime, now, process)
                    && !current.all.later(requestTime, now, process);
        }
    }

    record Slot(long count, long time, long by) {
        private boolean later(long requestTime, long now, long process) {
            // A time to come says that the clock went back; it must not block the slot until then.
            return by != 0 && by != process && time > requestTime && time <= now;
        }
    }

    Mark mark(int slot) throws IOException {
        return new Mark(read(slot), read(ALL));
    }

    /** Counts a removal. Under the lock of the slot's shard. */
    void count(int slot, long now, boolean durable) throws IOException {
        long next = read(slot).count + 1;
        ByteBuffer bytes = ByteBuffer.allocate(SLOT).putLong(next).putLong(now).putLong(process);
        run(channel -> {
            ByteBuffer source = bytes.duplicate().flip();
            while (source.hasRemaining()) {
                channel.write(source, (long) slot * SLOT + source.position());
            }
            if (durable) {
                channel.force(false);
            }
        });
    }

    /** Counts a removal of everything. Under a lock for that purpose. */
    void countAll(long now, boolean durable) throws IOException {
        count(ALL, now, durable);
    }

    private Slot read(int slot) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(SLOT);
        run(channel -> {
            bytes.clear();
            while (bytes.hasRemaining() && channel.read(bytes, (long) slot * SLOT + bytes.position()) >= 0) {
                // Where the file ends, zeros follow.
            }
        });
        return new Slot(bytes.getLong(0), bytes.getLong(8), bytes.getLong(16));
    }

    @FunctionalInterface
    private interface Access {
        void run(FileChannel channel) throws IOException;
    }

    /** An interrupt closes the channel that a thread reads; this one is shared, so it is opened again. */
    private void run(Access access) throws IOException {
        boolean interrupted = false;
        try {
            while (true) {
                interrupted |= Thread.interrupted();
                try {
                    access.run(channel());
                    return;
                } catch (ClosedByInterruptException e) {
                    interrupted = true;
                } catch (ClosedChannelException e) {
                    // Another thread was interrupted in it.
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private FileChannel channel() throws IOException {
        FileChannel known = file;
        if (known != null && known.isOpen()) {
            return known;
        }
        opening.lock();
        try {
            known = file;
            if (known == null || !known.isOpen()) {
                known = layout.openOwn("removals");
                file = known;
            }
            return known;
        } finally {
            opening.unlock();
        }
    }

    /** Opens the file anew at the next access. */
    void reopen() throws IOException {
        FileChannel known = file;
        file = null;
        if (known != null) {
            known.close();
        }
    }
}
