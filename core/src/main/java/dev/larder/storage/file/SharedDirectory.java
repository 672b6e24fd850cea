package dev.larder.storage.file;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What all {@link FileStorage} objects of this process that use one directory have in common: its locks, its open
 * writers, and how full it is.
 *
 * <p>A change of an entry is made under the lock of its group of shards: first one within the process, since the operating
 * system does not tell threads apart, then a region of the file {@code lock}. There is one channel on that file in the
 * process, never closed while in use, since on POSIX closing any of them would release the locks of all. It is only ever
 * asked to {@code tryLock}: {@code lock}, like every read, would close it when the thread is interrupted.
 */
final class SharedDirectory {
    private static final int GROUPS = 256;
    /** The region beside those of the groups, for what concerns the whole directory. */
    private static final int WHOLE = GROUPS;

    /** How long to wait for another process; one that hangs must not make this one hang. */
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(5);

    private static final long PROCESS = new SecureRandom().nextLong() | 1;
    private static final ReentrantLock REGISTRY_LOCK = new ReentrantLock();
    private static final Map<Path, SharedDirectory> REGISTRY = new HashMap<>();

    private final Layout layout;
    private final RemovalTable removals;
    private final ReentrantLock[] groups = new ReentrantLock[GROUPS + 1];
    private final ReentrantLock opening = new ReentrantLock();
    private volatile @Nullable LockFile lockFile;
    private int users;

    /** Writers that may still commit. */
    final Set<FileEntryWriter> writers = ConcurrentHashMap.newKeySet();

    /** The names of temporary files of this process that are in use. */
    final Set<String> temporary = ConcurrentHashMap.newKeySet();

    /** How many files this process has added to each shard. */
    final AtomicIntegerArray added = new AtomicIntegerArray(EntryName.SHARDS);

    /**
     * The sizes of all entry files, and their number, with those that room is reserved for. Meaningless before they have
     * been counted.
     */
    final AtomicLong bytes = new AtomicLong();

    final AtomicLong entries = new AtomicLong();

    /** What the numbers above have of each shard, without reservations. Changed under the lock of the shard. */
    private final long[] shardBytes = new long[EntryName.SHARDS];

    private final long[] shardEntries = new long[EntryName.SHARDS];
    /** Guards counting and eviction, so that one thread does it at a time. */
    final ReentrantLock room = new ReentrantLock();

    volatile boolean counted;

    private SharedDirectory(Layout layout) {
        this.layout = layout;
        this.removals = new RemovalTable(layout, PROCESS);
        for (int i = 0; i < groups.length; i++) {
            groups[i] = new ReentrantLock();
        }
    }

    /** The only object for a directory in this process; to be {@linkplain #release released}. */
    static SharedDirectory of(Layout layout) {
        REGISTRY_LOCK.lock();
        try {
            SharedDirectory shared = REGISTRY.computeIfAbsent(layout.root(), root -> new SharedDirectory(layout));
            shared.users++;
            return shared;
        } finally {
            REGISTRY_LOCK.unlock();
        }
    }

    void release() throws IOException {
        REGISTRY_LOCK.lock();
        try {
            if (--users > 0) {
                return;
            }
            REGISTRY.remove(layout.root(), this);
            removals.reopen();
            LockFile file = lockFile;
            lockFile = null;
            if (file != null) {
                file.channel.close();
            }
        } finally {
            REGISTRY_LOCK.unlock();
        }
    }

    /** A file for which room was reserved is in its place now. Under the lock of the shard. */
    void arrived(int shard, long size) {
        shardBytes[shard] += size;
        shardEntries[shard]++;
    }

    /** The size or number of a shard's files has changed. Under the lock of the shard. */
    void changed(int shard, long moreBytes, long moreEntries) {
        shardBytes[shard] += moreBytes;
        shardEntries[shard] += moreEntries;
        bytes.addAndGet(moreBytes);
        entries.addAndGet(moreEntries);
    }

    /** Whether nothing is known to be in a shard. Under the lock of the shard. */
    boolean isEmpty(int shard) {
        return shardEntries[shard] == 0 && shardBytes[shard] == 0;
    }

    /** What a shard has turns out to be this. Under the lock of the shard. */
    void recounted(int shard, long nowBytes, long nowEntries) {
        changed(shard, nowBytes - shardBytes[shard], nowEntries - shardEntries[shard]);
    }

    RemovalTable removals() {
        return removals;
    }

    static long process() {
        return PROCESS;
    }

    /** Takes the lock of a shard; not reentrant. */
    Held lock(int shard) throws IOException {
        return take(group(shard));
    }

    /** The part of a shard's lock that keeps out threads of this process. */
    ReentrantLock inProcess(int shard) {
        return groups[group(shard)];
    }

    private static int group(int shard) {
        return shard * GROUPS / EntryName.SHARDS;
    }

    /** Takes the lock for what concerns the whole directory. It does not keep shards from being changed. */
    Held lockWhole() throws IOException {
        return take(WHOLE);
    }

    /**
     * Takes the lock of each shard once, in turn: then whatever was being put in place when this was called is there, in
     * shards that it brought into being too, and whatever comes after has seen what the caller did before.
     */
    void passAllLocks() throws IOException {
        for (int group = 0; group < GROUPS; group++) {
            take(group).close();
        }
    }

    private Held take(int group) throws IOException {
        ReentrantLock inProcess = groups[group];
        inProcess.lock();
        FileLock region = null;
        try {
            region = region(group);
            return new Held(inProcess, region);
        } finally {
            if (region == null) {
                inProcess.unlock();
            }
        }
    }

    /** A lock that is held until it is closed. */
    record Held(ReentrantLock inProcess, FileLock region) implements Closeable {
        @Override
        public void close() throws IOException {
            try {
                if (region.isValid()) {
                    region.release();
                }
            } finally {
                inProcess.unlock();
            }
        }
    }

    private FileLock region(int group) throws IOException {
        long start = System.nanoTime();
        long pause = 20_000;
        boolean interrupted = false;
        try {
            while (true) {
                FileLock region = null;
                try {
                    region = lockFile().channel.tryLock(group, 1, false);
                } catch (OverlappingFileLockException e) {
                    // Held by this library under another class loader.
                }
                if (region != null) {
                    return region;
                }
                if (System.nanoTime() - start > PATIENCE_NANOS) {
                    throw new IOException("another process does not release its lock on " + layout.root());
                }
                interrupted |= Thread.interrupted();
                LockSupport.parkNanos(pause);
                pause = Math.min(2 * pause, 2_000_000);
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private record LockFile(FileChannel channel, @Nullable Object fileKey) {}

    /** The lock file; a new one if the directory was deleted and perhaps made again by another process. */
    private LockFile lockFile() throws IOException {
        LockFile known = lockFile;
        if (known != null && isCurrent(known)) {
            return known;
        }
        opening.lock();
        try {
            known = lockFile;
            if (known == null || !isCurrent(known)) {
                FileChannel channel = layout.openOwn("lock");
                removals.reopen();
                // The old channel stays open: other threads may hold locks on it. It goes with the last of them.
                known = new LockFile(channel, fileKey());
                lockFile = known;
            }
            return known;
        } finally {
            opening.unlock();
        }
    }

    private boolean isCurrent(LockFile known) throws IOException {
        try {
            return known.channel.isOpen() && Objects.equals(known.fileKey, fileKey());
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private @Nullable Object fileKey() throws IOException {
        Path lock = layout.root().resolve("lock");
        return Files.readAttributes(lock, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .fileKey();
    }
}
