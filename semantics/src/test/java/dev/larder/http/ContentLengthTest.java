package dev.larder.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ContentLengthTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0|0",
                "42|42",
                "42, 42|42",
                "2147483648|2147483648",
                "4294967296|4294967296",
                "9223372036854775806|9223372036854775806"
            })
    @DisplayName("R9110-024, R9110-025 valid lengths, repeated or large")
    @Tag("R9110-025")
    void valid(String value, long length) {
        assertThat(ContentLength.of(HttpFields.of("content-length", value))).isEqualTo(length);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ",",
                "+5",
                "-1",
                "4 2",
                "42, 43",
                "42;a",
                "0x2a",
                "4.0",
                "9223372036854775808",
                "1000000000000000000000000000000"
            })
    @DisplayName("R9110-024, R9110-025 invalid, conflicting and uncountable lengths")
    @Tag("R9110-024")
    @Tag("R9110-025")
    void invalid(String value) {
        assertThat(ContentLength.of(HttpFields.of("Content-Length", value))).isEqualTo(ContentLength.INVALID);
    }

    @Test
    void linesAndAbsence() {
        assertThat(ContentLength.of(HttpFields.EMPTY)).isEqualTo(ContentLength.ABSENT);
        HttpFields two = HttpFields.of("Content-Length", "1", "Content-Length", "2");
        assertThat(ContentLength.of(two)).isEqualTo(ContentLength.INVALID);
    }
}
