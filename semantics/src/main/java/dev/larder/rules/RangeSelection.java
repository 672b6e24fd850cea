package dev.larder.rules;

import dev.larder.http.ByteRanges;
import dev.larder.http.ContentRange;
import dev.larder.http.EntityTag;
import dev.larder.http.HttpDate;
import dev.larder.http.HttpFields;
import dev.larder.http.RequestHead;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** RFC 9110 14: which bytes of a complete stored response a request asks for. */
public final class RangeSelection {
    private static final int PARTIAL_CONTENT = 206;
    private static final int RANGE_NOT_SATISFIABLE = 416;

    private RangeSelection() {}

    /**
     * A piece of a body to be served.
     *
     * @param prefix what goes before it: the delimiter and head of a part; empty for a single range
     * @param position where it begins in the stored body
     * @param length how many bytes it has; may be zero for the closing delimiter
     */
    public record Part(String prefix, long position, long length) {
        /** The prefix as sent. */
        public byte[] prefixBytes() {
            return prefix.getBytes(StandardCharsets.ISO_8859_1);
        }
    }

    /**
     * What to serve instead of the whole response.
     *
     * @param status 206 or 416
     * @param parts in order; empty for 416
     */
    public record Selection(int status, HttpFields fields, List<Part> parts) {}

    /**
     * The bytes asked for, of a stored 200, or of what stored parts make up, whose conditions do not make it a 304.
     *
     * @param wholeFields the fields of the whole response as it would be served
     * @param bodyLength of the whole body
     * @return null when the whole response is to be served: no Range, an invalid or abusive one, or If-Range does not hold
     */
    public static @Nullable Selection select(
            RequestHead request, StoredResponse stored, HttpFields wholeFields, long bodyLength) {
        if (!applies(request, stored) || bodyLength < 0) {
            return null;
        }
        ByteRanges ranges = ByteRanges.parse(request.fields().combined("Range"));
        if (ranges == null) {
            return null;
        }
        // RFC 9530 2: a digest of the whole content is none of a part.
        HttpFields fields = wholeFields.without("Content-Digest", "Content-MD5");
        List<ContentRange> wanted = ranges.resolve(bodyLength);
        if (wanted.isEmpty()) {
            return new Selection(
                    RANGE_NOT_SATISFIABLE,
                    fields.without("Content-Length", "Content-Type", "Content-Encoding")
                            .with(
                                    "Content-Range",
                                    ContentRange.unsatisfied(bodyLength).toString())
                            .with("Content-Length", "0"),
                    List.of());
        }
        if (wanted.size() == 1) {
            return single(wanted.get(0), fields);
        }
        // RFC 9110 14.2: more bytes than the whole has are no service to anybody.
        return totalLength(wanted) > bodyLength ? null : multiple(wanted, stored, fields);
    }

    /** RFC 9110 14.2 and 13.1.5; RFC 10008 2.8. */
    private static boolean applies(RequestHead request, StoredResponse stored) {
        boolean ranges = request.method().equals("GET") || request.method().equals("QUERY");
        if (!ranges
                || !(stored.status() == 200 || PartialContent.isPart(stored))
                || !request.fields().contains("Range")) {
            return false;
        }
        String condition = request.fields().first("If-Range");
        return condition == null || holds(condition, stored);
    }

    private static boolean holds(String condition, StoredResponse stored) {
        boolean tag = condition.startsWith("\"") || condition.startsWith("W/");
        if (tag) {
            EntityTag own = EntityTag.parse(stored.fields().first("ETag"));
            EntityTag asked = EntityTag.parse(condition);
            return own != null && asked != null && own.stronglyMatches(asked);
        }
        String lastModified = stored.fields().first("Last-Modified");
        long modified = HttpDate.parse(lastModified, stored.responseTime());
        // RFC 9110 8.8.2.2: a date is a strong validator only if the origin sent the response at least a second later.
        return modified != HttpDate.INVALID && condition.equals(lastModified) && Age.date(stored) - modified >= 1000;
    }

    private static Selection single(ContentRange range, HttpFields fields) {
        return new Selection(
                PARTIAL_CONTENT,
                fields.with("Content-Range", range.toString()).with("Content-Length", Long.toString(range.length())),
                List.of(new Part("", range.first(), range.length())));
    }

    private static Selection multiple(List<ContentRange> ranges, StoredResponse stored, HttpFields fields) {
        // The id is unique and no secret; that a body contains it on a line of its own is not to be feared.
        String boundary = "larder-" + stored.id();
        String type = fields.first("Content-Type");
        List<Part> parts = new ArrayList<>(ranges.size() + 1);
        long length = 0;
        for (ContentRange range : ranges) {
            String prefix = (parts.isEmpty() ? "--" : "\r\n--") + boundary + "\r\n"
                    + (type == null ? "" : "Content-Type: " + type + "\r\n")
                    + "Content-Range: " + range + "\r\n\r\n";
            parts.add(new Part(prefix, range.first(), range.length()));
            length += prefix.length() + range.length();
        }
        String end = "\r\n--" + boundary + "--\r\n";
        parts.add(new Part(end, 0, 0));
        return new Selection(
                PARTIAL_CONTENT,
                fields.with("Content-Type", "multipart/byteranges; boundary=" + boundary)
                        .with("Content-Length", Long.toString(length + end.length())),
                parts);
    }

    private static long totalLength(List<ContentRange> ranges) {
        long total = 0;
        for (ContentRange range : ranges) {
            total += range.length();
        }
        return total;
    }
}
