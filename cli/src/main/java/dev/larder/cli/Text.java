package dev.larder.cli;

import java.time.Duration;
import java.util.Locale;

/** Text for people. */
final class Text {
    private Text() {}

    /**
     * A text from outside, harmless to a terminal and on one line: control characters (C1 included), invisible and
     * direction-changing ones and lone surrogates become {@code \xNN} or <code>\\uNNNN</code>.
     */
    static String safe(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (isHarmful(text, i)) {
                return escaped(text);
            }
        }
        return text;
    }

    private static String escaped(String text) {
        StringBuilder safe = new StringBuilder(text.length() + 16);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!isHarmful(text, i)) {
                safe.append(c);
            } else if (c < 0x100) {
                safe.append(String.format(Locale.ROOT, "\\x%02x", (int) c));
            } else {
                safe.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            }
        }
        return safe.toString();
    }

    /** Whether the character at a place must not reach a terminal as it is. */
    static boolean isHarmful(String text, int index) {
        char c = text.charAt(index);
        if (c < 0x7f) {
            return c < ' ';
        }
        if (Character.isSurrogate(c)) {
            return isLone(text, index) || isHarmful(text.codePointAt(Character.isLowSurrogate(c) ? index - 1 : index));
        }
        return isHarmful((int) c);
    }

    private static boolean isHarmful(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.UNASSIGNED -> true;
            default -> false;
        };
    }

    private static boolean isLone(String text, int index) {
        if (Character.isHighSurrogate(text.charAt(index))) {
            return index + 1 == text.length() || !Character.isLowSurrogate(text.charAt(index + 1));
        }
        return index == 0 || !Character.isHighSurrogate(text.charAt(index - 1));
    }

    /** Such as {@code 12 B}, {@code 3.4 KiB}. */
    static String bytes(long bytes) {
        if (bytes < 1024) {
            return bytes + " B";
        }
        double value = bytes;
        int unit = -1;
        while (value >= 1023.95 && unit < 5) {
            value /= 1024;
            unit++;
        }
        return String.format(Locale.ROOT, "%.1f %ciB", value, "KMGTPE".charAt(unit));
    }

    /** The two largest units, such as {@code 3 h 20 min}; whole seconds, those of a negative time rounded down. */
    static String duration(Duration duration) {
        if (duration.isNegative()) {
            return "-" + duration(duration.negated());
        }
        long seconds = duration.toSeconds();
        if (seconds < 60) {
            return seconds + " s";
        }
        if (seconds < 3600) {
            return two(seconds / 60, "min", seconds % 60, "s");
        }
        if (seconds < 86_400) {
            return two(seconds / 3600, "h", seconds % 3600 / 60, "min");
        }
        return two(seconds / 86_400, "d", seconds % 86_400 / 3600, "h");
    }

    private static String two(long large, String largeUnit, long small, String smallUnit) {
        return large + " " + largeUnit + (small == 0 ? "" : " " + small + " " + smallUnit);
    }

    /** A measured time in milliseconds, such as {@code 0.31 ms}. */
    static String millis(long nanos) {
        double millis = nanos / 1e6;
        return String.format(Locale.ROOT, millis < 10 ? "%.2f ms" : millis < 100 ? "%.1f ms" : "%.0f ms", millis);
    }

    /** {@code 1 entry}, {@code 2 entries}. */
    static String entries(long count) {
        return count == 1 ? "1 entry" : count + " entries";
    }
}
