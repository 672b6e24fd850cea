package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.rules.Reason;
import dev.larder.testkit.Reply;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** RFC 9111 4.1: several responses under one key. */
final class VaryTest extends CacheScenario {
    private void varies(String path, String... names) {
        origin.on(path).answer(request -> {
            StringBuilder body = new StringBuilder();
            Reply reply = Reply.ok().field("Cache-Control", "max-age=60");
            for (String name : names) {
                reply = reply.field("Vary", name);
                body.append(request.all(name));
            }
            return reply.body(body.toString());
        });
    }

    @Test
    @Tag("R9111-043")
    @Tag("R9110-039")
    void variantsLiveSideBySide() throws Exception {
        varies("/a", "Accept-Language");
        get("/a", "Accept-Language", "en").assertMiss("[en]");
        get("/a", "Accept-Language", "fr").assertMiss("[fr]").assertBecause(Reason.VARY_MISS);
        get("/a").assertMiss("[]");
        get("/a", "Accept-Language", "en").assertHit("[en]");
        get("/a", "Accept-Language", "fr").assertHit("[fr]");
        get("/a").assertHit("[]");
        assertAsked(3, "/a");
        assertThat(cache.storageStatistics().entries()).isEqualTo(3);
    }

    @Test
    @Tag("R9111-043")
    void allFieldsNamedHaveToMatch() throws Exception {
        varies("/a", "Accept", "X-Tenant");
        get("/a", "Accept", "text/html", "X-Tenant", "1").assertMiss("[text/html][1]");
        get("/a", "Accept", "text/html", "X-Tenant", "2").assertMiss("[text/html][2]");
        get("/a", "Accept", "text/html").assertMiss("[text/html][]");
        get("/a", "X-Tenant", "2", "accept", "text/html").assertHit("[text/html][2]");
    }

    @Test
    @Tag("R9111-055")
    void aStarMatchesNothing() throws Exception {
        for (String star : new String[] {"*", " * ", "Accept, *", "*, Accept"}) {
            given("/a", ok("1", "Cache-Control", "max-age=60", "Vary", star));
            get("/a").assertMiss("1").assertNotStored(Reason.VARY_ANY);
            get("/a").assertMiss("1");
        }
    }

    @Test
    void anEmptyMemberOfVaryDoesNoHarm() throws Exception {
        given("/a", ok("1", "Cache-Control", "max-age=60", "Vary", ",Accept,,"));
        get("/a", "Accept", "x").assertMiss("1");
        get("/a", "Accept", "x").assertHit("1");
        get("/a", "Accept", "y").assertMiss("1");
    }

    @Test
    void oneVariantIsReplacedAndTheOthersStay() throws Exception {
        varies("/a", "Accept");
        get("/a", "Accept", "x").assertMiss("[x]");
        advance(30);
        get("/a", "Accept", "y").assertMiss("[y]");
        advance(31);
        get("/a", "Accept", "x").assertMiss("[x]").assertBecause(Reason.STALE);
        get("/a", "Accept", "y").assertHit("[y]");
        assertThat(cache.storageStatistics().entries()).isEqualTo(2);
    }

    @Test
    void theValuesOfSelectingFieldsAreNotKept() throws Exception {
        varies("/a", "X-Secret");
        get("/a", "X-Secret", "canary-5837");
        var entry = cache.entries().next();
        assertThat(entry.stored().selecting().toString()).doesNotContain("canary-5837");
        assertThat(entry.stored().toString()).doesNotContain("canary-5837");
    }
}
