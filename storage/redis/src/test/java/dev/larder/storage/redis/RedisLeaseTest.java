package dev.larder.storage.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.HttpCache;
import dev.larder.client.jdk.CacheClient;
import dev.larder.storage.Lease;
import dev.larder.storage.Storage;
import dev.larder.storage.memory.InMemoryStorage;
import dev.larder.storage.tiered.TieredStorage;
import dev.larder.storage.transform.TransformedStorage;
import dev.larder.testkit.CacheEvents;
import dev.larder.testkit.ManualClock;
import dev.larder.testkit.Reply;
import dev.larder.testkit.ScriptedOrigin;
import dev.larder.testkit.WatchedStorage;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Processes that share a Redis and miss one key at the same time ask the origin once, and none suffers for another. */
@Timeout(60)
class RedisLeaseTest {
    private static final AtomicInteger NAMESPACES = new AtomicInteger();
    /** Longer than any test: who waits for its end has failed. */
    private static final Duration LONG = Duration.ofMinutes(10);

    private static final Duration PATIENT = Duration.ofSeconds(20);
    private static final int CHILDREN = 4;
    private static final int EACH = 250;

    private final TestServer server = TestServer.shared();
    private final String namespace = "lease" + NAMESPACES.incrementAndGet();
    private final ManualClock clock = new ManualClock();
    private final ScriptedOrigin origin = ScriptedOrigin.start(clock);
    private final CountDownLatch gate = new CountDownLatch(1);
    private final List<Member> members = new ArrayList<>();

    @AfterEach
    void leavesNoTroubleAndNoLease() throws Exception {
        gate.countDown();
        try {
            for (Member member : members) {
                assertThat(member.events.troubles()).isEmpty();
            }
            await(() -> leaseKeys().isEmpty() ? 1 : 0, 1);
        } finally {
            for (Member member : members) {
                member.client.close();
            }
            origin.close();
        }
    }

    private List<String> leaseKeys() {
        return server.keys(namespace).stream()
                .filter(key -> key.endsWith(":lease"))
                .toList();
    }

    /** As good as a process: a cache with a storage of its own. */
    private final class Member {
        final CacheEvents events = new CacheEvents();
        final HttpRequest.Builder request = HttpRequest.newBuilder(origin.uri("/a"));
        final CacheClient client;

        Member(Storage storage) {
            client = CacheClient.newBuilder()
                    .client(HttpClient.newBuilder()
                            .version(HttpClient.Version.HTTP_1_1)
                            .build())
                    .cache(HttpCache.builder()
                            .storage(storage)
                            .clock(clock)
                            .listener(events)
                            .build())
                    .build();
            members.add(this);
        }

        CompletableFuture<HttpResponse<String>> start(boolean async) {
            return async
                    ? client.sendAsync(request.build(), BodyHandlers.ofString())
                    : startBlocking(new AtomicReference<>());
        }

        CompletableFuture<HttpResponse<String>> startBlocking(AtomicReference<Thread> where) {
            CompletableFuture<HttpResponse<String>> response = new CompletableFuture<>();
            Thread thread = new Thread(() -> {
                try {
                    response.complete(client.send(request.build(), BodyHandlers.ofString()));
                } catch (IOException | InterruptedException | RuntimeException e) {
                    response.completeExceptionally(e);
                }
            });
            thread.setDaemon(true);
            where.set(thread);
            thread.start();
            return response;
        }
    }

    private RedisStorage.Builder builder(TestServer server) {
        return RedisStorage.builder()
                .uri(server.uri())
                .namespace(namespace)
                .clock(clock)
                .process("p" + members.size());
    }

    private Member member(Duration lease) {
        return new Member(builder(server).timeout(PATIENT).lease(lease).build());
    }

    private static void await(LongSupplier what, long least) throws InterruptedException {
        long start = System.nanoTime();
        while (what.getAsLong() < least) {
            assertThat(System.nanoTime() - start)
                    .as("nanoseconds until there are " + least + " instead of " + what.getAsLong())
                    .isLessThan(PATIENT.toNanos());
            Thread.sleep(5);
        }
    }

    /** Waits until a lease has been asked for so often from now on, which shows that somebody waits for it. */
    private void awaitAsked(int times) throws InterruptedException {
        server.with(redis -> redis.configResetstat());
        await(
                () -> {
                    String stats = server.info("commandstats");
                    return TestServer.calls(stats, "evalsha") + TestServer.calls(stats, "eval");
                },
                times);
    }

    private static String body(CompletableFuture<HttpResponse<String>> response) throws Exception {
        return response.get(PATIENT.toSeconds(), TimeUnit.SECONDS).body();
    }

    private Reply fresh(String body) {
        return Reply.ok(body).field("Cache-Control", "max-age=60").field("ETag", "\"" + body + "\"");
    }

    // ---- sharing

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void twoProcessesOfFiftyRequestsMakeOneOriginRequest(boolean async) throws Exception {
        origin.on("/a").reply(fresh("1").hold(gate));
        Member one = member(LONG);
        Member other = member(LONG);
        List<CompletableFuture<HttpResponse<String>>> responses = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            responses.add(one.start(async));
            responses.add(other.start(async));
        }
        origin.awaitRequests("/a", 1, PATIENT);
        awaitAsked(3);
        gate.countDown();
        for (var response : responses) {
            assertThat(body(response)).isEqualTo("1");
        }
        assertThat(origin.count("/a")).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatWasStoredBetweenTheLookupAndTheLeaseIsFound(boolean async) throws Exception {
        origin.on("/a").reply(fresh("1"));
        Member one = member(LONG);
        WatchedStorage watched =
                new WatchedStorage(builder(server).timeout(PATIENT).lease(LONG).build());
        AtomicBoolean first = new AtomicBoolean(true);
        watched.fail(operation -> {
            if (operation.equals("lease") && first.getAndSet(false)) {
                try {
                    assertThat(body(one.start(false))).isEqualTo("1");
                    await(() -> leaseKeys().isEmpty() ? 1 : 0, 1);
                } catch (Exception e) {
                    throw new IOException(e);
                }
            }
        });
        assertThat(body(new Member(watched).start(async))).isEqualTo("1");
        assertThat(first).isFalse();
        assertThat(origin.count("/a")).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatIsStaleInBothIsValidatedOnce(boolean async) throws Exception {
        validatedOnce(UnaryOperator.identity(), async);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void soItIsThroughStoragesInFrontOfRedis(boolean async) throws Exception {
        validatedOnce(
                redis -> TieredStorage.builder(
                                InMemoryStorage.builder()
                                        .maxEntries(100)
                                        .clock(clock)
                                        .build(),
                                TransformedStorage.over(redis).compress().build())
                        .nearTtl(Duration.ofHours(1))
                        .clock(clock)
                        .build(),
                async);
    }

    private void validatedOnce(UnaryOperator<Storage> layers, boolean async) throws Exception {
        origin.on("/a")
                .replies(
                        fresh("1"),
                        Reply.notModified()
                                .field("ETag", "\"1\"")
                                .field("Cache-Control", "max-age=60")
                                .hold(gate));
        Member one = new Member(
                layers.apply(builder(server).timeout(PATIENT).lease(LONG).build()));
        Member other = new Member(
                layers.apply(builder(server).timeout(PATIENT).lease(LONG).build()));
        assertThat(body(one.start(async))).isEqualTo("1");
        await(() -> leaseKeys().isEmpty() ? 1 : 0, 1);
        assertThat(body(other.start(async))).isEqualTo("1");
        assertThat(body(one.start(async))).isEqualTo("1");
        assertThat(origin.count("/a")).isEqualTo(1);
        clock.advance(Duration.ofSeconds(61));
        var first = one.start(async);
        var second = other.start(async);
        origin.awaitRequests("/a", 2, PATIENT);
        awaitAsked(3);
        gate.countDown();
        assertThat(body(first)).isEqualTo("1");
        assertThat(body(second)).isEqualTo("1");
        assertThat(origin.count("/a")).isEqualTo(2);
    }

    // ---- going on without

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whoHoldsTheLeaseForTooLongIsWaitedForNoLonger(boolean async) throws Exception {
        origin.on("/a").replies(fresh("late").hold(gate), fresh("soon"));
        Member slow = member(Duration.ofSeconds(2));
        Member other = member(Duration.ofSeconds(2));
        var first = slow.start(async);
        origin.awaitRequests("/a", 1, PATIENT);
        var second = other.start(async);
        awaitAsked(2);
        assertThat(body(second)).isEqualTo("soon");
        assertThat(origin.count("/a")).isEqualTo(2);
        gate.countDown();
        assertThat(body(first)).isEqualTo("late");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aTimeOutOfTheRequestEndsTheWaiting(boolean async) throws Exception {
        origin.on("/a").replies(fresh("late").hold(gate), fresh("soon"));
        var first = member(LONG).start(async);
        origin.awaitRequests("/a", 1, PATIENT);
        Member hasty = member(LONG);
        hasty.request.timeout(Duration.ofSeconds(1));
        assertThat(body(hasty.start(async))).isEqualTo("soon");
        gate.countDown();
        assertThat(body(first)).isEqualTo("late");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatMayNotBeSharedDoesNotWait(boolean async) throws Exception {
        origin.on("/a").replies(fresh("late").hold(gate), fresh("soon"));
        var first = member(LONG).start(async);
        origin.awaitRequests("/a", 1, PATIENT);
        Member strict = member(LONG);
        strict.request.header("Cache-Control", "no-cache");
        assertThat(body(strict.start(async))).isEqualTo("soon");
        Member writer = member(LONG);
        writer.request.POST(HttpRequest.BodyPublishers.noBody());
        assertThat(body(writer.start(async))).isEqualTo("soon");
        gate.countDown();
        assertThat(body(first)).isEqualTo("late");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatIsNotStoredSendsEachToTheOriginAtOnce(boolean async) throws Exception {
        CountDownLatch second = new CountDownLatch(1);
        Reply reply = Reply.ok("mine").field("Cache-Control", "no-store");
        origin.on("/a")
                .replies(
                        reply.hold(gate),
                        Reply.ok("mine").field("Cache-Control", "no-store").hold(second));
        List<CompletableFuture<HttpResponse<String>>> responses = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            responses.add(member(LONG).start(async));
        }
        origin.awaitRequests("/a", 1, PATIENT);
        awaitAsked(4);
        assertThat(origin.count("/a")).isEqualTo(1);
        gate.countDown();
        // Both at the same time, though one of them has the lease by now.
        origin.awaitRequests("/a", 3, PATIENT);
        second.countDown();
        for (var response : responses) {
            assertThat(body(response)).isEqualTo("mine");
        }
        assertThat(origin.count("/a")).isEqualTo(3);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anOriginThatFailsOneFailsNoOther(boolean async) throws Exception {
        origin.on("/a").replies(Reply.dropConnection().hold(gate), fresh("1"));
        var first = member(LONG).start(async);
        origin.awaitRequests("/a", 1, PATIENT);
        var second = member(LONG).start(async);
        awaitAsked(2);
        gate.countDown();
        assertThat(body(second)).isEqualTo("1");
        first.handle((response, failure) -> null).get(PATIENT.toSeconds(), TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aRedisThatHangsIsWaitedForNoLongerThanACallMayTake(boolean async) throws Exception {
        origin.on("/a").replies(fresh("late").hold(gate), fresh("soon"));
        try (TestServer hanging = TestServer.start()) {
            Member one = new Member(builder(hanging).lease(LONG).build());
            Member other = new Member(builder(hanging).lease(LONG).build());
            var first = one.start(async);
            origin.awaitRequests("/a", 1, PATIENT);
            var second = other.start(async);
            await(() -> TestServer.calls(hanging.info("commandstats"), "evalsha"), 3);
            long pid = hanging.pid();
            TestServer.signal("STOP", pid);
            try {
                assertThat(body(second)).isEqualTo("soon");
                gate.countDown();
                assertThat(body(first)).isEqualTo("late");
            } finally {
                TestServer.signal("CONT", pid);
            }
            assertThat(other.events.troubles()).anyMatch(trouble -> trouble.contains("lease"));
            members.forEach(member -> member.client.close());
            members.clear();
        }
    }

    @Test
    void aRedisThatIsNotThereCostsNoMoreThanWithoutLeases() throws Exception {
        origin.on("/a").reply(fresh("1"));
        Member alone = new Member(RedisStorage.builder()
                .uri("redis://127.0.0.1:" + TestServer.freePort())
                .lease(LONG)
                .build());
        assertThat(body(alone.start(false))).isEqualTo("1");
        assertThat(body(alone.start(true))).isEqualTo("1");
        assertThat(alone.events.troubles()).isNotEmpty().noneMatch(trouble -> trouble.contains("lease"));
        alone.events.forgetTroubles();
    }

    @Test
    void whoWaitsCanBeInterrupted() throws Exception {
        origin.on("/a").reply(fresh("1").hold(gate));
        var first = member(LONG).start(false);
        origin.awaitRequests("/a", 1, PATIENT);
        Member other = member(LONG);
        AtomicReference<Thread> where = new AtomicReference<>();
        var second = other.startBlocking(where);
        awaitAsked(2);
        where.get().interrupt();
        assertThatThrownBy(() -> body(second))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(InterruptedException.class);
        var third = other.start(false);
        gate.countDown();
        assertThat(body(first)).isEqualTo("1");
        assertThat(body(third)).isEqualTo("1");
        assertThat(origin.count("/a")).isEqualTo(1);
    }

    @Test
    void whoWaitsCanBeCancelled() throws Exception {
        origin.on("/a").reply(fresh("1").hold(gate));
        var first = member(LONG).start(true);
        origin.awaitRequests("/a", 1, PATIENT);
        Member other = member(LONG);
        var second = other.start(true);
        var third = other.start(true);
        awaitAsked(2);
        second.cancel(true);
        awaitAsked(2);
        gate.countDown();
        assertThat(body(first)).isEqualTo("1");
        assertThat(body(third)).isEqualTo("1");
        assertThat(second).isCancelled();
        assertThat(origin.count("/a")).isEqualTo(1);
    }

    // ---- the option

    @Test
    void withoutTheOptionEachProcessAsksAndNoLeaseIsAskedFor() throws Exception {
        origin.on("/a").reply(fresh("1").hold(gate));
        Member one = new Member(builder(server).timeout(PATIENT).build());
        Member other = new Member(builder(server).timeout(PATIENT).build());
        server.with(redis -> redis.configResetstat());
        var first = one.start(false);
        var second = other.start(false);
        origin.awaitRequests("/a", 2, PATIENT);
        String stats = server.info("commandstats");
        assertThat(TestServer.calls(stats, "hgetall")).isEqualTo(2);
        assertThat(TestServer.calls(stats, "evalsha") + TestServer.calls(stats, "eval"))
                .isZero();
        gate.countDown();
        assertThat(body(first)).isEqualTo("1");
        assertThat(body(second)).isEqualTo("1");
    }

    @Test
    void aHitIsStillOneCommand() throws Exception {
        origin.on("/a").reply(fresh("1"));
        Member one = member(LONG);
        assertThat(body(one.start(false))).isEqualTo("1");
        await(() -> leaseKeys().isEmpty() ? 1 : 0, 1);
        server.with(redis -> redis.configResetstat());
        assertThat(body(one.start(false))).isEqualTo("1");
        String stats = server.info("commandstats");
        assertThat(TestServer.calls(stats, "hgetall")).isEqualTo(1);
        assertThat(TestServer.calls(stats, "evalsha") + TestServer.calls(stats, "eval"))
                .isZero();
    }

    @Test
    void aLeaseIsOneProcessesUntilItIsReleased() throws Exception {
        try (RedisStorage one = builder(server).timeout(PATIENT).lease(LONG).build();
                RedisStorage other =
                        builder(server).timeout(PATIENT).lease(LONG).build();
                RedisStorage without = builder(server).build()) {
            assertThat(one.leases()).isTrue();
            Lease lease = one.lease("key");
            assertThat(lease.isGranted()).isTrue();
            Lease theirs = other.lease("key");
            assertThat(theirs.isGranted()).isFalse();
            assertThat(theirs.holder()).isEqualTo(lease.holder());
            assertThat(theirs.millisLeft()).isBetween(1L, LONG.toMillis());
            theirs.release();
            assertThat(one.lease("key").isGranted()).isFalse();
            assertThat(one.lease("another").isGranted()).isTrue();
            lease.release();
            await(() -> leaseKeys().size() == 1 ? 1 : 0, 1);
            Lease next = other.lease("key");
            assertThat(next.isGranted()).isTrue();
            lease.release();
            assertThat(one.lease("key").holder()).isEqualTo(next.holder());

            assertThat(without.leases()).isFalse();
            assertThatThrownBy(() -> without.lease("key")).isInstanceOf(UnsupportedOperationException.class);
            assertThatThrownBy(() -> builder(server).lease(Duration.ZERO))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("lease must be at least a millisecond");
        } finally {
            server.with(redis -> redis.flushall());
        }
    }

    // ---- processes

    @Test
    void fourProcessesOf250RequestsMakeOneOriginRequest() throws Exception {
        origin.on("/a").reply(fresh("1").hold(gate));
        List<Child> children = new ArrayList<>();
        try {
            for (int i = 0; i < CHILDREN; i++) {
                children.add(new Child(LONG));
            }
            for (Child child : children) {
                child.expect("ready");
            }
            for (Child child : children) {
                child.go();
            }
            for (Child child : children) {
                child.expect("asked");
            }
            awaitAsked(2 * CHILDREN);
            gate.countDown();
            for (Child child : children) {
                child.expect("answered " + EACH);
            }
            assertThat(origin.count("/a")).isEqualTo(1);
        } finally {
            children.forEach(Child::kill);
        }
    }

    @Test
    void aHolderThatIsKilledHoldsUpTheOthersForTheTimeOfItsLease() throws Exception {
        origin.on("/a").replies(fresh("never").hold(gate), fresh("1"));
        Child holder = new Child(Duration.ofSeconds(2));
        try {
            holder.expect("ready");
            holder.go();
            origin.awaitRequests("/a", 1, PATIENT);
        } finally {
            holder.kill();
        }
        assertThat(leaseKeys()).hasSize(1);
        assertThat(body(member(LONG).start(false))).isEqualTo("1");
        assertThat(origin.count("/a")).isEqualTo(2);
    }

    private final class Child {
        private final Process process;
        private final BufferedReader output;

        Child(Duration lease) throws IOException {
            process = new ProcessBuilder(
                            System.getProperty("java.home") + "/bin/java",
                            "-Xmx128m",
                            "-XX:+UseSerialGC",
                            "-XX:TieredStopAtLevel=1",
                            "-cp",
                            System.getProperty("java.class.path"),
                            Asking.class.getName(),
                            server.uri(),
                            namespace,
                            Long.toString(lease.toMillis()),
                            origin.uri("/a").toString(),
                            Long.toString(clock.millis()))
                    .redirectErrorStream(true)
                    .start();
            output = process.inputReader();
        }

        void go() throws IOException {
            process.outputWriter().append("go\n").flush();
        }

        /** Waits for a line; libraries may say something before. */
        void expect(String line) throws IOException {
            List<String> said = new ArrayList<>();
            while (!said.contains(line)) {
                String next = output.readLine();
                assertThat(next).as("after " + said).isNotNull();
                said.add(next);
            }
        }

        void kill() {
            process.destroyForcibly();
        }
    }

    /** Another process: sends many requests at once when told to. */
    static final class Asking {
        private Asking() {}

        public static void main(String[] args) throws Exception {
            InstantSource clock = InstantSource.fixed(Instant.ofEpochMilli(Long.parseLong(args[4])));
            RedisStorage storage = RedisStorage.builder()
                    .uri(args[0])
                    .clock(clock)
                    .namespace(args[1])
                    .lease(Duration.ofMillis(Long.parseLong(args[2])))
                    .timeout(PATIENT)
                    .build();
            // Connects, and makes the server know the scripts.
            storage.lease("warm").release();
            HttpCache cache = HttpCache.builder().storage(storage).clock(clock).build();
            try (CacheClient client = CacheClient.newBuilder().cache(cache).build()) {
                System.out.println("ready");
                if (System.in.read() < 0) {
                    return;
                }
                HttpRequest request = HttpRequest.newBuilder(URI.create(args[3]))
                        .version(HttpClient.Version.HTTP_1_1)
                        .build();
                List<CompletableFuture<HttpResponse<String>>> responses = new ArrayList<>();
                for (int i = 0; i < EACH; i++) {
                    responses.add(client.sendAsync(request, BodyHandlers.ofString()));
                }
                System.out.println("asked");
                int answered = 0;
                for (var response : responses) {
                    answered += response.get().body().equals("1") ? 1 : 0;
                }
                System.out.println("answered " + answered);
            }
            System.exit(0);
        }
    }
}
