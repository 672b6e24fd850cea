package dev.larder.cli;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Writes JSON (RFC 8259), piece by piece. Whatever could harm a terminal is written as {@code \\u} escapes, so the text
 * can be shown as it is. Not thread-safe.
 */
final class Json {
    private final StringBuilder text = new StringBuilder();
    /** For each open object or array, whether it has a member already. */
    private final Deque<Boolean> open = new ArrayDeque<>();

    private boolean named;

    Json beginObject() {
        return begin('{');
    }

    Json endObject() {
        return end('}');
    }

    Json beginArray() {
        return begin('[');
    }

    Json endArray() {
        return end(']');
    }

    /** The name of the member whose value comes next. */
    Json name(String name) {
        separate();
        string(name);
        text.append(": ");
        named = true;
        return this;
    }

    /** A string, or null. */
    Json value(@Nullable String value) {
        separate();
        if (value == null) {
            text.append("null");
        } else {
            string(value);
        }
        return this;
    }

    Json value(long value) {
        separate();
        text.append(value);
        return this;
    }

    Json value(boolean value) {
        separate();
        text.append(value);
        return this;
    }

    Json member(String name, @Nullable String value) {
        return name(name).value(value);
    }

    Json member(String name, long value) {
        return name(name).value(value);
    }

    Json member(String name, boolean value) {
        return name(name).value(value);
    }

    /** A number, or null where a negative one stands for unknown. */
    Json memberIfKnown(String name, long value) {
        return value < 0 ? name(name).value((String) null) : member(name, value);
    }

    private Json begin(char bracket) {
        separate();
        text.append(bracket);
        open.push(false);
        return this;
    }

    private Json end(char bracket) {
        boolean filled = open.pop();
        if (filled) {
            newLine();
        }
        text.append(bracket);
        return this;
    }

    private void separate() {
        if (named) {
            named = false;
            return;
        }
        Boolean filled = open.poll();
        if (filled != null) {
            if (filled) {
                text.append(',');
            }
            open.push(true);
            newLine();
        }
    }

    private void newLine() {
        text.append('\n').append("  ".repeat(open.size()));
    }

    private void string(String value) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') {
                text.append('\\').append(c);
            } else if (Text.isHarmful(value, i)) {
                text.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            } else {
                text.append(c);
            }
        }
        text.append('"');
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
