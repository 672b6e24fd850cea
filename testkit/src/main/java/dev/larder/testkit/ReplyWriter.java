package dev.larder.testkit;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Puts replies on one connection, stopping at their gates and cuts. For one thread. */
final class ReplyWriter {

    /** What is to become of the connection. */
    enum Next {
        KEEP_OPEN,
        FIN,
        RST
    }

    private static final int BLOCK = 64 * 1024;
    private static final byte[] CRLF = {'\r', '\n'};

    /** Buffered by the caller, so that a head and a small body leave in one write. */
    private final OutputStream out;

    /** How many more bytes may be sent before the cut. */
    private long allowance;

    ReplyWriter(OutputStream out) {
        this.out = out;
    }

    /**
     * Sends a reply.
     *
     * @param plan the reply
     * @param toHead whether it answers a HEAD request
     * @param last whether the request asked for the connection to be closed
     * @param now the instant for a Date field, or null to add none
     */
    Next write(Reply.Plan plan, boolean toHead, boolean last, @Nullable Instant now)
            throws IOException, InterruptedException {
        allowance = Long.MAX_VALUE;
        for (Reply.Interim interim : plan.interims) {
            StringBuilder head = new StringBuilder();
            appendStatusLine(head, interim.status(), null);
            appendFields(head, interim.fields());
            emit(head.append("\r\n"));
        }
        out.flush();
        if (plan.hold != null) {
            plan.hold.await();
        }
        allowance = plan.cutAfter;
        Next next;
        try {
            stopIfSpent();
            next = writeFinal(plan, toHead, last, now);
        } catch (CutOff cut) {
            next = Next.FIN;
        }
        out.flush();
        if (plan.cutAfter < Long.MAX_VALUE) {
            next = plan.cut == Reply.Cut.RST ? Next.RST : Next.FIN;
        }
        return next;
    }

    private Next writeFinal(Reply.Plan plan, boolean toHead, boolean last, @Nullable Instant now)
            throws IOException, InterruptedException {
        boolean close = plan.close || last;
        if (plan.raw != null) {
            writeContent(plan.raw, null, plan.raw.length, plan.gates, 0);
            return close ? Next.FIN : Next.KEEP_OPEN;
        }
        close |= plan.framing == Reply.Framing.CLOSE;
        boolean hasContent = plan.status >= 200 && plan.status != 204 && plan.status != 304;
        long length = plan.generated == null ? plan.body.length : plan.generated.length();
        emit(head(plan, close, hasContent, length, now));
        if (!hasContent || toHead) {
            return close ? Next.FIN : Next.KEEP_OPEN;
        }
        boolean chunked = plan.framing == Reply.Framing.CHUNKED;
        writeContent(plan.body, plan.generated, length, plan.gates, chunked ? plan.chunkSize : 0);
        if (chunked) {
            StringBuilder end = new StringBuilder("0\r\n");
            appendFields(end, plan.trailers);
            emit(end.append("\r\n"));
        }
        // A client that was promised more must see the end of the stream, not wait for ever.
        boolean tooShort = plan.framing == Reply.Framing.LENGTH && plan.announced > length;
        return close || tooShort ? Next.FIN : Next.KEEP_OPEN;
    }

    private static StringBuilder head(
            Reply.Plan plan, boolean close, boolean hasContent, long length, @Nullable Instant now) {
        StringBuilder head = new StringBuilder(256);
        appendStatusLine(head, plan.status, plan.reason);
        appendFields(head, plan.fields);
        if (now != null && plan.first("Date") == null) {
            appendField(head, "Date", Reply.httpDate(now));
        }
        boolean coded = plan.first("Transfer-Encoding") != null;
        if (hasContent && !coded && plan.framing == Reply.Framing.CHUNKED) {
            appendField(head, "Transfer-Encoding", "chunked");
        }
        boolean measured = coded || plan.first("Content-Length") != null;
        if (plan.announced >= 0) {
            appendField(head, "Content-Length", Long.toString(plan.announced));
        } else if (hasContent && !measured && plan.framing == Reply.Framing.LENGTH) {
            appendField(head, "Content-Length", Long.toString(length));
        }
        if (close && plan.first("Connection") == null) {
            appendField(head, "Connection", "close");
        }
        return head.append("\r\n");
    }

    /** Sends content up to each gate in turn; in chunks when a chunk size is given. */
    private void writeContent(
            byte[] bytes, @Nullable GeneratedBody generated, long length, List<Reply.Gate> gates, int chunkSize)
            throws IOException, InterruptedException {
        long position = 0;
        int passed = 0;
        while (true) {
            while (passed < gates.size() && (gates.get(passed).offset() <= position || position == length)) {
                out.flush();
                gates.get(passed++).latch().await();
            }
            if (position == length) {
                return;
            }
            long end = chunkSize == 0 ? length : Math.min(length, position + chunkSize);
            if (passed < gates.size()) {
                end = Math.min(end, gates.get(passed).offset());
            }
            if (chunkSize > 0) {
                emit(new StringBuilder(Long.toHexString(end - position)).append("\r\n"));
            }
            if (generated == null) {
                emit(bytes, (int) position, (int) (end - position));
            } else {
                emit(generated, position, end);
            }
            if (chunkSize > 0) {
                emit(CRLF, 0, CRLF.length);
            }
            position = end;
        }
    }

    private void emit(GeneratedBody body, long from, long to) throws IOException {
        byte[] block = new byte[(int) Math.min(BLOCK, to - from)];
        for (long position = from; position < to; ) {
            int count = (int) Math.min(block.length, to - position);
            body.copy(position, block, 0, count);
            emit(block, 0, count);
            position += count;
        }
    }

    private void emit(StringBuilder text) throws IOException {
        byte[] bytes = text.toString().getBytes(StandardCharsets.ISO_8859_1);
        emit(bytes, 0, bytes.length);
    }

    private void emit(byte[] bytes, int offset, int count) throws IOException {
        int allowed = (int) Math.min(count, allowance);
        out.write(bytes, offset, allowed);
        allowance -= allowed;
        stopIfSpent();
    }

    private void stopIfSpent() throws CutOff {
        if (allowance == 0) {
            throw new CutOff();
        }
    }

    private static void appendStatusLine(StringBuilder head, int status, @Nullable String reason) {
        head.append("HTTP/1.1 ").append(status).append(' ');
        head.append(reason == null ? usualReason(status) : reason).append("\r\n");
    }

    private static void appendFields(StringBuilder head, List<Map.Entry<String, String>> fields) {
        for (Map.Entry<String, String> field : fields) {
            appendField(head, field.getKey(), field.getValue());
        }
    }

    private static void appendField(StringBuilder head, String name, String value) {
        head.append(name).append(": ").append(value).append("\r\n");
    }

    private static String usualReason(int status) {
        return switch (status) {
            case 100 -> "Continue";
            case 103 -> "Early Hints";
            case 200 -> "OK";
            case 201 -> "Created";
            case 204 -> "No Content";
            case 206 -> "Partial Content";
            case 301 -> "Moved Permanently";
            case 302 -> "Found";
            case 303 -> "See Other";
            case 304 -> "Not Modified";
            case 307 -> "Temporary Redirect";
            case 308 -> "Permanent Redirect";
            case 400 -> "Bad Request";
            case 401 -> "Unauthorized";
            case 404 -> "Not Found";
            case 410 -> "Gone";
            case 412 -> "Precondition Failed";
            case 413 -> "Content Too Large";
            case 416 -> "Range Not Satisfiable";
            case 431 -> "Request Header Fields Too Large";
            case 500 -> "Internal Server Error";
            case 502 -> "Bad Gateway";
            case 503 -> "Service Unavailable";
            case 504 -> "Gateway Timeout";
            default -> "";
        };
    }

    /** The place to cut was reached. */
    private static final class CutOff extends IOException {

        private static final long serialVersionUID = 1;

        @Override
        public synchronized Throwable fillInStackTrace() {
            return this;
        }
    }
}
