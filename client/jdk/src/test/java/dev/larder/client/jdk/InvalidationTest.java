package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.policy.CacheControls;
import dev.larder.testkit.Reply;
import dev.larder.testkit.ScriptedOrigin;
import java.io.IOException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** RFC 9111 4.4, and the means to invalidate by hand. */
final class InvalidationTest extends CacheScenario {
    private void store(String... paths) throws Exception {
        for (String path : paths) {
            origin.on(path).answer(request -> request.method().equals("GET") ? fresh(path, 60) : ok("done"));
            get(path).assertMiss(path).assertStored();
            get(path).assertHit(path);
        }
    }

    @Test
    @Tag("R9111-106")
    @Tag("R9110-029")
    void everyUnsafeMethodInvalidatesItsTarget() throws Exception {
        for (String method : new String[] {"POST", "PUT", "DELETE", "PATCH", "PURGE"}) {
            store("/a");
            send(method, "/a").assertMiss("done");
            assertThat(cache.entries().hasNext()).as(method).isFalse();
        }
    }

    @Test
    void safeMethodsInvalidateNothing() throws Exception {
        store("/a");
        send("OPTIONS", "/a").assertMiss("done");
        head("/a");
        get("/a").assertHit("/a");
    }

    @Test
    @Tag("R9111-107")
    void aFailedUnsafeRequestInvalidatesNothing() throws Exception {
        store("/a");
        for (int status : new int[] {400, 404, 409, 500, 503}) {
            origin.on("/a").reply(Reply.status(status));
            send("PUT", "/a").assertStatus(status);
        }
        get("/a").assertHit("/a");
        origin.stopAccepting();
        assertThatThrownBy(() -> send("PUT", "/a")).isInstanceOf(IOException.class);
        get("/a").assertHit("/a");
    }

    @Test
    void aRedirectedUnsafeRequestInvalidates() throws Exception {
        store("/a");
        origin.on("/a").reply(Reply.status(303).field("Location", "/elsewhere"));
        send("POST", "/a").assertStatus(303);
        assertThat(cache.entries().hasNext()).isFalse();
    }

    @Test
    @Tag("R9111-110")
    void allVariantsGo() throws Exception {
        given("/a", ok("1", "Vary", "Accept", "Cache-Control", "max-age=60"));
        get("/a", "Accept", "x");
        get("/a", "Accept", "y");
        send("DELETE", "/a");
        assertThat(cache.entries().hasNext()).isFalse();
    }

    @Test
    @Tag("R9111-108")
    @Tag("Q10")
    void locationAndContentLocationOfTheSameOriginAreInvalidatedToo() throws Exception {
        store("/a", "/b", "/c", "/d");
        origin.on("/a")
                .reply(ok(
                        "done",
                        "Location",
                        "/b",
                        "Content-Location",
                        origin.uri("/c").toString()));
        send("POST", "/a");
        get("/b").assertMiss("/b");
        get("/c").assertMiss("/c");
        get("/d").assertHit("/d");
    }

    @Test
    @Tag("R9111-109")
    void anotherOriginsResponsesStay() throws Exception {
        try (ScriptedOrigin other = ScriptedOrigin.start(clock)) {
            other.on("/b").reply(fresh("b", 60));
            var request = java.net.http.HttpRequest.newBuilder(other.uri("/b")).build();
            send(request).assertMiss("b");
            String foreign = other.uri("/b").toString();
            origin.on("/a").reply(ok("done", "Location", foreign, "Content-Location", foreign));
            send("POST", "/a");
            send(request).assertHit("b");
        }
    }

    @Test
    void aBypassingUnsafeRequestStillInvalidates() throws Exception {
        store("/a");
        send(CacheClient.with(request("POST", "/a"), CacheControls.NONE.withBypass()))
                .assertBypassed("done");
        get("/a").assertMiss("/a");
    }

    @Test
    void byUri() throws Exception {
        store("/a", "/b");
        assertThat(cache.invalidate(origin.uri("/a"))).isEqualTo(1);
        assertThat(cache.invalidate(origin.uri("/a"))).isZero();
        get("/b").assertHit("/b");
        get("/a").assertMiss("/a");
        assertThat(cache.statistics().invalidated()).isEqualTo(1);
    }

    @Test
    void byResponse() throws Exception {
        given("/a", ok("1", "Vary", "Accept", "Cache-Control", "max-age=60"));
        get("/a", "Accept", "x");
        get("/a", "Accept", "y");
        Exchange hit = get("/a", "Accept", "x").assertHit("1");
        assertThat(cache.invalidate(hit.info())).isTrue();
        assertThat(cache.invalidate(hit.info())).isFalse();
        get("/a", "Accept", "y").assertHit("1");
        get("/a", "Accept", "x").assertMiss("1");
    }

    @Test
    void byPrefix() throws Exception {
        store("/users/1", "/users/2", "/other");
        assertThat(cache.invalidatePrefix(origin.uri("/users/").toString())).isEqualTo(2);
        get("/other").assertHit("/other");
        get("/users/1").assertMiss("/users/1");
    }

    @Test
    void byPredicate() throws Exception {
        store("/a", "/b");
        assertThat(cache.invalidateIf(stored -> stored.uri().toString().endsWith("b")))
                .isEqualTo(1);
        get("/a").assertHit("/a");
        get("/b").assertMiss("/b");
    }

    @Test
    void byTag() throws Exception {
        given("/a", fresh("a", 60));
        given("/b", fresh("b", 60));
        get(CacheControls.NONE.withTags("user-1", "list"), "/a");
        get(CacheControls.NONE.withTags("user-2", "list"), "/b");
        assertThat(cache.invalidateTag("user-1")).isEqualTo(1);
        get("/b").assertHit("b");
        assertThat(cache.invalidateTag("list")).isEqualTo(1);
        assertThat(cache.invalidateTag("none")).isZero();
    }

    @Test
    @Tag("R9111-155")
    void everything() throws Exception {
        store("/a", "/b");
        cache.clear();
        assertThat(cache.entries().hasNext()).isFalse();
        get("/a").assertMiss("/a");
    }
}
