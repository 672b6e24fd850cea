package dev.larder.rules;

import static dev.larder.rules.Heads.NOW;
import static dev.larder.rules.Heads.NOW_DATE;
import static dev.larder.rules.Heads.date;
import static dev.larder.rules.Heads.get;
import static dev.larder.rules.Heads.request;
import static dev.larder.rules.Heads.response;
import static dev.larder.rules.Heads.stored;
import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.http.HttpFields;
import dev.larder.http.RequestDirectives;
import dev.larder.http.TargetUri;
import dev.larder.policy.CachePolicy;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OtherRulesTest {
    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "FOO", "get"})
    @Tag("R9111-106")
    @Tag("R9111-107")
    @Tag("R9110-029")
    void unsafeAndUnknownMethodsInvalidateWhenTheySucceed(String method) {
        assertThat(Invalidation.applies(request(method, "http://a/"), response(204)))
                .isTrue();
        assertThat(Invalidation.applies(request(method, "http://a/"), response(302)))
                .isTrue();
        assertThat(Invalidation.applies(request(method, "http://a/"), response(404)))
                .isFalse();
        assertThat(Invalidation.applies(request(method, "http://a/"), response(500)))
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET", "HEAD", "OPTIONS", "TRACE", "QUERY"})
    void safeMethodsDoNot(String method) {
        assertThat(Invalidation.applies(request(method, "http://a/"), response(200)))
                .isFalse();
    }

    @Test
    @Tag("R9111-108")
    @Tag("R9111-109")
    void locationsOfTheSameOriginAreInvalidatedToo() {
        assertThat(Invalidation.uris(
                        request("POST", "http://a:81/x/y?q"),
                        response(201, "Location", "../z", "Content-Location", "http://a:81/w")))
                .containsExactly(
                        TargetUri.parse("http://a:81/x/y?q"),
                        TargetUri.parse("http://a:81/z"),
                        TargetUri.parse("http://a:81/w"));
        assertThat(Invalidation.uris(
                        request("POST", "http://a/x"),
                        response(201, "Location", "http://b/x", "Content-Location", "https://a/x")))
                .containsExactly(TargetUri.parse("http://a/x"));
    }

    @ParameterizedTest
    @CsvSource({
        "'\"1\"', true",
        "'W/\"1\"', true",
        "'\"2\", \"1\"', true",
        "'\"2\"', false",
        "'*', true",
        "'garbage', false",
    })
    @Tag("R9110-043")
    @Tag("R9110-044")
    void ifNoneMatchComparesWeakly(String value, boolean notModified) {
        assertThat(Preconditions.notModified(get("If-None-Match", value), stored("ETag", "\"1\"")))
                .isEqualTo(notModified);
    }

    @Test
    @Tag("R9111-088")
    void ifNoneMatchGoesBeforeIfModifiedSince() {
        StoredResponse stored = stored("ETag", "\"1\"", "Last-Modified", date(-100));
        assertThat(Preconditions.notModified(get("If-None-Match", "\"2\"", "If-Modified-Since", date(0)), stored))
                .isFalse();
        assertThat(Preconditions.notModified(get("If-Modified-Since", date(-100)), stored))
                .isTrue();
        assertThat(Preconditions.notModified(get("If-Modified-Since", date(-101)), stored))
                .isFalse();
        assertThat(Preconditions.notModified(get("If-Modified-Since", "yesterday"), stored))
                .isFalse();
        assertThat(Preconditions.notModified(get("If-Modified-Since", date(0), "If-Modified-Since", date(0)), stored))
                .isFalse();
    }

    @Test
    @Tag("R9111-089")
    void withoutLastModifiedTheDateCounts() {
        StoredResponse stored = stored("Date", NOW_DATE);
        assertThat(Preconditions.notModified(get("If-Modified-Since", date(0)), stored))
                .isTrue();
        assertThat(Preconditions.notModified(get("If-Modified-Since", date(-1)), stored))
                .isFalse();
    }

    @Test
    @Tag("R9110-050")
    void conditionsDoNotApplyToErrors() {
        StoredResponse notFound =
                stored("ETag", "\"1\"").toBuilder().status(404).build();
        assertThat(Preconditions.notModified(get("If-None-Match", "\"1\""), notFound))
                .isFalse();
    }

    @Test
    @Tag("R9110-062")
    void aGenerated304RepeatsWhatThe200Says() {
        HttpFields fields = HttpFields.of(
                "Date",
                NOW_DATE,
                "ETag",
                "\"1\"",
                "Vary",
                "A",
                "Content-Length",
                "5",
                "Content-Type",
                "x",
                "Expires",
                "0",
                "Cache-Control",
                "c",
                "Content-Location",
                "/l",
                "Age",
                "1");
        assertThat(Preconditions.notModifiedFields(fields)).isEqualTo(fields.without("Content-Length", "Content-Type"));
    }

    @ParameterizedTest
    @CsvSource({
        "'max-age=60, stale-if-error=100', 160, STALE_IF_ERROR",
        "'max-age=60, stale-if-error=100', 161, NO_STALE_ALLOWANCE",
        "'max-age=60', 60, NO_STALE_ALLOWANCE",
        "'max-age=60, stale-if-error=x', 60, NO_STALE_ALLOWANCE",
        "'max-age=60, stale-if-error=100, must-revalidate', 61, MUST_REVALIDATE",
        "'max-age=60, stale-if-error=100, no-cache', 61, MUST_REVALIDATE",
    })
    @Tag("R5861-005")
    @Tag("R5861-007")
    void staleIfErrorHasItsWindow(String value, long later, Reason reason) {
        assertThat(afterFailure(value, "", CachePolicy.DEFAULT, true, later)).isEqualTo(reason);
        assertThat(afterFailure(value, "", CachePolicy.DEFAULT, false, later)).isEqualTo(reason);
    }

    @Test
    @Tag("R5861-006")
    void staleIfErrorCanComeFromTheRequestAndThePolicy() {
        assertThat(afterFailure("max-age=60", "stale-if-error=10", CachePolicy.DEFAULT, false, 70))
                .isEqualTo(Reason.STALE_IF_ERROR);
        CachePolicy policy =
                CachePolicy.privateCache().staleIfError(Duration.ofSeconds(10)).build();
        assertThat(afterFailure("max-age=60", "", policy, false, 70)).isEqualTo(Reason.STALE_IF_ERROR);
        assertThat(afterFailure("max-age=60, stale-if-error=0", "", policy, false, 61))
                .isEqualTo(Reason.NO_STALE_ALLOWANCE);
    }

    @Test
    @Tag("Q12")
    void disconnectedUseIsOffUnlessConfigured() {
        CachePolicy policy = CachePolicy.privateCache()
                .staleWhenDisconnected(Duration.ofSeconds(10))
                .build();
        assertThat(afterFailure("max-age=60", "", policy, true, 70)).isEqualTo(Reason.STALE_DISCONNECTED);
        assertThat(afterFailure("max-age=60", "", policy, false, 70)).isEqualTo(Reason.NO_STALE_ALLOWANCE);
        assertThat(afterFailure("max-age=60", "", policy, true, 71)).isEqualTo(Reason.NO_STALE_ALLOWANCE);
    }

    private static Reason afterFailure(
            String response, String request, CachePolicy policy, boolean disconnected, long later) {
        StoredResponse stored = stored("Cache-Control", response, "Date", NOW_DATE);
        return StaleUse.afterFailure(
                stored,
                stored.digest(policy),
                RequestDirectives.of(get("Cache-Control", request).fields()),
                policy,
                disconnected,
                NOW + later * 1000);
    }

    @Test
    void everyReasonHasASectionAndOneSentence() {
        for (Reason reason : Reason.values()) {
            assertThat(reason.section()).matches("(RFC \\d+( [\\d.]+)?|Larder (policy|storage|client))");
            assertThat(reason.sentence()).isNotEmpty().doesNotEndWith(".");
        }
        assertThat(Reason.FRESH.servesStored()).isTrue();
        assertThat(Reason.URI_MISS.servesStored()).isFalse();
        assertThat(Reason.NO_STORE.allowsStoring()).isFalse();
    }
}
