package dev.larder.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.http.HttpDate;
import dev.larder.http.HttpFields;
import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;
import dev.larder.http.TargetUri;
import dev.larder.policy.CacheControls;
import dev.larder.policy.CachePolicy;
import dev.larder.rules.Candidate;
import dev.larder.rules.Reason;
import dev.larder.rules.StoredResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** The order of steps. What each rule answers is tested beside the rules. */
@ParameterizedClass(name = "shared: {0}")
@ValueSource(booleans = {false, true})
class CacheEngineTest {
    private static final long NOW = 1_767_268_800_000L;
    private static final String URI = "http://example.com/a";

    private int ids;

    @Parameter
    boolean shared;

    /** The default policy of a cache of the kind that this run is about. */
    private CachePolicy policy() {
        return (shared ? CachePolicy.sharedCache() : CachePolicy.privateCache()).build();
    }

    private CacheStep begin(CachePolicy policy, RequestContent content, CacheControls controls, RequestHead request) {
        return new CacheEngine(policy, () -> "0" + ids++, () -> Long.MAX_VALUE).begin(request, content, controls);
    }

    private CacheStep begin(RequestHead request) {
        return begin(policy(), RequestContent.NONE, CacheControls.NONE, request);
    }

    private static RequestHead request(String method, String... fields) {
        return new RequestHead(method, TargetUri.parse(URI), HttpFields.of(fields));
    }

    private static ResponseHead response(int status, String... fields) {
        return new ResponseHead(status, HttpFields.of(fields));
    }

    private static Candidate stored(String... fields) {
        StoredResponse stored = StoredResponse.builder()
                .id("ff")
                .key(URI)
                .method("GET")
                .uri(TargetUri.parse(URI))
                .status(200)
                .fields(HttpFields.of(fields).with("Date", HttpDate.format(NOW)))
                .times(NOW, NOW)
                .createdAt(NOW)
                .build();
        return candidate(stored);
    }

    static Candidate candidate(StoredResponse stored) {
        return new Candidate() {
            @Override
            public StoredResponse stored() {
                return stored;
            }

            @Override
            public long bodyLength() {
                return 10;
            }
        };
    }

    private static <T> T as(Class<T> type, CacheStep step) {
        assertThat(step).isInstanceOf(type);
        return type.cast(step);
    }

    private CacheStep found(RequestHead request, Candidate candidate, long secondsLater) {
        return as(Lookup.class, begin(request)).found(List.of(candidate), NOW + secondsLater * 1000);
    }

    private Forward leads(CacheStep step) {
        return as(Join.class, step).lead();
    }

    @Test
    void aColdRequestIsForwardedAndStored() {
        Forward forward = leads(as(Lookup.class, begin(request("GET"))).found(List.of(), NOW));
        assertThat(forward.request()).isEqualTo(request("GET"));
        Outcome.StoreAndServe outcome = as(
                Outcome.StoreAndServe.class,
                forward.responded(response(200, "Cache-Control", "max-age=60"), NOW, NOW + 10));
        assertThat(outcome.decision().reason()).isEqualTo(Reason.URI_MISS);
        assertThat(outcome.decision().storing()).isEqualTo(Reason.STORABLE_EXPLICIT);
        assertThat(outcome.stored().key()).isEqualTo(URI);
        assertThat(outcome.head().fields().contains("Age")).isFalse();
    }

    @Test
    void whatTheClientKeepsOutIsNotStoredAndSaysWhy() {
        ResponseHead good = response(200, "Cache-Control", "max-age=60");
        Forward cold = leads(as(Lookup.class, begin(request("GET"))).found(List.of(), NOW));
        Outcome.Relay relayed = as(Outcome.Relay.class, cold.responded(good, Reason.HEAD_BROKEN_OFF, NOW, NOW + 10));
        assertThat(relayed.decision().storing()).isEqualTo(Reason.HEAD_BROKEN_OFF);
        assertThat(relayed.head()).isEqualTo(good);
        Candidate stale = stored("Cache-Control", "max-age=1", "ETag", "\"1\"");
        // What broke off, or belongs to another request than is known, says nothing about what is stored for this one.
        for (Reason why : List.of(Reason.HEAD_BROKEN_OFF, Reason.REQUEST_UNKNOWN)) {
            Forward asked = leads(found(request("GET"), stale, 100));
            as(Outcome.Relay.class, asked.responded(good, why, NOW, NOW + 10));
        }
        as(
                Invalidate.class,
                leads(found(request("GET"), stale, 100)).responded(good, Reason.BODY_UNSEEN, NOW, NOW + 10));
        Forward head = as(Forward.class, found(request("HEAD"), stale, 100));
        as(Outcome.Relay.class, head.responded(response(200, "ETag", "\"2\""), Reason.HEAD_BROKEN_OFF, NOW, NOW));
    }

    @Test
    void aFreshResponseIsServedWithItsAge() {
        Outcome.ServeStored outcome =
                as(Outcome.ServeStored.class, found(request("GET"), stored("Cache-Control", "max-age=60"), 20));
        assertThat(outcome.head().fields().values("Age")).containsExactly("20");
        assertThat(outcome.decision().result()).isEqualTo(CacheResult.HIT);
        assertThat(outcome.withBody()).isTrue();
        assertThat(as(Outcome.ServeStored.class, found(request("HEAD"), stored("Cache-Control", "max-age=60"), 20))
                        .withBody())
                .isFalse();
    }

    @Test
    void aBodyThatIsGoneMakesTheRequestGoToTheOriginWithoutValidators() {
        Outcome.ServeStored outcome = as(
                Outcome.ServeStored.class,
                found(request("GET"), stored("Cache-Control", "max-age=60", "ETag", "\"1\""), 20));
        assertThat(as(Forward.class, outcome.gone()).request()).isEqualTo(request("GET"));
    }

    @Test
    void aStaleResponseIsValidatedAndFreshened() {
        Forward forward = leads(found(request("GET"), stored("Cache-Control", "max-age=60", "ETag", "\"1\""), 100));
        assertThat(forward.request().fields().first("If-None-Match")).isEqualTo("\"1\"");
        Freshen freshen =
                as(Freshen.class, forward.responded(response(304, "ETag", "\"1\""), NOW + 100_000, NOW + 100_000));
        Outcome.ServeStored outcome = as(Outcome.ServeStored.class, freshen.done());
        assertThat(outcome.decision().result()).isEqualTo(CacheResult.REVALIDATED);
        assertThat(outcome.decision().reason()).isEqualTo(Reason.VALIDATED);
        assertThat(outcome.decision().forwardedFor()).isEqualTo(Reason.STALE);
        assertThat(outcome.head().fields().values("Age")).containsExactly("0");
        assertThat(as(Forward.class, freshen.vanished()).request()).isEqualTo(request("GET"));
    }

    @Test
    @Tag("Q8")
    void a304ForSomethingElseIsRepeatedOnceWithoutValidators() {
        Forward forward = leads(found(request("GET"), stored("Cache-Control", "max-age=60", "ETag", "\"1\""), 100));
        Forward again =
                as(Forward.class, forward.responded(response(304, "ETag", "\"2\""), NOW + 100_000, NOW + 100_000));
        assertThat(again.request()).isEqualTo(request("GET"));
        as(Outcome.Relay.class, again.responded(response(304, "ETag", "\"2\""), NOW + 100_000, NOW + 100_000));
    }

    @Test
    @Tag("R9111-095")
    @Tag("R9111-096")
    void aFullResponseReplacesWhatWasToBeValidated() {
        Forward forward = leads(found(request("GET"), stored("Cache-Control", "max-age=60", "ETag", "\"1\""), 100));
        Outcome.StoreAndServe stores = as(
                Outcome.StoreAndServe.class,
                forward.responded(response(200, "Cache-Control", "max-age=60"), NOW + 100_000, NOW + 100_000));
        assertThat(stores.replaced()).extracting(StoredResponse::id).containsExactly("ff");
        Invalidate invalidate = as(
                Invalidate.class,
                leads(found(request("GET"), stored("Cache-Control", "max-age=60"), 100))
                        .responded(response(200, "Cache-Control", "no-store"), NOW + 100_000, NOW + 100_000));
        assertThat(invalidate.entries()).extracting(StoredResponse::id).containsExactly("ff");
        as(Outcome.Relay.class, invalidate.done());
    }

    @Test
    @Tag("R9111-097")
    void anErrorReplacesNothing() {
        Candidate stale = stored("Cache-Control", "max-age=60");
        as(
                Outcome.Relay.class,
                leads(found(request("GET"), stale, 100)).responded(response(503), NOW + 100_000, NOW + 100_000));
    }

    @Test
    void aStaleResponseStandsInForAFailureWhenAllowed() {
        Candidate stale = stored("Cache-Control", "max-age=60, stale-if-error=600");
        Outcome.ServeStored afterError = as(
                Outcome.ServeStored.class,
                leads(found(request("GET"), stale, 100)).responded(response(503), NOW + 100_000, NOW + 100_000));
        assertThat(afterError.decision().result()).isEqualTo(CacheResult.STALE);
        assertThat(CacheStatus.member("x", afterError.decision()))
                .isEqualTo("x; fwd=stale; fwd-status=503; ttl=-40; detail=stale-if-error");
        as(
                Outcome.ServeStored.class,
                leads(found(request("GET"), stale, 100)).failed(new IOException(), NOW + 100_000));
        IOException failure = new IOException();
        assertThat(as(
                                Outcome.Fail.class,
                                leads(found(request("GET"), stored("Cache-Control", "max-age=60"), 100))
                                        .failed(failure, NOW + 100_000))
                        .failure())
                .isSameAs(failure);
    }

    @Test
    @Tag("R5861-001")
    @Tag("R5861-002")
    @Tag("R5861-003")
    @Tag("R5861-004")
    void staleWhileRevalidateServesAtOnceAndRevalidates() {
        Candidate stale = stored("Cache-Control", "max-age=60, stale-while-revalidate=30", "ETag", "\"1\"");
        Outcome.ServeStored outcome = as(Outcome.ServeStored.class, found(request("GET"), stale, 90));
        assertThat(outcome.revalidate()).isTrue();
        assertThat(outcome.decision().result()).isEqualTo(CacheResult.STALE);
        assertThat(CacheStatus.member("x", outcome.decision()))
                .isEqualTo("x; hit; ttl=-30; detail=stale-while-revalidate");
        assertThat(outcome.head().fields().first("Age")).isEqualTo("90");
        leads(found(request("GET"), stale, 91));
        Lookup background = as(
                Lookup.class,
                new CacheEngine(policy(), () -> "0", () -> Long.MAX_VALUE)
                        .revalidate(request("GET"), RequestContent.NONE, CacheControls.NONE));
        assertThat(leads(background.found(List.of(stale), NOW + 90_000))
                        .request()
                        .fields()
                        .first("If-None-Match"))
                .isEqualTo("\"1\"");
        for (String forbidden : List.of("must-revalidate", "no-cache")) {
            leads(found(
                    request("GET"),
                    stored("Cache-Control", "max-age=60, stale-while-revalidate=30, " + forbidden),
                    70));
        }
    }

    @Test
    @Tag("R9111-126")
    void onlyIfCachedNeverForwards() {
        RequestHead request = request("GET", "Cache-Control", "only-if-cached");
        assertThat(as(
                                Outcome.GatewayTimeout.class,
                                as(Lookup.class, begin(request)).found(List.of(), NOW))
                        .head()
                        .status())
                .isEqualTo(504);
        as(Outcome.GatewayTimeout.class, found(request, stored("Cache-Control", "max-age=60"), 100));
        as(Outcome.ServeStored.class, found(request, stored("Cache-Control", "max-age=60"), 10));
    }

    @Test
    @Tag("R9111-047")
    @Tag("R9111-106")
    void unsafeRequestsPassAndInvalidate() {
        Forward forward = as(Forward.class, begin(request("POST")));
        Invalidate invalidate = as(Invalidate.class, forward.responded(response(201, "Location", "/b"), NOW, NOW));
        assertThat(invalidate.keys()).containsExactly(URI, "http://example.com/b");
        as(Outcome.Relay.class, invalidate.done());
        as(Outcome.Relay.class, as(Forward.class, begin(request("POST"))).responded(response(400), NOW, NOW));
        CacheStep bypassed = begin(policy(), RequestContent.NONE, CacheControls.NONE.withBypass(), request("DELETE"));
        as(Invalidate.class, as(Forward.class, bypassed).responded(response(204), NOW, NOW));
    }

    @Test
    void whatTheCacheCannotAnswerPassesUntouched() {
        as(Forward.class, begin(request("OPTIONS")));
        as(Forward.class, begin(request("GET", "If-Match", "*")));
        as(Forward.class, begin(policy(), RequestContent.OPAQUE, CacheControls.NONE, request("GET")));
    }

    @Test
    void contentInTheKeyMakesAPostAQuery() {
        Lookup lookup = as(
                Lookup.class,
                begin(policy(), RequestContent.ofDigest("abc"), CacheControls.NONE.withBodyInKey(), request("POST")));
        assertThat(lookup.key()).isEqualTo("POST " + URI + " abc");
        as(
                Outcome.StoreAndServe.class,
                leads(lookup.found(List.of(), NOW)).responded(response(200, "Cache-Control", "max-age=60"), NOW, NOW));
    }

    @Test
    @Tag("R9111-086")
    void theCallersOwnConditionIsAnsweredFromTheStoredResponse() {
        Outcome.NotModified outcome = as(
                Outcome.NotModified.class,
                found(
                        request("GET", "If-None-Match", "\"1\""),
                        stored("Cache-Control", "max-age=60", "ETag", "\"1\"", "Content-Type", "text/plain"),
                        10));
        assertThat(outcome.head().status()).isEqualTo(304);
        assertThat(outcome.head().fields().contains("Content-Type")).isFalse();
        assertThat(outcome.head().fields().first("Age")).isEqualTo("10");
    }

    @Test
    @Tag("R9111-093")
    void a304ForTheCallersTagIsPassedOnAndOneForOursIsNot() {
        RequestHead request = request("GET", "If-None-Match", "\"own\"");
        Candidate stale = stored("Cache-Control", "max-age=60", "ETag", "\"1\"");
        Forward forward = as(Forward.class, found(request, stale, 100));
        assertThat(forward.request().fields().first("If-None-Match")).isEqualTo("\"own\", \"1\"");
        assertThat(as(
                                Outcome.Relay.class,
                                forward.responded(response(304, "ETag", "\"own\""), NOW + 100_000, NOW + 100_000))
                        .head()
                        .status())
                .isEqualTo(304);
        Freshen freshen = as(
                Freshen.class,
                as(Forward.class, found(request, stale, 100))
                        .responded(response(304, "ETag", "\"1\""), NOW + 100_000, NOW + 100_000));
        assertThat(as(Outcome.ServeStored.class, freshen.done()).head().status())
                .isEqualTo(200);
    }

    @Test
    @Tag("R9111-103")
    void aHeadResponseUpdatesOrDropsWhatIsStored() {
        Candidate stale = stored("Cache-Control", "max-age=60", "ETag", "\"1\"");
        Freshen freshen = as(
                Freshen.class,
                as(Forward.class, found(request("HEAD"), stale, 100))
                        .responded(response(200, "ETag", "\"1\""), NOW + 100_000, NOW + 100_000));
        as(Outcome.Relay.class, freshen.done());
        as(
                Invalidate.class,
                as(Forward.class, found(request("HEAD"), stale, 100))
                        .responded(response(200, "ETag", "\"2\""), NOW + 100_000, NOW + 100_000));
    }

    @Test
    void followersDecideForThemselves_F2() {
        RequestHead request = request("GET");
        Join join = as(Join.class, as(Lookup.class, begin(request)).found(List.of(), NOW));
        Outcome.ServeStored shared =
                as(Outcome.ServeStored.class, join.followed(stored("Cache-Control", "max-age=60"), NOW));
        assertThat(shared.decision().collapsed()).isTrue();
        assertThat(CacheStatus.member("x", shared.decision()))
                .isEqualTo("x; fwd=uri-miss; ttl=60; collapsed; detail=collapsed");
        Join other = as(Join.class, as(Lookup.class, begin(request)).found(List.of(), NOW));
        as(Forward.class, other.followed(stored("Cache-Control", "max-age=0"), NOW));
        as(Lookup.class, other.again());
    }

    @Test
    void whoInsistsOnAnAnswerOfItsOwnDoesNotShare() {
        for (String directive : List.of("no-cache", "no-store", "max-age=0")) {
            RequestHead request = request("GET", "Cache-Control", directive);
            as(Forward.class, as(Lookup.class, begin(request)).found(List.of(), NOW));
        }
    }

    @Test
    void forcedCachingIgnoresTheFields() {
        CacheControls forced = CacheControls.NONE.withForceCache().withTtl(Duration.ofMinutes(1));
        CacheStep step = begin(policy(), RequestContent.NONE, forced, request("GET"));
        Outcome.StoreAndServe stores = as(
                Outcome.StoreAndServe.class,
                leads(as(Lookup.class, step).found(List.of(), NOW))
                        .responded(response(200, "Cache-Control", "no-store"), NOW, NOW));
        assertThat(stores.stored().ttlMillis()).isEqualTo(60_000);
        CacheStep again = begin(policy(), RequestContent.NONE, forced, request("GET"));
        Candidate kept = candidate(stores.stored());
        assertThat(as(Outcome.ServeStored.class, as(Lookup.class, again).found(List.of(kept), NOW + 59_000))
                        .decision()
                        .reason())
                .isEqualTo(Reason.FORCED);
    }

    @Test
    void aSharedCacheDoesNotUseWhatAPrivateOneStored() {
        CachePolicy shared = CachePolicy.sharedCache().build();
        Candidate own = stored("Cache-Control", "private, max-age=60");
        CacheStep step = begin(shared, RequestContent.NONE, CacheControls.NONE, request("GET"));
        as(Join.class, as(Lookup.class, step).found(List.of(own), NOW));
    }

    @Test
    void theTraceTellsEveryRuleAsked() {
        CacheStep step = begin(policy(), RequestContent.NONE, CacheControls.NONE.withTrace(), request("GET"));
        Outcome.StoreAndServe outcome = as(
                Outcome.StoreAndServe.class,
                leads(as(Lookup.class, step).found(List.of(), NOW))
                        .responded(response(200, "Cache-Control", "max-age=60"), NOW, NOW));
        assertThat(outcome.decision().trace())
                .extracting(Decision.Asked::answer)
                .containsExactly(Reason.URI_MISS, Reason.STORABLE_EXPLICIT);
    }

    @Test
    void aRangeThatCannotBeSatisfiedIsNoAnswerForOthers() {
        Forward forward = as(
                Forward.class,
                as(Lookup.class, begin(request("GET", "Range", "bytes=99-"))).found(List.of(), NOW));
        as(Outcome.Relay.class, forward.responded(response(416, "Cache-Control", "max-age=60"), NOW, NOW));
    }

    @Test
    @Tag("R9111-136")
    void whatBecameNoStoreIsNotUsed() {
        leads(found(request("GET"), stored("Cache-Control", "no-store, max-age=60"), 10));
    }

    @Test
    @Tag("R9111-123")
    void aRequestsNoStoreLeavesWhatIsStoredAsItIs() {
        Candidate stale = stored("Cache-Control", "max-age=60", "ETag", "\"1\"");
        Forward forward = as(Forward.class, found(request("GET", "Cache-Control", "no-store"), stale, 100));
        as(Outcome.ServeStored.class, forward.responded(response(304, "ETag", "\"1\""), NOW + 100_000, NOW + 100_000));
        Forward head = as(Forward.class, found(request("HEAD", "Cache-Control", "no-store"), stale, 100));
        as(Outcome.Relay.class, head.responded(response(200, "ETag", "\"1\""), NOW + 100_000, NOW + 100_000));
    }

    @Test
    @Tag("R9111-047")
    void contentInTheKeyMakesNoQueryOfOtherUnsafeMethods() {
        for (String method : List.of("PUT", "DELETE", "PATCH")) {
            as(
                    Forward.class,
                    begin(
                            policy(),
                            RequestContent.ofDigest("abc"),
                            CacheControls.NONE.withBodyInKey(),
                            request(method)));
        }
    }

    @Test
    @Tag("R9111-118")
    void staleWhileRevalidateDoesNotOverrideTheRequestsOwnLimits() {
        Candidate stale = stored("Cache-Control", "max-age=1, stale-while-revalidate=100");
        as(Forward.class, found(request("GET", "Cache-Control", "max-age=30"), stale, 20));
        leads(found(request("GET", "Cache-Control", "max-stale=5"), stale, 20));
    }

    @Test
    void a304WithoutATagToTagsOfOursAndTheCallersIsNobodys() {
        RequestHead request = request("GET", "If-None-Match", "\"a\"");
        Forward forward =
                as(Forward.class, found(request, stored("Cache-Control", "max-age=60", "ETag", "\"b\""), 100));
        Forward again = as(Forward.class, forward.responded(response(304), NOW + 100_000, NOW + 100_000));
        assertThat(again.request()).isEqualTo(request);
        as(Outcome.Relay.class, again.responded(response(304), NOW + 100_000, NOW + 100_000));
    }

    @Test
    void oneTagForAllCodingsDoesNotServeOneThatWasNotAccepted() {
        StoredResponse gzip = stored(
                        "Cache-Control",
                        "max-age=60",
                        "ETag",
                        "\"1\"",
                        "Content-Encoding",
                        "gzip",
                        "Vary",
                        "Accept-Encoding")
                .stored();
        Candidate variant = candidate(gzip.toBuilder()
                .selecting(List.of(new dev.larder.rules.SelectingField("accept-encoding", "=gzip")))
                .build());
        Forward forward = leads(found(request("GET"), variant, 10));
        assertThat(forward.request().fields().first("If-None-Match")).isEqualTo("\"1\"");
        as(Forward.class, forward.responded(response(304, "ETag", "\"1\""), NOW, NOW));
        Forward accepted = leads(found(request("GET", "Accept-Encoding", "br, gzip"), variant, 10));
        as(Freshen.class, accepted.responded(response(304, "ETag", "\"1\""), NOW, NOW));
    }

    @Test
    @Tag("R9111-082")
    void backgroundRevalidationAsksForTheWhole() {
        RequestHead request = request("GET", "Range", "bytes=0-1", "If-None-Match", "\"x\"");
        Candidate stale = stored("Cache-Control", "max-age=60, stale-while-revalidate=30", "ETag", "\"1\"");
        Lookup lookup = as(
                Lookup.class,
                new CacheEngine(policy(), () -> "0", () -> Long.MAX_VALUE)
                        .revalidate(request, RequestContent.NONE, CacheControls.NONE));
        RequestHead sent = leads(lookup.found(List.of(stale), NOW + 70_000)).request();
        assertThat(sent.fields()).isEqualTo(HttpFields.of("If-None-Match", "\"1\""));
        Candidate same = stored("Cache-Control", "max-age=60, stale-while-revalidate=30", "ETag", "\"x\"");
        assertThat(as(Outcome.NotModified.class, found(request("GET", "If-None-Match", "\"x\""), same, 70))
                        .revalidate())
                .isTrue();
    }

    @Test
    @Tag("R9111-001")
    void aTunnelIsNoneOfTheCachesBusiness() {
        Forward forward = as(Forward.class, begin(request("CONNECT")));
        assertThat(forward.request()).isEqualTo(request("CONNECT"));
        CacheStep next = forward.responded(response(200, "Cache-Control", "max-age=60"), NOW, NOW);
        while (next instanceof Invalidate invalidate) {
            next = invalidate.done();
        }
        assertThat(as(Outcome.Relay.class, next).head()).isEqualTo(response(200, "Cache-Control", "max-age=60"));
    }
}
