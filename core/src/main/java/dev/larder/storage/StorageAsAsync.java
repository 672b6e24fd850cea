package dev.larder.storage;

import dev.larder.rules.StoredResponse;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Predicate;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;

/** Runs a blocking storage's calls on an executor, or inline if the executor does that. */
final class StorageAsAsync implements AsyncStorage {
    private final Storage storage;
    private final Executor executor;

    StorageAsAsync(Storage storage, Executor executor) {
        this.storage = storage;
        this.executor = executor;
    }

    /** Unmarked, because the checker knows no nullness of type arguments and calls may well answer null. */
    @FunctionalInterface
    @NullUnmarked
    private interface Call<T> {
        T run() throws IOException;
    }

    private static <T> CompletionStage<T> run(Executor executor, Call<T> call) {
        CompletableFuture<T> result = new CompletableFuture<>();
        try {
            executor.execute(() -> {
                try {
                    result.complete(call.run());
                } catch (Throwable e) {
                    result.completeExceptionally(e);
                }
            });
        } catch (RuntimeException e) {
            // The executor refuses: it is shut down or full.
            result.completeExceptionally(e);
        }
        return result;
    }

    /** For what has to happen even when the executor refuses, or a file would stay open. */
    private static Executor orInline(Executor executor) {
        return task -> {
            try {
                executor.execute(task);
            } catch (RejectedExecutionException e) {
                task.run();
            }
        };
    }

    @Override
    public CompletionStage<List<StoredEntry>> lookup(String key) {
        return run(executor, () -> storage.lookup(key));
    }

    @Override
    public CompletionStage<@Nullable AsyncBodyReader> open(StoredEntry entry) {
        return run(executor, () -> {
            BodyReader reader = storage.open(entry);
            return reader == null ? null : new Reader(reader, executor);
        });
    }

    @Override
    public long used(StoredEntry entry) {
        return storage.used(entry);
    }

    @Override
    public CompletionStage<AsyncEntryWriter> create(StoredResponse head) {
        return run(executor, () -> new Writer(storage.create(head), executor));
    }

    @Override
    public CompletionStage<Boolean> freshen(StoredResponse head) {
        return run(executor, () -> storage.freshen(head));
    }

    @Override
    public CompletionStage<Boolean> remove(String key, String id) {
        return run(executor, () -> storage.remove(key, id));
    }

    @Override
    public CompletionStage<Integer> removeKey(String key) {
        return run(executor, () -> storage.removeKey(key));
    }

    @Override
    public CompletionStage<Integer> removeIf(Predicate<StoredResponse> condition) {
        return run(executor, () -> storage.removeIf(condition));
    }

    @Override
    public CompletionStage<Long> clear() {
        return run(executor, storage::clear);
    }

    @Override
    public CompletionStage<Lease> lease(String key) {
        return run(executor, () -> storage.lease(key));
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

    private record Reader(BodyReader reader, Executor executor) implements AsyncBodyReader {
        @Override
        public long length() {
            return reader.length();
        }

        @Override
        public CompletionStage<Integer> read(long position, ByteBuffer target) {
            return run(executor, () -> reader.read(position, target));
        }

        @Override
        public CompletionStage<Void> close() {
            return run(orInline(executor), () -> {
                reader.close();
                return null;
            });
        }
    }

    private record Writer(EntryWriter writer, Executor executor) implements AsyncEntryWriter {
        @Override
        public CompletionStage<Void> write(ByteBuffer bytes) {
            return run(executor, () -> {
                writer.write(bytes);
                return null;
            });
        }

        @Override
        public boolean readsBack() {
            return writer.readsBack();
        }

        @Override
        public CompletionStage<Integer> readBack(long position, ByteBuffer target) {
            return run(executor, () -> writer.readBack(position, target));
        }

        @Override
        public CompletionStage<Boolean> commit(List<StoredResponse> replaced) {
            return run(executor, () -> writer.commit(replaced));
        }

        @Override
        public CompletionStage<Void> close() {
            return run(orInline(executor), () -> {
                writer.close();
                return null;
            });
        }
    }
}
