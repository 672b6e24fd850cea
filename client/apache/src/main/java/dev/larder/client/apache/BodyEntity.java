package dev.larder.client.apache;

import dev.larder.client.Body;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Set;
import org.apache.hc.core5.function.Supplier;
import org.apache.hc.core5.http.EntityDetails;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.io.entity.AbstractHttpEntity;
import org.jspecify.annotations.Nullable;

/** A body that the cache serves, as an entity of the classic client. It is read once. */
final class BodyEntity extends AbstractHttpEntity {
    private final long length;
    private final InputStream stream;
    private final @Nullable HttpEntity fromOrigin;

    /**
     * A body.
     *
     * @param fromOrigin the entity that it is read from, if that is the origin's: then its trailers are the caller's, too
     */
    BodyEntity(Body body, EntityDetails details, @Nullable HttpEntity fromOrigin) {
        super(details.getContentType(), details.getContentEncoding(), details.isChunked());
        this.fromOrigin = fromOrigin;
        this.length = body.length();
        this.stream = new Plain(body.stream());
    }

    @Override
    public long getContentLength() {
        return length;
    }

    @Override
    public InputStream getContent() {
        return stream;
    }

    @Override
    public boolean isStreaming() {
        return true;
    }

    @Override
    @SuppressWarnings("NullAway") // Without trailers there is no supplier, as with any entity.
    public Supplier<List<? extends Header>> getTrailers() {
        return fromOrigin == null ? null : fromOrigin.getTrailers();
    }

    @Override
    public Set<String> getTrailerNames() {
        return fromOrigin == null ? Set.of() : fromOrigin.getTrailerNames();
    }

    @Override
    public void close() throws IOException {
        stream.close();
    }

    /**
     * Fails with the client's own exceptions, and reads a short rest when it is closed, which is how this client is done
     * with a body: what redirects is stored so, and what a decoder has found the end of.
     */
    private static final class Plain extends FilterInputStream {
        private static final int SHORT = 64 * 1024;

        Plain(InputStream stream) {
            super(stream);
        }

        @Override
        public int read() throws IOException {
            try {
                return super.read();
            } catch (IOException e) {
                throw plain(e);
            }
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            try {
                return super.read(target, offset, length);
            } catch (IOException e) {
                throw plain(e);
            }
        }

        @Override
        public void close() throws IOException {
            try {
                byte[] rest = new byte[4096];
                for (int left = SHORT; left > 0; ) {
                    int read = in.read(rest);
                    left = read < 0 ? 0 : left - read;
                }
            } catch (IOException e) {
                // Closed before, or broken: nobody reads it any more, so there is nobody whom that could concern.
                return;
            } finally {
                super.close();
            }
        }

        private static IOException plain(IOException e) {
            return e.getCause() instanceof IOException cause ? cause : e;
        }
    }
}
