package dev.larder.integration.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.testkit.GeneratedBody;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.zip.CRC32;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Applications that go on after they have returned. */
final class AsyncTest extends FilterScenario {
    private static void later(AsyncContext context, TestServer.App work) {
        context.start(() -> {
            try {
                work.serve((HttpServletRequest) context.getRequest(), (HttpServletResponse) context.getResponse());
            } catch (Exception e) {
                throw new AssertionError(e);
            } finally {
                context.complete();
            }
        });
    }

    @Test
    @DisplayName("a response that another thread writes is streamed and stored")
    void otherThread() throws Exception {
        CountDownLatch seen = new CountDownLatch(1);
        server.on(
                "/a",
                (request, response) -> later(request.startAsync(), (req, res) -> {
                    res.setHeader("Cache-Control", "max-age=60");
                    res.getOutputStream().print("first");
                    res.flushBuffer();
                    assertThat(seen.await(20, TimeUnit.SECONDS)).isTrue();
                    res.getOutputStream().print("second");
                }));
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
        assertThat(again.hit()).isTrue();
    }

    @Test
    @DisplayName("a short response of another thread is complete before the request is")
    void shortResponse() throws Exception {
        server.on(
                "/a",
                (request, response) -> later(request.startAsync(request, response), (req, res) -> {
                    res.setHeader("Cache-Control", "max-age=60");
                    res.getWriter().print("short");
                }));
        for (boolean hit : new boolean[] {false, true}) {
            Reply reply = get("/a");
            assertThat(reply.body()).isEqualTo("short");
            assertThat(reply.field("Content-Length")).isEqualTo("5");
            assertThat(reply.hit()).isEqualTo(hit);
        }
    }

    @Test
    @DisplayName("a request that is dispatched again is answered and stored")
    void dispatched() throws Exception {
        server.on("/a", (request, response) -> {
            if (request.getDispatcherType() == DispatcherType.ASYNC) {
                response.setHeader("Cache-Control", "max-age=60");
                response.getWriter().print("dispatched " + request.getAttribute("result"));
            } else {
                AsyncContext context = request.startAsync();
                context.start(() -> {
                    request.setAttribute("result", "42");
                    context.dispatch();
                });
            }
        });
        for (boolean hit : new boolean[] {false, true}) {
            Reply reply = get("/a");
            assertThat(reply.body()).isEqualTo("dispatched 42");
            assertThat(reply.hit()).isEqualTo(hit);
        }
    }

    @Test
    @DisplayName("where the filter is not mapped to ASYNC, a dispatch fails and says what to do")
    void dispatchedPastTheFilter() throws Exception {
        start(LarderFilter.builder(), EnumSet.of(DispatcherType.REQUEST));
        server.on("/a", (request, response) -> {
            if (request.getDispatcherType() == DispatcherType.ASYNC) {
                response.getWriter().print("lost");
            } else {
                request.startAsync().dispatch();
            }
        });
        Reply reply = get("/a");
        assertThat(reply.status()).isEqualTo(500);
        assertThat(reply.body()).contains("DispatcherType.ASYNC");
    }

    @Test
    @DisplayName("an application that writes without blocking is passed, and not stored")
    void writeListener() throws Exception {
        GeneratedBody body = new GeneratedBody(1_000_000, 5);
        server.on("/a", (request, response) -> {
            response.setHeader("Cache-Control", "max-age=60");
            response.setHeader("Vary", "Accept");
            AsyncContext context = request.startAsync();
            ServletOutputStream output = response.getOutputStream();
            AtomicBoolean done = new AtomicBoolean();
            output.setWriteListener(new WriteListener() {
                private long position;

                @Override
                public void onWritePossible() throws IOException {
                    while (output.isReady()) {
                        if (position == body.length()) {
                            if (done.compareAndSet(false, true)) {
                                context.complete();
                            }
                            return;
                        }
                        byte[] piece = new byte[(int) Math.min(10_000, body.length() - position)];
                        body.copy(position, piece, 0, piece.length);
                        position += piece.length;
                        output.write(piece);
                    }
                }

                @Override
                public void onError(Throwable t) {
                    context.complete();
                }
            });
        });
        for (int i = 0; i < 2; i++) {
            Reply reply = get("/a");
            CRC32 sum = new CRC32();
            sum.update(reply.content());
            assertThat(sum.getValue()).isEqualTo(body.crc32());
            assertThat(reply.fields("Vary")).containsExactly("Accept");
            assertThat(reply.hit()).isFalse();
        }
        assertThat(cache.statistics().stored()).isZero();
    }

    @Test
    @DisplayName("a time-out of the application is what the client sees, and nobody waits for ever")
    void timeout() throws Exception {
        server.on("/a", (request, response) -> request.startAsync().setTimeout(100));
        for (int i = 0; i < 2; i++) {
            assertThat(get("/a").status()).isEqualTo(500);
        }
        server.on("/b", (request, response) -> {
            AsyncContext context = request.startAsync();
            context.setTimeout(100);
            context.addListener(new AsyncListener() {
                @Override
                public void onComplete(AsyncEvent event) {}

                @Override
                public void onTimeout(AsyncEvent event) throws IOException {
                    response.setStatus(503);
                    response.getWriter().print("too slow");
                    event.getAsyncContext().complete();
                }

                @Override
                public void onError(AsyncEvent event) {}

                @Override
                public void onStartAsync(AsyncEvent event) {}
            });
        });
        Reply own = get("/b");
        assertThat(own.status()).isEqualTo(503);
        assertThat(own.body()).isEqualTo("too slow");
    }

    @Test
    @DisplayName("concurrent requests share an asynchronous run, too, and a stale response may stand in for it")
    void collapsingAndStale() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        boolean[] broken = {false};
        server.on(
                "/a",
                (request, response) -> later(request.startAsync(), (req, res) -> {
                    if (broken[0]) {
                        res.setStatus(503);
                        res.getWriter().print("broken");
                        return;
                    }
                    assertThat(gate.await(20, TimeUnit.SECONDS)).isTrue();
                    res.setHeader("Cache-Control", "max-age=60, stale-if-error=1000");
                    res.getWriter().print("body");
                }));
        List<Connection> clients = List.of(connect(), connect(), connect());
        for (Connection client : clients) {
            client.send("GET", "/a");
        }
        gate.countDown();
        for (Connection client : clients) {
            assertThat(client.read("GET").body()).isEqualTo("body");
            client.close();
        }
        assertThat(server.calls("/a")).isEqualTo(1);
        broken[0] = true;
        advance(100);
        Reply stale = get("/a");
        assertThat(stale.status()).isEqualTo(200);
        assertThat(stale.body()).isEqualTo("body");
    }
}
