package dev.larder.integration.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.CacheInfo;
import dev.larder.CacheStatistics;
import dev.larder.HttpCache;
import dev.larder.client.jdk.CacheClient;
import dev.larder.engine.CacheResult;
import dev.larder.policy.CacheControls;
import dev.larder.policy.CachePolicy;
import dev.larder.storage.Storage;
import dev.larder.storage.file.FileStorage;
import dev.larder.storage.memory.InMemoryStorage;
import dev.larder.testkit.ManualClock;
import dev.larder.testkit.Reply;
import dev.larder.testkit.ScriptedOrigin;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What meters say is what happened. */
@Timeout(60)
final class LarderMetricsTest {
    /** In every URL, and so in every key: no meter may show it. */
    private static final String CANARY = "canary-7f3a";

    private final ManualClock clock = new ManualClock();
    private final MeterRegistry registry = new SimpleMeterRegistry();
    private final ScriptedOrigin origin = ScriptedOrigin.start(clock);

    @TempDir
    Path directory;

    @AfterEach
    void close() {
        origin.close();
    }

    private HttpCache cache(Storage storage) {
        return HttpCache.builder()
                .storage(storage)
                .clock(clock)
                .policy(CachePolicy.privateCache()
                        .staleIfError(Duration.ofDays(1000))
                        .build())
                .build();
    }

    private static CacheClient client(HttpCache cache) {
        return CacheClient.newBuilder()
                .cache(cache)
                .version(HttpClient.Version.HTTP_1_1)
                .build();
    }

    private HttpRequest.Builder to(String path) {
        return HttpRequest.newBuilder(origin.uri(path + "?token=" + CANARY));
    }

    private static CacheResult resultOf(CacheClient client, HttpRequest request) throws Exception {
        HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
        return CacheInfo.of(response).status();
    }

    private double count(String meter, String... tags) {
        FunctionCounter counter = registry.find(meter).tags(tags).functionCounter();
        return counter != null
                ? counter.count()
                : registry.get(meter).tags(tags).counter().count();
    }

    private double requests(String result) {
        return count("larder.requests", "result", result, "cache", "api");
    }

    /** What has to happen, worked out without a cache: a set of what is stored, and when it was. */
    private final class Model {
        final Map<CacheResult, Integer> results = new EnumMap<>(CacheResult.class);
        final Map<String, Integer> storedAt = new HashMap<>();
        final Set<String> validated = new HashSet<>();
        int stored;
        int freshened;
        int invalidated;
        int failed;

        void count(CacheResult result) {
            results.merge(result, 1, Integer::sum);
        }

        int of(CacheResult result) {
            return results.getOrDefault(result, 0);
        }
    }

    @Test
    @DisplayName("counters equal a model over 2000 mixed exchanges, and the results add up to the requests")
    void countersEqualAModel() throws Exception {
        HttpCache cache = LarderMetrics.monitor(
                registry,
                cache(InMemoryStorage.builder().maxEntries(1000).clock(clock).build()),
                "api",
                "region",
                "eu");
        boolean[] down = {false};
        origin.otherwise(request -> {
            String path = request.path();
            if (path.startsWith("/fresh")) {
                return Reply.ok("fresh").field("Cache-Control", "max-age=1000000");
            } else if (path.startsWith("/validated")) {
                return Reply.conditional("\"1\"", "validated", "Cache-Control", "no-cache");
            } else if (path.startsWith("/short")) {
                return down[0] ? Reply.status(503) : Reply.ok("short").field("Cache-Control", "max-age=10");
            } else if (path.startsWith("/never")) {
                return Reply.ok("never").field("Cache-Control", "no-store");
            }
            return Reply.dropConnection();
        });
        Random random = new Random(9111);
        Model model = new Model();
        int now = 0;
        CacheClient client = client(cache);
        for (int i = 0; i < 2000; i++) {
            int n = random.nextInt(20);
            switch (random.nextInt(7)) {
                case 0, 1 -> {
                    boolean known = model.storedAt.putIfAbsent("/fresh" + n, now) != null;
                    model.count(known ? CacheResult.HIT : CacheResult.MISS);
                    model.stored += known ? 0 : 1;
                    assertThat(resultOf(client, to("/fresh" + n).build()))
                            .isEqualTo(known ? CacheResult.HIT : CacheResult.MISS);
                }
                case 2 -> {
                    boolean known = !model.validated.add("/validated" + n);
                    model.count(known ? CacheResult.REVALIDATED : CacheResult.MISS);
                    model.stored += known ? 0 : 1;
                    model.freshened += known ? 1 : 0;
                    resultOf(client, to("/validated" + n).build());
                }
                case 3 -> {
                    down[0] = random.nextBoolean();
                    Integer at = model.storedAt.get("/short" + n);
                    if (at != null && now - at < 10) {
                        model.count(CacheResult.HIT);
                    } else if (down[0] && at != null) {
                        model.count(CacheResult.STALE);
                    } else {
                        model.count(CacheResult.MISS);
                        if (!down[0]) {
                            model.stored++;
                            model.storedAt.put("/short" + n, now);
                        }
                    }
                    resultOf(client, to("/short" + n).build());
                }
                case 4 -> {
                    boolean bypass = random.nextBoolean();
                    model.count(bypass ? CacheResult.BYPASSED : CacheResult.MISS);
                    HttpRequest never = to("/never").build();
                    resultOf(client, bypass ? CacheClient.with(never, CacheControls.NONE.withBypass()) : never);
                }
                case 5 -> {
                    model.count(CacheResult.MISS);
                    model.invalidated += model.storedAt.remove("/fresh" + n) != null ? 1 : 0;
                    resultOf(
                            client,
                            to("/fresh" + n).POST(BodyPublishers.noBody()).build());
                }
                default -> {
                    if (random.nextInt(10) == 0) {
                        model.failed++;
                        HttpRequest lost = to("/lost").build();
                        assertThatThrownBy(() -> resultOf(client, lost)).isInstanceOf(IOException.class);
                    } else {
                        now += 1;
                        clock.advance(Duration.ofSeconds(1));
                    }
                }
            }
        }

        assertThat(requests("hit")).isEqualTo(model.of(CacheResult.HIT)).isPositive();
        assertThat(requests("miss")).isEqualTo(model.of(CacheResult.MISS)).isPositive();
        assertThat(requests("revalidated"))
                .isEqualTo(model.of(CacheResult.REVALIDATED))
                .isPositive();
        assertThat(requests("stale")).isEqualTo(model.of(CacheResult.STALE)).isPositive();
        assertThat(requests("bypassed"))
                .isEqualTo(model.of(CacheResult.BYPASSED))
                .isPositive();
        assertThat(count("cache.gets", "result", "hit"))
                .isEqualTo(model.of(CacheResult.HIT) + model.of(CacheResult.REVALIDATED) + model.of(CacheResult.STALE));
        assertThat(count("cache.gets", "result", "miss")).isEqualTo(model.of(CacheResult.MISS));
        assertThat(count("cache.puts")).isEqualTo(model.stored).isPositive();
        assertThat(count("larder.entries.freshened")).isEqualTo(model.freshened).isPositive();
        assertThat(count("larder.entries.invalidated"))
                .isEqualTo(model.invalidated)
                .isPositive();
        assertThat(count("larder.requests.failed")).isEqualTo(model.failed).isPositive();
        assertThat(count("larder.entries.abandoned")).isZero();
        assertThat(count("larder.requests.collapsed")).isZero();
        assertThat(count("larder.storage.failures")).isZero();
        assertThat(count("cache.evictions")).isZero();
        assertThat(registry.get("cache.size").gauge().value())
                .isEqualTo(model.storedAt.size() + model.validated.size());
        assertThat(registry.get("larder.storage.size").gauge().value()).isPositive();
        assertThat(registry.get("larder.storage.limit.entries").gauge().value()).isEqualTo(1000);
        assertThat(registry.get("larder.storage.limit").gauge().value()).isNaN();

        double all =
                requests("hit") + requests("miss") + requests("revalidated") + requests("stale") + requests("bypassed");
        assertThat(all).isEqualTo(cache.statistics().requests());
        assertNoUrls();
        client.close();
    }

    private void assertNoUrls() {
        for (Meter meter : registry.getMeters()) {
            assertThat(meter.getId().getTags())
                    .as(meter.getId().getName())
                    .extracting(Tag::getKey)
                    .isSubsetOf("cache", "region", "result", "operation", "outcome");
            assertThat(meter.getId().toString()).doesNotContain(CANARY, "127.0.0.1", "localhost", "http");
        }
    }

    @Test
    @DisplayName("evictions, bodies that break off and storage failures are counted")
    void rareEvents() throws Exception {
        HttpCache cache =
                cache(InMemoryStorage.builder().maxEntries(3).clock(clock).build());
        LarderMetrics.monitor(registry, cache, "small");
        LarderMetrics.monitor(registry, cache, "small");
        origin.otherwise(request -> Reply.ok("x").field("Cache-Control", "max-age=100"));
        origin.on("/short")
                .reply(Reply.ok("broken".repeat(10_000))
                        .field("Cache-Control", "max-age=100")
                        .cutAfter(30_000));
        try (CacheClient client = client(cache)) {
            for (int i = 0; i < 10; i++) {
                resultOf(client, to("/" + i).build());
            }
            assertThatThrownBy(() -> resultOf(client, to("/short").build())).isInstanceOf(IOException.class);
            assertThat(count("cache.evictions"))
                    .as("once for each, though bound twice")
                    .isEqualTo(cache.storageStatistics().evictions())
                    .isEqualTo(7);
        }
        assertThat(count("larder.entries.abandoned")).isEqualTo(1);
    }

    @Test
    @DisplayName("a damaged file is counted as corrupt")
    void corruption() throws Exception {
        origin.on("/a").reply(Reply.ok("x".repeat(50_000)).field("Cache-Control", "max-age=100"));
        try (CacheClient client = client(
                cache(FileStorage.builder().directory(directory).clock(clock).build()))) {
            resultOf(client, to("/a").build());
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.filter(Files::isRegularFile)
                    .filter(file -> file.toFile().length() > 50_000)
                    .toList()) {
                byte[] bytes = Files.readAllBytes(file);
                bytes[60] ^= 1;
                Files.write(file, bytes);
            }
        }
        HttpCache cache =
                cache(FileStorage.builder().directory(directory).clock(clock).build());
        LarderMetrics.monitor(registry, cache, "files");
        try (CacheClient client = client(cache)) {
            assertThat(resultOf(client, to("/a").build())).isEqualTo(CacheResult.MISS);
        }
        assertThat(count("larder.storage.corrupt")).isEqualTo(1);
    }

    @Test
    @DisplayName("operations of a storage that waits are timed, of blocking and of asynchronous requests")
    void timers() throws Exception {
        Storage files = FileStorage.builder().directory(directory).clock(clock).build();
        HttpCache cache = cache(LarderMetrics.timed(registry, files, "files", "region", "eu"));
        origin.on("/a")
                .reply(Reply.ok("x".repeat(200_000)).field("ETag", "\"1\"").field("Cache-Control", "max-age=10"));
        origin.on("/b").reply(Reply.conditional("\"1\"", "b", "Cache-Control", "no-cache"));
        try (CacheClient client = client(cache)) {
            resultOf(client, to("/a").build());
            resultOf(client, to("/a").build());
            resultOf(client, to("/b").build());
            client.sendAsync(to("/b").build(), BodyHandlers.ofString()).join();
            client.sendAsync(to("/a").build(), BodyHandlers.ofString()).join();
            cache.invalidate(origin.uri("/a?token=" + CANARY));
            cache.clear();
        }
        assertThat(timer("lookup").count()).isEqualTo(5);
        assertThat(timer("create").count()).isEqualTo(2);
        assertThat(timer("commit").count()).isEqualTo(2);
        assertThat(timer("freshen").count()).isEqualTo(1);
        assertThat(timer("remove-key").count()).isPositive();
        assertThat(timer("clear").count()).isEqualTo(1);
        assertThat(timer("open").count()).isPositive();
        assertThat(timer("read").count()).isPositive();
        assertThat(timer("write").count()).isGreaterThanOrEqualTo(2);
        assertThat(timer("commit").totalTime(TimeUnit.NANOSECONDS)).isPositive();
        assertNoUrls();
    }

    private Timer timer(String operation) {
        return registry.get("larder.storage.operations")
                .tags("cache", "files", "operation", operation, "outcome", "success")
                .timer();
    }

    @Test
    @DisplayName("a storage that never waits is not timed")
    void memoryIsNotTimed() {
        Storage memory = InMemoryStorage.create();
        assertThat(LarderMetrics.timed(registry, memory, "memory")).isSameAs(memory);
        assertThat(registry.getMeters()).isEmpty();
    }

    @Test
    @DisplayName("a failed operation is timed as a failure, and does not fail the request or the scrape")
    void failures() throws Exception {
        Storage files = FileStorage.builder().directory(directory).clock(clock).build();
        Storage failing = new FailingStorage(files);
        HttpCache cache = cache(LarderMetrics.timed(registry, failing, "files"));
        LarderMetrics.monitor(registry, cache, "files");
        origin.on("/a").reply(Reply.ok("a").field("Cache-Control", "max-age=10"));
        try (CacheClient client = client(cache)) {
            assertThat(resultOf(client, to("/a").build())).isEqualTo(CacheResult.MISS);
        }
        assertThat(registry.get("larder.storage.operations")
                        .tags("operation", "lookup", "outcome", "failure")
                        .timer()
                        .count())
                .isEqualTo(1);
        assertThat(count("larder.storage.failures"))
                .isEqualTo(cache.statistics().storageFailures())
                .isPositive();
        assertThat(registry.get("cache.size").gauge().value()).isNaN();
    }

    @Test
    @DisplayName("a registry does not keep a cache alive")
    void weak() throws InterruptedException {
        LarderMetrics.monitor(registry, HttpCache.create(), "forgotten");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (!Double.isNaN(registry.get("cache.size").gauge().value()) && System.nanoTime() < deadline) {
            System.gc();
            Thread.onSpinWait();
        }
        assertThat(registry.get("cache.size").gauge().value()).isNaN();
    }

    @Test
    @DisplayName("the binder binds as other binders do")
    void binder() {
        HttpCache cache = HttpCache.create();
        new LarderMetrics(cache, "bound", Tags.empty()).bindTo(registry);
        CacheStatistics statistics = cache.statistics();
        assertThat(count("cache.puts", "cache", "bound")).isEqualTo(statistics.stored());
    }

    @Test
    @DisplayName("the enclosing observation is told how the request was answered")
    void observations() throws Exception {
        List<String> events = new ArrayList<>();
        ObservationRegistry observations = ObservationRegistry.create();
        observations.observationConfig().observationHandler(new ObservationHandler<Observation.Context>() {
            @Override
            public void onEvent(Observation.Event event, Observation.Context context) {
                events.add(context.getName() + " " + event.getName() + " " + event.getContextualName());
            }

            @Override
            public boolean supportsContext(Observation.Context context) {
                return true;
            }
        });
        HttpCache cache = LarderObservations.observe(observations, cache(InMemoryStorage.create()), "api");
        origin.on("/a").reply(Reply.ok("a").field("Cache-Control", "max-age=10"));
        try (CacheClient client = client(cache)) {
            Observation.createNotStarted("job", observations).observeChecked(() -> {
                resultOf(client, to("/a").build());
                return resultOf(client, to("/a").build());
            });
            resultOf(client, to("/a").build());
        }
        assertThat(events).containsExactly("job larder.miss miss in cache api", "job larder.hit hit in cache api");
    }
}
