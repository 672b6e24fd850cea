package dev.larder.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.http.HttpFields;
import dev.larder.http.TargetUri;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.EntryIds;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.Storage;
import dev.larder.storage.StorageSpec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CopyAndVerifyCommandTest {
    @TempDir
    Path directory;

    private String files;
    private String database;

    @BeforeEach
    void name() {
        files = "file:" + directory.resolve("files");
        database = "sqlite:" + directory.resolve("cache.db");
    }

    private static void store(String spec, String... urls) throws IOException {
        long now = System.currentTimeMillis();
        try (Storage storage = StorageSpec.parse(spec).open()) {
            for (String url : urls) {
                StoredResponse head = StoredResponse.builder()
                        .id(EntryIds.next())
                        .key(url)
                        .method("GET")
                        .uri(TargetUri.parse(url))
                        .status(200)
                        .fields(HttpFields.of("Cache-Control", "max-age=3600"))
                        .times(now, now)
                        .createdAt(now)
                        .build();
                try (EntryWriter writer = storage.create(head)) {
                    writer.write(ByteBuffer.wrap(("body of " + url).getBytes(StandardCharsets.UTF_8)));
                    assertThat(writer.commit(List.of())).isTrue();
                }
            }
        }
    }

    private void damageOne() throws IOException {
        try (Stream<Path> all = Files.walk(directory.resolve("files/entries"))) {
            Path one = all.filter(Files::isRegularFile).findFirst().orElseThrow();
            Files.write(one, new byte[] {1, 2, 3});
        }
    }

    @Test
    void copyGoesFromOneKindToAnotherAndGoesOnWhereItStopped() throws IOException {
        store(files, "http://a.example/1", "http://a.example/2");
        Run first = Run.of("copy", "--from", files, "--to", database);
        assertThat(first.code()).isZero();
        assertThat(first.err()).isEmpty();
        assertThat(first.out()).startsWith("copied 2 entries, ");
        assertThat(Run.of("show", "--storage", database, "--body", "http://a.example/2")
                        .out())
                .isEqualTo("body of http://a.example/2");

        store(files, "http://a.example/3");
        Run again = Run.of("copy", "--from", files, "--to", database, "--json");
        assertThat(again.out()).contains("\"copied\": 1", "\"present\": 2", "\"lost\": 0", "\"refused\": 0");
    }

    @Test
    void copyThatMissesAnEntryDoesNotEndWell() throws IOException {
        store(files, "http://a.example/1", "http://a.example/2");
        damageOne();
        Run run = Run.of("copy", "--from", files, "--to", database);
        assertThat(run.code()).isEqualTo(4);
        assertThat(run.out()).startsWith("copied 1 entry, ");
        assertThat(run.err()).endsWith("larder: 1 entry gone or damaged meanwhile, and not copied\n");
        assertThat(Run.of("copy", "--from", files, "--to", database).code()).isZero();
    }

    @Test
    void copyChangesTheSerializer() throws IOException {
        store(files, "http://a.example/1");
        String json = "file:" + directory.resolve("json") + "?serializer=json";
        assertThat(Run.of("copy", "--from", files, "--to", json).code()).isZero();
        assertThat(Run.of("verify", json).out()).startsWith("1 entry sound, ");
    }

    @Test
    void verifyReportsWhatIsDamagedAndRemovesItWhenTold() throws IOException {
        store(files, "http://a.example/1", "http://a.example/2");
        assertThat(Run.of("verify", files).code()).isZero();
        damageOne();
        for (int i = 0; i < 2; i++) {
            Run run = Run.of("verify", files);
            assertThat(run.code()).isEqualTo(4);
            assertThat(run.out()).startsWith("1 entry sound, ").contains("damaged: ");
            assertThat(run.err()).isEqualTo("larder: 1 entry damaged; --remove removes what is\n");
        }
        Run run = Run.of("verify", files, "--remove");
        assertThat(run.code()).isEqualTo(4);
        assertThat(run.out()).startsWith("1 entry sound, ").contains("damaged: ");
        assertThat(run.err()).isEqualTo("larder: 1 entry damaged, and removed\n");
        assertThat(Run.of("verify", files).code()).isZero();
    }

    @Test
    void aTypingMistakeMakesNoStorageToReadFrom() {
        for (Run run : List.of(
                Run.of("verify", database),
                Run.of("copy", "--from", database, "--to", files),
                Run.of("ls", "--storage", database))) {
            assertThat(run.code()).isEqualTo(4);
            assertThat(run.err()).startsWith("larder: there is no storage at ");
        }
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void whatASpecGetsWrongIsNamed() {
        assertThat(Run.of("verify", "nowhere:x").err())
                .startsWith("larder: storage scheme 'nowhere' is not known here");
        Run option = Run.of("ls", "--storage", "memory:?maxBites=1");
        assertThat(option.code()).isEqualTo(2);
        assertThat(option.err()).isEqualTo("larder: storage 'memory:' has no option [maxBites]\n");
    }
}
