package dev.larder.storage.file;

import dev.larder.storage.BodyReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.function.Consumer;

/** Reads the body of a large entry, a chunk at a time, each of which is checked before its first byte is handed out. */
final class FileBody implements BodyReader {
    private final FileChannel file;
    private final EntryFormat format;
    private final long offset;
    private final long length;
    private final Consumer<DamagedEntryException> damage;
    private final byte[] chunk;
    private long loaded = -1;

    /** @param damage is told when the body turns out damaged */
    FileBody(FileChannel file, String id, long offset, long length, Consumer<DamagedEntryException> damage) {
        this.file = file;
        this.format = new EntryFormat(id);
        this.offset = offset;
        this.length = length;
        this.damage = damage;
        this.chunk = new byte[EntryFormat.CHUNK_HEADER + (int) Math.min(length, EntryFormat.CHUNK)];
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
        if (position == length) {
            return -1;
        }
        long number = position / EntryFormat.CHUNK;
        long start = number * EntryFormat.CHUNK;
        int size = (int) Math.min(length - start, EntryFormat.CHUNK);
        if (loaded != number) {
            load(number, start, size);
        }
        int from = (int) (position - start);
        int count = Math.min(size - from, target.remaining());
        target.put(chunk, EntryFormat.CHUNK_HEADER + from, count);
        return count;
    }

    private void load(long number, long start, int size) throws IOException {
        loaded = -1;
        ByteBuffer buffer = ByteBuffer.wrap(chunk, 0, EntryFormat.CHUNK_HEADER + size);
        long at = offset + EntryFormat.chunkStart(start);
        try {
            while (buffer.hasRemaining()) {
                if (file.read(buffer, at + buffer.position()) < 0) {
                    throw new DamagedEntryException("the body is cut off");
                }
            }
            format.checkChunk(number, chunk, 0, size);
        } catch (DamagedEntryException e) {
            damage.accept(e);
            throw new IOException("the stored body is damaged", e);
        }
        loaded = number;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
