package dev.larder.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs every example and compares what it prints. */
@Timeout(60)
class ExamplesTest {
    @Test
    void theJdksClient() throws Exception {
        assertEquals(List.of("answer 1 MISS", "answer 1 HIT", "answer 1 HIT"), printed(JdkClientExample::main));
    }

    @Test
    void okHttpAndRetrofit() throws Exception {
        assertEquals(
                List.of("answer 1 MISS", "answer 1 HIT", "answer 2 MISS", "answer 3 MISS", "answer 3 HIT"),
                printed(OkHttpExample::main));
    }

    @Test
    void apacheClassicAndAsync() throws Exception {
        assertEquals(
                List.of("classic: answer 1 MISS", "classic: answer 1 HIT", "async: answer 1 HIT"),
                printed(ApacheExample::main));
    }

    @Test
    void springsClientsAndAnHttpInterface() throws Exception {
        assertEquals(
                List.of("MISS answer 1", "HIT answer 1", "HIT answer 1", "answer 2", "answer 2"),
                printed(SpringExample::main));
    }

    @Test
    void whatOkHttpStoredAnswersAllOthers() throws Exception {
        assertEquals(
                List.of(
                        "OkHttp: answer 1 MISS",
                        "Apache: answer 1 HIT",
                        "Spring: answer 1 HIT",
                        "JDK: answer 1 HIT",
                        "requests to the origin: 1"),
                printed(OneCacheManyClientsExample::main));
    }

    @Test
    void storagesBySpec() throws Exception {
        assertEquals(
                List.of("memory: HIT of 1", "caffeine: HIT of 1", "file: HIT of 1", "sqlite: HIT of 1"),
                printed(StorageSpecExample::main));
    }

    @Test
    void memoryInFrontOfFiles() throws Exception {
        assertEquals(
                List.of(
                        "start 1: answer 1 MISS",
                        "start 1: answer 1 HIT",
                        "in memory: 1",
                        "start 2: answer 1 HIT",
                        "start 2: answer 1 HIT",
                        "in memory: 1"),
                printed(TieredExample::main));
    }

    @Test
    void encryptedAtRest() throws Exception {
        assertEquals(
                List.of(
                        "plain: HIT, the URL can be read in a file: true",
                        "encrypted: HIT, the URL can be read in a file: false"),
                printed(EncryptedExample::main));
    }

    @Test
    void controlsAndInvalidation() throws Exception {
        assertEquals(
                List.of(
                        "/users/42 answer 1 MISS",
                        "/users/42 answer 1 HIT",
                        "removed by tag: 1",
                        "/users/42 answer 2 MISS",
                        "removed by URI: 1",
                        "/users/42 answer 3 MISS",
                        "/users/42 answer 5 MISS",
                        "/live/rates answer 6 MISS",
                        "/live/rates answer 6 HIT",
                        "/users/42 answer 7 BYPASSED",
                        "/users/42 answer 8 MISS"),
                printed(ControlsExample::main));
    }

    @FunctionalInterface
    private interface Example {
        void main(String... args) throws Exception;
    }

    private static List<String> printed(Example example) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream before = System.out;
        System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        try {
            example.main();
        } finally {
            System.setOut(before);
        }
        return bytes.toString(StandardCharsets.UTF_8).lines().toList();
    }
}
