package dev.larder.http;

import dev.larder.http.StructuredFields.BareItem;
import dev.larder.http.StructuredFields.InnerList;
import dev.larder.http.StructuredFields.Item;
import dev.larder.http.StructuredFields.Member;
import dev.larder.http.StructuredFields.Parameters;
import dev.larder.http.StructuredFields.SfBoolean;
import dev.larder.http.StructuredFields.SfBytes;
import dev.larder.http.StructuredFields.SfDate;
import dev.larder.http.StructuredFields.SfDecimal;
import dev.larder.http.StructuredFields.SfDisplayString;
import dev.larder.http.StructuredFields.SfInteger;
import dev.larder.http.StructuredFields.SfString;
import dev.larder.http.StructuredFields.SfToken;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The algorithms of RFC 9651 section 4.2, one method each; a null result is the RFC's "fail parsing". */
final class StructuredFieldParser {

    private final FieldScanner in;

    StructuredFieldParser(String text) {
        in = new FieldScanner(text);
    }

    boolean atEnd() {
        return in.atEnd();
    }

    /** The printable characters of ASCII: VCHAR and SP. */
    static boolean isPrintable(char c) {
        return c >= ' ' && c < 0x7F;
    }

    // ---- 4.2 whole fields

    @Nullable
    Item parseItem() {
        in.skipSpaces();
        Item item = item();
        in.skipSpaces();
        return in.atEnd() ? item : null;
    }

    @Nullable
    List<Member> parseList() {
        List<Member> members = new ArrayList<>();
        in.skipSpaces();
        while (!in.atEnd()) {
            Member member = itemOrInnerList();
            if (member == null || !endOfMember()) {
                return null;
            }
            members.add(member);
        }
        return Collections.unmodifiableList(members);
    }

    @Nullable
    Map<String, Member> parseDictionary() {
        Map<String, Member> members = new LinkedHashMap<>();
        in.skipSpaces();
        while (!in.atEnd()) {
            String key = key();
            if (key == null) {
                return null;
            }
            Member member;
            if (in.eat('=')) {
                member = itemOrInnerList();
            } else {
                Parameters parameters = parameters();
                member = parameters == null ? null : new Item(SfBoolean.TRUE, parameters);
            }
            if (member == null || !endOfMember()) {
                return null;
            }
            members.put(key, member);
        }
        return Collections.unmodifiableMap(members);
    }

    /** After a member: the end, or a comma that something follows. */
    private boolean endOfMember() {
        in.skipOws();
        if (in.atEnd()) {
            return true;
        }
        if (!in.eat(',')) {
            return false;
        }
        in.skipOws();
        return !in.atEnd();
    }

    // ---- 4.2.1 to 4.2.3 members and their parts

    private @Nullable Member itemOrInnerList() {
        return in.peek() == '(' ? innerList() : item();
    }

    private @Nullable InnerList innerList() {
        in.eat('(');
        List<Item> items = new ArrayList<>();
        while (!in.atEnd()) {
            in.skipSpaces();
            if (in.eat(')')) {
                Parameters parameters = parameters();
                return parameters == null ? null : new InnerList(items, parameters);
            }
            Item item = item();
            if (item == null || (in.peek() != ' ' && in.peek() != ')')) {
                return null;
            }
            items.add(item);
        }
        return null;
    }

    private @Nullable Item item() {
        BareItem value = bareItem();
        Parameters parameters = value == null ? null : parameters();
        return value == null || parameters == null ? null : new Item(value, parameters);
    }

    private @Nullable Parameters parameters() {
        if (in.peek() != ';') {
            return Parameters.NONE;
        }
        Map<String, BareItem> values = new LinkedHashMap<>();
        while (in.eat(';')) {
            in.skipSpaces();
            String key = key();
            BareItem value = in.eat('=') ? bareItem() : SfBoolean.TRUE;
            if (key == null || value == null) {
                return null;
            }
            values.put(key, value);
        }
        return new Parameters(values);
    }

    @Nullable
    String key() {
        if (!Ascii.isLower(in.peek()) && in.peek() != '*') {
            return null;
        }
        int start = in.position();
        while (Ascii.isLower(in.peek()) || Ascii.isDigit(in.peek()) || isOneOf("_-.*", in.peek())) {
            in.next();
        }
        return in.since(start);
    }

    private @Nullable BareItem bareItem() {
        char first = in.peek();
        if (first == '-' || Ascii.isDigit(first)) {
            return number();
        }
        if (first == '*' || Ascii.isAlpha(first)) {
            String token = token();
            return token == null ? null : new SfToken(token);
        }
        return switch (first) {
            case '"' -> string();
            case ':' -> bytes();
            case '?' -> bool();
            case '@' -> date();
            case '%' -> displayString();
            default -> null;
        };
    }

    // ---- 4.2.4 to 4.2.10 bare items

    private @Nullable BareItem number() {
        int start = in.position();
        in.eat('-');
        int integerDigits = countDigits();
        if (integerDigits == 0 || integerDigits > 15) {
            return null;
        }
        String integer = in.since(start);
        if (!in.eat('.')) {
            return new SfInteger(Long.parseLong(integer));
        }
        int fractionDigits = countDigits();
        boolean valid = integerDigits <= 12 && fractionDigits >= 1 && fractionDigits <= 3;
        return valid ? new SfDecimal(new BigDecimal(in.since(start))) : null;
    }

    private int countDigits() {
        int start = in.position();
        while (Ascii.isDigit(in.peek())) {
            in.next();
        }
        return in.position() - start;
    }

    /** Not {@link FieldScanner#quotedString}: that allows tabs, any character beyond ASCII, and any escape. */
    private @Nullable SfString string() {
        in.eat('"');
        StringBuilder content = new StringBuilder();
        while (!in.atEnd()) {
            char c = in.next();
            if (c == '"') {
                return new SfString(content.toString());
            }
            if (c == '\\') {
                c = in.next();
                if (c != '"' && c != '\\') {
                    return null;
                }
            }
            if (!isPrintable(c)) {
                return null;
            }
            content.append(c);
        }
        return null;
    }

    @Nullable
    String token() {
        if (!Ascii.isAlpha(in.peek()) && in.peek() != '*') {
            return null;
        }
        int start = in.position();
        while (Ascii.isTokenChar(in.peek()) || isOneOf(":/", in.peek())) {
            in.next();
        }
        return in.since(start);
    }

    private @Nullable SfBytes bytes() {
        in.eat(':');
        int start = in.position();
        while (Ascii.isAlpha(in.peek()) || Ascii.isDigit(in.peek()) || isOneOf("+/", in.peek())) {
            in.next();
        }
        String digits = in.since(start);
        while (in.eat('=')) {}
        int padding = in.position() - start - digits.length();
        // Padding may be missing, but what there is has to fit; a single digit left over is no byte.
        boolean padded = padding == 0 || (padding <= 2 && (digits.length() + padding) % 4 == 0);
        boolean valid = padded && digits.length() % 4 != 1 && in.eat(':');
        return valid ? new SfBytes(Base64.getDecoder().decode(digits)) : null;
    }

    private @Nullable SfBoolean bool() {
        in.eat('?');
        if (in.eat('1')) {
            return SfBoolean.TRUE;
        }
        return in.eat('0') ? SfBoolean.FALSE : null;
    }

    private @Nullable SfDate date() {
        in.eat('@');
        BareItem number = number();
        return number instanceof SfInteger integer ? new SfDate(integer.value()) : null;
    }

    private @Nullable SfDisplayString displayString() {
        in.eat('%');
        if (!in.eat('"')) {
            return null;
        }
        StringBuilder octets = new StringBuilder();
        while (!in.atEnd()) {
            char c = in.next();
            if (c == '"') {
                byte[] utf8 = octets.toString().getBytes(StandardCharsets.ISO_8859_1);
                String value = new String(utf8, StandardCharsets.UTF_8);
                // A lenient decoder replaces what is no UTF-8, so then the way back differs.
                boolean exact = Arrays.equals(value.getBytes(StandardCharsets.UTF_8), utf8);
                return exact ? new SfDisplayString(value) : null;
            }
            if (!isPrintable(c)) {
                return null;
            }
            if (c == '%') {
                int high = hexDigit(in.next());
                int low = hexDigit(in.next());
                if (high < 0 || low < 0) {
                    return null;
                }
                octets.append((char) (high << 4 | low));
            } else {
                octets.append(c);
            }
        }
        return null;
    }

    private static int hexDigit(char c) {
        if (Ascii.isDigit(c)) {
            return c - '0';
        }
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    }

    private static boolean isOneOf(String characters, char c) {
        return characters.indexOf(c) >= 0;
    }
}
