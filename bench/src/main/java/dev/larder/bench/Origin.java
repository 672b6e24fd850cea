package dev.larder.bench;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/** A server on loopback whose every resource is 1 KiB, fresh for a day, and comes with the usual fields. */
final class Origin implements AutoCloseable {
    static final int BODY_BYTES = 1024;

    private final HttpServer server;
    private final AtomicLong requests = new AtomicLong();

    Origin() throws IOException {
        // Read once, when the server's classes load: without it each answer is delayed by about 40 ms on Java 17.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", this::answer);
        server.start();
    }

    /** The first resources of this origin. */
    List<URI> uris(int count) {
        String host = server.getAddress().getAddress().getHostAddress();
        String base = "http://" + host + ":" + server.getAddress().getPort() + "/articles/";
        return IntStream.range(0, count)
                .mapToObj(i -> URI.create(base + i + "?page=1"))
                .toList();
    }

    /** The bytes that a resource consists of. */
    static byte[] body(String path) {
        byte[] bytes = new byte[BODY_BYTES];
        new Random(path.hashCode()).nextBytes(bytes);
        return bytes;
    }

    /** How many requests have come so far. */
    long requests() {
        return requests.get();
    }

    private void answer(HttpExchange exchange) throws IOException {
        requests.incrementAndGet();
        String path = exchange.getRequestURI().getPath();
        // Date and Content-Length come from the server.
        Headers fields = exchange.getResponseHeaders();
        fields.set("Content-Type", "application/json; charset=utf-8");
        fields.set("Cache-Control", "max-age=86400");
        fields.set("ETag", "\"" + Integer.toHexString(path.hashCode()) + "\"");
        fields.set("Last-Modified", "Tue, 15 Sep 2026 08:12:31 GMT");
        fields.set("Vary", "Accept-Encoding");
        fields.set("Server", "origin/1.0");
        fields.set("Strict-Transport-Security", "max-age=31536000");
        fields.set("X-Content-Type-Options", "nosniff");
        fields.set("X-Request-Id", "5f0c1d2e-8a53-4f64-9b0e-2f6a1c3d4e5f");
        byte[] bytes = body(path);
        exchange.sendResponseHeaders(200, bytes.length);
        try (var body = exchange.getResponseBody()) {
            body.write(bytes);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
