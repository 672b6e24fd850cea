package dev.larder.integration.servlet;

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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/** Passes every call on, and counts the readers and writers that are open. */
record WatchedStorage(Storage storage, AtomicInteger open) implements Storage {
    WatchedStorage(Storage storage) {
        this(storage, new AtomicInteger());
    }

    @Override
    public List<StoredEntry> lookup(String key) throws IOException {
        return storage.lookup(key);
    }

    @Override
    public BodyReader open(StoredEntry entry) throws IOException {
        BodyReader reader = storage.open(entry);
        if (reader == null) {
            return null;
        }
        open.incrementAndGet();
        return new BodyReader() {
            private boolean closed;

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
                if (!closed) {
                    closed = true;
                    open.decrementAndGet();
                }
                reader.close();
            }
        };
    }

    @Override
    public long used(StoredEntry entry) {
        return storage.used(entry);
    }

    @Override
    public EntryWriter create(StoredResponse head) throws IOException {
        EntryWriter writer = storage.create(head);
        open.incrementAndGet();
        return new EntryWriter() {
            private boolean closed;

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
                if (!closed) {
                    closed = true;
                    open.decrementAndGet();
                }
                writer.close();
            }
        };
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
    public boolean leases() {
        return storage.leases();
    }

    @Override
    public Lease lease(String key) throws IOException {
        return storage.lease(key);
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
        storage.close();
    }
}
