package dev.larder.integration.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.CacheInfo;
import dev.larder.testkit.GeneratedBody;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.Cookie;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.CRC32;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What a client of the application sees of the cache. */
final class CachingTest extends FilterScenario {
    private void fresh(String path, String body) {
        server.on(path, (request, response) -> {
            response.setHeader("Cache-Control", "max-age=60");
            response.setContentType("text/plain");
            response.getWriter().print(body);
        });
    }

    @Test
    @DisplayName("a fresh response is stored, and served with its age until it is stale")
    void storedAndServed() throws Exception {
        fresh("/a", "hello");
        Reply first = get("/a");
        advance(10);
        Reply second = get("/a");
        assertThat(first.status()).isEqualTo(200);
        assertThat(first.body()).isEqualTo("hello");
        assertThat(first.field("Cache-Status")).contains("fwd=uri-miss", "stored");
        assertThat(second.status()).isEqualTo(200);
        assertThat(second.body()).isEqualTo("hello");
        assertThat(second.hit()).isTrue();
        assertThat(second.field("Age")).isEqualTo("10");
        assertThat(second.field("Date")).isEqualTo(first.field("Date"));
        assertThat(second.field("Content-Type")).isEqualTo(first.field("Content-Type"));
        assertThat(second.field("Content-Length")).isEqualTo("5");
        assertThat(server.calls("/a")).isEqualTo(1);
        advance(51);
        assertThat(get("/a").hit()).isFalse();
        assertThat(server.calls("/a")).isEqualTo(2);
    }

    @Test
    @DisplayName("without a word about freshness, nothing is served from the cache")
    void nothingSaid() throws Exception {
        server.on("/a", (request, response) -> {
            response.setDateHeader("Last-Modified", clock.millis() - 1_000_000_000);
            response.getWriter().print("x");
        });
        get("/a");
        assertThat(get("/a").hit()).isFalse();
        assertThat(server.calls("/a")).isEqualTo(2);
    }

    @Test
    @DisplayName("a body passes while it is written, stored or not")
    void streaming() throws Exception {
        for (String control : List.of("max-age=60", "no-store")) {
            CountDownLatch seen = new CountDownLatch(1);
            server.on("/a", (request, response) -> {
                response.setHeader("Cache-Control", control);
                response.getOutputStream().print("first");
                response.flushBuffer();
                assertThat(seen.await(20, TimeUnit.SECONDS)).isTrue();
                response.getOutputStream().print("second");
            });
            try (Connection connection = connect()) {
                connection.send("GET", "/a");
                connection.head();
                assertThat(connection.chunk()).isEqualTo("first");
                seen.countDown();
                assertThat(connection.chunk()).isEqualTo("second");
                assertThat(connection.chunk()).isEmpty();
            }
            Reply again = get("/a");
            assertThat(again.body()).isEqualTo("firstsecond");
            assertThat(again.hit()).isEqualTo(control.equals("max-age=60"));
            cache.clear();
        }
    }

    @Test
    @DisplayName("a long body is stored as it was written")
    void longBody() throws Exception {
        GeneratedBody body = new GeneratedBody(5_000_000, 3);
        server.on("/a", (request, response) -> {
            response.setHeader("Cache-Control", "max-age=60");
            try (InputStream content = body.open()) {
                content.transferTo(response.getOutputStream());
            }
        });
        for (boolean hit : new boolean[] {false, true}) {
            Reply reply = get("/a");
            CRC32 sum = new CRC32();
            sum.update(reply.content());
            assertThat(sum.getValue()).isEqualTo(body.crc32());
            assertThat(reply.hit()).isEqualTo(hit);
        }
    }

    @Test
    @DisplayName("concurrent requests share one run of the application, and stream")
    void collapsing() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        server.on("/a", (request, response) -> {
            response.setHeader("Cache-Control", "max-age=60");
            response.getOutputStream().print("first");
            response.flushBuffer();
            assertThat(gate.await(20, TimeUnit.SECONDS)).isTrue();
            response.getOutputStream().print("second");
        });
        List<Connection> clients = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            Connection client = connect();
            clients.add(client);
            client.send("GET", "/a");
        }
        for (Connection client : clients) {
            client.head();
            assertThat(client.chunk()).isEqualTo("first");
        }
        gate.countDown();
        for (Connection client : clients) {
            assertThat(client.chunk()).isEqualTo("second");
            assertThat(client.chunk()).isEmpty();
            client.close();
        }
        assertThat(server.calls("/a")).isEqualTo(1);
    }

    @Test
    @DisplayName("who has waited long enough for another's response is answered by a run of its own")
    void waitingAtMost() throws Exception {
        start(LarderFilter.builder().waitingAtMost(Duration.ofMillis(50)));
        CountDownLatch gate = new CountDownLatch(1);
        server.on("/a", (request, response) -> {
            if (server.calls("/a") == 1) {
                assertThat(gate.await(20, TimeUnit.SECONDS)).isTrue();
            }
            response.setHeader("Cache-Control", "max-age=60");
            response.getOutputStream().print(request.getHeader("X-Who"));
        });
        try (Connection leader = connect()) {
            leader.send("GET", "/a", "X-Who: leader");
            eventually(() -> server.calls("/a") == 1);
            assertThat(get("/a", "X-Who: follower").body()).isEqualTo("follower");
            assertThat(get("/a").hit()).isTrue();
            gate.countDown();
            assertThat(leader.read("GET").body()).isEqualTo("leader");
        }
        assertThat(server.calls("/a")).isEqualTo(2);
    }

    @Test
    @DisplayName("a client that leaves does not harm the others, and alone it ends the application's work")
    void clientLeaves() throws Exception {
        AtomicReference<CountDownLatch> gate = new AtomicReference<>(new CountDownLatch(1));
        CompletableFuture<Throwable> failed = new CompletableFuture<>();
        GeneratedBody body = new GeneratedBody(30_000_000, 3);
        server.on("/a", (request, response) -> {
            response.setHeader("Cache-Control", "max-age=60");
            response.flushBuffer();
            gate.get().await(20, TimeUnit.SECONDS);
            try (InputStream content = body.open()) {
                content.transferTo(response.getOutputStream());
            } catch (IOException e) {
                failed.complete(e);
                throw e;
            }
        });
        try (Connection leader = connect();
                Connection follower = connect()) {
            leader.send("GET", "/a");
            leader.head();
            follower.send("GET", "/a");
            follower.head();
            leader.close();
            gate.get().countDown();
            ByteCount count = new ByteCount();
            for (String chunk = "x"; !chunk.isEmpty(); count.add(chunk)) {
                chunk = follower.chunk();
            }
            assertThat(count.bytes).isEqualTo(body.length());
        }
        assertThat(failed).isNotDone();
        assertThat(server.calls("/a")).isEqualTo(1);
        eventually(() -> cache.statistics().stored() == 1);
        cache.clear();

        gate.set(new CountDownLatch(1));
        try (Connection alone = connect()) {
            alone.send("GET", "/a");
            alone.head();
        }
        gate.get().countDown();
        assertThat(failed.get(20, TimeUnit.SECONDS)).isInstanceOf(IOException.class);
        eventually(() -> !abandoned.isEmpty());
        assertThat(cache.entries().hasNext()).isFalse();
    }

    private static final class ByteCount {
        private long bytes;

        void add(String chunk) {
            bytes += chunk.length();
        }
    }

    @Test
    @DisplayName("the client's own conditions, and ranges, are answered from what is stored")
    void conditionsAndRanges() throws Exception {
        server.on("/a", (request, response) -> {
            response.setHeader("Cache-Control", "max-age=60");
            response.setHeader("ETag", "\"1\"");
            response.getOutputStream().print("0123456789");
        });
        get("/a");
        Reply notModified = get("/a", "If-None-Match: \"1\"");
        assertThat(notModified.status()).isEqualTo(304);
        assertThat(notModified.field("ETag")).isEqualTo("\"1\"");
        Reply range = get("/a", "Range: bytes=2-4");
        assertThat(range.status()).isEqualTo(206);
        assertThat(range.body()).isEqualTo("234");
        assertThat(range.field("Content-Range")).isEqualTo("bytes 2-4/10");
        Reply head = send("HEAD", "/a");
        assertThat(head.hit()).isTrue();
        assertThat(head.field("Content-Length")).isEqualTo("10");
        assertThat(server.calls("/a")).isEqualTo(1);
    }

    @Test
    @DisplayName("a stale response is validated by the application itself")
    void revalidation() throws Exception {
        server.on("/a", (request, response) -> {
            response.setHeader("Cache-Control", "max-age=60");
            response.setHeader("ETag", "\"1\"");
            if ("\"1\"".equals(request.getHeader("If-None-Match"))) {
                assertThat(Collections.list(request.getHeaderNames())).contains("If-None-Match");
                response.setStatus(304);
            } else {
                response.getWriter().print("body");
            }
        });
        get("/a");
        advance(100);
        Reply validated = get("/a");
        assertThat(validated.status()).isEqualTo(200);
        assertThat(validated.body()).isEqualTo("body");
        assertThat(validated.field("Cache-Status")).contains("fwd=stale", "fwd-status=304");
        assertThat(cache.statistics().revalidated()).isEqualTo(1);
        assertThat(get("/a").hit()).isTrue();
        assertThat(server.calls("/a")).isEqualTo(2);
    }

    @Test
    @DisplayName("a 304 that confirms nothing stored makes the application run again, for the whole")
    void unmatchedNotModified() throws Exception {
        AtomicInteger runs = new AtomicInteger();
        server.on("/a", (request, response) -> {
            response.setHeader("Cache-Control", "max-age=60");
            response.setHeader("ETag", "\"" + runs.incrementAndGet() + "\"");
            if (request.getHeader("If-None-Match") != null) {
                cache.clear();
                response.setStatus(304);
            } else {
                response.getWriter().print("run " + runs.get());
            }
        });
        get("/a");
        advance(100);
        Reply again = get("/a");
        assertThat(again.status()).isEqualTo(200);
        assertThat(again.body()).isEqualTo("run 3");
        assertThat(server.calls("/a")).isEqualTo(3);
    }

    @Test
    @DisplayName("the application's other 304s, 204s and errors pass")
    void otherStatuses() throws Exception {
        server.on("/304", (request, response) -> response.sendError(304));
        server.on("/204", (request, response) -> response.setStatus(204));
        server.on("/409", (request, response) -> response.sendError(409, "taken"));
        assertThat(get("/304", "If-None-Match: \"x\"").status()).isEqualTo(304);
        assertThat(get("/204").status()).isEqualTo(204);
        Reply conflict = get("/409");
        assertThat(conflict.status()).isEqualTo(409);
        assertThat(conflict.body()).contains("taken");
        assertThat(get("/missing").status()).isEqualTo(404);
    }

    @Test
    @DisplayName("variants are kept apart")
    void vary() throws Exception {
        server.on("/a", (request, response) -> {
            response.setHeader("Cache-Control", "max-age=60");
            response.setHeader("Vary", "Accept-Language");
            response.getWriter().print(request.getHeader("Accept-Language"));
        });
        for (int i = 0; i < 2; i++) {
            for (String language : List.of("de", "en")) {
                Reply reply = get("/a", "Accept-Language: " + language);
                assertThat(reply.body()).isEqualTo(language);
                assertThat(reply.hit()).isEqualTo(i == 1);
                assertThat(reply.fields("Vary")).containsExactly("Accept-Language");
            }
        }
    }

    @Test
    @DisplayName("the key is what the client asked for: host, path and query as they were sent")
    void keys() throws Exception {
        server.on("/a", (request, response) -> {
            response.setHeader("Cache-Control", "max-age=60");
            response.getWriter().print(request.getServerName() + " " + request.getQueryString());
        });
        for (int i = 0; i < 2; i++) {
            assertThat(get("/a?x=1").body()).isEqualTo("example.test x=1");
            assertThat(get("/a?x=2").body()).isEqualTo("example.test x=2");
            assertThat(get("/a?x=1", "Host: other.test").body()).isEqualTo("other.test x=1");
            assertThat(get("http://third.test/a?x=1", "Host: third.test").body())
                    .isEqualTo("third.test x=1");
        }
        assertThat(server.calls("/a")).isEqualTo(4);
    }

    @Test
    @DisplayName("what is for one client is not stored: cookies, sessions, authorization, private")
    void forOneClient() throws Exception {
        server.on("/cookie", (request, response) -> {
            response.setHeader("Cache-Control", "max-age=60");
            response.addCookie(new Cookie("id", "secret"));
        });
        server.on("/field", (request, response) -> {
            response.setHeader("Cache-Control", "max-age=60");
            response.addHeader("Set-Cookie", "id=secret");
        });
        server.on("/session", (request, response) -> {
            response.setHeader("Cache-Control", "max-age=60");
            request.getSession(true);
            response.getWriter().print("yours");
        });
        server.on("/private", (request, response) -> {
            response.setHeader("Cache-Control", "private, max-age=60");
            response.getWriter().print("yours");
        });
        for (String path : List.of("/cookie", "/field", "/session", "/private")) {
            for (int i = 0; i < 2; i++) {
                Reply reply = get(path);
                assertThat(reply.status()).isEqualTo(200);
                assertThat(reply.hit()).as(path).isFalse();
                assertThat(reply.fields("Set-Cookie")).as(path).hasSize(path.equals("/private") ? 0 : 1);
            }
            assertThat(server.calls(path)).isEqualTo(2);
        }
        fresh("/authorized", "x");
        get("/authorized", "Authorization: Basic eDp5");
        assertThat(get("/authorized", "Authorization: Basic eDp5").hit()).isFalse();
        assertThat(cache.statistics().stored()).isZero();
    }

    @Test
    @DisplayName("the application's own changes invalidate, and so does what it says through the servlet context")
    void invalidation() throws Exception {
        server.on("/a", (request, response) -> {
            response.setHeader("Cache-Control", "max-age=60");
            response.getWriter().print(request.getMethod());
        });
        server.on(
                "/clear",
                (request, response) ->
                        LarderFilter.cacheOf(request.getServletContext()).invalidatePrefix("http://example.test/a"));
        get("/a");
        assertThat(get("/a").hit()).isTrue();
        assertThat(send("POST", "/a", "Content-Length: 0").body()).isEqualTo("POST");
        assertThat(get("/a").hit()).isFalse();
        assertThat(get("/a").hit()).isTrue();
        send("POST", "/clear", "Content-Length: 0");
        assertThat(get("/a").hit()).isFalse();
    }

    @Test
    @DisplayName("what the application throws passes; a stored response may stand in for it")
    void exceptions() throws Exception {
        boolean[] broken = {true};
        server.on("/a", (request, response) -> {
            if (broken[0]) {
                throw new IllegalStateException("the application is broken");
            }
            response.setHeader("Cache-Control", "max-age=60, stale-if-error=1000");
            response.getWriter().print("body");
        });
        Reply failed = get("/a");
        assertThat(failed.status()).isEqualTo(500);
        assertThat(failed.body()).contains("the application is broken");
        broken[0] = false;
        get("/a");
        advance(100);
        broken[0] = true;
        Reply stale = get("/a");
        assertThat(stale.status()).isEqualTo(200);
        assertThat(stale.body()).isEqualTo("body");
        assertThat(cache.statistics().stale()).isEqualTo(1);
        advance(2000);
        assertThat(get("/a").status()).isEqualTo(500);
    }

    @Test
    @DisplayName("an error page of the application gives way to a stale response, too")
    void staleIfError() throws Exception {
        boolean[] broken = {false};
        server.on("/a", (request, response) -> {
            if (broken[0]) {
                response.setStatus(503);
                response.getOutputStream().write(new byte[100_000]);
                return;
            }
            response.setHeader("Cache-Control", "max-age=60, stale-if-error=1000");
            response.getWriter().print("body");
        });
        get("/a");
        advance(100);
        broken[0] = true;
        Reply stale = get("/a");
        assertThat(stale.status()).isEqualTo(200);
        assertThat(stale.body()).isEqualTo("body");
    }

    @Test
    @DisplayName("a body that breaks off is not stored, and breaks off for the client")
    void brokenBody() throws Exception {
        server.on("/a", (request, response) -> {
            response.setHeader("Cache-Control", "max-age=60");
            response.getOutputStream().print("first");
            response.flushBuffer();
            throw new IllegalStateException("half-way");
        });
        for (int i = 0; i < 2; i++) {
            try (Connection connection = connect()) {
                connection.send("GET", "/a");
                connection.head();
                assertThat(connection.chunk()).isEqualTo("first");
                assertThatThrownBy(connection::chunk).isInstanceOf(EOFException.class);
            }
        }
        assertThat(server.calls("/a")).isEqualTo(2);
        assertThat(cache.statistics().stored()).isZero();
    }

    @Test
    @DisplayName("a response shorter than its Content-Length is not stored")
    void shortBody() throws Exception {
        server.on("/a", (request, response) -> {
            response.setHeader("Cache-Control", "max-age=60");
            response.setContentLength(100);
            response.getOutputStream().print("short");
        });
        // The container has sent nothing yet, so it can still say that something is wrong.
        assertThat(get("/a").status()).isEqualTo(500);
        eventually(() -> !abandoned.isEmpty());
        assertThat(cache.statistics().stored()).isZero();
    }

    @Test
    @DisplayName("stale-while-revalidate: the client has its answer before the application runs, on the same thread")
    void staleWhileRevalidate() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        AtomicInteger version = new AtomicInteger();
        server.on("/a", (request, response) -> {
            int now = version.incrementAndGet();
            if (now > 1) {
                assertThat(gate.await(20, TimeUnit.SECONDS)).isTrue();
            }
            response.setHeader("Cache-Control", "max-age=60, stale-while-revalidate=1000");
            response.getWriter().print("version " + now);
        });
        get("/a");
        advance(100);
        assertThat(get("/a").body()).isEqualTo("version 1");
        assertThat(get("/a").body()).isEqualTo("version 1");
        gate.countDown();
        eventually(() -> cache.statistics().stored() == 2);
        assertThat(get("/a").body()).isEqualTo("version 2");
        assertThat(server.calls("/a")).isEqualTo(2);
    }

    @Test
    @DisplayName("only-if-cached is answered 504 without the application")
    void onlyIfCached() throws Exception {
        fresh("/a", "x");
        assertThat(get("/a", "Cache-Control: only-if-cached").status()).isEqualTo(504);
        assertThat(server.calls("/a")).isZero();
    }

    @Test
    @DisplayName("filters in front learn how the response came about, and run on the application's thread")
    void filtersInFront() throws Exception {
        ThreadLocal<String> bound = new ThreadLocal<>();
        List<String> seen = new ArrayList<>();
        server.close();
        cache = cache(LarderFilter.defaultPolicy().build());
        server = new TestServer(
                EnumSet.of(DispatcherType.REQUEST),
                List.of(
                        (request, response, chain) -> {
                            bound.set("here");
                            chain.doFilter(request, response);
                            seen.add(((CacheInfo) request.getAttribute(LarderFilter.INFO_ATTRIBUTE))
                                    .status()
                                    .name());
                        },
                        LarderFilter.builder().cache(cache).build()));
        server.on("/a", (request, response) -> {
            response.setHeader("Cache-Control", "max-age=60");
            response.getWriter().print(bound.get());
        });
        assertThat(get("/a").body()).isEqualTo("here");
        assertThat(get("/a").body()).isEqualTo("here");
        eventually(() -> seen.size() == 2);
        assertThat(seen).containsExactly("MISS", "HIT");
    }

    @Test
    @DisplayName("two filters share one storage")
    void sharedStorage() throws Exception {
        try (TestServer other = new TestServer(
                EnumSet.of(DispatcherType.REQUEST),
                List.of(LarderFilter.builder()
                        .cache(cache(
                                LarderFilter.defaultPolicy().cacheName("other").build()))
                        .build()))) {
            fresh("/a", "from one");
            get("/a");
            Reply reply = send(other, "GET", "/a");
            assertThat(reply.body()).isEqualTo("from one");
            assertThat(reply.field("Cache-Status")).startsWith("other; hit");
            assertThat(other.calls("/a")).isZero();
        }
    }

    @Test
    @DisplayName("text is stored in the encoding that it was written in")
    void encodings() throws Exception {
        server.on("/a", (request, response) -> {
            response.setHeader("Cache-Control", "max-age=60");
            response.setContentType("text/plain;charset=UTF-8");
            response.getWriter().print("grüße 😀");
        });
        for (int i = 0; i < 2; i++) {
            Reply reply = get("/a");
            assertThat(reply.content()).isEqualTo("grüße 😀".getBytes(StandardCharsets.UTF_8));
            assertThat(reply.field("Content-Type")).isEqualToIgnoringCase("text/plain;charset=utf-8");
        }
    }
}
