package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.policy.CachePolicy;
import dev.larder.rules.Reason;
import dev.larder.testkit.Reply;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** RFC 5861 3: stale at once, and asked for in the background. */
final class StaleWhileRevalidateTest extends CacheScenario {
    private static final String BOTH = "max-age=10, stale-while-revalidate=30";

    @Test
    @Tag("R5861-001")
    @Tag("R5861-002")
    @Tag("R5861-008")
    @Tag("R5861-009")
    @Tag("R9211-005")
    void manyRequestsAreServedStaleAndOneAsksInTheBackground() throws Exception {
        policy(policy().cacheStatus(true));
        CountDownLatch gate = new CountDownLatch(1);
        given(
                "/a",
                ok("1", "Cache-Control", BOTH),
                ok("2", "Cache-Control", BOTH).hold(gate));
        get("/a").assertStored();
        advance(15);
        assertAsked(1, "/a");
        for (int i = 0; i < 20; i++) {
            Exchange stale = get("/a").assertStale("1").assertBecause(Reason.STALE_WHILE_REVALIDATE);
            stale.assertField("Age", "15");
            assertThat(stale.field("Cache-Status"))
                    .contains("; hit")
                    .contains("ttl=-5")
                    .doesNotContain("fwd");
        }
        origin.awaitRequests("/a", 2, Duration.ofSeconds(30));
        gate.countDown();
        Exchange refreshed = get("/a");
        while (!refreshed.body().equals("2")) {
            Thread.onSpinWait();
            refreshed = get("/a");
        }
        assertAsked(2, "/a");
    }

    @Test
    @Tag("R5861-003")
    void afterTheWindowTheOriginIsAskedFirst() throws Exception {
        given("/a", ok("1", "Cache-Control", BOTH), ok("2", "Cache-Control", BOTH));
        get("/a").assertStored();
        advance(41);
        get("/a").assertMiss("2").assertBecause(Reason.STALE);
    }

    @Test
    @Tag("R5861-004")
    @Tag("R9111-129")
    @Tag("R9111-145")
    @Tag("Q13")
    void neverAgainstWhatForbidsStaleUse() throws Exception {
        for (boolean shared : new boolean[] {false, true}) {
            for (String directive : new String[] {"must-revalidate", "no-cache", "proxy-revalidate", "s-maxage=10"}) {
                policy(shared ? CachePolicy.sharedCache() : CachePolicy.privateCache());
                String path = "/" + shared + directive.length();
                given(path, ok("1", "Cache-Control", BOTH + ", stale-if-error=30, " + directive), Reply.status(503));
                get(path).assertStored();
                advance(15);
                boolean forbidden = shared || directive.equals("must-revalidate") || directive.equals("no-cache");
                Exchange second = get(path);
                assertThat(second.response().statusCode()).as(path).isEqualTo(forbidden ? 503 : 200);
            }
        }
    }
}
