package dev.larder.integration.servlet;

import dev.larder.http.HttpDate;
import dev.larder.http.HttpFields;
import dev.larder.http.ResponseHead;
import dev.larder.rules.Preconditions;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.ServletResponseWrapper;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpServletResponseWrapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UnsupportedEncodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The response as the application sees it: a head of its own, which nobody else sees before it is committed, and a buffer
 * in front of the {@link Run} that takes the body on.
 *
 * <p>It is committed as a container's own is: when the buffer overflows, is flushed, or the application has ended. A
 * response that ends within the buffer gets its Content-Length, and an entity tag if that is asked for.
 */
final class AppResponse extends HttpServletResponseWrapper {
    private static final int DEFAULT_BUFFER = 32 * 1024;

    private final Run run;
    private final HttpServletResponse client;
    private final TreeMap<String, List<String>> fields = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    private int status = SC_OK;
    private @Nullable String mediaType;
    private @Nullable Charset charset;
    /** The charset as the application spelled it. */
    private @Nullable String charsetName;

    private @Nullable Locale locale;
    private @Nullable Supplier<Map<String, String>> trailers;

    private int bufferSize = DEFAULT_BUFFER;
    private byte[] buffer = new byte[0];
    private int buffered;
    private long written;
    private boolean setsCookie;
    private volatile boolean committed;
    private volatile boolean closed;
    private @Nullable AppOutput output;
    private @Nullable PrintWriter writer;

    AppResponse(Run run) {
        super(run.exchange().client());
        this.run = run;
        this.client = run.exchange().client();
    }

    /** The one that the application's wrappers are around; null without one. */
    static @Nullable AppResponse within(ServletResponse response) {
        ServletResponse inner = response;
        while (inner instanceof ServletResponseWrapper wrapper) {
            if (inner instanceof AppResponse captured) {
                return captured;
            }
            inner = wrapper.getResponse();
        }
        return null;
    }

    Run run() {
        return run;
    }

    // Status and fields.

    @Override
    public void setStatus(int status) {
        if (!isCommitted()) {
            this.status = status;
        }
    }

    @Override
    public int getStatus() {
        return status;
    }

    @Override
    public void setHeader(String name, @Nullable String value) {
        if (isCommitted()) {
            return;
        }
        if (name.equalsIgnoreCase("Content-Type")) {
            setContentType(value);
        } else if (value == null) {
            fields.remove(name);
        } else {
            fields.put(name, new ArrayList<>(List.of(value)));
        }
    }

    @Override
    public void addHeader(String name, @Nullable String value) {
        if (isCommitted() || value == null) {
            return;
        }
        if (name.equalsIgnoreCase("Content-Type")) {
            setContentType(value);
        } else {
            fields.computeIfAbsent(name, absent -> new ArrayList<>(1)).add(value);
        }
    }

    @Override
    public void setDateHeader(String name, long date) {
        setHeader(name, HttpDate.format(date));
    }

    @Override
    public void addDateHeader(String name, long date) {
        addHeader(name, HttpDate.format(date));
    }

    @Override
    public void setIntHeader(String name, int value) {
        setHeader(name, Integer.toString(value));
    }

    @Override
    public void addIntHeader(String name, int value) {
        addHeader(name, Integer.toString(value));
    }

    @Override
    public void addCookie(Cookie cookie) {
        if (!isCommitted()) {
            // The container knows how to write it; the head takes it from there.
            client.addCookie(cookie);
            setsCookie = true;
        }
    }

    @Override
    public boolean containsHeader(String name) {
        return getHeader(name) != null;
    }

    @Override
    public @Nullable String getHeader(String name) {
        if (name.equalsIgnoreCase("Content-Type")) {
            return getContentType();
        }
        List<String> own = fields.get(name);
        return own == null ? client.getHeader(name) : own.get(0);
    }

    @Override
    public Collection<String> getHeaders(String name) {
        if (name.equalsIgnoreCase("Content-Type")) {
            String type = getContentType();
            return type == null ? List.of() : List.of(type);
        }
        List<String> all = new ArrayList<>(client.getHeaders(name));
        all.addAll(fields.getOrDefault(name, List.of()));
        return all;
    }

    @Override
    public Collection<String> getHeaderNames() {
        Set<String> names = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        names.addAll(client.getHeaderNames());
        names.addAll(fields.keySet());
        if (mediaType != null) {
            names.add("Content-Type");
        }
        return Collections.unmodifiableSet(names);
    }

    @Override
    public void setTrailerFields(Supplier<Map<String, String>> supplier) {
        if (isCommitted()) {
            throw new IllegalStateException("the response is committed");
        }
        trailers = supplier;
    }

    @Override
    public @Nullable Supplier<Map<String, String>> getTrailerFields() {
        return trailers;
    }

    // Content-Type, Content-Length and the like.

    @Override
    public void setContentLength(int length) {
        setContentLengthLong(length);
    }

    @Override
    public void setContentLengthLong(long length) {
        setHeader("Content-Length", length < 0 ? null : Long.toString(length));
    }

    @Override
    public void setContentType(@Nullable String type) {
        if (isCommitted()) {
            return;
        }
        if (type == null) {
            mediaType = null;
            return;
        }
        StringBuilder rest = new StringBuilder();
        for (String part : type.split(";", -1)) {
            String parameter = part.trim();
            if (parameter.regionMatches(true, 0, "charset=", 0, 8)) {
                setCharacterEncoding(parameter.substring(8).replace("\"", "").trim());
            } else if (!parameter.isEmpty()) {
                rest.append(rest.isEmpty() ? "" : ";").append(parameter);
            }
        }
        mediaType = rest.toString();
    }

    @Override
    public void setCharacterEncoding(@Nullable String name) {
        if (isCommitted() || writer != null) {
            return;
        }
        charsetName = name;
        charset = name == null ? null : Charset.isSupported(name) ? Charset.forName(name) : null;
    }

    @Override
    public void setCharacterEncoding(Charset encoding) {
        setCharacterEncoding(encoding.name());
    }

    @Override
    public String getCharacterEncoding() {
        return charsetName == null ? StandardCharsets.ISO_8859_1.name() : charsetName;
    }

    @Override
    public @Nullable String getContentType() {
        if (mediaType == null) {
            return null;
        }
        return charsetName == null ? mediaType : mediaType + ";charset=" + charsetName.toLowerCase(Locale.ROOT);
    }

    @Override
    public void setLocale(Locale locale) {
        if (!isCommitted()) {
            this.locale = locale;
            setHeader("Content-Language", locale.toLanguageTag());
        }
    }

    @Override
    public Locale getLocale() {
        return locale == null ? client.getLocale() : locale;
    }

    // The body.

    @Override
    public ServletOutputStream getOutputStream() {
        if (writer != null) {
            throw new IllegalStateException("getWriter() was called before");
        }
        return output();
    }

    private AppOutput output() {
        run.exchange().failIfDispatchedPast(run);
        AppOutput known = output;
        if (known == null) {
            known = new AppOutput(this);
            output = known;
        }
        return known;
    }

    @Override
    public PrintWriter getWriter() throws IOException {
        PrintWriter known = writer;
        if (known != null) {
            return known;
        }
        if (output != null) {
            throw new IllegalStateException("getOutputStream() was called before");
        }
        if (charsetName == null) {
            setCharacterEncoding(StandardCharsets.ISO_8859_1.name());
        }
        if (charset == null) {
            throw new UnsupportedEncodingException(charsetName);
        }
        known = new PrintWriter(new AppWriter(output(), charset));
        writer = known;
        return known;
    }

    @Override
    public void setBufferSize(int size) {
        if (written > 0 || isCommitted()) {
            throw new IllegalStateException("content has been written");
        }
        bufferSize = Math.max(1, size);
    }

    @Override
    public int getBufferSize() {
        return bufferSize;
    }

    @Override
    public boolean isCommitted() {
        return committed || closed || (client.isCommitted() && !run.background());
    }

    @Override
    public void resetBuffer() {
        if (isCommitted()) {
            throw new IllegalStateException("the response is committed");
        }
        buffered = 0;
        written = 0;
    }

    /** Before a forward: the target may take the stream or the writer, whichever was taken before. */
    void resetForForward() {
        resetBuffer();
        output = null;
        writer = null;
    }

    @Override
    public void reset() {
        resetForForward();
        fields.clear();
        status = SC_OK;
        mediaType = null;
        charset = null;
        charsetName = null;
        locale = null;
        trailers = null;
        setsCookie = false;
        if (!run.background()) {
            run.exchange().resetClient();
        }
    }

    @Override
    public void flushBuffer() throws IOException {
        if (closed) {
            return;
        }
        commit(false, true);
        push();
        run.flush();
    }

    void write(byte[] bytes, int offset, int length) throws IOException {
        if (closed) {
            return;
        }
        written += length;
        if (run.relayed()) {
            push();
            run.write(bytes, offset, length);
            return;
        }
        int from = offset;
        int left = length;
        while (left > 0) {
            int limit =
                    committed ? bufferSize : Math.max(bufferSize, run.exchange().mostTagged());
            if (buffered == limit) {
                commit(false, true);
                push();
                continue;
            }
            int n = Math.min(left, limit - buffered);
            if (buffer.length < buffered + n) {
                buffer = Arrays.copyOf(buffer, Math.min(limit, Math.max(buffered + n, 2 * buffer.length)));
            }
            System.arraycopy(bytes, from, buffer, buffered, n);
            buffered += n;
            from += n;
            left -= n;
        }
        if (written == announced()) {
            // All of it is there, and the client need not wait for the application to return.
            finish();
        }
    }

    private long announced() {
        List<String> length = fields.get("Content-Length");
        try {
            return length == null ? -1 : Long.parseLong(length.get(0));
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    private void push() throws IOException {
        if (buffered > 0) {
            byte[] full = buffer;
            int length = buffered;
            // The piece is the cache's from now on.
            buffer = new byte[0];
            buffered = 0;
            run.write(full, 0, length);
        }
    }

    /** Writes without blocking cannot wait for a storage, so the response passes uncached from its first byte on. */
    @Nullable
    ServletOutputStream unblocked() throws IOException {
        commit(false, false);
        push();
        return run.relayed() ? client.getOutputStream() : null;
    }

    /** The application has written all. */
    void finish() throws IOException {
        if (closed) {
            return;
        }
        commit(true, true);
        closed = true;
        run.complete(buffer, buffered);
    }

    /** The application has closed its stream: the client need not wait for it to return. */
    void close() throws IOException {
        if (!closed) {
            finish();
            if (run.answersClient()) {
                client.getOutputStream().close();
            }
        }
    }

    @Override
    public void sendError(int status) throws IOException {
        sendError(status, null);
    }

    @Override
    public void sendError(int status, @Nullable String message) throws IOException {
        resetBuffer();
        this.status = status;
        if (status == SC_NOT_MODIFIED) {
            // No error, and no page.
            finish();
            return;
        }
        fields.keySet().removeIf(name -> name.regionMatches(true, 0, "Content-", 0, 8));
        mediaType = null;
        // The page is the container's, and made after this filter has returned.
        commit(false, false);
        closed = true;
        run.complete(buffer, 0);
        if (run.relayed()) {
            if (message == null) {
                client.sendError(status);
            } else {
                client.sendError(status, message);
            }
        }
    }

    @Override
    public void sendRedirect(String location) throws IOException {
        sendRedirect(location, SC_FOUND, true);
    }

    @Override
    public void sendRedirect(String location, boolean clearBuffer) throws IOException {
        sendRedirect(location, SC_FOUND, clearBuffer);
    }

    @Override
    public void sendRedirect(String location, int status) throws IOException {
        sendRedirect(location, status, true);
    }

    @Override
    public void sendRedirect(String location, int status, boolean clearBuffer) throws IOException {
        if (isCommitted()) {
            throw new IllegalStateException("the response is committed");
        }
        if (clearBuffer) {
            resetBuffer();
        }
        this.status = status;
        setHeader("Location", location);
        finish();
    }

    // The head.

    private void commit(boolean whole, boolean storable) throws IOException {
        if (committed) {
            return;
        }
        if (whole) {
            describeWhole();
        }
        committed = true;
        ResponseHead head = new ResponseHead(status, headFields());
        if (whole && mostTagged() > 0 && isUnchanged()) {
            buffered = 0;
            head = new ResponseHead(SC_NOT_MODIFIED, Preconditions.notModifiedFields(head.fields()));
        }
        // In the background there is no client that a cookie could be for, and nowhere to read it from.
        run.respond(head, storable && !(setsCookie && run.background()), trailers);
    }

    private int mostTagged() {
        return run.exchange().mostTagged();
    }

    /** What can be said of a body only when all of it is there. */
    private void describeWhole() {
        String method = run.request().method();
        boolean bodiless = status < 200 || status == 204 || status == 304;
        if (!bodiless && !method.equals("HEAD") && !fields.containsKey("Content-Length") && trailers == null) {
            fields.put("Content-Length", new ArrayList<>(List.of(Integer.toString(buffered))));
        }
        boolean tag = buffered <= mostTagged() && status == SC_OK && method.equals("GET") && mostTagged() > 0;
        if (tag && !fields.containsKey("ETag")) {
            fields.put("ETag", new ArrayList<>(List.of(tagOf(buffer, buffered))));
        }
    }

    private static String tagOf(byte[] bytes, int length) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(bytes, 0, length);
            byte[] half = Arrays.copyOf(digest.digest(), 16);
            return '"' + Base64.getUrlEncoder().withoutPadding().encodeToString(half) + '"';
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** Whether the cache asked with its own validators, and the application, which does not know the tag, wrote it all. */
    private boolean isUnchanged() {
        String asked = run.request().fields().combined("If-None-Match");
        String tag = first("ETag");
        return status == SC_OK
                && asked != null
                && !asked.equals(run.exchange().head().fields().combined("If-None-Match"))
                && Exchange.matches(asked, tag);
    }

    private @Nullable String first(String name) {
        List<String> values = fields.get(name);
        return values == null ? null : values.get(0);
    }

    private HttpFields headFields() {
        HttpFields.Builder head = HttpFields.builder();
        fields.forEach((name, values) -> values.forEach(value -> head.addReceived(name, value)));
        if (mediaType != null) {
            head.addReceived("Content-Type", getContentType());
        }
        if (!fields.containsKey("Date")) {
            // Stored responses keep the date that they were made at (RFC 9110 6.6.1).
            head.add("Date", HttpDate.format(run.exchange().now()));
        }
        if (!run.background()) {
            // A session's cookie, say, makes the response one for this client only.
            List<String> cookies = new ArrayList<>(client.getHeaders("Set-Cookie"));
            run.exchange().cookiesBefore().forEach(cookies::remove);
            cookies.forEach(cookie -> head.addReceived("Set-Cookie", cookie));
        }
        return head.build();
    }

    /** What the application's listener is called by when the client gets something else. */
    void writeNowhere(WriteListener listener) {
        run.exchange().request().getAsyncContext().start(() -> {
            try {
                listener.onWritePossible();
            } catch (IOException | RuntimeException e) {
                listener.onError(e);
            }
        });
    }
}
