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
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A storage like those far away: what is being written cannot be read before it is committed, and every call may block. */
final class NoReadBack implements Storage {
    private final Storage storage;

    NoReadBack(Storage storage) {
        this.storage = storage;
    }

    @Override
    public EntryWriter create(StoredResponse head) throws IOException {
        EntryWriter writer = storage.create(head);
        return new EntryWriter() {
            @Override
            public void write(ByteBuffer bytes) throws IOException {
                writer.write(bytes);
            }

            @Override
            public boolean readsBack() {
                return false;
            }

            @Override
            public int readBack(long position, ByteBuffer target) {
                throw new UnsupportedOperationException("readsBack() is false");
            }

            @Override
            public boolean commit(List<StoredResponse> replaced) throws IOException {
                return writer.commit(replaced);
            }

            @Override
            public void close() throws IOException {
                writer.close();
            }
        };
    }

    @Override
    public List<StoredEntry> lookup(String key) throws IOException {
        return storage.lookup(key);
    }

    @Override
    public @Nullable BodyReader open(StoredEntry entry) throws IOException {
        return storage.open(entry);
    }

    @Override
    public long used(StoredEntry entry) {
        return storage.used(entry);
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
        return true;
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
        storage.close();
    }
}
