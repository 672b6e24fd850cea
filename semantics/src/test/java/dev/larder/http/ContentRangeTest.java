package dev.larder.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ContentRangeTest {

    @ParameterizedTest
    @CsvSource({
        "bytes 42-1233/1234,42,1233,1234,1192",
        "bytes 42-1233/*,42,1233,-1,1192",
        "bytes */1234,-1,-1,1234,0",
        "bytes */0,-1,-1,0,0",
        "bytes 0-0/1,0,0,1,1",
        "bytes 0-9223372036854775805/9223372036854775806,0,9223372036854775805,9223372036854775806,9223372036854775806"
    })
    @DisplayName("R9110-058 valid ranges")
    void valid(String value, long first, long last, long completeLength, long length) {
        ContentRange range = ContentRange.parse(value);
        assertThat(range)
                .isEqualTo(new ContentRange(first, last, completeLength))
                .hasToString(value);
        assertThat(range.length()).isEqualTo(length);
        assertThat(range.isUnsatisfied()).isEqualTo(first < 0);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "bytes",
                "bytes ",
                "items 0-9/100",
                "bytes 5-4/10",
                "bytes 0-9/9",
                "bytes 0-9/5",
                "bytes 0-/10",
                "bytes -9/10",
                "bytes 0-9",
                "bytes 0-9/",
                "bytes */*",
                "bytes *",
                "bytes=0-9/10",
                "bytes  0-9/10",
                "bytes 0-9/10x",
                "bytes 0 - 9/10",
                "bytes +0-9/10",
                "bytes 0-9/10, bytes 0-9/10",
                "bytes 0-9/99999999999999999999",
                "bytes 0-99999999999999999999/*",
                "bytes 9223372036854775807-9223372036854775807/*"
            })
    @DisplayName("R9110-058, R9111-033 invalid ranges and other units")
    @Tag("R9110-058")
    void invalid(String value) {
        assertThat(ContentRange.parse(value)).isNull();
        assertThat(ContentRange.parse(null)).isNull();
    }

    @Test
    void cannotBeMadeInvalid() {
        assertThat(ContentRange.unsatisfied(10)).hasToString("bytes */10");
        assertThatThrownBy(() -> new ContentRange(5, 4, 10)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new ContentRange(0, 9, 9)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new ContentRange(-1, 4, 10)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ContentRange.unsatisfied(-1)).isInstanceOf(IllegalArgumentException.class);
    }
}
