package dev.larder.storage;

import dev.larder.rules.StoredResponse;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * An entry that is being written. One thread writes and commits; {@link #readBack} may be called by others meanwhile,
 * until {@link #close}.
 */
public interface EntryWriter extends Closeable {
    /**
     * Appends all remaining bytes of the buffer to the body.
     *
     * @throws EntryTooLargeException when the storage takes no more of it. What it has taken can still be read back until
     *     {@link #close}, as after any other failure, and the commit answers false
     */
    void write(ByteBuffer bytes) throws IOException;

    /**
     * Whether bytes can be read back before the entry is committed, which lets concurrent requests for the same response
     * share one download as it arrives. Without it they wait for the commit.
     */
    default boolean readsBack() {
        return false;
    }

    /**
     * Reads bytes that {@link #write} has accepted, committed or not.
     *
     * @param position less than the number of bytes written so far
     * @return how many bytes were read, at least 1
     */
    default int readBack(long position, ByteBuffer target) throws IOException {
        throw new UnsupportedOperationException("readsBack() is false");
    }

    /**
     * Makes the entry visible, then removes the entries that it replaces.
     *
     * @param replaced entries of the same key; those that are gone do no harm
     * @return false when the entry was discarded instead, because a removal since its creation would have hit it, or
     *     because it does not fit
     */
    boolean commit(List<StoredResponse> replaced) throws IOException;

    /** Releases everything; an entry that was not committed leaves nothing behind. Calling it again does nothing. */
    @Override
    void close() throws IOException;
}
