package dev.larder.integration.servlet;

import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The stream that the application writes to. */
final class AppOutput extends ServletOutputStream {
    private final AppResponse response;
    private final byte[] single = new byte[1];
    private @Nullable WriteListener listener;
    /** The client's own stream, once the application writes without blocking. */
    private @Nullable ServletOutputStream direct;

    AppOutput(AppResponse response) {
        this.response = response;
    }

    @Override
    public void write(int b) throws IOException {
        single[0] = (byte) b;
        write(single, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        if (direct != null) {
            direct.write(bytes, offset, length);
        } else {
            response.write(bytes, offset, length);
        }
    }

    @Override
    public void flush() throws IOException {
        if (direct != null) {
            direct.flush();
        } else {
            response.flushBuffer();
        }
    }

    @Override
    public void close() throws IOException {
        if (direct != null) {
            direct.close();
        } else {
            response.close();
        }
    }

    @Override
    public boolean isReady() {
        return direct == null || direct.isReady();
    }

    @Override
    public void setWriteListener(WriteListener listener) {
        if (this.listener != null) {
            throw new IllegalStateException("there is a WriteListener already");
        }
        if (!response.run().async()) {
            throw new IllegalStateException("a WriteListener needs an asynchronous request");
        }
        this.listener = listener;
        try {
            direct = response.unblocked();
        } catch (IOException e) {
            listener.onError(e);
            return;
        }
        if (direct != null) {
            direct.setWriteListener(listener);
        } else {
            response.writeNowhere(listener);
        }
    }
}
