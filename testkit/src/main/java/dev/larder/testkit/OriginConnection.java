package dev.larder.testkit;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.List;

/** One connection of a {@link ScriptedOrigin} and the thread that serves it. */
final class OriginConnection implements Runnable {

    private static final int LINGER_MILLIS = 1_000;

    private final ScriptedOrigin origin;
    private final Socket socket;
    private final int number;
    private final Thread thread;

    OriginConnection(ScriptedOrigin origin, Socket socket, int number) {
        this.origin = origin;
        this.socket = socket;
        this.number = number;
        this.thread = new Thread(this, "scripted-origin-" + origin.port() + "-" + number);
        thread.setDaemon(true);
    }

    Thread thread() {
        return thread;
    }

    /** Ends the connection from another thread, wherever its own thread is waiting. */
    void abort() {
        closeQuietly(socket);
        // A handler may stop its own origin, and should be able to go on with what it is doing.
        if (thread != Thread.currentThread()) {
            thread.interrupt();
        }
    }

    @Override
    public void run() {
        try {
            socket.setTcpNoDelay(true);
            serve(socket.getInputStream(), new BufferedOutputStream(socket.getOutputStream(), 16 * 1024));
        } catch (IOException | InterruptedException e) {
            // The client went away or the origin is being stopped: to an origin, both are ordinary ends.
        } finally {
            closeQuietly(socket);
            origin.ended(this);
        }
    }

    private void serve(InputStream in, OutputStream out) throws IOException, InterruptedException {
        RequestReader reader = new RequestReader(number, in, out);
        ReplyWriter writer = new ReplyWriter(out);
        ReplyWriter.Next next = ReplyWriter.Next.KEEP_OPEN;
        while (next == ReplyWriter.Next.KEEP_OPEN) {
            RecordedRequest request;
            try {
                request = reader.next();
            } catch (RequestReader.BadRequest e) {
                Reply refusal = Reply.status(e.status()).body(String.valueOf(e.getMessage()));
                out.write(refusal.thenClose().toBytes());
                out.flush();
                lingerUntilRead(in);
                return;
            }
            if (request == null) {
                return;
            }
            Reply.Plan plan = origin.answer(request).planFor(request);
            next = writer.write(plan, request.method().equals("HEAD"), isLast(request), origin.now());
        }
        if (next == ReplyWriter.Next.RST) {
            // A linger of zero is what makes close() send a reset.
            socket.setSoLinger(true, 0);
        }
    }

    /** Closing with input unread would reset the connection, and the client would never see the refusal. */
    private void lingerUntilRead(InputStream in) throws IOException {
        socket.shutdownOutput();
        socket.setSoTimeout(LINGER_MILLIS);
        in.transferTo(OutputStream.nullOutputStream());
    }

    private static boolean isLast(RecordedRequest request) {
        List<String> options = request.all("Connection");
        return request.version().equals("HTTP/1.0")
                ? options.stream().noneMatch("keep-alive"::equalsIgnoreCase)
                : options.stream().anyMatch("close"::equalsIgnoreCase);
    }

    static void closeQuietly(AutoCloseable closeable) {
        try {
            closeable.close();
        } catch (Exception e) {
            // Nothing is lost: what was to be sent has been flushed before.
        }
    }
}
