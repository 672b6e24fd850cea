package dev.larder.storage.sqlite;

import dev.larder.storage.BodyReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Reads a body chunk by chunk, each by a query of its own, so that nothing in the database waits for a slow reader. */
final class SqliteBody implements BodyReader {
    private static final long KEEP_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final SqliteStorage storage;
    private final long n;
    private final String id;
    private final long length;
    private final int generation;
    private byte @Nullable [] chunk;
    private long loaded = -1;
    private long kept = System.nanoTime();
    private boolean closed;

    /** @param whole the body if it is at hand */
    SqliteBody(SqliteStorage storage, SqliteEntry entry, int generation, @Nullable ByteBuffer whole) {
        this.storage = storage;
        this.n = entry.n;
        this.id = entry.stored().id();
        this.length = entry.bodyLength();
        this.generation = generation;
        if (whole != null) {
            chunk = new byte[Checksums.CHUNK_HEADER + whole.remaining()];
            whole.get(chunk, Checksums.CHUNK_HEADER, whole.remaining());
            loaded = 0;
        }
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public int read(long position, ByteBuffer target) throws IOException {
        if (position < 0 || position > length) {
            throw new IndexOutOfBoundsException("position " + position + " of a body of " + length + " bytes");
        }
        if (closed) {
            throw new IOException("the body is closed");
        }
        if (position == length) {
            return -1;
        }
        long number = position / Checksums.CHUNK;
        byte[] bytes = chunk;
        if (bytes == null || loaded != number) {
            bytes = load(number);
        }
        int from = Checksums.CHUNK_HEADER + (int) (position % Checksums.CHUNK);
        int count = Math.min(bytes.length - from, target.remaining());
        target.put(bytes, from, count);
        return count;
    }

    private byte[] load(long number) throws IOException {
        long now = System.nanoTime();
        if (now - kept > KEEP_NANOS) {
            kept = now;
            storage.keep(n, id);
        }
        int size = (int) Math.min(length - number * Checksums.CHUNK, Checksums.CHUNK);
        byte[] bytes;
        try {
            bytes = storage.chunk(n, id, number, size, generation);
        } catch (DamagedRowException e) {
            storage.damagedBody(n, id, e);
            throw new IOException("the stored body is damaged", e);
        }
        chunk = bytes;
        loaded = number;
        return bytes;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            chunk = null;
            storage.released(n);
        }
    }
}
