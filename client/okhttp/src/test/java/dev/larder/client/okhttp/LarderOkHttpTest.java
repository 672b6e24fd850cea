package dev.larder.client.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.CacheInfo;
import dev.larder.HttpCache;
import dev.larder.engine.CacheResult;
import dev.larder.policy.CacheControls;
import dev.larder.policy.CachePolicy;
import dev.larder.storage.memory.InMemoryStorage;
import dev.larder.testkit.CacheEvents;
import dev.larder.testkit.GeneratedBody;
import dev.larder.testkit.ManualClock;
import dev.larder.testkit.Reply;
import dev.larder.testkit.ScriptedOrigin;
import dev.larder.testkit.WatchedStorage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import okhttp3.Cache;
import okhttp3.CacheControl;
import okhttp3.Call;
import okhttp3.EventListener;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import okio.BufferedSink;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the contract does not say, because it is OkHttp's own: nothing of it is lost, and what its own cache cannot do. */
@Timeout(60)
final class LarderOkHttpTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    private final ManualClock clock = new ManualClock();
    private final ScriptedOrigin origin = ScriptedOrigin.start(clock);
    private final CacheEvents events = new CacheEvents();
    private final WatchedStorage storage =
            new WatchedStorage(InMemoryStorage.builder().clock(clock).build());
    private final OkHttpClient plain =
            new OkHttpClient.Builder().protocols(List.of(Protocol.HTTP_1_1)).build();
    private HttpCache cache;
    private OkHttpClient client;

    @BeforeEach
    void open() {
        policy(CachePolicy.privateCache());
    }

    @AfterEach
    void close() throws Exception {
        assertThat(storage.awaitAllClosed()).isZero();
        assertThat(events.troubles()).isEmpty();
        plain.connectionPool().evictAll();
        plain.dispatcher().executorService().shutdown();
        origin.close();
        cache.close();
    }

    private void policy(CachePolicy.Builder policy) {
        cache = HttpCache.builder()
                .storage(storage)
                .policy(policy.build())
                .listener(events)
                .clock(clock)
                .build();
        client = with(plain.newBuilder());
    }

    /** A cache whose executor ends with the program says nothing about the origin when it does. */
    @Test
    void anInterruptedRevalidationIsNoFailureOfTheOrigin() throws Exception {
        ExecutorService background = Executors.newSingleThreadExecutor();
        cache = HttpCache.builder()
                .storage(storage)
                .listener(events)
                .executor(background)
                .clock(clock)
                .build();
        client = with(plain.newBuilder());
        CountDownLatch gate = new CountDownLatch(1);
        String control = "max-age=10, stale-while-revalidate=60";
        origin.on("/a")
                .replies(
                        Reply.ok("1").field("Cache-Control", control),
                        Reply.ok("2").field("Cache-Control", control).hold(gate));
        get(client, "/a", CacheResult.MISS);
        clock.advance(Duration.ofSeconds(20));
        get(client, "/a", CacheResult.STALE);
        origin.awaitRequests("/a", 2, SOON);
        background.shutdownNow();
        assertThat(background.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
        gate.countDown();
        assertThat(cache.statistics().failed()).isZero();
        assertThat(cache.entries().next().stored().fields().first("Cache-Control"))
                .isEqualTo(control);
    }

    private OkHttpClient with(OkHttpClient.Builder builder) {
        return LarderOkHttp.install(builder, cache).build();
    }

    private Request.Builder request(String path) {
        return new Request.Builder().url(origin.uri(path).toString());
    }

    private String get(OkHttpClient through, String path, CacheResult expected) throws IOException {
        return send(through, request(path).build(), expected);
    }

    private static String send(OkHttpClient through, Request request, CacheResult expected) throws IOException {
        try (Response response = through.newCall(request).execute()) {
            CacheInfo info = LarderOkHttp.cacheInfo(response);
            assertThat(info.status()).as(info.explain()).isEqualTo(expected);
            return response.body().string();
        }
    }

    private static Reply fresh(String body) {
        return Reply.ok(body).field("Cache-Control", "max-age=60");
    }

    // What OkHttp's own cache cannot do.

    @Test
    void severalVariantsOfOneUrlAreKept() throws Exception {
        origin.on("/a")
                .answer(request -> fresh(request.first("Accept-Language")).field("Vary", "Accept-Language"));
        for (CacheResult expected : List.of(CacheResult.MISS, CacheResult.HIT, CacheResult.HIT)) {
            for (String language : List.of("de", "en")) {
                Request request =
                        request("/a").header("Accept-Language", language).build();
                assertThat(send(client, request, expected)).isEqualTo(language);
            }
        }
        assertThat(origin.count("/a")).isEqualTo(2);
    }

    @Test
    void aSharedCacheStoresWhatIsForEverybodyAndNothingElse() throws Exception {
        policy(CachePolicy.sharedCache());
        origin.on("/private").reply(Reply.ok("1").field("Cache-Control", "private, max-age=60"));
        origin.on("/shared").reply(Reply.ok("1").field("Cache-Control", "s-maxage=60"));
        get(client, "/private", CacheResult.MISS);
        get(client, "/private", CacheResult.MISS);
        get(client, "/shared", CacheResult.MISS);
        get(client, "/shared", CacheResult.HIT);
    }

    @Test
    void theBodyOfAPostMayBePartOfTheKey() throws Exception {
        origin.on("/graphql").answer(request -> fresh(request.bodyText()));
        MediaType json = MediaType.get("application/json");
        Request.Builder post = request("/graphql").tag(CacheControls.class, CacheControls.NONE.withBodyInKey());
        Request one = post.post(RequestBody.create("{\"q\":1}", json)).build();
        Request two = post.post(RequestBody.create("{\"q\":2}", json)).build();
        assertThat(send(client, one, CacheResult.MISS)).isEqualTo("{\"q\":1}");
        assertThat(send(client, two, CacheResult.MISS)).isEqualTo("{\"q\":2}");
        assertThat(send(client, one, CacheResult.HIT)).isEqualTo("{\"q\":1}");
    }

    @Test
    void aBodyThatCanBeReadOnceOnlyIsSentAndNotCached() throws Exception {
        origin.on("/a").answer(request -> fresh(request.bodyText()));
        for (int i = 0; i < 2; i++) {
            RequestBody once = new RequestBody() {
                private boolean written;

                @Override
                public MediaType contentType() {
                    return null;
                }

                @Override
                public boolean isOneShot() {
                    return true;
                }

                @Override
                public void writeTo(BufferedSink sink) throws IOException {
                    assertThat(written).isFalse();
                    written = true;
                    sink.writeUtf8("once");
                }
            };
            Request request = request("/a")
                    .post(once)
                    .tag(CacheControls.class, CacheControls.NONE.withBodyInKey())
                    .build();
            assertThat(send(client, request, CacheResult.MISS)).isEqualTo("once");
        }
        assertThat(origin.requests("/a").get(0).first("Transfer-Encoding")).isEqualTo("chunked");
    }

    @Test
    void theBackgroundRequestOfAStaleResponseIsNoPartOfTheCall() throws Exception {
        String control = "max-age=1, stale-while-revalidate=60";
        List<String> seen = new CopyOnWriteArrayList<>();
        client = with(plain.newBuilder().addInterceptor(chain -> {
            seen.add(chain.request().url().encodedPath());
            return chain.proceed(chain.request());
        }));
        origin.on("/a")
                .replies(
                        Reply.ok("1").field("Cache-Control", control),
                        Reply.status(302).field("Location", "/b").field("Cache-Control", control));
        get(client, "/a", CacheResult.MISS);
        clock.advance(Duration.ofSeconds(2));
        assertThat(get(client, "/a", CacheResult.STALE)).isEqualTo("1");
        origin.awaitRequests("/a", 2, SOON);
        origin.on("/b").reply(fresh("2"));
        long deadline = System.nanoTime() + SOON.toNanos();
        String body = "";
        while (!body.equals("2") && System.nanoTime() < deadline) {
            try (Response response = client.newCall(request("/a").build()).execute()) {
                body = response.body().string();
            }
        }
        assertThat(body).as("the redirect was stored as what it is").isEqualTo("2");
        assertThat(origin.count("/b")).isEqualTo(1);
        assertThat(seen).containsOnly("/a");
    }

    @Test
    void aBackgroundRequestOnTheCallsOwnThreadIsNoPartOfTheCallEither() throws Exception {
        cache = HttpCache.builder()
                .storage(storage)
                .policy(CachePolicy.privateCache().build())
                .listener(events)
                .clock(clock)
                .executor(Runnable::run)
                .build();
        List<String> seen = new ArrayList<>();
        client = with(plain.newBuilder())
                .newBuilder()
                .addInterceptor(chain -> {
                    seen.add(chain.request().url().encodedPath());
                    return chain.proceed(chain.request());
                })
                .build();
        String control = "max-age=1, stale-while-revalidate=60";
        origin.on("/a")
                .replies(
                        Reply.ok("1").field("Cache-Control", control),
                        Reply.ok("2").field("Cache-Control", control));
        get(client, "/a", CacheResult.MISS);
        clock.advance(Duration.ofSeconds(2));
        try (Response stale = client.newCall(request("/a").build()).execute()) {
            assertThat(stale.body().string()).isEqualTo("1");
            assertThat(stale.networkResponse()).isNull();
        }
        assertThat(seen).hasSize(1);
        assertThat(get(client, "/a", CacheResult.HIT)).isEqualTo("2");
    }

    @Test
    void theBackgroundRequestForAPartAsksForTheCodingThatTheCacheKnowsOf() throws Exception {
        origin.on("/a").reply(Reply.ok("text").field("Cache-Control", "max-age=1, stale-while-revalidate=60"));
        get(client, "/a", CacheResult.MISS);
        clock.advance(Duration.ofSeconds(2));
        Request part = request("/a").header("Range", "bytes=0-1").build();
        assertThat(send(client, part, CacheResult.STALE)).isEqualTo("te");
        origin.awaitRequests("/a", 2, SOON);
        assertThat(origin.requests("/a").get(1).first("Range")).isNull();
        assertThat(origin.requests("/a").get(1).first("Accept-Encoding")).isEqualTo("identity");
    }

    // What OkHttp can do, it can still do.

    @Test
    void theRequestsCacheControlWorks() throws Exception {
        origin.on("/a").reply(fresh("1"));
        Request forced = request("/a").cacheControl(CacheControl.FORCE_CACHE).build();
        try (Response none = client.newCall(forced).execute()) {
            assertThat(none.code()).isEqualTo(504);
            assertThat(none.body().string()).isEmpty();
            assertThat(none.networkResponse()).isNull();
            assertThat(none.cacheResponse()).isNull();
        }
        get(client, "/a", CacheResult.MISS);
        assertThat(send(client, forced, CacheResult.HIT)).isEqualTo("1");
        clock.advance(Duration.ofSeconds(100));
        assertThat(send(client, forced, CacheResult.STALE)).isEqualTo("1");
        CacheControl stale =
                new CacheControl.Builder().maxStale(50, TimeUnit.SECONDS).build();
        send(client, request("/a").cacheControl(stale).build(), CacheResult.STALE);
        send(client, request("/a").cacheControl(CacheControl.FORCE_NETWORK).build(), CacheResult.MISS);
        CacheControl noStore = new CacheControl.Builder().noStore().build();
        clock.advance(Duration.ofSeconds(100));
        send(client, request("/a").cacheControl(noStore).build(), CacheResult.MISS);
        get(client, "/a", CacheResult.MISS);
    }

    @Test
    void theResponsesBehindAResponseAreToldAsOkHttpTellsThem() throws Exception {
        origin.on("/a").reply(Reply.conditional("\"1\"", "1", "Cache-Control", "max-age=60"));
        try (Response miss = client.newCall(request("/a").build()).execute()) {
            assertThat(miss.networkResponse()).isNotNull();
            assertThat(miss.cacheResponse()).isNull();
            assertThat(miss.message()).isEqualTo("OK");
            assertThat(miss.receivedResponseAtMillis()).isGreaterThanOrEqualTo(miss.sentRequestAtMillis());
            miss.body().string();
        }
        try (Response hit = client.newCall(request("/a").build()).execute()) {
            assertThat(hit.networkResponse()).isNull();
            assertThat(hit.cacheResponse()).isNotNull();
            assertThat(hit.handshake()).isNull();
            assertThat(hit.protocol()).isEqualTo(Protocol.HTTP_1_1);
            assertThat(hit.receivedResponseAtMillis()).isEqualTo(clock.millis());
            assertThat(hit.body().contentLength()).isEqualTo(1);
            assertThat(hit.trailers().size()).isZero();
        }
        clock.advance(Duration.ofSeconds(61));
        try (Response revalidated = client.newCall(request("/a").build()).execute()) {
            assertThat(revalidated.code()).isEqualTo(200);
            assertThat(revalidated.networkResponse().code()).isEqualTo(304);
            assertThat(revalidated.cacheResponse()).isNotNull();
            assertThat(revalidated.body().string()).isEqualTo("1");
        }
    }

    @Test
    void redirectsAreToldAsPriorResponses() throws Exception {
        origin.on("/from").reply(Reply.status(301).field("Location", "/to").field("Cache-Control", "max-age=60"));
        origin.on("/to").reply(fresh("there"));
        for (int i = 0; i < 2; i++) {
            try (Response response = client.newCall(request("/from").build()).execute()) {
                assertThat(response.body().string()).isEqualTo("there");
                assertThat(response.request().url().encodedPath()).isEqualTo("/to");
                Response prior = response.priorResponse();
                assertThat(prior.code()).isEqualTo(301);
                assertThat(prior.request().url().encodedPath()).isEqualTo("/from");
                assertThat(prior.header("Location")).isEqualTo("/to");
                assertThat(LarderOkHttp.cacheInfo(prior).fromCache()).isEqualTo(i == 1);
            }
        }
        assertThat(origin.count()).isEqualTo(2);
    }

    @Test
    void aRedirectWithACodedBodyIsStored() throws Exception {
        origin.on("/from")
                .reply(Reply.status(301)
                        .field("Location", "/to")
                        .field("Cache-Control", "max-age=60")
                        .field("Content-Encoding", "gzip")
                        .body(gzip("moved")));
        origin.on("/to").reply(fresh("there"));
        assertThat(get(client, "/from", CacheResult.MISS)).isEqualTo("there");
        assertThat(get(client, "/from", CacheResult.HIT)).isEqualTo("there");
        assertThat(origin.count("/from")).isEqualTo(1);
    }

    @Test
    void whatBecomesOfARedirectsBodyDoesNotMatter() throws Exception {
        Reply moved = Reply.status(301).field("Location", "/to").field("Cache-Control", "max-age=60");
        CountDownLatch never = new CountDownLatch(1);
        GeneratedBody endless = new GeneratedBody(400_000, 3);
        Reply broken = moved.body(new GeneratedBody(10_000, 3));
        origin.on("/broken").reply(broken.cutAfter(broken.toBytes().length - 5_000));
        origin.on("/long").reply(moved.body(endless).holdBodyAt(200_000, never));
        origin.on("/to").reply(fresh("there"));
        assertThat(get(client, "/broken", CacheResult.MISS)).isEqualTo("there");
        assertThat(get(client, "/long", CacheResult.HIT)).isEqualTo("there");
        assertThat(cache.storageStatistics().entries()).isEqualTo(1);
        never.countDown();
    }

    @Test
    void aRedirectIsFollowedWhileAnotherCallReadsItsBody() throws Exception {
        CountDownLatch head = new CountDownLatch(1);
        CountDownLatch rest = new CountDownLatch(1);
        origin.on("/from")
                .reply(Reply.status(301)
                        .field("Location", "/to")
                        .field("Cache-Control", "max-age=60")
                        .body(new GeneratedBody(400_000, 3))
                        .hold(head)
                        .holdBodyAt(200_000, rest));
        origin.on("/to").reply(fresh("there"));
        CompletableFuture<String> leader = CompletableFuture.supplyAsync(() -> {
            try {
                return get(client, "/from", CacheResult.MISS);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        origin.awaitRequests("/from", 1, SOON);
        OkHttpClient staying = with(plain.newBuilder().followRedirects(false));
        CompletableFuture<Response> follower = CompletableFuture.supplyAsync(() -> {
            try {
                return staying.newCall(request("/from").build()).execute();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        storage.awaitLookups(2);
        head.countDown();
        assertThat(leader.get(20, TimeUnit.SECONDS)).isEqualTo("there");
        try (Response response = follower.get(20, TimeUnit.SECONDS)) {
            assertThat(response.code()).isEqualTo(301);
        }
        rest.countDown();
    }

    @Test
    void aListenerHearsOfHitsAndMissesAndOfTheConnection() throws Exception {
        List<String> heard = new CopyOnWriteArrayList<>();
        client = with(plain.newBuilder().eventListener(new EventListener() {
            @Override
            public void cacheHit(Call call, Response response) {
                heard.add("hit " + response.code());
            }

            @Override
            public void cacheMiss(Call call) {
                heard.add("miss");
            }

            @Override
            public void cacheConditionalHit(Call call, Response cached) {
                heard.add("conditional " + cached.code());
            }

            @Override
            public void satisfactionFailure(Call call, Response response) {
                heard.add("failure " + response.code());
            }

            @Override
            public void responseHeadersEnd(Call call, Response response) {
                heard.add("head " + response.code() + " " + response.header("Location", "-"));
            }

            @Override
            public void callEnd(Call call) {
                heard.add("end");
            }
        }));
        origin.on("/a").reply(Reply.conditional("\"1\"", "1", "Cache-Control", "max-age=60"));
        get(client, "/a", CacheResult.MISS);
        get(client, "/a", CacheResult.HIT);
        clock.advance(Duration.ofSeconds(61));
        get(client, "/a", CacheResult.REVALIDATED);
        client.newCall(request("/b").cacheControl(CacheControl.FORCE_CACHE).build())
                .execute()
                .close();
        origin.on("/c").reply(Reply.status(302).field("Location", "/a"));
        get(client, "/c", CacheResult.HIT);
        assertThat(heard)
                .containsExactly(
                        "head 200 -",
                        "miss",
                        "end",
                        "hit 200",
                        "end",
                        "head 304 -",
                        "conditional 200",
                        "end",
                        "failure 504",
                        "end",
                        "head 302 /a",
                        "miss",
                        "hit 200",
                        "end");
    }

    @Test
    void interceptorsBeforeItSeeCallsAndNetworkInterceptorsSeeTheWire() throws Exception {
        List<String> calls = new ArrayList<>();
        List<String> wire = new ArrayList<>();
        OkHttpClient.Builder builder = plain.newBuilder()
                .addInterceptor(chain -> {
                    calls.add(chain.request().url().encodedPath());
                    return chain.proceed(
                            chain.request().newBuilder().header("X-App", "1").build());
                })
                .addNetworkInterceptor(chain -> {
                    Response response = chain.proceed(chain.request());
                    wire.add(response.code() + " " + response.header("Location") + " "
                            + response.header("Content-Encoding") + " "
                            + chain.request().header("X-App"));
                    return response.newBuilder()
                            .header("Cache-Control", "max-age=60")
                            .build();
                });
        client = with(builder);
        origin.on("/a").reply(Reply.status(302).field("Location", "/b"));
        origin.on("/b").reply(Reply.ok().body(gzip("text")).field("Content-Encoding", "gzip"));
        assertThat(get(client, "/a", CacheResult.MISS)).isEqualTo("text");
        assertThat(get(client, "/a", CacheResult.HIT)).isEqualTo("text");
        assertThat(calls).containsExactly("/a", "/a");
        assertThat(wire).containsExactly("302 /b null 1", "200 null gzip 1");
    }

    private static byte[] gzip(String text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }

    @Test
    void aWebSocketPassesBy() throws Exception {
        mockwebserver3.MockWebServer server = new mockwebserver3.MockWebServer();
        CompletableFuture<String> received = new CompletableFuture<>();
        server.enqueue(new mockwebserver3.MockResponse.Builder()
                .webSocketUpgrade(new WebSocketListener() {
                    @Override
                    public void onMessage(WebSocket socket, String text) {
                        received.complete(text);
                        socket.close(1000, null);
                    }
                })
                .build());
        server.start();
        CountDownLatch closing = new CountDownLatch(1);
        WebSocket socket =
                client.newWebSocket(new Request.Builder().url(server.url("/")).build(), new WebSocketListener() {
                    @Override
                    public void onClosing(WebSocket socket, int code, String reason) {
                        socket.close(1000, null);
                        closing.countDown();
                    }
                });
        socket.send("hello");
        assertThat(received.get(20, TimeUnit.SECONDS)).isEqualTo("hello");
        assertThat(closing.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(cache.statistics().requests()).isZero();
        server.close();
    }

    @Test
    void aCallTimeOutReachesWhoWaitsForAnothersResponse() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        origin.on("/a").reply(fresh("1").hold(gate));
        Call leader = client.newCall(request("/a").build());
        CompletableFuture<Response> answer = new CompletableFuture<>();
        leader.enqueue(new okhttp3.Callback() {
            @Override
            public void onResponse(Call call, Response response) {
                answer.complete(response);
            }

            @Override
            public void onFailure(Call call, IOException e) {
                answer.completeExceptionally(e);
            }
        });
        origin.awaitRequests("/a", 1, SOON);
        Call impatient = client.newCall(request("/a").build());
        impatient.timeout().timeout(300, TimeUnit.MILLISECONDS);
        assertThatThrownBy(impatient::execute)
                .isInstanceOf(InterruptedIOException.class)
                .isNotInstanceOf(SocketTimeoutException.class)
                .hasMessage("timeout");
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
        assertThat(origin.count("/a")).isEqualTo(1);
        gate.countDown();
        try (Response response = answer.get(20, TimeUnit.SECONDS)) {
            assertThat(response.body().string()).isEqualTo("1");
        }
    }

    @Test
    void aCallThatIsCancelledAlreadySendsNothing() {
        Call call = client.newCall(request("/a").build());
        call.cancel();
        assertThatThrownBy(call::execute).isInstanceOf(IOException.class).hasMessage("Canceled");
        assertThat(origin.count()).isZero();
    }

    @Test
    void aThreadThatIsInterruptedWhileItWaitsIsToldSo() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        origin.on("/a").reply(fresh("1").hold(gate));
        CompletableFuture<String> leader = CompletableFuture.supplyAsync(() -> {
            try {
                return get(client, "/a", CacheResult.MISS);
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        });
        origin.awaitRequests("/a", 1, SOON);
        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        Thread follower = new Thread(() -> {
            try {
                client.newCall(request("/a").build()).execute().close();
                interrupted.completeExceptionally(new AssertionError("it was answered"));
            } catch (InterruptedIOException e) {
                interrupted.complete(Thread.currentThread().isInterrupted());
            } catch (IOException | RuntimeException e) {
                interrupted.completeExceptionally(e);
            }
        });
        follower.start();
        storage.awaitLookups(2);
        follower.interrupt();
        assertThat(interrupted.get(20, TimeUnit.SECONDS)).isTrue();
        gate.countDown();
        assertThat(leader.get(20, TimeUnit.SECONDS)).isEqualTo("1");
    }

    @Test
    void anInterruptDuringTheExchangeIsNoFailureOfTheOrigin() throws Exception {
        origin.on("/a").reply(Reply.ok("1").field("Cache-Control", "max-age=1, stale-if-error=600"));
        get(client, "/a", CacheResult.MISS);
        clock.advance(Duration.ofSeconds(10));
        OkHttpClient interrupting = with(plain.newBuilder().addNetworkInterceptor(chain -> {
            Thread.currentThread().interrupt();
            return chain.proceed(chain.request());
        }));
        assertThatThrownBy(() -> interrupting.newCall(request("/a").build()).execute())
                .isInstanceOf(InterruptedIOException.class)
                .isNotInstanceOf(SocketTimeoutException.class);
        assertThat(Thread.interrupted()).isTrue();
        OkHttpClient impatient = with(plain.newBuilder().addNetworkInterceptor(chain -> {
            throw new SocketTimeoutException("timeout");
        }));
        assertThat(get(impatient, "/a", CacheResult.STALE)).isEqualTo("1");
    }

    @Test
    void aBodyGivenUpWhileAnotherThreadReadsItHarmsNoOtherResponse() throws Exception {
        GeneratedBody body = new GeneratedBody(400_000, 3);
        CountDownLatch gate = new CountDownLatch(1);
        origin.on("/a")
                .reply(Reply.ok()
                        .body(body)
                        .field("Cache-Control", "max-age=60")
                        .holdBodyAt(200_000, gate));
        origin.on("/b").reply(fresh("b"));
        try (Response leader = client.newCall(request("/a").build()).execute();
                Response follower = client.newCall(request("/a").build()).execute()) {
            CompletableFuture<byte[]> all = new CompletableFuture<>();
            Thread reader = new Thread(() -> {
                try {
                    all.complete(follower.body().bytes());
                } catch (IOException e) {
                    all.completeExceptionally(e);
                }
            });
            reader.start();
            leader.close();
            follower.close();
            assertThatThrownBy(() -> all.get(20, TimeUnit.SECONDS)).isInstanceOf(ExecutionException.class);
        }
        gate.countDown();
        for (int i = 0; i < 5; i++) {
            get(client, "/b", i == 0 ? CacheResult.MISS : CacheResult.HIT);
        }
        assertThat(storage.awaitAllClosed()).isZero();
        assertThat(cache.storageStatistics().entries()).isEqualTo(1);
    }

    // Installing it.

    @Test
    void aSecondCacheIsRefused(@TempDir Path directory) {
        OkHttpClient.Builder own = plain.newBuilder().cache(new Cache(directory.toFile(), 1_000_000));
        assertThatIllegalStateException()
                .isThrownBy(() -> LarderOkHttp.install(own, cache))
                .withMessageContaining("leave cache(…) out");
        assertThatIllegalStateException()
                .isThrownBy(() -> LarderOkHttp.install(client.newBuilder(), cache))
                .withMessageContaining("already");
    }

    @Test
    void aResponseOfAnotherClientHasNoCacheInfo() throws Exception {
        origin.on("/a").reply(fresh("1"));
        try (Response response = plain.newCall(request("/a").build()).execute()) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> LarderOkHttp.cacheInfo(response))
                    .withMessageContaining("LarderOkHttp.install");
        }
    }
}
