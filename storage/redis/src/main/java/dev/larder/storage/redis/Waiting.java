package dev.larder.storage.redis;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncBodyReader;
import dev.larder.storage.AsyncEntryWriter;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** The blocking side: waits for what is done without waiting, each part of which ends in time. */
final class Waiting {
    private Waiting() {}

    /**
     * What a stage completes with.
     *
     * @throws ClosedByInterruptException when the caller's thread is interrupted, which stays so
     */
    static <T extends @Nullable Object> T on(CompletionStage<T> stage) throws IOException {
        try {
            return stage.toCompletableFuture().get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ClosedByInterruptException();
        } catch (ExecutionException | CancellationException e) {
            Throwable known = e.getCause();
            Throwable cause = known == null ? e : Link.unwrapped(known);
            if (cause instanceof IOException failure) {
                throw failure;
            }
            if (cause instanceof RuntimeException failure) {
                throw failure;
            }
            if (cause instanceof Error failure) {
                throw failure;
            }
            throw new IOException(cause);
        }
    }

    record Reader(AsyncBodyReader reader) implements BodyReader {
        @Override
        public long length() {
            return reader.length();
        }

        @Override
        public int read(long position, ByteBuffer target) throws IOException {
            return on(reader.read(position, target));
        }

        @Override
        public void close() {
            reader.close();
        }
    }

    record Writer(AsyncEntryWriter writer) implements EntryWriter {
        @Override
        public void write(ByteBuffer bytes) throws IOException {
            Waiting.<@Nullable Void>on(writer.write(bytes));
        }

        @Override
        public boolean readsBack() {
            return writer.readsBack();
        }

        @Override
        public int readBack(long position, ByteBuffer target) throws IOException {
            return on(writer.readBack(position, target));
        }

        @Override
        public boolean commit(List<StoredResponse> replaced) throws IOException {
            return on(writer.commit(replaced));
        }

        @Override
        public void close() {
            writer.close();
        }
    }
}
