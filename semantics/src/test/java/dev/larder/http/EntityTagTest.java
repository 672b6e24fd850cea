package dev.larder.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EntityTagTest {

    private static EntityTag tag(String text) {
        EntityTag tag = EntityTag.parse(text);
        assertThat(tag).isNotNull();
        return tag;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "W/\"1\"|W/\"1\"|false|true",
                "W/\"1\"|W/\"2\"|false|false",
                "W/\"1\"|\"1\"|false|true",
                "\"1\"|\"1\"|true|true",
                "\"1\"|\"2\"|false|false",
                "\"1\"|1|false|false",
                "abc|abc|false|true",
                "abc|abd|false|false",
                "\"\"|\"\"|true|true",
                "w/\"1\"|\"1\"|false|false",
                "W/1|1|false|false"
            })
    @DisplayName("R9110-028, R9110-043, Q17 the table of comparisons")
    @Tag("R9110-028")
    void comparisons(String a, String b, boolean strongly, boolean weakly) {
        assertThat(tag(a).stronglyMatches(tag(b))).isEqualTo(strongly);
        assertThat(tag(b).stronglyMatches(tag(a))).isEqualTo(strongly);
        assertThat(tag(a).weaklyMatches(tag(b))).isEqualTo(weakly);
        assertThat(tag(b).weaklyMatches(tag(a))).isEqualTo(weakly);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"a\"",
                "W/\"a\"",
                "\"\u00e9\"",
                "abc",
                "w/\"a\"",
                "\"a",
                "a\"",
                "\"",
                "W/",
                "\"a\"b\"",
                "\"a b\"",
                "\"a\\\"",
                "*"
            })
    @DisplayName("R9111-083, Q17 tags are kept byte for byte")
    @Tag("Q17")
    void keepsText(String text) {
        assertThat(tag(text).text()).isEqualTo(text);
        assertThat(tag(text)).hasToString(text).isEqualTo(tag(text)).hasSameHashCodeAs(tag(text));
        assertThat(tag(text).weaklyMatches(tag(text))).isTrue();
    }

    @Test
    @DisplayName("R9110-026 weak, and whatever is odd, never counts as strong")
    void weak() {
        assertThat(tag("\"a\"").weak()).isFalse();
        assertThat(tag("\"a b\"").weak()).isFalse();
        for (String odd : List.of("W/\"a\"", "a", "\"a", "\"a\"b\"", "w/\"a\"", "\"a\", \"b\"", "\"", "W/")) {
            assertThat(tag(odd).weak()).as(odd).isTrue();
        }
    }

    @Test
    void nothingIsNoTag() {
        assertThat(EntityTag.parse(null)).isNull();
        assertThat(EntityTag.parse("")).isNull();
        assertThat(EntityTag.parse(" ")).isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"a\"|\"a\"",
                "\"a\", W/\"b\"|\"a\";W/\"b\"",
                ", ,\"a\",,\"b\" ,|\"a\";\"b\"",
                "\"a,b\",\"c\"|\"a,b\";\"c\"",
                "W/\"a,b\",w/\"c,d\"|W/\"a,b\";w/\"c,d\"",
                "a, b|a;b",
                "\"a\"x, \"b\"|\"a\"x;\"b\"",
                "\"a\\\", \"b\"|\"a\\\";\"b\"",
                "\"a, \"b\"|\"a, \"b\"",
                "\"a, b|\"a, b"
            })
    @DisplayName("R9110-008, Q17 lists of tags")
    void lists(String value, String tags) {
        assertThat(EntityTag.parseList(value)).extracting(EntityTag::text).containsExactly(tags.split(";"));
    }

    @Test
    void emptyLists() {
        assertThat(EntityTag.parseList("")).isEmpty();
        assertThat(EntityTag.parseList(" , ")).isEmpty();
    }
}
