package dev.larder.testkit;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.Storage;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StorageStatistics;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Passes every call on, and counts the writers and readers that are open. */
final class WatchedStorage implements Storage {
    private final Storage storage;
    private final AtomicInteger openWriters = new AtomicInteger();
    private final AtomicInteger openReaders = new AtomicInteger();
    private volatile boolean closed;

    WatchedStorage(Storage storage) {
        this.storage = storage;
    }

    int openWriters() {
        return openWriters.get();
    }

    int openReaders() {
        return openReaders.get();
    }

    boolean isClosed() {
        return closed;
    }

    @Override
    public List<StoredEntry> lookup(String key) throws IOException {
        return storage.lookup(key);
    }

    @Override
    public @Nullable BodyReader open(StoredEntry entry) throws IOException {
        BodyReader reader = storage.open(entry);
        return reader == null ? null : new Reader(reader, openReaders);
    }

    @Override
    public long used(StoredEntry entry) {
        return storage.used(entry);
    }

    @Override
    public EntryWriter create(StoredResponse head) throws IOException {
        return new Writer(storage.create(head), openWriters);
    }

    @Override
    public boolean freshen(StoredResponse head) throws IOException {
        return storage.freshen(head);
    }

    @Override
    public boolean remove(String key, String id) throws IOException {
        return storage.remove(key, id);
    }

    @Override
    public int removeKey(String key) throws IOException {
        return storage.removeKey(key);
    }

    @Override
    public int removeIf(Predicate<StoredResponse> condition) throws IOException {
        return storage.removeIf(condition);
    }

    @Override
    public long clear() throws IOException {
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
        return storage.maxBodyBytes();
    }

    @Override
    public boolean blocks() {
        return storage.blocks();
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

    private static final class Reader implements BodyReader {
        private final BodyReader reader;
        private final AtomicInteger open;
        private final AtomicBoolean closed = new AtomicBoolean();

        Reader(BodyReader reader, AtomicInteger open) {
            this.reader = reader;
            this.open = open;
            open.incrementAndGet();
        }

        @Override
        public long length() {
            return reader.length();
        }

        @Override
        public int read(long position, ByteBuffer target) throws IOException {
            return reader.read(position, target);
        }

        @Override
        public void close() throws IOException {
            if (closed.compareAndSet(false, true)) {
                open.decrementAndGet();
            }
            reader.close();
        }
    }

    private static final class Writer implements EntryWriter {
        private final EntryWriter writer;
        private final AtomicInteger open;
        private final AtomicBoolean closed = new AtomicBoolean();

        Writer(EntryWriter writer, AtomicInteger open) {
            this.writer = writer;
            this.open = open;
            open.incrementAndGet();
        }

        @Override
        public void write(ByteBuffer bytes) throws IOException {
            writer.write(bytes);
        }

        @Override
        public boolean readsBack() {
            return writer.readsBack();
        }

        @Override
        public int readBack(long position, ByteBuffer target) throws IOException {
            return writer.readBack(position, target);
        }

        @Override
        public boolean commit(List<StoredResponse> replaced) throws IOException {
            return writer.commit(replaced);
        }

        @Override
        public void close() throws IOException {
            if (closed.compareAndSet(false, true)) {
                open.decrementAndGet();
            }
            writer.close();
        }
    }
}
