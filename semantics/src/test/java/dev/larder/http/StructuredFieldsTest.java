package dev.larder.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("R9651 structured fields")
class StructuredFieldsTest {

    static Stream<Arguments> items() {
        return Stream.of(
                Arguments.of("42", new SfInteger(42)),
                Arguments.of("-999999999999999", new SfInteger(-999_999_999_999_999L)),
                Arguments.of("4.5", new SfDecimal(new BigDecimal("4.5"))),
                Arguments.of("-999999999999.999", new SfDecimal(new BigDecimal("-999999999999.999"))),
                Arguments.of("100.0", new SfDecimal(new BigDecimal("1E2"))),
                Arguments.of("\"hello world\"", new SfString("hello world")),
                Arguments.of("\"a\\\"b\\\\\"", new SfString("a\"b\\")),
                Arguments.of("\"\"", new SfString("")),
                Arguments.of("foo123/456", new SfToken("foo123/456")),
                Arguments.of("*a:b'", new SfToken("*a:b'")),
                Arguments.of(
                        ":cHJldGVuZCB0aGlzIGlzIGJpbmFyeSBjb250ZW50Lg==:",
                        new SfBytes("pretend this is binary content.".getBytes(StandardCharsets.US_ASCII))),
                Arguments.of("::", new SfBytes(new byte[0])),
                Arguments.of("?1", SfBoolean.TRUE),
                Arguments.of("?0", SfBoolean.FALSE),
                Arguments.of("@1659578233", new SfDate(1_659_578_233)),
                Arguments.of("@-62135596800", new SfDate(-62_135_596_800L)),
                Arguments.of(
                        "%\"This is intended for display to %c3%bcsers.\"",
                        new SfDisplayString("This is intended for display to üsers.")),
                Arguments.of("%\"%25%22%00%7f\\%f0%9f%98%80\"", new SfDisplayString("%\"\0\u007f\\\ud83d\ude00")));
    }

    @ParameterizedTest
    @MethodSource("items")
    @DisplayName("R9651 section 3.3 every bare item is read and written")
    void bareItems(String text, BareItem value) {
        assertThat(StructuredFields.parseItem(text)).isEqualTo(Item.of(value));
        assertThat(Item.of(value).serialize()).isEqualTo(text);
        assertThat(StructuredFields.parseItem("  " + text + "  ")).isEqualTo(Item.of(value));
        assertThat(Item.of(value)).hasSameHashCodeAs(StructuredFields.parseItem(text));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "0002|2",
                "-01|-1",
                "-0|0",
                "0002.5|2.5",
                "-01.334|-1.334",
                "5.230|5.23",
                "-0.40|-0.4",
                "-0.0|0.0",
                "1.0|1.0",
                ":aGVsbG8:|:aGVsbG8=:",
                ":iZ==:|:iQ==:",
                "a;b=?1|a;b",
                "a;  b;c=1|a;b;c=1",
                "a;b=1;c;b=2|a;b=2;c"
            })
    @DisplayName("R9651 section 4.2 other spellings are read and written canonically")
    void canonical(String text, String canonical) {
        assertThat(StructuredFields.parseItem(text).serialize()).isEqualTo(canonical);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "-",
                "--1",
                "+1",
                "1.",
                ".1",
                "1.2345",
                "1234567890123456",
                "1234567890123.0",
                "1e3",
                "1 2",
                "1,",
                "\"",
                "\"a",
                "\"\\a\"",
                "\"\\",
                "\"\t\"",
                "\"é\"",
                "'a'",
                "a b",
                "é",
                "a;",
                "a;A=1",
                "a;b=",
                "a ;b",
                "a; \tb",
                ":",
                ":a:",
                ":aGVsbG8==:",
                ":=aGVsbG8:",
                ":aGVs bG8=:",
                ":aGVs-G8_:",
                ":aGVsbG8=",
                ":aGVsbG8====:",
                "?",
                "?2",
                "?true",
                "?11",
                "@",
                "@1.5",
                "@a",
                "%",
                "%a",
                "%\"",
                "%\"a",
                "%\"%C3%BC\"",
                "%\"%c3\"",
                "%\"%c\"",
                "%\"%",
                "%\"%ed%a0%80\"",
                "%\"%c0%80\"",
                "%\"ü\"",
                "(a)",
                "a\t",
                "\ta",
                "{",
                "a=b"
            })
    @DisplayName("R9651 section 4.2 anything else fails")
    void noItem(String text) {
        assertThat(StructuredFields.parseItem(text)).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "sugar, tea, rum",
                "(\"foo\" \"bar\"), (\"baz\"), (\"bat\" \"one\"), ()",
                "(\"foo\";a=1;b=2);lvl=5, (\"bar\" \"baz\");lvl=1",
                "abc;a=1;b=2;cde_456, (ghi;jk=4 l);q=\"9\";r=w",
                "\"ExampleCache\"; hit",
                "1;a=?0",
                "text/html, text/*;q=0.7"
            })
    @DisplayName("R9651 sections 3.1 and 3.1.1 the RFC's Lists survive a round trip")
    void lists(String text) {
        List<Member> list = StructuredFields.parseList(text);
        assertThat(StructuredFields.serializeList(list)).isEqualTo(text.replace("; ", ";"));
        assertThat(StructuredFields.parseList(text.replace(", ", "\t ,\t"))).isEqualTo(list);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "en=\"Applepie\", da=:w4ZibGV0w6ZydGU=:",
                "a=?0, b, c;foo=bar",
                "rating=1.5, feelings=(joy sadness)",
                "a=(1 2), b=3, c=4;aa=bb, d=(5 6);valid",
                "*x.y-z_0=@5, b=%\"%e2%82%ac\""
            })
    @DisplayName("R9651 section 3.2 the RFC's Dictionaries survive a round trip")
    void dictionaries(String text) {
        Map<String, Member> dictionary = StructuredFields.parseDictionary(text);
        assertThat(StructuredFields.serializeDictionary(dictionary)).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ",",
                "a,",
                "a, ",
                ",a",
                "a,,b",
                "a b",
                "(a",
                "(a))",
                "(a,b)",
                "(a\tb)",
                "a)",
                "()b",
                "(a\"b\")",
                "((a))",
                "\ta"
            })
    @DisplayName("R9651 section 4.2.1 no Lists")
    void noLists(String text) {
        assertThat(StructuredFields.parseList(text)).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {",", "a,", "A=1", "a=", "a =1", "a= 1", "a=1 b=2", "1=a", "a=1,,b", "a==1", "a;b=", "-a", "a=(1"
            })
    @DisplayName("R9651 section 4.2.2 no Dictionaries")
    void noDictionaries(String text) {
        assertThat(StructuredFields.parseDictionary(text)).isNull();
    }

    @Test
    @DisplayName("R9651 section 4.2 empty fields, repeated keys, spaces in inner lists")
    void corners() {
        assertThat(StructuredFields.parseList("  ")).isEmpty();
        assertThat(StructuredFields.parseList("a\t")).hasSize(1); // step 2.2 takes OWS after a member
        assertThat(StructuredFields.parseDictionary("")).isEmpty();
        assertThat(StructuredFields.serializeDictionary(StructuredFields.parseDictionary("a=1, b, a=3;x")))
                .isEqualTo("a=3;x, b");
        assertThat(StructuredFields.parseList("(  a   b  );x").get(0))
                .isEqualTo(new InnerList(
                        List.of(Item.of(new SfToken("a")), Item.of(new SfToken("b"))),
                        Parameters.NONE.with("x", SfBoolean.TRUE)));
        assertThat(StructuredFields.serializeList(List.of())).isEmpty();
    }

    @Test
    @DisplayName("R9211-001 a Cache-Status member is built and appended")
    void cacheStatus() {
        Parameters parameters = Parameters.NONE
                .with("fwd", new SfToken("stale"))
                .with("fwd-status", new SfInteger(304))
                .with("stored", SfBoolean.TRUE);
        Item member = new Item(new SfString("my \"cache\""), parameters);
        assertThat(StructuredFields.serializeList(List.of(Item.of(new SfToken("origin")), member)))
                .isEqualTo("origin, \"my \\\"cache\\\"\";fwd=stale;fwd-status=304;stored");
        assertThat(parameters.get("fwd")).isEqualTo(new SfToken("stale"));
        assertThat(parameters.get("ttl")).isNull();
    }

    @Test
    @DisplayName("R9651 section 4.1 what cannot be sent cannot be made")
    void valuesCheckThemselves() {
        assertThatThrownBy(() -> new SfInteger(1_000_000_000_000_000L)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new SfDate(Long.MIN_VALUE)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new SfDecimal(new BigDecimal("999999999999.9995")))
                .isInstanceOf(IllegalArgumentException.class);
        for (String text : new String[] {"é", "\n", "\u007f"}) {
            assertThatThrownBy(() -> new SfString(text)).isInstanceOf(IllegalArgumentException.class);
        }
        for (String text : new String[] {"", "1a", "a b", "é", "a\""}) {
            assertThatThrownBy(() -> new SfToken(text)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> new SfDisplayString("\ud800")).isInstanceOf(IllegalArgumentException.class);
        for (String key : new String[] {"", "A", "1", "a b", "é"}) {
            assertThatThrownBy(() -> Parameters.NONE.with(key, SfBoolean.TRUE))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> StructuredFields.serializeDictionary(Map.of(key, Item.of(SfBoolean.TRUE))))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(new SfDecimal(new BigDecimal("0.0025")).serialize()).isEqualTo("0.002");
        assertThat(new SfDecimal(new BigDecimal("0.0035")).serialize()).isEqualTo("0.004");
    }

    @Test
    void bytesAreCopied() {
        byte[] bytes = {1, 2};
        SfBytes value = new SfBytes(bytes);
        bytes[0] = 9;
        value.value()[1] = 9;
        assertThat(value).isEqualTo(new SfBytes(new byte[] {1, 2})).hasToString("SfBytes[:AQI=:]");
    }

    @Test
    @DisplayName("R9651 10^4 random dictionaries survive a round trip")
    void randomRoundTrips() {
        Random random = new Random(9651);
        for (int i = 0; i < 10_000; i++) {
            Map<String, Member> dictionary = new LinkedHashMap<>();
            for (int n = random.nextInt(4); n >= 0; n--) {
                dictionary.put("k" + random.nextInt(5), randomMember(random));
            }
            String text = StructuredFields.serializeDictionary(dictionary);
            Map<String, Member> parsed = StructuredFields.parseDictionary(text);
            assertThat(parsed).as(text).isEqualTo(dictionary);
            assertThat(StructuredFields.serializeDictionary(parsed)).isEqualTo(text);
        }
    }

    private static Member randomMember(Random random) {
        if (random.nextInt(4) > 0) {
            return randomItem(random);
        }
        return new InnerList(
                Stream.generate(() -> randomItem(random))
                        .limit(random.nextInt(4))
                        .toList(),
                randomParameters(random));
    }

    private static Item randomItem(Random random) {
        return new Item(randomBareItem(random), randomParameters(random));
    }

    private static Parameters randomParameters(Random random) {
        Parameters parameters = Parameters.NONE;
        for (int n = random.nextInt(3); n > 0; n--) {
            parameters = parameters.with("*p" + random.nextInt(3), randomBareItem(random));
        }
        return parameters;
    }

    private static BareItem randomBareItem(Random random) {
        return switch (random.nextInt(8)) {
            case 0 -> new SfInteger(random.nextLong(-SfInteger.MAX, SfInteger.MAX));
            case 1 -> new SfDecimal(BigDecimal.valueOf(random.nextLong(-SfInteger.MAX, SfInteger.MAX), 3));
            case 2 ->
                new SfString(random.ints(random.nextInt(9), ' ', 0x7F)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString());
            case 3 -> new SfToken("t" + random.nextInt());
            case 4 -> {
                byte[] bytes = new byte[random.nextInt(9)];
                random.nextBytes(bytes);
                yield new SfBytes(bytes);
            }
            case 5 -> new SfBoolean(random.nextBoolean());
            case 6 -> new SfDate(random.nextInt());
            default ->
                new SfDisplayString(random.ints(random.nextInt(9), 0, 0x11000)
                        .filter(c -> c < 0xD800 || c > 0xDFFF)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString());
        };
    }
}
