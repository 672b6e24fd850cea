package dev.larder.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The demo's origin: a small server on loopback that counts what it is asked. */
final class DemoOrigin implements AutoCloseable {
    private final HttpServer server;
    private final ExecutorService threads = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "larder-demo-origin");
        thread.setDaemon(true);
        return thread;
    });
    private final AtomicInteger requests = new AtomicInteger();
    private final AtomicInteger comments = new AtomicInteger(1);
    private final CountDownLatch reportMayGo = new CountDownLatch(1);
    private volatile boolean failing;

    DemoOrigin() throws IOException {
        // Read once, when the server's class is loaded: without it each answer waits about 40 ms on Java 17.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 100);
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
    }

    URI uri(String path) {
        // The address and not its name: not every machine knows that name.
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + path);
    }

    /** How many requests have come in. */
    int requests() {
        return requests.get();
    }

    /** From now on it answers with 503, or not any more. */
    void failing(boolean fails) {
        failing = fails;
    }

    /** Lets the answer to {@code /report} go. */
    void releaseReport() {
        reportMayGo.countDown();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdown();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            requests.incrementAndGet();
            exchange.getRequestBody().readAllBytes();
            if (failing) {
                answer(exchange, 503, "out of order");
                return;
            }
            switch (exchange.getRequestURI().getPath()) {
                case "/article" -> article(exchange);
                case "/greeting" -> greeting(exchange);
                case "/price" -> {
                    set(exchange, "Cache-Control", "max-age=10, stale-if-error=3600");
                    answer(exchange, 200, "42 EUR");
                }
                case "/comments" -> comments(exchange);
                case "/account" -> {
                    set(exchange, "Cache-Control", "no-store");
                    answer(exchange, 200, "your balance");
                }
                case "/report" -> report(exchange);
                default -> answer(exchange, 404, "no such page");
            }
        }
    }

    private static void article(HttpExchange exchange) throws IOException {
        set(exchange, "Cache-Control", "max-age=60");
        set(exchange, "ETag", "\"edition-1\"");
        String condition = exchange.getRequestHeaders().getFirst("If-None-Match");
        if (condition != null && condition.contains("\"edition-1\"")) {
            exchange.sendResponseHeaders(304, -1);
        } else {
            answer(exchange, 200, "article");
        }
    }

    private static void greeting(HttpExchange exchange) throws IOException {
        set(exchange, "Cache-Control", "max-age=3600");
        set(exchange, "Vary", "Accept-Language");
        boolean french = "fr".equals(exchange.getRequestHeaders().getFirst("Accept-Language"));
        answer(exchange, 200, french ? "bonjour" : "hello");
    }

    private void comments(HttpExchange exchange) throws IOException {
        if (exchange.getRequestMethod().equals("POST")) {
            comments.incrementAndGet();
            answer(exchange, 201, "posted");
        } else {
            set(exchange, "Cache-Control", "max-age=3600");
            answer(exchange, 200, comments.get() + " comments");
        }
    }

    private void report(HttpExchange exchange) throws IOException {
        try {
            if (!reportMayGo.await(20, TimeUnit.SECONDS)) {
                answer(exchange, 500, "nobody let it go");
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
        set(exchange, "Cache-Control", "max-age=3600");
        answer(exchange, 200, "report");
    }

    private static void set(HttpExchange exchange, String name, String value) {
        exchange.getResponseHeaders().set(name, value);
    }

    private static void answer(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length);
        exchange.getResponseBody().write(bytes);
    }
}
