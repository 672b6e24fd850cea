package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.CacheInfo;
import dev.larder.engine.CacheResult;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import okio.Buffer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The same over TLS and HTTP/2. */
final class Http2Test extends CacheScenario {
    private static final MockWebServer SERVER = new MockWebServer();
    private static HttpClient tls;

    private volatile MockResponse reply;
    private volatile CountDownLatch gate = new CountDownLatch(0);

    @BeforeAll
    static void startServer() throws IOException {
        HeldCertificate certificate = new HeldCertificate.Builder()
                .addSubjectAlternativeName("localhost")
                .build();
        HandshakeCertificates server =
                new HandshakeCertificates.Builder().heldCertificate(certificate).build();
        HandshakeCertificates trusting = new HandshakeCertificates.Builder()
                .addTrustedCertificate(certificate.certificate())
                .build();
        SERVER.useHttps(server.sslSocketFactory());
        SERVER.start();
        tls = HttpClient.newBuilder().sslContext(trusting.sslContext()).build();
    }

    @AfterAll
    static void stopServer() {
        SERVER.close();
    }

    @BeforeEach
    void dispatch() {
        client = around(tls);
        SERVER.setDispatcher(new Dispatcher() {
            @Override
            public MockResponse dispatch(RecordedRequest request) throws InterruptedException {
                gate.await();
                String condition = request.getHeaders().get("If-None-Match");
                return condition != null && condition.equals(reply.getHeaders().get("ETag"))
                        ? new MockResponse.Builder()
                                .code(304)
                                .addHeader("ETag", condition)
                                .build()
                        : reply;
            }
        });
    }

    @AfterEach
    void release() {
        gate.countDown();
    }

    private static MockResponse.Builder fresh(String body) {
        return new MockResponse.Builder().body(body).addHeader("Cache-Control", "max-age=60");
    }

    private HttpRequest request() {
        return HttpRequest.newBuilder(URI.create("https://localhost:" + SERVER.getPort() + "/a"))
                .build();
    }

    private HttpResponse<String> get() throws Exception {
        return way.send(client, request(), BodyHandlers.ofString());
    }

    @Test
    void aMissAndAHit() throws Exception {
        reply = fresh("1").build();
        HttpResponse<String> bare = tls.send(request(), BodyHandlers.ofString());
        HttpResponse<String> miss = get();
        assertThat(miss.version()).isEqualTo(HttpClient.Version.HTTP_2);
        assertThat(miss.sslSession()).isPresent();
        assertThat(miss.headers()).isEqualTo(bare.headers());
        assertThat(CacheInfo.of(miss).stored()).isTrue();
        HttpResponse<String> hit = get();
        assertThat(CacheInfo.of(hit).status()).isEqualTo(CacheResult.HIT);
        assertThat(hit.body()).isEqualTo("1");
        assertThat(hit.version()).isEqualTo(HttpClient.Version.HTTP_2);
        assertThat(hit.sslSession()).isEmpty();
        assertThat(hit.headers().map().keySet()).noneMatch(name -> name.startsWith(":"));
    }

    @Test
    void cacheStatusIsOnAMissToo() throws Exception {
        policy(policy().cacheStatus(true));
        client = around(tls);
        reply = fresh("1").build();
        assertThat(get().headers().firstValue("Cache-Status"))
                .hasValueSatisfying(v -> assertThat(v).contains("fwd=uri-miss"));
        assertThat(get().headers().firstValue("Cache-Status"))
                .hasValueSatisfying(v -> assertThat(v).contains("hit"));
    }

    @Test
    void aValidation() throws Exception {
        reply = fresh("1").addHeader("ETag", "\"1\"").build();
        get();
        advance(61);
        HttpResponse<String> revalidated = get();
        assertThat(CacheInfo.of(revalidated).status()).isEqualTo(CacheResult.REVALIDATED);
        assertThat(revalidated.body()).isEqualTo("1");
    }

    @Test
    void aBigBodyStreamsAndIsStored() throws Exception {
        byte[] body = new byte[3_000_000];
        new java.util.Random(1).nextBytes(body);
        reply = fresh("").body(new Buffer().write(body)).build();
        for (int i = 0; i < 2; i++) {
            try (InputStream stream =
                    way.send(client, request(), BodyHandlers.ofInputStream()).body()) {
                assertThat(stream.readAllBytes()).isEqualTo(body);
            }
        }
        assertThat(cache.statistics().hits()).isEqualTo(1);
    }

    @Test
    @Tag("R9110-012")
    void aStreamThatEndsShortOfItsContentLengthIsNotStored() throws Exception {
        reply = fresh("short").setHeader("Content-Length", "100").build();
        for (int i = 0; i < 2; i++) {
            try {
                HttpResponse<String> response = get();
                assertThat(CacheInfo.of(response).status()).isEqualTo(CacheResult.MISS);
                assertThat(CacheInfo.of(response).stored()).isFalse();
            } catch (IOException e) {
                events.answered(cache.statistics().requests());
            }
            assertThat(cache.entries().hasNext()).isFalse();
        }
    }

    @Test
    void concurrentRequestsShareOneStream() throws Exception {
        reply = fresh("1").build();
        int before = SERVER.getRequestCount();
        gate = new CountDownLatch(1);
        List<CompletableFuture<HttpResponse<String>>> responses = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            responses.add(way.start(client, request(), BodyHandlers.ofString()));
        }
        gate.countDown();
        for (var response : responses) {
            assertThat(Way.await(response).body()).isEqualTo("1");
        }
        assertThat(SERVER.getRequestCount() - before).isEqualTo(1);
    }
}
