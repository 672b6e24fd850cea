package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.policy.CachePolicy.KeyGenerator;
import dev.larder.rules.Reason;
import dev.larder.testkit.Reply;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Requirements of the standards that the other scenarios do not come across. */
final class StandardsTest extends CacheScenario {
    @Test
    @Tag("R9111-008")
    @Tag("R9110-030")
    @Tag("R9110-035")
    void responsesToOtherMethodsAreNeverStored() throws Exception {
        for (String method : List.of("PUT", "DELETE", "OPTIONS", "TRACE", "FOO", "POST", "PATCH")) {
            given("/" + method, fresh("1", 60), fresh("2", 60), fresh("3", 60));
            send(method, "/" + method).assertMiss("1");
            send(method, "/" + method).assertMiss("2");
            get("/" + method).assertMiss("3");
        }
    }

    @Test
    @Tag("R9111-024")
    @Tag("R9110-013")
    @Tag("Q29")
    void trailersAreNoFields() throws Exception {
        given(
                "/a",
                ok("1", "ETag", "\"1\"")
                        .trailer("Cache-Control", "max-age=3600")
                        .trailer("Set-Cookie", "a=b")
                        .trailer("ETag", "\"2\""));
        get("/a").assertMiss("1").assertField("Set-Cookie").assertField("Cache-Control");
        get("/a").assertMiss("1").assertBecause(Reason.NO_FRESHNESS).assertField("Set-Cookie");
        assertThat(lastAsked("/a", "If-None-Match")).isEqualTo("\"1\"");
    }

    @Test
    @Tag("R9111-045")
    @Tag("R9111-081")
    void aStaleResponseIsNotServedWithoutPermission() throws Exception {
        given(
                "/a",
                fresh("1", 1),
                Reply.status(404).body("gone"),
                Reply.status(500).body("broken"));
        get("/a").assertStored();
        advance(2);
        get("/a").assertStatus(404).assertMiss("gone");
        get("/a").assertStatus(500).assertMiss("broken");
    }

    @Test
    @Tag("R9111-069")
    @Tag("R9111-127")
    void ofDirectivesThatConflictTheStricterCounts() throws Exception {
        given("/no-store", ok("1", "Cache-Control", "public, max-age=60, no-store, s-maxage=60"));
        get("/no-store").assertNotStored(Reason.NO_STORE);
        given("/no-cache", ok("1", "Cache-Control", "max-age=60, no-cache, immutable", "ETag", "\"1\""));
        get("/no-cache").assertStored();
        get("/no-cache").assertBecause(Reason.RESPONSE_NO_CACHE);
        given("/private", ok("1", "Cache-Control", "public, max-age=60, private, s-maxage=60"));
        Exchange marked = get("/private");
        if (way.isShared()) {
            marked.assertNotStored(Reason.PRIVATE);
        } else {
            marked.assertStored();
        }
    }

    @Test
    @Tag("R9111-051")
    void withoutAClockToTrustEveryUseIsValidated() throws Exception {
        policy(policy().alwaysRevalidate(true));
        given("/a", Reply.conditional("\"1\"", "1", "Cache-Control", "max-age=60"));
        get("/a").assertStored();
        get("/a").assertRevalidated("1");
        get("/a").assertRevalidated("1");
        assertAsked(3, "/a");
    }

    @Test
    @Tag("R9111-063")
    void anExpiresOfNowIsInThePast() throws Exception {
        given("/a", ok("1", "Expires", Reply.httpDate(clock.instant()), "ETag", "\"1\""));
        get("/a").assertStored();
        get("/a").assertMiss("1");
    }

    @Test
    @Tag("R9111-072")
    @Tag("R9111-075")
    void aGuessIsMadeForAQueryTooButNeverWhereAnExpiryIsGiven() throws Exception {
        policy(policy().heuristics(true));
        String longAgo = Reply.httpDate(clock.instant().minusSeconds(100_000));
        given("/a?b=c", ok("1", "Last-Modified", longAgo));
        get("/a?b=c").assertStored();
        get("/a?b=c").assertHit("1");
        for (String[] expiry :
                new String[][] {{"Expires", "0"}, {"Cache-Control", "max-age=x"}, {"Expires", longAgo}}) {
            String path = "/" + expiry[1].length() + expiry[0];
            given(path, ok("1", "Last-Modified", longAgo, expiry[0], expiry[1]));
            get(path);
            get(path).assertMiss("1");
        }
    }

    @Test
    @Tag("R9111-056")
    void noVariantIsGuessedByQualityValues() throws Exception {
        origin.on("/a")
                .answer(request -> ok(
                        String.valueOf(request.first("Accept-Language")),
                        "Cache-Control",
                        "max-age=60",
                        "Vary",
                        "Accept-Language"));
        get("/a", "Accept-Language", "fr").assertStored();
        get("/a", "Accept-Language", "en").assertStored();
        get("/a", "Accept-Language", "en;q=0.5, fr").assertMiss("en;q=0.5, fr");
        get("/a", "Accept-Language", "fr,en;q=0.50").assertHit("en;q=0.5, fr");
    }

    @Test
    @Tag("R9111-078")
    @Tag("Q5")
    void theLargerOfTheTwoAgesCountsAndADateInTheFutureIsNone() throws Exception {
        given("/a", fresh("1", 60).date(clock.instant().minusSeconds(40)).field("Age", "10"));
        get("/a");
        get("/a").assertHit("1").assertField("Age", "40");
        given("/b", fresh("1", 60).date(clock.instant().plusSeconds(40)).field("Age", "10"));
        get("/b");
        get("/b").assertHit("1").assertField("Age", "10");
    }

    @Test
    @Tag("R9111-114")
    void aMissGetsNoAge() throws Exception {
        given("/a", fresh("1", 60));
        get("/a").assertMiss("1").assertField("Age");
    }

    @Test
    @Tag("R9111-124")
    @Tag("R9111-136")
    @Tag("R9111-137")
    void nothingOfANoStoreExchangeReachesTheDisk() throws Exception {
        String canary = "c4nary-7f3a";
        given("/response", ok("body " + canary, "Cache-Control", "no-store", "X-Secret", canary));
        get("/response", "X-Asked", canary).assertMiss("body " + canary);
        given("/request", fresh("body " + canary, 60));
        get("/request", "Cache-Control", "no-store", "X-Asked", canary).assertNotStored(Reason.REQUEST_NO_STORE);
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
                        .doesNotContain(canary);
            }
        }
        assertThat(cache.storageStatistics().entries()).isZero();
    }

    @Test
    @Tag("R9111-125")
    @Tag("R9111-138")
    @Tag("R9110-022")
    void contentIsNeverTransformed() throws Exception {
        given(
                "/a",
                fresh("\u001f\u008bnot really gzip", 60)
                        .field("Content-Encoding", "gzip")
                        .field("Cache-Control", "no-transform"));
        String first = get("/a", "Cache-Control", "no-transform").assertStored().body();
        get("/a", "Cache-Control", "no-transform").assertHit(first).assertField("Content-Encoding", "gzip");
    }

    @Test
    @Tag("R9111-130")
    @Tag("R9111-131")
    @Tag("R9111-080")
    void withoutTheOriginMustRevalidateIsAnError() throws Exception {
        policy(policy().staleWhenDisconnected(java.time.Duration.ofDays(1)).staleIfError(java.time.Duration.ofDays(1)));
        given("/a", fresh("1", 1).field("Cache-Control", "must-revalidate"));
        get("/a").assertStored();
        advance(2);
        origin.on("/a").reply(Reply.dropConnection());
        assertThatThrownBy(() -> get("/a", "Cache-Control", "max-stale")).isInstanceOf(IOException.class);
        get("/a", "Cache-Control", "only-if-cached, max-stale").assertStatus(504);
    }

    @Test
    @Tag("R9111-021")
    @Tag("R9111-135")
    @Tag("Q4")
    void qualifiedDirectivesCountAsUnqualifiedOnes() throws Exception {
        given("/a", ok("1", "Cache-Control", "max-age=60, no-cache=\"set-cookie\"", "ETag", "\"1\""));
        get("/a").assertStored();
        get("/a").assertMiss("1").assertBecause(Reason.RESPONSE_NO_CACHE);
    }

    @Test
    @Tag("R9111-021")
    @Tag("R9111-141")
    @Tag("Q4")
    void aSharedCacheTakesQualifiedPrivateAsUnqualified() throws Exception {
        sharedCache();
        given("/a", ok("1", "Cache-Control", "max-age=60, private=\"x-user\"", "X-User", "me"));
        get("/a").assertNotStored(Reason.PRIVATE);
    }

    @Test
    @Tag("R9111-132")
    @Tag("R9111-143")
    @Tag("R9111-147")
    void whatIsMarkedShareableIsStoredInSpiteOfAuthorization() throws Exception {
        for (String mark : new String[] {"public", "s-maxage=60", "must-revalidate"}) {
            String path = "/" + mark.charAt(0);
            given(path, ok("1", "Cache-Control", "max-age=60, " + mark));
            get(path, "Authorization", "Basic eDp5").assertMiss("1").assertStored();
            get(path).assertHit("1");
        }
    }

    @Test
    @Tag("R9111-158")
    void aCookieThatIsSetDoesNotKeepAPublicResponseOut() throws Exception {
        given("/a", ok("1", "Cache-Control", "max-age=60, public", "Set-Cookie", "id=1"));
        get("/a").assertStored();
        get("/a").assertHit("1").assertField("Set-Cookie", "id=1");
    }

    @Test
    @Tag("R9111-158")
    void aPrivateCacheStoresAResponseThatSetsACookie() throws Exception {
        privateCache();
        given("/a", ok("1", "Cache-Control", "max-age=60", "Set-Cookie", "id=1"));
        get("/a").assertStored();
        get("/a").assertHit("1").assertField("Set-Cookie", "id=1");
    }

    @Test
    @Tag("R9111-154")
    void noWarningIsAddedToWhatIsStale() throws Exception {
        given("/a", fresh("1", 1));
        get("/a");
        advance(10);
        get("/a", "Cache-Control", "max-stale").assertStale("1").assertField("Warning");
    }

    @Test
    @Tag("R9111-006")
    @Tag("R9111-157")
    void moreCanBelongToTheKey() throws Exception {
        policy(policy().keys((request, digest) ->
                request.fields().first("X-Tenant") + " " + KeyGenerator.STANDARD.keyOf(request, digest)));
        given("/a", fresh("1", 60), fresh("2", 60));
        get("/a", "X-Tenant", "a").assertMiss("1");
        get("/a", "X-Tenant", "b").assertMiss("2");
        get("/a", "X-Tenant", "a").assertHit("1");
        get("/a", "X-Tenant", "b").assertHit("2");
    }

    @Test
    @Tag("R9110-015")
    void anInvalidDateIsReplacedByTheTimeOfReceipt() throws Exception {
        given("/a", fresh("1", 60).field("Date", "foo"));
        get("/a").assertStored();
        advance(10);
        get("/a").assertHit("1").assertField("Age", "10");
        advance(51);
        get("/a").assertMiss("1");
    }

    @Test
    @Tag("R9110-041")
    void varyByAuthorizationDoesNotShareAResponse() throws Exception {
        sharedCache();
        given("/a", fresh("1", 60).field("Vary", "Authorization"));
        get("/a", "Authorization", "Basic YTpi").assertNotStored(Reason.AUTHORIZED);
    }

    @Test
    @Tag("R9110-046")
    void aConditionIsComparedWithTheOriginsDatesAndNotTheLocalClock() throws Exception {
        String modified = Reply.httpDate(clock.instant().minusSeconds(1000));
        given("/a", fresh("1", 600).field("Last-Modified", modified));
        get("/a");
        advance(300);
        get("/a", "If-Modified-Since", modified).assertStatus(304);
        get("/a", "If-Modified-Since", Reply.httpDate(clock.instant().minusSeconds(2000)))
                .assertHit("1");
        assertAsked(1, "/a");
    }

    @Test
    @Tag("R9110-045")
    @Tag("R9110-052")
    void conditionsAreEvaluatedInTheirOrder() throws Exception {
        String modified = Reply.httpDate(clock.instant().minusSeconds(1000));
        given("/a", fresh("0123456789", 600).field("Last-Modified", modified).field("ETag", "\"1\""));
        get("/a");
        String[][] tags = {{}, {"If-None-Match", "\"1\""}, {"If-None-Match", "\"2\""}};
        String[][] dates = {{}, {"If-Modified-Since", modified}, {"If-Modified-Since", "yesterday"}};
        String[][] ranges = {{}, {"Range", "bytes=0-1"}, {"Range", "bytes=0-1", "If-Range", "\"2\""}};
        for (String[] tag : tags) {
            for (String[] date : dates) {
                for (String[] range : ranges) {
                    String[] fields =
                            Stream.of(tag, date, range).flatMap(Stream::of).toArray(String[]::new);
                    boolean notModified =
                            tag.length == 0 ? date.length > 0 && date[1].equals(modified) : tag[1].equals("\"1\"");
                    int status = notModified ? 304 : range.length == 2 ? 206 : 200;
                    get("/a", fields).assertStatus(status);
                }
            }
        }
        assertAsked(1, "/a");
        // A list of dates, and a condition on another method, are no conditions.
        get("/a", "If-Modified-Since", modified, "If-Modified-Since", modified).assertStatus(200);
    }

    @Test
    @Tag("R9110-056")
    @Tag("R9110-059")
    void a206HasWhatThe200Would() throws Exception {
        String expires = Reply.httpDate(clock.instant().plusSeconds(1000));
        given(
                "/a",
                ok(
                        "0123456789",
                        "Cache-Control",
                        "max-age=60",
                        "ETag",
                        "\"1\"",
                        "Expires",
                        expires,
                        "Content-Location",
                        "/b",
                        "Vary",
                        "X-A"));
        String date = get("/a").field("Date");
        get("/a", "Range", "bytes=2-3")
                .assertHit("23")
                .assertStatus(206)
                .assertField("Date", date)
                .assertField("Cache-Control", "max-age=60")
                .assertField("ETag", "\"1\"")
                .assertField("Expires", expires)
                .assertField("Content-Location", "/b")
                .assertField("Vary", "X-A");
        get("/a", "Range", "bytes=2-3", "If-None-Match", "\"1\"").assertStatus(304);
    }

    @Test
    @Tag("R9110-068")
    void tooEarlyIsNotStoredWithoutFreshness() throws Exception {
        given("/a", Reply.status(425).field("ETag", "\"1\""));
        get("/a").assertStatus(425).assertNotStored(Reason.NOTHING_ALLOWS_STORING);
    }

    @Test
    @Tag("R8246-001")
    @Tag("R8246-002")
    @Tag("R8246-005")
    void immutableIsFreshForItsLifetimeAndNotLonger() throws Exception {
        given("/a", Reply.conditional("\"1\"", "1", "Cache-Control", "max-age=60, immutable"));
        get("/a").assertStored();
        advance(59);
        get("/a").assertHit("1");
        assertAsked(1, "/a");
        // Forced, and over a connection that anyone could have changed.
        get("/a", "Cache-Control", "no-cache").assertRevalidated("1");
        advance(1);
        get("/a", "Cache-Control", "max-age=0").assertRevalidated("1");
        advance(61);
        get("/a").assertRevalidated("1").assertBecause(Reason.VALIDATED);
        assertAsked(4, "/a");
    }

    @Test
    @Tag("R8246-004")
    void aSharedCacheValidatesAFreshImmutableResponseOnlyWhenTheClientAsksForIt() throws Exception {
        sharedCache();
        given("/a", Reply.conditional("\"1\"", "1", "Cache-Control", "max-age=60, immutable"));
        get("/a").assertStored();
        advance(59);
        get("/a").assertHit("1");
        assertAsked(1, "/a");
        get("/a", "Cache-Control", "no-cache").assertRevalidated("1");
        assertAsked(2, "/a");
    }

    @Test
    @Tag("R9842-002")
    void aDictionaryCodedResponseIsForThoseWhoHaveTheDictionary() throws Exception {
        given(
                "/a",
                ok(
                        "coded",
                        "Cache-Control",
                        "max-age=60",
                        "Content-Encoding",
                        "dcb",
                        "Vary",
                        "accept-encoding, available-dictionary"),
                ok("plain", "Cache-Control", "max-age=60", "Vary", "accept-encoding, available-dictionary"));
        get("/a", "Accept-Encoding", "dcb", "Available-Dictionary", ":one:").assertStored();
        get("/a").assertMiss("plain");
        get("/a", "Accept-Encoding", "dcb", "Available-Dictionary", ":two:").assertMiss("plain");
        get("/a", "Accept-Encoding", "dcb", "Available-Dictionary", ":one:").assertHit("coded");
    }

    @Test
    @Tag("Q20")
    void aCookieDoesNotKeepAResponseOutOfTheCache() throws Exception {
        given("/a", fresh("1", 60));
        get("/a", "Cookie", "a=b").assertStored();
        get("/a").assertHit("1");
        get("/a", "Cookie", "c=d").assertHit("1");
    }

    @Test
    @Tag("R9211-003")
    @Tag("R9211-007")
    @Tag("R9211-012")
    @Tag("R9211-014")
    void cacheStatusHasAReasonForEachForward() throws Exception {
        policy(policy().cacheStatus(true).cacheName("C"));
        given("/a", fresh("1", 60).field("Vary", "X-A"));
        assertThat(get("/a").field("Cache-Status")).startsWith("C; fwd=uri-miss;");
        assertThat(get("/a", "X-A", "1").field("Cache-Status")).startsWith("C; fwd=vary-miss;");
        assertThat(get("/a", "Cache-Control", "no-cache").field("Cache-Status")).startsWith("C; fwd=request;");
        assertThat(send("POST", "/b").field("Cache-Status")).startsWith("C; fwd=method;");
        assertThat(get("/a", "If-Match", "\"1\"").field("Cache-Status")).startsWith("C; fwd=bypass;");
        advance(100);
        Exchange stale = get("/a");
        assertThat(stale.field("Cache-Status")).startsWith("C; fwd=stale;").doesNotContain("key");
        assertThat(get("/c", "Cache-Control", "only-if-cached")
                        .assertStatus(504)
                        .field("Cache-Status"))
                .isNull();
    }
}
