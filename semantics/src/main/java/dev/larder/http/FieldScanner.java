package dev.larder.http;

import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A cursor over the text of a field value: the one home of HTTP tokenising.
 *
 * <p>Every method that reads answers whether it could, by its result; none throws. A method that fails may leave the
 * cursor anywhere in what it looked at, so whoever wants to read the same text another way remembers
 * {@link #position()}.
 */
final class FieldScanner {

    /** What {@link #digits()} and {@link #digits(int)} answer when there is no such number. */
    static final int NONE = -1;

    private final String text;
    private int position;

    FieldScanner(String text) {
        this.text = text;
    }

    boolean atEnd() {
        return position == text.length();
    }

    int position() {
        return position;
    }

    void moveTo(int newPosition) {
        position = newPosition;
    }

    /** The next character, or NUL at the end: NUL is in no character class, so callers need no second check. */
    char peek() {
        return atEnd() ? '\0' : text.charAt(position);
    }

    /** Reads any one character; NUL at the end. */
    char next() {
        return atEnd() ? '\0' : text.charAt(position++);
    }

    /** The text from {@code start} up to the cursor. */
    String since(int start) {
        return text.substring(start, position);
    }

    boolean eat(char c) {
        if (!atEnd() && text.charAt(position) == c) {
            position++;
            return true;
        }
        return false;
    }

    boolean eatIgnoreCase(String word) {
        if (text.length() - position < word.length()) {
            return false;
        }
        for (int i = 0; i < word.length(); i++) {
            // Not regionMatches(true, ...): that takes U+017F for an s.
            if (Ascii.lowerCase(text.charAt(position + i)) != Ascii.lowerCase(word.charAt(i))) {
                return false;
            }
        }
        position += word.length();
        return true;
    }

    /** Reads one of {@code words}, in any case, and answers its index, or {@link #NONE}. */
    int oneOf(String... words) {
        for (int i = 0; i < words.length; i++) {
            if (eatIgnoreCase(words[i])) {
                return i;
            }
        }
        return NONE;
    }

    void skipSpaces() {
        while (eat(' ')) {}
    }

    void skipOws() {
        while (Ascii.isOws(peek())) {
            position++;
        }
    }

    /** Skips the commas and whitespace between list members; empty members do not count (RFC 9110 section 5.6.1). */
    void skipListSeparators() {
        while (Ascii.isOws(peek()) || peek() == ',') {
            position++;
        }
    }

    /** Moves to the next {@code stop}, or to the end. */
    void skipTo(char stop) {
        int found = text.indexOf(stop, position);
        position = found < 0 ? text.length() : found;
    }

    /** Whether the cursor, after optional whitespace, is where a list member may end. */
    boolean atMemberEnd() {
        skipOws();
        return atEnd() || peek() == ',';
    }

    /** Reads a token; empty when there is none. */
    String token() {
        int start = position;
        while (Ascii.isTokenChar(peek())) {
            position++;
        }
        return since(start);
    }

    /** Reads a number of any length, saturating at {@link Long#MAX_VALUE}; {@link #NONE} without a digit. */
    long digits() {
        if (!Ascii.isDigit(peek())) {
            return NONE;
        }
        long value = 0;
        while (Ascii.isDigit(peek())) {
            int digit = next() - '0';
            value = value > (Long.MAX_VALUE - digit) / 10 ? Long.MAX_VALUE : value * 10 + digit;
        }
        return value;
    }

    /** Reads exactly {@code count} digits, of as many as follow; {@link #NONE} when there are fewer. */
    int digits(int count) {
        int value = 0;
        for (int i = 0; i < count; i++) {
            if (!Ascii.isDigit(peek())) {
                return NONE;
            }
            value = value * 10 + next() - '0';
        }
        return value;
    }

    /** Reads a quoted-string (RFC 9110 section 5.6.4) and answers its content; null when it is not a whole one. */
    @Nullable
    String quotedString() {
        if (!eat('"')) {
            return null;
        }
        StringBuilder content = new StringBuilder();
        while (!atEnd()) {
            char c = next();
            if (c == '"') {
                return content.toString();
            }
            if (c == '\\') {
                if (atEnd()) {
                    return null;
                }
                c = next();
            }
            if ((c < ' ' && c != '\t') || c == 0x7F) {
                return null;
            }
            content.append(c);
        }
        return null;
    }

    /**
     * Reads a whole value as a list of tokens: lower-case, distinct, in order; empty when there is no member.
     *
     * @return null when any member is not a token
     */
    static @Nullable Set<String> tokenList(String value) {
        Set<String> tokens = new LinkedHashSet<>();
        FieldScanner in = new FieldScanner(value);
        for (in.skipListSeparators(); !in.atEnd(); in.skipListSeparators()) {
            String token = in.token();
            if (token.isEmpty() || !in.atMemberEnd()) {
                return null;
            }
            tokens.add(Ascii.lowerCase(token));
        }
        return tokens;
    }
}
