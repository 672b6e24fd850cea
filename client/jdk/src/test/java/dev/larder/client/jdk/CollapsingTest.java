package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.CacheInfo;
import dev.larder.engine.CacheResult;
import dev.larder.storage.memory.InMemoryStorage;
import dev.larder.testkit.GeneratedBody;
import dev.larder.testkit.Reply;
import dev.larder.testkit.WatchedStorage;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** RFC 9111 4: concurrent requests for one key share one origin request, and nobody suffers for it. */
final class CollapsingTest extends CacheScenario {
    private static final Duration SOON = Duration.ofSeconds(20);

    private List<CompletableFuture<HttpResponse<String>>> start(int count, String path, String... namesAndValues) {
        List<CompletableFuture<HttpResponse<String>>> responses = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            responses.add(way.start(client, request("GET", path, namesAndValues), BodyHandlers.ofString()));
        }
        return responses;
    }

    private static void assertBodies(List<CompletableFuture<HttpResponse<String>>> responses, String body)
            throws Exception {
        for (var response : responses) {
            assertThat(Way.await(response).body()).isEqualTo(body);
        }
    }

    @Test
    @Tag("R9111-048")
    void aThousandColdRequestsMakeOneOriginRequest() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        String body = "x".repeat(10_000);
        given("/a", fresh(body, 60).hold(gate));
        var responses = start(1000, "/a");
        origin.awaitRequests("/a", 1, SOON);
        storage.awaitLookups(1000);
        gate.countDown();
        assertBodies(responses, body);
        assertAsked(1, "/a");
        long misses = responses.stream()
                .filter(response -> CacheInfo.of(response.join()).status() == CacheResult.MISS)
                .count();
        assertThat(misses).isEqualTo(1);
        assertThat(cache.statistics().hits()).isEqualTo(999);
        get("/a").assertHit(body);
    }

    @Test
    void aThousandColdRequestsMakeOneOriginRequestHoweverQuickTheOriginIs() throws Exception {
        given("/a", fresh("1", 60));
        assertBodies(start(1000, "/a"), "1");
        assertAsked(1, "/a");
    }

    @Test
    void fiftyRequestsForEachOfTwentyKeysMakeTwentyOriginRequests() throws Exception {
        origin.otherwise(request -> fresh(request.path(), 60));
        List<List<CompletableFuture<HttpResponse<String>>>> all = new ArrayList<>();
        for (int key = 0; key < 20; key++) {
            all.add(start(50, "/key" + key));
        }
        for (int key = 0; key < 20; key++) {
            assertBodies(all.get(key), "/key" + key);
            assertAsked(1, "/key" + key);
        }
    }

    @Test
    void aThousandRequestsAtExpiryMakeOneValidation() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        origin.on("/a")
                .answer(request -> request.first("If-None-Match") == null
                        ? ok("1", "ETag", "\"1\"", "Cache-Control", "max-age=60")
                        : Reply.notModified()
                                .field("ETag", "\"1\"")
                                .field("Cache-Control", "max-age=60")
                                .hold(gate));
        get("/a");
        advance(61);
        var responses = start(1000, "/a");
        origin.awaitRequests("/a", 2, SOON);
        storage.awaitLookups(1001);
        gate.countDown();
        assertBodies(responses, "1");
        assertAsked(2, "/a");
    }

    @Test
    void followersReceiveTheFirstBytesWhileTheOriginIsStillSending() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        GeneratedBody body = new GeneratedBody(300_000, 3);
        given("/a", Reply.ok().body(body).field("Cache-Control", "max-age=60").holdBodyAt(100_000, gate));
        var leader = Way.await(way.start(client, request("GET", "/a"), BodyHandlers.ofInputStream()));
        var follower = Way.await(way.start(client, request("GET", "/a"), BodyHandlers.ofInputStream()));
        try (InputStream slow = leader.body();
                InputStream quick = follower.body()) {
            assertThat(CacheInfo.of(follower).collapsed()).isTrue();
            byte[] first = quick.readNBytes(100_000);
            assertThat(first).hasSize(100_000);
            assertThat(slow.readNBytes(10)).hasSize(10);
            gate.countDown();
            assertThat(quick.readAllBytes()).hasSize(200_000);
            byte[] rest = slow.readAllBytes();
            assertThat(rest).hasSize(299_990);
            assertThat(rest[299_989]).isEqualTo(body.byteAt(299_999));
        }
        assertAsked(1, "/a");
    }

    @Test
    void aLeaderWhoNeverReadsHoldsNobodyUp() throws Exception {
        given("/a", Reply.ok().bodyOf(2_000_000, 3).field("Cache-Control", "max-age=60"));
        var idle = Way.await(way.start(client, request("GET", "/a"), BodyHandlers.ofPublisher()));
        var stuck = Way.await(way.start(client, request("GET", "/a"), BodyHandlers.ofInputStream()));
        for (int i = 0; i < 3; i++) {
            var response = Way.await(way.start(client, request("GET", "/a"), BodyHandlers.ofByteArray()));
            assertThat(response.body()).hasSize(2_000_000);
        }
        assertAsked(1, "/a");
        assertThat(stuck.body().readAllBytes()).hasSize(2_000_000);
        var late = HttpResponse.BodySubscribers.ofByteArray();
        idle.body().subscribe(late);
        assertThat(Way.await(late.getBody().toCompletableFuture())).hasSize(2_000_000);
    }

    /** Every one of them is at the origin at the same time, or the latch would never open. */
    private void allGoThemselves(int count, Reply reply) throws Exception {
        CountDownLatch together = new CountDownLatch(count);
        CountDownLatch first = new CountDownLatch(1);
        origin.on("/a").answer(request -> {
            if (origin.count("/a") == 1) {
                first.await();
            } else {
                together.countDown();
                together.await();
            }
            return reply;
        });
        var leader = start(1, "/a");
        origin.awaitRequests("/a", 1, SOON);
        var followers = start(count, "/a");
        storage.awaitLookups(count + 1);
        first.countDown();
        for (var response : followers) {
            assertThat(Way.await(response).statusCode()).isEqualTo(200);
        }
        Way.await(leader.get(0));
        assertAsked(count + 1, "/a");
    }

    @Test
    @Tag("R9111-048")
    void aResponseThatMayNotBeStoredIsNotShared() throws Exception {
        allGoThemselves(8, ok("1", "Cache-Control", "no-store"));
    }

    @Test
    void aPrivateResponseIsNotSharedByASharedCache() throws Exception {
        sharedCache();
        allGoThemselves(8, ok("1", "Cache-Control", "private, max-age=60"));
    }

    @Test
    void aResponseThatSetsACookieIsNotSharedByASharedCache() throws Exception {
        sharedCache();
        allGoThemselves(8, ok("1", "Cache-Control", "max-age=60", "Set-Cookie", "a=b"));
    }

    @Test
    void aResponseWithoutFreshnessIsNotShared() throws Exception {
        allGoThemselves(8, ok("1", "ETag", "\"1\""));
    }

    @Test
    @Tag("R9111-048")
    void anotherVariantIsNotShared() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        CountDownLatch together = new CountDownLatch(4);
        origin.on("/a").answer(request -> {
            String user = request.first("X-User");
            if (user.equals("0")) {
                gate.await();
            } else {
                together.countDown();
                together.await();
            }
            return ok("for " + user, "Vary", "X-User", "Cache-Control", "max-age=60");
        });
        var leader = start(1, "/a", "X-User", "0");
        origin.awaitRequests("/a", 1, SOON);
        List<CompletableFuture<HttpResponse<String>>> others = new ArrayList<>();
        for (int user = 1; user <= 4; user++) {
            others.addAll(start(1, "/a", "X-User", "" + user));
        }
        var same = start(3, "/a", "X-User", "0");
        storage.awaitLookups(8);
        gate.countDown();
        assertBodies(leader, "for 0");
        assertBodies(same, "for 0");
        for (int user = 1; user <= 4; user++) {
            assertThat(Way.await(others.get(user - 1)).body()).isEqualTo("for " + user);
        }
        assertAsked(5, "/a");
    }

    @Test
    void whenTheOriginFailsEachGoesItself() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        origin.on("/a").answer(request -> {
            if (origin.count("/a") == 1) {
                gate.await();
            }
            return Reply.resetConnection();
        });
        var leader = start(1, "/a");
        origin.awaitRequests("/a", 1, SOON);
        var followers = start(5, "/a");
        storage.awaitLookups(6);
        gate.countDown();
        for (var response :
                List.of(leader, followers).stream().flatMap(List::stream).toList()) {
            try {
                response.get(20, TimeUnit.SECONDS);
                throw new AssertionError("it did not fail");
            } catch (ExecutionException e) {
                assertThat(e.getCause()).isInstanceOf(IOException.class);
            }
        }
        events.answered(cache.statistics().requests());
        given("/a", fresh("1", 60));
        get("/a").assertMiss("1");
    }

    @Test
    void aBodyThatBreaksOffBreaksOffForAllWhoShareIt() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        Reply reply = Reply.ok().bodyOf(100_000, 1).field("Cache-Control", "max-age=60");
        origin.on("/a").replies(reply.holdBodyAt(50_000, gate).cutAfter(60_000), reply);
        var leader = way.start(client, request("GET", "/a"), BodyHandlers.ofInputStream());
        var follower = way.start(client, request("GET", "/a"), BodyHandlers.ofInputStream());
        InputStream first = Way.await(leader).body();
        InputStream second = Way.await(follower).body();
        gate.countDown();
        for (InputStream stream : List.of(first, second)) {
            org.assertj.core.api.Assertions.assertThatThrownBy(stream::readAllBytes)
                    .isInstanceOf(IOException.class);
        }
        assertThat(cache.entries().hasNext()).isFalse();
        var again = way.send(client, request("GET", "/a"), BodyHandlers.ofByteArray());
        assertThat(again.body()).hasSize(100_000);
        assertAsked(2, "/a");
    }

    @Test
    void aRequestThatInsistsOnItsOwnAnswerDoesNotWait() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        origin.on("/a").replies(fresh("1", 60).hold(gate), fresh("2", 60));
        var leader = start(1, "/a");
        origin.awaitRequests("/a", 1, SOON);
        get("/a", "Cache-Control", "no-cache").assertMiss("2");
        gate.countDown();
        assertBodies(leader, "1");
    }

    @Test
    void collapsingCanBeSwitchedOff() throws Exception {
        policy(policy().collapse(false));
        CountDownLatch together = new CountDownLatch(5);
        origin.on("/a").answer(request -> {
            together.countDown();
            together.await();
            return fresh("1", 60);
        });
        assertBodies(start(5, "/a"), "1");
        assertAsked(5, "/a");
    }

    @Test
    @Tag("R9111-111")
    void whatWasInvalidatedWhileItWasFetchedIsNotReused() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        CountDownLatch firstAnswered = new CountDownLatch(1);
        AtomicInteger fetches = new AtomicInteger();
        origin.on("/a").answer(request -> {
            if (request.method().equals("POST")) {
                return ok("done");
            }
            if (fetches.incrementAndGet() > 1) {
                return fresh("new", 60);
            }
            firstAnswered.countDown();
            return fresh("old", 60).hold(gate);
        });
        var old = start(1, "/a");
        firstAnswered.await();
        post("/a", "change");
        get("/a").assertMiss("new");
        gate.countDown();
        assertBodies(old, "old");
        assertThat(CacheInfo.of(old.get(0).join()).stored()).isFalse();
        get("/a").assertHit("new");
    }

    @Test
    @Tag("R9111-111")
    void whatWasInvalidatedWhileItsBodyArrivedIsNotReused() throws Exception {
        for (String how : List.of("POST", "uri", "tag", "clear")) {
            origin.forgetRequests();
            cache.clear();
            CountDownLatch gate = new CountDownLatch(1);
            origin.on("/a").answer(request -> {
                if (request.method().equals("POST")) {
                    return ok("done");
                }
                return fresh(origin.count("/a") == 1 ? "old" : "new", 60).holdBodyAt(1, gate);
            });
            var old = way.start(client, request("GET", "/a"), BodyHandlers.ofInputStream());
            InputStream body = Way.await(old).body();
            assertThat(body.read()).isEqualTo('o');
            switch (how) {
                case "POST" -> post("/a", "change");
                case "uri" -> cache.invalidate(origin.uri("/a"));
                case "tag" -> cache.invalidateTag("any");
                default -> cache.clear();
            }
            gate.countDown();
            assertThat(body.readAllBytes()).hasSize(2);
            assertThat(CacheInfo.of(old.join()).stored()).as(how).isFalse();
            get("/a").assertMiss("new");
        }
    }

    @Test
    void aBodyTooLongForTheStorageReachesEveryReader() throws Exception {
        storage = new WatchedStorage(
                InMemoryStorage.builder().maxEntryBytes(400_000).clock(clock).build());
        policy(policy());
        GeneratedBody body = new GeneratedBody(1_000_000, 5);
        for (boolean known : new boolean[] {true, false}) {
            CountDownLatch gate = new CountDownLatch(1);
            Reply reply =
                    Reply.ok().body(body).field("Cache-Control", "max-age=60").holdBodyAt(300_000, gate);
            given("/a", known ? reply : reply.chunked());
            List<CompletableFuture<HttpResponse<byte[]>>> responses = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                responses.add(way.start(client, request("GET", "/a"), BodyHandlers.ofByteArray()));
            }
            origin.awaitRequests("/a", 1, SOON);
            gate.countDown();
            for (var response : responses) {
                byte[] read = Way.await(response).body();
                assertThat(read).hasSize(1_000_000);
                java.util.zip.CRC32 sum = new java.util.zip.CRC32();
                sum.update(read);
                assertThat(sum.getValue()).isEqualTo(body.crc32());
            }
            assertThat(cache.entries().hasNext()).isFalse();
        }
    }
}
