package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.larder.testkit.Reply;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Callers who change their minds: nothing of theirs is stored or left open, and nobody else is disturbed. */
final class CancellationTest extends CacheScenario {
    private static final int LENGTH = 200_000;

    private final CountDownLatch gate = new CountDownLatch(1);

    /** A subscriber that tells when the first bytes are there, and when it is over. */
    private static final class Observed implements HttpResponse.BodySubscriber<byte[]> {
        final CountDownLatch firstBytes = new CountDownLatch(1);
        final CompletableFuture<Throwable> failed = new CompletableFuture<>();
        private final HttpResponse.BodySubscriber<byte[]> bytes = HttpResponse.BodySubscribers.ofByteArray();

        @Override
        public CompletionStage<byte[]> getBody() {
            return bytes.getBody();
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            bytes.onSubscribe(subscription);
        }

        @Override
        public void onNext(List<ByteBuffer> piece) {
            bytes.onNext(piece);
            firstBytes.countDown();
        }

        @Override
        public void onError(Throwable failure) {
            bytes.onError(failure);
            failed.complete(failure);
        }

        @Override
        public void onComplete() {
            bytes.onComplete();
        }
    }

    private Reply body() {
        return Reply.ok().bodyOf(LENGTH, 7).field("Cache-Control", "max-age=60");
    }

    /** Cancels, or interrupts who waits. */
    private <T> CompletableFuture<Throwable> startAndReturnHowItEnds(
            HttpResponse.BodyHandler<T> handler, CompletableFuture<Runnable> giveUp) {
        CompletableFuture<Throwable> end = new CompletableFuture<>();
        if (way.isAsync()) {
            CompletableFuture<HttpResponse<T>> response = client.sendAsync(request("GET", "/a"), handler);
            response.whenComplete((done, failure) -> end.complete(failure));
            giveUp.complete(() -> response.cancel(true));
        } else {
            Thread thread = new Thread(() -> {
                try {
                    client.send(request("GET", "/a"), handler);
                    end.complete(null);
                } catch (Throwable e) {
                    end.complete(e);
                }
            });
            thread.setDaemon(true);
            giveUp.complete(thread::interrupt);
            thread.start();
        }
        return end;
    }

    private void nothingIsLeftAndTheNextRequestWorks() throws Exception {
        assertThat(storage.awaitAllClosed()).isZero();
        assertThat(cache.entries().hasNext()).isFalse();
        origin.on("/a").reply(body());
        var next = way.send(client, request("GET", "/a"), BodyHandlers.ofByteArray());
        assertThat(next.body()).hasSize(LENGTH);
        assertThat(dev.larder.CacheInfo.of(next).stored()).isTrue();
    }

    private void assertGivenUp(Throwable end) {
        assertThat(end).isInstanceOf(way.isAsync() ? CancellationException.class : InterruptedException.class);
    }

    @Test
    void beforeTheHead() throws Exception {
        given("/a", body().hold(gate));
        CompletableFuture<Runnable> giveUp = new CompletableFuture<>();
        var end = startAndReturnHowItEnds(BodyHandlers.ofByteArray(), giveUp);
        origin.awaitRequests("/a", 1, Duration.ofSeconds(10));
        giveUp.get().run();
        assertGivenUp(end.get(10, TimeUnit.SECONDS));
        nothingIsLeftAndTheNextRequestWorks();
        gate.countDown();
    }

    @Test
    void inTheMiddleOfTheBody() throws Exception {
        given("/a", body().holdBodyAt(100_000, gate));
        CompletableFuture<Runnable> giveUp = new CompletableFuture<>();
        Observed observed = new Observed();
        var end = startAndReturnHowItEnds(info -> observed, giveUp);
        observed.firstBytes.await();
        giveUp.get().run();
        assertGivenUp(end.get(10, TimeUnit.SECONDS));
        assertThat(observed.failed.get(10, TimeUnit.SECONDS)).isNotNull();
        nothingIsLeftAndTheNextRequestWorks();
        gate.countDown();
    }

    @Test
    void inTheMiddleOfABodyThatIsNotStored() throws Exception {
        given(
                "/a",
                Reply.ok().bodyOf(LENGTH, 7).field("Cache-Control", "no-store").holdBodyAt(100_000, gate));
        CompletableFuture<Runnable> giveUp = new CompletableFuture<>();
        Observed observed = new Observed();
        var end = startAndReturnHowItEnds(info -> observed, giveUp);
        observed.firstBytes.await();
        giveUp.get().run();
        assertGivenUp(end.get(10, TimeUnit.SECONDS));
        assertThat(observed.failed.get(10, TimeUnit.SECONDS)).isNotNull();
        nothingIsLeftAndTheNextRequestWorks();
        gate.countDown();
    }

    @Test
    void aFileThatIsBeingWrittenIsClosed() throws Exception {
        given("/a", body().holdBodyAt(100_000, gate));
        CompletableFuture<Runnable> giveUp = new CompletableFuture<>();
        Path file = directory.resolve("target");
        CountDownLatch handled = new CountDownLatch(1);
        var end = startAndReturnHowItEnds(
                info -> {
                    handled.countDown();
                    return HttpResponse.BodySubscribers.ofFile(file);
                },
                giveUp);
        handled.await();
        giveUp.get().run();
        Throwable failure = end.get(10, TimeUnit.SECONDS);
        // An interrupt that strikes while the file is being written is the file's to report.
        if (!(failure.getCause() instanceof ClosedByInterruptException)) {
            assertGivenUp(failure);
        }
        nothingIsLeftAndTheNextRequestWorks();
        Files.deleteIfExists(file);
        gate.countDown();
    }

    @Test
    void aFollowerTakesOverFromALeaderWhoGivesUpBeforeTheHead() throws Exception {
        origin.on("/a").replies(body().hold(gate), body());
        CompletableFuture<Runnable> giveUp = new CompletableFuture<>();
        var end = startAndReturnHowItEnds(BodyHandlers.ofByteArray(), giveUp);
        origin.awaitRequests("/a", 1, Duration.ofSeconds(10));
        var followers = List.of(
                way.start(client, request("GET", "/a"), BodyHandlers.ofByteArray()),
                way.start(client, request("GET", "/a"), BodyHandlers.ofByteArray()));
        giveUp.get().run();
        assertGivenUp(end.get(10, TimeUnit.SECONDS));
        for (var follower : followers) {
            assertThat(Way.await(follower).body()).hasSize(LENGTH);
        }
        assertAsked(2, "/a");
        gate.countDown();
    }

    @Test
    void followersGoOnWhenTheLeaderGivesUpInTheMiddle() throws Exception {
        given("/a", body().holdBodyAt(100_000, gate));
        CompletableFuture<Runnable> giveUp = new CompletableFuture<>();
        Observed observed = new Observed();
        var end = startAndReturnHowItEnds(info -> observed, giveUp);
        observed.firstBytes.await();
        Observed second = new Observed();
        var follower = way.start(client, request("GET", "/a"), info -> second);
        second.firstBytes.await();
        giveUp.get().run();
        assertGivenUp(end.get(10, TimeUnit.SECONDS));
        gate.countDown();
        assertThat(Way.await(follower).body()).hasSize(LENGTH);
        assertAsked(1, "/a");
        assertThat(way.send(client, request("GET", "/a"), BodyHandlers.ofByteArray())
                        .body())
                .hasSize(LENGTH);
        assertAsked(1, "/a");
    }

    @Test
    void aFollowerWhoGivesUpDisturbsNobody() throws Exception {
        given("/a", body().hold(gate));
        var leader = way.start(client, request("GET", "/a"), BodyHandlers.ofByteArray());
        origin.awaitRequests("/a", 1, Duration.ofSeconds(10));
        CompletableFuture<Runnable> giveUp = new CompletableFuture<>();
        var end = startAndReturnHowItEnds(BodyHandlers.ofByteArray(), giveUp);
        giveUp.get().run();
        assertGivenUp(end.get(10, TimeUnit.SECONDS));
        gate.countDown();
        assertThat(Way.await(leader).body()).hasSize(LENGTH);
        assertAsked(1, "/a");
    }

    @Test
    void cancellingAfterTheFactChangesNothing() throws Exception {
        assumeTrue(way.isAsync(), "there is nothing to cancel after send has returned");
        given("/a", fresh("1", 60));
        var response = client.sendAsync(request("GET", "/a"), BodyHandlers.ofString());
        assertThat(Way.await(response).body()).isEqualTo("1");
        assertThat(response.cancel(true)).isFalse();
        get("/a").assertHit("1");
    }

    @Test
    void aThreadThatIsInterruptedAlreadySendsNothing() throws Exception {
        assumeTrue(!way.isAsync(), "sendAsync does not wait");
        given("/a", fresh("1", 60));
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> client.send(request("GET", "/a"), BodyHandlers.ofString()))
                .isInstanceOf(InterruptedException.class);
        assertThat(Thread.interrupted()).isFalse();
        get("/a").assertMiss("1");
    }
}
