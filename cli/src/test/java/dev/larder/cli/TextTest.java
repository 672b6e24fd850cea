package dev.larder.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class TextTest {
    @Test
    void harmlessTextStaysAsItIs() {
        for (String text : List.of("", "plain", "Grüße, 日本 \ud83d\ude00", "back\\slash \"quoted\"")) {
            assertThat(Text.safe(text)).isSameAs(text);
        }
    }

    @Test
    void harmfulTextIsEscaped() {
        assertThat(Text.safe("a\nb\tc\0")).isEqualTo("a\\x0ab\\x09c\\x00");
        assertThat(Text.safe("\u001b[1m\u009b\u007f")).isEqualTo("\\x1b[1m\\x9b\\x7f");
        assertThat(Text.safe("\u202e\u2066\u200f\u2028\ufeff")).isEqualTo("\\u202e\\u2066\\u200f\\u2028\\ufeff");
        assertThat(Text.safe("\ud83d!\ude00")).isEqualTo("\\ud83d!\\ude00");
        // U+E0001, a tag character, is invisible.
        assertThat(Text.safe("\udb40\udc01")).isEqualTo("\\udb40\\udc01");
    }

    @Test
    void jsonOfHarmfulTextIsValidAndPlain() {
        String text = "\"\\\n\u001b\u009b\u2028\ud83d \ud83d\ude00 ü";
        String json = new Json().beginArray().value(text).endArray().toString();
        assertThat(JsonReader.read(json)).isEqualTo(List.of(text));
        assertThat(Text.safe(json.replace("\n", ""))).isEqualTo(json.replace("\n", ""));
    }

    @ParameterizedTest
    @CsvSource({"0, 0 B", "1023, 1023 B", "1024, 1.0 KiB", "1048575, 1.0 MiB", "1572864, 1.5 MiB"})
    void bytes(long bytes, String text) {
        assertThat(Text.bytes(bytes)).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"59, 59 s", "60, 1 min", "3601, 1 h", "12000, 3 h 20 min", "90000, 1 d 1 h", "-5, -5 s"})
    void durations(long seconds, String text) {
        assertThat(Text.duration(Duration.ofSeconds(seconds))).isEqualTo(text);
    }

    @ParameterizedTest
    @CsvSource({"90, PT90S", "90s, PT90S", "500ms, PT0.5S", "10m, PT10M", "2h, PT2H", "1d, PT24H", "1w, PT168H"})
    void readsDurations(String text, Duration duration) {
        assertThat(new Durations().convert(text)).isEqualTo(duration);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "s", "0", "-1s", "1.5h", "1y", "99999999999999999999s", "9223372036854775807d", "1 h"})
    void refusesOtherDurations(String text) {
        assertThatThrownBy(() -> new Durations().convert(text))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageContaining("is no duration");
    }

    @Test
    void wrapsAtSpaces() {
        assertThat(Table.wrap("one two three", 7)).containsExactly("one two", "three");
        assertThat(Table.wrap("unbreakable", 4)).containsExactly("unbr", "eaka", "ble");
        assertThat(Table.wrap("", 4)).containsExactly("");
    }
}
