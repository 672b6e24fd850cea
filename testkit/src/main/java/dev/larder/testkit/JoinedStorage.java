package dev.larder.testkit;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncBodyReader;
import dev.larder.storage.AsyncEntryWriter;
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
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Drives an asynchronous storage by waiting for each of its stages, so that one suite tests both kinds. What the
 * asynchronous contract leaves out goes to the blocking storage behind it.
 */
final class JoinedStorage implements Storage {
    private static final long PATIENCE_SECONDS = 60;

    private final Storage blocking;
    private final AsyncStorage async;

    JoinedStorage(Storage blocking, AsyncStorage async) {
        this.blocking = blocking;
        this.async = async;
    }

    private static <T extends @Nullable Object> T join(Supplier<CompletionStage<T>> call) throws IOException {
        CompletionStage<T> stage;
        try {
            stage = call.get();
        } catch (RuntimeException e) {
            throw new AssertionError("an asynchronous method threw instead of completing exceptionally", e);
        }
        try {
            return stage.toCompletableFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            if (cause instanceof IOException failure) {
                throw failure;
            }
            if (cause instanceof RuntimeException failure) {
                throw failure;
            }
            throw new AssertionError("a stage failed", cause);
        } catch (TimeoutException e) {
            throw new AssertionError("a stage did not complete within " + PATIENCE_SECONDS + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for a stage", e);
        }
    }

    @Override
    public List<StoredEntry> lookup(String key) throws IOException {
        return join(() -> async.lookup(key));
    }

    @Override
    public @Nullable BodyReader open(StoredEntry entry) throws IOException {
        AsyncBodyReader reader = JoinedStorage.<@Nullable AsyncBodyReader>join(() -> async.open(entry));
        return reader == null ? null : new Reader(reader);
    }

    @Override
    public long used(StoredEntry entry) {
        return async.used(entry);
    }

    @Override
    public EntryWriter create(StoredResponse head) throws IOException {
        return new Writer(join(() -> async.create(head)));
    }

    @Override
    public boolean freshen(StoredResponse head) throws IOException {
        return join(() -> async.freshen(head));
    }

    @Override
    public boolean remove(String key, String id) throws IOException {
        return join(() -> async.remove(key, id));
    }

    @Override
    public int removeKey(String key) throws IOException {
        return join(() -> async.removeKey(key));
    }

    @Override
    public int removeIf(Predicate<StoredResponse> condition) throws IOException {
        return join(() -> async.removeIf(condition));
    }

    @Override
    public long clear() throws IOException {
        return join(async::clear);
    }

    @Override
    public Iterator<StoredEntry> entries() throws IOException {
        return blocking.entries();
    }

    @Override
    public StorageStatistics statistics() throws IOException {
        return blocking.statistics();
    }

    @Override
    public long maxBodyBytes() {
        return async.maxBodyBytes();
    }

    @Override
    public boolean leases() {
        return blocking.leases();
    }

    @Override
    public Lease lease(String key) throws IOException {
        return join(() -> async.lease(key));
    }

    @Override
    public boolean blocks() {
        return true;
    }

    @Override
    public void keepDamaged(boolean keep) {
        blocking.keepDamaged(keep);
    }

    @Override
    public void addListener(StorageListener listener) {
        async.addListener(listener);
    }

    @Override
    public void close() throws IOException {
        async.close();
    }

    private record Reader(AsyncBodyReader reader) implements BodyReader {
        @Override
        public long length() {
            return reader.length();
        }

        @Override
        public int read(long position, ByteBuffer target) throws IOException {
            return join(() -> reader.read(position, target));
        }

        @Override
        public void close() throws IOException {
            JoinedStorage.<@Nullable Void>join(() -> reader.close());
        }
    }

    private record Writer(AsyncEntryWriter writer) implements EntryWriter {
        @Override
        public void write(ByteBuffer bytes) throws IOException {
            JoinedStorage.<@Nullable Void>join(() -> writer.write(bytes));
        }

        @Override
        public boolean readsBack() {
            return writer.readsBack();
        }

        @Override
        public int readBack(long position, ByteBuffer target) throws IOException {
            return join(() -> writer.readBack(position, target));
        }

        @Override
        public boolean commit(List<StoredResponse> replaced) throws IOException {
            return join(() -> writer.commit(replaced));
        }

        @Override
        public void close() throws IOException {
            JoinedStorage.<@Nullable Void>join(() -> writer.close());
        }
    }
}
