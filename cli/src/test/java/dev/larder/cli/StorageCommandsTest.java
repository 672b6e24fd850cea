package dev.larder.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.http.HttpFields;
import dev.larder.http.TargetUri;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.EntryIds;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.Storage;
import dev.larder.storage.file.FileStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StorageCommandsTest {
    private static final String EVIL = "x\u001b[31m\u009b2J\u202egpj\u2066\u007f\u00ad\"\\";

    @TempDir
    Path directory;

    private String storage;

    @BeforeEach
    void name() {
        storage = "--storage=file:" + directory;
    }

    private String store(String url, String body, Set<String> tags, String... fields) throws IOException {
        String id = EntryIds.next();
        long now = System.currentTimeMillis();
        StoredResponse head = StoredResponse.builder()
                .id(id)
                .key(url)
                .method("GET")
                .uri(TargetUri.parse(url))
                .status(200)
                .fields(HttpFields.of(fields))
                .times(now, now)
                .createdAt(now)
                .tags(tags)
                .build();
        try (Storage files = FileStorage.at(directory);
                EntryWriter writer = files.create(head)) {
            writer.write(ByteBuffer.wrap(body.getBytes(StandardCharsets.UTF_8)));
            assertThat(writer.commit(List.of())).isTrue();
        }
        return id;
    }

    private String store(String url) throws IOException {
        return store(url, "body of " + url, Set.of(), "Cache-Control", "max-age=3600");
    }

    @Test
    void lsListsAndFilters() throws IOException {
        String one = store("http://a.example/1");
        String two = store("http://b.example/2", "x", Set.of("t"), "Cache-Control", "no-cache");
        Run all = Run.of("ls", storage);
        assertThat(all.code()).isZero();
        assertThat(all.err()).isEmpty();
        assertThat(all.out())
                .contains(one, two, "http://a.example/1", "http://b.example/2", "fresh 59 min", "validate");
        assertThat(Run.of("ls", storage, "--prefix=http://a.").out())
                .contains(one)
                .doesNotContain(two);
        assertThat(Run.of("ls", storage, "--tag=t").out()).contains(two).doesNotContain(one);
        List<Map<String, Object>> json =
                JsonReader.readObjects(Run.of("ls", storage, "--json").out());
        assertThat(json).extracting(entry -> entry.get("id")).containsExactlyInAnyOrder(one, two);
        assertThat(json).extracting(entry -> entry.get("tags")).contains(List.of("t"));
    }

    @Test
    void emptyStorages() {
        Run ls = Run.of("ls", storage);
        assertThat(ls.code()).isZero();
        assertThat(ls.out()).isEmpty();
        assertThat(ls.err()).contains("nothing is stored");
        assertThat(JsonReader.readObjects(Run.of("ls", storage, "--json").out()))
                .isEmpty();
        assertThat(JsonReader.readObject(Run.of("stats", storage, "--json").out()))
                .containsEntry("entries", 0L);
        assertThat(Run.of("stats", "--storage=memory:").out()).contains("entries         0 of at most 128");
        assertThat(Run.of("rm", storage, "--all").out()).isEqualTo("removed 0 entries\n");
        for (String[] args : new String[][] {
            {"show", storage, "http://a.example/"},
            {"show", storage, "0123"},
            {"rm", storage, "http://a.example/"},
            {"rm", storage, "0123"},
            {"rm", storage, "--prefix=http:"},
            {"rm", storage, "--tag=t"}
        }) {
            Run run = Run.of(args);
            assertThat(run.code()).as(String.join(" ", args)).isEqualTo(5);
            assertThat(run.out()).isEmpty();
            GetCommandTest.assertOneLine(run.err());
        }
    }

    @Test
    void aMissingDirectoryIsNotMade() {
        Path missing = directory.resolve("missing");
        for (String command : List.of("ls", "stats")) {
            Run run = Run.of(command, "--storage=file:" + missing);
            assertThat(run.code()).isEqualTo(4);
            GetCommandTest.assertOneLine(run.err());
        }
        assertThat(missing).doesNotExist();
    }

    @Test
    void showPrintsOneEntryByIdOrUrl() throws IOException {
        String id =
                store("http://a.example/1", "the body", Set.of("red"), "Cache-Control", "max-age=60", "ETag", "\"e\"");
        store("http://a.example/2");
        for (String what : List.of(id, "http://a.example/1", "HTTP://A.example:80/1")) {
            Run run = Run.of("show", storage, what);
            assertThat(run.code()).as(run.err()).isZero();
            assertThat(run.out())
                    .contains("GET http://a.example/1\n", id, "8 B", "max-age 60 s", "red", "ETag: \"e\"")
                    .doesNotContain("example/2");
        }
        assertThat(Run.of("show", storage, "--body", id).out()).isEqualTo("the body");
        Map<String, Object> json = JsonReader.readObjects(
                        Run.of("show", storage, "--json", id).out())
                .get(0);
        assertThat(json)
                .containsEntry("id", id)
                .containsEntry("url", "http://a.example/1")
                .containsEntry("bodyBytes", 8L)
                .containsEntry("lifetimeSeconds", 60L)
                .containsEntry("fresh", true)
                .containsEntry(
                        "fields",
                        List.of(
                                Map.of("name", "Cache-Control", "value", "max-age=60"),
                                Map.of("name", "ETag", "value", "\"e\"")));
    }

    @Test
    void rmRemovesWhatItIsTold() throws IOException {
        String one = store("http://a.example/1");
        store("http://a.example/2");
        store("http://a.example/3/x", "x", Set.of("t"), "Cache-Control", "max-age=60");
        store("http://a.example/3/y");
        store("http://a.example/4");
        assertThat(Run.of("rm", storage, one).out()).isEqualTo("removed 1 entry\n");
        assertThat(Run.of("rm", storage, "http://a.example/2").code()).isZero();
        assertThat(JsonReader.readObject(
                        Run.of("rm", storage, "--tag=t", "--json").out()))
                .containsEntry("removed", 1L);
        assertThat(Run.of("rm", storage, "--prefix=http://a.example/3/").code()).isZero();
        assertThat(JsonReader.readObjects(Run.of("ls", storage, "--json").out()))
                .hasSize(1);
        assertThat(Run.of("rm", storage, "--all").out()).isEqualTo("removed 1 entry\n");
        assertThat(JsonReader.readObjects(Run.of("ls", storage, "--json").out()))
                .isEmpty();
    }

    @Test
    void statsCounts() throws IOException {
        store("http://a.example/1", "12345", Set.of(), "Cache-Control", "max-age=60");
        store("http://b.example/1", "1234567", Set.of(), "Cache-Control", "max-age=0");
        Run run = Run.of("stats", storage);
        assertThat(run.out()).contains("12 B", "http://a.example", "http://b.example");
        assertThat(JsonReader.readObject(Run.of("stats", storage, "--json").out()))
                .containsEntry("entries", 2L)
                .containsEntry("fresh", 1L)
                .containsEntry("stale", 1L)
                .containsEntry("bodyBytes", 12L);
    }

    @Test
    void storedTextCannotHarmATerminal() throws IOException {
        String id = store("http://a.example/1", "x", Set.of(EVIL), "ETag", EVIL, "Vary", EVIL);
        for (String[] args : new String[][] {
            {"ls", storage},
            {"show", storage, id},
            {"stats", storage},
            {"ls", storage, "--json"},
            {"show", storage, id, "--json"},
            {"show", storage, EVIL},
            {"get", storage, "http://" + EVIL},
            {EVIL},
            {"get", "--" + EVIL},
            {"get", "--storage", EVIL, "http://a.example/1"}
        }) {
            Run run = Run.of(args);
            String all = run.out() + run.err();
            assertThat(all.chars().filter(c -> c != '\n' && Text.isHarmful(String.valueOf((char) c), 0)))
                    .as(all)
                    .isEmpty();
        }
        assertThat(Run.of("show", storage, id).out()).contains("x\\x1b[31m\\x9b2J\\u202egpj\\u2066\\x7f\\xad\"\\");
        Map<String, Object> json = JsonReader.readObjects(
                        Run.of("show", storage, "--json", id).out())
                .get(0);
        assertThat(json).containsEntry("tags", List.of(EVIL));
    }

    @Test
    void aDamagedEntryIsReportedAndTheRestIsListed() throws IOException {
        store("http://a.example/1");
        store("http://a.example/2");
        Path damaged;
        try (Stream<Path> files = Files.walk(directory.resolve("entries"))) {
            damaged = files.filter(Files::isRegularFile).findFirst().orElseThrow();
        }
        Files.write(damaged, new byte[] {1, 2, 3});
        Run run = Run.of("ls", storage);
        assertThat(run.code()).isZero();
        assertThat(run.out().lines()).hasSize(2);
        assertThat(run.err()).startsWith("larder: warning: removed a damaged entry: ");
        GetCommandTest.assertOneLine(run.err());
    }
}
