package dev.larder.integration.micrometer;

import dev.larder.integration.micrometer.OperationTimers.Operation;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncBodyReader;
import dev.larder.storage.AsyncEntryWriter;
import dev.larder.storage.AsyncStorage;
import dev.larder.storage.Lease;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** {@link TimedStorage} without waiting. */
final class TimedAsyncStorage implements AsyncStorage {
    private final AsyncStorage storage;
    private final OperationTimers timers;

    TimedAsyncStorage(AsyncStorage storage, OperationTimers timers) {
        this.storage = storage;
        this.timers = timers;
    }

    @Override
    public CompletionStage<List<StoredEntry>> lookup(String key) {
        return timers.timeAsync(Operation.LOOKUP, () -> storage.lookup(key));
    }

    @Override
    public CompletionStage<@Nullable AsyncBodyReader> open(StoredEntry entry) {
        return timers.timeAsync(Operation.OPEN, () -> storage.open(entry))
                .thenApply(reader -> reader == null ? null : new Reader(reader, timers));
    }

    @Override
    public long used(StoredEntry entry) {
        return storage.used(entry);
    }

    @Override
    public CompletionStage<AsyncEntryWriter> create(StoredResponse head) {
        return timers.timeAsync(Operation.CREATE, () -> storage.create(head))
                .thenApply(writer -> new Writer(writer, timers));
    }

    @Override
    public CompletionStage<Boolean> freshen(StoredResponse head) {
        return timers.timeAsync(Operation.FRESHEN, () -> storage.freshen(head));
    }

    @Override
    public CompletionStage<Boolean> remove(String key, String id) {
        return timers.timeAsync(Operation.REMOVE, () -> storage.remove(key, id));
    }

    @Override
    public CompletionStage<Integer> removeKey(String key) {
        return timers.timeAsync(Operation.REMOVE_KEY, () -> storage.removeKey(key));
    }

    @Override
    public CompletionStage<Integer> removeIf(Predicate<StoredResponse> condition) {
        return timers.timeAsync(Operation.REMOVE_IF, () -> storage.removeIf(condition));
    }

    @Override
    public CompletionStage<Long> clear() {
        return timers.timeAsync(Operation.CLEAR, storage::clear);
    }

    @Override
    public CompletionStage<Lease> lease(String key) {
        return timers.timeAsync(Operation.LEASE, () -> storage.lease(key));
    }

    @Override
    public long maxBodyBytes() {
        return storage.maxBodyBytes();
    }

    @Override
    public void addListener(StorageListener listener) {
        storage.addListener(listener);
    }

    @Override
    public void close() throws IOException {
        storage.close();
    }

    private record Reader(AsyncBodyReader reader, OperationTimers timers) implements AsyncBodyReader {
        @Override
        public long length() {
            return reader.length();
        }

        @Override
        public CompletionStage<Integer> read(long position, ByteBuffer target) {
            return timers.timeAsync(Operation.READ, () -> reader.read(position, target));
        }

        @Override
        public CompletionStage<Void> close() {
            return reader.close();
        }
    }

    private record Writer(AsyncEntryWriter writer, OperationTimers timers) implements AsyncEntryWriter {
        @Override
        public CompletionStage<Void> write(ByteBuffer bytes) {
            return timers.timeAsync(Operation.WRITE, () -> writer.write(bytes));
        }

        @Override
        public boolean readsBack() {
            return writer.readsBack();
        }

        @Override
        public CompletionStage<Integer> readBack(long position, ByteBuffer target) {
            return timers.timeAsync(Operation.READ_BACK, () -> writer.readBack(position, target));
        }

        @Override
        public CompletionStage<Boolean> commit(List<StoredResponse> replaced) {
            return timers.timeAsync(Operation.COMMIT, () -> writer.commit(replaced));
        }

        @Override
        public CompletionStage<Void> close() {
            return writer.close();
        }
    }
}
