package dev.larder.http;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * Structured Field Values for HTTP (RFC 9651): Items, Lists and Dictionaries.
 *
 * <p>Parsing follows section 4.2 to the letter and answers null when it fails, since the field then counts as not sent.
 * Lines of the same name must be joined first: see {@link HttpFields#combined}. Every value checks itself when it is
 * made, with an {@link IllegalArgumentException}, so that serialising never fails.
 */
public final class StructuredFields {

    private StructuredFields() {}

    /** Parses an Item; null if the text is none. */
    public static @Nullable Item parseItem(String text) {
        return new StructuredFieldParser(text).parseItem();
    }

    /** Parses a List: unmodifiable, empty for empty text; null if the text is none. */
    public static @Nullable List<Member> parseList(String text) {
        return new StructuredFieldParser(text).parseList();
    }

    /** Parses a Dictionary: in order, unmodifiable, empty for empty text; null if the text is none. */
    public static @Nullable Map<String, Member> parseDictionary(String text) {
        return new StructuredFieldParser(text).parseDictionary();
    }

    /** The value of a List field. A List without members is not sent at all (section 4.1). */
    public static String serializeList(List<? extends Member> list) {
        StringJoiner text = new StringJoiner(", ");
        list.forEach(member -> text.add(member.serialize()));
        return text.toString();
    }

    /**
     * The value of a Dictionary field, in the order of the map. A Dictionary without members is not sent at all (section
     * 4.1).
     *
     * @throws IllegalArgumentException if a key is not one
     */
    public static String serializeDictionary(Map<String, ? extends Member> dictionary) {
        StringJoiner text = new StringJoiner(", ");
        dictionary.forEach((key, member) -> {
            boolean isTrue = member instanceof Item item && item.value().equals(SfBoolean.TRUE);
            String value = isTrue ? member.parameters().serialize() : "=" + member.serialize();
            text.add(requireKey(key) + value);
        });
        return text.toString();
    }

    private static String requireKey(String key) {
        StructuredFieldParser parser = new StructuredFieldParser(key);
        require(parser.key() != null && parser.atEnd(), "not a key", key);
        return key;
    }

    private static void require(boolean valid, String problem, Object value) {
        if (!valid) {
            throw new IllegalArgumentException(problem + ": " + value);
        }
    }

    /** A member of a List or Dictionary. */
    public sealed interface Member permits Item, InnerList {

        /** What is attached to the member itself. */
        Parameters parameters();

        /** The text that goes on the wire. */
        String serialize();
    }

    /** A value with its parameters (section 3.3). */
    public record Item(BareItem value, Parameters parameters) implements Member {

        /** An item without parameters. */
        public static Item of(BareItem value) {
            return new Item(value, Parameters.NONE);
        }

        @Override
        public String serialize() {
            return value.serialize() + parameters.serialize();
        }
    }

    /** Several items in parentheses (section 3.1.1). */
    public record InnerList(List<Item> items, Parameters parameters) implements Member {

        /** Copies the list. */
        public InnerList {
            items = List.copyOf(items);
        }

        @Override
        public String serialize() {
            StringJoiner text = new StringJoiner(" ", "(", ")");
            items.forEach(item -> text.add(item.serialize()));
            return text + parameters.serialize();
        }
    }

    /** Named values attached to an Item or Inner List, in order (section 3.1.2). */
    public record Parameters(Map<String, BareItem> values) {

        /** No parameters. */
        public static final Parameters NONE = new Parameters(Map.of());

        /**
         * Copies the map.
         *
         * @throws IllegalArgumentException if a key is not one
         */
        public Parameters {
            values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
            values.keySet().forEach(StructuredFields::requireKey);
        }

        /** The value of that key, or null. */
        public @Nullable BareItem get(String key) {
            return values.get(key);
        }

        /**
         * These parameters and one more, or with another value for a key that is there.
         *
         * @throws IllegalArgumentException if the key is not one
         */
        public Parameters with(String key, BareItem value) {
            Map<String, BareItem> copy = new LinkedHashMap<>(values);
            copy.put(key, value);
            return new Parameters(copy);
        }

        /** The text that goes on the wire; empty without parameters. */
        public String serialize() {
            StringBuilder text = new StringBuilder();
            values.forEach((key, value) -> {
                text.append(';').append(key);
                if (!value.equals(SfBoolean.TRUE)) {
                    text.append('=').append(value.serialize());
                }
            });
            return text.toString();
        }
    }

    /** A value without parameters (section 3.3). */
    public sealed interface BareItem
            permits SfInteger, SfDecimal, SfString, SfToken, SfBytes, SfBoolean, SfDate, SfDisplayString {

        /** The text that goes on the wire. */
        String serialize();
    }

    /** An Integer of at most 15 digits (section 3.3.1). */
    public record SfInteger(long value) implements BareItem {

        static final long MAX = 999_999_999_999_999L;

        /** Checks the range. */
        public SfInteger {
            require(value >= -MAX && value <= MAX, "more than 15 digits", value);
        }

        @Override
        public String serialize() {
            return Long.toString(value);
        }
    }

    /** A Decimal of at most 12 digits before the point and 3 after it (section 3.3.2). */
    public record SfDecimal(BigDecimal value) implements BareItem {

        /** Rounds to three digits after the point, half to even, and checks the range. */
        public SfDecimal {
            // The scale is part of BigDecimal's equality, so it is made the one that is sent.
            value = value.setScale(3, RoundingMode.HALF_EVEN).stripTrailingZeros();
            value = value.scale() < 1 ? value.setScale(1) : value;
            require(value.precision() - value.scale() <= 12, "more than 12 digits before the point", value);
        }

        @Override
        public String serialize() {
            return value.toPlainString();
        }
    }

    /** A String of printable ASCII characters (section 3.3.3). */
    public record SfString(String value) implements BareItem {

        /** Checks the characters. */
        public SfString {
            for (int i = 0; i < value.length(); i++) {
                require(StructuredFieldParser.isPrintable(value.charAt(i)), "not a printable ASCII string", value);
            }
        }

        @Override
        public String serialize() {
            return '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
        }
    }

    /** A Token (section 3.3.4). */
    public record SfToken(String value) implements BareItem {

        /** Checks the characters. */
        public SfToken {
            StructuredFieldParser parser = new StructuredFieldParser(value);
            require(parser.token() != null && parser.atEnd(), "not a token", value);
        }

        @Override
        public String serialize() {
            return value;
        }
    }

    /** A Byte Sequence (section 3.3.5). */
    public static final class SfBytes implements BareItem {

        private final byte[] value;

        /** Copies the bytes. */
        public SfBytes(byte[] value) {
            this.value = value.clone();
        }

        /** A copy of the bytes. */
        public byte[] value() {
            return value.clone();
        }

        @Override
        public String serialize() {
            return ':' + Base64.getEncoder().encodeToString(value) + ':';
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof SfBytes that && Arrays.equals(value, that.value);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(value);
        }

        @Override
        public String toString() {
            return "SfBytes[" + serialize() + ']';
        }
    }

    /** A Boolean (section 3.3.6). */
    public record SfBoolean(boolean value) implements BareItem {

        /** True, which as a member or parameter is sent as the key alone. */
        public static final SfBoolean TRUE = new SfBoolean(true);

        /** False. */
        public static final SfBoolean FALSE = new SfBoolean(false);

        @Override
        public String serialize() {
            return value ? "?1" : "?0";
        }
    }

    /** A Date in seconds since 1970-01-01T00:00:00Z (section 3.3.7). */
    public record SfDate(long epochSeconds) implements BareItem {

        /** Checks the range, which is that of an Integer. */
        public SfDate {
            require(epochSeconds >= -SfInteger.MAX && epochSeconds <= SfInteger.MAX, "too far away", epochSeconds);
        }

        @Override
        public String serialize() {
            return "@" + epochSeconds;
        }
    }

    /** A Display String of any Unicode characters (section 3.3.8). */
    public record SfDisplayString(String value) implements BareItem {

        private static final String HEX = "0123456789abcdef";

        /** Checks that every surrogate has its other half. */
        public SfDisplayString {
            require(StandardCharsets.UTF_8.newEncoder().canEncode(value), "half a surrogate pair", value);
        }

        @Override
        public String serialize() {
            StringBuilder text = new StringBuilder("%\"");
            for (byte octet : value.getBytes(StandardCharsets.UTF_8)) {
                if (octet == '%' || octet == '"' || octet < ' ' || octet == 0x7F) { // bytes from 0x80 are negative
                    text.append('%').append(HEX.charAt(octet >> 4 & 0xF)).append(HEX.charAt(octet & 0xF));
                } else {
                    text.append((char) octet);
                }
            }
            return text.append('"').toString();
        }
    }
}
