package dev.larder.http;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The header fields of one message: an ordered list of field lines whose names compare case-insensitively (RFC 9110
 * section 5).
 *
 * <p>Names and the order of lines are kept as received, repeated names included. Values have no surrounding whitespace
 * and no CR, LF or NUL: each of these is replaced by a space on the way in (RFC 9110 section 5.5), so that no value can
 * ever split a message. Names are always tokens.
 *
 * <p>Immutable and safe for use by several threads.
 */
public final class HttpFields {

    /** No fields. */
    public static final HttpFields EMPTY = new HttpFields(new String[0]);

    /** Names and values in turn: a hit walks a handful of lines, which an array does faster than any map. */
    private final String[] lines;

    private HttpFields(String[] lines) {
        this.lines = lines;
    }

    /**
     * Fields written out by the programmer.
     *
     * @param namesAndValues a name, its value, the next name, and so on
     * @throws IllegalArgumentException if a name is not a token or the last value is missing
     */
    public static HttpFields of(String... namesAndValues) {
        if (namesAndValues.length % 2 != 0) {
            throw new IllegalArgumentException("names and values must come in pairs");
        }
        Builder builder = builder();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            builder.add(namesAndValues[i], namesAndValues[i + 1]);
        }
        return builder.build();
    }

    /** An empty builder. */
    public static Builder builder() {
        return new Builder();
    }

    /** The number of field lines. */
    public int size() {
        return lines.length / 2;
    }

    /**
     * The name of line {@code i}, spelled as received.
     *
     * @throws IndexOutOfBoundsException if there is no such line
     */
    public String name(int i) {
        return lines[2 * i];
    }

    /**
     * The value of line {@code i}; may be empty.
     *
     * @throws IndexOutOfBoundsException if there is no such line
     */
    public String value(int i) {
        return lines[2 * i + 1];
    }

    /** Whether there is a line of that name. */
    public boolean contains(String name) {
        return indexOf(name, 0) >= 0;
    }

    /** The value of the first line of that name, or null. */
    public @Nullable String first(String name) {
        int i = indexOf(name, 0);
        return i < 0 ? null : lines[i + 1];
    }

    /**
     * The values of all lines of that name, joined by {@code ", "} in order (RFC 9110 section 5.3), or null without such
     * a line. A single line's value is returned as it is. Not meaningful for {@code Set-Cookie}.
     */
    public @Nullable String combined(String name) {
        int i = indexOf(name, 0);
        if (i < 0) {
            return null;
        }
        int next = indexOf(name, i + 2);
        if (next < 0) {
            return lines[i + 1];
        }
        StringBuilder all = new StringBuilder(lines[i + 1]);
        for (; next >= 0; next = indexOf(name, next + 2)) {
            all.append(", ").append(lines[next + 1]);
        }
        return all.toString();
    }

    /** The values of all lines of that name in order; unmodifiable, empty without such a line. */
    public List<String> values(String name) {
        List<String> values = new ArrayList<>();
        for (int i = indexOf(name, 0); i >= 0; i = indexOf(name, i + 2)) {
            values.add(lines[i + 1]);
        }
        return Collections.unmodifiableList(values);
    }

    /** A builder that starts with these lines. */
    public Builder toBuilder() {
        Builder builder = builder();
        Collections.addAll(builder.lines, lines);
        return builder;
    }

    /**
     * These fields with exactly one line of that name, in the place of the first one there was, else at the end.
     *
     * @throws IllegalArgumentException if the name is not a token
     */
    public HttpFields with(String name, String value) {
        int i = indexOf(name, 0);
        if (i >= 0 && indexOf(name, i + 2) >= 0) {
            return toBuilder().set(name, value).build();
        }
        // No list in between: every hit passes here, for its Age.
        int at = i >= 0 ? i : lines.length;
        String[] copy = Arrays.copyOf(lines, i >= 0 ? lines.length : lines.length + 2);
        copy[at] = requireToken(name);
        copy[at + 1] = cleanValue(value);
        return new HttpFields(copy);
    }

    /** These fields without any line of those names; this very object when there is none. */
    public HttpFields without(String... names) {
        Builder builder = null;
        for (String name : names) {
            if (contains(name)) {
                builder = builder == null ? toBuilder() : builder;
                builder.remove(name);
            }
        }
        return builder == null ? this : builder.build();
    }

    /**
     * A copy as most client libraries want it: sorted and looked up without regard to case, each name with its values in
     * order. Unmodifiable.
     */
    public Map<String, List<String>> toMap() {
        Map<String, List<String>> map = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (int i = 0; i < lines.length; i += 2) {
            map.computeIfAbsent(lines[i], name -> new ArrayList<>()).add(lines[i + 1]);
        }
        map.replaceAll((name, values) -> Collections.unmodifiableList(values));
        return Collections.unmodifiableMap(map);
    }

    /** Equal means: the same lines in the same order, names compared without regard to case. */
    @Override
    public boolean equals(@Nullable Object other) {
        if (other == this) {
            return true;
        }
        if (!(other instanceof HttpFields that) || lines.length != that.lines.length) {
            return false;
        }
        for (int i = 0; i < lines.length; i += 2) {
            if (!lines[i].equalsIgnoreCase(that.lines[i]) || !lines[i + 1].equals(that.lines[i + 1])) {
                return false;
            }
        }
        return true;
    }

    @Override
    public int hashCode() {
        int hash = 1;
        for (int i = 0; i < lines.length; i += 2) {
            hash = 31 * hash + Ascii.lowerCase(lines[i]).hashCode();
            hash = 31 * hash + lines[i + 1].hashCode();
        }
        return hash;
    }

    /** For people, not for parsers; values of fields that carry credentials or cookies are left out. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("{");
        for (int i = 0; i < lines.length; i += 2) {
            text.append(i == 0 ? "" : ", ").append(lines[i]).append(": ");
            text.append(isSecret(lines[i]) ? "***" : lines[i + 1]);
        }
        return text.append('}').toString();
    }

    private static boolean isSecret(String name) {
        return name.equalsIgnoreCase("Authorization")
                || name.equalsIgnoreCase("Proxy-Authorization")
                || name.equalsIgnoreCase("Cookie")
                || name.equalsIgnoreCase("Set-Cookie");
    }

    private int indexOf(String name, int from) {
        for (int i = from; i < lines.length; i += 2) {
            if (lines[i].equalsIgnoreCase(name)) {
                return i;
            }
        }
        return -1;
    }

    private static String requireToken(String name) {
        if (!Ascii.isToken(name)) {
            throw new IllegalArgumentException("not a field name: \"" + name + '"');
        }
        return name;
    }

    private static String cleanValue(String value) {
        return Ascii.trim(value.replace('\r', ' ').replace('\n', ' ').replace('\0', ' '));
    }

    /** Collects field lines. Not safe for use by several threads at once. */
    public static final class Builder {

        private final List<String> lines = new ArrayList<>();

        private Builder() {}

        /**
         * Appends a line.
         *
         * @throws IllegalArgumentException if the name is not a token
         */
        public Builder add(String name, String value) {
            lines.add(requireToken(name));
            lines.add(cleanValue(value));
            return this;
        }

        /**
         * Appends a line that came from outside. Never throws: whitespace around the name goes (RFC 9112 section 5.1:
         * {@code Cache-Control : no-store} must not be missed), a name that still is not a token is dropped with its
         * value, and a null value counts as empty.
         */
        public Builder addReceived(@Nullable String name, @Nullable String value) {
            String trimmed = name == null ? "" : Ascii.trim(name);
            return Ascii.isToken(trimmed) ? add(trimmed, value == null ? "" : value) : this;
        }

        /** Appends all lines of {@code fields}. */
        public Builder addAll(HttpFields fields) {
            Collections.addAll(lines, fields.lines);
            return this;
        }

        /**
         * Leaves exactly one line of that name, in the place of the first one there was, else at the end.
         *
         * @throws IllegalArgumentException if the name is not a token
         */
        public Builder set(String name, String value) {
            for (int i = 0; i < lines.size(); i += 2) {
                if (lines.get(i).equalsIgnoreCase(name)) {
                    lines.set(i, requireToken(name));
                    lines.set(i + 1, cleanValue(value));
                    removeFrom(i + 2, name);
                    return this;
                }
            }
            return add(name, value);
        }

        /** Removes all lines of that name. */
        public Builder remove(String name) {
            removeFrom(0, name);
            return this;
        }

        /** The fields collected so far; the builder stays usable. */
        public HttpFields build() {
            return lines.isEmpty() ? EMPTY : new HttpFields(lines.toArray(new String[0]));
        }

        private void removeFrom(int start, String name) {
            int kept = start;
            for (int i = start; i < lines.size(); i += 2) {
                if (!lines.get(i).equalsIgnoreCase(name)) {
                    lines.set(kept++, lines.get(i));
                    lines.set(kept++, lines.get(i + 1));
                }
            }
            lines.subList(kept, lines.size()).clear();
        }
    }
}
