package dev.larder.storage.redis;

import static dev.larder.storage.redis.Entries.bytes;
import static dev.larder.storage.redis.Entries.head;
import static dev.larder.storage.redis.Entries.only;
import static dev.larder.storage.redis.Entries.put;
import static dev.larder.storage.redis.Entries.read;
import static dev.larder.storage.redis.Entries.tryPut;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.CacheInfo;
import dev.larder.client.jdk.CacheClient;
import dev.larder.engine.CacheResult;
import dev.larder.storage.StorageUnavailableException;
import dev.larder.testkit.GeneratedBody;
import dev.larder.testkit.Reply;
import dev.larder.testkit.ScriptedOrigin;
import io.lettuce.core.RedisURI;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A Redis that dies, hangs, or says no costs requests little, and never makes one fail. */
@Timeout(120)
class RedisFaultsTest {
    private static final int PATHS = 20;

    private static RedisStorage storage(TestServer server) {
        return RedisStorage.at(server.uri());
    }

    /** Lengths on both sides of what is inline, and one that takes several chunks. */
    private static GeneratedBody body(int path) {
        return new GeneratedBody(path % 5 == 0 ? 200_000 : 1_000 + 3_000L * path, path);
    }

    private static ScriptedOrigin origin() {
        ScriptedOrigin origin = ScriptedOrigin.start();
        for (int i = 0; i < PATHS; i++) {
            origin.on("/" + i).reply(Reply.ok().body(body(i)).field("Cache-Control", "max-age=3600"));
        }
        return origin;
    }

    /** Requests at a steady pace through a cache, until told to stop. */
    private static final class Load implements Callable<Load> {
        final List<Long> millis = Collections.synchronizedList(new ArrayList<>());
        final List<String> troubles = Collections.synchronizedList(new ArrayList<>());
        volatile long lastHit;
        private final HttpClient client;
        private final ScriptedOrigin origin;
        private final AtomicBoolean stop;

        Load(HttpClient client, ScriptedOrigin origin, AtomicBoolean stop) {
            this.client = client;
            this.origin = origin;
            this.stop = stop;
        }

        @Override
        public Load call() throws Exception {
            for (int i = 0; !stop.get(); i++) {
                int path = i % PATHS;
                long start = System.nanoTime();
                try {
                    HttpResponse<byte[]> response = client.send(
                            HttpRequest.newBuilder(origin.uri("/" + path)).build(), BodyHandlers.ofByteArray());
                    GeneratedBody body = body(path);
                    if (!Arrays.equals(response.body(), bytes((int) body.length(), body.seed()))) {
                        troubles.add("wrong bytes of " + path);
                    }
                    if (CacheInfo.of(response).status() == CacheResult.HIT) {
                        lastHit = System.nanoTime();
                    }
                } catch (IOException e) {
                    troubles.add(path + ": " + e);
                }
                long took = System.nanoTime() - start;
                millis.add(TimeUnit.NANOSECONDS.toMillis(took));
                TimeUnit.NANOSECONDS.sleep(Math.max(0, 10_000_000 - took));
            }
            return this;
        }

        void awaitHitAfter(long since, Duration patience) throws InterruptedException {
            while (lastHit < since) {
                assertThat(System.nanoTime() - since)
                        .as("nanoseconds until hits are back")
                        .isLessThan(patience.toNanos());
                Thread.sleep(5);
            }
        }
    }

    private interface Outage {
        void run(TestServer server, Load load) throws Exception;
    }

    /** @return how many milliseconds each request took */
    private static List<Long> underLoad(Outage outage) throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try (TestServer server = TestServer.start();
                ScriptedOrigin origin = origin();
                CacheClient client =
                        CacheClient.newBuilder().storage(storage(server)).build()) {
            Load first = new Load(client, origin, stop);
            Load second = new Load(client, origin, stop);
            List<Future<Load>> loads = List.of(threads.submit(first), threads.submit(second));
            first.awaitHitAfter(System.nanoTime(), Duration.ofSeconds(20));
            first.millis.clear();
            second.millis.clear();
            outage.run(server, first);
            stop.set(true);
            List<Long> all = new ArrayList<>();
            for (Future<Load> load : loads) {
                assertThat(load.get(20, TimeUnit.SECONDS).troubles).isEmpty();
                all.addAll(load.get().millis);
            }
            Collections.sort(all);
            return all;
        } finally {
            stop.set(true);
            threads.shutdown();
        }
    }

    private static String summary(List<Long> millis) {
        return millis.size() + " requests, p50 " + millis.get(millis.size() / 2) + " ms, p99 "
                + millis.get(millis.size() * 99 / 100) + " ms, longest " + millis.get(millis.size() - 1) + " ms";
    }

    @Test
    void aServerThatIsKilledAndComesBackFailsNoRequest() throws Exception {
        List<Long> backAfter = new ArrayList<>();
        List<Long> millis = underLoad((server, load) -> {
            for (int i = 0; i < 2; i++) {
                TestServer.signal("KILL", server.pid());
                server.stop();
                // How long the server is away, under load: long enough for the breaker to open and to probe in vain.
                Thread.sleep(1_200);
                server.restart();
                long since = System.nanoTime();
                load.awaitHitAfter(since, Duration.ofSeconds(8));
                backAfter.add(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since));
            }
        });
        System.out.println("killed twice: " + summary(millis) + ", hits back after " + backAfter + " ms");
        assertThat(millis.get(millis.size() * 95 / 100)).isLessThan(200);
    }

    @Test
    void aServerThatHangsCostsAFewRequestsTheTimeOutAndNoneMore() throws Exception {
        List<Long> backAfter = new ArrayList<>();
        List<Long> millis = underLoad((server, load) -> {
            long pid = server.pid();
            TestServer.signal("STOP", pid);
            try {
                // How long it hangs, under load; its clients measure meanwhile how long they wait.
                Thread.sleep(3_000);
            } finally {
                TestServer.signal("CONT", pid);
            }
            long since = System.nanoTime();
            load.awaitHitAfter(since, Duration.ofSeconds(8));
            backAfter.add(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since));
        });
        long slow = millis.stream().filter(took -> took >= 190).count();
        System.out.println("stopped for 3 s: " + summary(millis) + ", " + slow
                + " took 190 ms or more, hits back after " + backAfter + " ms");
        assertThat(millis.get(millis.size() * 95 / 100)).isLessThan(220);
    }

    @Test
    void aServerThatIsNotThereYetIsNoError() throws Exception {
        TestServer server = TestServer.start();
        server.stop();
        try (RedisStorage storage = storage(server)) {
            Entries.Events events = new Entries.Events();
            storage.addListener(events);
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> storage.lookup("key")).isInstanceOf(IOException.class);
            }
            assertThatThrownBy(() -> storage.lookup("key"))
                    .isInstanceOf(StorageUnavailableException.class)
                    .hasMessageContaining("probe");
            assertThatThrownBy(() -> storage.create(head("key").build()))
                    .isInstanceOf(StorageUnavailableException.class);
            server.restart();
            long since = System.nanoTime();
            while (true) {
                try {
                    storage.lookup("key");
                    break;
                } catch (IOException e) {
                    assertThat(System.nanoTime() - since)
                            .isLessThan(Duration.ofSeconds(8).toNanos());
                    Thread.sleep(10);
                }
            }
            System.out.println("there again after " + (System.nanoTime() - since) / 1_000_000 + " ms");
            put(storage, "key", bytes(10, 1));
            assertThat(read(storage, only(storage, "key"))).isEqualTo(bytes(10, 1));
        }
        server.close();
    }

    @Test
    void aServerThatAcceptsAndSaysNothingCostsTheTimeOutThreeTimes() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, java.net.InetAddress.getLoopbackAddress());
                RedisStorage storage = RedisStorage.at("redis://127.0.0.1:" + silent.getLocalPort())) {
            List<Long> millis = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                long start = System.nanoTime();
                assertThatThrownBy(() -> storage.lookup("key")).isInstanceOf(IOException.class);
                millis.add(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start));
            }
            Collections.sort(millis);
            System.out.println("says nothing: " + summary(millis));
            assertThat(millis.get(millis.size() - 1)).isLessThan(2_000);
            assertThat(millis.get(millis.size() - 6)).isLessThan(100);
        }
    }

    @Test
    void aConnectionThatTakesLongToBeMadeIsWaitedFor() throws Exception {
        CountDownLatch silence = new CountDownLatch(1);
        try (RefusingServer slow = new RefusingServer("ERR no", silence);
                RedisStorage storage = RedisStorage.builder()
                        .uri(RedisURI.builder()
                                .withHost("127.0.0.1")
                                .withPort(slow.port())
                                .withTimeout(Duration.ofSeconds(60))
                                .build())
                        .timeout(Duration.ofMillis(20))
                        .retryAfter(Duration.ofMillis(20))
                        .build()) {
            long since = System.nanoTime();
            // Many times the time after which an open breaker probes again.
            while (System.nanoTime() - since < Duration.ofSeconds(1).toNanos()) {
                assertThatThrownBy(() -> storage.lookup("key")).isInstanceOf(IOException.class);
                Thread.sleep(1);
            }
            assertThat(slow.connections()).isOne();
            silence.countDown();
            String message = "";
            while (!message.contains("Redis refused")) {
                assertThat(System.nanoTime() - since)
                        .isLessThan(Duration.ofSeconds(20).toNanos());
                try {
                    storage.lookup("key");
                } catch (IOException e) {
                    message = String.valueOf(e.getMessage());
                }
                Thread.sleep(1);
            }
        } finally {
            silence.countDown();
        }
    }

    @Test
    void aBusyCommonPoolKeepsNeitherATimeOutNorAConnectionFromHappening() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        try (ServerSocket silent = new ServerSocket(0, 50, java.net.InetAddress.getLoopbackAddress());
                RedisStorage hanging = RedisStorage.at("redis://127.0.0.1:" + silent.getLocalPort());
                TestServer server = TestServer.start()) {
            for (int i = 0; i < 2 * ForkJoinPool.getCommonPoolParallelism() + 2; i++) {
                ForkJoinPool.commonPool().execute(() -> {
                    try {
                        over.await();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                });
            }
            assertThatThrownBy(() -> hanging.async(Runnable::run)
                            .lookup("key")
                            .toCompletableFuture()
                            .get(20, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(StorageUnavailableException.class);
            try (RedisStorage storage = RedisStorage.builder()
                    .client(server.client())
                    .timeout(Duration.ofSeconds(20))
                    .build()) {
                put(storage, "key", bytes(10, 1));
                assertThat(read(storage, only(storage, "key"))).isEqualTo(bytes(10, 1));
            }
        } finally {
            over.countDown();
        }
    }

    @Test
    void manyCallersAtOnceDoNotPileUpBehindAServerThatHangs() throws Exception {
        try (TestServer server = TestServer.start();
                RedisStorage storage = storage(server)) {
            long pid = server.pid();
            Thread.sleep(100);
            TestServer.signal("STOP", pid);
            try {
                var async = storage.async(Runnable::run);
                CountDownLatch done = new CountDownLatch(5_000);
                int threads = Thread.activeCount();
                long start = System.nanoTime();
                for (int i = 0; i < 5_000; i++) {
                    async.lookup("key " + i).whenComplete((found, failure) -> done.countDown());
                }
                assertThat(done.await(20, TimeUnit.SECONDS)).isTrue();
                System.out.println("5,000 lookups of a server that hangs: all over after "
                        + (System.nanoTime() - start) / 1_000_000 + " ms");
                assertThat(Thread.activeCount()).isLessThan(threads + 30);
            } finally {
                TestServer.signal("CONT", pid);
            }
        }
    }

    // ---- a server that answers, but does not do it

    @ParameterizedTest
    @ValueSource(
            strings = {
                "OOM command not allowed when used memory > 'maxmemory'.",
                "READONLY You can't write against a read only replica.",
                "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
                "LOADING Redis is loading the dataset in memory",
                "NOAUTH Authentication required.",
                "NOPERM this user has no permissions to run the 'evalsha' command",
                "CLUSTERDOWN The cluster is down",
                "ERR something new"
            })
    void aRefusalIsReportedAndTheRequestGoesOn(String error) throws Exception {
        try (RefusingServer refusing = new RefusingServer(error);
                ScriptedOrigin origin = origin();
                CacheClient client = CacheClient.newBuilder()
                        .storage(RedisStorage.at("redis://127.0.0.1:" + refusing.port()))
                        .build()) {
            for (int i = 0; i < 30; i++) {
                int path = i % PATHS;
                HttpResponse<byte[]> response = client.send(
                        HttpRequest.newBuilder(origin.uri("/" + path)).build(), BodyHandlers.ofByteArray());
                GeneratedBody body = body(path);
                assertThat(response.body()).isEqualTo(bytes((int) body.length(), body.seed()));
            }
            assertThat(refusing.refused()).isPositive();
        }
    }

    @Test
    void whatCannotBeWrittenCanStillBeRead() throws Exception {
        try (TestServer server = TestServer.start();
                RedisStorage storage = RedisStorage.builder()
                        .uri(server.uri())
                        .timeout(Duration.ofSeconds(20))
                        .build()) {
            put(storage, "key", bytes(100, 1));
            server.with(redis -> redis.configSet("maxmemory", "1"));
            for (int i = 0; i < 20; i++) {
                assertThatThrownBy(() -> tryPut(storage, head("other").build(), bytes(100, 1)))
                        .isInstanceOf(IOException.class)
                        .hasMessageContaining("OOM");
                assertThat(storage.lookup("key")).hasSize(1);
            }
            server.with(redis -> redis.configSet("maxmemory", "0"));
            put(storage, "other", bytes(100, 1));
        }
    }
}
