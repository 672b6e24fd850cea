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
}
