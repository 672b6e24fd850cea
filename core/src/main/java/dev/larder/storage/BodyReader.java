package dev.larder.storage;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;

/** An open body. Its bytes stay readable until it is closed, whatever happens to the entry. Not thread-safe. */
public interface BodyReader extends Closeable {
    /** The length of the whole body in bytes. */
    long length();

    /**
     * Reads bytes from a position on.
     *
     * @param position from 0 to {@link #length()}
     * @return how many bytes were read, at least 1 while there are any and the buffer has room; -1 at the end
     * @throws IOException when the storage fails or the body is damaged, before any wrong byte is handed out
     */
    int read(long position, ByteBuffer target) throws IOException;

    /** Closes the body; calling it again does nothing. */
    @Override
    void close() throws IOException;
}
