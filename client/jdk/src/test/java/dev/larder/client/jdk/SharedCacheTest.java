package dev.larder.client.jdk;

import dev.larder.policy.CachePolicy;
import dev.larder.rules.Reason;
import dev.larder.testkit.Reply;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What differs in a cache that serves several users. */
final class SharedCacheTest extends CacheScenario {
    @BeforeEach
    void share() {
        sharedCache();
    }

    @Test
    @Tag("R9111-012")
    @Tag("R9111-139")
    @Tag("Q4")
    void privateKeepsAResponseOutHoweverItIsSpelled() throws Exception {
        for (String spelling :
                new String[] {"private", "Private, max-age=60", "private=\"x\"", "private = \"x\"", "private="}) {
            given("/a", ok("1", "Cache-Control", "max-age=60, " + spelling));
            get("/a").assertMiss("1").assertNotStored(Reason.PRIVATE);
            get("/a").assertMiss("1");
        }
    }

    @Test
    @Tag("R9111-140")
    void privateIsStoredByAPrivateCache() throws Exception {
        privateCache();
        given("/a", ok("1", "Cache-Control", "private, max-age=60"));
        get("/a").assertMiss("1").assertStored();
        get("/a").assertHit("1");
    }

    @Test
    @Tag("R9111-013")
    @Tag("R9111-039")
    @Tag("R9111-040")
    void aResponseToAuthorizationNeedsToBeMarkedShareable() throws Exception {
        given("/no", fresh("1", 60));
        get("/no", "Authorization", "Basic eDp5").assertMiss("1").assertNotStored(Reason.AUTHORIZED);
    }

    @Test
    void aPrivateCacheStoresAResponseToAuthorization() throws Exception {
        privateCache();
        given("/a", fresh("1", 60));
        get("/a", "Authorization", "Basic eDp5").assertMiss("1").assertStored();
        get("/a", "Authorization", "Basic eDp5").assertHit("1");
    }

    @Test
    @Tag("R9111-158")
    @Tag("Q11")
    void aResponseThatSetsACookieNeedsToBeMarkedShareable() throws Exception {
        given("/no", ok("1", "Cache-Control", "max-age=60", "Set-Cookie", "id=1"));
        get("/no").assertMiss("1").assertNotStored(Reason.SET_COOKIE);
        policy(CachePolicy.sharedCache().storeSetCookie(true));
        get("/no").assertMiss("1").assertStored();
    }

    @Test
    @Tag("Q6")
    void aCookieIn304DoesNotReachTheNextUser() throws Exception {
        given(
                "/a",
                ok("1", "ETag", "\"1\"", "Cache-Control", "max-age=1"),
                Reply.notModified()
                        .field("ETag", "\"1\"")
                        .field("Set-Cookie", "id=2")
                        .field("Cache-Control", "max-age=60"));
        get("/a");
        advance(2);
        get("/a").assertRevalidated("1");
        get("/a").assertHit("1").assertField("Set-Cookie");
    }

    @Test
    void whatAPrivateCacheStoredIsNotForASharedOne() throws Exception {
        privateCache();
        given("/a", ok("1", "Cache-Control", "private, max-age=60"));
        get("/a").assertStored();
        sharedCache();
        get("/a").assertMiss("1");
    }

    @Test
    @Tag("R9111-142")
    void proxyRevalidateForbidsStaleUseHereOnly() throws Exception {
        given("/a", ok("1", "Cache-Control", "max-age=1, proxy-revalidate"));
        get("/a");
        advance(2);
        get("/a", "Cache-Control", "max-stale").assertMiss("1");
        privateCache();
        advance(2);
        get("/a", "Cache-Control", "max-stale").assertStale("1");
    }
}
