package dev.larder.internal;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncBodyReader;
import dev.larder.storage.AsyncEntryWriter;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** The blocking side of what is written without waiting, over storages that run every call on the caller's thread. */
public final class Joined {
    private Joined() {}

    /** The outcome of a stage, which is complete when it is returned. */
    public static <T extends @Nullable Object> T join(CompletionStage<T> stage) throws IOException {
        try {
            return stage.toCompletableFuture().join();
        } catch (CompletionException e) {
            Throwable cause = e.getCause();
            if (cause instanceof IOException failure) {
                throw failure;
            }
            if (cause instanceof UncheckedIOException failure) {
                throw failure.getCause();
            }
            if (cause instanceof RuntimeException failure) {
                throw failure;
            }
            if (cause instanceof Error failure) {
                throw failure;
            }
            throw e;
        }
    }

    /** A reader, or null for none. */
    public static @Nullable BodyReader reader(@Nullable AsyncBodyReader reader) {
        return reader == null ? null : new Reader(reader);
    }

    /** A writer. */
    public static EntryWriter writer(AsyncEntryWriter writer) {
        return new Writer(writer);
    }

    private record Reader(AsyncBodyReader reader) implements BodyReader {
        @Override
        public long length() {
            return reader.length();
        }

        @Override
        public int read(long position, ByteBuffer target) throws IOException {
            return join(reader.read(position, target));
        }

        @Override
        public void close() throws IOException {
            Joined.<@Nullable Void>join(reader.close());
        }
    }

    private record Writer(AsyncEntryWriter writer) implements EntryWriter {
        @Override
        public void write(ByteBuffer bytes) throws IOException {
            Joined.<@Nullable Void>join(writer.write(bytes));
        }

        @Override
        public boolean readsBack() {
            return writer.readsBack();
        }

        @Override
        public int readBack(long position, ByteBuffer target) throws IOException {
            return join(writer.readBack(position, target));
        }

        @Override
        public boolean commit(List<StoredResponse> replaced) throws IOException {
            return join(writer.commit(replaced));
        }

        @Override
        public void close() throws IOException {
            Joined.<@Nullable Void>join(writer.close());
        }
    }
}
