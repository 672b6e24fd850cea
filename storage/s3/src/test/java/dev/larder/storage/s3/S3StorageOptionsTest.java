package dev.larder.storage.s3;

import static dev.larder.storage.s3.Entries.bytes;
import static dev.larder.storage.s3.Entries.only;
import static dev.larder.storage.s3.Entries.put;
import static dev.larder.storage.s3.Entries.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.rules.StoredResponse;
import dev.larder.serializers.jackson.JsonSerializer;
import dev.larder.storage.AsyncStorage;
import dev.larder.testkit.ManualClock;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** How a user makes an S3 storage, line by line. */
class S3StorageOptionsTest {
    private static S3Server server;

    @BeforeAll
    static void start() throws Exception {
        server = S3Server.inMemory();
        System.setProperty("aws.region", "eu-central-1");
        System.setProperty("aws.accessKeyId", S3Server.ACCESS_KEY);
        System.setProperty("aws.secretAccessKey", S3Server.SECRET_KEY);
    }

    @AfterAll
    static void stop() throws Exception {
        System.clearProperty("aws.region");
        System.clearProperty("aws.accessKeyId");
        System.clearProperty("aws.secretAccessKey");
        server.close();
    }

    @Test
    void aBucketIsEnoughAndNothingIsAskedOfItYet() throws Exception {
        try (S3Storage storage = S3Storage.at("my-cache")) {
            assertThat(storage).hasToString("S3Storage[my-cache/larder/]");
            assertThat(storage.maxBodyBytes()).isGreaterThan(40L << 30);
            assertThat(storage.statistics().maxEntries()).isEqualTo(-1);
        }
    }

    @Test
    void aCompatibleServiceIsAnEndpointAway() throws Exception {
        try (S3Storage storage = S3Storage.builder()
                .bucket(S3Server.BUCKET)
                .endpoint(server.endpoint())
                .pathStyle(true)
                .keyPrefix("endpoint/")
                .timeout(Duration.ofSeconds(30))
                .build()) {
            put(storage, "key", bytes(100, 1));
            put(storage, "large", bytes(6 << 20, 2));
            assertThat(read(storage, only(storage, "key"))).isEqualTo(bytes(100, 1));
            assertThat(read(storage, only(storage, "large"))).isEqualTo(bytes(6 << 20, 2));
            assertThat(storage.clear()).isEqualTo(2);
        }
        assertThat(server.names("endpoint/")).allMatch(name -> name.startsWith("endpoint/"));
    }

    @Test
    void theCallersClientStaysOpen() throws Exception {
        S3Storage storage = server.storage().build();
        put(storage, "key", bytes(10, 1));
        storage.close();
        assertThat(server.client.listBuckets().join().buckets()).hasSize(1);
    }

    @Test
    void theDefaultPrefixIsLarder() throws Exception {
        try (S3Storage storage = S3Storage.builder()
                .bucket(S3Server.BUCKET)
                .client(server.client)
                .timeout(Duration.ofSeconds(30))
                .build()) {
            put(storage, "key", bytes(10, 1));
            assertThat(server.names("larder/")).containsExactly("larder/k/" + S3Entries.nameOf("key"));
        }
    }

    @Test
    void aTimeToLiveAndACapacity() throws Exception {
        ManualClock clock = new ManualClock();
        try (S3Storage storage = server.storage()
                .clock(clock)
                .ttl(Duration.ofHours(1))
                .maxEntries(100)
                .maxBytes(1 << 20)
                .maxEntryBytes(1 << 18)
                .maxVariants(8)
                .build()) {
            StoredResponse head = Entries.head("key").createdAt(clock.millis()).build();
            assertThat(Entries.tryPut(storage, head, bytes(10, 1))).isTrue();
            assertThat(storage.maxBodyBytes()).isEqualTo(1 << 18);
            assertThat(storage.lookup("key")).hasSize(1);
            clock.advance(Duration.ofHours(1));
            assertThat(storage.lookup("key")).isEmpty();
        }
    }

    @Test
    void headsInJsonCanBeReadByPeople() throws Exception {
        try (S3Storage storage = server.storage()
                .serializer(JsonSerializer.INSTANCE)
                .keyPrefix("json/")
                .build()) {
            put(storage, "key", bytes(10, 1));
            String object = new String(server.get("json/k/" + S3Entries.nameOf("key")), StandardCharsets.ISO_8859_1);
            assertThat(object).contains("\"https://example.org/\"");
        }
    }

    @Test
    void theAsynchronousSideIsItsOwn() throws Exception {
        try (S3Storage storage = server.storage().build()) {
            // No executor is needed, so this one may fail.
            AsyncStorage async = storage.async(task -> {
                throw new AssertionError("called");
            });
            put(storage, "key", bytes(10, 1));
            assertThat(async.lookup("key").toCompletableFuture().join()).hasSize(1);
            assertThat(async.removeKey("key").toCompletableFuture().join()).isEqualTo(1);
            storage.close();
            assertThatThrownBy(() -> async.lookup("key").toCompletableFuture().join())
                    .isInstanceOf(CompletionException.class)
                    .hasMessageContaining("closed");
        }
    }

    @Test
    void mistakesAreNamed() {
        assertThatThrownBy(() -> S3Storage.at(" ")).hasMessageContaining("bucket");
        assertThatThrownBy(() -> S3Storage.builder().ttl(Duration.ZERO)).hasMessageContaining("ttl");
        assertThatThrownBy(() -> S3Storage.builder().maxEntries(0)).hasMessageContaining("maxEntries");
        assertThatThrownBy(() -> S3Storage.builder().maxFailures(0)).hasMessageContaining("maxFailures");
        assertThatThrownBy(() -> server.storage().region("eu-west-1").build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("default client");
    }
}
