package dev.larder.storage;

import dev.larder.rules.Candidate;
import dev.larder.rules.StoredResponse;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * An entry that a storage found: its head, and its body if that is kept inline. Storages extend it by what they need to
 * open the body. Thread-safe; holds nothing open.
 */
public class StoredEntry implements Candidate {
    private final StoredResponse stored;
    private final long bodyLength;
    private final @Nullable ByteBuffer inlineBody;
    private volatile @Nullable Object attachment;

    /**
     * An entry.
     *
     * @param bodyLength in bytes
     * @param inlineBody the whole body, or null when it has to be opened; not to be changed afterwards
     */
    public StoredEntry(StoredResponse stored, long bodyLength, @Nullable ByteBuffer inlineBody) {
        this.stored = stored;
        this.bodyLength = bodyLength;
        this.inlineBody = inlineBody;
    }

    @Override
    public final StoredResponse stored() {
        return stored;
    }

    @Override
    public final long bodyLength() {
        return bodyLength;
    }

    /** A read-only view of the whole body with a position of its own; null when it is not inline. */
    public final @Nullable ByteBuffer inlineBody() {
        return inlineBody == null ? null : inlineBody.asReadOnlyBuffer();
    }

    /**
     * What a client adapter remembers of this entry, such as its fields in the client's own form. It lives as long as
     * this object does, which in memory is as long as the entry does.
     */
    public final @Nullable Object attachment() {
        return attachment;
    }

    /** Replaces {@link #attachment()}. */
    public final void attach(Object attachment) {
        this.attachment = attachment;
    }
}
