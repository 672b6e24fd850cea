package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.policy.CacheControls;
import dev.larder.policy.CachePolicy;
import dev.larder.policy.KeyOptions;
import dev.larder.policy.UrlRule;
import dev.larder.rules.Reason;
import dev.larder.testkit.Reply;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a policy can be told beyond the specification. */
final class PolicyOptionsTest extends CacheScenario {
    @Test
    void rulesHoldForTheUrisTheyMatch() throws Exception {
        policy(policy().rule(UrlRule.glob("**/bypass").withBypass())
                .rule(UrlRule.glob("**/forced").withForceCache().withTtl(Duration.ofSeconds(30)))
                .rule(UrlRule.where("fresh", Pattern.compile("/fresh$").asPredicate())
                        .withDefaultFreshness(Duration.ofSeconds(20)))
                .rule(UrlRule.glob("**/key?**").withKeyOptions(KeyOptions.NONE.withIgnored("x"))));
        given("/bypass", fresh("1", 60));
        get("/bypass").assertBypassed("1");
        get("/bypass").assertBypassed("1");
        given("/forced", ok("1", "Cache-Control", "no-store"), ok("2", "Cache-Control", "no-store"));
        get("/forced").assertStored();
        advance(29);
        get("/forced").assertHit("1");
        advance(1);
        get("/forced").assertMiss("2");
        given("/fresh", ok("1"), ok("2"));
        get("/fresh").assertStored();
        advance(19);
        get("/fresh").assertHit("1");
        advance(1);
        get("/fresh").assertMiss("2");
        origin.on("/key?x=1&y=1").reply(fresh("1", 60));
        get("/key?x=1&y=1").assertMiss("1");
        get("/key?x=2&y=1").assertHit("1");
    }

    @Test
    void errorsCanBeGivenALifetime() throws Exception {
        policy(policy().defaultFreshness(Duration.ofSeconds(10), 404, 503));
        given("/a", Reply.status(404).body("none"));
        get("/a").assertStatus(404).assertStored();
        advance(9);
        get("/a").assertHit("none").assertStatus(404);
        advance(1);
        get("/a").assertMiss("none");
        given("/b", Reply.status(404).body("none").field("Cache-Control", "no-store"));
        get("/b").assertNotStored(Reason.NO_STORE);
        given("/c", Reply.status(503).body("busy"));
        get("/c").assertStored();
        get("/c").assertHit("busy");
        given("/d", Reply.status(404).body("none").field("Cache-Control", "max-age=100"));
        get("/d").assertStored();
        advance(50);
        get("/d").assertHit("none");
    }

    @Test
    void whatIsUsedOftenIsRefreshedBeforeItIsStale() throws Exception {
        policy(policy().refreshAhead(Duration.ofSeconds(10)));
        CountDownLatch gate = new CountDownLatch(1);
        given("/a", fresh("1", 60), fresh("2", 60).hold(gate), fresh("3", 60));
        get("/a").assertStored();
        advance(49);
        get("/a").assertHit("1");
        assertAsked(1, "/a");
        advance(2);
        get("/a").assertHit("1");
        get("/a").assertHit("1");
        origin.awaitRequests("/a", 2, Duration.ofSeconds(30));
        gate.countDown();
        Exchange refreshed = get("/a");
        while (refreshed.body().equals("1")) {
            Thread.onSpinWait();
            refreshed = get("/a");
        }
        refreshed.assertHit("2");
        assertAsked(2, "/a");
    }

    @Test
    void offlineTheOriginIsNeverAsked() throws Exception {
        given("/a", fresh("1", 60));
        given("/b", ok("1", "Cache-Control", "max-age=1, must-revalidate"));
        given("/c", ok("1", "Cache-Control", "no-cache", "ETag", "\"1\""));
        get("/a").assertStored();
        get("/b").assertStored();
        get("/c").assertStored();
        policy(policy().offline(true));
        get("/a").assertHit("1");
        advance(100_000);
        get("/a").assertStale("1").assertField("Age", "100000");
        get("/b").assertStatus(504).assertBecause(Reason.OFFLINE);
        get("/c").assertStatus(504);
        get("/d").assertStatus(504);
        send("POST", "/a").assertStatus(504);
        get("/a", "Cache-Control", "no-cache").assertStatus(504);
        assertThat(origin.count()).isEqualTo(3);
        policy(policy().offline(true).forceCache(true));
        get("/b").assertHit("1");
        get("/c").assertHit("1");
    }

    @Test
    void partsOfTheQueryCanBeLeftOutOfTheKeyAndAreSentAllTheSame() throws Exception {
        policy(policy().keyOptions(KeyOptions.NONE.withIgnored("utm_*").withSorted()));
        origin.on("/a?utm_source=x&b=1&a=2").reply(fresh("1", 60));
        get("/a?utm_source=x&b=1&a=2").assertMiss("1");
        assertThat(origin.requests().get(0).target()).isEqualTo("/a?utm_source=x&b=1&a=2");
        get("/a?a=2&b=1").assertHit("1");
        get("/a?a=3&b=1").assertMiss("");
        origin.on("/a?b=1&a=2&utm_x").reply(Reply.status(204));
        send("DELETE", "/a?b=1&a=2&utm_x").assertStatus(204);
        assertThat(cache.storageStatistics().entries()).isZero();
        get("/a?utm_source=x&b=1&a=2").assertMiss("1");
        assertThat(cache.invalidate(origin.uri("/a?a=2&b=1"))).isEqualTo(1);
    }

    @Test
    void secretsAreKeptOutOfWhatIsStored() throws Exception {
        policy(policy().keyOptions(KeyOptions.NONE.withRedacted("token")).neverStoreFields("Set-Cookie", "X-Session"));
        origin.otherwise(request -> ok(
                request.target(),
                "Cache-Control",
                "max-age=60, public",
                "Set-Cookie",
                "s3cret",
                "X-Session",
                "s3cret"));
        get("/a?token=s3cret").assertMiss("/a?token=s3cret").assertField("Set-Cookie", "s3cret");
        var stored = cache.entries().next().stored();
        assertThat(stored.key() + stored.uri() + stored.fields()).doesNotContain("s3cret");
        get("/a?token=s3cret").assertHit("/a?token=s3cret").assertField("Set-Cookie");
        get("/a?token=other").assertMiss("/a?token=other");
    }

    @Test
    @Tag("R9111-006")
    @Tag("R9111-157")
    void partitionsShareNothing() throws Exception {
        CacheControls alice = CacheControls.NONE.withPartition("alice");
        CacheControls bob = CacheControls.NONE.withPartition("bob");
        given("/a", fresh("1", 60), fresh("2", 60), fresh("3", 60), Reply.status(204), fresh("4", 60));
        get(alice, "/a").assertMiss("1");
        get(bob, "/a").assertMiss("2");
        get("/a").assertMiss("3");
        get(alice, "/a").assertHit("1");
        get(bob, "/a").assertHit("2");
        send(CacheClient.with(request("POST", "/a"), alice)).assertStatus(204);
        get(bob, "/a").assertHit("2");
        get(alice, "/a").assertMiss("4");
        assertThat(cache.invalidate(origin.uri("/a"))).isEqualTo(1);
        assertThat(cache.invalidate(origin.uri("/a"), "bob")).isEqualTo(1);
        get(alice, "/a").assertHit("4");
    }

    @Test
    @Tag("R9111-021")
    @Tag("R9111-135")
    @Tag("Q4")
    void qualifiedDirectivesCanBeTakenAtTheirWord() throws Exception {
        policy(policy().qualifiedDirectives(true));
        given(
                "/b",
                ok("1", "Cache-Control", "max-age=60, no-cache=\"x-user, x-b\"", "X-User", "me", "ETag", "\"1\""),
                Reply.notModified().field("ETag", "\"1\"").field("X-User", "you"));
        get("/b").assertStored().assertField("X-User", "me");
        get("/b").assertHit("1").assertField("X-User");
        get("/b", "Cache-Control", "no-cache").assertRevalidated("1").assertField("X-User", "you");
    }

    @Test
    @Tag("R9111-021")
    @Tag("R9111-141")
    @Tag("Q4")
    void aSharedCacheCanTakeQualifiedPrivateAtItsWord() throws Exception {
        policy(CachePolicy.sharedCache().qualifiedDirectives(true));
        given("/a", ok("1", "Cache-Control", "max-age=60, private=\"X-User\"", "X-User", "me", "X-Other", "o"));
        get("/a").assertStored().assertField("X-User", "me");
        get("/a").assertHit("1").assertField("X-User").assertField("X-Other", "o");
        for (String directives : new String[] {"private, private=\"a\"", "private=\"\"", "private=\"a", "private=,"}) {
            String path = "/" + directives.length();
            given(path, ok("1", "Cache-Control", "max-age=60, " + directives));
            get(path).assertNotStored(Reason.PRIVATE);
        }
    }

    @Test
    @Tag("R9111-145")
    @Tag("Q13")
    void staleDirectivesCanWinOverSMaxage() throws Exception {
        policy(CachePolicy.sharedCache().staleDirectivesBeforeSMaxage(true));
        given("/a", ok("1", "Cache-Control", "s-maxage=10, stale-if-error=30"), Reply.status(503));
        get("/a").assertStored();
        given("/b", ok("1", "Cache-Control", "s-maxage=10, stale-if-error=30, proxy-revalidate"), Reply.status(503));
        get("/b").assertStored();
        given("/c", ok("1", "Cache-Control", "s-maxage=10"), Reply.status(503));
        get("/c").assertStored();
        advance(20);
        get("/a").assertStale("1");
        get("/b").assertStatus(503);
        get("/c", "Cache-Control", "stale-if-error=60").assertStatus(503);
    }

    @Test
    @Tag("R9111-078")
    @Tag("Q5")
    void theAgeReceivedCanCountAlone() throws Exception {
        policy(policy().trustUpstreamAge(true));
        given("/a", fresh("1", 60).date(clock.instant().minusSeconds(40)).field("Age", "10"));
        get("/a").assertStored();
        get("/a").assertHit("1").assertField("Age", "10");
    }

    @Test
    void aPolicyThatForcesLeavesARequestsOwnNoStoreAlone() throws Exception {
        policy(policy().forceCache(true));
        given("/a", ok("1"), ok("2"));
        get("/a", "Cache-Control", "no-store").assertNotStored(Reason.REQUEST_NO_STORE);
        get("/a").assertMiss("2").assertStored();
        given("/b", ok("1"));
        get(CacheControls.NONE.withForceCache(), "/b", "Cache-Control", "no-store")
                .assertStored();
    }
}
