package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.CacheInfo;
import dev.larder.engine.CacheResult;
import dev.larder.testkit.RecordedRequest;
import dev.larder.testkit.Reply;
import dev.larder.testkit.ScriptedOrigin;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Redirect;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Redirects are followed as the bare client follows them, but each hop through the cache. */
final class RedirectTest extends CacheScenario {
    private static final int[] STATUSES = {300, 301, 302, 303, 304, 305, 307, 308};

    private ScriptedOrigin other;

    @BeforeEach
    void openOther() {
        other = ScriptedOrigin.start(clock);
    }

    @AfterEach
    void closeOther() {
        other.close();
    }

    private static final Map<Redirect, HttpClient> PLAIN_BY_POLICY = new ConcurrentHashMap<>();

    private static HttpClient plain(Redirect redirect) {
        return PLAIN_BY_POLICY.computeIfAbsent(
                redirect,
                policy -> HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .followRedirects(policy)
                        .build());
    }

    private static Reply redirect(int status, String location, String... namesAndValues) {
        Reply reply = Reply.status(status).body("moved").field("Location", location);
        for (int i = 0; i < namesAndValues.length; i += 2) {
            reply = reply.field(namesAndValues[i], namesAndValues[i + 1]);
        }
        return reply;
    }

    private static String outcome(HttpResponse<String> response) {
        StringBuilder outcome = new StringBuilder();
        for (HttpResponse<String> hop = response;
                hop != null;
                hop = hop.previousResponse().orElse(null)) {
            outcome.append(hop.statusCode())
                    .append(' ')
                    .append(hop.uri())
                    .append(' ')
                    .append(hop.request().method());
            outcome.append(' ')
                    .append(hop.headers().firstValue("Location").orElse("-"))
                    .append('\n');
        }
        return outcome.append(response.body()).toString();
    }

    private static String wire(RecordedRequest request) {
        return request.method() + " " + request.target() + " " + request.fields() + " " + request.bodyText();
    }

    /** The outcome, and what was sent for it, or what it failed with. */
    private String run(HttpClient through, HttpRequest request) {
        origin.forgetRequests();
        other.forgetRequests();
        String outcome;
        try {
            outcome = outcome(way.send(through, request, BodyHandlers.ofString()));
        } catch (Exception e) {
            outcome = e.getClass().getName();
        }
        List<String> sent = new ArrayList<>();
        origin.requests().forEach(r -> sent.add(wire(r)));
        other.requests().forEach(r -> sent.add("other: " + wire(r)));
        return outcome + "\n" + String.join("\n", sent);
    }

    private void sameAsBare(Redirect redirect, HttpRequest request, String what) throws Exception {
        HttpClient plain = plain(redirect);
        CacheClient cached = CacheClient.newBuilder()
                .client(PLAIN)
                .followRedirects(redirect)
                .cache(cache)
                .build();
        assertThat(cached.followRedirects()).isEqualTo(redirect);
        assertThat(run(cached, request)).as(what).isEqualTo(run(plain, request));
        cache.clear();
        events.answered(cache.statistics().requests());
    }

    @ParameterizedTest
    @EnumSource
    void everyRedirectIsFollowedAsTheBareClientFollowsIt(Redirect redirect) throws Exception {
        origin.on("/target").answer(request -> ok("at " + request.method()));
        other.on("/target").answer(request -> ok("other " + request.method()));
        for (int status : STATUSES) {
            for (String method : List.of("GET", "HEAD", "DELETE")) {
                for (String location :
                        List.of("/target?q=1", other.uri("/target").toString(), "target#part")) {
                    given("/from", redirect(status, location));
                    sameAsBare(redirect, request(method, "/from", "X-A", "1"), status + " " + method + " " + location);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void contentIsSentAgainWhereTheMethodStays(Redirect redirect) throws Exception {
        origin.on("/target").answer(request -> ok("at " + request.method() + request.bodyText()));
        for (int status : new int[] {307, 308}) {
            given("/from", redirect(status, "/target"));
            for (String method : List.of("POST", "PUT", "PATCH")) {
                sameAsBare(redirect, withContent(request(method, "/from"), "content"), status + " " + method);
            }
        }
    }

    @Test
    void aPostThatIsRedirectedBecomesAGetWithoutContent() throws Exception {
        client = around(plain(Redirect.NORMAL));
        for (int status : new int[] {301, 302, 303}) {
            origin.on("/target")
                    .answer(request -> ok(request.method() + request.bodyText(), "Cache-Control", "no-store"));
            given("/from", redirect(status, "/target"));
            assertThat(send(withContent(request("POST", "/from"), "content")).body())
                    .isEqualTo("GET");
        }
    }

    @ParameterizedTest
    @EnumSource
    void longChainsEndAsWithTheBareClient(Redirect redirect) throws Exception {
        given("/loop", redirect(302, "/loop"));
        sameAsBare(redirect, request("GET", "/loop"), "a loop");
        for (int length = 3; length <= 7; length++) {
            for (int i = 0; i < length; i++) {
                given("/chain" + i, redirect(302, "/chain" + (i + 1)));
            }
            given("/chain" + length, ok("end"));
            sameAsBare(redirect, request("GET", "/chain0"), "a chain of " + length);
        }
    }

    /** The bare client throws unchecked exceptions here, for what is the origin's mistake. */
    @Test
    void aRedirectToNowhereIsAnIOException() throws Exception {
        client = around(plain(Redirect.NORMAL));
        given("/missing", Reply.status(302));
        given("/malformed", redirect(302, "http://[bad"));
        assertThatThrownBy(() -> get("/missing")).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> get("/malformed")).isInstanceOf(IOException.class);
    }

    @Test
    void eachHopIsStoredUnderTheUriThatItAnswered() throws Exception {
        client = around(plain(Redirect.NORMAL));
        given("/from", redirect(301, "/target", "Cache-Control", "max-age=60"));
        given("/target", fresh("there", 60));
        get("/from").assertMiss("there");
        get("/from").assertHit("there");
        get("/target").assertHit("there");
        assertAsked(1, "/from");
        assertAsked(1, "/target");
        client = around(PLAIN);
        get("/from").assertHit("moved").assertStatus(301);
    }

    @Test
    void aHopThatMayNotBeStoredIsAskedAgain() throws Exception {
        client = around(plain(Redirect.NORMAL));
        given("/from", redirect(302, "/target"));
        given("/target", fresh("there", 60));
        get("/from").assertMiss("there");
        HttpResponse<String> second = get("/from").assertHit("there").response();
        HttpResponse<String> first = second.previousResponse().orElseThrow();
        assertThat(CacheInfo.of(first).status()).isEqualTo(CacheResult.MISS);
        assertThat(first.statusCode()).isEqualTo(302);
        assertThat(second.uri()).isEqualTo(origin.uri("/target"));
        assertAsked(2, "/from");
    }

    @Test
    void noStoredValidatorGoesToAnotherOrigin() throws Exception {
        client = around(plain(Redirect.ALWAYS));
        given(
                "/a",
                Reply.conditional(
                        "\"mine\"",
                        "1",
                        "Last-Modified",
                        Reply.httpDate(clock.instant()),
                        "Cache-Control",
                        "max-age=1"));
        get("/a").assertMiss("1");
        advance(2);
        given("/a", redirect(302, other.uri("/a").toString()));
        other.on("/a").reply(Reply.notModified().field("ETag", "\"mine\""));
        Exchange redirected = get("/a").assertStatus(304);
        assertThat(redirected.info().fromCache()).isFalse();
        assertThat(lastAsked("/a", "If-None-Match")).isEqualTo("\"mine\"");
        assertThat(other.requests("/a").get(0).first("If-None-Match")).isNull();
        assertThat(other.requests("/a").get(0).first("If-Modified-Since")).isNull();
    }

    @Test
    void aRedirectAnsweringAValidationStoresTheTargetUnderItsOwnUri() throws Exception {
        client = around(plain(Redirect.ALWAYS));
        given("/a", ok("1", "ETag", "\"1\"", "Cache-Control", "max-age=1"));
        get("/a");
        advance(2);
        given("/a", redirect(307, other.uri("/b").toString()));
        other.on("/b").reply(fresh("b", 60));
        get("/a").assertMiss("b");
        assertThat(cache.entries().next().stored().key())
                .isEqualTo(other.uri("/b").toString());
    }

    @Test
    void controlsHoldForEveryHop() throws Exception {
        client = around(plain(Redirect.NORMAL));
        given("/from", redirect(302, "/target"));
        given("/target", ok("there"));
        var force = dev.larder.policy.CacheControls.NONE.withForceCache().withTags("t");
        get(force, "/from").assertMiss("there");
        get(force, "/from").assertHit("there");
        assertThat(cache.invalidateTag("t")).isEqualTo(2);
    }

    @Test
    void aLargeRedirectBodyIsNotReadBeforeTheNextHop() throws Exception {
        client = around(plain(Redirect.NORMAL));
        var gate = new java.util.concurrent.CountDownLatch(1);
        given("/from", redirect(302, "/target").holdBody(gate));
        given("/target", ok("there"));
        get("/from").assertMiss("there");
        gate.countDown();
    }

    @Test
    void aForeignClientThatFollowsRedirectsItselfIsRefused() {
        HttpClient foreign = around(plain(Redirect.ALWAYS));
        org.assertj.core.api.Assertions.assertThatIllegalArgumentException()
                .isThrownBy(() -> CacheClient.wrap(foreign))
                .withMessageContaining("NEVER");
    }
}
