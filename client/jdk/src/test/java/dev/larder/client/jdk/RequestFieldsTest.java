package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.rules.Reason;
import dev.larder.testkit.Reply;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** RFC 9111 5.2.1: what a request may ask of the cache. */
final class RequestFieldsTest extends CacheScenario {
    @Test
    @Tag("R9111-122")
    void noCacheValidates() throws Exception {
        given("/a", Reply.conditional("\"1\"", "1", "Cache-Control", "max-age=60"));
        get("/a");
        get("/a", "Cache-Control", "no-cache").assertRevalidated("1");
        get("/a", "Pragma", "no-cache").assertRevalidated("1");
        assertAsked(3, "/a");
    }

    @Test
    @Tag("R9111-123")
    @Tag("Q15")
    void noStoreKeepsTheResponseOutAndWhatIsStoredIn() throws Exception {
        given("/a", fresh("1", 60));
        get("/a", "Cache-Control", "no-store").assertMiss("1").assertNotStored(Reason.REQUEST_NO_STORE);
        get("/a").assertMiss("1").assertStored();
        get("/a", "Cache-Control", "no-store, no-cache").assertMiss("1").assertNotStored(Reason.REQUEST_NO_STORE);
        get("/a").assertHit("1");
    }

    @Test
    @Tag("R9111-118")
    @Tag("R9111-061")
    void maxAgeAsksForSomethingYounger() throws Exception {
        given("/a", fresh("1", 60), fresh("2", 60));
        get("/a");
        advance(10);
        get("/a", "Cache-Control", "max-age=10").assertHit("1");
        get("/a", "Cache-Control", "max-age=9").assertMiss("2").assertBecause(Reason.REQUEST_MAX_AGE);
    }

    @Test
    void maxAgeOfTheRequestMakesNothingFresh() throws Exception {
        given("/a", fresh("1", 1), fresh("2", 60));
        get("/a");
        advance(2);
        get("/a", "Cache-Control", "max-age=3600").assertMiss("2");
    }

    @Test
    @Tag("R9111-121")
    @Tag("R9111-061")
    void minFreshAsksForSomethingThatLastsLonger() throws Exception {
        given("/a", fresh("1", 60), fresh("2", 60));
        get("/a");
        advance(30);
        get("/a", "Cache-Control", "min-fresh=30").assertHit("1");
        get("/a", "Cache-Control", "min-fresh=31").assertMiss("2").assertBecause(Reason.REQUEST_MIN_FRESH);
    }

    @Test
    @Tag("R9111-120")
    void maxStaleAcceptsWhatIsStale() throws Exception {
        given("/a", fresh("1", 60), fresh("2", 60));
        get("/a");
        advance(70);
        get("/a", "Cache-Control", "max-stale=10").assertStale("1").assertBecause(Reason.STALE_ACCEPTED);
        get("/a", "Cache-Control", "max-stale").assertStale("1").assertField("Age", "70");
        get("/a", "Cache-Control", "max-stale=9").assertMiss("2");
    }

    @Test
    @Tag("R9111-129")
    @Tag("Q14")
    void mustRevalidateOverridesMaxStale() throws Exception {
        given("/a", ok("1", "Cache-Control", "max-age=1, must-revalidate"), fresh("2", 60));
        get("/a");
        advance(2);
        get("/a", "Cache-Control", "max-stale").assertMiss("2");
    }

    @Test
    @Tag("R9111-126")
    void onlyIfCachedNeverReachesTheOrigin() throws Exception {
        given("/a", fresh("1", 60));
        get("/a", "Cache-Control", "only-if-cached")
                .assertMiss("")
                .assertStatus(504)
                .assertBecause(Reason.ONLY_IF_CACHED);
        assertAsked(0, "/a");
        get("/a");
        get("/a", "Cache-Control", "only-if-cached").assertHit("1");
        advance(61);
        get("/a", "Cache-Control", "only-if-cached").assertStatus(504);
        get("/a", "Cache-Control", "only-if-cached, max-stale=60").assertStale("1");
        assertAsked(1, "/a");
    }

    @Test
    void onlyIfCachedHoldsWhenTheStoredResponseIsGone() throws Exception {
        given("/a", fresh("1", 60));
        get("/a");
        cache.clear();
        get("/a", "Cache-Control", "only-if-cached").assertStatus(504);
        assertAsked(1, "/a");
    }

    @Test
    void directivesThatCannotBeReadAreTakenStrictly() throws Exception {
        given("/a", fresh("1", 60), fresh("2", 60), fresh("3", 60));
        get("/a");
        advance(1);
        get("/a", "Cache-Control", "max-age=x").assertMiss("2");
        get("/a", "Cache-Control", "min-fresh=x").assertMiss("3");
        advance(61);
        get("/a", "Cache-Control", "max-stale=x").assertMiss("3");
        get("/a", "Cache-Control", "\"").assertHit("3");
    }

    @Test
    @Tag("R9110-031")
    @Tag("R9111-042")
    void headIsAnsweredFromAStoredGet() throws Exception {
        given("/a", fresh("12345", 60));
        get("/a");
        head("/a").assertHit("").assertStatus(200).assertField("Content-Length", "5");
        assertAsked(1, "/a");
    }

    @Test
    @Tag("R9110-033")
    @Tag("R9111-042")
    void aResponseToHeadIsNotStored() throws Exception {
        given("/a", fresh("1", 60));
        head("/a").assertMiss("").assertNotStored(Reason.HEAD_NOT_STORED);
        get("/a").assertMiss("1");
        assertAsked(2, "/a");
    }

    @Test
    @Tag("R9111-103")
    @Tag("R9111-105")
    @Tag("Q9")
    void aHeadThatAgreesFreshensTheStoredResponse() throws Exception {
        given("/a", ok("1", "ETag", "\"1\"", "Cache-Control", "max-age=60", "X-Seen", "get"));
        get("/a");
        advance(61);
        given("/a", ok("1", "ETag", "\"1\"", "Cache-Control", "max-age=60", "X-Seen", "head"));
        head("/a").assertMiss("").assertStatus(200);
        get("/a").assertHit("1").assertField("X-Seen", "head").assertField("Content-Length", "1");
        assertAsked(2, "/a");
    }

    @Test
    @Tag("R9111-104")
    void aHeadThatDisagreesDropsTheStoredResponse() throws Exception {
        for (Reply other : new Reply[] {ok("1", "ETag", "\"2\""), ok("22", "ETag", "\"1\"")}) {
            given("/a", ok("1", "ETag", "\"1\"", "Cache-Control", "max-age=60"));
            get("/a");
            advance(61);
            given("/a", other);
            head("/a").assertMiss("");
            assertThat(cache.entries().hasNext()).isFalse();
        }
    }

    @Test
    @Tag("R9110-032")
    @Tag("Q21")
    void aGetWithContentIsNotAnsweredFromTheCache() throws Exception {
        given("/a", fresh("1", 60));
        get("/a");
        send(withContent(request("GET", "/a"), "question")).assertMiss("1").assertBecause(Reason.REQUEST_HAS_CONTENT);
        assertThat(origin.requests("/a").get(1).bodyText()).isEqualTo("question");
        get("/a").assertHit("1");
    }
}
