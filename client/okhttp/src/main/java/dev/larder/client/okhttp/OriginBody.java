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
 * @param stream its body
 */
record OriginBody(Response response, Stream stream) {
    static final BodyKind<OriginBody> KIND = new BodyKind<>() {
        @Override
        public Source source(OriginBody body) {
            return Source.of(body.stream);
        }

        @Override
        public void discard(OriginBody body) {
            body.response.close();
        }
    };

    /**
     * The usual one.
     *
     * @param call the call whose connection it comes by
     */
    OriginBody(Response response, Call call) {
        this(response, new Stream(response.body().byteStream(), call));
    }

    /** Ends the exchange, whoever still reads the body, and spares the call. */
    void end() {
        stream.end();
    }

    /**
     * A stream that may be given up while another thread reads it. OkHttp's may not: closing reads what is left, and two
     * readers at a time would take bytes of the connection's next response for this one's.
     */
    static final class Stream extends InputStream {
        private final InputStream stream;
        private final Call call;
        private final ReentrantLock reading = new ReentrantLock();
        private volatile boolean closed;
        private volatile boolean ended;

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
                if (closed || ended) {
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
            } else if (!ended) {
                // Ends the read, whose thread closes then. Nobody wants anything of this call any more.
                call.cancel();
            }
        }

        /** Closes it after the read that another thread may be at, because the call is to go on. */
        void end() {
            ended = true;
            reading.lock();
            try {
                stream.close();
            } catch (IOException e) {
                // As OkHttp closes what it does not need.
            } finally {
                reading.unlock();
            }
        }
    }
}
