package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.CacheInfo;
import dev.larder.testkit.GeneratedBody;
import dev.larder.testkit.Reply;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A storage that fails costs a request to the origin and never a request of the user's. */
final class StorageFaultsTest extends CacheScenario {
    private static final GeneratedBody SMALL = new GeneratedBody(1_000, 1);
    private static final GeneratedBody BIG = new GeneratedBody(300_000, 2);

    @FunctionalInterface
    private interface Story {
        void tell() throws Exception;
    }

    /** Fails the Nth call, for N = 1, 2, 3 … until the story needs fewer; once, and from then on. */
    private void failEachCall(Story story) throws Exception {
        for (boolean forEver : new boolean[] {false, true}) {
            for (int n = 1; n < 10_000; n++) {
                AtomicInteger calls = new AtomicInteger();
                int failing = n;
                storage.fail(operation -> {
                    int call = calls.incrementAndGet();
                    if (call == failing || (forEver && call > failing)) {
                        throw new IOException("injected into " + operation);
                    }
                });
                try {
                    story.tell();
                } catch (Exception | AssertionError e) {
                    throw new AssertionError("call " + n + (forEver ? " and all after it" : "") + " failed", e);
                }
                assertThat(storage.awaitAllClosed())
                        .as("open after call %s failed", n)
                        .isZero();
                storage.fail(operation -> {});
                assertThat(events.troubles()).allMatch(trouble -> trouble.contains("injected"));
                events.forgetTroubles();
                cache.clear();
                advance(100);
                if (calls.get() < n) {
                    assertThat(n).as("calls that can fail").isGreaterThan(2);
                    break;
                }
            }
        }
    }

    private void assertGets(GeneratedBody body, String path, String... namesAndValues) throws Exception {
        assertWhole(body, way.send(client, request("GET", path, namesAndValues), BodyHandlers.ofByteArray()));
    }

    private static void assertWhole(GeneratedBody body, HttpResponse<byte[]> response) {
        assertThat(response.statusCode()).isEqualTo(200);
        CRC32 sum = new CRC32();
        sum.update(response.body());
        assertThat(sum.getValue()).as(CacheInfo.of(response).explain()).isEqualTo(body.crc32());
    }

    private void given(String path, GeneratedBody body, int seconds) {
        origin.on(path)
                .reply(Reply.ok()
                        .body(body)
                        .field("ETag", "\"1\"")
                        .field("Cache-Control", "max-age=" + seconds)
                        .withPreconditions());
    }

    @Test
    void aMissAndAHitOfASmallBody() throws Exception {
        given("/a", SMALL, 60);
        failEachCall(() -> {
            assertGets(SMALL, "/a");
            assertGets(SMALL, "/a");
        });
    }

    /** A body that a storage stops handing out midway cannot be had whole; one whose copy fails can. */
    @Test
    void aMissOfABigBody() throws Exception {
        given("/a", BIG, 60);
        failEachCall(() -> assertGets(BIG, "/a"));
    }

    @Test
    void aHitOfABigBodyThatFailsIsAnErrorAndNeverAShortBody() throws Exception {
        given("/a", BIG, 60);
        failEachCall(() -> {
            assertGets(BIG, "/a");
            try {
                assertGets(BIG, "/a");
            } catch (IOException e) {
                assertThat(e).hasMessageContaining("injected into read");
            }
        });
    }

    @Test
    void aValidation() throws Exception {
        given("/a", SMALL, 1);
        failEachCall(() -> {
            assertGets(SMALL, "/a");
            advance(2);
            assertGets(SMALL, "/a");
            assertGets(SMALL, "/a");
        });
    }

    @Test
    void anInvalidation() throws Exception {
        origin.on("/a")
                .answer(request -> request.method().equals("GET")
                        ? Reply.ok().body(SMALL).field("Cache-Control", "max-age=60")
                        : ok("done"));
        failEachCall(() -> {
            assertGets(SMALL, "/a");
            post("/a", "x").assertMiss("done");
            assertGets(SMALL, "/a");
        });
    }

    @Test
    void aReplacementOfWhatIsStored() throws Exception {
        origin.on("/a")
                .reply(Reply.ok()
                        .body(SMALL)
                        .field("Cache-Control", "max-age=1")
                        .field("ETag", "\"1\""));
        failEachCall(() -> {
            assertGets(SMALL, "/a");
            advance(2);
            assertGets(SMALL, "/a");
        });
    }

    @Test
    void sharedDownloadsWhoseCopyFails() throws Exception {
        given("/a", BIG, 60);
        failEachCall(() -> {
            List<CompletableFuture<HttpResponse<byte[]>>> responses = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                responses.add(way.start(client, request("GET", "/a"), BodyHandlers.ofByteArray()));
            }
            for (var response : responses) {
                try {
                    assertWhole(BIG, Way.await(response));
                } catch (IOException e) {
                    // What has passed can only be had from the storage.
                    assertThat(e).hasMessageMatching(".*injected into (readBack|read)");
                }
            }
        });
    }

    @Test
    @Tag("R9111-106")
    void whatCouldNotBeInvalidatedIsNotServedWhenTheStorageIsBack() throws Exception {
        AtomicInteger version = new AtomicInteger(1);
        origin.on("/a")
                .answer(request -> request.method().equals("GET")
                        ? fresh("version " + version.get(), 60)
                        : ok("changed to " + version.incrementAndGet()));
        get("/a").assertMiss("version 1");
        get("/a").assertHit("version 1");
        storage.fail(operation -> {
            throw new IOException("injected into " + operation);
        });
        post("/a", "x");
        get("/a").assertMiss("version 2");
        // It can be read again, and still not be changed.
        storage.fail(operation -> {
            if (operation.startsWith("remove")) {
                throw new IOException("injected into " + operation);
            }
        });
        get("/a").assertMiss("version 2");
        storage.fail(operation -> {});
        get("/a").assertMiss("version 2");
        get("/a").assertHit("version 2");
        events.forgetTroubles();
    }

    @Test
    void neitherIsWhatAGroupInvalidationCouldNotReach() throws Exception {
        given("/a", ok("1", "Cache-Control", "max-age=60", "Cache-Groups", "\"g\""), fresh("2", 60));
        given("/b", ok("done", "Cache-Group-Invalidation", "\"g\""));
        get("/a").assertMiss("1");
        storage.fail(operation -> {
            throw new IOException("injected into " + operation);
        });
        post("/b", "x");
        storage.fail(operation -> {});
        get("/a").assertMiss("2");
        get("/a").assertHit("2");
        events.forgetTroubles();
    }
}
