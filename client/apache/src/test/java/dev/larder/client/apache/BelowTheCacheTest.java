package dev.larder.client.apache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.CacheInfo;
import dev.larder.engine.CacheResult;
import dev.larder.policy.CachePolicy;
import dev.larder.rules.Reason;
import dev.larder.testkit.RecordedRequest;
import dev.larder.testkit.Reply;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.zip.GZIPOutputStream;
import org.apache.hc.client5.http.auth.AuthScope;
import org.apache.hc.client5.http.impl.auth.CredentialsProviderBuilder;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.client5.http.protocol.RequestDefaultHeaders;
import org.apache.hc.core5.http.message.BasicHeader;
import org.junit.jupiter.api.Test;

/** What the client does above and below the cache. */
final class BelowTheCacheTest extends ApacheScenario {
    private static final Duration SOON = Duration.ofSeconds(20);

    private static Reply fresh(String body, String... namesAndValues) {
        Reply reply = Reply.ok(body).field("Cache-Control", "max-age=60");
        for (int i = 0; i < namesAndValues.length; i += 2) {
            reply = reply.field(namesAndValues[i], namesAndValues[i + 1]);
        }
        return reply;
    }

    @Test
    void aHitNeedsNoConnection() throws Exception {
        origin.on("/a").reply(fresh("1"));
        assertResult(get("/a"), CacheResult.MISS, "1");
        origin.stopAccepting();
        assertResult(get("/a"), CacheResult.HIT, "1");
        assertThat(client.pool().getLeased()).isZero();
    }

    @Test
    void fieldsThatTheCacheDoesNotKnowSelectNothing() throws Exception {
        setup.defaultHeaders.add(new BasicHeader("X-Tenant", "one"));
        reopen();
        origin.on("/a").reply(fresh("1", "Vary", "X-Tenant"));
        origin.on("/b").reply(fresh("1"));
        assertResult(get("/a"), CacheResult.MISS, "1");
        assertResult(get("/a"), CacheResult.MISS, "1");
        CacheInfo info = get("/a").info();
        assertThat(info.stored()).isFalse();
        assertThat(info.storing()).isEqualTo(Reason.REQUEST_UNKNOWN);
        assertThat(info.explain()).contains(Reason.REQUEST_UNKNOWN.sentence());
        get("/b");
        assertResult(get("/b"), CacheResult.HIT, "1");
    }

    @Test
    void theCallerSeesTheRealFieldsOfWhatTheCacheMayNotStore() throws Exception {
        setup.defaultHeaders.add(new BasicHeader("X-Tenant", "one"));
        with(CachePolicy.privateCache().cacheStatus(true));
        origin.on("/a").reply(fresh("123", "Vary", "X-Tenant", "X-Twice", "1", "X-Twice", "2"));
        Way.Result response = get("/a");
        assertResult(response, CacheResult.MISS, "123");
        assertThat(response.info().stored()).isFalse();
        assertThat(response.field("Cache-Status")).isNotNull();
        assertThat(response.headers().stream()
                        .filter(header -> header.getName().equals("Content-Length"))
                        .map(header -> header.getValue()))
                .containsExactly("3");
        assertThat(response.headers().stream()
                        .filter(header -> header.getName().equals("X-Twice"))
                        .map(header -> header.getValue()))
                .containsExactly("1", "2");
    }

    @Test
    void interceptorsAboveTheCacheAreKnownToIt() throws Exception {
        setup.above.add(new RequestDefaultHeaders(List.of(new BasicHeader("X-Tenant", "one"))));
        reopen();
        origin.on("/a").answer(request -> fresh("for " + request.first("X-Tenant"), "Vary", "X-Tenant"));
        assertResult(get("/a"), CacheResult.MISS, "for one");
        assertResult(get("/a"), CacheResult.HIT, "for one");
        assertResult(get("/a", "X-Tenant", "two"), CacheResult.MISS, "for two");
    }

    @Test
    void aSharedCacheDoesNotStoreWhatAnInterceptorAuthorized() throws Exception {
        setup.below.add((request, entity, context) -> request.setHeader("Authorization", "Bearer x"));
        with(CachePolicy.sharedCache());
        origin.on("/a").reply(fresh("secret"));
        assertResult(get("/a"), CacheResult.MISS, "secret");
        assertResult(get("/a"), CacheResult.MISS, "secret");
        assertThat(cache.entries().hasNext()).isFalse();
    }

    @Test
    void userAgentsSelect() throws Exception {
        origin.on("/a").answer(request -> fresh(request.first("User-Agent"), "Vary", "User-Agent"));
        String own = get("/a").body();
        assertResult(get("/a"), CacheResult.MISS, own);
        assertResult(get("/a"), CacheResult.HIT, own);
        assertResult(get("/a", "User-Agent", "other"), CacheResult.MISS, "other");
        assertResult(get("/a"), CacheResult.HIT, own);
    }

    @Test
    void credentialsOfAContextKeepVariantsApart() throws Exception {
        origin.on("/a")
                .answer(request -> request.first("Authorization") == null
                        ? Reply.status(401).field("WWW-Authenticate", "Basic realm=\"x\"")
                        : fresh(request.first("Authorization"), "Vary", "Authorization"));
        String alice = get(as("alice"), "/a").body();
        assertResult(get(as("alice"), "/a"), CacheResult.HIT, alice);
        assertThat(get(as("bob"), "/a").body()).isNotEqualTo(alice);
        assertThat(get("/a").status()).isEqualTo(401);
    }

    private HttpClientContext as(String user) {
        HttpClientContext context = HttpClientContext.create();
        context.setCredentialsProvider(CredentialsProviderBuilder.create()
                .add(new AuthScope(null, -1), user, "secret".toCharArray())
                .build());
        return context;
    }

    @Test
    void whatIsStoredIsWhatCameOverTheWire() throws Exception {
        ByteArrayOutputStream coded = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(coded)) {
            gzip.write("zipped ".repeat(1000).getBytes(StandardCharsets.UTF_8));
        }
        for (boolean chunked : new boolean[] {false, true}) {
            String path = "/" + chunked;
            Reply reply = fresh("", "Content-Encoding", "gzip").body(coded.toByteArray());
            origin.on(path).reply(chunked ? reply.chunked() : reply);
            assertResult(get(path), CacheResult.MISS, "zipped ".repeat(1000));
            assertResult(get(path), CacheResult.HIT, "zipped ".repeat(1000));
            assertThat(cache.entries().next().bodyLength()).isEqualTo(coded.size());
            cache.clear();
        }
    }

    @Test
    void aBackgroundRequestLeavesTheContextAlone() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        String control = "max-age=1, stale-while-revalidate=60";
        origin.on("/a")
                .replies(
                        Reply.ok("1").field("Cache-Control", control),
                        Reply.ok("2").field("Cache-Control", control).hold(gate));
        get("/a");
        advance(10);
        HttpClientContext context = HttpClientContext.create();
        Way.Result stale = get(context, "/a");
        assertResult(stale, CacheResult.STALE, "1");
        var request = context.getRequest();
        var response = context.getResponse();
        origin.awaitRequests("/a", 2, SOON);
        gate.countDown();
        long deadline = System.nanoTime() + SOON.toNanos();
        while (!get("/a").body().equals("2")) {
            assertThat(System.nanoTime()).isLessThan(deadline);
        }
        assertThat(context.getRequest()).isSameAs(request);
        assertThat(context.getResponse()).isSameAs(response);
        assertThat(LarderContext.cacheInfo(context).status()).isEqualTo(CacheResult.STALE);
        List<RecordedRequest> sent = origin.requests("/a");
        assertThat(sent.get(1).first("Accept-Encoding")).isEqualTo(sent.get(0).first("Accept-Encoding"));
    }

    @Test
    void whoWaitsForAnotherCanGiveUp() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        origin.on("/a").reply(fresh("1").hold(gate));
        Way.Call leader = start("GET", "/a");
        origin.awaitRequests("/a", 1, SOON);
        Way.Call follower = start("GET", "/a");
        storage.awaitLookups(2);
        follower.cancel().run();
        assertThatThrownBy(follower::get).isNotNull();
        assertThat(follower.result()).isDone();
        gate.countDown();
        assertResult(leader.get(), CacheResult.MISS, "1");
        assertThat(origin.count("/a")).isEqualTo(1);
    }

    @Test
    void anotherHostThanTheTargetPassesBy() throws Exception {
        origin.on("/a").reply(fresh("1"));
        assertResult(get("/a", "Host", "example.com"), CacheResult.BYPASSED, "1");
        assertThat(origin.requests("/a").get(0).first("Host")).isEqualTo("example.com");
        assertResult(get("/a"), CacheResult.MISS, "1");
        assertThatThrownBy(() -> LarderContext.cacheInfo(HttpClientContext.create()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aFailureOfTheOriginIsRetriedByTheClient() throws Exception {
        setup.retries = true;
        reopen();
        origin.on("/a").replies(Reply.status(503).field("Retry-After", "0"), fresh("1"));
        assertResult(get("/a"), CacheResult.MISS, "1");
        assertResult(get("/a"), CacheResult.HIT, "1");
        assertThat(origin.count("/a")).isEqualTo(2);
    }

    @Test
    void aBodyThatBreaksOffIsNotRetriedByTheClient() throws Exception {
        setup.retries = true;
        reopen();
        Reply whole = fresh("0123456789".repeat(50_000));
        origin.on("/a").replies(whole.cutAfter(200_000, Reply.Cut.RST), whole, whole);
        assertThatThrownBy(() -> get("/a")).isInstanceOf(IOException.class);
        assertThat(origin.count("/a")).isEqualTo(1);
        assertResult(get("/a"), CacheResult.MISS, "0123456789".repeat(50_000));
    }
}
