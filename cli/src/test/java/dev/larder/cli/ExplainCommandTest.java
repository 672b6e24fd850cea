package dev.larder.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.testkit.Reply;
import dev.larder.testkit.ScriptedOrigin;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExplainCommandTest {
    @TempDir
    Path directory;

    @Test
    void printsTheWholeDecision() {
        try (ScriptedOrigin origin = ScriptedOrigin.start(InstantSource.system())) {
            origin.on("/a").reply(Reply.conditional("\"v\"", "hello", "Cache-Control", "max-age=3600"));
            String storage = "--storage=file:" + directory;
            String url = origin.uri("/a").toString();
            Run miss = Run.of("explain", storage, url);
            assertThat(miss.code()).isZero();
            assertThat(miss.err()).isEmpty();
            assertThat(miss.out())
                    .contains("GET " + url, "200, 5 B", "max-age=3600")
                    .contains("is a stored response selected?", "may the response be stored?", "RFC 9111 3")
                    .contains("Decision: miss", "yes: it has explicit freshness", "none: this response caches well");
            Run hit = Run.of("explain", storage, url);
            assertThat(hit.out()).contains("Decision: hit", "lifetime 3600 s (max-age)", "caches well");
            assertThat(origin.count()).isEqualTo(1);
        }
    }

    @Test
    @SuppressWarnings("unchecked")
    void warnsLikeALinter() {
        try (ScriptedOrigin origin = ScriptedOrigin.start()) {
            origin.on("/bad")
                    .reply(Reply.ok("x")
                            .field("Cache-Control", "public, max_age=60")
                            .field("Vary", "*"));
            Run run = Run.of("explain", "--storage=memory:", origin.uri("/bad").toString());
            assertThat(run.code()).isZero();
            assertThat(run.out()).contains("error", "Vary: *", "max_age is no directive", "no Date", "no validator");
            Map<String, Object> json = JsonReader.readObject(Run.of(
                            "explain",
                            "--json",
                            "--storage=memory:",
                            origin.uri("/bad").toString())
                    .out());
            assertThat(json).containsEntry("result", "miss").containsEntry("stored", false);
            assertThat((List<Object>) json.get("rules")).isNotEmpty();
            assertThat((List<Map<String, Object>>) json.get("findings"))
                    .extracting(finding -> finding.get("section"))
                    .contains("RFC 9111 4.1", "RFC 9111 5.2.3");
        }
    }

    @Test
    void printsTheFieldsThatSpeakToThisCache() {
        try (ScriptedOrigin origin = ScriptedOrigin.start(InstantSource.system())) {
            origin.on("/a")
                    .reply(Reply.ok("hello")
                            .field("Cache-Groups", "\"g\"")
                            .field("Cache-Group-Invalidation", "\"h\"")
                            .field("No-Vary-Search", "key-order")
                            .field("Own-Cache-Control", "max-age=60")
                            .field("X-Other", "o"));
            String url = origin.uri("/a").toString();
            Run plain = Run.of("explain", "--storage=memory:", url);
            assertThat(plain.out())
                    .containsIgnoringCase("cache-groups: \"g\"")
                    .containsIgnoringCase("cache-group-invalidation: \"h\"")
                    .containsIgnoringCase("no-vary-search: key-order")
                    .doesNotContainIgnoringCase("own-cache-control")
                    .doesNotContainIgnoringCase("x-other");
            Run targeted = Run.of("explain", "--storage=memory:", "--targeted=Own-Cache-Control", url);
            assertThat(targeted.out())
                    .containsIgnoringCase("own-cache-control: max-age=60")
                    .contains("yes: it has explicit freshness", "RFC 9213 2.2");
            Run wrong = Run.of("explain", "--storage=memory:", "--targeted=a b", url);
            assertThat(wrong.code()).isEqualTo(ExitCode.USAGE);
            assertThat(wrong.err()).contains("--targeted 'a b' is no field name");
        }
    }

    @Test
    void printsTheContentRange() {
        try (ScriptedOrigin origin = ScriptedOrigin.start(InstantSource.system())) {
            origin.on("/a")
                    .reply(Reply.status(206)
                            .body("he")
                            .field("ETag", "\"1\"")
                            .field("Content-Range", "bytes 0-1/5")
                            .field("Cache-Control", "max-age=60"));
            Run run = Run.of(
                    "explain",
                    "--storage=memory:",
                    "-H",
                    "Range: bytes=0-1",
                    origin.uri("/a").toString());
            assertThat(run.out()).containsIgnoringCase("content-range: bytes 0-1/5");
        }
    }

    @Test
    void guessesALifetimeWhenAskedTo() {
        try (ScriptedOrigin origin = ScriptedOrigin.start(InstantSource.system())) {
            origin.on("/a").reply(Reply.ok("hello").field("Last-Modified", "Thu, 01 Jan 2015 00:00:00 GMT"));
            String storage = "--storage=file:" + directory;
            String url = origin.uri("/a").toString();
            assertThat(Run.of("explain", storage, "--heuristics", url).out()).contains("Decision: miss");
            assertThat(Run.of("explain", storage, "--heuristics", url).out()).contains("Decision: hit");
            assertThat(Run.of("explain", storage, url).out()).doesNotContain("Decision: hit");
        }
    }

    @Test
    void servesStaleResponsesWhereItIsToldTo() {
        try (ScriptedOrigin origin = ScriptedOrigin.start(InstantSource.system())) {
            origin.on("/a")
                    .replies(
                            Reply.ok("hello")
                                    .field("Cache-Control", "max-age=10")
                                    .field("Age", "20")
                                    .field("ETag", "\"1\""),
                            Reply.status(503));
            String storage = "--storage=file:" + directory;
            String url = origin.uri("/a").toString();
            assertThat(Run.of("explain", storage, url).out()).contains("Decision: miss", "yes: ");
            assertThat(Run.of("explain", storage, "--offline", url).out()).contains("Decision: stale");
            assertThat(origin.count()).isEqualTo(1);
            assertThat(Run.of("explain", storage, "--stale-if-error=1h", url).out())
                    .contains("Decision: stale");
            assertThat(origin.count()).isEqualTo(2);
            assertThat(Run.of("explain", storage, "--stale-while-revalidate=1h", url)
                            .out())
                    .contains("Decision: stale", "200, 5 B");
            assertThat(Run.of("explain", storage, url).out()).contains("503, ");
            assertThat(Run.of("explain", "--storage=memory:", "--offline", url).out())
                    .contains("504, ");
        }
    }
}
