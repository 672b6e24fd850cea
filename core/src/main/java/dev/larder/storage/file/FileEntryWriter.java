package dev.larder.storage.file;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.EntryIds;
import dev.larder.storage.EntryTooLargeException;
import dev.larder.storage.EntryWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Writes an entry: chunk by chunk into a temporary file, whose prefix is written last and which is then renamed.
 *
 * <p>A body of at most one chunk stays in memory until the commit, so that nothing of it is ever on the disk before, and
 * the file is written with one call.
 */
final class FileEntryWriter implements EntryWriter {
    private static final int FIRST_CHUNK = 1 << 11;

    private final FileStorage storage;
    private final Layout layout;
    private final SharedDirectory shared;
    private final StoredResponse head;
    private final EntryName name;
    private final RemovalTable.Mark mark;
    private final EntryFormat format;
    private final long maxLength;

    /** Guards the rest, as others may read back. */
    private final ReentrantLock lock = new ReentrantLock();
    /** The chunk being filled, behind room for its checksum. */
    private byte[] chunk = new byte[EntryFormat.CHUNK_HEADER + FIRST_CHUNK];

    private int pending;
    /** How much of the body is in the file, in whole chunks. */
    private long flushed;

    private byte @Nullable [] headRecord;
    private @Nullable Path path;
    private @Nullable FileChannel out;
    private @Nullable FileChannel in;
    private boolean unfit;
    private boolean finished;
    private boolean committed;
    private boolean closed;
    private volatile boolean discarded;

    FileEntryWriter(
            FileStorage storage,
            Layout layout,
            SharedDirectory shared,
            StoredResponse head,
            EntryName name,
            RemovalTable.Mark mark,
            long maxLength) {
        this.storage = storage;
        this.layout = layout;
        this.shared = shared;
        this.head = head;
        this.name = name;
        this.mark = mark;
        this.format = new EntryFormat(head.id());
        this.maxLength = maxLength;
    }

    StoredResponse head() {
        return head;
    }

    EntryName name() {
        return name;
    }

    RemovalTable.Mark mark() {
        return mark;
    }

    /** Makes the commit discard the entry. */
    void discard() {
        discarded = true;
    }

    boolean isDiscarded() {
        return discarded;
    }

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
                if (pending == EntryFormat.CHUNK) {
                    flush();
                }
                int count = Math.min(bytes.remaining(), EntryFormat.CHUNK - pending);
                makeRoom(count);
                bytes.get(chunk, EntryFormat.CHUNK_HEADER + pending, count);
                pending += count;
            }
        } finally {
            lock.unlock();
        }
    }

    private void makeRoom(int count) {
        int needed = EntryFormat.CHUNK_HEADER + pending + count;
        if (needed > chunk.length) {
            int size = Math.min(Math.max(needed, 2 * chunk.length), EntryFormat.CHUNK_HEADER + EntryFormat.CHUNK);
            chunk = Arrays.copyOf(chunk, size);
        }
    }

    /** Writes the full chunk, after the place for the prefix and the head if it is the first. */
    private void flush() throws IOException {
        boolean done = false;
        try {
            ByteBuffer sealed = sealedChunk();
            FileChannel file = out;
            if (file == null) {
                byte[] record = headRecord();
                file = start();
                // Without its magic number, the file is not an entry wherever it may end up.
                writeAll(file, new byte[EntryFormat.PREFIX], record, sealed);
            } else {
                writeAll(file, sealed);
            }
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

    private ByteBuffer sealedChunk() {
        if (pending == 0) {
            return ByteBuffer.allocate(0);
        }
        format.sealChunk(flushed / EntryFormat.CHUNK, chunk, pending);
        return ByteBuffer.wrap(chunk, 0, EntryFormat.CHUNK_HEADER + pending);
    }

    private byte[] headRecord() {
        byte[] known = headRecord;
        if (known == null) {
            known = storage.headRecord(head, format);
            headRecord = known;
        }
        return known;
    }

    private FileChannel start() throws IOException {
        String file = EntryIds.next();
        Path tmp = layout.tmp().resolve(file);
        shared.temporary.add(file);
        path = tmp;
        FileChannel created;
        try {
            created = layout.createFile(tmp);
        } catch (NoSuchFileException e) {
            layout.create();
            created = layout.createFile(tmp);
        }
        out = created;
        // Tells the sweeps of other processes that the file has an owner; a killed owner loses it.
        created.tryLock();
        return created;
    }

    private static void writeAll(FileChannel file, byte[] first, byte[] second, ByteBuffer third) throws IOException {
        ByteBuffer[] all = {ByteBuffer.wrap(first), ByteBuffer.wrap(second), third};
        while (third.hasRemaining() || all[1].hasRemaining() || all[0].hasRemaining()) {
            file.write(all);
        }
    }

    private static void writeAll(FileChannel file, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            file.write(bytes);
        }
    }

    @Override
    public boolean readsBack() {
        return true;
    }

    @Override
    public int readBack(long position, ByteBuffer target) throws IOException {
        while (true) {
            FileChannel file;
            long at;
            int count;
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
                    count = Math.min(pending - from, target.remaining());
                    target.put(chunk, EntryFormat.CHUNK_HEADER + from, count);
                    return count;
                }
                int inChunk = (int) (position % EntryFormat.CHUNK);
                count = Math.min(EntryFormat.CHUNK - inChunk, target.remaining());
                at = EntryFormat.PREFIX
                        + headRecord().length
                        + EntryFormat.chunkStart(position)
                        + EntryFormat.CHUNK_HEADER
                        + inChunk;
                file = readingChannel();
            } finally {
                lock.unlock();
            }
            try {
                int read = file.read(target.slice().limit(count), at);
                if (read <= 0 && count > 0) {
                    throw new IOException("the file of an entry being written was cut off");
                }
                target.position(target.position() + read);
                return read;
            } catch (ClosedChannelException e) {
                if (Thread.currentThread().isInterrupted()) {
                    throw e;
                }
                // Another reader was interrupted, which closes the channel for all; or the writer was closed.
            }
        }
    }

    /**
     * Not the writer's own channel, because a reader that is interrupted closes the channel that it reads; unless the file
     * has been removed from the directory, where nothing can be opened any more.
     */
    private FileChannel readingChannel() throws IOException {
        FileChannel known = in;
        if (known == null || !known.isOpen()) {
            Path file = path;
            if (file == null) {
                throw new ClosedChannelException();
            }
            FileChannel own = out;
            try {
                known = FileChannel.open(file, EntryFile.READ);
            } catch (NoSuchFileException e) {
                if (own == null || !own.isOpen()) {
                    throw e;
                }
                return own;
            }
            in = known;
        }
        return known;
    }

    @Override
    public boolean commit(List<StoredResponse> replaced) throws IOException {
        long size;
        lock.lock();
        try {
            requireOpen();
            size = unfit || discarded ? -1 : finish();
        } finally {
            lock.unlock();
        }
        if (size < 0) {
            return false;
        }
        return storage.publish(this, size, replaced);
    }

    /** Completes the file; returns its size, or -1 when the entry cannot be stored. */
    private long finish() throws IOException {
        long length = flushed + pending;
        try {
            byte[] record = headRecord();
            finish(format.prefix(length, record.length - EntryFormat.HEAD, 0, 0), record, sealedChunk());
            return EntryFormat.PREFIX + record.length + EntryFormat.bodySize(length);
        } catch (IllegalArgumentException e) {
            return -1; // the head is larger than heads may be
        } finally {
            unfit |= !finished;
        }
    }

    private void finish(byte[] prefix, byte[] record, ByteBuffer rest) throws IOException {
        FileChannel file = out;
        if (file == null) {
            file = start();
            writeAll(file, prefix, record, rest);
        } else {
            writeAll(file, rest);
            ByteBuffer start = ByteBuffer.wrap(prefix);
            while (start.hasRemaining()) {
                file.write(start, start.position());
            }
        }
        if (storage.isDurable()) {
            file.force(true);
        }
        finished = true;
    }

    /** Renames the finished file; false when somebody removed it. Under the lock of the shard. */
    boolean moveTo(Path target, long stamp) throws IOException {
        lock.lock();
        try {
            Path tmp = path;
            if (tmp == null || closed) {
                return false;
            }
            UseCounts.setLastUse(tmp, stamp);
            if (!layout.move(name.shard(), tmp, target)) {
                return false;
            }
            shared.added.incrementAndGet(name.shard());
            shared.temporary.remove(tmp.getFileName().toString());
            path = target;
            committed = true;
            return true;
        } finally {
            lock.unlock();
        }
    }

    private void requireOpen() throws IOException {
        if (closed || finished) {
            throw new IOException(closed ? "the writer is closed" : "the entry was committed before");
        }
    }

    /** Removes the temporary file. */
    private void drop() throws IOException {
        chunk = new byte[0];
        pending = 0;
        Path tmp = path;
        FileChannel writing = out;
        FileChannel reading = in;
        path = null;
        out = null;
        in = null;
        try (writing;
                reading) {
            if (tmp != null && !committed) {
                Files.deleteIfExists(tmp);
                shared.temporary.remove(tmp.getFileName().toString());
            }
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
            drop();
        } finally {
            shared.writers.remove(this);
            lock.unlock();
        }
    }
}
