package dev.larder.client.okhttp;

import dev.larder.client.BodyKind;
import dev.larder.client.Source;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.locks.ReentrantLock;
import okhttp3.Call;
import okhttp3.Response;

/**
 * OkHttp's response whose body has not been read, and what the cache does with it.
 *
 * @param call the call whose connection it comes by
 */
record OriginBody(Response response, Call call) {
    static final BodyKind<OriginBody> KIND = new BodyKind<>() {
        @Override
        public Source source(OriginBody body) {
            return Source.of(new Stream(body.response.body().byteStream(), body.call));
        }

        @Override
        public void discard(OriginBody body) {
            body.response.close();
        }
    };

    /**
     * A stream that may be given up while another thread reads it. OkHttp's may not: closing reads what is left, and two
     * readers at a time would take bytes of the connection's next response for this one's.
     */
    private static final class Stream extends InputStream {
        private final InputStream stream;
        private final Call call;
        private final ReentrantLock reading = new ReentrantLock();
        private volatile boolean closed;

        Stream(InputStream stream, Call call) {
            this.stream = stream;
            this.call = call;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            reading.lock();
            try {
                if (closed) {
                    throw new IOException("the response body is closed");
                }
                return stream.read(target, offset, length);
            } finally {
                reading.unlock();
                if (closed) {
                    close();
                }
            }
        }

        @Override
        public void close() throws IOException {
            closed = true;
            if (reading.tryLock()) {
                try {
                    stream.close();
                } finally {
                    reading.unlock();
                }
            } else {
                // Ends the read, whose thread closes then. Nobody wants anything of this call any more.
                call.cancel();
            }
        }
    }
}
