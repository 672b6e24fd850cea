package dev.larder.client.apache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.CacheInfo;
import dev.larder.CacheListener;
import dev.larder.HttpCache;
import dev.larder.engine.CacheResult;
import dev.larder.policy.CachePolicy;
import dev.larder.storage.memory.InMemoryStorage;
import dev.larder.testkit.ManualClock;
import dev.larder.testkit.ScriptedOrigin;
import dev.larder.testkit.WatchedStorage;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.core5.http.HttpRequest;
import org.apache.hc.core5.http.message.BasicHttpRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * An origin, a clock and a client with a cache, classic and asynchronous. After each test no connection is leased and no
 * storage has failed.
 */
@ParameterizedClass(name = "{0}")
@EnumSource(Way.class)
@Timeout(60)
abstract class ApacheScenario {
    @Parameter
    Way way;

    final ManualClock clock = new ManualClock();
    final List<String> troubles = new CopyOnWriteArrayList<>();
    final Way.Setup setup = new Way.Setup();
    ScriptedOrigin origin;
    WatchedStorage storage;
    HttpCache cache;
    Way.Client client;

    @BeforeEach
    void open() throws IOException {
        origin = ScriptedOrigin.start(clock);
        with(CachePolicy.privateCache());
    }

    @AfterEach
    void everyConnectionIsReleased() throws Exception {
        try {
            awaitNoLease();
            assertThat(storage.awaitAllClosed()).as("open readers and writers").isZero();
            assertThat(troubles).isEmpty();
        } finally {
            client.close();
            origin.close();
        }
    }

    final void awaitNoLease() throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (client.pool().getLeased() + client.pool().getPending() > 0 && System.nanoTime() < deadline) {
            TimeUnit.MILLISECONDS.sleep(5);
        }
        assertThat(client.pool().getLeased()).as("leased connections").isZero();
        assertThat(client.pool().getPending()).as("waiting for a connection").isZero();
    }

    /** A client anew, with what {@link #setup} says. */
    final void with(CachePolicy.Builder policy) throws IOException {
        storage = new WatchedStorage(
                InMemoryStorage.builder().maxEntries(10_000).clock(clock).build());
        cache = HttpCache.builder()
                .storage(storage)
                .clock(clock)
                .policy(policy.build())
                .listener(new CacheListener() {
                    @Override
                    public void storageFailed(String operation, Throwable failure) {
                        troubles.add(operation + ": " + failure);
                    }
                })
                .build();
        reopen();
    }

    final void reopen() throws IOException {
        if (client != null) {
            client.close();
        }
        client = way.open(cache, setup);
    }

    final void advance(long seconds) {
        clock.advance(Duration.ofSeconds(seconds));
    }

    final HttpRequest request(String method, String path, String... namesAndValues) {
        BasicHttpRequest request = new BasicHttpRequest(method, origin.uri(path));
        for (int i = 0; i < namesAndValues.length; i += 2) {
            request.addHeader(namesAndValues[i], namesAndValues[i + 1]);
        }
        return request;
    }

    final Way.Call start(String method, String path, String... namesAndValues) {
        return client.start(request(method, path, namesAndValues), null, HttpClientContext.create());
    }

    final Way.Result get(String path, String... namesAndValues) throws Exception {
        return start("GET", path, namesAndValues).get();
    }

    final Way.Result get(HttpClientContext context, String path) throws Exception {
        return client.start(request("GET", path), null, context).get();
    }

    static void assertResult(Way.Result response, CacheResult result, String body) {
        CacheInfo info = response.info();
        assertThat(info.status()).as(info::explain).isEqualTo(result);
        assertThat(response.body()).isEqualTo(body);
    }
}
