package dev.larder.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** I4: thousands of spellings of what forbids; not one may be missed, and not one may grant. */
class FailClosedTest {

    private static final Map<String, Predicate<ResponseDirectives>> RESPONSE = Map.of(
            "no-store", ResponseDirectives::noStore,
            "no-cache", d -> d.noCache() || !d.noCacheFields().isEmpty(),
            "private", d -> d.isPrivate() || !d.privateFields().isEmpty(),
            "must-revalidate", ResponseDirectives::mustRevalidate,
            "proxy-revalidate", ResponseDirectives::proxyRevalidate);

    private static final Map<String, Predicate<RequestDirectives>> REQUEST = Map.of(
            "no-store", RequestDirectives::noStore,
            "no-cache", RequestDirectives::noCache,
            "only-if-cached", RequestDirectives::onlyIfCached);

    /** Each takes the name for {@code %}; {@code |} starts a new line. */
    private static final List<String> BEFORE = List.of(
            "",
            " ",
            "\t",
            ",",
            ",,",
            ", ,",
            "max-age=60, ",
            "max-age=60,",
            "junk ",
            "junk; ",
            "junk;",
            "\"",
            "\"x\"",
            "\"x\" ",
            "x=\"",
            "x=\"y\", ",
            "x=\"y\"; ",
            "x=\"y\" ",
            "x=\"y, ",
            "x=y ",
            "=",
            "= ",
            "(",
            "{\"",
            "'",
            "\u00a0",
            "\u201c",
            "x=\\\", ",
            "max-age=60|",
            "x=\"|",
            "x=\"y|z\", ",
            "x=\"y\", |",
            "public, ",
            "/",
            "x=\"y, z=\"w\", ");

    private static final List<String> AFTER = List.of(
            "",
            " ",
            "\t",
            ",",
            ";",
            "; ",
            ";x",
            " junk",
            "=",
            "= ",
            " =",
            "=x",
            "=\"x\"",
            "=\"\"",
            "=\"",
            "=\" x\"",
            " = \"x\"",
            " =\"x\"",
            "= \"x\"",
            "=\"x",
            "=\"x\"y",
            "=\"x\";",
            "=?1",
            "=:",
            "'",
            "\"",
            ")",
            "\"}",
            "\u201d",
            ", max-age=60",
            ";max-age=60",
            "=\"x\", max-age=60",
            "|max-age=60",
            ", %",
            "; %=\"x\"",
            "|%",
            "\u00a0",
            "!",
            ".",
            "&x",
            "|public");

    private static List<String> spellings(String name) {
        List<String> cases = List.of(name, name.toUpperCase(Locale.ROOT), capitalised(name));
        List<String> spellings = new ArrayList<>();
        for (String before : BEFORE) {
            for (String after : AFTER) {
                // Together these are a whole quoted-string of an unknown directive, which says nothing.
                if (List.of("x=\"", "x=\"y, ").contains(before)
                        && List.of("\"", "=\"").contains(after)) {
                    continue;
                }
                for (String spelled : cases) {
                    spellings.add((before + "%" + after).replace("%", spelled));
                }
            }
        }
        return spellings;
    }

    private static String capitalised(String name) {
        return Character.toUpperCase(name.charAt(0)) + name.substring(1);
    }

    private static HttpFields fields(String lines) {
        HttpFields.Builder fields = HttpFields.builder();
        for (String line : lines.split("\\|", -1)) {
            fields.add("Cache-Control", line);
        }
        return fields.build();
    }

    @Test
    @DisplayName("I4 every spelling of a restrictive response directive is honoured")
    @Tag("Q3")
    void responses() {
        int count = 0;
        List<String> missed = new ArrayList<>();
        for (Map.Entry<String, Predicate<ResponseDirectives>> directive : RESPONSE.entrySet()) {
            for (String spelling : spellings(directive.getKey())) {
                count++;
                if (!directive.getValue().test(ResponseDirectives.of(fields(spelling)))) {
                    missed.add(spelling);
                }
            }
        }
        assertThat(missed).isEmpty();
        assertThat(count).isGreaterThan(5_000);
    }

    @Test
    @DisplayName("I4 every spelling of a restrictive request directive is honoured")
    void requests() {
        List<String> missed = new ArrayList<>();
        REQUEST.forEach((name, honoured) -> {
            for (String spelling : spellings(name)) {
                if (!honoured.test(RequestDirectives.of(fields(spelling)))) {
                    missed.add(spelling);
                }
            }
        });
        assertThat(missed).isEmpty();
    }

    @Test
    @DisplayName("Q3 the same junk around public grants it only where it is a directive of its own")
    void grants() {
        for (String before : BEFORE) {
            for (String after : AFTER) {
                if (before.contains("public") || after.contains("public")) {
                    continue;
                }
                boolean clean = List.of(
                                        "",
                                        " ",
                                        "\t",
                                        ",",
                                        ",,",
                                        ", ,",
                                        "max-age=60, ",
                                        "max-age=60,",
                                        "x=\"y\", ",
                                        "max-age=60|",
                                        "x=\"y\", |")
                                .contains(before)
                        && List.of("", " ", "\t", ",", ", max-age=60", ", %", "|%", "|max-age=60", "; %=\"x\"")
                                .contains(after);
                if (!clean) {
                    String value = before + "public" + after.replace("%", "x");
                    assertThat(ResponseDirectives.of(fields(value)).isPublic())
                            .as(value)
                            .isFalse();
                }
            }
        }
    }
}
