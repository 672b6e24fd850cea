package dev.larder.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The public suite against every client, mode and storage, a few at a time since most of it is waiting. What is expected of
 * it stands in expected-*.txt.
 */
@Execution(ExecutionMode.CONCURRENT)
class ConformanceIT {
    private static final int OLDEST_NODE = 18;
    /** The exit code of run.mjs when there is no suite to run. */
    private static final int CANNOT_RUN = 3;

    @BeforeAll
    static void needsNode() throws Exception {
        String version;
        try {
            version = run(List.of("node", "--version")).output().strip();
        } catch (IOException e) {
            skip("node is not on this machine");
            return;
        }
        if (Integer.parseInt(version.replaceAll("^v(\\d+).*", "$1")) < OLDEST_NODE) {
            skip("node " + OLDEST_NODE + " or newer is needed, this is " + version);
        }
    }

    @ParameterizedTest(name = "{0}, {1}, {2} {3}")
    @CsvSource({
        "jdk, private, memory:,",
        "jdk-async, shared, memory:,",
        "jdk-async, private, file:,",
        "jdk, shared, file:,",
        "jdk, private, file:, --restart",
        "jdk, shared, file:, --crash",
        "okhttp, private, memory:,",
        "apache, shared, file:,",
        "apache-async, private, sqlite:,",
        "spring, shared, sqlite:,",
        "webclient, private, memory:,",
    })
    void asExpected(String client, String mode, String storage, String more) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                "node",
                "--no-warnings",
                Path.of("suite", "run.mjs").toString(),
                "--java",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--classpath",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                "--client",
                client,
                "--mode",
                mode,
                "--storage",
                storage));
        if (more != null) {
            command.add(more);
        }
        Ended ended = run(command);
        if (ended.code() == CANNOT_RUN) {
            skip(ended.output().strip());
        }
        System.out.println(summary(ended.output()));
        assertThat(ended.code()).as(ended.output()).isZero();
    }

    private static void skip(String why) {
        System.out.println("CONFORMANCE SUITE SKIPPED: " + why);
        abort(why);
    }

    private static String summary(String output) {
        return output.lines()
                .limit(4)
                .reduce((a, b) -> a + System.lineSeparator() + b)
                .orElse("");
    }

    private record Ended(int code, String output) {}

    private static Ended run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            process.waitFor(5, TimeUnit.MINUTES);
            return new Ended(process.exitValue(), output);
        } finally {
            process.destroy();
        }
    }
}
