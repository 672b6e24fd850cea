package dev.larder.http;

/** Character classes and case of RFC 9110 section 5.6, independent of any locale. */
final class Ascii {

    private static final boolean[] TOKEN_CHARS = new boolean[128];

    static {
        for (char c = 0; c < TOKEN_CHARS.length; c++) {
            TOKEN_CHARS[c] = isAlpha(c) || isDigit(c) || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
        }
    }

    private Ascii() {}

    static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    static boolean isLower(char c) {
        return c >= 'a' && c <= 'z';
    }

    static boolean isUpper(char c) {
        return c >= 'A' && c <= 'Z';
    }

    static boolean isAlpha(char c) {
        return isLower(c) || isUpper(c);
    }

    /** Whether {@code c} is a {@code tchar}. */
    static boolean isTokenChar(char c) {
        return c < TOKEN_CHARS.length && TOKEN_CHARS[c];
    }

    /** Whether {@code c} is optional whitespace: SP or HTAB. */
    static boolean isOws(char c) {
        return c == ' ' || c == '\t';
    }

    /** Whether {@code text} is a non-empty {@code token}. */
    static boolean isToken(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (!isTokenChar(text.charAt(i))) {
                return false;
            }
        }
        return !text.isEmpty();
    }

    static char lowerCase(char c) {
        return isUpper(c) ? (char) (c | 0x20) : c;
    }

    /** Returns {@code text} itself when it has no upper-case ASCII letter. */
    static String lowerCase(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (isUpper(text.charAt(i))) {
                StringBuilder lower = new StringBuilder(text.length());
                for (int j = 0; j < text.length(); j++) {
                    lower.append(lowerCase(text.charAt(j)));
                }
                return lower.toString();
            }
        }
        return text;
    }

    /** Returns {@code text} without leading and trailing optional whitespace. */
    static String trim(String text) {
        int start = 0;
        int end = text.length();
        while (start < end && isOws(text.charAt(start))) {
            start++;
        }
        while (end > start && isOws(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(start, end);
    }
}
