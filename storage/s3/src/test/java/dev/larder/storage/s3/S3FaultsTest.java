package dev.larder.storage.s3;

import static dev.larder.storage.s3.Entries.bytes;
import static dev.larder.storage.s3.Entries.put;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.CacheInfo;
import dev.larder.client.jdk.CacheClient;
import dev.larder.engine.CacheResult;
import dev.larder.storage.StorageUnavailableException;
import dev.larder.storage.StoredEntry;
import dev.larder.storage.s3.Front.Fault;
import dev.larder.testkit.Reply;
import dev.larder.testkit.ScriptedOrigin;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.s3.S3AsyncClient;

/** S3 that fails, hangs or sends wrong bytes: no request through the cache fails for it, or waits long. */
class S3FaultsTest {
    private static final Duration TIMEOUT = Duration.ofMillis(400);

    private static S3Server server;

    private Front front;
    private S3AsyncClient client;
    private final Entries.Reports reports = new Entries.Reports();

    @BeforeAll
    static void start() throws Exception {
        server = S3Server.inMemory();
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @BeforeEach
    void open() throws Exception {
        front = new Front(server.port());
        client = S3Server.client(front.endpoint());
    }

    @AfterEach
    void close() throws Exception {
        client.close();
        front.close();
    }

    private S3Storage storage(Duration timeout) {
        S3Storage storage = server.storage()
                .client(client)
                .timeout(timeout)
                .retryAfter(Duration.ofMillis(50))
                .build();
        storage.addListener(reports);
        return storage;
    }

    /** Sends and returns how long that took, in milliseconds. */
    private static long send(CacheClient cache, URI uri, String expected) throws Exception {
        long start = System.nanoTime();
        HttpResponse<String> response = cache.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
        long millis = (System.nanoTime() - start) / 1_000_000;
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEqualTo(expected);
        return millis;
    }

    private static CacheClient cache(S3Storage storage) {
        return CacheClient.newBuilder()
                .storage(storage)
                .version(HttpClient.Version.HTTP_1_1)
                .build();
    }

    @Test
    void credentialsThatDoNotComeCostNoMoreThanAnyOtherRequestThatHangs() throws Exception {
        CountDownLatch come = new CountDownLatch(1);
        try (S3AsyncClient waiting = S3Server.client(front.endpoint(), () -> {
                    try {
                        come.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    return S3Server.CREDENTIALS;
                });
                S3Storage storage = server.storage()
                        .client(waiting)
                        .timeout(TIMEOUT)
                        .retryAfter(Duration.ofMillis(50))
                        .build();
                ScriptedOrigin origin = ScriptedOrigin.start();
                CacheClient cache = cache(storage)) {
            origin.otherwise(request -> Reply.ok("hello").field("Cache-Control", "max-age=60"));
            for (int i = 0; i < 3; i++) {
                assertThat(send(cache, origin.uri("/" + i), "hello")).isLessThan(3 * TIMEOUT.toMillis() + 2000);
            }
            assertThat(send(cache, origin.uri("/3"), "hello"))
                    .as("while the breaker is open")
                    .isLessThan(2000);
            come.countDown();
            Entries.await("hits are back", () -> {
                try {
                    HttpResponse<String> response = cache.send(
                            HttpRequest.newBuilder(origin.uri("/again")).build(), BodyHandlers.ofString());
                    return CacheInfo.of(response).status() == CacheResult.HIT;
                } catch (IOException | InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Fault.class,
            names = {"SLOW_DOWN", "INTERNAL_ERROR", "RESET", "HANG"})
    void whenEveryRequestFailsNoneOfTheUsersDoes(Fault fault) throws Exception {
        try (ScriptedOrigin origin = ScriptedOrigin.start();
                CacheClient cache = cache(storage(TIMEOUT))) {
            origin.otherwise(request -> Reply.ok("hello").field("Cache-Control", "max-age=60"));
            send(cache, origin.uri("/warm"), "hello");
            front.script = request -> fault;
            front.requests.clear();
            // Each costs a time-out or less, until three have failed; from then on nothing is asked but by probes.
            long longest = 0;
            for (int i = 0; i < 6; i++) {
                longest = Math.max(longest, send(cache, origin.uri("/" + i), "hello"));
            }
            assertThat(longest).isLessThan(3 * TIMEOUT.toMillis() + 2000);
            long start = System.nanoTime();
            for (int i = 0; i < 50; i++) {
                send(cache, origin.uri("/warm"), "hello");
            }
            assertThat((System.nanoTime() - start) / 50_000_000)
                    .as("each while the breaker is open")
                    .isLessThan(100);
            assertThat(front.requests)
                    .filteredOn(request -> !request.method().equals("HEAD"))
                    .as("two retries at most for each of three failures; the rest are probes")
                    .hasSizeLessThanOrEqualTo(9);
            // Back again: a probe closes the breaker, and the next request is a hit.
            front.script = request -> Fault.NONE;
            Entries.await("a hit after S3 is back", () -> {
                try {
                    HttpResponse<String> response = cache.send(
                            HttpRequest.newBuilder(origin.uri("/warm")).build(), BodyHandlers.ofString());
                    return CacheInfo.of(response).status() == CacheResult.HIT;
                } catch (IOException | InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 50})
    void whenSomeRequestsFailNoneOfTheUsersDoes(int percent) throws Exception {
        Random random = new Random(percent);
        Fault[] faults = {Fault.SLOW_DOWN, Fault.INTERNAL_ERROR, Fault.RESET, Fault.FLIP, Fault.CUT};
        try (ScriptedOrigin origin = ScriptedOrigin.start();
                CacheClient cache = cache(storage(Duration.ofSeconds(5)))) {
            origin.otherwise(request -> Reply.ok("hello " + request.path()).field("Cache-Control", "max-age=60"));
            front.script = request -> {
                synchronized (random) {
                    return random.nextInt(100) < percent ? faults[random.nextInt(faults.length)] : Fault.NONE;
                }
            };
            for (int i = 0; i < (percent == 10 ? 150 : 40); i++) {
                String path = "/" + i % 20;
                send(cache, origin.uri(path), "hello " + path);
            }
            if (percent == 10) {
                assertThat(cache.cache().statistics().hits()).as("hits").isGreaterThan(50);
            }
        }
    }

    @Test
    void wrongBytesOnTheWireAreNeverHandedOut() throws Exception {
        Random random = new Random(1);
        try (S3Storage storage = storage(Duration.ofSeconds(20))) {
            byte[] small = bytes(5_000, 1);
            byte[] large = bytes(500_000, 2);
            put(storage, "small", small);
            put(storage, "large", large);
            front.script = request -> {
                synchronized (random) {
                    return request.method().equals("GET") && random.nextInt(3) == 0 ? Fault.FLIP : Fault.NONE;
                }
            };
            int whole = 0;
            for (int i = 0; i < 60; i++) {
                boolean isLarge = i % 2 == 0;
                try (S3Storage other = server.storage()
                        .client(client)
                        .keyPrefix(storage.toString().replaceAll(".*\\[cache/|\\]", ""))
                        .build()) {
                    for (StoredEntry entry : other.lookup(isLarge ? "large" : "small")) {
                        byte[] body = Entries.read(other, entry);
                        if (body != null) {
                            assertThat(body).isEqualTo(isLarge ? large : small);
                            whole++;
                        }
                    }
                } catch (IOException e) {
                    assertThat(e).hasMessageContaining("damaged");
                }
                if (storage.lookup("small").isEmpty()) {
                    Entries.tryPut(storage, Entries.head("small").build(), small);
                }
                if (storage.lookup("large").isEmpty()) {
                    Entries.tryPut(storage, Entries.head("large").build(), large);
                }
            }
            assertThat(whole).isPositive();
        }
    }

    @Test
    void anUnreachableServiceIsNoErrorBeforeItIsAsked() throws Exception {
        front.close();
        try (S3Storage storage = S3Storage.builder()
                .bucket("nowhere")
                .client(client)
                .timeout(TIMEOUT)
                .build()) {
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> storage.lookup("key")).isInstanceOf(IOException.class);
            }
            assertThatThrownBy(() -> storage.lookup("key")).isInstanceOf(StorageUnavailableException.class);
        }
    }

    @Test
    void aHangInTheMiddleOfALargeUploadFailsTheWriterAlone() throws Exception {
        front.script = request -> request.target().contains("partNumber=") ? Fault.HANG : Fault.NONE;
        byte[] body = bytes(12 << 20, 1);
        try (S3Storage storage = storage(Duration.ofSeconds(1))) {
            assertThatThrownBy(() -> put(storage, "key", body)).isInstanceOf(IOException.class);
            front.script = request -> Fault.NONE;
            assertThat(storage.lookup("key")).isEmpty();
        }
    }
}
