package dev.larder.storage;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletionStage;

/** {@link BodyReader} without waiting. One read at a time. */
public interface AsyncBodyReader {
    /** See {@link BodyReader#length}. */
    long length();

    /** See {@link BodyReader#read}. The buffer is the reader's until the stage completes. */
    CompletionStage<Integer> read(long position, ByteBuffer target);

    /** See {@link BodyReader#close}. */
    CompletionStage<Void> close();
}
