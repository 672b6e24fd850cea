package dev.larder.rules;

import dev.larder.http.ContentLength;
import dev.larder.http.ContentRange;
import dev.larder.http.EntityTag;
import dev.larder.http.HttpDate;
import dev.larder.http.HttpFields;
import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * RFC 9111 3.3 and 3.4: stored parts of one representation, and what they make up together.
 *
 * <p>Each part is an entry of its own: a 206 whose body is the range that its Content-Range names. Nothing is rewritten
 * when parts are combined; they are put together when they are served.
 */
public final class PartialContent {
    private static final int PARTIAL_CONTENT = 206;

    private final Candidate newest;
    /** By their first byte. */
    private final List<Candidate> members;

    private final long completeLength;

    private PartialContent(Candidate newest, List<Candidate> members, long completeLength) {
        this.newest = newest;
        this.members = members;
        this.completeLength = completeLength;
    }

    /**
     * Bytes of one stored body.
     *
     * @param parts positions in that body; not empty
     */
    public record Piece(Candidate from, List<RangeSelection.Part> parts) {}

    /** Whether the stored response is a part of a representation that others can be combined with. */
    public static boolean isPart(StoredResponse stored) {
        return stored.status() == PARTIAL_CONTENT && !stored.selectedByRange();
    }

    /**
     * Whether a 206 that may be stored says two things about its length. Which bytes it has cannot be told then: it is
     * good for nothing but the same request once more.
     */
    static boolean contradictsItself(ResponseHead response) {
        ContentRange range = ContentRange.parse(response.fields().first("Content-Range"));
        long length = ContentLength.of(response.fields());
        return response.status() == PARTIAL_CONTENT
                && range != null
                && length != ContentLength.ABSENT
                && length != range.length();
    }

    /**
     * RFC 9111 3.3: the range that a 206 holds, if it can be told apart from all others: one range in bytes of a known
     * whole.
     *
     * @return null when it must not be stored
     */
    static @Nullable ContentRange storableRange(RequestHead request, ResponseHead response) {
        HttpFields fields = response.fields();
        List<String> values = fields.values("Content-Range");
        ContentRange range = values.size() == 1 ? ContentRange.parse(values.get(0)) : null;
        if (range == null
                || range.isUnsatisfied()
                || range.completeLength() == ContentRange.UNKNOWN
                || !request.method().equals("GET")
                || !request.fields().contains("Range")) {
            return null;
        }
        String type = fields.first("Content-Type");
        boolean multipart = type != null && type.toLowerCase(Locale.ROOT).startsWith("multipart/byteranges");
        return multipart ? null : range;
    }

    /**
     * The stored parts that may stand together for a request: the most recent that it selects, and all that share its
     * strong validator.
     *
     * @param parts stored 206 responses of one key
     * @return null when none is selected
     */
    public static @Nullable PartialContent of(List<? extends Candidate> parts, RequestHead request) {
        Candidate newest = null;
        List<? extends Candidate> matching = VariantSelection.matching(parts, request);
        for (Candidate part : matching) {
            if (newest == null || Age.date(part.stored()) >= Age.date(newest.stored())) {
                newest = part;
            }
        }
        ContentRange range = newest == null ? null : range(newest);
        if (newest == null || range == null) {
            return null;
        }
        List<Candidate> members = new ArrayList<>();
        for (Candidate part : matching) {
            ContentRange own = range(part);
            if (part == newest
                    || (own != null
                            && own.completeLength() == range.completeLength()
                            && sameRepresentation(part.stored(), newest.stored()))) {
                members.add(part);
            }
        }
        members.sort(Comparator.comparingLong(
                part -> Objects.requireNonNull(range(part)).first()));
        return new PartialContent(newest, members, range.completeLength());
    }

    /** The part that speaks for all of them: its fields are the most recent (RFC 9110 15.3.7.3). */
    public Candidate newest() {
        return newest;
    }

    /** All parts, the most recent included. */
    public List<Candidate> members() {
        return members;
    }

    /** The length of the whole in bytes. */
    public long completeLength() {
        return completeLength;
    }

    /** A part's fields as those of the whole. */
    public HttpFields wholeFields(HttpFields partFields) {
        return partFields.without("Content-Range").with("Content-Length", Long.toString(completeLength));
    }

    /**
     * Where the bytes are.
     *
     * @param wanted positions in the whole
     * @return null when one of them is not stored
     */
    public @Nullable List<Piece> pieces(List<RangeSelection.Part> wanted) {
        List<Piece> pieces = new ArrayList<>();
        for (RangeSelection.Part part : wanted) {
            if (part.length() == 0) {
                append(pieces, newest, part);
            }
            String prefix = part.prefix();
            long position = part.position();
            long end = position + part.length();
            while (position < end) {
                Candidate from = holder(position);
                if (from == null) {
                    return null;
                }
                ContentRange range = Objects.requireNonNull(range(from));
                long length = Math.min(end, range.last() + 1) - position;
                append(pieces, from, new RangeSelection.Part(prefix, position - range.first(), length));
                prefix = "";
                position += length;
            }
        }
        return pieces;
    }

    /** Where all bytes from a position up to another, exclusively, are. */
    public @Nullable List<Piece> pieces(long from, long to) {
        return from == to ? List.of() : pieces(List.of(new RangeSelection.Part("", from, to - from)));
    }

    private static void append(List<Piece> pieces, Candidate from, RangeSelection.Part part) {
        Piece last = pieces.isEmpty() ? null : pieces.get(pieces.size() - 1);
        if (last != null && last.from() == from) {
            last.parts().add(part);
        } else {
            List<RangeSelection.Part> parts = new ArrayList<>();
            parts.add(part);
            pieces.add(new Piece(from, parts));
        }
    }

    /** The part that goes on longest from a position. */
    private @Nullable Candidate holder(long position) {
        Candidate best = null;
        long bestLast = -1;
        for (Candidate member : members) {
            ContentRange range = Objects.requireNonNull(range(member));
            if (range.first() <= position && range.last() >= position && range.last() > bestLast) {
                best = member;
                bestLast = range.last();
            }
        }
        return best;
    }

    /**
     * RFC 9111 3.4: the bytes to ask for, so that the whole is at hand.
     *
     * @return null when nothing is missing, when there is more than one gap, or without a strong validator
     */
    public @Nullable ContentRange gap() {
        if (strongValidator(newest.stored()) == null) {
            return null;
        }
        ContentRange gap = null;
        long covered = 0;
        for (Candidate member : members) {
            ContentRange range = Objects.requireNonNull(range(member));
            if (range.first() > covered) {
                if (gap != null) {
                    return null;
                }
                gap = new ContentRange(covered, range.first() - 1, completeLength);
            }
            covered = Math.max(covered, range.last() + 1);
        }
        if (covered == completeLength) {
            return gap;
        }
        return gap == null ? new ContentRange(covered, completeLength - 1, completeLength) : null;
    }

    /** The request for a gap, on condition that the representation is still the same (RFC 9110 13.1.5). */
    public RequestHead completing(RequestHead request, ContentRange gap) {
        String last = gap.last() == completeLength - 1 ? "" : Long.toString(gap.last());
        return request.withFields(request.fields()
                .with("Range", "bytes=" + gap.first() + "-" + last)
                .with("If-Range", Objects.requireNonNull(strongValidator(newest.stored()))));
    }

    /** Whether a 206 brings exactly the bytes of a gap, of the same representation (RFC 9110 15.3.7.3). */
    public boolean isCompletedBy(ResponseHead response, ContentRange gap, long receivedAt) {
        HttpFields fields = response.fields();
        long length = ContentLength.of(fields);
        List<String> ranges = fields.values("Content-Range");
        return ranges.size() == 1
                && gap.equals(ContentRange.parse(ranges.get(0)))
                && (length == ContentLength.ABSENT || length == gap.length())
                && Objects.equals(strongValidator(fields, receivedAt), strongValidator(newest.stored()));
    }

    /**
     * What a new part makes useless: parts it contains, and whatever stored response for the same request it shows to be
     * of another representation.
     */
    public static List<StoredResponse> supersededBy(ResponseHead part, List<? extends Candidate> matching, long now) {
        ContentRange range = ContentRange.parse(part.fields().first("Content-Range"));
        String validator = strongValidator(part.fields(), now);
        List<StoredResponse> superseded = new ArrayList<>();
        for (Candidate candidate : matching) {
            ContentRange own = range(candidate);
            String other = strongValidator(candidate.stored());
            boolean contained = range != null
                    && own != null
                    && range.first() <= own.first()
                    && range.last() >= own.last()
                    && range.completeLength() == own.completeLength();
            boolean another = validator != null && other != null && !validator.equals(other);
            if (contained || another || candidate.stored().selectedByRange()) {
                superseded.add(candidate.stored());
            }
        }
        return superseded;
    }

    private static @Nullable ContentRange range(Candidate part) {
        return isPart(part.stored()) ? ContentRange.parse(part.stored().fields().first("Content-Range")) : null;
    }

    private static boolean sameRepresentation(StoredResponse a, StoredResponse b) {
        String validator = strongValidator(a);
        return validator != null && validator.equals(strongValidator(b));
    }

    private static @Nullable String strongValidator(StoredResponse stored) {
        return strongValidator(stored.fields(), stored.responseTime());
    }

    /** The strong tag, or without any tag a Last-Modified that is strong (RFC 9110 8.8.2.2); as it goes into If-Range. */
    private static @Nullable String strongValidator(HttpFields fields, long receivedAt) {
        if (fields.contains("ETag")) {
            EntityTag tag = EntityTag.parse(fields.first("ETag"));
            return tag == null || tag.weak() ? null : tag.text();
        }
        String lastModified = fields.first("Last-Modified");
        long modified = HttpDate.parse(lastModified, receivedAt);
        long date = HttpDate.parse(fields.first("Date"), receivedAt);
        boolean strong = modified != HttpDate.INVALID && date != HttpDate.INVALID && date - modified >= 1000;
        return strong ? lastModified : null;
    }
}
