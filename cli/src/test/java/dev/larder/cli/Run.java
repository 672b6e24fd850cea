package dev.larder.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What a run of the command left behind. */
record Run(int code, byte[] bytes, String err) {
    /** Runs a command in this process. */
    static Run of(String... args) {
        return withInput("", args);
    }

    static Run withInput(String in, String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        InputStream input = new ByteArrayInputStream(in.getBytes(StandardCharsets.UTF_8));
        int code = Main.run(Console.plain(input, out, err), args);
        return new Run(code, out.toByteArray(), err.toString(StandardCharsets.UTF_8));
    }

    /** Starts a command in a process of its own. */
    static Process start(String... args) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Xmx64m",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.larder.cli.Main"));
        command.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command);
        // It would make the JVM say so on standard error.
        builder.environment().remove("JAVA_TOOL_OPTIONS");
        return builder.start();
    }

    /** Runs a command in a process of its own. */
    static Run inProcess(String... args) throws IOException, InterruptedException {
        Process process = start(args);
        byte[] out = process.getInputStream().readAllBytes();
        String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("larder did not end: " + String.join(" ", args));
        }
        return new Run(process.exitValue(), out, err);
    }

    String out() {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
