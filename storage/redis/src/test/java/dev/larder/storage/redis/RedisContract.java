package dev.larder.storage.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncStorage;
import dev.larder.storage.Serializer;
import dev.larder.storage.Storage;
import dev.larder.testkit.StorageContract;
import dev.larder.testkit.StorageSetup;
import io.lettuce.core.api.async.RedisHashAsyncCommands;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;

/** The contract, on whichever servers. */
abstract class RedisContract extends StorageContract {
    private static final AtomicInteger NAMESPACES = new AtomicInteger();

    private String namespace;

    @BeforeEach
    void freshNamespace() {
        namespace = "test " + NAMESPACES.incrementAndGet();
    }

    /** Says which servers. */
    abstract void connect(RedisStorage.Builder builder);

    /** The servers, for damage. */
    abstract RedisHashAsyncCommands<byte[], byte[]> servers();

    private RedisStorage.Builder builder(StorageSetup setup) {
        RedisStorage.Builder builder = RedisStorage.builder()
                .namespace(namespace)
                .serializer(serializer())
                .clock(setup.clock())
                // The machine may be busy; how long is waited has tests of its own.
                .timeout(Duration.ofSeconds(20));
        setup.ttl().ifPresent(builder::ttl);
        setup.slidingTtl().ifPresent(builder::slidingTtl);
        setup.maxEntries().ifPresent(builder::maxEntries);
        setup.maxBytes().ifPresent(builder::maxBytes);
        setup.maxEntryBytes().ifPresent(builder::maxEntryBytes);
        setup.maxVariants().ifPresent(builder::maxVariants);
        connect(builder);
        return builder;
    }

    @Override
    protected Storage open(StorageSetup setup) {
        return builder(setup).build();
    }

    @Override
    protected Storage openWith(StorageSetup setup, Serializer serializer) {
        return builder(setup).serializer(serializer).build();
    }

    @Override
    protected Storage openBeside(StorageSetup setup) {
        return builder(setup).namespace(namespace + " beside").build();
    }

    @Override
    protected boolean damageBody(StoredResponse head) {
        byte[] body = new Place.Keys(namespace).of(head.key()).body(head.id());
        byte[] field = "3".getBytes(StandardCharsets.US_ASCII);
        byte[] chunk = servers().hget(body, field).toCompletableFuture().join();
        chunk[1000] ^= 8;
        servers().hset(body, field, chunk).toCompletableFuture().join();
        return true;
    }

    @Override
    protected AsyncStorage async(Storage storage, ExecutorService executor) {
        AsyncStorage async = storage.async(executor);
        assertThat(async).isInstanceOf(RedisAsyncStorage.class);
        return async;
    }

    @Override
    protected boolean persistent() {
        return true;
    }
}
