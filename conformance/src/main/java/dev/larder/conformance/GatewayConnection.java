package dev.larder.conformance;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One connection from the suite: HTTP/1.1, one request after the other, as long as the peer likes. */
final class GatewayConnection implements Runnable {
    private static final int LONGEST_LINE = 64 * 1024;
    private static final int LONGEST_CONTENT = 16 * 1024 * 1024;

    /**
     * What frames this connection, and nothing else. What {@code Connection} nominates goes through: the suite asks
     * whether the cache stored it, and would not see that if the gateway took it out.
     */
    private static final Set<String> FRAMING = Set.of("connection", "keep-alive", "transfer-encoding");

    private final Socket socket;
    private final ClientUnderTest client;
    private final Consumer<String> log;

    GatewayConnection(Socket socket, ClientUnderTest client, Consumer<String> log) {
        this.socket = socket;
        this.client = client;
        this.log = log;
    }

    @Override
    public void run() {
        try (socket) {
            socket.setTcpNoDelay(true);
            InputStream in = new BufferedInputStream(socket.getInputStream());
            OutputStream out = new BufferedOutputStream(socket.getOutputStream(), 16 * 1024);
            boolean open = true;
            while (open) {
                GatewayRequest request = read(in, out);
                open = request != null && answer(request, out);
            }
        } catch (IOException e) {
            log.accept("connection lost: " + e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The next request, or null when the peer has closed the connection. */
    private static @Nullable GatewayRequest read(InputStream in, OutputStream out) throws IOException {
        String line = line(in);
        if (line == null) {
            return null;
        }
        String[] parts = line.split(" ", -1);
        if (parts.length != 3 || !parts[2].startsWith("HTTP/1.") || !parts[1].startsWith("/")) {
            throw new IOException("not a request line: " + line);
        }
        List<Field> fields = fields(in);
        if (Field.first(fields, "Expect", "").equalsIgnoreCase("100-continue")) {
            out.write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
            out.flush();
        }
        int minorVersion = parts[2].equals("HTTP/1.0") ? 0 : 1;
        return new GatewayRequest(parts[0], parts[1], minorVersion, fields, content(in, fields));
    }

    private static List<Field> fields(InputStream in) throws IOException {
        List<Field> fields = new ArrayList<>();
        while (true) {
            String line = line(in);
            if (line == null) {
                throw new EOFException("the connection ended within a request's fields");
            }
            if (line.isEmpty()) {
                return fields;
            }
            int colon = line.indexOf(':');
            if (colon < 1) {
                throw new IOException("not a field line: " + line);
            }
            fields.add(new Field(
                    line.substring(0, colon), line.substring(colon + 1).trim()));
        }
    }

    private static byte[] content(InputStream in, List<Field> fields) throws IOException {
        if (Field.first(fields, "Transfer-Encoding", "").equalsIgnoreCase("chunked")) {
            return chunks(in);
        }
        int length = length(Field.first(fields, "Content-Length", "0"), 10);
        return exactly(in, length);
    }

    private static byte[] chunks(InputStream in) throws IOException {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        while (true) {
            String line = line(in);
            if (line == null) {
                throw new EOFException("the connection ended within a request's content");
            }
            int semicolon = line.indexOf(';');
            int size = length(semicolon < 0 ? line : line.substring(0, semicolon), 16);
            if (size == 0) {
                fields(in);
                return content.toByteArray();
            }
            content.writeBytes(exactly(in, size));
            line(in);
            if (content.size() > LONGEST_CONTENT) {
                throw new IOException("the request's content is too long for this tool");
            }
        }
    }

    private static int length(String text, int radix) throws IOException {
        try {
            int length = Integer.parseInt(text.trim(), radix);
            if (length >= 0 && length <= LONGEST_CONTENT) {
                return length;
            }
        } catch (NumberFormatException e) {
            throw new IOException("not a length: " + text, e);
        }
        throw new IOException("not a length that this tool reads: " + text);
    }

    private static byte[] exactly(InputStream in, int length) throws IOException {
        byte[] content = in.readNBytes(length);
        if (content.length < length) {
            throw new EOFException("the connection ended within a request's content");
        }
        return content;
    }

    private static @Nullable String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream(80);
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                if (line.size() == 0) {
                    return null;
                }
                throw new EOFException("the connection ended within a line");
            }
            if (line.size() == LONGEST_LINE) {
                throw new IOException("a line is too long for this tool");
            }
            line.write(b);
        }
        String text = line.toString(StandardCharsets.ISO_8859_1);
        return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
    }

    /** Answers one request; whether the connection can carry another. */
    private boolean answer(GatewayRequest request, OutputStream out) throws IOException, InterruptedException {
        GatewayResponse response;
        try {
            response = client.send(request);
        } catch (IOException | RuntimeException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            response = new GatewayResponse(
                    502,
                    List.of(new Field("Content-Length", "0")),
                    InputStream.nullInputStream(),
                    "no answer: " + cause);
        }
        log.accept(request.method() + " " + request.target() + " ["
                + Field.first(request.fields(), "Test-ID", "") + " "
                + Field.first(request.fields(), "Req-Num", "") + "] " + response.status() + " "
                + response.explanation());
        try (InputStream content = response.content()) {
            return write(request, response, content, out);
        }
    }

    private static boolean write(
            GatewayRequest request, GatewayResponse response, InputStream content, OutputStream out)
            throws IOException {
        int status = response.status();
        boolean empty = request.isHead() || status == 204 || status == 304;
        boolean counted = !empty && isCounted(response.fields());
        boolean chunked = !empty && !counted && request.minorVersion() > 0;
        boolean keep = request.keepsConnection() && (empty || counted || chunked);

        StringBuilder head =
                new StringBuilder(512).append("HTTP/1.1 ").append(status).append(" \r\n");
        for (Field field : response.fields()) {
            if (isWritten(field, request, status, counted)) {
                line(head, field.name(), field.value());
            }
        }
        if (chunked) {
            line(head, "Transfer-Encoding", "chunked");
        }
        if (!keep) {
            line(head, "Connection", "close");
        } else if (request.minorVersion() == 0) {
            line(head, "Connection", "keep-alive");
        }
        out.write(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
        if (empty) {
            // Read all the same: who closes a body before its end gives it up, and then it is not stored.
            content.transferTo(OutputStream.nullOutputStream());
        } else {
            copy(content, out, chunked);
        }
        out.flush();
        return keep;
    }

    private static void line(StringBuilder head, String name, String value) {
        head.append(name).append(": ").append(value).append("\r\n");
    }

    private static boolean isWritten(Field field, GatewayRequest request, int status, boolean counted) {
        if (field.is("Content-Length")) {
            // On a 304 it would make some clients wait for content that never comes.
            return counted || (request.isHead() && status != 204 && status != 304);
        }
        return !FRAMING.contains(field.name().toLowerCase(Locale.ROOT));
    }

    /** Whether the response's own Content-Length can frame it here. */
    private static boolean isCounted(List<Field> fields) {
        return Field.count(fields, "Content-Length") == 1
                && Field.first(fields, "Content-Length", "").chars().allMatch(c -> c >= '0' && c <= '9');
    }

    private static void copy(InputStream content, OutputStream out, boolean chunked) throws IOException {
        byte[] buffer = new byte[8 * 1024];
        for (int read = content.read(buffer); read >= 0; read = content.read(buffer)) {
            if (read > 0 && chunked) {
                out.write((Integer.toHexString(read) + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
            }
            out.write(buffer, 0, read);
            if (read > 0 && chunked) {
                out.write('\r');
                out.write('\n');
            }
        }
        if (chunked) {
            out.write("0\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
        }
    }
}
