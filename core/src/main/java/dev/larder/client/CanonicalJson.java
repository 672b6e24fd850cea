package dev.larder.client;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * JSON text (RFC 8259) without the differences that mean nothing: white space, the order of an object's members, and how a
 * string's characters are escaped. Numbers stay as they are written.
 */
final class CanonicalJson {
    private static final int DEEPEST = 64;

    private final String text;
    private int at;

    private CanonicalJson(String text) {
        this.text = text;
    }

    /** Null when the bytes are not one JSON value, or one that means different things to different readers. */
    static byte @Nullable [] of(byte[] content) {
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(content))
                    .toString();
        } catch (CharacterCodingException e) {
            return null;
        }
        CanonicalJson json = new CanonicalJson(text);
        String value = json.value(0);
        json.skipSpace();
        return value == null || json.at != text.length() ? null : value.getBytes(StandardCharsets.UTF_8);
    }

    private @Nullable String value(int depth) {
        skipSpace();
        if (at == text.length() || depth > DEEPEST) {
            return null;
        }
        return switch (text.charAt(at)) {
            case '{' -> object(depth);
            case '[' -> array(depth);
            case '"' -> string();
            case 't' -> word("true");
            case 'f' -> word("false");
            case 'n' -> word("null");
            default -> number();
        };
    }

    private @Nullable String object(int depth) {
        Map<String, String> members = new TreeMap<>();
        at++;
        if (eat('}')) {
            return "{}";
        }
        do {
            skipSpace();
            String name = at < text.length() && text.charAt(at) == '"' ? string() : null;
            String value = name != null && eat(':') ? value(depth + 1) : null;
            // Which of two equal names counts is up to the reader.
            if (name == null || value == null || members.put(name, value) != null) {
                return null;
            }
        } while (eat(','));
        if (!eat('}')) {
            return null;
        }
        StringBuilder object = new StringBuilder("{");
        members.forEach((name, value) -> object.append(object.length() == 1 ? "" : ",")
                .append(name)
                .append(':')
                .append(value));
        return object.append('}').toString();
    }

    private @Nullable String array(int depth) {
        at++;
        if (eat(']')) {
            return "[]";
        }
        StringBuilder array = new StringBuilder("[");
        do {
            String value = value(depth + 1);
            if (value == null) {
                return null;
            }
            array.append(array.length() == 1 ? "" : ",").append(value);
        } while (eat(','));
        return eat(']') ? array.append(']').toString() : null;
    }

    private @Nullable String string() {
        StringBuilder string = new StringBuilder("\"");
        for (at++; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c == '"') {
                at++;
                return string.append('"').toString();
            }
            if (c < ' ') {
                return null;
            }
            int plain = c == '\\' ? escaped() : c;
            if (plain < 0) {
                return null;
            }
            append(string, (char) plain);
        }
        return null;
    }

    private static void append(StringBuilder string, char c) {
        if (c == '"' || c == '\\') {
            string.append('\\').append(c);
        } else if (c < ' ' || Character.isSurrogate(c)) {
            string.append(String.format("\\u%04x", (int) c));
        } else {
            string.append(c);
        }
    }

    /** The character that an escape stands for, with {@code at} on the escape's last character; -1 when it is none. */
    private int escaped() {
        at++;
        if (at == text.length()) {
            return -1;
        }
        return switch (text.charAt(at)) {
            case '"' -> '"';
            case '\\' -> '\\';
            case '/' -> '/';
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> hexadecimal();
            default -> -1;
        };
    }

    private int hexadecimal() {
        int value = 0;
        for (int i = 0; i < 4; i++) {
            at++;
            int digit = at < text.length() ? Character.digit(text.charAt(at), 16) : -1;
            if (digit < 0 || text.charAt(at) > 'f') {
                return -1;
            }
            value = 16 * value + digit;
        }
        return value;
    }

    private @Nullable String word(String word) {
        if (!text.startsWith(word, at)) {
            return null;
        }
        at += word.length();
        return word;
    }

    private @Nullable String number() {
        int start = at;
        eatHere('-');
        boolean leadingZero = eatHere('0');
        boolean valid = leadingZero || digits();
        if (eatHere('.')) {
            valid &= digits();
        }
        if (eatHere('e') || eatHere('E')) {
            if (!eatHere('+')) {
                eatHere('-');
            }
            valid &= digits();
        }
        return valid ? text.substring(start, at) : null;
    }

    private boolean digits() {
        int start = at;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            at++;
        }
        return at > start;
    }

    private boolean eat(char c) {
        skipSpace();
        return eatHere(c);
    }

    private boolean eatHere(char c) {
        boolean there = at < text.length() && text.charAt(at) == c;
        at += there ? 1 : 0;
        return there;
    }

    private void skipSpace() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
            at++;
        }
    }
}
