package dev.larder.storage.s3;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.testkit.GeneratedBody;
import dev.larder.testkit.Reply;
import dev.larder.testkit.ScriptedOrigin;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Memory stays constant however long a body is. The length in MiB can be set by the system property {@code
 * larder.test.bigBody}.
 */
class S3BigBodyTest {
    private static final long LENGTH = Long.getLong("larder.test.bigBody", 256) << 20;

    @TempDir
    Path directory;

    /** The blocking side waits for the asynchronous one, so a quarter has to do for it. */
    @ParameterizedTest(name = "async {0}")
    @ValueSource(booleans = {false, true})
    @Timeout(300)
    void aBodyLargerThanTheHeapPassesThroughAMissAndAHit(boolean async) throws Exception {
        long length = async ? LENGTH : LENGTH / 4;
        try (S3Server server = S3Server.in(directory);
                ScriptedOrigin origin = ScriptedOrigin.start()) {
            origin.on("/a")
                    .reply(Reply.ok().body(new GeneratedBody(length, 11)).field("Cache-Control", "max-age=86400"));
            Process child = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Xmx64m",
                            "-Daws.accessKeyId=" + S3Server.ACCESS_KEY,
                            "-Daws.secretAccessKey=" + S3Server.SECRET_KEY,
                            "-cp",
                            System.getProperty("java.class.path"),
                            S3BigBody.class.getName(),
                            server.endpoint().toString(),
                            origin.uri("/a").toString(),
                            Long.toString(length),
                            Boolean.toString(async))
                    .redirectErrorStream(true)
                    .start();
            String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(child.waitFor(10, TimeUnit.SECONDS)).isTrue();
            assertThat(output)
                    .matches("(?s)MISS true in \\d+ ms\\RHIT true in \\d+ ms\\R")
                    .doesNotContain("OutOfMemory");
            assertThat(origin.count()).isEqualTo(1);
            System.out.println(
                    (async ? "async" : "blocking") + ", " + (length >> 20) + " MiB: " + output.replaceAll("\\R", ", "));
        }
    }
}
