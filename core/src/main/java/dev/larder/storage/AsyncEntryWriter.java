package dev.larder.storage;

import dev.larder.rules.StoredResponse;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** {@link EntryWriter} without waiting. The next call is made when the stage of the one before has completed. */
public interface AsyncEntryWriter {
    /** See {@link EntryWriter#write}. The buffer is the writer's until the stage completes. */
    CompletionStage<Void> write(ByteBuffer bytes);

    /** See {@link EntryWriter#readsBack}. */
    default boolean readsBack() {
        return false;
    }

    /** See {@link EntryWriter#readBack}; may be called while a write is under way. */
    default CompletionStage<Integer> readBack(long position, ByteBuffer target) {
        return CompletableFuture.failedFuture(new UnsupportedOperationException("readsBack() is false"));
    }

    /** See {@link EntryWriter#commit}. */
    CompletionStage<Boolean> commit(List<StoredResponse> replaced);

    /** See {@link EntryWriter#close}. */
    CompletionStage<Void> close();
}
