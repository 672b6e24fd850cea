package dev.larder.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every parser owes to text from outside: no exception, linear time. */
class HostileTextTest {

    private static final TargetUri BASE = TargetUri.parse("http://a/b/c?d");

    private static final Map<String, Consumer<String>> PARSERS = new TreeMap<>(Map.ofEntries(
            Map.entry("Cache-Control of a request", text -> RequestDirectives.of(field("Cache-Control", text))),
            Map.entry("Pragma", text -> RequestDirectives.of(field("Pragma", text))),
            Map.entry("Cache-Control of a response", HostileTextTest::responseDirectives),
            Map.entry("CDN-Cache-Control", text -> ResponseDirectives.ofTargeted(field("C", text), "C")),
            Map.entry("Age", text -> DeltaSeconds.ageSeconds(field("Age", text))),
            Map.entry("Content-Length", text -> ContentLength.of(field("Content-Length", text))),
            Map.entry("delta-seconds", DeltaSeconds::parse),
            Map.entry("HTTP-date", text -> HttpDate.parse(text, 0)),
            Map.entry("ETag", text -> EntityTag.parse(text)),
            Map.entry("If-None-Match", EntityTag::parseList),
            Map.entry("Vary", text -> Vary.of(field("Vary", text)).names()),
            Map.entry("Vary value", text -> Vary.normalisedValue(field("X", text), "x")),
            Map.entry(
                    "Vary value of Accept-Language",
                    text -> Vary.normalisedValue(field("Accept-Language", text), "accept-language")),
            Map.entry("Range", HostileTextTest::range),
            Map.entry("Content-Range", ContentRange::parse),
            Map.entry("Content-Range in bytes", text -> ContentRange.parse("bytes " + text)),
            Map.entry("Item", StructuredFields::parseItem),
            Map.entry("List", StructuredFields::parseList),
            Map.entry("Dictionary", StructuredFields::parseDictionary),
            Map.entry(
                    "No-Vary-Search",
                    text -> NoVarySearch.of(field("No-Vary-Search", text)).isDefault()),
            Map.entry(
                    "query",
                    text -> NoVarySearch.of(HttpFields.of("No-Vary-Search", "params=(\"a\")"))
                            .equivalent(
                                    TargetUri.parse("http://a/b"),
                                    Objects.requireNonNullElse(BASE.resolve("?" + text), BASE))),
            Map.entry("reference", BASE::resolve),
            Map.entry("absolute reference", text -> BASE.resolve("http://" + text)),
            Map.entry(
                    "received fields",
                    text -> HttpFields.builder()
                            .addReceived(text, text)
                            .addReceived("X", text)
                            .build()
                            .toMap())));

    private static HttpFields field(String name, String value) {
        return HttpFields.builder().addReceived(name, value).build();
    }

    private static void responseDirectives(String text) {
        ResponseDirectives directives = ResponseDirectives.of(field("Cache-Control", text));
        directives.noCacheFields();
        directives.privateFields();
    }

    private static void range(String text) {
        for (String value : new String[] {text, "bytes=" + text}) {
            ByteRanges ranges = ByteRanges.parse(value);
            if (ranges != null) {
                ranges.resolve(0);
                ranges.resolve(Long.MAX_VALUE - 1);
            }
        }
    }

    static Stream<String> parsers() {
        return PARSERS.keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("parsers")
    @DisplayName("I1 10^5 random texts: no exception")
    void neverThrows(String parser) {
        Random random = new Random(parser.hashCode());
        for (int i = 0; i < ROUNDS; i++) {
            PARSERS.get(parser).accept(randomText(random));
        }
    }

    /** A short run in every build; {@code -Dlarder.fuzz=1000000} for a long one. */
    private static final int ROUNDS = Integer.getInteger("larder.fuzz", 100_000);

    private static final String[] PIECES = {
        ",",
        ";",
        "=",
        "\"",
        "\\",
        " ",
        "\t",
        "\0",
        "\r\n",
        "*",
        "/",
        ":",
        "@",
        "?",
        "%",
        "(",
        ")",
        "[",
        "]",
        "#",
        "-",
        "_",
        ".",
        "..",
        "'",
        "0",
        "1",
        "9",
        "999999999999999999999",
        "a",
        "W/\"",
        "max-age",
        "no-cache",
        "no-store",
        "private",
        "q=",
        "0.5",
        "bytes=",
        "bytes ",
        "http:",
        "//",
        "%c3",
        "%ff",
        "é",
        "\ud83d",
        "\u017f",
        "Sun, ",
        "06 Nov 1994",
        "08:49:37",
        " GMT",
        "Sunday, ",
        "06-Nov-94",
        "29-Feb-00",
        "\u00a0"
    };

    private static String randomText(Random random) {
        StringBuilder text = new StringBuilder();
        for (int n = random.nextInt(12); n > 0; n--) {
            if (random.nextInt(4) == 0) {
                text.append((char) random.nextInt(random.nextBoolean() ? 0x80 : 0x10000));
            } else {
                text.append(PIECES[random.nextInt(PIECES.length)]);
            }
        }
        return text.toString();
    }

    @ParameterizedTest
    @MethodSource("parsers")
    @DisplayName("I2 1 MiB of anything takes linear time and no stack")
    void linear(String parser) {
        int size = 1 << 20;
        List<String> texts = new ArrayList<>();
        for (String piece : new String[] {
            ",",
            "\"",
            "\\",
            " ",
            "\t",
            "=",
            ";",
            "a",
            "1",
            "(",
            ":",
            "/",
            "../",
            "/..",
            "a,",
            "a b,",
            "a ,",
            "a=\",",
            "a=\"b\",",
            "\"a\" ",
            "a;",
            "a;b=1,",
            "(a;b ",
            "\\\"",
            "%\"",
            "@",
            "W/\"",
            "[",
            "no-store;",
            "x=\"a\"b,",
            "q=0.1,",
            "1-2,",
            "0 "
        }) {
            texts.add(piece.repeat(size / piece.length()));
            texts.add("x=\"" + piece.repeat(size / piece.length()));
        }
        for (String text : texts) {
            long start = System.nanoTime();
            PARSERS.get(parser).accept(text);
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .as("%s, 1 MiB of %s", parser, text.substring(0, 20))
                    .isLessThan(Duration.ofSeconds(2));
        }
    }
}
