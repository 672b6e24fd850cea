package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.rules.Reason;
import dev.larder.testkit.Reply;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** RFC 9111 4.2.4 and RFC 5861: when something stale is better than nothing. */
final class StaleUseTest extends CacheScenario {
    @Test
    @Tag("R5861-005")
    void staleIfErrorStandsInForAServerError() throws Exception {
        given(
                "/a",
                ok("1", "Cache-Control", "max-age=1, stale-if-error=60"),
                Reply.status(503).body("down"));
        get("/a");
        advance(60);
        get("/a")
                .assertStale("1")
                .assertStatus(200)
                .assertBecause(Reason.STALE_IF_ERROR)
                .assertField("Age", "60");
        advance(2);
        get("/a").assertMiss("down").assertStatus(503);
    }

    @Test
    @Tag("R5861-005")
    @Tag("R9111-081")
    void staleIfErrorStandsInForEachServerErrorAndNoOther() throws Exception {
        for (int status : new int[] {500, 502, 503, 504}) {
            given(
                    "/" + status,
                    ok("1", "Cache-Control", "max-age=1, stale-if-error=60"),
                    Reply.status(status).body("x"));
            get("/" + status);
            advance(2);
            get("/" + status).assertStale("1");
        }
        for (int status : new int[] {400, 404, 501, 505}) {
            given(
                    "/" + status,
                    ok("1", "Cache-Control", "max-age=1, stale-if-error=60"),
                    Reply.status(status).body("x"));
            get("/" + status);
            advance(2);
            get("/" + status).assertMiss("x").assertStatus(status);
        }
    }

    @Test
    @Tag("R5861-005")
    void staleIfErrorStandsInForAnOriginThatCannotBeReached() throws Exception {
        given("/a", ok("1", "Cache-Control", "max-age=1, stale-if-error=60"));
        get("/a");
        advance(2);
        origin.stopAccepting();
        get("/a").assertStale("1");
        advance(60);
        assertThatThrownBy(() -> get("/a")).isInstanceOf(IOException.class);
        origin.resume();
        get("/a").assertMiss("1");
    }

    @Test
    @Tag("R5861-007")
    void thePolicyGivesTheWindowWhereTheResponseHasNone() throws Exception {
        policy(policy().staleIfError(Duration.ofSeconds(60)));
        given("/a", fresh("1", 1), Reply.status(500));
        given("/none", ok("1", "Cache-Control", "max-age=1, stale-if-error=0"), Reply.status(500));
        given("/must", ok("1", "Cache-Control", "max-age=1, must-revalidate"), Reply.status(500));
        get("/a");
        get("/none");
        get("/must");
        advance(30);
        get("/a").assertStale("1");
        get("/none").assertMiss("").assertStatus(500);
        get("/must").assertMiss("").assertStatus(500);
    }

    @Test
    @Tag("R5861-006")
    void theRequestMayBringAWindow() throws Exception {
        given("/a", fresh("1", 1), Reply.status(500));
        get("/a");
        advance(30);
        get("/a", "Cache-Control", "stale-if-error=60").assertStale("1");
        get("/a").assertMiss("").assertStatus(500);
    }

    @Test
    @Tag("Q12")
    void staleWhenDisconnectedIsForOriginsThatCannotBeReached() throws Exception {
        policy(policy().staleWhenDisconnected(Duration.ofHours(1)));
        given("/a", fresh("1", 1), Reply.status(500));
        given("/must", ok("1", "Cache-Control", "max-age=1, must-revalidate"));
        get("/a");
        get("/must");
        advance(30);
        get("/a").assertMiss("").assertStatus(500);
        origin.stopAccepting();
        get("/a").assertStale("1").assertBecause(Reason.STALE_DISCONNECTED);
        assertThatThrownBy(() -> get("/must")).isInstanceOf(IOException.class);
        advance(3600);
        assertThatThrownBy(() -> get("/a")).isInstanceOf(IOException.class);
    }

    @Test
    void freshResponsesNeedNoOrigin() throws Exception {
        given("/a", fresh("1", 60));
        get("/a");
        origin.stopAccepting();
        get("/a").assertHit("1");
    }

    @Test
    void aConnectionThatIsCutBeforeTheHeadIsAFailure() throws Exception {
        given("/a", ok("1", "Cache-Control", "max-age=1, stale-if-error=60"), Reply.resetConnection());
        get("/a");
        advance(2);
        get("/a").assertStale("1");
    }
}
