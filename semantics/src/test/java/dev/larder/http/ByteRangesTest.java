package dev.larder.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteRangesTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "bytes=0-0|bytes 0-0/10",
                "bytes=0-499|bytes 0-9/10",
                "bytes=5-|bytes 5-9/10",
                "bytes=-5|bytes 5-9/10",
                "bytes=-50|bytes 0-9/10",
                "BYTES=9-9|bytes 9-9/10",
                "bytes=,0-1 ,, 8-|bytes 0-1/10, bytes 8-9/10",
                "bytes=8-, 0-1, 0-1|bytes 8-9/10, bytes 0-1/10, bytes 0-1/10",
                "bytes=0-1, 10-|bytes 0-1/10",
                "bytes=0-99999999999999999999999|bytes 0-9/10",
                "bytes=-99999999999999999999999|bytes 0-9/10"
            })
    @DisplayName("R9110-053, R9110-057 satisfiable ranges, clipped")
    void satisfiable(String value, String ranges) {
        assertThat(ByteRanges.parse(value).resolve(10)).hasToString("[" + ranges + "]");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bytes=10-",
                "bytes=10-20",
                "bytes=-0",
                "bytes=99999999999999999999999-",
                "bytes=9223372036854775807-"
            })
    @DisplayName("R9110-057 unsatisfiable ranges")
    void unsatisfiable(String value) {
        assertThat(ByteRanges.parse(value).resolve(10)).isEmpty();
        assertThat(ByteRanges.parse("bytes=0-,-1").resolve(0)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "bytes",
                "bytes=",
                "bytes=,",
                "bytes=-",
                "bytes=a-b",
                "bytes=5",
                "bytes=5-4",
                "bytes=1-2-3",
                "bytes=--1",
                "bytes=+1-2",
                "bytes = 0-1",
                "bytes=0 - 1",
                "bytes=0-1;2-3",
                "items=0-1",
                "bytes 0-1",
                "bytes=0-1 2-3",
                "bytes=0-1, x",
                "bytes=0x0-0x1"
            })
    @DisplayName("R9110-053 what is invalid or of another unit is ignored")
    void invalid(String value) {
        assertThat(ByteRanges.parse(value)).isNull();
        assertThat(ByteRanges.parse(null)).isNull();
    }

    @Test
    @DisplayName("R9110-055 too many ranges are ignored")
    @Tag("R9110-055")
    void abusive() {
        String many = "bytes=" + "0-0,".repeat(ByteRanges.MAX_RANGES);
        assertThat(ByteRanges.parse(many).specs()).hasSize(ByteRanges.MAX_RANGES);
        assertThat(ByteRanges.parse(many + "0-0")).isNull();
    }

    @Test
    void writesWhatWasAsked() {
        assertThat(ByteRanges.parse("Bytes= 1-2,3- ,-4")).hasToString("bytes=1-2, 3-, -4");
        assertThat(ByteRanges.parse("bytes=5-").specs()).containsExactly(new ByteRanges.Spec(5, ByteRanges.Spec.OPEN));
        assertThat(ByteRanges.parse("bytes=-5").specs())
                .containsExactly(new ByteRanges.Spec(ByteRanges.Spec.SUFFIX, 5));
    }
}
