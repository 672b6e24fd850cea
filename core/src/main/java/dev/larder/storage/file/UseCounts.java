package dev.larder.storage.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileTime;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts uses in memory, and writes them into the use slots of the files now and then.
 *
 * <p>The rule is that of {@code relatime}: a use is written at once if the last one written is older than an interval,
 * else kept. So a file is written at most once an interval, and what it says of its last use is never wrong by more, even
 * if the process is killed. The modification time of the file is the last use, too, so that eviction need not open files.
 * Counts that two processes add at the same moment may be lost.
 */
final class UseCounts {
    private static final int MAX_ENTRIES = 1 << 13;

    private final ConcurrentHashMap<String, Count> counts = new ConcurrentHashMap<>();
    private final Stamps stamps;

    UseCounts(Stamps stamps) {
        this.stamps = stamps;
    }

    /**
     * @param written how many uses the file counts, and when the last one was
     * @param pending uses since
     * @param stamp when the last use was, as {@link Stamps} tells time
     */
    private record Count(Path path, long written, long writtenAt, long pending, long stamp) {}

    /** Counts a use; returns how many there were. */
    long used(FileEntry entry, long now, long intervalMillis) throws IOException {
        long stamp = stamps.next(now);
        Count count = counts.compute(
                entry.name,
                (name, known) -> known == null
                        ? new Count(entry.path, entry.file.prefix().uses(), lastKnownUse(entry), 1, stamp)
                        : new Count(known.path, known.written, known.writtenAt, known.pending + 1, stamp));
        if (now - count.writtenAt >= intervalMillis) {
            flush(entry.name, count);
        }
        if (counts.size() > MAX_ENTRIES) {
            flush();
            counts.clear();
        }
        return count.written + count.pending;
    }

    private static long lastKnownUse(FileEntry entry) {
        return Math.max(entry.file.prefix().lastUse(), entry.stored().createdAt());
    }

    /** When this process last used an entry, in nanoseconds; or the smallest number. */
    long lastUse(String name) {
        Count count = counts.get(name);
        return count == null ? Long.MIN_VALUE : count.stamp;
    }

    void forget(String name) {
        counts.remove(name);
    }

    /** Writes what was not written. */
    void flush() throws IOException {
        IOException failure = null;
        for (String name : counts.keySet()) {
            Count count = counts.get(name);
            if (count != null && count.pending > 0) {
                try {
                    flush(name, count);
                } catch (IOException e) {
                    failure = e;
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }

    private void flush(String name, Count count) throws IOException {
        // Taken before it is written: a failing disk is asked again after an interval, not at every hit.
        long at = TimeUnit.NANOSECONDS.toMillis(count.stamp);
        Count flushed = new Count(count.path, count.written + count.pending, at, 0, count.stamp);
        if (!counts.replace(name, count, flushed)) {
            return; // another thread counted meanwhile, and will write
        }
        try (FileChannel file = FileChannel.open(count.path, EntryFile.READ_WRITE)) {
            EntryFormat format = new EntryFormat(EntryName.id(name));
            byte[] start = new byte[EntryFormat.PREFIX];
            int size = file.read(ByteBuffer.wrap(start), 0);
            long uses = format.readPrefix(start, size).uses() + count.pending;
            file.write(ByteBuffer.wrap(format.useSlot(uses, at)), EntryFormat.USE_SLOT);
        } catch (NoSuchFileException e) {
            counts.remove(name);
            return;
        } catch (DamagedEntryException e) {
            return; // the next lookup will say so
        }
        setLastUse(count.path, count.stamp);
    }

    static void setLastUse(Path path, long stamp) throws IOException {
        try {
            Files.getFileAttributeView(path, BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                    .setTimes(FileTime.from(stamp, TimeUnit.NANOSECONDS), null, null);
        } catch (NoSuchFileException e) {
            // Removed meanwhile.
        }
    }

    /**
     * Tells time in nanoseconds so that of two uses in one millisecond the later one is later. The milliseconds are the
     * clock's.
     */
    static final class Stamps {
        private final AtomicLong last = new AtomicLong();

        long next(long nowMillis) {
            long base = TimeUnit.MILLISECONDS.toNanos(nowMillis);
            return last.updateAndGet(before -> before >= base && before < base + 999_999 ? before + 1 : base);
        }
    }
}
