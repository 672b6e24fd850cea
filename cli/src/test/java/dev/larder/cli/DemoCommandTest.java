package dev.larder.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class DemoCommandTest {
    @Test
    void everyRowComesOutAsItShould() {
        Run run = Run.of("demo");
        assertThat(run.err()).isEmpty();
        assertThat(run.code()).isZero();
        assertThat(run.out())
                .contains("Cache-Status", " miss ", " hit ", " revalidated ", " invalidated ", " stale ", "RFC 5861")
                .contains("Every row came out as it should.")
                .doesNotContain("\u001b");
    }

    @Test
    void aNarrowTerminalGetsColoursAndShortLines() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = new Console(new ByteArrayInputStream(new byte[0]), out, err, true, true, 100, true);
        assertThat(Main.run(console, "demo")).isZero();
        String text = out.toString(StandardCharsets.UTF_8);
        assertThat(text).contains(Colour.GREEN.code() + "hit" + Colour.RESET);
        assertThat(text.replaceAll("\u001b\\[[0-9]*m", "").lines()).allMatch(line -> line.length() <= 100);
    }
}
