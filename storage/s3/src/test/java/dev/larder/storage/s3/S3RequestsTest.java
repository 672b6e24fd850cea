package dev.larder.storage.s3;

import static dev.larder.storage.s3.Entries.bytes;
import static dev.larder.storage.s3.Entries.head;
import static dev.larder.storage.s3.Entries.only;
import static dev.larder.storage.s3.Entries.put;
import static dev.larder.storage.s3.Entries.read;
import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.CacheInfo;
import dev.larder.client.jdk.CacheClient;
import dev.larder.engine.CacheResult;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.StoredEntry;
import dev.larder.testkit.Reply;
import dev.larder.testkit.ScriptedOrigin;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.s3.S3AsyncClient;

/** What each operation costs, counted on the wire. */
class S3RequestsTest {
    private static final String PREFIX = "larder/";

    private static S3Server server;

    private Front front;
    private S3AsyncClient client;
    private S3Storage storage;

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
        storage = server.storage().keyPrefix(PREFIX).client(client).build();
        storage.clear();
    }

    @AfterEach
    void close() throws Exception {
        storage.close();
        client.close();
        front.close();
    }

    private interface Action {
        void run() throws Exception;
    }

    /** How many requests of each method an action makes, none of which lists anything. */
    private Map<String, Integer> requestsOf(Action action) throws Exception {
        front.requests.clear();
        action.run();
        Map<String, Integer> counts = new TreeMap<>();
        for (Front.Request request : front.requests) {
            assertThat(request.isList()).as("%s lists", request).isFalse();
            counts.merge(request.method(), 1, Integer::sum);
        }
        return counts;
    }

    @Test
    void aMissThatIsStoredIsOneGetAndOnePut() throws Exception {
        for (int length : new int[] {0, 100, S3Entries.INLINE}) {
            assertThat(requestsOf(() -> {
                        assertThat(storage.lookup("key " + length)).isEmpty();
                        put(storage, "key " + length, bytes(length, 1));
                    }))
                    .isEqualTo(Map.of("GET", 1, "PUT", 1));
        }
    }

    @Test
    void aHitOnASmallBodyIsOneGet() throws Exception {
        put(storage, "key", bytes(10_000, 1));
        assertThat(requestsOf(() -> {
                    StoredEntry entry = only(storage, "key");
                    assertThat(entry.inlineBody()).isNotNull();
                    storage.used(entry);
                }))
                .isEqualTo(Map.of("GET", 1));
    }

    @Test
    void aLargerBodyIsOneRequestMore() throws Exception {
        assertThat(requestsOf(() -> {
                    storage.lookup("key");
                    put(storage, "key", bytes(100_000, 1));
                }))
                .isEqualTo(Map.of("GET", 1, "PUT", 2));
        assertThat(requestsOf(() -> read(storage, only(storage, "key")))).isEqualTo(Map.of("GET", 2));
    }

    @Test
    void aBodyThatIsSentInPartsIsARequestForEach() throws Exception {
        byte[] body = bytes(12 << 20, 1);
        // Begin, three parts, complete, and the index.
        assertThat(requestsOf(() -> put(storage, "key", body))).isEqualTo(Map.of("GET", 1, "POST", 2, "PUT", 4));
        assertThat(requestsOf(
                        () -> assertThat(read(storage, only(storage, "key"))).isEqualTo(body)))
                .hasEntrySatisfying("GET", gets -> assertThat(gets).isLessThan(14));
    }

    @Test
    void aValidationAfterALookupIsOnePutAndRewritesNoBodyOfItsOwn() throws Exception {
        StoredResponse small = put(storage, "small", bytes(100, 1));
        StoredResponse large = put(storage, "large", bytes(100_000, 1));
        for (StoredResponse head : List.of(small, large)) {
            assertThat(requestsOf(() -> {
                        only(storage, head.key());
                        assertThat(storage.freshen(head.toBuilder().status(203).build()))
                                .isTrue();
                    }))
                    .isEqualTo(Map.of("GET", 1, "PUT", 1));
        }
        assertThat(front.requests)
                .filteredOn(request -> request.method().equals("PUT"))
                .allMatch(request -> request.target().contains("/k/"));
    }

    @Test
    void withoutInlineBodiesAValidationWritesNoneAndAHitIsTwoGets() throws Exception {
        try (S3Storage headsOnly = server.storage()
                .keyPrefix(PREFIX)
                .client(client)
                .maxInlineBytes(0)
                .build()) {
            StoredResponse head = put(headsOnly, "key", bytes(10_000, 1));
            assertThat(requestsOf(() -> {
                        only(headsOnly, "key");
                        assertThat(headsOnly.freshen(
                                        head.toBuilder().status(203).build()))
                                .isTrue();
                    }))
                    .isEqualTo(Map.of("GET", 1, "PUT", 1));
            assertThat(server.get("larder/k/" + S3Entries.nameOf("key"))).hasSizeLessThan(1000);
            assertThat(requestsOf(() ->
                            assertThat(read(headsOnly, only(headsOnly, "key"))).isEqualTo(bytes(10_000, 1))))
                    .isEqualTo(Map.of("GET", 2));
        }
    }

    @Test
    void countingUsesCostsNothing() throws Exception {
        put(storage, "key", bytes(100, 1));
        StoredEntry entry = only(storage, "key");
        assertThat(requestsOf(() -> {
                    for (int i = 1; i <= 1000; i++) {
                        assertThat(storage.used(entry)).isEqualTo(i);
                    }
                }))
                .isEmpty();
    }

    @Test
    void replacingAndRemovingAfterALookupIsOnePut() throws Exception {
        StoredResponse old = put(storage, "key", bytes(100, 1));
        assertThat(requestsOf(() -> {
                    only(storage, "key");
                    assertThat(Entries.tryPut(storage, head("key").build(), bytes(100, 2), old))
                            .isTrue();
                }))
                .isEqualTo(Map.of("GET", 1, "PUT", 1));
        assertThat(requestsOf(() -> assertThat(storage.removeKey("key")).isEqualTo(1)))
                .isEqualTo(Map.of("PUT", 1));
    }

    @Test
    void inlineBodiesOfOneKeyDoNotGrowWithoutBound() throws Exception {
        for (int i = 0; i < 20; i++) {
            put(storage, "key", bytes(S3Entries.INLINE, i));
        }
        assertThat(storage.lookup("key")).hasSize(20);
        assertThat(server.get("larder/k/" + S3Entries.nameOf("key"))).hasSizeLessThan(S3Entries.INLINE_TOTAL + 20_000);
        for (StoredEntry entry : storage.lookup("key")) {
            assertThat(read(storage, entry)).hasSize(S3Entries.INLINE);
        }
    }

    @Test
    void theSameHoldsForRequestsThroughTheCache() throws Exception {
        try (ScriptedOrigin origin = ScriptedOrigin.start();
                CacheClient cache = CacheClient.newBuilder()
                        .storage(storage)
                        .version(HttpClient.Version.HTTP_1_1)
                        .build()) {
            origin.on("/a").reply(Reply.ok("hello").field("Cache-Control", "max-age=60"));
            HttpRequest request = HttpRequest.newBuilder(origin.uri("/a")).build();
            assertThat(requestsOf(() -> assertThat(CacheInfo.of(cache.send(request, BodyHandlers.ofString()))
                                    .status())
                            .isEqualTo(CacheResult.MISS)))
                    .hasEntrySatisfying("GET", gets -> assertThat(gets).isLessThanOrEqualTo(2))
                    .containsEntry("PUT", 1);
            for (boolean async : new boolean[] {false, true}) {
                assertThat(requestsOf(() -> {
                            var response = async
                                    ? cache.sendAsync(request, BodyHandlers.ofString())
                                            .join()
                                    : cache.send(request, BodyHandlers.ofString());
                            assertThat(CacheInfo.of(response).status()).isEqualTo(CacheResult.HIT);
                            assertThat(response.body()).isEqualTo("hello");
                        }))
                        .isEqualTo(Map.of("GET", 1));
            }
        }
    }
}
