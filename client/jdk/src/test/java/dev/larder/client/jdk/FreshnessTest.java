package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.rules.Reason;
import dev.larder.testkit.Reply;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** RFC 9111 4.2: how long a stored response is served without asking. */
final class FreshnessTest extends CacheScenario {
    @Test
    @Tag("R9111-007")
    @Tag("R9111-046")
    @Tag("R9111-060")
    @Tag("R9111-128")
    void maxAgeKeepsAResponseFreshToTheLastSecond() throws Exception {
        given("/a", fresh("1", 60), fresh("2", 60));
        get("/a").assertMiss("1").assertBecause(Reason.URI_MISS).assertStored();
        advance(59);
        get("/a").assertHit("1").assertBecause(Reason.FRESH).assertField("Age", "59");
        advance(1);
        get("/a").assertMiss("2").assertBecause(Reason.STALE);
        assertAsked(2, "/a");
    }

    @Test
    @Tag("R9111-067")
    void expiresCountsFromDate() throws Exception {
        Instant date = clock.instant();
        given("/a", ok("1", "Expires", Reply.httpDate(date.plusSeconds(30))), ok("2"));
        get("/a").assertMiss("1");
        advance(29);
        get("/a").assertHit("1");
        advance(1);
        get("/a").assertMiss("2");
    }

    @Test
    @Tag("R9111-150")
    void maxAgeOverridesExpires() throws Exception {
        String past = Reply.httpDate(clock.instant().minusSeconds(30));
        given("/a", ok("1", "Cache-Control", "max-age=10", "Expires", past));
        get("/a");
        get("/a").assertHit("1");
        given(
                "/b",
                ok(
                        "1",
                        "Cache-Control",
                        "max-age=0",
                        "Expires",
                        Reply.httpDate(clock.instant().plusSeconds(30))));
        get("/b");
        get("/b").assertMiss("1");
    }

    @Test
    @Tag("R9111-149")
    @Tag("R9111-070")
    void anInvalidExpiresIsInThePast() throws Exception {
        given("/a", ok("1", "Expires", "0", "ETag", "\"1\""));
        get("/a").assertStored();
        get("/a").assertMiss("1").assertBecause(Reason.INVALID_FRESHNESS);
    }

    @Test
    @Tag("R9111-144")
    void aPrivateCacheIgnoresSMaxage() throws Exception {
        privateCache();
        given("/a", ok("1", "Cache-Control", "s-maxage=1, max-age=60"));
        get("/a");
        advance(30);
        get("/a").assertHit("1");
    }

    @Test
    @Tag("R9111-144")
    @Tag("R9111-151")
    void aSharedCachePrefersSMaxage() throws Exception {
        sharedCache();
        given("/a", ok("1", "Cache-Control", "s-maxage=60, max-age=1"), ok("2"));
        get("/a");
        advance(59);
        get("/a").assertHit("1");
        advance(1);
        get("/a").assertMiss("2");
    }

    @Test
    @Tag("R9111-017")
    void nothingIsGuessedUnlessThePolicySaysSo() throws Exception {
        String lastModified = Reply.httpDate(clock.instant().minusSeconds(1000));
        given("/a", ok("1", "Last-Modified", lastModified).withPreconditions());
        get("/a").assertStored();
        get("/a").assertRevalidated("1");
        assertAsked(2, "/a");
    }

    @Test
    @Tag("R9111-071")
    @Tag("R9111-074")
    void aTenthOfTheTimeSinceLastModifiedIsGuessed() throws Exception {
        policy(policy().heuristics(true));
        String lastModified = Reply.httpDate(clock.instant().minusSeconds(1000));
        given("/a", ok("1", "Last-Modified", lastModified).withPreconditions());
        get("/a");
        advance(99);
        get("/a").assertHit("1");
        advance(1);
        get("/a").assertRevalidated("1");
    }

    @Test
    void aGuessHasAMaximum() throws Exception {
        policy(policy().heuristics(100, Duration.ofSeconds(10)));
        given("/a", ok("1", "Last-Modified", Reply.httpDate(clock.instant().minusSeconds(1000))));
        get("/a");
        advance(9);
        get("/a").assertHit("1");
        advance(1);
        get("/a").assertMiss("1");
    }

    @Test
    void theAgeReceivedFromAnUpstreamCacheCounts() throws Exception {
        given("/a", ok("1", "Cache-Control", "max-age=60", "Age", "50"), fresh("2", 60));
        get("/a").assertMiss("1").assertField("Age", "50");
        advance(9);
        get("/a").assertHit("1").assertField("Age", "59");
        advance(1);
        get("/a").assertMiss("2");
    }

    @Test
    @Tag("Q5")
    void aDateInThePastCountsAsAge() throws Exception {
        Reply old = fresh("1", 60).date(clock.instant().minusSeconds(50));
        given("/a", old, fresh("2", 60));
        get("/a");
        get("/a").assertHit("1").assertField("Age", "50");
        advance(10);
        get("/a").assertMiss("2");
    }

    @Test
    @Tag("R9111-077")
    void theTimeTheOriginTakesCountsAsAge() throws Exception {
        origin.on("/a").answer(request -> {
            Reply reply = fresh("1", 60).date(clock.instant());
            advance(20);
            return reply;
        });
        get("/a");
        get("/a").assertHit("1").assertField("Age", "20");
    }

    @Test
    void aClockThatWentFarBackMakesNothingFresh() throws Exception {
        given("/a", fresh("1", 60), fresh("2", 60));
        get("/a");
        clock.advance(Duration.ofHours(-2));
        get("/a").assertMiss("2").assertBecause(Reason.CLOCK_WENT_BACK);
    }

    @Test
    @Tag("R9111-011")
    void noStoreAndItsSpellingsStoreNothing() throws Exception {
        for (String spelling :
                new String[] {"no-store", "NO-STORE, max-age=60", "max-age=60,no-store", "no-store=\"x\""}) {
            given("/a", ok("1", "Cache-Control", spelling));
            get("/a").assertMiss("1").assertNotStored(Reason.NO_STORE);
            get("/a").assertMiss("1");
        }
    }

    @Test
    @Tag("R9111-044")
    @Tag("R9111-134")
    void noCacheIsStoredAndValidatedEachTime() throws Exception {
        given("/a", Reply.conditional("\"1\"", "1", "Cache-Control", "no-cache, max-age=60"));
        get("/a").assertMiss("1").assertStored();
        get("/a").assertRevalidated("1");
        get("/a").assertRevalidated("1");
        assertAsked(3, "/a");
    }

    @Test
    void alwaysRevalidateValidatesEachTime() throws Exception {
        policy(policy().alwaysRevalidate(true));
        given("/a", Reply.conditional("\"1\"", "1", "Cache-Control", "max-age=60"));
        get("/a");
        get("/a").assertRevalidated("1");
        assertAsked(2, "/a");
    }

    @Test
    void everyStatusThatCarriesFreshnessIsStored() throws Exception {
        for (int status : new int[] {200, 203, 301, 302, 307, 308, 404, 410, 414, 500, 501, 503, 599}) {
            String path = "/" + status;
            given(path, Reply.status(status).body("x").field("Cache-Control", "max-age=60"));
            get(path).assertMiss("x").assertStatus(status);
            get(path).assertHit("x").assertStatus(status);
        }
    }

    @Test
    @Tag("R9110-067")
    void statusesThatAreNeverStoredAreNot() throws Exception {
        for (int status : new int[] {206, 428, 429, 431, 511}) {
            String path = "/" + status;
            given(path, Reply.status(status).body("x").field("Cache-Control", "max-age=60"));
            get(path).assertMiss("x");
            get(path).assertMiss("x").assertStatus(status);
        }
    }

    @Test
    void anErrorWithoutFreshnessIsNotStored() throws Exception {
        given("/a", Reply.status(500).body("x"));
        get("/a").assertMiss("x").assertNotStored(Reason.NOTHING_ALLOWS_STORING);
    }

    @Test
    void aResponseThatCouldNeverBeReusedIsNotStored() throws Exception {
        given("/a", ok("x"));
        get("/a").assertMiss("x").assertNotStored(Reason.NOTHING_TO_REUSE);
        assertThat(cache.entries().hasNext()).isFalse();
    }

    @Test
    @Tag("R9111-041")
    @Tag("Q22")
    void aQueryIsPartOfTheKeyAndAFragmentIsNot() throws Exception {
        origin.on("/a").answer(request -> fresh(request.target(), 60));
        get("/a?x=1").assertMiss("/a?x=1");
        get("/a?x=2").assertMiss("/a?x=2");
        get("/a?x=1#part").assertHit("/a?x=1");
        get("/a").assertMiss("/a");
    }

    @Test
    void emptyAndNoContentResponsesAreServedFromTheCache() throws Exception {
        given("/empty", fresh("", 60));
        given("/none", Reply.status(204).field("Cache-Control", "max-age=60"));
        get("/empty").assertMiss("").assertStored();
        get("/none").assertMiss("").assertStored();
        get("/empty").assertHit("");
        get("/none").assertHit("").assertStatus(204);
    }

    @Test
    @Tag("R9111-019")
    @Tag("R9111-020")
    void fieldsOfTheConnectionAreNotStored() throws Exception {
        given("/a", ok("1", "Cache-Control", "max-age=60", "Connection", "X-Hop", "X-Hop", "1", "X-End", "2"));
        get("/a");
        Exchange hit = get("/a").assertHit("1");
        assertThat(hit.field("X-Hop")).isNull();
        assertThat(hit.field("Connection")).isNull();
        assertThat(hit.field("X-End")).isEqualTo("2");
    }
}
