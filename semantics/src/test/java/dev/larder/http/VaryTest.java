package dev.larder.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VaryTest {

    private static Vary of(String value) {
        return Vary.of(HttpFields.of("vary", value));
    }

    @ParameterizedTest
    @ValueSource(strings = {"*", "*, *", ", *", "Foo, *", "*,Foo", "\t*\t", "*,", "Foo,,*,Bar"})
    @DisplayName("R9111-055, J8 a star anywhere matches nothing")
    @Tag("R9111-055")
    void star(String value) {
        assertThat(of(value).any()).isTrue();
        assertThat(Vary.of(HttpFields.of("Vary", "Foo", "Vary", value)).any()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"Accept Cookie", "Accept;Cookie", "\"Cookie\"", "a, b c", "\u00e4", "a=b,c/d"})
    @DisplayName("Q3 a Vary that cannot be read matches nothing")
    void unreadable(String value) {
        assertThat(of(value).any()).isTrue();
    }

    @Test
    @DisplayName("R9111-055 ** and *foo are only odd names")
    void oddNames() {
        assertThat(of("**").any()).isFalse();
        assertThat(of("*foo, **").names()).containsExactly("*foo", "**");
    }

    @Test
    @DisplayName("R9110-008 names are lower-case, distinct and in order; empty members do not count")
    void names() {
        assertThat(of(",Cookie").names()).containsExactly("cookie");
        assertThat(of("Foo, bar ,FOO,").names()).containsExactly("foo", "bar");
        assertThat(Vary.of(HttpFields.of("Vary", "b", "Vary", "a, B")).names()).containsExactly("b", "a");
        assertThat(of("a, b")).isEqualTo(of("A,B")).hasSameHashCodeAs(of("A,B")).hasToString("a, b");
        assertThat(of("a")).isNotEqualTo(of("b")).isNotEqualTo(of("*"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ",", " , "})
    @Tag("R9110-008")
    void empty(String value) {
        assertThat(of(value)).isSameAs(Vary.NONE);
        assertThat(Vary.of(HttpFields.EMPTY)).isSameAs(Vary.NONE);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "1|1",
                "``|``",
                ",|``",
                "1, 2|1,2",
                "1 ,\t2|1,2",
                ",1,,2,|1,2",
                "a  b, c|a  b,c",
                "\"a, b\" , c|\"a, b\",c",
                "\"a\\\" , b\" , c|\"a\\\" , b\",c",
                "a=\"b , c|a=\"b , c",
                "2, 1|2,1",
                "A, b|A,b"
            })
    @DisplayName("R9111-053, Q18 spaces around commas go, quoted text, case and order stay")
    @Tag("R9111-053")
    @Tag("Q18")
    void normalised(String value, String expected) {
        assertThat(Vary.normalisedValue(HttpFields.of("Foo", value), "foo")).isEqualTo(expected);
    }

    @Test
    @DisplayName("R9111-053 lines are joined; R9111-054 absent is not empty")
    void linesAndAbsence() {
        assertThat(Vary.normalisedValue(HttpFields.of("Foo", "1", "foo", "2"), "foo"))
                .isEqualTo("1,2");
        assertThat(Vary.normalisedValue(HttpFields.EMPTY, "foo")).isNull();
        assertThat(Vary.normalisedValue(HttpFields.of("foo", ""), "foo")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "en, de|de, en",
                "en, de|eN,De",
                "en, de| en ,   de",
                "en;q=0.5, de|de;q=1, en ; q=0.50",
                "en;q=1.000|en",
                "en;q=0|en;q=0.000",
                "en;Q=0.25|en;q=0.25"
            })
    @DisplayName("R9111-053, Q18 Accept-Language and Accept-Encoding: case and order have no meaning")
    @Tag("R9111-053")
    void sameWeighted(String a, String b) {
        for (String name : new String[] {"accept-language", "Accept-Encoding"}) {
            assertThat(Vary.normalisedValue(HttpFields.of(name, a), name))
                    .isEqualTo(Vary.normalisedValue(HttpFields.of(name, b), name));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "en, de|en",
                "en;q=0.5, de|en, de",
                "en;q=0.5, de|en, de;q=0.5",
                "en|``",
                "en;q=1.5|en",
                "en;q=0.1234|en;q=0.123",
                "en;q=|en",
                "en;q=0.25|en;q=250",
                "en;q=0.001|en;q=1",
                "en;x=1|en"
            })
    @DisplayName("R9111-052 Accept-Language: other ranges or weights do not match")
    @Tag("R9111-052")
    void differentWeighted(String a, String b) {
        assertThat(Vary.normalisedValue(HttpFields.of("Accept-Language", a), "accept-language"))
                .isNotEqualTo(Vary.normalisedValue(HttpFields.of("Accept-Language", b), "accept-language"));
    }
}
