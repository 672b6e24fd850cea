package dev.larder.client.okhttp;

import dev.larder.client.ContentDigest;
import dev.larder.engine.RequestContent;
import dev.larder.http.HttpFields;
import dev.larder.policy.CacheControls;
import java.io.IOException;
import okhttp3.MediaType;
import okhttp3.Request;
import okhttp3.RequestBody;
import okio.Buffer;
import okio.BufferedSink;
import okio.ByteString;
import okio.Okio;
import okio.Sink;
import okio.Timeout;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a request's content.
 *
 * @param request the request to send: where the content had to be read, it sends what was read
 */
record Content(RequestContent content, Request request) {
    static Content of(Request request, HttpFields fields, CacheControls controls) throws IOException {
        RequestBody body = request.body();
        if (body == null || body.contentLength() == 0) {
            return new Content(RequestContent.NONE, request);
        }
        boolean isForKey = ContentDigest.isForKey(request.method(), controls);
        if (!isForKey || body.isDuplex() || body.isOneShot() || body.contentLength() > ContentDigest.MOST_BYTES) {
            return new Content(RequestContent.OPAQUE, request);
        }
        ByteString bytes = read(body);
        if (bytes == null) {
            return new Content(RequestContent.OPAQUE, request);
        }
        return new Content(
                ContentDigest.known(fields, bytes.toByteArray(), controls),
                request.newBuilder()
                        .method(request.method(), new Known(body.contentType(), body.contentLength(), bytes))
                        .build());
    }

    /** Null when it is too long for a key; it can be sent again, being no one-shot body. */
    private static @Nullable ByteString read(RequestBody body) throws IOException {
        Collecting collecting = new Collecting();
        BufferedSink sink = Okio.buffer(collecting);
        body.writeTo(sink);
        sink.flush();
        return collecting.read > ContentDigest.MOST_BYTES ? null : collecting.bytes.readByteString();
    }

    /** Keeps up to the limit, and counts on. */
    private static final class Collecting implements Sink {
        private final Buffer bytes = new Buffer();
        private long read;

        @Override
        public void write(Buffer source, long byteCount) throws java.io.EOFException {
            read += byteCount;
            if (read > ContentDigest.MOST_BYTES) {
                bytes.clear();
                source.skip(byteCount);
            } else {
                bytes.write(source, byteCount);
            }
        }

        @Override
        public void flush() {}

        @Override
        public Timeout timeout() {
            return Timeout.NONE;
        }

        @Override
        public void close() {}
    }

    /** Content that has been read, framed as it would have been. */
    private static final class Known extends RequestBody {
        private final @Nullable MediaType type;
        private final long length;
        private final ByteString bytes;

        Known(@Nullable MediaType type, long length, ByteString bytes) {
            this.type = type;
            this.length = length;
            this.bytes = bytes;
        }

        @Override
        public @Nullable MediaType contentType() {
            return type;
        }

        @Override
        public long contentLength() {
            return length;
        }

        @Override
        public void writeTo(BufferedSink sink) throws IOException {
            sink.write(bytes);
        }
    }
}
