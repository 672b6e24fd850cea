package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.rules.Reason;
import dev.larder.testkit.Reply;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** No-Vary-Search: a stored response says which parts of the query do not matter. */
final class NoVarySearchTest extends CacheScenario {
    private static final String[] IGNORES_UTM = {
        "Cache-Control", "max-age=60", "No-Vary-Search", "params=(\"utm\")", "ETag", "\"1\""
    };

    @BeforeEach
    void heedIt() {
        policy(policy().noVarySearch(true));
    }

    @Test
    @Tag("RNVS-006")
    @Tag("RNVS-007")
    void aResponseAnswersWhatItSaysIsTheSame() throws Exception {
        origin.on("/a?utm=1&x=1").reply(ok("x1", IGNORES_UTM));
        origin.on("/a?x=2").reply(ok("x2", IGNORES_UTM));
        get("/a?utm=1&x=1").assertMiss("x1").assertStored();
        get("/a?utm=2&x=1").assertHit("x1");
        get("/a?x=1").assertHit("x1");
        get("/a?x=2").assertMiss("x2").assertBecause(Reason.URI_MISS);
        get("/a?x=2&utm=1").assertHit("x2");
        get("/a?x=1").assertHit("x1");
        head("/a?x=1&utm=7").assertHit("");
        assertThat(origin.count()).isEqualTo(2);
    }

    @Test
    @Tag("RNVS-006")
    void onlyTheStoredResponseCanSayIt() throws Exception {
        origin.on("/a?utm=1").reply(fresh("1", 60));
        origin.on("/a?utm=2").reply(ok("2", IGNORES_UTM));
        get("/a?utm=1").assertMiss("1");
        get("/a?utm=2").assertMiss("2");
        get("/a?utm=1").assertHit("1");
        get("/a?utm=3").assertHit("2");
        policy(policy());
        origin.on("/a?utm=3").reply(fresh("3", 60));
        get("/a?utm=3").assertMiss("3");
    }

    @Test
    @Tag("RNVS-006")
    void aStaleOneIsValidatedAndReplaced() throws Exception {
        origin.on("/a?utm=1").reply(ok("1", IGNORES_UTM));
        origin.on("/a?utm=2")
                .replies(
                        Reply.notModified().field("ETag", "\"1\"").field("Cache-Control", "max-age=60"),
                        ok("2", IGNORES_UTM));
        get("/a?utm=1").assertStored();
        advance(61);
        get("/a?utm=2").assertRevalidated("1");
        get("/a?utm=3").assertHit("1");
        advance(61);
        get("/a?utm=2").assertMiss("2");
        get("/a?utm=1").assertHit("2");
        assertThat(cache.storageStatistics().entries()).isEqualTo(1);
    }

    @Test
    @Tag("Q27")
    void invalidationReachesEquivalentUris() throws Exception {
        origin.on("/a?utm=1").replies(ok("1", IGNORES_UTM), ok("2", IGNORES_UTM), ok("3", IGNORES_UTM));
        get("/a?utm=1").assertMiss("1");
        origin.on("/a?utm=9").reply(Reply.status(204));
        send("POST", "/a?utm=9").assertStatus(204);
        get("/a?utm=1").assertMiss("2");
        assertThat(cache.invalidate(origin.uri("/a?utm=5"))).isEqualTo(1);
        get("/a?utm=1").assertMiss("3");
    }
}
