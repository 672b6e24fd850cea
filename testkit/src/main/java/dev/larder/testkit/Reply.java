package dev.larder.testkit;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link ScriptedOrigin} answers, including how it misbehaves while doing so.
 *
 * <p>A reply is immutable: every method gives a changed copy. One reply can answer any number of requests at once. Names
 * and values are put on the wire as they are given, one byte per character (ISO 8859-1) and without any check, so that
 * malformed answers can be told as well. Lengths and offsets are in bytes.
 *
 * <p>The origin adds {@code Content-Length} or {@code Transfer-Encoding} as the framing requires, {@code Connection: close}
 * when it is about to close in good order, and {@code Date} when it has a clock; it never adds a field that the reply
 * already has. A reply to HEAD, and one with status 204 or 304, is sent without its body.
 */
public final class Reply {

    /** How a connection is broken off. */
    public enum Cut {
        /** An orderly end of the stream: the client reads all that was sent and then the end. */
        FIN,
        /** A reset: the client's read fails, and bytes still under way may be lost. */
        RST
    }

    private static final DateTimeFormatter IMF_FIXDATE = DateTimeFormatter.ofPattern(
                    "EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.US)
            .withZone(ZoneOffset.UTC);

    /** Never changed once it is here; being reached through a final field, it is safely published too. */
    private final Plan plan;

    private Reply(Plan plan) {
        this.plan = plan;
    }

    /**
     * A reply with a status and an empty body.
     *
     * @param status any number
     * @return the reply
     */
    public static Reply status(int status) {
        Plan plan = new Plan();
        plan.status = status;
        return new Reply(plan);
    }

    /**
     * A 200 reply with an empty body.
     *
     * @return the reply
     */
    public static Reply ok() {
        return status(200);
    }

    /**
     * A 200 reply.
     *
     * @param body the body, sent as UTF-8
     * @return the reply
     */
    public static Reply ok(String body) {
        return ok().body(body);
    }

    /**
     * A 304 reply.
     *
     * @return the reply
     */
    public static Reply notModified() {
        return status(304);
    }

    /**
     * A 200 reply with an entity tag that turns into 304 for a request that knows the tag; short for
     * {@link #withPreconditions()}.
     *
     * @param etag the value of {@code ETag}, with its quotes
     * @param body the body, sent as UTF-8
     * @param namesAndValues further fields, of both answers: name, value, name, value …
     * @return the reply
     */
    public static Reply conditional(String etag, String body, String... namesAndValues) {
        List<Map.Entry<String, String>> fields = pairs(namesAndValues);
        return ok(body).field("ETag", etag)
                .with(p -> p.fields = concat(p.fields, fields))
                .withPreconditions();
    }

    /**
     * A reply given byte by byte. Nothing is added to it and the connection stays open after it unless
     * {@link #thenClose()} or {@link #cutAfter(long)} says otherwise; {@link #holdBodyAt} counts from its first byte.
     *
     * @param response everything to send, from the status line on
     * @return the reply
     */
    public static Reply raw(byte[] response) {
        byte[] copy = response.clone();
        return ok().with(p -> p.raw = copy);
    }

    /**
     * A reply given as text; see {@link #raw(byte[])}.
     *
     * @param response everything to send, one byte per character (ISO 8859-1)
     * @return the reply
     */
    public static Reply raw(String response) {
        return raw(response.getBytes(StandardCharsets.ISO_8859_1));
    }

    /**
     * No reply: the connection is closed in good order once the request was read.
     *
     * @return the reply
     */
    public static Reply dropConnection() {
        return ok().cutAfter(0, Cut.FIN);
    }

    /**
     * No reply: the connection is reset once the request was read.
     *
     * @return the reply
     */
    public static Reply resetConnection() {
        return ok().cutAfter(0, Cut.RST);
    }

    /**
     * Sets the reason phrase; without it, the usual one for the status is sent.
     *
     * @param reason the phrase, possibly empty
     * @return the changed reply
     */
    public Reply reason(String reason) {
        Objects.requireNonNull(reason, "reason");
        return with(p -> p.reason = reason);
    }

    /**
     * Adds a field line after those already there; the same name may be added again.
     *
     * @param name the name
     * @param value the value
     * @return the changed reply
     */
    public Reply field(String name, String value) {
        Map.Entry<String, String> field = Map.entry(name, value);
        return with(p -> p.fields = concat(p.fields, List.of(field)));
    }

    /**
     * Adds a {@code Date} field.
     *
     * @param date what it says, to the second
     * @return the changed reply
     */
    public Reply date(Instant date) {
        return field("Date", httpDate(date));
    }

    /**
     * Sets the body.
     *
     * @param body the body, sent as UTF-8
     * @return the changed reply
     */
    public Reply body(String body) {
        return body(body.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Sets the body.
     *
     * @param body the bytes, copied
     * @return the changed reply
     */
    public Reply body(byte[] body) {
        byte[] copy = body.clone();
        return with(p -> {
            p.body = copy;
            p.generated = null;
        });
    }

    /**
     * Sets a body that is generated while it is sent, in constant memory.
     *
     * @param body the body, which also tells what to expect
     * @return the changed reply
     */
    public Reply body(GeneratedBody body) {
        Objects.requireNonNull(body, "body");
        return with(p -> p.generated = body);
    }

    /**
     * Sets a body that is generated while it is sent; short for {@link #body(GeneratedBody)}.
     *
     * @param length the number of bytes
     * @param seed what the bytes are derived from
     * @return the changed reply
     */
    public Reply bodyOf(long length, long seed) {
        return body(new GeneratedBody(length, seed));
    }

    /**
     * Frames the body by its length, as a reply does unless told otherwise.
     *
     * @return the changed reply
     */
    public Reply contentLength() {
        return with(p -> p.framing = Framing.LENGTH);
    }

    /**
     * Frames the body in chunks of at most 16 KiB.
     *
     * @return the changed reply
     */
    public Reply chunked() {
        return with(p -> p.framing = Framing.CHUNKED);
    }

    /**
     * Frames the body in chunks of a given size.
     *
     * @param chunkSize the largest number of bytes in one chunk
     * @return the changed reply
     */
    public Reply chunked(int chunkSize) {
        if (chunkSize < 1) {
            throw new IllegalArgumentException("chunk size " + chunkSize);
        }
        return chunked().with(p -> p.chunkSize = chunkSize);
    }

    /**
     * Frames the body by the end of the connection.
     *
     * @return the changed reply
     */
    public Reply closeDelimited() {
        return with(p -> p.framing = Framing.CLOSE);
    }

    /**
     * Announces this {@code Content-Length} whatever is sent: other than the body's own, beside
     * {@code Transfer-Encoding}, or in a 304. When a body framed by length falls short of it, the connection is closed
     * after the body; when the body exceeds it, the surplus is sent and the connection stays open.
     *
     * @param length the length to announce
     * @return the changed reply
     */
    public Reply announce(long length) {
        if (length < 0) {
            throw new IllegalArgumentException("negative length: " + length);
        }
        return with(p -> p.announced = length);
    }

    /**
     * Adds a trailer field, and frames the body in chunks, without which there are no trailers.
     *
     * @param name the name
     * @param value the value
     * @return the changed reply
     */
    public Reply trailer(String name, String value) {
        Map.Entry<String, String> field = Map.entry(name, value);
        return chunked().with(p -> p.trailers = concat(p.trailers, List.of(field)));
    }

    /**
     * Adds an interim response, sent at once and ahead of any {@link #hold}.
     *
     * @param status a status such as 103
     * @param namesAndValues its fields: name, value, name, value …
     * @return the changed reply
     */
    public Reply interim(int status, String... namesAndValues) {
        Interim interim = new Interim(status, pairs(namesAndValues));
        return with(p -> p.interims = concat(p.interims, List.of(interim)));
    }

    /**
     * Waits for a latch before the head is sent. Stopping or closing the origin ends the wait, and the connection.
     *
     * @param gate what to wait for
     * @return the changed reply
     */
    public Reply hold(CountDownLatch gate) {
        Objects.requireNonNull(gate, "gate");
        return with(p -> p.hold = gate);
    }

    /**
     * Waits for a latch between head and body; the head is on its way by then.
     *
     * @param gate what to wait for
     * @return the changed reply
     */
    public Reply holdBody(CountDownLatch gate) {
        return holdBodyAt(0, gate);
    }

    /**
     * Waits for a latch within the body; all that precedes is on its way by then. May be used several times. There is no
     * wait in a reply that is sent without its body.
     *
     * @param offset the number of body bytes sent before the wait, not counting chunk framing; the length of the body, or
     *     more, means before its end is told
     * @param gate what to wait for
     * @return the changed reply
     */
    public Reply holdBodyAt(long offset, CountDownLatch gate) {
        Gate added = new Gate(offset, Objects.requireNonNull(gate, "gate"));
        return with(p -> {
            List<Gate> gates = new ArrayList<>(p.gates);
            gates.add(added);
            gates.sort(Comparator.comparingLong(Gate::offset));
            p.gates = List.copyOf(gates);
        });
    }

    /**
     * Ends the connection in good order after so many bytes; short for {@link #cutAfter(long, Cut)}.
     *
     * @param bytes the number of bytes to send
     * @return the changed reply
     */
    public Reply cutAfter(long bytes) {
        return cutAfter(bytes, Cut.FIN);
    }

    /**
     * Breaks the connection off after so many bytes of the final response, head and framing included and interim
     * responses not. A shorter response is sent whole before the connection is broken off. {@link #toBytes()} tells where
     * things are.
     *
     * @param bytes the number of bytes to send
     * @param how how to break off
     * @return the changed reply
     */
    public Reply cutAfter(long bytes, Cut how) {
        if (bytes < 0) {
            throw new IllegalArgumentException("negative number of bytes: " + bytes);
        }
        Objects.requireNonNull(how, "how");
        return with(p -> {
            p.cutAfter = bytes;
            p.cut = how;
        });
    }

    /**
     * Closes the connection in good order after the reply, and says so.
     *
     * @return the changed reply
     */
    public Reply thenClose() {
        return with(p -> p.close = true);
    }

    /**
     * Turns into 304 for a GET or HEAD request whose {@code If-None-Match} has the reply's {@code ETag} (weakly compared)
     * or is {@code *}, or which has no such field and an {@code If-Modified-Since} not earlier than the reply's
     * {@code Last-Modified}. The 304 has all the reply's fields but those that describe content.
     *
     * @return the changed reply
     */
    public Reply withPreconditions() {
        return with(p -> p.preconditions = true);
    }

    /**
     * The bytes of the complete final response to a GET request: without interim responses, gates, cuts and the
     * {@code Date} a clock would add. Made for choosing offsets to cut at, and for {@link #raw(byte[])} after damaging
     * them.
     *
     * @return a fresh array
     */
    public byte[] toBytes() {
        Reply plain = with(p -> {
            p.interims = List.of();
            p.hold = null;
            p.gates = List.of();
            p.cutAfter = Long.MAX_VALUE;
        });
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            new ReplyWriter(bytes).write(plain.plan, false, false, null);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new AssertionError("no gate to wait for", e);
        }
        return bytes.toByteArray();
    }

    /**
     * A date as HTTP writes it, to the second: {@code Thu, 01 Jan 2026 00:00:00 GMT}.
     *
     * @param instant the instant to write
     * @return the date in the preferred format of RFC 9110, section 5.6.7
     */
    public static String httpDate(Instant instant) {
        return IMF_FIXDATE.format(instant);
    }

    @Override
    public String toString() {
        return "Reply[" + plan.status + " " + plan.fields + "]";
    }

    /** What to send to this request. */
    Plan planFor(RecordedRequest request) {
        return plan.preconditions && isNotModified(request) ? asNotModified().plan : plan;
    }

    private boolean isNotModified(RecordedRequest request) {
        if (!request.method().equals("GET") && !request.method().equals("HEAD")) {
            return false;
        }
        List<String> known = request.all("If-None-Match");
        if (!known.isEmpty()) {
            String etag = plan.first("ETag");
            return known.stream().anyMatch(list -> list.equals("*") || (etag != null && listsTag(list, opaque(etag))));
        }
        String since = request.first("If-Modified-Since");
        String modified = plan.first("Last-Modified");
        if (since == null || modified == null) {
            return false;
        }
        try {
            return !parseDate(since).isBefore(parseDate(modified));
        } catch (DateTimeException e) {
            // A condition that cannot be understood is ignored: RFC 9110, section 13.1.3.
            return false;
        }
    }

    private static Instant parseDate(String date) {
        return Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(date));
    }

    private static boolean listsTag(String list, String opaque) {
        // By quotes, not by commas: a tag may contain commas.
        int open = list.indexOf('"');
        while (open >= 0) {
            int close = list.indexOf('"', open + 1);
            if (close < 0) {
                return false;
            }
            if (list.substring(open, close + 1).equals(opaque)) {
                return true;
            }
            open = list.indexOf('"', close + 1);
        }
        return false;
    }

    private static String opaque(String etag) {
        return etag.startsWith("W/") ? etag.substring(2) : etag;
    }

    private Reply asNotModified() {
        return with(p -> {
            p.status = 304;
            p.reason = null;
            p.announced = -1;
            p.fields = p.fields.stream()
                    .filter(field -> !describesContent(field.getKey().toLowerCase(Locale.ROOT)))
                    .toList();
        });
    }

    private static boolean describesContent(String name) {
        return switch (name) {
            case "content-encoding",
                    "content-language",
                    "content-length",
                    "content-range",
                    "content-type",
                    "transfer-encoding",
                    "trailer" -> true;
            default -> false;
        };
    }

    private Reply with(Consumer<Plan> change) {
        Plan copy = new Plan(plan);
        change.accept(copy);
        return new Reply(copy);
    }

    private static List<Map.Entry<String, String>> pairs(String... namesAndValues) {
        if (namesAndValues.length % 2 != 0) {
            throw new IllegalArgumentException("a name without a value: " + String.join(", ", namesAndValues));
        }
        List<Map.Entry<String, String>> pairs = new ArrayList<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            pairs.add(Map.entry(namesAndValues[i], namesAndValues[i + 1]));
        }
        return List.copyOf(pairs);
    }

    private static <T> List<T> concat(List<T> first, List<T> second) {
        List<T> all = new ArrayList<>(first);
        all.addAll(second);
        return List.copyOf(all);
    }

    enum Framing {
        LENGTH,
        CHUNKED,
        CLOSE
    }

    record Interim(int status, List<Map.Entry<String, String>> fields) {}

    record Gate(long offset, CountDownLatch latch) {}

    /** All that a reply is made of. Filled in by {@link #with} and only read afterwards. */
    static final class Plan {

        int status = 200;

        @Nullable
        String reason;

        List<Map.Entry<String, String>> fields = List.of();
        byte[] body = {};

        @Nullable
        GeneratedBody generated;

        byte @Nullable [] raw;
        Framing framing = Framing.LENGTH;
        int chunkSize = 16 * 1024;
        long announced = -1;
        List<Map.Entry<String, String>> trailers = List.of();
        List<Interim> interims = List.of();

        @Nullable
        CountDownLatch hold;

        List<Gate> gates = List.of();
        long cutAfter = Long.MAX_VALUE;
        Cut cut = Cut.FIN;
        boolean close;
        boolean preconditions;

        Plan() {}

        Plan(Plan other) {
            status = other.status;
            reason = other.reason;
            fields = other.fields;
            body = other.body;
            generated = other.generated;
            raw = other.raw;
            framing = other.framing;
            chunkSize = other.chunkSize;
            announced = other.announced;
            trailers = other.trailers;
            interims = other.interims;
            hold = other.hold;
            gates = other.gates;
            cutAfter = other.cutAfter;
            cut = other.cut;
            close = other.close;
            preconditions = other.preconditions;
        }

        @Nullable
        String first(String name) {
            for (Map.Entry<String, String> field : fields) {
                if (field.getKey().equalsIgnoreCase(name)) {
                    return field.getValue();
                }
            }
            return null;
        }
    }
}
