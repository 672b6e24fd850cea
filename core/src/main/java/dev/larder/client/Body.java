package dev.larder.client;

import java.io.Closeable;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * A response body that the cache serves: stored, or arriving while it is being stored. It is read once, in one of the
 * forms, or closed. Not thread-safe.
 */
public interface Body extends Closeable {
    /** The length in bytes, or -1 when it is not known yet. */
    long length();

    /** The whole body when it is in memory, else null. Read-only, with a position of its own; may be asked again. */
    @Nullable
    ByteBuffer inMemory();

    /** The body as a stream; closing it early gives up the rest. */
    InputStream stream();

    /** The body as a publisher for one subscriber, which sets the pace. Pieces are read-only. */
    Flow.Publisher<List<ByteBuffer>> publisher();

    /** Gives up what has not been read. Calling it again, or after reading to the end, does nothing. */
    @Override
    void close();
}
