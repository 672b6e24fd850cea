package dev.larder.storage.file;

import dev.larder.storage.file.EntryFormat.HeadRecord;
import dev.larder.storage.file.EntryFormat.Prefix;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What one look into an entry file found: the head that counts, and the body if the file is small.
 *
 * @param bodyOffset where the first chunk begins
 * @param end where the last whole head ends; what follows was torn
 * @param size the size of the file
 * @param head null when another version of this library wrote the file
 * @param inlineBody null when the body has to be read piece by piece
 */
record EntryFile(
        Prefix prefix,
        long bodyOffset,
        long end,
        long size,
        @Nullable HeadRecord head,
        @Nullable ByteBuffer inlineBody) {
    static final Set<OpenOption> READ = Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
    static final Set<OpenOption> READ_WRITE =
            Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);

    /** Of a large file, this much is read for its head at first. */
    private static final int FIRST_READ = 1 << 13;

    /** More appended heads than this are never written. */
    private static final int MAX_TAIL = EntryFormat.MAX_HEAD + (2 << 20);

    /**
     * Opens a file, reads it and closes it again.
     *
     * @param expectedSize what the size was the last time, or 0. If it is small and still right, the file is read with
     *     one call and never asked for its size
     */
    static EntryFile read(Path path, String id, long expectedSize) throws IOException, DamagedEntryException {
        try (FileChannel file = FileChannel.open(path, READ)) {
            return read(file, id, expectedSize);
        }
    }

    static EntryFile read(FileChannel file, String id, long expectedSize) throws IOException, DamagedEntryException {
        if (expectedSize > 0 && expectedSize <= EntryFormat.INLINE) {
            byte[] bytes = new byte[(int) expectedSize + 1];
            int count = file.read(ByteBuffer.wrap(bytes), 0);
            if (count == expectedSize) {
                return parse(file, new EntryFormat(id), bytes, count, count);
            }
        }
        long size = file.size();
        byte[] bytes = new byte[size <= EntryFormat.INLINE ? (int) size : FIRST_READ];
        int count = fill(file, bytes, 0, 0);
        return parse(file, new EntryFormat(id), bytes, count, count < bytes.length ? count : size);
    }

    private static EntryFile parse(FileChannel file, EntryFormat format, byte[] start, int startSize, long size)
            throws IOException, DamagedEntryException {
        Prefix prefix = format.readPrefix(start, startSize);
        if (!prefix.known()) {
            return new EntryFile(prefix, 0, size, size, null, null);
        }
        byte[] bytes = start;
        int count = startSize;
        int bodyOffset = EntryFormat.PREFIX + EntryFormat.HEAD + prefix.headLength();
        long bodyEnd = bodyOffset + EntryFormat.bodySize(prefix.bodyLength());
        if (bodyEnd > size) {
            throw new DamagedEntryException("cut off");
        }
        if (bodyOffset > count) {
            bytes = Arrays.copyOf(start, bodyOffset);
            count += fill(file, bytes, count, count);
        }
        HeadRecord head = format.readHead(bytes, EntryFormat.PREFIX, Math.min(count, bodyOffset), EntryFormat.PREFIX);
        if (head == null || head.length() != prefix.headLength()) {
            throw new DamagedEntryException("the first head is missing");
        }

        int bodyLength = (int) Math.min(prefix.bodyLength(), EntryFormat.CHUNK);
        ByteBuffer inlineBody = null;
        if (bodyLength == 0) {
            inlineBody = ByteBuffer.allocate(0);
        } else if (bodyEnd <= count) {
            // One chunk: the file would be too large for two.
            format.checkChunk(0, bytes, bodyOffset, bodyLength);
            inlineBody = ByteBuffer.wrap(bytes, bodyOffset + EntryFormat.CHUNK_HEADER, bodyLength)
                    .slice();
        }

        // Heads that were appended since.
        long end = bodyEnd;
        if (size > bodyEnd) {
            byte[] tail = bytes;
            int at = (int) Math.min(bodyEnd, Integer.MAX_VALUE);
            int tailEnd = (int) Math.min(size, Integer.MAX_VALUE);
            if (size > count) {
                if (size - bodyEnd > MAX_TAIL) {
                    throw new DamagedEntryException("too much after the body");
                }
                tail = new byte[(int) (size - bodyEnd)];
                at = 0;
                tailEnd = fill(file, tail, 0, bodyEnd);
            }
            HeadRecord next = format.readHead(tail, at, tailEnd, end);
            while (next != null) {
                head = next;
                at += next.size();
                end += next.size();
                next = format.readHead(tail, at, tailEnd, end);
            }
        }
        return new EntryFile(prefix, bodyOffset, end, size, head, inlineBody);
    }

    /** Where the body ends and appended heads begin. */
    long bodyEnd() {
        return bodyOffset + EntryFormat.bodySize(prefix.bodyLength());
    }

    /** Reads until the array is full or the file ends; returns how much that was. */
    private static int fill(FileChannel file, byte[] bytes, int from, long position) throws IOException {
        ByteBuffer target = ByteBuffer.wrap(bytes, from, bytes.length - from);
        while (target.hasRemaining()) {
            if (file.read(target, position + target.position() - from) < 0) {
                break;
            }
        }
        return target.position() - from;
    }
}
