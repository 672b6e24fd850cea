package dev.larder.internal.memory;

import dev.larder.storage.BodyReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** A whole body: in one piece if it is short, in chunks otherwise. Immutable and thread-safe. */
public final class Content {
    private final @Nullable ByteBuffer inline;
    private final @Nullable Body chunks;

    private Content(@Nullable ByteBuffer inline, @Nullable Body chunks) {
        this.inline = inline;
        this.chunks = chunks;
    }

    /** What has been appended to a body, to which nothing may be appended any more. */
    public static Content of(Body body, int maxInline) {
        if (body.length() <= maxInline) {
            return new Content(ByteBuffer.wrap(body.contiguous()).asReadOnlyBuffer(), null);
        }
        body.trim();
        return new Content(null, body);
    }

    /** All of it, or null when it is longer than was to be inline. */
    public @Nullable ByteBuffer inline() {
        return inline;
    }

    /** The length in bytes. */
    public long length() {
        if (inline != null) {
            return inline.capacity();
        }
        return chunks == null ? 0 : chunks.length();
    }

    /** A reader of its own. */
    public BodyReader open() {
        return new Reader(this);
    }

    private int read(long position, ByteBuffer target) {
        if (inline == null) {
            return chunks == null ? -1 : chunks.read(position, target);
        }
        int from = (int) position;
        if (from >= inline.capacity()) {
            return -1;
        }
        int n = Math.min(target.remaining(), inline.capacity() - from);
        target.put(inline.slice(from, n));
        return n;
    }

    private static final class Reader implements BodyReader {
        private @Nullable Content content;
        private final long length;

        Reader(Content content) {
            this.content = content;
            this.length = content.length();
        }

        @Override
        public long length() {
            return length;
        }

        @Override
        public int read(long position, ByteBuffer target) throws IOException {
            if (content == null) {
                throw new IOException("reader is closed");
            }
            if (position < 0 || position > length) {
                throw new IllegalArgumentException("position " + position + " in a body of " + length + " bytes");
            }
            return content.read(position, target);
        }

        @Override
        public void close() {
            content = null;
        }
    }
}
