package dev.larder.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DeltaSecondsTest {

    @ParameterizedTest
    @CsvSource({
        "0,0",
        "60,60",
        "0060,60",
        "2147483647,2147483647",
        "2147483648,2147483648",
        "2147483649,2147483648",
        "99999999999,2147483648",
        "9223372036854775807,2147483648",
        "9223372036854775808,2147483648"
    })
    @DisplayName("R9111-002, R9111-003 large values saturate at 2^31")
    @Tag("R9111-002")
    @Tag("R9111-003")
    @Tag("Q30")
    void saturates(String text, long seconds) {
        assertThat(DeltaSeconds.parse(text)).isEqualTo(seconds);
    }

    @Test
    @DisplayName("R9111-002 10^40 digits' worth is still 2^31")
    @Tag("R9111-002")
    void saturatesAnyLength() {
        assertThat(DeltaSeconds.parse("1" + "0".repeat(100_000))).isEqualTo(DeltaSeconds.MAX);
        assertThat(DeltaSeconds.parse("0".repeat(100_000) + "7")).isEqualTo(7);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "+5", "-5", "5.0", "0x5", "5 5", " 5", "5 ", "a100", "100a", "'5'", "\"5\"", "٥", "-", "5\0"
            })
    @DisplayName("R9111-004 only 1*DIGIT is a number of seconds")
    @Tag("R9111-004")
    void rejects(String text) {
        assertThat(DeltaSeconds.parse(text)).isEqualTo(DeltaSeconds.INVALID);
    }

    @Test
    void nullIsInvalid() {
        assertThat(DeltaSeconds.parse(null)).isEqualTo(DeltaSeconds.INVALID);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "7200|7200",
                "7200, 0|7200",
                "0, 7200|0",
                "7200,|7200",
                ",7200|7200",
                "7200 ,0|7200",
                "99999999999999999999|2147483648"
            })
    @DisplayName("R9111-112 the first member of Age counts")
    @Tag("R9111-112")
    void firstAge(String age, long seconds) {
        assertThat(DeltaSeconds.ageSeconds(HttpFields.of("age", age))).isEqualTo(seconds);
    }

    @ParameterizedTest
    @ValueSource(strings = {"abc", "-7200", "7200.0", "7200s", "7200;a=1", "7200 0", "\"7200\"", "", ",", "a, 7200"})
    @DisplayName("R9111-113 an invalid Age is ignored")
    @Tag("R9111-113")
    void invalidAge(String age) {
        assertThat(DeltaSeconds.ageSeconds(HttpFields.of("Age", age))).isZero();
    }

    @Test
    @DisplayName("R9111-112 two lines count as one list; no line is no age")
    @Tag("R9111-112")
    void ageLines() {
        assertThat(DeltaSeconds.ageSeconds(HttpFields.of("Age", "7200", "Age", "0")))
                .isEqualTo(7200);
        assertThat(DeltaSeconds.ageSeconds(HttpFields.of("Age", "0", "Age", "7200")))
                .isZero();
        assertThat(DeltaSeconds.ageSeconds(HttpFields.EMPTY)).isZero();
    }
}
