package dev.larder.client.jdk;

import dev.larder.CacheInfo;
import dev.larder.storage.Storage;
import dev.larder.storage.sqlite.SqliteStorage;
import dev.larder.testkit.ClientContract;
import dev.larder.testkit.ClientSetup;
import dev.larder.testkit.ManualClock;
import dev.larder.testkit.TestCall;
import dev.larder.testkit.TestClient;
import dev.larder.testkit.TestRequest;
import dev.larder.testkit.TestResponse;
import java.io.IOException;
import java.io.InputStream;
import java.net.Authenticator;
import java.net.CookieManager;
import java.net.PasswordAuthentication;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** The client contract for {@link CacheClient}, by both of its methods. */
abstract class JdkContract extends ClientContract {
    /** Clients without state, whose threads are the costly part. */
    private static final Map<Boolean, HttpClient> PLAIN = new ConcurrentHashMap<>();

    abstract static class Blocking extends JdkContract {
        @Override
        protected Storage otherStorage(Path directory, ManualClock clock) throws IOException {
            return sqlite(directory, clock);
        }

        @Override
        TestCall start(HttpClient client, HttpRequest request) {
            return TestCall.onThread(() -> toResponse(client.send(request, BodyHandlers.ofInputStream())));
        }
    }

    abstract static class Async extends JdkContract {
        @Override
        protected Storage otherStorage(Path directory, ManualClock clock) throws IOException {
            return sqlite(directory, clock);
        }

        @Override
        TestCall start(HttpClient client, HttpRequest request) {
            return sendAsync(client, request);
        }
    }

    /** Over the contract's own storage, which cannot read back. */
    abstract static class FarStorage extends JdkContract {
        @Override
        TestCall start(HttpClient client, HttpRequest request) {
            return sendAsync(client, request);
        }
    }

    private static Storage sqlite(Path directory, ManualClock clock) throws IOException {
        return SqliteStorage.builder()
                .path(directory.resolve("larder.sqlite"))
                .clock(clock)
                .build();
    }

    private static TestCall sendAsync(HttpClient client, HttpRequest request) {
        CompletableFuture<HttpResponse<InputStream>> sent = client.sendAsync(request, BodyHandlers.ofInputStream());
        return TestCall.of(sent.thenApply(JdkContract::toResponse), () -> sent.cancel(true));
    }

    abstract TestCall start(HttpClient client, HttpRequest request);

    @Override
    protected TestClient open(ClientSetup setup) {
        HttpClient plain = plain(setup);
        HttpClient client = setup.cache().isEmpty()
                ? plain
                : CacheClient.newBuilder()
                        .client(plain)
                        .cache(setup.cache().get())
                        .build();
        return new TestClient() {
            @Override
            public TestCall start(TestRequest request) {
                try {
                    return JdkContract.this.start(client, toRequest(setup, request));
                } catch (IllegalArgumentException e) {
                    return TestCall.of(CompletableFuture.failedFuture(e), () -> {});
                }
            }

            @Override
            public void close() {}
        };
    }

    private static HttpClient plain(ClientSetup setup) {
        boolean stateless = !setup.followRedirects()
                && !setup.cookies()
                && setup.credentials().isEmpty();
        return stateless ? PLAIN.computeIfAbsent(setup.http2(), http2 -> make(setup)) : make(setup);
    }

    private static HttpClient make(ClientSetup setup) {
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(setup.http2() ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1)
                .sslContext(setup.tls())
                .followRedirects(setup.followRedirects() ? HttpClient.Redirect.ALWAYS : HttpClient.Redirect.NEVER);
        if (setup.cookies()) {
            builder.cookieHandler(new CookieManager());
        }
        setup.credentials()
                .ifPresent(known -> builder.authenticator(new Authenticator() {
                    @Override
                    protected PasswordAuthentication getPasswordAuthentication() {
                        return known;
                    }
                }));
        return builder.build();
    }

    private static HttpRequest toRequest(ClientSetup setup, TestRequest request) {
        HttpRequest.Builder builder = HttpRequest.newBuilder(request.uri())
                .method(
                        request.method(),
                        request.content() == null
                                ? BodyPublishers.noBody()
                                : BodyPublishers.ofByteArray(request.content()));
        for (int i = 0; i < request.fields().size(); i++) {
            builder.header(request.fields().name(i), request.fields().value(i));
        }
        Duration timeout = setup.timeout().orElse(null);
        if (timeout != null) {
            builder.timeout(timeout);
        }
        return CacheClient.with(builder.build(), request.controls());
    }

    private static TestResponse toResponse(HttpResponse<InputStream> response) {
        return new TestResponse(
                response.uri(),
                response.version() == HttpClient.Version.HTTP_2 ? "HTTP/2" : "HTTP/1.1",
                response.statusCode(),
                Fields.of(response.headers()),
                response.body(),
                response instanceof CacheInfo.Carrier carrier ? Optional.of(carrier.cacheInfo()) : Optional.empty());
    }
}
