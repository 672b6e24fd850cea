package dev.larder.storage.sqlite;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.EntryTooLargeException;
import dev.larder.storage.EntryWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Writes an entry. A body of at most one chunk stays in memory until the commit, which is one transaction then; of a longer
 * one, each full chunk is written as it comes, under a row that says it is unfinished.
 */
final class SqliteEntryWriter implements EntryWriter {
    private static final int FIRST_CHUNK = 1 << 11;

    private final SqliteStorage storage;
    private final StoredResponse head;
    private final KeyHash key;
    private final Removals.Mark mark;
    private final Checksums sums;
    private final long maxLength;

    /** Guards the rest, as others may read back. */
    private final ReentrantLock lock = new ReentrantLock();
    /** The chunk being filled, behind room for its checksum. */
    private byte[] chunk = new byte[Checksums.CHUNK_HEADER + FIRST_CHUNK];

    private int pending;
    /** How much of the body is in the database, in whole chunks. */
    private long flushed;
    /** The row of the entry; 0 before there is one. */
    private volatile long n;

    private byte @Nullable [] headBytes;
    private boolean unfit;
    private boolean finished;
    private boolean committed;
    private boolean closed;
    private volatile boolean discarded;

    SqliteEntryWriter(SqliteStorage storage, StoredResponse head, KeyHash key, Removals.Mark mark, long maxLength) {
        this.storage = storage;
        this.head = head;
        this.key = key;
        this.mark = mark;
        this.sums = new Checksums(head.id());
        this.maxLength = maxLength;
    }

    StoredResponse head() {
        return head;
    }

    KeyHash key() {
        return key;
    }

    Removals.Mark mark() {
        return mark;
    }

    long n() {
        return n;
    }

    /** Makes the commit discard the entry. */
    void discard() {
        discarded = true;
    }

    boolean isDiscarded() {
        return discarded;
    }

    // ---- what the storage asks while it writes for this

    long length() {
        return flushed + pending;
    }

    byte[] headBytes() {
        byte[] known = headBytes;
        if (known == null) {
            known = storage.headBytes(head);
            headBytes = known;
        }
        return known;
    }

    long seal() {
        return sums.seal(1, storage.formatId(), length(), headBytes());
    }

    long chunkNumber() {
        return flushed / Checksums.CHUNK;
    }

    /** The chunk that is not written yet, behind its checksum. */
    byte[] chunk() {
        sums.sealChunk(chunkNumber(), chunk, pending);
        int size = Checksums.CHUNK_HEADER + pending;
        return size == chunk.length ? chunk : Arrays.copyOf(chunk, size);
    }

    // ---- writing

    @Override
    public void write(ByteBuffer bytes) throws IOException {
        lock.lock();
        try {
            requireOpen();
            if (bytes.remaining() > maxLength - flushed - pending) {
                unfit = true;
            }
            if (unfit) {
                throw new EntryTooLargeException();
            }
            while (bytes.hasRemaining()) {
                if (pending == Checksums.CHUNK) {
                    flush();
                }
                int count = Math.min(bytes.remaining(), Checksums.CHUNK - pending);
                makeRoom(count);
                bytes.get(chunk, Checksums.CHUNK_HEADER + pending, count);
                pending += count;
            }
        } finally {
            lock.unlock();
        }
    }

    private void makeRoom(int count) {
        int needed = Checksums.CHUNK_HEADER + pending + count;
        if (needed > chunk.length) {
            int size = Math.min(Math.max(needed, 2 * chunk.length), Checksums.CHUNK_HEADER + Checksums.CHUNK);
            chunk = Arrays.copyOf(chunk, size);
        }
    }

    private void flush() throws IOException {
        boolean done = false;
        try {
            n = storage.append(this);
            flushed += pending;
            pending = 0;
            done = true;
        } catch (IllegalArgumentException e) {
            // The head is larger than heads may be.
            throw new EntryTooLargeException();
        } finally {
            // What is there stays until it is closed: somebody may be reading it back.
            unfit |= !done;
        }
    }

    @Override
    public boolean readsBack() {
        return true;
    }

    @Override
    public int readBack(long position, ByteBuffer target) throws IOException {
        lock.lock();
        try {
            if (closed) {
                throw new IOException("the entry is not written any more");
            }
            if (position < 0 || position >= flushed + pending) {
                throw new IndexOutOfBoundsException("position " + position + " is not written yet");
            }
            if (position >= flushed) {
                int from = (int) (position - flushed);
                int count = Math.min(pending - from, target.remaining());
                target.put(chunk, Checksums.CHUNK_HEADER + from, count);
                return count;
            }
        } finally {
            lock.unlock();
        }
        byte[] bytes;
        try {
            bytes = storage.chunk(n, head.id(), position / Checksums.CHUNK, Checksums.CHUNK, mark.generation());
        } catch (DamagedRowException e) {
            throw new IOException("what was written of an entry is damaged", e);
        }
        int from = Checksums.CHUNK_HEADER + (int) (position % Checksums.CHUNK);
        int count = Math.min(bytes.length - from, target.remaining());
        target.put(bytes, from, count);
        return count;
    }

    @Override
    public boolean commit(List<StoredResponse> replaced) throws IOException {
        lock.lock();
        try {
            requireOpen();
            if (unfit || discarded) {
                return false;
            }
            finished = true;
            committed = storage.publish(this, replaced);
            return committed;
        } catch (IllegalArgumentException e) {
            return false; // the head is larger than heads may be
        } finally {
            lock.unlock();
        }
    }

    private void requireOpen() throws IOException {
        if (closed || finished) {
            throw new IOException(closed ? "the writer is closed" : "the entry was committed before");
        }
    }

    @Override
    public void close() throws IOException {
        lock.lock();
        try {
            if (closed) {
                return;
            }
            closed = true;
            chunk = new byte[0];
            pending = 0;
            storage.finished(this, !committed);
        } finally {
            lock.unlock();
        }
    }
}
