package dev.larder.storage.redis;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncBodyReader;
import dev.larder.storage.AsyncEntryWriter;
import dev.larder.storage.AsyncStorage;
import dev.larder.storage.Lease;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** {@link RedisStorage} without waiting. The executor runs nothing but the caller's conditions. */
final class RedisAsyncStorage implements AsyncStorage {
    private final RedisStorage storage;
    private final RedisOperations operations;
    private final Executor executor;

    RedisAsyncStorage(RedisStorage storage, RedisOperations operations, Executor executor) {
        this.storage = storage;
        this.operations = operations;
        this.executor = executor;
    }

    @Override
    public CompletionStage<List<StoredEntry>> lookup(String key) {
        return operations.lookup(key);
    }

    @Override
    public CompletionStage<@Nullable AsyncBodyReader> open(StoredEntry entry) {
        return operations.open(entry);
    }

    @Override
    public long used(StoredEntry entry) {
        return operations.used(entry);
    }

    @Override
    public CompletionStage<AsyncEntryWriter> create(StoredResponse head) {
        return operations.create(head);
    }

    @Override
    public CompletionStage<Boolean> freshen(StoredResponse head) {
        return operations.freshen(head);
    }

    @Override
    public CompletionStage<Boolean> remove(String key, String id) {
        return operations.remove(key, id);
    }

    @Override
    public CompletionStage<Integer> removeKey(String key) {
        return operations.removeKey(key);
    }

    @Override
    public CompletionStage<Integer> removeIf(Predicate<StoredResponse> condition) {
        return operations.removeIf(condition, executor);
    }

    @Override
    public CompletionStage<Long> clear() {
        return operations.clear();
    }

    @Override
    public CompletionStage<Lease> lease(String key) {
        return operations.lease(key);
    }

    @Override
    public long maxBodyBytes() {
        return operations.maxBodyBytes();
    }

    @Override
    public void addListener(StorageListener listener) {
        operations.addListener(listener);
    }

    @Override
    public void close() throws IOException {
        storage.close();
    }
}
