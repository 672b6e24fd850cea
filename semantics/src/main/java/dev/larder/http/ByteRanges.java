package dev.larder.http;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A {@code Range} in bytes (RFC 9110 section 14.2): one or more ranges, in the order they were asked for.
 *
 * <p>A field that is invalid, or asks for more than {@link #MAX_RANGES}, may be ignored (section 14.2): it is answered
 * with null, and the request with the whole representation.
 */
public final class ByteRanges {

    /** The most ranges of one request that are considered. */
    public static final int MAX_RANGES = 64;

    private final List<Spec> specs;

    private ByteRanges(List<Spec> specs) {
        this.specs = Collections.unmodifiableList(specs);
    }

    /** The value of {@code Range}; null if absent, of another unit, invalid or abusive. */
    public static @Nullable ByteRanges parse(@Nullable String text) {
        if (text == null) {
            return null;
        }
        FieldScanner in = new FieldScanner(text);
        if (!in.eatIgnoreCase("bytes=")) {
            return null;
        }
        List<Spec> specs = new ArrayList<>();
        for (in.skipListSeparators(); !in.atEnd(); in.skipListSeparators()) {
            Spec spec = spec(in);
            if (spec == null || !in.atMemberEnd() || specs.size() == MAX_RANGES) {
                return null;
            }
            specs.add(spec);
        }
        return specs.isEmpty() ? null : new ByteRanges(specs);
    }

    private static @Nullable Spec spec(FieldScanner in) {
        long first = in.digits();
        if (!in.eat('-')) {
            return null;
        }
        long last = in.digits();
        if (first < 0) {
            return last < 0 ? null : new Spec(Spec.SUFFIX, last);
        }
        if (last < 0) {
            return new Spec(first, Spec.OPEN);
        }
        return last < first ? null : new Spec(first, last);
    }

    /** The ranges as asked for; unmodifiable, not empty. */
    public List<Spec> specs() {
        return specs;
    }

    /**
     * The ranges that a representation can satisfy, clipped to its length, in the order asked for; neither merged nor
     * sorted.
     *
     * @param completeLength the length of the whole representation in bytes
     * @return unmodifiable; empty if none is satisfiable, which calls for 416
     */
    public List<ContentRange> resolve(long completeLength) {
        List<ContentRange> ranges = new ArrayList<>(specs.size());
        for (Spec spec : specs) {
            ContentRange range = spec.resolve(completeLength);
            if (range != null) {
                ranges.add(range);
            }
        }
        return Collections.unmodifiableList(ranges);
    }

    /** The field value. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("bytes=");
        for (Spec spec : specs) {
            text.append(text.length() == 6 ? "" : ", ").append(spec);
        }
        return text.toString();
    }

    /**
     * One range as asked for: {@code first-last}, {@code first-} or {@code -suffix}.
     *
     * @param first the position of the first byte, or {@link #SUFFIX}
     * @param last the position of the last byte, or {@link #OPEN}; after {@link #SUFFIX} the number of bytes wanted. A
     *     number too large to count is {@link Long#MAX_VALUE}, which is beyond the end of anything
     */
    public record Spec(long first, long last) {

        /** The {@link #first} of a range that counts from the end. */
        public static final long SUFFIX = -1;

        /** The {@link #last} of a range up to the end. */
        public static final long OPEN = Long.MAX_VALUE;

        /**
         * The bytes this means in a representation of that length; null if it cannot be satisfied.
         *
         * @param completeLength in bytes
         */
        public @Nullable ContentRange resolve(long completeLength) {
            long from = first == SUFFIX ? Math.max(0, completeLength - last) : first;
            long to = first == SUFFIX ? completeLength - 1 : Math.min(last, completeLength - 1);
            return from > to ? null : new ContentRange(from, to, completeLength);
        }

        @Override
        public String toString() {
            return (first == SUFFIX ? "" : Long.toString(first))
                    + '-'
                    + (first != SUFFIX && last == OPEN ? "" : Long.toString(last));
        }
    }
}
