package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.engine.CacheResult;
import dev.larder.policy.CacheControls;
import dev.larder.rules.LifetimeSource;
import dev.larder.rules.Reason;
import dev.larder.storage.StoredEntry;
import dev.larder.testkit.Reply;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a caller asks of the cache, and what it is told. */
final class ControlsTest extends CacheScenario {
    private static final CacheControls FORCE = CacheControls.NONE.withForceCache();
    private static final CacheControls QUERY = CacheControls.NONE.withBodyInKey();

    @Test
    void forceCacheStoresAndServesWhateverTheFieldsSay() throws Exception {
        given("/a", ok("1", "Cache-Control", "no-store"), ok("2", "Cache-Control", "no-store"));
        get(FORCE, "/a").assertMiss("1").assertStored();
        advance(100_000);
        get(FORCE, "/a").assertHit("1").assertBecause(Reason.FORCED);
        get("/a").assertMiss("2");
    }

    @Test
    void forceCacheHoldsForItsTimeToLive() throws Exception {
        given("/a", ok("1"), ok("2"));
        get(FORCE.withTtl(Duration.ofSeconds(10)), "/a").assertMiss("1");
        advance(9);
        get(FORCE, "/a").assertHit("1");
        advance(1);
        get(FORCE, "/a").assertMiss("2");
    }

    @Test
    void thePolicyCanForceEveryResponse() throws Exception {
        policy(policy().forceCache(true).ttl(Duration.ofSeconds(10)));
        given("/a", ok("1"), ok("2"));
        get("/a").assertMiss("1");
        get("/a").assertHit("1");
        advance(10);
        get("/a").assertMiss("2");
    }

    @Test
    void bypassNeitherReadsNorStores() throws Exception {
        given("/a", fresh("1", 60), fresh("2", 60));
        get(CacheControls.NONE.withBypass(), "/a").assertBypassed("1");
        assertThat(cache.entries().hasNext()).isFalse();
        get("/a").assertMiss("2");
        get(CacheControls.NONE.withBypass(), "/a").assertBypassed("2");
        get("/a").assertHit("2");
        assertAsked(3, "/a");
    }

    @Test
    void thePolicyCanFilterRequestsAndResponses() throws Exception {
        policy(policy().requestFilter(request -> !request.uri().toString().endsWith("/not-this"))
                .responseFilter((request, response) -> !response.fields().contains("X-Not-This")));
        given("/not-this", fresh("1", 60));
        given("/nor-this", ok("1", "Cache-Control", "max-age=60", "X-Not-This", "1"));
        get("/not-this").assertBypassed("1");
        get("/nor-this").assertMiss("1").assertNotStored(Reason.FILTERED);
    }

    @Test
    void aTimeToLiveEndsEvenWhatIsFresh() throws Exception {
        given("/a", fresh("1", 1000), fresh("2", 1000));
        get(CacheControls.NONE.withTtl(Duration.ofSeconds(10)), "/a");
        advance(9);
        get("/a").assertHit("1");
        advance(1);
        get("/a").assertMiss("2");
    }

    @Test
    void aSlidingTimeToLiveCountsFromTheLastUse() throws Exception {
        given("/a", fresh("1", 1000), fresh("2", 1000));
        get(CacheControls.NONE.withSlidingTtl(Duration.ofSeconds(10)), "/a");
        for (int i = 0; i < 5; i++) {
            advance(9);
            get("/a").assertHit("1");
        }
        advance(10);
        get("/a").assertMiss("2");
    }

    @Test
    void aQueryByPostIsCachedByItsContent() throws Exception {
        origin.on("/search").answer(request -> fresh("found " + request.bodyText(), 60));
        query("/search", "x").assertMiss("found x").assertStored();
        query("/search", "y").assertMiss("found y");
        query("/search", "x").assertHit("found x");
        assertAsked(2, "/search");
        post("/search", "x").assertMiss("found x").assertBecause(Reason.METHOD_UNSAFE);
        assertAsked(3, "/search");
    }

    @Test
    @Tag("Q28")
    void contentOfAnotherTypeIsOtherContent() throws Exception {
        origin.on("/search").answer(request -> fresh(request.first("Content-Type"), 60));
        query("/search", "x", "Content-Type", "text/a").assertMiss("text/a");
        query("/search", "x", "Content-Type", "text/b").assertMiss("text/b");
        query("/search", "x", "Content-Type", "text/a").assertHit("text/a");
    }

    @Test
    @Tag("R9111-005")
    void aQueryIsNotAnsweredByAGetNorAGetByAQuery() throws Exception {
        origin.on("/search").answer(request -> fresh(request.method(), 60));
        query("/search", "x").assertMiss("POST");
        get("/search").assertMiss("GET");
        query("/search", "x").assertHit("POST");
    }

    @Test
    void contentTooLongForTheKeyPassesByUnharmed() throws Exception {
        origin.on("/search").answer(request -> fresh("" + request.body().length, 60));
        byte[] much = new byte[1_500_000];
        for (var publisher : List.of(
                BodyPublishers.ofByteArray(much), BodyPublishers.fromPublisher(BodyPublishers.ofByteArray(much)))) {
            var request = java.net.http.HttpRequest.newBuilder(origin.uri("/search"))
                    .POST(publisher)
                    .build();
            send(CacheClient.with(request, QUERY)).assertMiss("1500000");
            send(CacheClient.with(request, QUERY)).assertMiss("1500000");
        }
    }

    private Exchange query(String path, String content, String... namesAndValues) throws Exception {
        return send(CacheClient.with(withContent(request("POST", path, namesAndValues), content), QUERY));
    }

    @Test
    void theInfoOfAMissSaysWhatBecameOfIt() throws Exception {
        given("/a", fresh("1", 60));
        var info = get("/a").info();
        assertThat(info.status()).isEqualTo(CacheResult.MISS);
        assertThat(info.fromCache()).isFalse();
        assertThat(info.reason()).isEqualTo(Reason.URI_MISS);
        assertThat(info.storing()).isEqualTo(Reason.STORABLE_EXPLICIT);
        assertThat(info.stored()).isTrue();
        assertThat(info.collapsed()).isFalse();
        assertThat(info.key()).isEqualTo(origin.uri("/a").toString());
        assertThat(info.createdAt()).isEqualTo(clock.instant());
        assertThat(info.age()).isZero();
        assertThat(info.timeToLive()).isEqualTo(Duration.ofSeconds(60));
        assertThat(info.uses()).isZero();
        assertThat(info.explain()).contains("RFC 9111");
    }

    @Test
    void theInfoOfAHitSaysWhereItComesFrom() throws Exception {
        var created = clock.instant();
        given("/a", fresh("1", 60));
        get("/a");
        advance(20);
        get("/a");
        var info = get("/a").info();
        assertThat(info.status()).isEqualTo(CacheResult.HIT);
        assertThat(info.fromCache()).isTrue();
        assertThat(info.reason()).isEqualTo(Reason.FRESH);
        assertThat(info.storing()).isNull();
        assertThat(info.stored()).isTrue();
        assertThat(info.createdAt()).isEqualTo(created);
        assertThat(info.age()).isEqualTo(Duration.ofSeconds(20));
        assertThat(info.timeToLive()).isEqualTo(Duration.ofSeconds(40));
        assertThat(info.uses()).isEqualTo(2);
        assertThat(info.storedResponse().digest(cache.policy()).lifetimeSource())
                .isEqualTo(LifetimeSource.MAX_AGE);
        assertThat(info.trace()).isEmpty();
    }

    @Test
    void theTraceTellsEveryRuleThatWasAsked() throws Exception {
        given("/a", fresh("1", 1));
        get("/a");
        advance(2);
        var trace = get(CacheControls.NONE.withTrace(), "/a").info().trace();
        assertThat(trace).extracting("answer").contains(Reason.STALE, Reason.NO_VALIDATOR, Reason.STORABLE_EXPLICIT);
    }

    @Test
    void statisticsCountEveryResult() throws Exception {
        given("/a", Reply.conditional("\"1\"", "1", "Cache-Control", "max-age=60"));
        get("/a");
        get("/a");
        get("/a");
        advance(61);
        get("/a", "Cache-Control", "max-stale");
        get("/a");
        get(CacheControls.NONE.withBypass(), "/a");
        post("/a", "");
        var statistics = cache.statistics();
        assertThat(statistics.misses()).isEqualTo(2);
        assertThat(statistics.hits()).isEqualTo(2);
        assertThat(statistics.stale()).isEqualTo(1);
        assertThat(statistics.revalidated()).isEqualTo(1);
        assertThat(statistics.bypassed()).isEqualTo(1);
        assertThat(statistics.requests()).isEqualTo(7);
        assertThat(statistics.stored()).isEqualTo(1);
        assertThat(statistics.invalidated()).isEqualTo(1);
        assertThat(statistics.failed()).isZero();
        assertThat(statistics.storageFailures()).isZero();
        assertThat(statistics.hitRatio()).isEqualTo(4 / 7.0);
    }

    @Test
    void entriesCanBeLookedThrough() throws Exception {
        given("/a", fresh("12345", 60));
        given("/b", fresh("", 60));
        get("/a");
        get("/b");
        List<String> found = new ArrayList<>();
        for (var entries = cache.entries(); entries.hasNext(); ) {
            StoredEntry entry = entries.next();
            found.add(entry.stored().key() + " " + entry.bodyLength());
        }
        assertThat(found).containsExactlyInAnyOrder(origin.uri("/a") + " 5", origin.uri("/b") + " 0");
    }

    @Test
    @Tag("R9211-014")
    void cacheStatusIsAddedOnRequestOnly() throws Exception {
        given("/a", fresh("1", 60));
        assertThat(get("/a").field("Cache-Status")).isNull();
        assertThat(get("/a").field("Cache-Status")).isNull();
    }

    @Test
    @Tag("R9211-005")
    @Tag("R9211-008")
    @Tag("R9211-009")
    @Tag("R9211-010")
    void cacheStatusTellsWhatHappened() throws Exception {
        policy(policy().cacheStatus(true).cacheName("C"));
        given("/a", Reply.conditional("\"1\"", "1", "Cache-Control", "max-age=60, stale-if-error=60"));
        get("/a").assertField("Cache-Status", "C; fwd=uri-miss; fwd-status=200; ttl=60; stored; detail=uri-miss");
        advance(10);
        get("/a").assertField("Cache-Status", "C; hit; ttl=50; detail=fresh");
        advance(60);
        get("/a", "Cache-Control", "max-stale").assertField("Cache-Status", "C; hit; ttl=-10; detail=stale-accepted");
        get("/a").assertField("Cache-Status", "C; fwd=stale; fwd-status=304; ttl=60; detail=validated");
        get("/a", "Cache-Control", "no-cache")
                .assertField("Cache-Status", "C; fwd=request; fwd-status=304; ttl=60; detail=validated");
        advance(61);
        origin.on("/a").reply(Reply.status(500));
        get("/a").assertField("Cache-Status", "C; fwd=stale; fwd-status=500; ttl=-1; detail=stale-if-error");
        get(CacheControls.NONE.withBypass(), "/a")
                .assertField("Cache-Status", "C; fwd=bypass; fwd-status=500; detail=bypass");
        post("/a", "x").assertField("Cache-Status", "C; fwd=method; fwd-status=500; detail=method-unsafe");
        get("/b").assertField("Cache-Status", "C; fwd=uri-miss; fwd-status=404; detail=uri-miss");
    }

    @Test
    @Tag("R9211-001")
    @Tag("R9211-004")
    void cacheStatusIsAppendedToThatOfCachesBefore() throws Exception {
        policy(policy().cacheStatus(true));
        given("/a", ok("1", "Cache-Control", "max-age=60", "Cache-Status", "Upstream; hit"));
        get("/a")
                .assertField(
                        "Cache-Status",
                        "Upstream; hit",
                        "Larder; fwd=uri-miss; fwd-status=200; ttl=60; stored; detail=uri-miss");
        get("/a").assertField("Cache-Status", "Upstream; hit", "Larder; hit; ttl=60; detail=fresh");
    }

    @Test
    void anInfoIsForResponsesOfThisClientOnly() throws Exception {
        given("/a", fresh("1", 60));
        var bare = PLAIN.send(request("GET", "/a"), java.net.http.HttpResponse.BodyHandlers.ofString());
        org.assertj.core.api.Assertions.assertThatIllegalArgumentException()
                .isThrownBy(() -> dev.larder.CacheInfo.of(bare));
    }
}
