package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.rules.Reason;
import dev.larder.testkit.Reply;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** RFC 9110 9.3.3 and RFC 5789 2: the answer to a POST or PATCH that is what a GET would get. */
final class ContentLocationTest extends CacheScenario {
    @Test
    @Tag("R9110-034")
    @Tag("R9110-036")
    @Tag("R9110-030")
    void theAnswerIsStoredForGetsAndNeverForItself() throws Exception {
        for (String method : new String[] {"POST", "PATCH"}) {
            String path = "/" + method;
            given(path, fresh("old", 600), fresh("new", 60).field("Content-Location", path), fresh("newer", 60));
            get(path).assertMiss("old");
            send(method, path).assertMiss("new").assertStored();
            get(path).assertHit("new");
            head(path).assertHit("");
            send(method, path).assertMiss("newer");
            assertAsked(3, path);
        }
    }

    @Test
    @Tag("R9110-034")
    void withoutFreshnessOrForAnotherUriItIsNot() throws Exception {
        given("/a", ok("1", "Content-Location", "/a", "ETag", "\"1\""));
        send("POST", "/a");
        given("/b", fresh("1", 60).field("Content-Location", "/c"));
        send("POST", "/b");
        given("/d", fresh("1", 60).field("Content-Location", "/d").field("Cache-Control", "no-store"));
        send("POST", "/d");
        given("/e", Reply.status(400).field("Cache-Control", "max-age=60").field("Content-Location", "/e"));
        send("POST", "/e");
        given("/f", fresh("1", 60).field("Content-Location", "/f"));
        send("POST", "/f", "Cache-Control", "no-store");
        send("PUT", "/f");
        assertThat(cache.storageStatistics().entries()).isZero();
    }

    @Test
    @Tag("R9110-034")
    void whatAnotherRequestInvalidatedMeanwhileIsNotStored() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        given(
                "/a",
                fresh("outdated", 60).field("Content-Location", "/a").hold(gate),
                Reply.status(204),
                fresh("current", 60));
        CompletableFuture<Exchange> slow = CompletableFuture.supplyAsync(() -> {
            try {
                return new Exchange(way.send(client, request("POST", "/a"), BodyHandlers.ofString()));
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        origin.awaitRequests("/a", 1, Duration.ofSeconds(30));
        send("PUT", "/a").assertStatus(204);
        gate.countDown();
        slow.get().assertMiss("outdated");
        get("/a").assertMiss("current").assertBecause(Reason.URI_MISS);
    }
}
