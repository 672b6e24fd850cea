package dev.larder.storage.file;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Walks over the directory: counts, drops what has expired or lost its owner, and evicts. One thread at a time, under
 * {@link SharedDirectory#room}.
 */
final class Sweeper {
    /** A sweep in the background opens no more files than this; the next one goes on behind them. */
    static final int BACKGROUND_READS = 1 << 14;

    /** A temporary file this young may not have been locked by its owner yet. */
    private static final long YOUNG_MILLIS = 10_000;
    /** Where files cannot be locked, a temporary file this old is taken for one without an owner. */
    private static final long OLD_MILLIS = TimeUnit.HOURS.toMillis(1);
    /** After an eviction that did not help, since deletions fail, this long nothing is tried. */
    private static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final FileStorage storage;
    private final Layout layout;
    private final SharedDirectory shared;
    private final ShardListings listings;
    private final long maxBytes;
    private final long maxEntries;
    private int cursor;
    private boolean stuck;
    private long stuckUntil;

    Sweeper(
            FileStorage storage,
            Layout layout,
            SharedDirectory shared,
            ShardListings listings,
            long maxBytes,
            long maxEntries) {
        this.storage = storage;
        this.layout = layout;
        this.shared = shared;
        this.listings = listings;
        this.maxBytes = maxBytes;
        this.maxEntries = maxEntries;
    }

    /** Counts what is there, if that has not been done yet. */
    void ensureCounted() throws IOException {
        if (shared.counted) {
            return;
        }
        shared.room.lock();
        try {
            if (!shared.counted) {
                walk(0);
            }
        } finally {
            shared.room.unlock();
        }
    }

    /** Sweeps, reading at most {@code maxReads} entries to see whether they have expired. */
    void sweep(int maxReads) throws IOException {
        shared.room.lock();
        try {
            walk(maxReads);
            removeOrphans();
            evict(0, 0);
        } finally {
            shared.room.unlock();
        }
    }

    private void walk(int maxReads) throws IOException {
        long bytesBefore = shared.bytes.get();
        long entriesBefore = shared.entries.get();
        long bytes = 0;
        long entries = 0;
        int reads = maxReads;
        int next = 0;
        for (int shard : listings.shards()) {
            boolean look = reads > 0 && shard >= cursor;
            for (String name : listings.list(shard)) {
                if (storage.isClosed()) {
                    return;
                }
                BasicFileAttributes attributes = attributes(layout.entry(shard, name));
                if (attributes == null) {
                    continue;
                }
                // What is removed below is subtracted there, so it counts here.
                bytes += attributes.size();
                entries++;
                if (!attributes.isRegularFile()) {
                    storage.damaged(shard, name);
                } else if (look) {
                    reads--;
                    storage.removeIfExpired(shard, name);
                }
            }
            if (look && reads <= 0) {
                next = shard + 1;
            }
        }
        cursor = next;
        // Changes since the walk began are in the counters already.
        shared.bytes.addAndGet(bytes - bytesBefore);
        shared.entries.addAndGet(entries - entriesBefore);
        shared.counted = true;
    }

    private static @Nullable BasicFileAttributes attributes(Path path) throws IOException {
        try {
            return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    /**
     * Makes room for an entry and takes it, in bytes and in number.
     *
     * @return false when there is none to be had
     */
    boolean reserve(long size) throws IOException {
        if (size > maxBytes) {
            return false;
        }
        ensureCounted();
        if (tryReserve(size)) {
            return true;
        }
        shared.room.lock();
        try {
            if (tryReserve(size)) {
                return true;
            }
            if (stuck && System.nanoTime() - stuckUntil < 0) {
                return false;
            }
            stuck = false;
            while (!stuck && !tryReserve(size)) {
                stuck = !evict(size, 1);
                stuckUntil = System.nanoTime() + RETRY_NANOS;
            }
            return !stuck;
        } finally {
            shared.room.unlock();
        }
    }

    private boolean tryReserve(long size) {
        boolean fits = shared.bytes.addAndGet(size) <= maxBytes;
        fits &= shared.entries.incrementAndGet() <= maxEntries;
        if (!fits) {
            unreserve(size);
        }
        return fits;
    }

    /** Gives back what {@link #reserve} took. */
    void unreserve(long size) {
        shared.bytes.addAndGet(-size);
        shared.entries.decrementAndGet();
    }

    private record Candidate(int shard, String name, long lastUse) {}

    /**
     * Where bytes or entries do not fit, removes the least recently used entries until there is room for them, and for a
     * tenth of the capacity besides.
     *
     * @return false when nothing could be removed
     */
    private boolean evict(long size, long count) throws IOException {
        long bytesGoal = goal(shared.bytes.get(), size, maxBytes);
        long entriesGoal = goal(shared.entries.get(), count, maxEntries);
        if (bytesGoal == Long.MAX_VALUE && entriesGoal == Long.MAX_VALUE) {
            return true;
        }
        List<Candidate> candidates = new ArrayList<>();
        for (int shard : listings.shards()) {
            for (String name : listings.list(shard)) {
                BasicFileAttributes attributes = attributes(layout.entry(shard, name));
                if (attributes != null && attributes.isRegularFile()) {
                    long used = attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS);
                    candidates.add(new Candidate(shard, name, Math.max(used, storage.lastUse(name))));
                }
            }
        }
        candidates.sort(Comparator.comparingLong(Candidate::lastUse).thenComparing(Candidate::name));
        boolean removed = false;
        for (Candidate candidate : candidates) {
            if (shared.bytes.get() <= bytesGoal && shared.entries.get() <= entriesGoal) {
                return true;
            }
            removed |= storage.evict(candidate.shard, candidate.name);
        }
        return removed;
    }

    /** How much may stay of what there is, so that more of it fits. */
    private static long goal(long now, long more, long capacity) {
        if (now <= capacity - more) {
            return Long.MAX_VALUE;
        }
        return Math.max(0, Math.min(capacity - capacity / 10, capacity - more));
    }

    /** Removes temporary files whose owner is gone. */
    private void removeOrphans() throws IOException {
        List<String> names = new ArrayList<>();
        ShardListings.names(layout.tmp(), names);
        for (String name : names) {
            // Those of this process are not even opened: closing them would release their locks on POSIX.
            if (EntryName.isId(name) && !shared.temporary.contains(name)) {
                removeIfOrphan(layout.tmp().resolve(name));
            }
        }
    }

    private static void removeIfOrphan(Path path) throws IOException {
        BasicFileAttributes attributes = attributes(path);
        if (attributes == null) {
            return;
        }
        // The file system's times are real times, whatever clock the storage has.
        long age = System.currentTimeMillis() - attributes.lastModifiedTime().toMillis();
        if (age < YOUNG_MILLIS && attributes.isRegularFile()) {
            return;
        }
        if (!attributes.isRegularFile() || hasNoOwner(path, age)) {
            Files.deleteIfExists(path);
        }
    }

    private static boolean hasNoOwner(Path path, long age) throws IOException {
        try (FileChannel file = FileChannel.open(path, EntryFile.READ_WRITE);
                FileLock lock = file.tryLock()) {
            return lock != null;
        } catch (OverlappingFileLockException e) {
            return false;
        } catch (NoSuchFileException e) {
            return true;
        } catch (IOException e) {
            return age > OLD_MILLIS;
        }
    }
}
