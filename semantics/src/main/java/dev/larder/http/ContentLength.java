package dev.larder.http;

/** The {@code Content-Length} field (RFC 9110 section 8.6). */
public final class ContentLength {

    /** The answer when there is no such field. */
    public static final long ABSENT = -1;

    /** The answer when the field cannot be used: not a number, several different ones, or too large to count. */
    public static final long INVALID = -2;

    private ContentLength() {}

    /**
     * The announced length of the content. A value repeated by a careless intermediary ({@code 42, 42}) counts once.
     *
     * @return bytes, {@link #ABSENT} or {@link #INVALID}
     */
    public static long of(HttpFields fields) {
        String text = fields.combined("Content-Length");
        if (text == null) {
            return ABSENT;
        }
        long length = ABSENT;
        FieldScanner in = new FieldScanner(text);
        for (in.skipListSeparators(); !in.atEnd(); in.skipListSeparators()) {
            long next = in.digits();
            // A saturated number is not the number that was sent.
            boolean usable = next >= 0 && next < Long.MAX_VALUE && in.atMemberEnd();
            if (!usable || (length >= 0 && length != next)) {
                return INVALID;
            }
            length = next;
        }
        return length < 0 ? INVALID : length;
    }
}
