package dev.larder.integration.servlet;

import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.Charset;

/** Encodes at once, so that a reset of the buffer loses nothing but what it should, and flushes only when it is asked to. */
final class AppWriter extends Writer {
    private final OutputStream output;
    private final Writer encoder;

    AppWriter(OutputStream output, Charset charset) {
        this.output = output;
        this.encoder = new OutputStreamWriter(new Unflushed(output), charset);
    }

    @Override
    public void write(char[] text, int offset, int length) throws IOException {
        encoder.write(text, offset, length);
        encoder.flush();
    }

    @Override
    public void flush() throws IOException {
        output.flush();
    }

    @Override
    public void close() throws IOException {
        output.close();
    }

    private static final class Unflushed extends OutputStream {
        private final OutputStream output;

        Unflushed(OutputStream output) {
            this.output = output;
        }

        @Override
        public void write(int b) throws IOException {
            output.write(b);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            output.write(bytes, offset, length);
        }
    }
}
