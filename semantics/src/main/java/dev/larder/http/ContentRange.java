package dev.larder.http;

import org.jspecify.annotations.Nullable;

/**
 * A {@code Content-Range} in bytes (RFC 9110 section 14.4).
 *
 * @param first the position of the first byte, or {@link #UNKNOWN} when the range was unsatisfiable
 * @param last the position of the last byte, or {@link #UNKNOWN} when the range was unsatisfiable
 * @param completeLength the length of the whole representation in bytes, or {@link #UNKNOWN}
 */
public record ContentRange(long first, long last, long completeLength) {

    /** A position or length that is not given. */
    public static final long UNKNOWN = -1;

    /**
     * Checks the rules of section 14.4.
     *
     * @throws IllegalArgumentException if last is before first, or the complete length not beyond last
     */
    public ContentRange {
        if (!isValid(first, last, completeLength)) {
            throw new IllegalArgumentException("not a range: " + first + '-' + last + '/' + completeLength);
        }
    }

    /** The value of {@code Content-Range}; null if absent, of another unit, or invalid: then nothing may be combined. */
    public static @Nullable ContentRange parse(@Nullable String text) {
        if (text == null) {
            return null;
        }
        FieldScanner in = new FieldScanner(text);
        if (!in.eatIgnoreCase("bytes ")) {
            return null;
        }
        long first = UNKNOWN;
        long last = UNKNOWN;
        boolean unsatisfied = in.eat('*');
        if (!unsatisfied) {
            first = in.digits();
            last = in.eat('-') ? in.digits() : UNKNOWN;
            if (first < 0 || last < 0) {
                return null;
            }
        }
        if (!in.eat('/')) {
            return null;
        }
        boolean unknownLength = !unsatisfied && in.eat('*');
        long completeLength = unknownLength ? UNKNOWN : in.digits();
        boolean complete = (unknownLength || completeLength >= 0) && in.atEnd();
        return complete && isValid(first, last, completeLength) ? new ContentRange(first, last, completeLength) : null;
    }

    /** The value for a 416 response: {@code bytes *}{@code /completeLength}. */
    public static ContentRange unsatisfied(long completeLength) {
        return new ContentRange(UNKNOWN, UNKNOWN, completeLength);
    }

    /** Whether this says that no byte could be sent. */
    public boolean isUnsatisfied() {
        return first == UNKNOWN;
    }

    /** The number of bytes in the range; 0 if unsatisfied. */
    public long length() {
        return isUnsatisfied() ? 0 : last - first + 1;
    }

    /** The field value. */
    @Override
    public String toString() {
        String range = isUnsatisfied() ? "*" : first + "-" + last;
        return "bytes " + range + '/' + (completeLength == UNKNOWN ? "*" : Long.toString(completeLength));
    }

    private static boolean isValid(long first, long last, long completeLength) {
        // The largest long is what a number too large to count was read as.
        boolean countable = last < Long.MAX_VALUE && completeLength < Long.MAX_VALUE;
        if (first == UNKNOWN && last == UNKNOWN) {
            return countable && completeLength >= 0;
        }
        return countable && first >= 0 && last >= first && (completeLength == UNKNOWN || completeLength > last);
    }
}
