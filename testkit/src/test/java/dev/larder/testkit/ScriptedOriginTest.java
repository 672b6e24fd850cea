package dev.larder.testkit;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.Socket;
import java.net.SocketException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ScriptedOriginTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final ScriptedOrigin origin = ScriptedOrigin.start();
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @AfterEach
    void closeLeavesNoThread() {
        origin.close();
        assertThat(threadsOf(origin)).isEmpty();
    }

    @Test
    void recordsRequestsInOrder() throws Exception {
        origin.on("/a").reply(Reply.ok("body").field("Cache-Control", "max-age=60"));

        HttpResponse<String> first = get("/a?x=1");
        get("/a?x=2");
        get("/elsewhere");

        assertThat(first.statusCode()).isEqualTo(200);
        assertThat(first.body()).isEqualTo("body");
        assertThat(first.headers().map())
                .containsOnlyKeys("cache-control", "content-length")
                .containsEntry("content-length", List.of("4"));
        assertThat(origin.count()).isEqualTo(3);
        assertThat(origin.count("/a")).isEqualTo(2);
        assertThat(origin.count("/a?x=2")).isEqualTo(1);
        assertThat(origin.count("/b")).isZero();
        assertThat(origin.requests())
                .extracting(RecordedRequest::target)
                .containsExactly("/a?x=1", "/a?x=2", "/elsewhere");
        assertThat(origin.requests("/a")).hasSize(2);
        assertThat(origin.requests("/a?x=1")).hasSize(1);
        origin.forgetRequests();
        assertThat(origin.count()).isZero();
        assertThat(origin.count("/a")).isZero();
    }

    @Test
    void recordsFieldsAsSentAndKeepsTheConnection() throws IOException {
        origin.on("/a").reply(Reply.ok("1"));
        try (Wire wire = new Wire(origin)) {
            wire.send("GET /a HTTP/1.1\r\nHost: x\r\nX-B:  2 \r\nx-b: 3\r\nX-A:\r\n\r\n");
            wire.expect(Reply.ok("1").toBytes());
            wire.send("GET http://other.test/a HTTP/1.1\r\n\r\n");
            wire.expect(Reply.ok("1").toBytes());
        }

        RecordedRequest request = origin.requests().get(0);
        assertThat(request.method()).isEqualTo("GET");
        assertThat(request.version()).isEqualTo("HTTP/1.1");
        assertThat(request.fields())
                .containsExactly(
                        Map.entry("Host", "x"), Map.entry("X-B", "2"), Map.entry("x-b", "3"), Map.entry("X-A", ""));
        assertThat(request.first("X-b")).isEqualTo("2");
        assertThat(request.all("x-B")).containsExactly("2", "3");
        assertThat(request.first("absent")).isNull();
        assertThat(request.body()).isEmpty();
        assertThat(origin.requests()).extracting(RecordedRequest::connection).containsExactly(1, 1);
        assertThat(origin.requests("/a")).hasSize(2);
        assertThat(origin.connectionCount()).isEqualTo(1);
    }

    @Test
    void readsRequestBodies() throws Exception {
        origin.on("/a").answer(request -> Reply.status(201).body(request.bodyText() + "!"));
        byte[] large = new GeneratedBody(3_000_000, 1).open().readAllBytes();

        HttpResponse<String> byLength = client.send(
                HttpRequest.newBuilder(origin.uri("/a"))
                        .POST(BodyPublishers.ofString("käse"))
                        .build(),
                BodyHandlers.ofString());
        client.send(
                HttpRequest.newBuilder(origin.uri("/b"))
                        .PUT(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(large)))
                        .build(),
                BodyHandlers.discarding());
        client.send(
                HttpRequest.newBuilder(origin.uri("/c"))
                        .expectContinue(true)
                        .method("PROPFIND", BodyPublishers.ofByteArray(large))
                        .build(),
                BodyHandlers.discarding());

        assertThat(byLength.statusCode()).isEqualTo(201);
        assertThat(byLength.body()).isEqualTo("käse!");
        assertThat(origin.requests("/b").get(0).first("Transfer-Encoding")).isEqualTo("chunked");
        assertThat(origin.requests("/b").get(0).body()).isEqualTo(large);
        assertThat(origin.requests("/c").get(0).method()).isEqualTo("PROPFIND");
        assertThat(origin.requests("/c").get(0).body()).isEqualTo(large);
    }

    @Test
    void repliesInTurnAndRepeatsTheLast() throws Exception {
        origin.on("/a").replies(Reply.ok("1"), Reply.status(503), Reply.ok("3"));
        origin.on("/a?only").reply(Reply.ok("exact"));
        origin.otherwise(request -> Reply.ok("otherwise " + request.path()));

        assertThat(get("/a").body()).isEqualTo("1");
        assertThat(get("/a?only").body()).isEqualTo("exact");
        assertThat(get("/a").statusCode()).isEqualTo(503);
        assertThat(get("/a?x").body()).isEqualTo("3");
        assertThat(get("/a").body()).isEqualTo("3");
        assertThat(get("/b").body()).isEqualTo("otherwise /b");
    }

    @Test
    void answers404WithoutScriptAnd500ForFailingHandler() throws Exception {
        origin.on("/broken").answer(request -> {
            throw new IOException("no luck");
        });

        assertThat(get("/a").statusCode()).isEqualTo(404);
        assertThat(get("/broken").statusCode()).isEqualTo(500);
        assertThat(get("/broken").body()).contains("no luck");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"1\"", "W/\"1\"", "\"0\", \"1\"", "\"a,b\",W/\"1\"", "*"})
    void conditionalAnswers304ToAKnownTag(String known) throws Exception {
        origin.on("/a")
                .reply(Reply.conditional("\"1\"", "body", "Cache-Control", "max-age=1")
                        .field("Content-Type", "a/b"));

        HttpResponse<String> response = get("/a", "If-None-Match", known);

        assertThat(response.statusCode()).isEqualTo(304);
        assertThat(response.body()).isEmpty();
        assertThat(response.headers().map()).containsOnlyKeys("etag", "cache-control");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"2\"", "1", "\"1", "\"a,\"1\"\""})
    void conditionalAnswers200ToAnUnknownTag(String unknown) throws Exception {
        origin.on("/a").reply(Reply.conditional("\"1\"", "body"));

        HttpResponse<String> response = get("/a", "If-None-Match", unknown);

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo("body");
        assertThat(response.headers().firstValue("ETag")).hasValue("\"1\"");
    }

    @Test
    void preconditionsIncludeDates() throws Exception {
        Instant modified = ManualClock.DEFAULT_START;
        origin.on("/a")
                .reply(Reply.ok("body")
                        .field("Last-Modified", Reply.httpDate(modified))
                        .withPreconditions());

        assertThat(get("/a", "If-Modified-Since", Reply.httpDate(modified)).statusCode())
                .isEqualTo(304);
        assertThat(get("/a", "If-Modified-Since", Reply.httpDate(modified.minusSeconds(1)))
                        .statusCode())
                .isEqualTo(200);
        assertThat(get("/a", "If-Modified-Since", "yesterday").statusCode()).isEqualTo(200);
        HttpRequest post = HttpRequest.newBuilder(origin.uri("/a"))
                .header("If-Modified-Since", Reply.httpDate(modified))
                .POST(BodyPublishers.noBody())
                .build();
        assertThat(client.send(post, BodyHandlers.ofString()).statusCode()).isEqualTo(200);
    }

    @Test
    void putsChunksAndTrailersOnTheWire() throws Exception {
        Reply reply = Reply.ok("abcdefg").chunked(3).trailer("X-Sum", "1").trailer("X-Sum", "2");
        origin.on("/a").reply(reply.chunked(3));

        try (Wire wire = new Wire(origin)) {
            wire.send("GET /a HTTP/1.1\r\n\r\n");
            wire.expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "3\r\nabc\r\n3\r\ndef\r\n1\r\ng\r\n0\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n");
        }
        assertThat(get("/a").body()).isEqualTo("abcdefg");
        assertThat(get("/a").headers().firstValue("Transfer-Encoding")).hasValue("chunked");
    }

    @Test
    void framesByClosing() throws Exception {
        origin.on("/a").reply(Reply.ok("abc").closeDelimited());

        assertThat(get("/a").body()).isEqualTo("abc");
        try (Wire wire = new Wire(origin)) {
            wire.send("GET /a HTTP/1.1\r\n\r\n");
            assertThat(wire.rest()).isEqualTo("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc");
        }
    }

    @Test
    void closesWhenTheRequestOrTheReplySaysSo() throws Exception {
        origin.on("/a").reply(Reply.ok("abc"));
        origin.on("/b").reply(Reply.ok("abc").thenClose());
        String closing = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc";

        assertThat(exchange("GET /a HTTP/1.1\r\nConnection: close\r\n\r\n")).isEqualTo(closing);
        assertThat(exchange("GET /a HTTP/1.0\r\n\r\n")).isEqualTo(closing);
        assertThat(exchange("GET /b HTTP/1.1\r\n\r\n")).isEqualTo(closing);
    }

    @Test
    void sendsNoBodyWhereThereIsNone() throws Exception {
        origin.on("/a").reply(Reply.ok("abc"));
        origin.on("/chunked").reply(Reply.ok("abc").chunked());
        origin.on("/204").reply(Reply.status(204).body("abc"));
        origin.on("/304").reply(Reply.notModified().body("abc").announce(999));

        try (Wire wire = new Wire(origin)) {
            wire.send("HEAD /a HTTP/1.1\r\n\r\n");
            wire.expect("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
            wire.send("HEAD /chunked HTTP/1.1\r\n\r\n");
            wire.expect("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            wire.send("GET /204 HTTP/1.1\r\n\r\n");
            wire.expect("HTTP/1.1 204 No Content\r\n\r\n");
            wire.send("GET /304 HTTP/1.1\r\n\r\n");
            wire.expect("HTTP/1.1 304 Not Modified\r\nContent-Length: 999\r\n\r\n");
            wire.send("GET /a HTTP/1.1\r\n\r\n");
            wire.expect("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
        }
    }

    @Test
    void sendsWhatTheReplySaysUnchanged() throws Exception {
        origin.on("/a")
                .reply(Reply.status(299)
                        .reason("Odd One")
                        .field("a b", "\u00e9")
                        .field("Content-Length", "1")
                        .field("content-length", "+2")
                        .body("xyz"));
        origin.on("/raw").reply(Reply.raw("HTTP/9 nonsense\n\n"));

        try (Wire wire = new Wire(origin)) {
            wire.send("GET /a HTTP/1.1\r\n\r\n");
            wire.expect("HTTP/1.1 299 Odd One\r\na b: \u00e9\r\nContent-Length: 1\r\ncontent-length: +2\r\n\r\nxyz");
            wire.send("GET /raw HTTP/1.1\r\n\r\n");
            wire.expect("HTTP/9 nonsense\n\n");
        }
        origin.on("/raw").reply(Reply.raw("HTTP/1.0 200 OK\r\n\r\nabc").thenClose());
        assertThat(get("/raw").body()).isEqualTo("abc");
        origin.on("/both").reply(Reply.ok("abc").chunked().announce(2).thenClose());
        assertThat(exchange("GET /both HTTP/1.1\r\n\r\n"))
                .contains("\r\nTransfer-Encoding: chunked\r\n")
                .contains("\r\nContent-Length: 2\r\n")
                .endsWith("3\r\nabc\r\n0\r\n\r\n");
    }

    @Test
    void announcesAnotherLength() throws Exception {
        origin.on("/more").reply(Reply.ok("abc").announce(5));
        origin.on("/less").reply(Reply.ok("abc").announce(2));

        assertThatThrownBy(() -> get("/more")).isInstanceOf(IOException.class);
        try (Wire wire = new Wire(origin)) {
            wire.send("GET /less HTTP/1.1\r\n\r\n");
            wire.expect("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc");
            wire.send("GET /more HTTP/1.1\r\n\r\n");
            assertThat(wire.rest()).isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc");
        }
    }

    @Test
    void clientSeesAnErrorAtEveryCut() throws Exception {
        for (Reply reply :
                List.of(Reply.ok("0123456789"), Reply.ok("0123456789").chunked(4))) {
            byte[] whole = reply.toBytes();
            for (int cut = 0; cut < whole.length; cut++) {
                origin.on("/a").reply(reply.cutAfter(cut));
                assertThatThrownBy(() -> get("/a"))
                        .as("cut after %s bytes", cut)
                        .isInstanceOf(IOException.class);
            }
            origin.on("/a").reply(reply.cutAfter(whole.length));
            assertThat(get("/a").body()).isEqualTo("0123456789");
        }
    }

    @Test
    void cutsAfterExactlySoManyBytes() throws Exception {
        Reply large = Reply.ok().bodyOf(300_000, 1).chunked(1_000);
        String whole = new String(large.toBytes(), ISO_8859_1);
        for (int cut : new int[] {0, 1, 17, 60, 1_000, 16_384, 65_536, 250_000, whole.length() - 1, whole.length()}) {
            origin.on("/a").reply(large.cutAfter(cut));
            assertThat(exchange("GET /a HTTP/1.1\r\n\r\n")).isEqualTo(whole.substring(0, cut));
        }
        origin.on("/a").reply(large.cutAfter(Integer.MAX_VALUE));
        assertThat(exchange("GET /a HTTP/1.1\r\n\r\n")).isEqualTo(whole);
    }

    @ParameterizedTest
    @EnumSource
    void cutsByEndOrByReset(Reply.Cut how) throws Exception {
        CountDownLatch read = new CountDownLatch(1);
        byte[] whole = Reply.ok("abcdef").toBytes();
        origin.on("/a").reply(Reply.ok("abcdef").holdBodyAt(3, read).cutAfter(whole.length - 1, how));
        origin.on("/drop").reply(how == Reply.Cut.FIN ? Reply.dropConnection() : Reply.resetConnection());

        try (Wire wire = new Wire(origin)) {
            wire.send("GET /a HTTP/1.1\r\n\r\n");
            wire.expect(new String(whole, 0, whole.length - 3, ISO_8859_1));
            read.countDown();
            if (how == Reply.Cut.FIN) {
                assertThat(wire.rest()).isEqualTo("de");
            } else {
                assertThatThrownBy(wire::rest).isInstanceOf(SocketException.class);
            }
        }
        try (Wire wire = new Wire(origin)) {
            wire.send("GET /drop HTTP/1.1\r\n\r\n");
            if (how == Reply.Cut.FIN) {
                assertThat(wire.rest()).isEmpty();
            } else {
                assertThatThrownBy(wire::rest).isInstanceOf(SocketException.class);
            }
        }
        assertThat(origin.count("/drop")).isEqualTo(1);
    }

    @Test
    void resetsConnectionsOnAccept() throws Exception {
        origin.on("/a").reply(Reply.ok("abc"));
        origin.resetNextConnections(2);

        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> exchange("GET /a HTTP/1.1\r\n\r\n")).isInstanceOf(SocketException.class);
        }
        assertThat(exchange("GET /a HTTP/1.0\r\n\r\n")).endsWith("abc");
        assertThat(origin.count()).isEqualTo(1);
        assertThat(origin.connectionCount()).isEqualTo(3);
    }

    @Test
    void sendsInterimResponsesAheadOfTheHold() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        origin.on("/a")
                .reply(Reply.ok("abc").interim(103, "Link", "</b>").interim(102).hold(gate));

        try (Wire wire = new Wire(origin)) {
            wire.send("GET /a HTTP/1.1\r\n\r\n");
            wire.expect("HTTP/1.1 103 Early Hints\r\nLink: </b>\r\n\r\nHTTP/1.1 102 \r\n\r\n");
            gate.countDown();
            wire.expect("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void holdsHeadAndBodyAtTheirGates(boolean chunked) throws Exception {
        CountDownLatch head = new CountDownLatch(1);
        CountDownLatch body = new CountDownLatch(1);
        CountDownLatch middle = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        Reply reply = Reply.ok("abcdef");
        reply = chunked ? reply.chunked() : reply.closeDelimited();
        origin.on("/a")
                .reply(reply.holdBodyAt(6, end).holdBodyAt(4, middle).hold(head).holdBody(body));

        CompletableFuture<HttpResponse<InputStream>> response =
                client.sendAsync(HttpRequest.newBuilder(origin.uri("/a")).build(), BodyHandlers.ofInputStream());
        origin.awaitRequests("/a", 1, PATIENCE);
        assertThat(response).isNotDone();
        head.countDown();
        // The head alone completes the response: nothing of the body can have been needed for it.
        try (InputStream stream = response.get().body()) {
            body.countDown();
            assertThat(new String(stream.readNBytes(4), UTF_8)).isEqualTo("abcd");
            middle.countDown();
            assertThat(new String(stream.readNBytes(2), UTF_8)).isEqualTo("ef");
            CompletableFuture<Integer> last = CompletableFuture.supplyAsync(() -> {
                try {
                    return stream.read();
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
            assertThat(last).isNotDone();
            end.countDown();
            assertThat(last.get()).isEqualTo(-1);
        }
    }

    @Test
    void servesAThousandRequestsAtOnce() {
        CountDownLatch gate = new CountDownLatch(1);
        AtomicInteger number = new AtomicInteger();
        origin.on("/a")
                .answer(request -> Reply.ok("reply " + number.incrementAndGet()).hold(gate));

        List<CompletableFuture<HttpResponse<String>>> responses = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            responses.add(client.sendAsync(
                    HttpRequest.newBuilder(origin.uri("/a?" + i)).build(), BodyHandlers.ofString()));
        }
        // All of them are held, so that all of them are open at the same time.
        origin.awaitRequests("/a", 1_000, PATIENCE);
        assertThat(responses).noneMatch(CompletableFuture::isDone);
        gate.countDown();

        assertThat(responses.stream().map(response -> response.join().body()).distinct())
                .hasSize(1_000);
        assertThat(origin.count()).isEqualTo(1_000);
        assertThat(origin.connectionCount()).isEqualTo(1_000);
    }

    @Test
    void refusesConnectionsWhileStopped() throws Exception {
        origin.on("/a").reply(Reply.ok("abc"));
        int port = origin.port();
        try (Wire idle = new Wire(origin)) {
            idle.send("GET /a HTTP/1.1\r\n\r\n");
            idle.expect(Reply.ok("abc").toBytes());
            for (int i = 0; i < 20; i++) {
                origin.stopAccepting();
                origin.stopAccepting();
                assertThat(threadsOf(origin)).isEmpty();
                assertThatThrownBy(() -> new Wire(origin)).isInstanceOf(ConnectException.class);
                origin.resume();
                origin.resume();
                assertThat(get("/a").body()).isEqualTo("abc");
            }
            assertThat(idle.rest()).isEmpty();
        }
        assertThat(origin.port()).isEqualTo(port);
        assertThat(origin.count()).isEqualTo(21);
    }

    @Test
    void stoppingEndsHeldReplies() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        origin.on("/a").reply(Reply.ok("abc").hold(never));
        origin.on("/b").answer(request -> {
            never.await();
            return Reply.ok();
        });
        origin.on("/c").reply(Reply.ok().bodyOf(1L << 40, 1));

        List<CompletableFuture<HttpResponse<InputStream>>> held = new ArrayList<>();
        for (String path : List.of("/a", "/b", "/c")) {
            held.add(client.sendAsync(HttpRequest.newBuilder(origin.uri(path)).build(), BodyHandlers.ofInputStream()));
            origin.awaitRequests(path, 1, PATIENCE);
        }
        // Not read from, so that the origin is stuck in writing.
        InputStream endless = held.get(2).get().body();
        origin.close();

        assertThatThrownBy(() -> held.get(0).get()).hasCauseInstanceOf(IOException.class);
        assertThatThrownBy(() -> held.get(1).get()).hasCauseInstanceOf(IOException.class);
        assertThatThrownBy(() -> endless.transferTo(OutputStream.nullOutputStream()))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(origin::resume).isInstanceOf(IllegalStateException.class);
        assertThat(origin.count()).isEqualTo(3);
    }

    @Test
    void aHandlerMayStopItsOrigin() throws Exception {
        origin.on("/a").answer(request -> {
            origin.stopAccepting();
            origin.resume();
            return Reply.ok("never arrives");
        });
        origin.on("/b").reply(Reply.ok("still here"));

        assertThat(exchange("GET /a HTTP/1.1\r\n\r\n")).isEmpty();
        assertThat(origin.count("/a")).isEqualTo(1);
        assertThat(get("/b").body()).isEqualTo("still here");
    }

    @ParameterizedTest
    @EnumSource
    void streamsALargeGeneratedBody(Reply.Framing framing) throws Exception {
        GeneratedBody expected = new GeneratedBody(64L << 20, 99);
        Reply reply = Reply.ok().bodyOf(64L << 20, 99);
        origin.on("/a")
                .reply(
                        switch (framing) {
                            case LENGTH -> reply.contentLength();
                            case CHUNKED -> reply.chunked();
                            case CLOSE -> reply.closeDelimited();
                        });

        HttpResponse<InputStream> response =
                client.send(HttpRequest.newBuilder(origin.uri("/a")).build(), BodyHandlers.ofInputStream());

        try (CheckedInputStream body = new CheckedInputStream(response.body(), new CRC32())) {
            assertThat(body.transferTo(OutputStream.nullOutputStream())).isEqualTo(expected.length());
            assertThat(body.getChecksum().getValue()).isEqualTo(expected.crc32());
        }
    }

    @Test
    void addsADateWhenAskedOrGivenAClock() throws Exception {
        origin.on("/a").reply(Reply.ok().date(Instant.parse("2026-02-03T04:05:06.789Z")));
        assertThat(get("/a").headers().allValues("Date")).containsExactly("Tue, 03 Feb 2026 04:05:06 GMT");

        ManualClock clock = new ManualClock();
        try (ScriptedOrigin dated = ScriptedOrigin.start(clock)) {
            dated.on("/a").reply(Reply.ok("x"));
            dated.on("/own").reply(Reply.ok("x").field("date", "never"));
            dated.on("/raw").reply(Reply.raw(Reply.ok("x").toBytes()));
            assertThat(dates(dated, "/a")).containsExactly("Thu, 01 Jan 2026 00:00:00 GMT");
            clock.advance(Duration.ofDays(1));
            assertThat(dates(dated, "/a")).containsExactly("Fri, 02 Jan 2026 00:00:00 GMT");
            assertThat(dates(dated, "/own")).containsExactly("never");
            assertThat(dates(dated, "/raw")).isEmpty();
        }
    }

    @Test
    void awaitingTooFewRequestsFails() throws Exception {
        get("/a");

        origin.awaitRequests("/a", 1, Duration.ZERO);
        assertThatThrownBy(() -> origin.awaitRequests("/a", 2, Duration.ofMillis(1)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("expected 2 requests to /a")
                .hasMessageContaining("there were 1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nonsense\r\n\r\n",
                "GET /a HTTP/2.0\r\n\r\n",
                "GET /a HTTP/1.1\r\nA : b\r\n\r\n",
                "GET /a HTTP/1.1\r\nA: b\r\n folded\r\n\r\n",
                "POST /a HTTP/1.1\r\nContent-Length: +1\r\n\r\nx",
                "POST /a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
                "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n0\r\n\r\n",
                "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
            })
    void refusesWhatItCannotUnderstand(String request) throws Exception {
        try (Wire wire = new Wire(origin)) {
            wire.send(request);
            wire.socket.shutdownOutput();
            assertThat(wire.rest()).startsWith("HTTP/1.1 400 Bad Request\r\n");
        }
        assertThat(origin.count()).isZero();
    }

    @Test
    void repliesAreImmutable() {
        byte[] body = {'a'};
        Reply reply = Reply.ok().body(body);
        reply.field("A", "b").chunked().announce(3).trailer("C", "d").body("other");
        body[0] = 'b';

        assertThat(new String(reply.toBytes(), ISO_8859_1)).isEqualTo("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na");
    }

    private HttpResponse<String> get(String path, String... fields) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(origin.uri(path));
        if (fields.length > 0) {
            request.headers(fields);
        }
        return client.send(request.build(), BodyHandlers.ofString());
    }

    private List<String> dates(ScriptedOrigin from, String path) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(from.uri(path)).build(), BodyHandlers.discarding())
                .headers()
                .allValues("Date");
    }

    /** All that comes back for a request on a connection of its own. */
    private String exchange(String request) throws IOException {
        try (Wire wire = new Wire(origin)) {
            wire.send(request);
            return wire.rest();
        }
    }

    private static List<Thread> threadsOf(ScriptedOrigin origin) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("scripted-origin-" + origin.port()))
                .toList();
    }

    /** A client without any opinion on HTTP. */
    private static final class Wire implements AutoCloseable {

        private final Socket socket;

        Wire(ScriptedOrigin origin) throws IOException {
            socket = new Socket("127.0.0.1", origin.port());
        }

        void send(String text) throws IOException {
            socket.getOutputStream().write(text.getBytes(ISO_8859_1));
        }

        void expect(String text) throws IOException {
            byte[] read = socket.getInputStream().readNBytes(text.length());
            assertThat(new String(read, ISO_8859_1)).isEqualTo(text);
        }

        void expect(byte[] bytes) throws IOException {
            expect(new String(bytes, ISO_8859_1));
        }

        String rest() throws IOException {
            return new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
