package dev.larder.internal;

import java.io.Closeable;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A body, piece by piece, for one reader. One call at a time; {@link #close} at any time. */
interface Pieces extends Closeable {
    /** The length of the whole body in bytes, or -1 when it is not known. */
    long length();

    /** The next piece, read-only and not empty; null at the end. */
    CompletionStage<@Nullable List<ByteBuffer>> next();

    /** Whether {@link #next} is known to bring no more bytes, only the end. */
    boolean exhausted();

    @Override
    void close();
}
