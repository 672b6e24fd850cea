package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Memory stays constant however long a body is. The length in MiB can be set by the system property
 * {@code larder.test.bigBody}.
 */
final class BigBodyTest {
    private static final long LENGTH = Long.getLong("larder.test.bigBody", 256) << 20;

    @TempDir
    Path directory;

    @ParameterizedTest(name = "async {0}")
    @ValueSource(booleans = {false, true})
    @Timeout(300)
    void aBodyLargerThanTheHeapPassesThroughAMissAndAHit(boolean async) throws Exception {
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-XX:MaxDirectMemorySize=32m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        BigBody.class.getName(),
                        directory.resolve("cache").toString(),
                        Long.toString(LENGTH),
                        Boolean.toString(async))
                .redirectErrorStream(true)
                .start();
        String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(child.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(output)
                .matches("(?s)MISS true in \\d+ ms\\RHIT true in \\d+ ms\\Rrequests 1\\R")
                .doesNotContain("OutOfMemory");
        System.out.println(
                (async ? "async" : "blocking") + ", " + (LENGTH >> 20) + " MiB: " + output.replaceAll("\\R", ", "));
    }
}
