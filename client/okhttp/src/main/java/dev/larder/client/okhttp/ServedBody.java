package dev.larder.client.okhttp;

import dev.larder.client.Body;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import okhttp3.Call;
import okhttp3.Headers;
import okhttp3.MediaType;
import okhttp3.ResponseBody;
import okio.Buffer;
import okio.BufferedSource;
import okio.ForwardingSource;
import okio.Okio;
import org.jspecify.annotations.Nullable;

/** A body that the cache serves, as OkHttp has it. */
final class ServedBody extends ResponseBody {
    private final @Nullable String type;
    private final long length;
    private final BufferedSource source;

    ServedBody(Body body, Headers headers, Call call, Cancellation cancellation) {
        type = headers.get("Content-Type");
        length = length(headers, body);
        ByteBuffer inMemory = body.inMemory();
        if (inMemory != null) {
            source = buffered(inMemory);
        } else {
            cancellation.reading(body);
            source = Okio.buffer(new Reading(body.stream(), call));
        }
    }

    private static Buffer buffered(ByteBuffer bytes) {
        Buffer buffer = new Buffer();
        try {
            buffer.write(bytes);
        } catch (IOException e) {
            throw new UncheckedIOException("memory does not fail", e);
        }
        return buffer;
    }

    private static long length(Headers headers, Body body) {
        String announced = headers.get("Content-Length");
        try {
            return announced == null ? body.length() : Long.parseLong(announced);
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    @Override
    public @Nullable MediaType contentType() {
        return type == null ? null : MediaType.parse(type);
    }

    @Override
    public long contentLength() {
        return length;
    }

    @Override
    public BufferedSource source() {
        return source;
    }

    /** Fails as OkHttp's own bodies do. */
    private static final class Reading extends ForwardingSource {
        private final Call call;

        Reading(InputStream stream, Call call) {
            super(Okio.source(stream));
            this.call = call;
        }

        @Override
        public long read(Buffer sink, long byteCount) throws IOException {
            if (call.isCanceled()) {
                throw new IOException("Canceled");
            }
            try {
                return super.read(sink, byteCount);
            } catch (IOException e) {
                if (call.isCanceled()) {
                    throw new IOException("Canceled", e);
                }
                throw e;
            }
        }
    }
}
