package dev.larder.integration.micrometer;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.Storage;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StorageStatistics;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;

/** A storage whose every operation fails. */
record FailingStorage(Storage storage) implements Storage {
    private static IOException broken() {
        return new IOException("broken");
    }

    @Override
    public List<StoredEntry> lookup(String key) throws IOException {
        throw broken();
    }

    @Override
    public BodyReader open(StoredEntry entry) throws IOException {
        throw broken();
    }

    @Override
    public long used(StoredEntry entry) {
        return 0;
    }

    @Override
    public EntryWriter create(StoredResponse head) throws IOException {
        throw broken();
    }

    @Override
    public boolean freshen(StoredResponse head) throws IOException {
        throw broken();
    }

    @Override
    public boolean remove(String key, String id) throws IOException {
        throw broken();
    }

    @Override
    public int removeKey(String key) throws IOException {
        throw broken();
    }

    @Override
    public int removeIf(Predicate<StoredResponse> condition) throws IOException {
        throw broken();
    }

    @Override
    public long clear() throws IOException {
        throw broken();
    }

    @Override
    public Iterator<StoredEntry> entries() throws IOException {
        throw broken();
    }

    @Override
    public StorageStatistics statistics() throws IOException {
        throw broken();
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
