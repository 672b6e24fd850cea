package dev.larder.http;

import org.jspecify.annotations.Nullable;

/** Durations in whole seconds as fields carry them (RFC 9111 sections 1.2.2 and 5.1). */
public final class DeltaSeconds {

    /** The largest value, 2<sup>31</sup> seconds: larger ones count as this one (RFC 9111 section 1.2.2). */
    public static final long MAX = 2147483648L;

    /** The answer for text that is not a delta-seconds. */
    public static final long INVALID = -2;

    private DeltaSeconds() {}

    /**
     * Reads {@code 1*DIGIT}: no sign, point, space or other base.
     *
     * @return seconds from 0 to {@link #MAX}, or {@link #INVALID}, also for null
     */
    public static long parse(@Nullable String text) {
        if (text == null) {
            return INVALID;
        }
        FieldScanner in = new FieldScanner(text);
        long seconds = in.digits();
        return seconds < 0 || !in.atEnd() ? INVALID : Math.min(seconds, MAX);
    }

    /**
     * The age_value of RFC 9111 section 4.2.3: the first member of {@code Age}, or 0 when the field is absent or that
     * member is invalid (section 5.1: use the first, ignore an invalid one).
     *
     * @return seconds from 0 to {@link #MAX}
     */
    public static long ageSeconds(HttpFields fields) {
        String age = fields.combined("Age");
        if (age == null) {
            return 0;
        }
        FieldScanner in = new FieldScanner(age);
        in.skipListSeparators();
        long seconds = in.digits();
        return seconds < 0 || !in.atMemberEnd() ? 0 : Math.min(seconds, MAX);
    }
}
