package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.larder.CacheInfo;
import dev.larder.testkit.Reply;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A thread's interrupt concerns that thread's request, and no storage and no other request. */
final class InterruptionTest extends CacheScenario {
    private static final int LENGTH = 300_000;

    @BeforeEach
    void onlyWhereTheCallersThreadWorks() {
        assumeTrue(!way.isAsync(), "only the blocking driver works on the caller's thread");
    }

    @AfterEach
    void clearInterrupt() {
        Thread.interrupted();
    }

    @FunctionalInterface
    private interface Action {
        void run() throws IOException, InterruptedException;
    }

    private static void interrupted(Action action) {
        Thread.currentThread().interrupt();
        try {
            action.run();
        } catch (IOException | InterruptedException | UncheckedIOException e) {
            // However it ends, others must not feel it.
            assertThat(e).isNotNull();
        }
        Thread.interrupted();
    }

    @Test
    void theStorageWorksOnAfterwards() throws Exception {
        given("/a", fresh("a", 60));
        given("/big", Reply.ok().bodyOf(LENGTH, 1).field("Cache-Control", "max-age=60"));
        origin.otherwise(request -> fresh(request.path(), 60));
        get("/a").assertMiss("a");
        way.send(client, request("GET", "/big"), BodyHandlers.ofByteArray());
        interrupted(() -> get("/a"));
        interrupted(() -> get("/b"));
        interrupted(() -> way.send(client, request("GET", "/big"), BodyHandlers.ofByteArray()));
        interrupted(() -> post("/c", "x"));
        interrupted(() -> cache.invalidate(origin.uri("/d")));
        interrupted(() -> cache.invalidatePrefix("http://nowhere/"));
        interrupted(() -> cache.entries().hasNext());
        get("/e").assertMiss("/e").assertStored();
        get("/e").assertHit("/e");
        get("/a").assertHit("a");
        cache.invalidate(origin.uri("/e"));
        get("/e").assertMiss("/e");
        events.answered(cache.statistics().requests());
    }

    /** Takes a body on the caller's own thread, which is interrupted when it begins. */
    private static final class Interrupting implements HttpResponse.BodySubscriber<byte[]> {
        private final HttpResponse.BodySubscriber<byte[]> bytes = HttpResponse.BodySubscribers.ofByteArray();

        @Override
        public CompletionStage<byte[]> getBody() {
            return bytes.getBody();
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            Thread.currentThread().interrupt();
            bytes.onSubscribe(subscription);
        }

        @Override
        public void onNext(List<ByteBuffer> piece) {
            bytes.onNext(piece);
        }

        @Override
        public void onError(Throwable failure) {
            bytes.onError(failure);
        }

        @Override
        public void onComplete() {
            bytes.onComplete();
        }
    }

    @Test
    void aFollowerWhoIsInterruptedDisturbsNeitherTheLeaderNorTheCopy() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        given(
                "/a",
                Reply.ok()
                        .bodyOf(LENGTH, 1)
                        .field("Cache-Control", "max-age=60")
                        .holdBodyAt(200_000, gate));
        HttpResponse<InputStream> leader = way.send(client, request("GET", "/a"), BodyHandlers.ofInputStream());
        try (InputStream body = leader.body()) {
            assertThat(body.readNBytes(200_000)).hasSize(200_000);
            CompletableFuture<HttpResponse<byte[]>> follower =
                    way.start(client, request("GET", "/a"), info -> new Interrupting());
            follower.handle((response, failure) -> true).join();
            var second = way.start(client, request("GET", "/a"), BodyHandlers.ofByteArray());
            gate.countDown();
            assertThat(body.readAllBytes()).hasSize(LENGTH - 200_000);
            assertThat(Way.await(second).body()).hasSize(LENGTH);
        }
        assertThat(CacheInfo.of(leader).stored()).isTrue();
        assertAsked(1, "/a");
    }
}
