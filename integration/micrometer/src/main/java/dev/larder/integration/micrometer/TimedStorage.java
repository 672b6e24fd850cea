package dev.larder.integration.micrometer;

import dev.larder.integration.micrometer.OperationTimers.Operation;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncStorage;
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
import java.util.concurrent.Executor;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Passes every call on and measures how long it takes. */
final class TimedStorage implements Storage {
    private final Storage storage;
    private final OperationTimers timers;

    TimedStorage(Storage storage, OperationTimers timers) {
        this.storage = storage;
        this.timers = timers;
    }

    @Override
    public List<StoredEntry> lookup(String key) throws IOException {
        return timers.time(Operation.LOOKUP, () -> storage.lookup(key));
    }

    @Override
    public @Nullable BodyReader open(StoredEntry entry) throws IOException {
        BodyReader reader = timers.time(Operation.OPEN, () -> storage.open(entry));
        return reader == null ? null : new Reader(reader, timers);
    }

    @Override
    public long used(StoredEntry entry) {
        return storage.used(entry);
    }

    @Override
    public EntryWriter create(StoredResponse head) throws IOException {
        return new Writer(timers.time(Operation.CREATE, () -> storage.create(head)), timers);
    }

    @Override
    public boolean freshen(StoredResponse head) throws IOException {
        return timers.time(Operation.FRESHEN, () -> storage.freshen(head));
    }

    @Override
    public boolean remove(String key, String id) throws IOException {
        return timers.time(Operation.REMOVE, () -> storage.remove(key, id));
    }

    @Override
    public int removeKey(String key) throws IOException {
        return timers.time(Operation.REMOVE_KEY, () -> storage.removeKey(key));
    }

    @Override
    public int removeIf(Predicate<StoredResponse> condition) throws IOException {
        return timers.time(Operation.REMOVE_IF, () -> storage.removeIf(condition));
    }

    @Override
    public long clear() throws IOException {
        return timers.time(Operation.CLEAR, storage::clear);
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
        return timers.time(Operation.LEASE, () -> storage.lease(key));
    }

    @Override
    public boolean blocks() {
        return storage.blocks();
    }

    @Override
    public AsyncStorage async(Executor executor) {
        return new TimedAsyncStorage(storage.async(executor), timers);
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

    private record Reader(BodyReader reader, OperationTimers timers) implements BodyReader {
        @Override
        public long length() {
            return reader.length();
        }

        @Override
        public int read(long position, ByteBuffer target) throws IOException {
            return timers.time(Operation.READ, () -> reader.read(position, target));
        }

        @Override
        public void close() throws IOException {
            reader.close();
        }
    }

    private record Writer(EntryWriter writer, OperationTimers timers) implements EntryWriter {
        @Override
        public void write(ByteBuffer bytes) throws IOException {
            timers.time(Operation.WRITE, () -> {
                writer.write(bytes);
                return true;
            });
        }

        @Override
        public boolean readsBack() {
            return writer.readsBack();
        }

        @Override
        public int readBack(long position, ByteBuffer target) throws IOException {
            return timers.time(Operation.READ_BACK, () -> writer.readBack(position, target));
        }

        @Override
        public boolean commit(List<StoredResponse> replaced) throws IOException {
            return timers.time(Operation.COMMIT, () -> writer.commit(replaced));
        }

        @Override
        public void close() throws IOException {
            writer.close();
        }
    }
}
