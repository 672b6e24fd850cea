package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.CacheInfo;
import dev.larder.engine.CacheResult;
import dev.larder.policy.CacheControls;
import dev.larder.rules.Reason;
import dev.larder.testkit.RecordedRequest;
import dev.larder.testkit.Reply;
import java.net.Authenticator;
import java.net.CookieManager;
import java.net.HttpCookie;
import java.net.PasswordAuthentication;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Beyond caching, nothing changes: what is sent, what comes back, what fails and how. */
final class TransparencyTest extends CacheScenario {
    private static final HttpClient HTTP2 = HttpClient.newHttpClient();

    /** What was sent but for the connection it came by. */
    private static String wire(RecordedRequest request) {
        return request.method() + " " + request.target() + " " + request.version() + "\n" + request.fields() + "\n"
                + request.bodyText();
    }

    private void sentAlike(HttpClient plain, HttpRequest request) throws Exception {
        origin.forgetRequests();
        way.send(plain, request, BodyHandlers.discarding());
        way.send(around(plain), request, BodyHandlers.discarding());
        assertThat(origin.requests()).hasSize(2);
        assertThat(wire(origin.requests().get(1)))
                .isEqualTo(wire(origin.requests().get(0)));
        events.answered(cache.statistics().requests());
    }

    @Test
    @Tag("R9111-115")
    @Tag("R9110-003")
    @Tag("R9110-021")
    @Tag("R9110-037")
    @Tag("R9110-051")
    void everyRequestThatIsNotAnsweredIsSentAsTheBareClientSendsIt() throws Exception {
        origin.otherwise(request -> Reply.ok("x").field("Cache-Control", "no-store"));
        for (HttpClient plain : List.of(PLAIN, HTTP2)) {
            sentAlike(plain, request("GET", "/a?b=%20c&d=/;e", "Accept", "text/plain", "X-A", "1", "X-A", "2"));
            sentAlike(plain, request("HEAD", "/a"));
            sentAlike(plain, request("DELETE", "/a", "If-Match", "\"1\""));
            sentAlike(plain, request("GET", "/a", "If-None-Match", "\"1\", W/\"2\"", "if-modified-since", "yesterday"));
            sentAlike(plain, request("GET", "/a", "Range", "bytes=0-1", "Cache-Control", "no-cache"));
            sentAlike(plain, request("GET", "/a", "Cookie", "a=b", "Authorization", "Bearer x"));
            sentAlike(plain, withContent(request("POST", "/a", "Content-Type", "text/plain"), "content"));
            sentAlike(plain, withContent(request("PUT", "/a"), "x".repeat(100_000)));
            sentAlike(plain, withContent(request("PROPFIND", "/a"), "<x/>"));
            HttpRequest unknownLength = HttpRequest.newBuilder(origin.uri("/a"))
                    .POST(BodyPublishers.ofInputStream(() -> new java.io.ByteArrayInputStream(new byte[5000])))
                    .build();
            sentAlike(plain, unknownLength);
        }
    }

    @Test
    void aBodyThatIsPartOfTheKeyIsSentUnchanged() throws Exception {
        origin.otherwise(request -> Reply.ok("x").field("Cache-Control", "no-store"));
        HttpRequest request = withContent(request("POST", "/a", "Content-Type", "text/plain"), "content");
        sentAlike(PLAIN, CacheClient.with(request, CacheControls.NONE.withBodyInKey()));
    }

    @Test
    @Tag("R9111-082")
    @Tag("R9111-050")
    @Tag("R9111-119")
    @Tag("R9111-146")
    @Tag("R9213-002")
    @Tag("R9842-003")
    void aValidationDiffersFromTheRequestByItsConditionsOnly() throws Exception {
        given("/a", Reply.conditional("\"1\"", "1", "Cache-Control", "max-age=1"));
        HttpRequest request = request("GET", "/a", "X-B", "2", "Accept", "text/plain", "X-A", "1");
        send(request);
        advance(2);
        send(request).assertRevalidated("1");
        List<RecordedRequest> sent = origin.requests("/a");
        assertThat(sent.get(1).all("If-None-Match")).containsExactly("\"1\"");
        var fields = new java.util.ArrayList<>(sent.get(1).fields());
        fields.removeIf(field -> field.getKey().equalsIgnoreCase("If-None-Match"));
        assertThat(fields).containsExactlyInAnyOrderElementsOf(sent.get(0).fields());
    }

    @Test
    @Tag("R9110-004")
    @Tag("R9110-005")
    @Tag("R9110-023")
    @Tag("R9110-040")
    void fieldsOfAResponseComeThroughUnchanged() throws Exception {
        Reply reply =
                ok("1", "Cache-Control", "max-age=60", "X-A", "1", "x-a", "2", "X-Empty", "", "X-Text", "\u00e4 b");
        given("/a", reply);
        var bare = way.send(PLAIN, request("GET", "/a"), BodyHandlers.ofString());
        assertThat(get("/a").assertMiss("1").response().headers()).isEqualTo(bare.headers());
        var hit = get("/a").assertHit("1").response().headers().map();
        assertThat(hit).hasSize(bare.headers().map().size() + 1).containsEntry("Age", List.of("0"));
        bare.headers()
                .map()
                .forEach((name, values) -> assertThat(hit.get(name)).as(name).isEqualTo(values));
    }

    @Test
    void failuresAreThoseOfTheBareClient() throws Exception {
        given("/reset", Reply.resetConnection());
        given("/dropped", Reply.dropConnection());
        Reply large = Reply.ok().bodyOf(100_000, 1).field("Cache-Control", "max-age=60");
        given("/short", large.cutAfter(50_000));
        given("/short-reset", large.cutAfter(50_000, Reply.Cut.RST));
        given("/short-chunked", large.chunked().cutAfter(50_000));
        given("/malformed", Reply.raw("HTTP/1.1 banana\r\n\r\n"));
        for (String path : List.of("/reset", "/dropped", "/short", "/short-reset", "/short-chunked", "/malformed")) {
            failsAlike(request("GET", path), path);
        }
        origin.stopAccepting();
        failsAlike(request("GET", "/refused"), "refused");
        assertThat(cache.entries().hasNext()).isFalse();
        assertThat(storage.awaitAllClosed()).isZero();
        events.answered(cache.statistics().requests());
    }

    private void failsAlike(HttpRequest request, String what) {
        Throwable bare = failure(PLAIN, request);
        Throwable cached = failure(client, request);
        assertThat(cached).as(what).hasSameClassAs(bare);
        if (bare.getMessage() != null) {
            assertThat(cached).as(what).hasMessage(bare.getMessage());
        }
    }

    private Throwable failure(HttpClient through, HttpRequest request) {
        try {
            way.send(through, request, BodyHandlers.ofString());
        } catch (Exception e) {
            return e;
        }
        throw new AssertionError("it did not fail: " + request);
    }

    @Test
    void aTimeOutIsTheBareClients() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        given("/a", fresh("1", 60).hold(never));
        HttpRequest request = HttpRequest.newBuilder(origin.uri("/a"))
                .timeout(Duration.ofMillis(200))
                .build();
        failsAlike(request, "time-out");
        never.countDown();
        get("/a").assertMiss("1");
    }

    @Test
    void whoWaitsForAnothersResponseHasATimeOutToo() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        given("/a", fresh("1", 60).hold(gate));
        var leader = way.start(client, request("GET", "/a"), BodyHandlers.ofString());
        origin.awaitRequests("/a", 1, Duration.ofSeconds(10));
        HttpRequest request = HttpRequest.newBuilder(origin.uri("/a"))
                .timeout(Duration.ofMillis(200))
                .build();
        assertThat(failure(client, request)).isExactlyInstanceOf(java.net.http.HttpTimeoutException.class);
        assertAsked(1, "/a");
        gate.countDown();
        assertThat(Way.await(leader).body()).isEqualTo("1");
        get("/a").assertHit("1");
    }

    @Test
    void cookiesOfTheClientSelectTheVariant() throws Exception {
        CookieManager cookies = new CookieManager();
        client = around(HttpClient.newBuilder().cookieHandler(cookies).build());
        origin.on("/a")
                .answer(request ->
                        ok("for " + request.first("Cookie"), "Vary", "Cookie", "Cache-Control", "max-age=60"));
        cookie(cookies, "alice");
        String alice = get("/a").info().fromCache()
                ? ""
                : get("/a").assertHit("for user=alice").body();
        cookie(cookies, "bob");
        get("/a").assertMiss("for user=bob");
        get("/a").assertHit("for user=bob");
        cookie(cookies, "alice");
        get("/a").assertHit(alice);
        assertAsked(2, "/a");
    }

    private void cookie(CookieManager cookies, String value) {
        cookies.getCookieStore().removeAll();
        HttpCookie cookie = new HttpCookie("user", value);
        cookie.setPath("/");
        cookie.setVersion(0);
        cookies.getCookieStore().add(URI.create("http://127.0.0.1:" + origin.port() + "/"), cookie);
    }

    @Test
    void cookiesThatTheOriginSetsReachTheClientsStore() throws Exception {
        CookieManager cookies = new CookieManager();
        client = around(HttpClient.newBuilder().cookieHandler(cookies).build());
        given("/a", ok("1", "Set-Cookie", "a=b; Path=/", "Cache-Control", "no-store"));
        get("/a");
        get("/a");
        assertThat(lastAsked("/a", "Cookie")).isEqualTo("a=b");
    }

    @Test
    @Tag("R9111-013")
    void anAuthenticatorBelowASharedCacheKeepsUnmarkedResponsesOut() throws Exception {
        sharedCache();
        client = around(HttpClient.newBuilder()
                .authenticator(new Authenticator() {
                    @Override
                    protected PasswordAuthentication getPasswordAuthentication() {
                        return new PasswordAuthentication("user", "secret".toCharArray());
                    }
                })
                .build());
        origin.on("/a")
                .answer(request -> request.first("Authorization") == null
                        ? Reply.status(401).field("WWW-Authenticate", "Basic realm=\"x\"")
                        : fresh("1", 60));
        get("/a").assertMiss("1").assertNotStored(Reason.AUTHORIZED);
        origin.on("/b")
                .answer(request -> request.first("Authorization") == null
                        ? Reply.status(401).field("WWW-Authenticate", "Basic realm=\"x\"")
                        : ok("2", "Cache-Control", "max-age=60, public"));
        get("/b").assertMiss("2").assertStored();
        get("/b").assertHit("2");
        for (RecordedRequest request : origin.requests()) {
            assertThat(String.valueOf(request.first("Authorization"))).doesNotContain("below-the-cache");
        }
    }

    @Test
    void theClientsSettingsAreTheDelegates() {
        HttpClient plain = HttpClient.newBuilder()
                .connectTimeout(Duration.ofSeconds(3))
                .cookieHandler(new CookieManager())
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.ALWAYS)
                .build();
        HttpClient cached = around(plain);
        assertThat(cached.connectTimeout()).isEqualTo(plain.connectTimeout());
        assertThat(cached.cookieHandler()).isEqualTo(plain.cookieHandler());
        assertThat(cached.version()).isEqualTo(plain.version());
        assertThat(cached.followRedirects()).isEqualTo(plain.followRedirects());
        assertThat(cached.sslContext()).isEqualTo(plain.sslContext());
        assertThat(cached.authenticator()).isEqualTo(plain.authenticator());
        assertThat(cached.proxy()).isEqualTo(plain.proxy());
        assertThat(cached.newWebSocketBuilder()).isNotNull();
    }

    @Test
    void aProxyIsTheDelegates() throws Exception {
        var proxy = java.net.ProxySelector.of(new java.net.InetSocketAddress("127.0.0.1", origin.port()));
        client = around(HttpClient.newBuilder().proxy(proxy).build());
        given("/a", fresh("1", 60));
        HttpRequest request =
                HttpRequest.newBuilder(URI.create("http://origin.invalid/a")).build();
        assertThat(way.send(client, request, BodyHandlers.ofString()).body()).isEqualTo("1");
        var hit = way.send(client, request, BodyHandlers.ofString());
        assertThat(CacheInfo.of(hit).status()).isEqualTo(CacheResult.HIT);
        assertThat(origin.requests().get(0).target()).isEqualTo("http://origin.invalid/a");
    }

    @Test
    void aControlledRequestMeansNothingToAnotherClient() throws Exception {
        given("/a", fresh("1", 60));
        HttpRequest request = CacheClient.with(request("GET", "/a", "X-A", "1"), CacheControls.NONE.withTags("t"));
        assertThat(PLAIN.send(request, BodyHandlers.ofString()).body()).isEqualTo("1");
        assertThat(lastAsked("/a", "X-A")).isEqualTo("1");
    }
}
