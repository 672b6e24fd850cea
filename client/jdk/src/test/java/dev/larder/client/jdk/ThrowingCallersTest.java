package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.HttpCache;
import dev.larder.client.Answer;
import dev.larder.client.Body;
import dev.larder.client.BodyKind;
import dev.larder.client.Call;
import dev.larder.client.Origin;
import dev.larder.client.Source;
import dev.larder.http.HttpFields;
import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;
import dev.larder.http.TargetUri;
import dev.larder.testkit.Reply;
import dev.larder.testkit.ScriptedOrigin;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Callers whose own code throws, or who close what another thread reads: they are told, and nobody waits for ever. */
@Timeout(30)
final class ThrowingCallersTest {
    private ScriptedOrigin origin;
    private CacheClient client;

    @BeforeEach
    void open() {
        origin = ScriptedOrigin.start();
        origin.on("/a").reply(Reply.ok("x".repeat(1000)).field("Cache-Control", "max-age=60"));
        client = CacheClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    }

    @AfterEach
    void close() {
        client.close();
        origin.close();
    }

    private HttpRequest request() {
        return HttpRequest.newBuilder(origin.uri("/a")).build();
    }

    private static final class Throwing implements HttpResponse.BodySubscriber<String> {
        private final CompletableFuture<String> body = new CompletableFuture<>();

        @Override
        public CompletionStage<String> getBody() {
            return body;
        }

        @Override
        public void onSubscribe(Flow.Subscription subscription) {
            subscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(List<ByteBuffer> piece) {
            throw new IllegalStateException("boom");
        }

        @Override
        public void onError(Throwable failure) {
            body.completeExceptionally(failure);
        }

        @Override
        public void onComplete() {
            body.complete("");
        }
    }

    @Test
    void aSubscriberThatThrowsIsToldOnAMissAndOnAHit() throws Exception {
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> client.send(request(), info -> new Throwing()))
                    .as("before anything is stored")
                    .hasStackTraceContaining("boom");
        }
        client.send(request(), BodyHandlers.discarding());
        assertThatThrownBy(() -> client.send(request(), info -> new Throwing()))
                .as("from storage")
                .hasStackTraceContaining("boom");
        assertThat(client.send(request(), BodyHandlers.ofString()).body()).hasSize(1000);
    }

    @Test
    void anErrorInABodyHandlerCompletesTheFuture() {
        CompletableFuture<HttpResponse<String>> future = client.sendAsync(request(), info -> {
            throw new AssertionError("boom");
        });
        assertThatThrownBy(() -> future.get(10, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasRootCauseMessage("boom");
    }

    @Test
    void closingAStreamThatAnotherThreadReadsEndsTheReading() throws Exception {
        CountDownLatch reading = new CountDownLatch(1);
        CountDownLatch never = new CountDownLatch(1);
        Flow.Publisher<List<ByteBuffer>> silent = subscriber -> subscriber.onSubscribe(new Flow.Subscription() {
            @Override
            public void request(long n) {
                reading.countDown();
            }

            @Override
            public void cancel() {
                never.countDown();
            }
        });
        try (HttpCache cache = HttpCache.create()) {
            RequestHead head = new RequestHead("GET", TargetUri.parse("http://example.com/"), HttpFields.EMPTY);
            Answer<Flow.Publisher<List<ByteBuffer>>> answer = cache.execute(
                    new Call(head),
                    new BodyKind<>() {
                        @Override
                        public Source source(Flow.Publisher<List<ByteBuffer>> body) {
                            return Source.of(body);
                        }

                        @Override
                        public void discard(Flow.Publisher<List<ByteBuffer>> body) {}
                    },
                    sent -> new Origin.Response<>(
                            new ResponseHead(200, HttpFields.of("Cache-Control", "max-age=60")), silent));
            Body body = answer.body();
            InputStream stream = body.stream();
            CompletableFuture<Integer> read = CompletableFuture.supplyAsync(() -> {
                try {
                    return stream.read();
                } catch (IOException e) {
                    return -2;
                }
            });
            reading.await();
            stream.close();
            assertThat(read.get(10, TimeUnit.SECONDS)).isEqualTo(-2);
            assertThat(never.await(10, TimeUnit.SECONDS))
                    .as("the source is cancelled")
                    .isTrue();
        }
    }
}
