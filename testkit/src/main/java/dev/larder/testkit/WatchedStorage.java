package dev.larder.testkit;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.Lease;
import dev.larder.storage.Storage;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StorageStatistics;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Passes every call on to another storage, counts the readers and writers that are open, and fails where a test wants it
 * to. Safe for use by several threads.
 */
public final class WatchedStorage implements Storage {
    /** Asked before every call that may fail. */
    @FunctionalInterface
    public interface Faults {
        /**
         * May fail in place of the operation.
         *
         * @param operation the name of the method; {@code close reader} and {@code close writer} come after closing
         */
        void before(String operation) throws IOException;
    }

    private static final long PATIENCE_SECONDS = 10;

    private final Storage storage;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private volatile Faults faults = operation -> {};
    private volatile long mostBytes = Long.MAX_VALUE;
    private volatile boolean closed;
    // Guarded by the lock.
    private int openReaders;
    private int openWriters;
    private int lookups;

    /** Watches a storage, which is closed with this one. */
    public WatchedStorage(Storage storage) {
        this.storage = storage;
    }

    /** What fails from now on. */
    public void fail(Faults faults) {
        this.faults = faults;
    }

    /** From now on no longer body is taken. */
    public void limitBodies(long bytes) {
        mostBytes = bytes;
    }

    /** How many readers are open. */
    public int openReaders() {
        lock.lock();
        try {
            return openReaders;
        } finally {
            lock.unlock();
        }
    }

    /** How many writers are open. */
    public int openWriters() {
        lock.lock();
        try {
            return openWriters;
        } finally {
            lock.unlock();
        }
    }

    /** Whether {@link #close} has been called. */
    public boolean isClosed() {
        return closed;
    }

    /**
     * Waits up to ten seconds until no reader and no writer is open: closing may happen on another thread, a moment
     * after the answer.
     *
     * @return how many are still open
     */
    public int awaitAllClosed() throws InterruptedException {
        long left = TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        lock.lock();
        try {
            while (openReaders + openWriters > 0 && left > 0) {
                left = changed.awaitNanos(left);
            }
            return openReaders + openWriters;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits up to ten seconds until so many lookups are done, which is the last that can be seen of a request before it
     * waits for another.
     *
     * @throws AssertionError if there are fewer
     */
    public void awaitLookups(int count) throws InterruptedException {
        long left = TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        lock.lock();
        try {
            while (lookups < count && left > 0) {
                left = changed.awaitNanos(left);
            }
            if (lookups < count) {
                throw new AssertionError(lookups + " lookups instead of " + count);
            }
        } finally {
            lock.unlock();
        }
    }

    private void looked() {
        lock.lock();
        try {
            lookups++;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void opened(int readers, int writers) {
        lock.lock();
        try {
            openReaders += readers;
            openWriters += writers;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void before(String operation) throws IOException {
        faults.before(operation);
    }

    @Override
    public List<StoredEntry> lookup(String key) throws IOException {
        before("lookup");
        try {
            return storage.lookup(key);
        } finally {
            looked();
        }
    }

    @Override
    public @Nullable BodyReader open(StoredEntry entry) throws IOException {
        before("open");
        BodyReader reader = storage.open(entry);
        return reader == null ? null : new Reader(reader);
    }

    @Override
    public long used(StoredEntry entry) {
        return storage.used(entry);
    }

    @Override
    public EntryWriter create(StoredResponse head) throws IOException {
        before("create");
        return new Writer(storage.create(head));
    }

    @Override
    public boolean freshen(StoredResponse head) throws IOException {
        before("freshen");
        return storage.freshen(head);
    }

    @Override
    public boolean remove(String key, String id) throws IOException {
        before("remove");
        return storage.remove(key, id);
    }

    @Override
    public int removeKey(String key) throws IOException {
        before("removeKey");
        return storage.removeKey(key);
    }

    @Override
    public int removeIf(Predicate<StoredResponse> condition) throws IOException {
        before("removeIf");
        return storage.removeIf(condition);
    }

    @Override
    public long clear() throws IOException {
        before("clear");
        return storage.clear();
    }

    @Override
    public Iterator<StoredEntry> entries() throws IOException {
        return storage.entries();
    }

    @Override
    public StorageStatistics statistics() throws IOException {
        return storage.statistics();
    }

    @Override
    public long maxBodyBytes() {
        return Math.min(mostBytes, storage.maxBodyBytes());
    }

    @Override
    public boolean leases() {
        return storage.leases();
    }

    @Override
    public Lease lease(String key) throws IOException {
        before("lease");
        return storage.lease(key);
    }

    @Override
    public boolean blocks() {
        return storage.blocks();
    }

    @Override
    public void keepDamaged(boolean keep) {
        storage.keepDamaged(keep);
    }

    @Override
    public void addListener(StorageListener listener) {
        storage.addListener(listener);
    }

    @Override
    public void close() throws IOException {
        closed = true;
        storage.close();
    }

    private final class Reader implements BodyReader {
        private final BodyReader reader;
        private final AtomicBoolean closed = new AtomicBoolean();

        Reader(BodyReader reader) {
            this.reader = reader;
            opened(1, 0);
        }

        @Override
        public long length() {
            return reader.length();
        }

        @Override
        public int read(long position, ByteBuffer target) throws IOException {
            before("read");
            return reader.read(position, target);
        }

        @Override
        public void close() throws IOException {
            try {
                reader.close();
            } finally {
                // Not before: who waits for this looks at what is left.
                if (closed.compareAndSet(false, true)) {
                    opened(-1, 0);
                }
            }
            before("close reader");
        }
    }

    private final class Writer implements EntryWriter {
        private final EntryWriter writer;
        private final AtomicBoolean closed = new AtomicBoolean();

        Writer(EntryWriter writer) {
            this.writer = writer;
            opened(0, 1);
        }

        @Override
        public void write(ByteBuffer bytes) throws IOException {
            before("write");
            writer.write(bytes);
        }

        @Override
        public boolean readsBack() {
            return writer.readsBack();
        }

        @Override
        public int readBack(long position, ByteBuffer target) throws IOException {
            before("readBack");
            return writer.readBack(position, target);
        }

        @Override
        public boolean commit(List<StoredResponse> replaced) throws IOException {
            before("commit");
            return writer.commit(replaced);
        }

        @Override
        public void close() throws IOException {
            try {
                writer.close();
            } finally {
                // Not before: who waits for this looks at what is left.
                if (closed.compareAndSet(false, true)) {
                    opened(0, -1);
                }
            }
            before("close writer");
        }
    }
}
