package dev.larder.integration.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.Cookie;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What the cache has nothing to do with is what it is without the filter. */
final class TransparencyTest extends FilterScenario {
    private static Map<String, TestServer.App> apps() {
        Map<String, TestServer.App> apps = new LinkedHashMap<>();
        apps.put("/empty", (request, response) -> {});
        apps.put("/writer", (request, response) -> {
            response.setContentType("text/html");
            response.setCharacterEncoding("UTF-8");
            response.getWriter().print("grüße");
        });
        apps.put("/latin", (request, response) -> response.getWriter().print("grüße"));
        apps.put("/stream", (request, response) -> response.getOutputStream().write(new byte[100_000]));
        apps.put("/length", (request, response) -> {
            response.setContentLengthLong(5);
            response.getOutputStream().print("12345");
            response.getOutputStream().print("ignored or not");
        });
        apps.put("/closed", (request, response) -> {
            response.getOutputStream().print("x");
            response.getOutputStream().close();
        });
        apps.put("/fields", (request, response) -> {
            response.addHeader("X-A", "1");
            response.addHeader("X-A", "2");
            response.setHeader("X-B", "1");
            response.setHeader("X-B", "2");
            response.setIntHeader("X-C", 3);
            response.setDateHeader("Last-Modified", 1_000_000_000_000L);
            response.setHeader("X-D", "gone");
            response.setHeader("X-D", null);
            response.addHeader("Vary", "Accept");
            response.addHeader("Vary", "Origin");
            response.setLocale(Locale.FRANCE);
            response.addHeader("X-Seen", response.getHeaders("X-A").toString() + response.containsHeader("X-B"));
        });
        apps.put("/cookies", (request, response) -> {
            Cookie cookie = new Cookie("a", "b");
            cookie.setHttpOnly(true);
            response.addCookie(cookie);
            response.addHeader("Set-Cookie", "c=d");
        });
        apps.put("/reset", (request, response) -> {
            response.setHeader("X-A", "1");
            response.addCookie(new Cookie("a", "b"));
            response.setStatus(201);
            response.getWriter().print("lost");
            response.reset();
            response.getOutputStream().print("kept");
        });
        apps.put("/resetBuffer", (request, response) -> {
            response.setHeader("X-A", "1");
            response.getWriter().print("lost");
            response.resetBuffer();
            response.getWriter().print("kept");
        });
        apps.put("/tooLate", (request, response) -> {
            response.getWriter().print("x");
            response.flushBuffer();
            response.setHeader("X-Late", "1");
            response.setStatus(500);
            boolean refused = false;
            try {
                response.reset();
            } catch (IllegalStateException e) {
                refused = true;
            }
            response.getWriter().print(response.isCommitted() + " " + refused);
        });
        apps.put("/both", (request, response) -> {
            response.getWriter().print("x");
            try {
                response.getOutputStream();
            } catch (IllegalStateException e) {
                response.getWriter().print("refused");
            }
        });
        apps.put("/error", (request, response) -> {
            response.getWriter().print("lost");
            response.sendError(418, "teapot");
        });
        apps.put("/redirect", (request, response) -> response.sendRedirect("/elsewhere?a=b"));
        apps.put("/status", (request, response) -> {
            response.setStatus(404);
            response.getWriter().print("nothing here");
        });
        apps.put("/no-content", (request, response) -> response.setStatus(204));
        apps.put("/throws", (request, response) -> {
            throw new IllegalArgumentException("thrown");
        });
        apps.put("/trailers", (request, response) -> {
            response.setHeader("Trailer", "X-End");
            response.setTrailerFields(() -> Map.of("X-End", "yes"));
            response.getOutputStream().print("x");
        });
        apps.put("/forward", (request, response) -> {
            response.getWriter().print("lost");
            request.getRequestDispatcher("/writer").forward(request, response);
        });
        apps.put("/include", (request, response) -> {
            response.getWriter().print("before ");
            request.getRequestDispatcher("/latin").include(request, response);
            response.getWriter().print(" after");
        });
        return apps;
    }

    @Test
    @DisplayName("status, fields, body and trailers are the container's own, for GET, HEAD and POST")
    void asWithoutTheFilter() throws Exception {
        try (TestServer bare = new TestServer(EnumSet.of(DispatcherType.REQUEST), List.of())) {
            Map<String, TestServer.App> apps = apps();
            apps.forEach(bare::on);
            apps.forEach(server::on);
            List<String> differences = new ArrayList<>();
            for (String path : apps.keySet()) {
                for (String method : List.of("GET", "HEAD", "POST")) {
                    String[] lines = method.equals("POST") ? new String[] {"Content-Length: 0"} : new String[0];
                    String expected = describe(send(bare, method, path, lines));
                    String actual = describe(send(server, method, path, lines));
                    if (!expected.equals(actual)) {
                        differences.add(method + " " + path + "\n  without: " + expected + "\n  with:    " + actual);
                    }
                }
            }
            assertThat(differences).isEmpty();
        }
    }

    /** Everything but the date, and what the cache says of itself. */
    private static String describe(Reply reply) {
        TreeSet<String> fields = new TreeSet<>();
        for (String line : reply.fields()) {
            String lower = line.toLowerCase(Locale.ROOT);
            if (!lower.startsWith("date:") && !lower.startsWith("cache-status:")) {
                fields.add(lower);
            }
        }
        String body = new String(reply.content(), StandardCharsets.ISO_8859_1);
        return reply.status() + " " + fields + " " + reply.trailers() + " "
                + (body.length() > 2000 ? body.length() + " bytes" : body);
    }

    @Test
    @DisplayName("an upgrade passes the filter by")
    void upgrade() throws Exception {
        server.on(
                "/a",
                (request, response) ->
                        response.getWriter().print(response instanceof AppResponse ? "wrapped" : "bare"));
        assertThat(get("/a").body()).isEqualTo("wrapped");
        assertThat(get("/a", "Connection: Upgrade", "Upgrade: websocket").body())
                .isEqualTo("bare");
    }

    @Test
    @DisplayName("what is forwarded to or included is stored as part of what was asked for")
    void dispatches() throws Exception {
        start(
                LarderFilter.builder(),
                EnumSet.of(DispatcherType.REQUEST, DispatcherType.FORWARD, DispatcherType.INCLUDE));
        server.on("/part", (request, response) -> response.getWriter().print("part"));
        server.on("/forward", (request, response) -> {
            response.setHeader("Cache-Control", "max-age=60");
            request.getRequestDispatcher("/part").forward(request, response);
        });
        server.on("/include", (request, response) -> {
            response.setHeader("Cache-Control", "max-age=60");
            response.getWriter().print("one ");
            request.getRequestDispatcher("/part").include(request, response);
        });
        for (boolean hit : new boolean[] {false, true}) {
            Reply forwarded = get("/forward");
            assertThat(forwarded.body()).isEqualTo("part");
            assertThat(forwarded.hit()).isEqualTo(hit);
            Reply included = get("/include");
            assertThat(included.body()).isEqualTo("one part");
            assertThat(included.hit()).isEqualTo(hit);
        }
    }

    @Test
    @DisplayName("HEAD and POST over a stored response leave it as RFC 9111 has it")
    void headOfStored() throws Exception {
        server.on("/a", (request, response) -> {
            response.setHeader("Cache-Control", "max-age=60");
            response.getWriter().print("body");
        });
        assertThat(send("HEAD", "/a").hit()).isFalse();
        assertThat(get("/a").hit()).isFalse();
        assertThat(send("HEAD", "/a").hit()).isTrue();
        assertThat(get("/a").hit()).isTrue();
    }
}
