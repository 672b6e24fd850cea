package dev.larder.client.apache;

import dev.larder.client.Body;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.MessageHeaders;
import org.apache.hc.core5.http.io.entity.AbstractHttpEntity;

/** A body that the cache serves, as an entity of the classic client. It is read once. */
final class BodyEntity extends AbstractHttpEntity {
    private final long length;
    private final InputStream stream;

    BodyEntity(Body body, MessageHeaders headers) {
        super(value(headers, "Content-Type"), value(headers, "Content-Encoding"), body.length() < 0);
        this.length = body.length();
        this.stream = new Timed(body.stream());
    }

    @SuppressWarnings("NullAway") // An entity's type and coding may well be unknown.
    private static String value(MessageHeaders headers, String name) {
        Header header = headers.getFirstHeader(name);
        return header == null ? null : header.getValue();
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
    public void close() throws IOException {
        stream.close();
    }

    /** A time-out of the origin is the caller's time-out. */
    private static final class Timed extends FilterInputStream {
        Timed(InputStream stream) {
            super(stream);
        }

        @Override
        public int read() throws IOException {
            try {
                return super.read();
            } catch (IOException e) {
                throw asTimeout(e);
            }
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            try {
                return super.read(target, offset, length);
            } catch (IOException e) {
                throw asTimeout(e);
            }
        }

        private static IOException asTimeout(IOException e) {
            Throwable cause = e.getCause();
            if (cause instanceof SocketTimeoutException) {
                SocketTimeoutException timeout = new SocketTimeoutException(e.getMessage());
                timeout.initCause(cause);
                return timeout;
            }
            return e;
        }
    }
}
