package dev.larder.storage.s3;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncStorage;
import dev.larder.storage.Serializer;
import dev.larder.storage.Storage;
import dev.larder.testkit.StorageContract;
import dev.larder.testkit.StorageSetup;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** The contract, against a real S3 server. */
class S3StorageTest extends StorageContract {
    private static final AtomicInteger TESTS = new AtomicInteger();

    private static S3Server server;

    private final String prefix = "contract-" + TESTS.incrementAndGet() + "/";

    @BeforeAll
    static void startServer() throws Exception {
        server = S3Server.inMemory();
    }

    @AfterAll
    static void stopServer() throws Exception {
        server.close();
    }

    @Override
    protected Storage open(StorageSetup setup) {
        return openWith(setup, serializer());
    }

    @Override
    protected Storage openWith(StorageSetup setup, Serializer serializer) {
        return open(setup, serializer, prefix);
    }

    @Override
    protected Storage openBeside(StorageSetup setup) {
        return open(setup, serializer(), prefix + "beside/");
    }

    private static Storage open(StorageSetup setup, Serializer serializer, String prefix) {
        S3Storage.Builder builder = S3Storage.builder()
                .bucket(S3Server.BUCKET)
                .client(server.client)
                .keyPrefix(prefix)
                .timeout(Duration.ofSeconds(30))
                .serializer(serializer)
                .clock(setup.clock());
        setup.ttl().ifPresent(builder::ttl);
        setup.slidingTtl().ifPresent(builder::slidingTtl);
        setup.maxEntries().ifPresent(builder::maxEntries);
        setup.maxBytes().ifPresent(builder::maxBytes);
        setup.maxEntryBytes().ifPresent(builder::maxEntryBytes);
        setup.maxVariants().ifPresent(builder::maxVariants);
        return builder.build();
    }

    @Override
    protected boolean damageBody(StoredResponse head) {
        String object = prefix + "b/" + S3Entries.nameOf(head.key()) + "/" + head.id();
        byte[] body = server.get(object);
        body[body.length - 50_000] ^= 1;
        server.put(object, body);
        return true;
    }

    @Override
    protected AsyncStorage async(Storage storage, ExecutorService executor) {
        return storage.async(executor);
    }

    @Override
    protected boolean persistent() {
        return true;
    }

    @Override
    protected boolean evictsExactly() {
        return false; // whole keys, and a tenth of the capacity at once
    }

    @Override
    protected int operationsPerThread() {
        return 40; // each is a request or more
    }

    @Override
    protected void closed() {
        assertThat(server.uploads(prefix)).as("uploads left over").isZero();
    }
}
