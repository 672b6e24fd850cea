package dev.larder.testkit;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the requests of one connection. For one thread. */
final class RequestReader {

    private static final int MAX_HEAD = 1 << 20;
    private static final int MAX_BODY = 1 << 30;
    private static final byte[] CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1);

    private final int connection;
    private final InputStream in;
    private final OutputStream out;
    private final byte[] buffer = new byte[8 * 1024];
    private int next;
    private int end;

    /** How many more bytes the head may have. */
    private int headAllowance;

    RequestReader(int connection, InputStream in, OutputStream out) {
        this.connection = connection;
        this.in = in;
        this.out = out;
    }

    /** The next request, or null at the end of the stream. */
    @Nullable
    RecordedRequest next() throws IOException {
        headAllowance = MAX_HEAD;
        String line = readLine();
        while (line != null && line.isEmpty()) {
            line = readLine();
        }
        if (line == null) {
            return null;
        }
        String[] parts = line.split(" ", -1);
        if (parts.length != 3 || parts[0].isEmpty() || parts[1].isEmpty() || !parts[2].startsWith("HTTP/1.")) {
            throw new BadRequest(400, "request line: " + line);
        }
        List<Map.Entry<String, String>> fields = readFields();
        byte[] body = readBody(fields);
        return new RecordedRequest(connection, parts[0], parts[1], parts[2], fields, body);
    }

    private List<Map.Entry<String, String>> readFields() throws IOException {
        List<Map.Entry<String, String>> fields = new ArrayList<>();
        for (String line = readLineOrFail(); !line.isEmpty(); line = readLineOrFail()) {
            int colon = line.indexOf(':');
            String name = line.substring(0, Math.max(colon, 0));
            if (name.isEmpty() || name.indexOf(' ') >= 0 || name.indexOf('\t') >= 0) {
                throw new BadRequest(400, "field line: " + line);
            }
            fields.add(Map.entry(name, line.substring(colon + 1).strip()));
        }
        return fields;
    }

    private byte[] readBody(List<Map.Entry<String, String>> fields) throws IOException {
        boolean chunked = false;
        long length = -1;
        boolean expectsContinue = false;
        for (Map.Entry<String, String> field : fields) {
            String value = field.getValue();
            switch (field.getKey().toLowerCase(Locale.ROOT)) {
                case "transfer-encoding" -> chunked = value.equalsIgnoreCase("chunked");
                case "content-length" -> {
                    long announced = parse(value, 10);
                    if (length >= 0 && length != announced) {
                        throw new BadRequest(400, "two lengths: " + length + " and " + announced);
                    }
                    length = announced;
                }
                case "expect" -> expectsContinue = value.equalsIgnoreCase("100-continue");
                default -> {
                    // Of no concern to framing.
                }
            }
        }
        if (expectsContinue && (chunked || length > 0)) {
            out.write(CONTINUE);
            out.flush();
        }
        if (chunked) {
            return readChunks();
        }
        byte[] body = new byte[checkedSize(Math.max(length, 0))];
        readFully(body);
        return body;
    }

    private byte[] readChunks() throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        while (true) {
            String line = readLineOrFail();
            int extension = line.indexOf(';');
            long size = parse((extension < 0 ? line : line.substring(0, extension)).strip(), 16);
            if (size == 0) {
                readFields();
                return body.toByteArray();
            }
            checkedSize(body.size() + size);
            byte[] chunk = new byte[(int) size];
            readFully(chunk);
            body.writeBytes(chunk);
            // The allowance is for heads and trailers; a long body has many chunk lines.
            headAllowance = MAX_HEAD;
            if (!readLineOrFail().isEmpty()) {
                throw new BadRequest(400, "chunk longer than its size");
            }
        }
    }

    private static int checkedSize(long size) throws BadRequest {
        if (size > MAX_BODY) {
            throw new BadRequest(413, "body of " + size + " bytes");
        }
        return (int) size;
    }

    private static long parse(String digits, int radix) throws BadRequest {
        // Long.parseLong alone would take a sign.
        boolean plain = !digits.isEmpty() && digits.length() <= 15;
        for (int i = 0; i < digits.length() && plain; i++) {
            plain = digits.charAt(i) < 0x80 && Character.digit(digits.charAt(i), radix) >= 0;
        }
        if (!plain) {
            throw new BadRequest(400, "length: " + digits);
        }
        return Long.parseLong(digits, radix);
    }

    private String readLineOrFail() throws IOException {
        String line = readLine();
        if (line == null) {
            throw new EOFException("within a request");
        }
        return line;
    }

    /** A line without its end, or null at the end of the stream. */
    private @Nullable String readLine() throws IOException {
        StringBuilder line = new StringBuilder(80);
        while (true) {
            int c = read();
            if (c < 0) {
                if (line.length() > 0) {
                    throw new EOFException("within a line");
                }
                return null;
            }
            if (--headAllowance < 0) {
                throw new BadRequest(431, "head of more than " + MAX_HEAD + " bytes");
            }
            if (c == '\n') {
                int length = line.length();
                if (length > 0 && line.charAt(length - 1) == '\r') {
                    line.setLength(length - 1);
                }
                return line.toString();
            }
            line.append((char) c);
        }
    }

    private int read() throws IOException {
        if (next == end) {
            next = 0;
            end = Math.max(in.read(buffer), 0);
            if (end == 0) {
                return -1;
            }
        }
        return buffer[next++] & 0xFF;
    }

    private void readFully(byte[] target) throws IOException {
        int buffered = Math.min(target.length, end - next);
        System.arraycopy(buffer, next, target, 0, buffered);
        next += buffered;
        if (in.readNBytes(target, buffered, target.length - buffered) < target.length - buffered) {
            throw new EOFException("within a body");
        }
    }

    /** A request that cannot be understood, and the status that says so. */
    static final class BadRequest extends IOException {

        private static final long serialVersionUID = 1;

        private final int status;

        BadRequest(int status, String message) {
            super(message);
            this.status = status;
        }

        int status() {
            return status;
        }
    }
}
