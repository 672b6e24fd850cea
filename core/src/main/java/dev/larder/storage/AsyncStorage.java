package dev.larder.storage;

import dev.larder.rules.StoredResponse;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * {@link Storage} without waiting: the same contract, method by method, with failures as exceptional completion. Methods
 * do not throw. Stages may complete on any thread of the storage's own, which callers must not block.
 */
public interface AsyncStorage extends AutoCloseable {
    /**
     * The asynchronous view of a storage.
     *
     * @param executor runs the calls of a storage that {@linkplain Storage#blocks() blocks}; others are called inline
     */
    static AsyncStorage of(Storage storage, Executor executor) {
        return new StorageAsAsync(storage, storage.blocks() ? executor : Runnable::run);
    }

    /** See {@link Storage#lookup}. */
    CompletionStage<List<StoredEntry>> lookup(String key);

    /** See {@link Storage#open}. */
    CompletionStage<@Nullable AsyncBodyReader> open(StoredEntry entry);

    /** See {@link Storage#used}. */
    long used(StoredEntry entry);

    /** See {@link Storage#create}. */
    CompletionStage<AsyncEntryWriter> create(StoredResponse head);

    /** See {@link Storage#freshen}. */
    CompletionStage<Boolean> freshen(StoredResponse head);

    /** See {@link Storage#remove}. */
    CompletionStage<Boolean> remove(String key, String id);

    /** See {@link Storage#removeKey}. */
    CompletionStage<Integer> removeKey(String key);

    /** See {@link Storage#removeIf}. */
    CompletionStage<Integer> removeIf(Predicate<StoredResponse> condition);

    /** See {@link Storage#clear}. */
    CompletionStage<Long> clear();

    /** See {@link Storage#lease}; to be asked where {@link Storage#leases()} is true. */
    default CompletionStage<Lease> lease(String key) {
        return CompletableFuture.failedFuture(new UnsupportedOperationException("leases() is false"));
    }

    /** See {@link Storage#maxBodyBytes}. */
    long maxBodyBytes();

    /** See {@link Storage#addListener}. */
    void addListener(StorageListener listener);

    /** See {@link Storage#close}; waits until it is closed. */
    @Override
    void close() throws IOException;
}
