package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.CacheInfo;
import dev.larder.engine.CacheResult;
import dev.larder.testkit.Reply;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpResponse.BodySubscribers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Flow;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every way to take a body gives the same from the origin, by the cache, and from the cache. */
final class BodyHandlersTest extends CacheScenario {
    private static final int SMALL = 1024;
    private static final int BIG = 5 * 1024 * 1024;

    /** Sends a request, takes the body in one way, and says what came of it. */
    @FunctionalInterface
    private interface Taker {
        Taken take(Way way, HttpClient client, HttpRequest request, Path directory) throws Exception;
    }

    private record Taken(HttpResponse<?> response, String result) {}

    enum Taking {
        STRING(BodyHandlers::ofString, body -> sum(body.getBytes(StandardCharsets.UTF_8))),
        BYTES(BodyHandlers::ofByteArray, Taking::sum),
        STREAM(BodyHandlers::ofInputStream, body -> {
            try (InputStream stream = body) {
                return sum(stream.readAllBytes());
            }
        }),
        STREAM_BYTE_BY_BYTE(BodyHandlers::ofInputStream, body -> {
            CRC32 sum = new CRC32();
            try (InputStream stream = body) {
                for (int i = 0, b = stream.read(); b >= 0 && i < 100_000; i++, b = stream.read()) {
                    sum.update(b);
                }
                stream.transferTo(java.io.OutputStream.nullOutputStream());
            }
            return Long.toHexString(sum.getValue());
        }),
        LINES(
                BodyHandlers::ofLines,
                body -> sum(body.collect(Collectors.joining("\n")).getBytes(StandardCharsets.UTF_8))),
        PUBLISHER(BodyHandlers::ofPublisher, body -> {
            var bytes = BodySubscribers.ofByteArray();
            body.subscribe(bytes);
            return sum(Way.await(bytes.getBody().toCompletableFuture()));
        }),
        DISCARDING(BodyHandlers::discarding, String::valueOf),
        REPLACING(() -> BodyHandlers.replacing("instead"), body -> body),
        BUFFERING(() -> BodyHandlers.buffering(BodyHandlers.ofByteArray(), 10_000), Taking::sum),
        MAPPING(() -> info -> BodySubscribers.mapping(BodySubscribers.ofByteArray(), Taking::sum), body -> body),
        FILE((way, client, request, directory) -> {
            Path file = Files.createTempFile(directory, "body", "");
            var response = way.send(client, request, BodyHandlers.ofFile(file));
            assertThat(response.body()).isEqualTo(file);
            return new Taken(response, sum(Files.readAllBytes(file)));
        }),
        CONSUMER((way, client, request, directory) -> {
            CRC32 sum = new CRC32();
            int[] ends = {0};
            var response = way.send(
                    client,
                    request,
                    BodyHandlers.ofByteArrayConsumer(piece -> piece.ifPresentOrElse(sum::update, () -> ends[0]++)));
            return new Taken(response, Long.toHexString(sum.getValue()) + " " + ends[0]);
        }),
        SUBSCRIBER_ONE_BY_ONE((way, client, request, directory) -> {
            OneByOne subscriber = new OneByOne();
            var response = way.send(client, request, BodyHandlers.fromSubscriber(subscriber));
            return new Taken(response, Way.await(subscriber.done));
        }),
        LINE_SUBSCRIBER((way, client, request, directory) -> {
            Lines lines = new Lines();
            var response = way.send(
                    client,
                    request,
                    BodyHandlers.fromLineSubscriber(
                            lines, l -> Integer.toHexString(l.text.toString().hashCode()), null));
            return new Taken(response, response.body());
        });

        private final Taker taker;

        Taking(Taker taker) {
            this.taker = taker;
        }

        <T> Taking(java.util.function.Supplier<HttpResponse.BodyHandler<T>> handler, Fold<T> fold) {
            this.taker = (way, client, request, directory) -> {
                HttpResponse<T> response = way.send(client, request, handler.get());
                return new Taken(response, fold.of(response.body()));
            };
        }

        static String sum(byte[] bytes) {
            CRC32 sum = new CRC32();
            sum.update(bytes);
            return bytes.length + " " + Long.toHexString(sum.getValue());
        }
    }

    @FunctionalInterface
    private interface Fold<T> {
        String of(T body) throws Exception;
    }

    private static final class OneByOne implements Flow.Subscriber<List<ByteBuffer>> {
        private final CRC32 sum = new CRC32();
        private final CompletableFuture<String> done = new CompletableFuture<>();
        private Flow.Subscription subscription;

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            this.subscription = subscription;
            subscription.request(1);
        }

        @Override
        public void onNext(List<ByteBuffer> piece) {
            piece.forEach(sum::update);
            subscription.request(1);
        }

        @Override
        public void onError(Throwable failure) {
            done.completeExceptionally(failure);
        }

        @Override
        public void onComplete() {
            done.complete(Long.toHexString(sum.getValue()));
        }
    }

    private static final class Lines implements Flow.Subscriber<String> {
        private final StringBuilder text = new StringBuilder();

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            subscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(String line) {
            text.append(line).append('\n');
        }

        @Override
        public void onError(Throwable failure) {
            text.append(failure);
        }

        @Override
        public void onComplete() {
            text.append("end");
        }
    }

    private static String text(int length) {
        StringBuilder text = new StringBuilder(length);
        for (int i = 0; text.length() < length; i++) {
            text.append("line ").append(i).append(i % 3 == 0 ? "\r\n" : "\n");
        }
        text.setLength(length);
        return text.toString();
    }

    private void sameEverywhere(Taking taking, Reply reply) throws Exception {
        given("/a", reply.field("Cache-Control", "max-age=60"));
        HttpRequest request = request("GET", "/a");
        Path files = Files.createDirectory(directory.resolve("bodies"));
        Taken bare = taking.taker.take(way, PLAIN, request, files);
        Taken miss = taking.taker.take(way, client, request, files);
        // What never reads to the end is not stored; a caller who reads it makes it so.
        if (taking == Taking.REPLACING) {
            get("/a");
        }
        Taken hit = taking.taker.take(way, client, request, files);
        assertThat(CacheInfo.of(miss.response()).status()).isEqualTo(CacheResult.MISS);
        assertThat(CacheInfo.of(hit.response()).status()).isEqualTo(CacheResult.HIT);
        for (Taken taken : List.of(miss, hit)) {
            assertThat(taken.result()).isEqualTo(bare.result());
            assertThat(taken.response().statusCode()).isEqualTo(bare.response().statusCode());
            assertThat(taken.response().uri()).isEqualTo(bare.response().uri());
            assertThat(taken.response().version()).isEqualTo(bare.response().version());
            assertThat(taken.response().request()).isSameAs(request);
        }
        assertThat(miss.response().headers()).isEqualTo(bare.response().headers());
        Files.walk(files)
                .filter(Files::isRegularFile)
                .forEach(file -> file.toFile().delete());
        Files.delete(files);
    }

    @ParameterizedTest
    @EnumSource
    void anEmptyBody(Taking taking) throws Exception {
        sameEverywhere(taking, Reply.ok());
    }

    @ParameterizedTest
    @EnumSource
    void aSmallBody(Taking taking) throws Exception {
        sameEverywhere(taking, Reply.ok(text(SMALL)));
    }

    @ParameterizedTest
    @EnumSource
    void aBigBody(Taking taking) throws Exception {
        sameEverywhere(taking, Reply.ok(text(BIG)));
    }

    @Test
    void aChunkedBody() throws Exception {
        for (int size : new int[] {0, SMALL, BIG}) {
            cache.clear();
            sameEverywhere(Taking.BYTES, Reply.ok(text(size)).chunked(8000));
        }
    }

    @Test
    void aBodyThatEndsWithTheConnection() throws Exception {
        for (int size : new int[] {0, SMALL, BIG}) {
            cache.clear();
            sameEverywhere(Taking.BYTES, Reply.ok(text(size)).closeDelimited());
        }
    }

    @Test
    @Tag("R9111-023")
    void aBodyWithTrailers() throws Exception {
        sameEverywhere(Taking.BYTES, Reply.ok(text(SMALL)).trailer("X-Sum", "1"));
    }

    @Test
    void noContent() throws Exception {
        sameEverywhere(Taking.BYTES, Reply.status(204));
    }

    @Test
    @Tag("R9111-009")
    void anInterimResponseIsNotTheResponse() throws Exception {
        sameEverywhere(Taking.BYTES, Reply.ok(text(SMALL)).interim(103, "Link", "</style.css>"));
    }

    @Test
    void aStreamClosedEarlyLeavesNothingStored() throws Exception {
        given("/a", Reply.ok().bodyOf(BIG, 1).field("Cache-Control", "max-age=60"));
        var response = way.send(client, request("GET", "/a"), BodyHandlers.ofInputStream());
        try (InputStream stream = response.body()) {
            assertThat(stream.readNBytes(1000)).hasSize(1000);
        }
        storage.awaitAllClosed();
        assertThat(CacheInfo.of(response).stored()).isFalse();
        assertThat(cache.entries().hasNext()).isFalse();
        var again = way.send(client, request("GET", "/a"), BodyHandlers.ofByteArray());
        assertThat(again.body()).hasSize(BIG);
        assertThat(CacheInfo.of(again).status()).isEqualTo(CacheResult.MISS);
    }

    @Test
    void aStreamClosedEarlyOnAHitLeavesTheEntry() throws Exception {
        given("/a", Reply.ok().bodyOf(BIG, 1).field("Cache-Control", "max-age=60"));
        way.send(client, request("GET", "/a"), BodyHandlers.ofByteArray());
        try (InputStream stream = way.send(client, request("GET", "/a"), BodyHandlers.ofInputStream())
                .body()) {
            assertThat(stream.read()).isGreaterThanOrEqualTo(0);
        }
        var again = way.send(client, request("GET", "/a"), BodyHandlers.ofByteArray());
        assertThat(CacheInfo.of(again).status()).isEqualTo(CacheResult.HIT);
        assertThat(again.body()).hasSize(BIG);
    }

    @Test
    void aHandlerThatThrowsLeavesNothingOpen() throws Exception {
        given("/a", Reply.ok().bodyOf(BIG, 1).field("Cache-Control", "max-age=60"));
        HttpResponse.BodyHandler<String> handler = info -> {
            throw new IllegalStateException("no");
        };
        Throwable bare = failure(PLAIN, handler);
        Throwable miss = failure(client, handler);
        assertThat(miss).hasSameClassAs(bare);
        assertThat(storage.awaitAllClosed()).isZero();
        var again = way.send(client, request("GET", "/a"), BodyHandlers.ofByteArray());
        assertThat(again.body()).hasSize(BIG);
        assertThat(failure(client, handler)).hasSameClassAs(bare);
        assertThat(storage.awaitAllClosed()).isZero();
    }

    @Test
    void aSubscriberThatFailsLeavesNothingOpen() throws Exception {
        given("/a", Reply.ok(text(SMALL)).field("Cache-Control", "max-age=60"));
        HttpResponse.BodyHandler<String> handler =
                info -> BodySubscribers.mapping(BodySubscribers.ofByteArray(), bytes -> {
                    throw new IllegalStateException("no");
                });
        Throwable bare = failure(PLAIN, handler);
        assertThat(failure(client, handler)).hasSameClassAs(bare);
        assertThat(failure(client, handler)).hasSameClassAs(bare);
        get("/a").assertHit(text(SMALL));
    }

    private Throwable failure(HttpClient through, HttpResponse.BodyHandler<String> handler) {
        try {
            way.send(through, request("GET", "/a"), handler);
        } catch (IOException | InterruptedException | RuntimeException e) {
            return e;
        }
        throw new AssertionError("it did not fail");
    }

    @Test
    void aBodyCanBeReadOnlyAfterTheFactToo() throws Exception {
        given("/a", Reply.ok(text(SMALL)).field("Cache-Control", "max-age=60"));
        var response = way.send(client, request("GET", "/a"), BodyHandlers.ofPublisher());
        get("/a").assertHit(text(SMALL));
        var bytes = BodySubscribers.ofByteArray();
        response.body().subscribe(bytes);
        assertThat(Way.await(bytes.getBody().toCompletableFuture())).hasSize(SMALL);
        assertThatThrownBy(() -> {
                    var second = BodySubscribers.ofByteArray();
                    response.body().subscribe(second);
                    Way.await(second.getBody().toCompletableFuture());
                })
                .isInstanceOf(IllegalStateException.class);
    }
}
