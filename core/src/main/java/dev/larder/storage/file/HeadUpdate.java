package dev.larder.storage.file;

import dev.larder.storage.EntryIds;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Gives an entry another head: appends it, or writes the file anew when too many have been appended. Under the lock of the
 * shard.
 */
final class HeadUpdate {
    /** Appended heads up to this many bytes are never a reason to write the file anew. */
    private static final long MIN_TAIL = 1 << 14;

    private static final long MAX_TAIL = 1 << 20;

    private final Layout layout;
    private final SharedDirectory shared;
    private final boolean durable;

    HeadUpdate(Layout layout, SharedDirectory shared, boolean durable) {
        this.layout = layout;
        this.shared = shared;
        this.durable = durable;
    }

    /** Adds a head to a file; returns the size of the file then. */
    long add(int shard, FileEntry entry, byte[] record) throws IOException {
        EntryFile file = entry.file;
        // The larger the body, the more heads are appended before it is copied; but all of them are read at times.
        long most = Math.max(MIN_TAIL, Math.min(MAX_TAIL, entry.bodyLength() / 64));
        if (file.end() - file.bodyEnd() + record.length > Math.max(most, 2L * record.length)) {
            return rewrite(shard, entry, record);
        }
        try (FileChannel channel = FileChannel.open(entry.path, EntryFile.READ_WRITE)) {
            long end = file.end();
            boolean done = false;
            try {
                if (file.size() > end) {
                    channel.truncate(end); // what a torn write left
                }
                ByteBuffer bytes = ByteBuffer.wrap(record);
                while (bytes.hasRemaining()) {
                    channel.write(bytes, end + bytes.position());
                }
                if (durable) {
                    channel.force(true);
                }
                done = true;
            } finally {
                if (!done && channel.isOpen()) {
                    channel.truncate(end);
                }
            }
            return end + record.length;
        }
    }

    private long rewrite(int shard, FileEntry entry, byte[] record) throws IOException {
        EntryFile file = entry.file;
        String tmpName = EntryIds.next();
        Path tmp = layout.tmp().resolve(tmpName);
        shared.temporary.add(tmpName);
        try (FileChannel in = FileChannel.open(entry.path, EntryFile.READ);
                FileChannel out = layout.createFile(tmp)) {
            out.tryLock();
            EntryFormat format = new EntryFormat(EntryName.id(entry.name));
            EntryFormat.Prefix old = file.prefix();
            ByteBuffer start = ByteBuffer.allocate(EntryFormat.PREFIX + record.length)
                    .put(format.prefix(old.bodyLength(), record.length - EntryFormat.HEAD, old.uses(), old.lastUse()))
                    .put(record)
                    .flip();
            while (start.hasRemaining()) {
                out.write(start);
            }
            // Chunks do not depend on where they are, so they are copied as they are, damage included.
            long from = file.bodyOffset();
            while (from < file.bodyEnd()) {
                long count = in.transferTo(from, file.bodyEnd() - from, out);
                if (count <= 0) {
                    throw new IOException("an entry was cut off while it was copied");
                }
                from += count;
            }
            if (durable) {
                out.force(true);
            }
            if (!layout.move(shard, tmp, entry.path)) {
                throw new NoSuchFileException(tmp.toString());
            }
            return out.position();
        } finally {
            Files.deleteIfExists(tmp);
            shared.temporary.remove(tmpName);
        }
    }
}
