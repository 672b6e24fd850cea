package dev.larder.internal.memory;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Bytes in chunks: one thread appends, any number read what has been appended. The chunks grow with the body, so that a
 * small body costs little and a large one is not copied again and again.
 */
public final class Body {
    private static final int SMALLEST_CHUNK = 4 << 10;
    private static final int LARGEST_CHUNK = 256 << 10;

    /** The fields are final, so that a reader who comes upon a chunk by a race sees it whole. */
    private static final class Chunk {
        final long start;
        final byte[] bytes;

        Chunk(long start, byte[] bytes) {
            this.start = start;
            this.bytes = bytes;
        }
    }

    /** Filled from the left. A reader may see a chunk here, or not yet, whose bytes lie past {@link #length}. */
    private volatile Chunk[] chunks = new Chunk[2];

    /** Written after the bytes that it counts: it is what makes them visible to readers. */
    private volatile long length;

    /** The writer's own. */
    private int count;

    /** An empty one. */
    public Body() {}

    /** How many bytes have been appended. */
    public long length() {
        return length;
    }

    /** Appends all remaining bytes. For the writer. */
    public void append(ByteBuffer source) {
        long end = length;
        while (source.hasRemaining()) {
            Chunk last = count == 0 ? addChunk(0, source.remaining()) : chunks[count - 1];
            int used = (int) (end - last.start);
            if (used == last.bytes.length) {
                last = addChunk(end, source.remaining());
                used = 0;
            }
            int n = Math.min(source.remaining(), last.bytes.length - used);
            source.get(last.bytes, used, n);
            end += n;
        }
        length = end;
    }

    /** The first chunk is as long as the first write: most small bodies come in one piece and then need no copy. */
    private Chunk addChunk(long start, int wanted) {
        long usual = start == 0 ? 1 : Math.max(SMALLEST_CHUNK, Math.min(start, LARGEST_CHUNK));
        Chunk chunk = new Chunk(start, new byte[(int) Math.max(wanted, usual)]);
        Chunk[] all = chunks;
        if (count == all.length) {
            all = Arrays.copyOf(all, 2 * count);
            all[count++] = chunk;
            chunks = all;
        } else {
            all[count++] = chunk;
        }
        return chunk;
    }

    /** Copies bytes from a position on; -1 at the end, 0 only when the target is full. */
    public int read(long position, ByteBuffer target) {
        long available = length - position;
        if (available <= 0) {
            return -1;
        }
        Chunk[] all = chunks;
        int at = indexOf(all, position);
        int copied = 0;
        while (available > 0 && target.hasRemaining()) {
            Chunk chunk = all[at++];
            int from = (int) (position - chunk.start);
            int n = (int) Math.min(Math.min(target.remaining(), chunk.bytes.length - from), available);
            target.put(chunk.bytes, from, n);
            position += n;
            available -= n;
            copied += n;
        }
        return copied;
    }

    /** The chunk that holds a position below the length: the last one that starts at or before it. */
    private static int indexOf(Chunk[] chunks, long position) {
        int low = 0;
        int high = chunks.length - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            Chunk chunk = chunks[middle];
            if (chunk == null || chunk.start > position) {
                high = middle - 1;
            } else {
                low = middle;
            }
        }
        return low;
    }

    /** All bytes in one array, without a copy if they lie in one that they fill. For the writer, at its end. */
    byte[] contiguous() {
        if (count == 1 && chunks[0].bytes.length == length) {
            return chunks[0].bytes;
        }
        byte[] all = new byte[Math.toIntExact(length)];
        read(0, ByteBuffer.wrap(all));
        return all;
    }

    /** Gives back the unused end of the last chunk. For the writer, at its end. */
    void trim() {
        Chunk last = chunks[count - 1];
        int used = (int) (length - last.start);
        if (used < last.bytes.length) {
            // In a new array: another thread may be reading from the old one.
            Chunk[] all = Arrays.copyOf(chunks, count);
            all[count - 1] = new Chunk(last.start, Arrays.copyOf(last.bytes, used));
            chunks = all;
        }
    }
}
