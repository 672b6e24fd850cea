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
    private static final int SHORT = 64 * 1024;

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
        this.stream = new Finished(body.stream());
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
     * Reads a short rest when it is closed, which is how this client is done with a body: what redirects is stored so, and
     * what a decoder has found the end of.
     */
    private static final class Finished extends FilterInputStream {
        Finished(InputStream stream) {
            super(stream);
        }

        @Override
        public void close() throws IOException {
            try (InputStream rest = in) {
                rest.skipNBytes(SHORT);
            } catch (IOException e) {
                // It was short, or closed before, or is broken: nobody reads it any more.
                return;
            }
        }
    }
}
