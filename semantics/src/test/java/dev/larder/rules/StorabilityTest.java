package dev.larder.rules;

import static dev.larder.rules.Heads.get;
import static dev.larder.rules.Heads.ok;
import static dev.larder.rules.Heads.response;
import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.http.RequestDirectives;
import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;
import dev.larder.policy.CachePolicy;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@ParameterizedClass(name = "shared: {0}")
@ValueSource(booleans = {false, true})
class StorabilityTest {
    private static final CachePolicy PRIVATE = CachePolicy.DEFAULT;
    private static final CachePolicy SHARED = CachePolicy.sharedCache().build();

    @Parameter
    boolean shared;

    /** The default policy of a cache of the kind that this run is about. */
    private CachePolicy policy() {
        return (shared ? CachePolicy.sharedCache() : CachePolicy.privateCache()).build();
    }

    private static Reason ask(RequestHead request, ResponseHead response, CachePolicy policy) {
        return Storability.ask(request, RequestDirectives.of(request.fields()), response, false, policy);
    }

    @Test
    @Tag("R9111-014")
    void explicitFreshnessAllowsStoringAnyFinalStatus() {
        assertThat(ask(get(), response(299, "Cache-Control", "max-age=60"), policy()))
                .isEqualTo(Reason.STORABLE_EXPLICIT);
        assertThat(ask(get(), response(599, "Expires", Heads.date(60)), policy()))
                .isEqualTo(Reason.STORABLE_EXPLICIT);
        assertThat(ask(get(), response(599), policy())).isEqualTo(Reason.NOTHING_ALLOWS_STORING);
        assertThat(ask(get(), response(599, "Cache-Control", "s-maxage=60"), PRIVATE))
                .isEqualTo(Reason.NOTHING_ALLOWS_STORING);
        assertThat(ask(get(), response(599, "Cache-Control", "s-maxage=60"), SHARED))
                .isEqualTo(Reason.STORABLE_EXPLICIT);
    }

    @Test
    @Tag("R9111-140")
    @Tag("R9111-143")
    void publicAndPrivateAllowStoring() {
        assertThat(ask(get(), response(599, "Cache-Control", "public", "ETag", "\"1\""), policy()))
                .isEqualTo(Reason.STORABLE_MARKED);
        assertThat(ask(get(), response(599, "Cache-Control", "private", "ETag", "\"1\""), PRIVATE))
                .isEqualTo(Reason.STORABLE_MARKED);
        assertThat(ask(get(), response(599, "Cache-Control", "private", "ETag", "\"1\""), SHARED))
                .isEqualTo(Reason.PRIVATE);
    }

    @ParameterizedTest
    @ValueSource(ints = {200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 451, 501})
    @Tag("R9110-064")
    @Tag("Q24")
    void heuristicallyCacheableStatusesAreStoredForTheirValidator(int status) {
        assertThat(ask(get(), response(status, "ETag", "\"1\""), policy())).isEqualTo(Reason.STORABLE_STATUS);
        assertThat(ask(get(), response(status), policy())).isEqualTo(Reason.NOTHING_TO_REUSE);
    }

    @ParameterizedTest
    @ValueSource(ints = {201, 202, 302, 303, 307, 403, 421, 425, 500, 502, 503, 504, 599})
    @Tag("R9111-073")
    @Tag("R9110-066")
    void otherStatusesNeedMore(int status) {
        assertThat(ask(get(), response(status, "ETag", "\"1\""), policy())).isEqualTo(Reason.NOTHING_ALLOWS_STORING);
    }

    @ParameterizedTest
    @ValueSource(ints = {428, 429, 431, 511})
    @Tag("R9110-067")
    void someStatusesAreNeverStored(int status) {
        assertThat(ask(get(), response(status, "Cache-Control", "max-age=60, public"), policy()))
                .isEqualTo(Reason.STATUS_NEVER_STORED);
    }

    @ParameterizedTest
    @CsvSource({"103, STATUS_NOT_FINAL", "206, STATUS_PARTIAL", "304, STATUS_NOT_MODIFIED"})
    @Tag("R9111-009")
    @Tag("R9111-010")
    void someStatusesAreNoResponsesOfTheirOwn(int status, Reason reason) {
        assertThat(ask(get(), response(status, "Cache-Control", "max-age=60"), policy()))
                .isEqualTo(reason);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"no-store", "No-Store, max-age=60", "max-age=60, no-store=\"x\"", "no-store;", "junk no-store"})
    @Tag("R9111-011")
    @Tag("R9111-136")
    void noStoreIsHonouredHoweverItIsSpelled(String value) {
        assertThat(ask(get(), ok("Cache-Control", value), policy())).isEqualTo(Reason.NO_STORE);
        assertThat(ask(get(), ok("Cache-Control", "max-age=60", "Cache-Control", value), policy()))
                .isEqualTo(Reason.NO_STORE);
    }

    @Test
    @Tag("R9111-133")
    @Tag("R9111-016")
    @Tag("Q23")
    void mustUnderstandOverridesNoStoreForUnderstoodStatuses() {
        assertThat(ask(get(), ok("Cache-Control", "max-age=60, no-store, must-understand"), policy()))
                .isEqualTo(Reason.STORABLE_EXPLICIT);
        assertThat(ask(get(), response(599, "Cache-Control", "max-age=60, must-understand"), policy()))
                .isEqualTo(Reason.STATUS_NOT_UNDERSTOOD);
    }

    @Test
    @Tag("R9111-123")
    void requestNoStoreForbidsStoring() {
        assertThat(ask(get("Cache-Control", "no-store"), ok("Cache-Control", "max-age=60"), policy()))
                .isEqualTo(Reason.REQUEST_NO_STORE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"private", "Private", "private=\"\"", "private=\" x\"", "private = \"x\"", "private=\"x-user\""})
    @Tag("R9111-012")
    void privateKeepsOutOfASharedCache(String value) {
        ResponseHead response = ok("Cache-Control", "max-age=60, " + value);
        assertThat(ask(get(), response, SHARED)).isEqualTo(Reason.PRIVATE);
        assertThat(ask(get(), response, PRIVATE)).isEqualTo(Reason.STORABLE_EXPLICIT);
    }

    @ParameterizedTest
    @CsvSource({
        "max-age=60, AUTHORIZED",
        "'max-age=60, public', STORABLE_EXPLICIT",
        "'max-age=60, must-revalidate', STORABLE_EXPLICIT",
        "'s-maxage=60', STORABLE_EXPLICIT",
        "'max-age=60, proxy-revalidate', AUTHORIZED",
        "'max-age=60, immutable', AUTHORIZED",
        "'max-age=60, s-maxage=x', AUTHORIZED",
    })
    @Tag("R9111-013")
    @Tag("R9111-040")
    void authorizationNeedsPermissionInASharedCache(String value, Reason reason) {
        RequestHead request = get("Authorization", "Basic x");
        assertThat(ask(request, ok("Cache-Control", value), SHARED)).isEqualTo(reason);
    }

    @Test
    @Tag("Q11")
    void setCookieNeedsPermissionInASharedCache() {
        ResponseHead cookie = ok("Cache-Control", "max-age=60", "Set-Cookie", "a=b");
        assertThat(ask(get(), cookie, SHARED)).isEqualTo(Reason.SET_COOKIE);
        assertThat(ask(get(), cookie, PRIVATE)).isEqualTo(Reason.STORABLE_EXPLICIT);
        assertThat(ask(
                        get(),
                        cookie,
                        CachePolicy.sharedCache().storeSetCookie(true).build()))
                .isEqualTo(Reason.STORABLE_EXPLICIT);
        assertThat(ask(get(), ok("Cache-Control", "max-age=60, public", "Set-Cookie", "a=b"), SHARED))
                .isEqualTo(Reason.STORABLE_EXPLICIT);
    }

    @ParameterizedTest
    @ValueSource(strings = {"*", "*, *", ", *", "Foo, *"})
    @Tag("R9111-055")
    void varyAnyIsNotStored(String vary) {
        assertThat(ask(get(), ok("Cache-Control", "max-age=60", "Vary", vary), policy()))
                .isEqualTo(Reason.VARY_ANY);
    }

    @Test
    void forceOverridesTheFieldsButNotWhatCannotBeStored() {
        RequestHead request = get();
        assertThat(Storability.ask(request, RequestDirectives.NONE, ok("Cache-Control", "no-store"), true, policy()))
                .isEqualTo(Reason.STORABLE_FORCED);
        assertThat(Storability.ask(request, RequestDirectives.NONE, response(206), true, policy()))
                .isEqualTo(Reason.STATUS_PARTIAL);
    }

    @Test
    void thePolicysFilterIsAsked() {
        CachePolicy filtered = CachePolicy.privateCache()
                .responseFilter((request, response) -> response.status() == 200)
                .build();
        assertThat(ask(get(), response(404, "Cache-Control", "max-age=60"), filtered))
                .isEqualTo(Reason.FILTERED);
    }
}
