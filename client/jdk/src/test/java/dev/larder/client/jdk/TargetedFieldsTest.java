package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.rules.Reason;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** RFC 9213: fields that speak to some caches instead of Cache-Control. */
final class TargetedFieldsTest extends CacheScenario {
    private void targets(String... fields) {
        policy(policy().targetedFields(fields));
    }

    @Test
    @Tag("R9213-007")
    @Tag("R9111-015")
    void theFieldGoesBeforeCacheControlAndExpires() throws Exception {
        targets("CDN-Cache-Control");
        given("/a", ok("1", "CDN-Cache-Control", "max-age=60", "Cache-Control", "no-store", "Expires", "0"));
        get("/a").assertStored();
        get("/a").assertHit("1");
        given("/b", ok("1", "CDN-Cache-Control", "no-store", "Cache-Control", "max-age=60"));
        get("/b").assertNotStored(Reason.NO_STORE);
    }

    @Test
    @Tag("R9213-006")
    @Tag("R9213-007")
    void theFirstOfTheListThatIsValidDecides() throws Exception {
        targets("Own-Cache-Control", "CDN-Cache-Control");
        given("/a", ok("1", "CDN-Cache-Control", "max-age=60", "Own-Cache-Control", "no-store"));
        get("/a").assertNotStored(Reason.NO_STORE);
        given("/b", ok("1", "CDN-Cache-Control", "max-age=60", "Own-Cache-Control", "", "Cache-Control", "no-store"));
        get("/b").assertStored();
        given("/c", ok("1", "CDN-Cache-Control", "max-age=60", "Own-Cache-Control", "max-age=;", "Cache-Control", "a"));
        get("/c").assertStored();
    }

    @Test
    @Tag("R9213-008")
    @Tag("R9213-009")
    @Tag("R9213-013")
    @Tag("R9213-014")
    void aFieldThatIsNotOnTheListChangesNothingAndPassesThrough() throws Exception {
        targets("CDN-Cache-Control");
        given("/a", ok("1", "Foo-Cache-Control", "max-age=60", "ETag", "\"1\""));
        get("/a").assertField("Foo-Cache-Control", "max-age=60");
        get("/a").assertMiss("1").assertBecause(Reason.NO_FRESHNESS);
        policy(policy());
        given("/b", ok("1", "CDN-Cache-Control", "no-store", "Cache-Control", "max-age=60"));
        get("/b").assertStored().assertField("CDN-Cache-Control", "no-store");
        get("/b").assertHit("1").assertField("CDN-Cache-Control", "no-store");
    }

    @Test
    @Tag("R9213-010")
    @Tag("R9213-011")
    void directivesOfTheFieldAreObeyed() throws Exception {
        targets("CDN-Cache-Control");
        given("/private", ok("1", "CDN-Cache-Control", "private, max-age=60"));
        Exchange marked = get("/private");
        if (way.isShared()) {
            marked.assertNotStored(Reason.PRIVATE);
        } else {
            marked.assertStored();
        }
        given("/no-cache", ok("1", "CDN-Cache-Control", "no-cache, max-age=60", "ETag", "\"1\""));
        get("/no-cache").assertStored();
        get("/no-cache").assertMiss("1").assertBecause(Reason.RESPONSE_NO_CACHE);
        given("/revalidate", ok("1", "CDN-Cache-Control", "max-age=1, must-revalidate"));
        get("/revalidate").assertStored();
        given("/stale", ok("1", "CDN-Cache-Control", "max-age=1, stale-if-error=60"));
        get("/stale").assertStored();
        advance(10);
        get("/revalidate", "Cache-Control", "max-stale").assertMiss("1");
        origin.on("/stale").reply(dev.larder.testkit.Reply.status(503));
        get("/stale").assertStale("1");
    }

    @Test
    @Tag("R9213-012")
    void anAgeBeyondTheDownstreamLifetimeIsSentAsItIs() throws Exception {
        targets("CDN-Cache-Control");
        given("/a", ok("1", "CDN-Cache-Control", "max-age=600", "Cache-Control", "max-age=10"));
        get("/a").assertStored();
        advance(100);
        get("/a").assertHit("1").assertField("Age", "100").assertField("Cache-Control", "max-age=10");
        assertThat(origin.count("/a")).isEqualTo(1);
    }
}
