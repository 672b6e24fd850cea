package dev.larder.http;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The {@code Vary} field: which request fields took part in choosing a response (RFC 9110 section 12.5.5). */
public final class Vary {

    /** Absent or empty: no request field took part. */
    public static final Vary NONE = new Vary(false, List.of());

    private static final Vary ANY = new Vary(true, List.of());

    private final boolean any;
    private final List<String> names;

    private Vary(boolean any, List<String> names) {
        this.any = any;
        this.names = names;
    }

    /**
     * The field of a response. A member that is no field name makes the whole field count as {@code *}: which requests
     * match is then unknown, and a cache that guesses hands one user's response to another.
     */
    public static Vary of(HttpFields responseFields) {
        String value = responseFields.combined("Vary");
        if (value == null) {
            return NONE;
        }
        Set<String> members = FieldScanner.tokenList(value);
        if (members == null) {
            return ANY;
        }
        boolean any = members.remove("*");
        return any || !members.isEmpty() ? new Vary(any, List.copyOf(members)) : NONE;
    }

    /** Whether no request can be known to match (RFC 9111 section 4.1): the field contains {@code *}. */
    public boolean any() {
        return any;
    }

    /** The names besides {@code *}: lower-case, distinct, in order; unmodifiable. */
    public List<String> names() {
        return names;
    }

    /**
     * The value of a request field in a form that is equal for requests that mean the same (RFC 9111 section 4.1), to be
     * compared and never to be sent.
     *
     * <p>For any field, lines are joined, and whitespace around commas and empty list members go. {@code
     * Accept-Language} and {@code Accept-Encoding} are also compared without regard to case and to the order of members,
     * which their definitions give no meaning; their weights keep theirs.
     *
     * @return null if the request has no such field, which only matches another request without it
     */
    public static @Nullable String normalisedValue(HttpFields requestFields, String name) {
        String value = requestFields.combined(name);
        if (value == null) {
            return null;
        }
        if (name.equalsIgnoreCase("Accept-Language") || name.equalsIgnoreCase("Accept-Encoding")) {
            String canonical = WeightedList.canonical(value);
            if (canonical != null) {
                return canonical;
            }
        }
        return value.indexOf(',') < 0 ? value : withoutListSpacing(value);
    }

    private static String withoutListSpacing(String value) {
        StringBuilder result = new StringBuilder(value.length());
        FieldScanner in = new FieldScanner(value);
        for (in.skipListSeparators(); !in.atEnd(); in.skipListSeparators()) {
            int start = in.position();
            while (!in.atEnd() && in.peek() != ',') {
                // Quoted text is kept as it is; so is everything after a quote without an end.
                if (in.peek() != '"') {
                    in.next();
                } else if (in.quotedString() == null) {
                    in.moveTo(value.length());
                }
            }
            result.append(result.length() == 0 ? "" : ",").append(Ascii.trim(in.since(start)));
        }
        return result.toString();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Vary that && any == that.any && names.equals(that.names);
    }

    @Override
    public int hashCode() {
        return 31 * names.hashCode() + Boolean.hashCode(any);
    }

    /** The names joined by {@code ", "}, or {@code *}. */
    @Override
    public String toString() {
        return any ? "*" : String.join(", ", names);
    }
}
