package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.HttpCache;
import dev.larder.policy.CacheControls;
import dev.larder.policy.CachePolicy;
import dev.larder.testkit.CacheEvents;
import dev.larder.testkit.ManualClock;
import dev.larder.testkit.Reply;
import dev.larder.testkit.ScriptedOrigin;
import dev.larder.testkit.WatchedStorage;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The vocabulary of scenarios: an origin, a clock, a client with a cache. Each scenario is written once and runs in every
 * {@link Way}. After each one the things are checked that it did not ask about: nothing is left open, no temporary file
 * is left behind, nothing went wrong unnoticed, and the statistics add up.
 */
@ParameterizedClass(name = "{0}")
@EnumSource(Way.class)
@Timeout(60)
abstract class CacheScenario {
    /** One for all scenarios: its threads are the costly part, and every scenario has an origin of its own. */
    static final HttpClient PLAIN =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @Parameter
    Way way;

    @TempDir
    Path directory;

    final ManualClock clock = new ManualClock();
    final CacheEvents events = new CacheEvents();
    ScriptedOrigin origin;
    WatchedStorage storage;
    HttpCache cache;
    CacheClient client;

    @BeforeEach
    void open() throws IOException {
        origin = ScriptedOrigin.start(clock);
        storage = new WatchedStorage(way.storage(directory, clock));
        policy(policy());
    }

    @AfterEach
    void leavesNothingBehind() throws Exception {
        try {
            assertThat(storage.awaitAllClosed()).as("open readers and writers").isZero();
            assertThat(events.troubles()).as("troubles nobody asked for").isEmpty();
            assertThat(cache.statistics().requests()).as("statistics").isEqualTo(events.answered());
        } finally {
            client.close();
            origin.close();
        }
        assertThat(temporaryFiles()).isEmpty();
    }

    private List<Path> temporaryFiles() throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> file.getParent().endsWith("tmp"))
                    .toList();
        }
    }

    // Setting the scene.

    /**
     * The default policy in the mode of this way. A scenario that is about private or about shared caches alone says so with
     * {@link #privateCache} or {@link #sharedCache}.
     */
    final CachePolicy.Builder policy() {
        return way.policy();
    }

    /** The same storage, clock and origin under this policy, which replaces an earlier one. */
    final void policy(CachePolicy.Builder policy) {
        cache = HttpCache.builder()
                .storage(storage)
                .policy(policy.build())
                .listener(events)
                .clock(clock)
                .build();
        client = around(PLAIN);
        events.answered(0);
    }

    final void privateCache() {
        policy(CachePolicy.privateCache());
    }

    final void sharedCache() {
        policy(CachePolicy.sharedCache());
    }

    final CacheClient around(HttpClient plain) {
        return CacheClient.newBuilder().client(plain).cache(cache).build();
    }

    final void advance(long seconds) {
        clock.advance(Duration.ofSeconds(seconds));
    }

    /** What the origin answers at a path from now on. */
    final void given(String path, Reply first, Reply... more) {
        origin.on(path).replies(first, more);
    }

    static Reply ok(String body, String... namesAndValues) {
        Reply reply = Reply.ok(body);
        for (int i = 0; i < namesAndValues.length; i += 2) {
            reply = reply.field(namesAndValues[i], namesAndValues[i + 1]);
        }
        return reply;
    }

    static Reply fresh(String body, int seconds) {
        return ok(body, "Cache-Control", "max-age=" + seconds);
    }

    // Acting.

    final Exchange get(String path, String... namesAndValues) throws IOException, InterruptedException {
        return send("GET", path, namesAndValues);
    }

    final Exchange head(String path, String... namesAndValues) throws IOException, InterruptedException {
        return send("HEAD", path, namesAndValues);
    }

    final Exchange send(String method, String path, String... namesAndValues) throws IOException, InterruptedException {
        return send(request(method, path, namesAndValues));
    }

    final Exchange post(String path, String content, String... namesAndValues)
            throws IOException, InterruptedException {
        return send(withContent(request("POST", path, namesAndValues), content));
    }

    final Exchange get(CacheControls controls, String path, String... namesAndValues)
            throws IOException, InterruptedException {
        return send(CacheClient.with(request("GET", path, namesAndValues), controls));
    }

    final Exchange send(HttpRequest request) throws IOException, InterruptedException {
        return new Exchange(way.send(client, request, BodyHandlers.ofString()));
    }

    final HttpRequest request(String method, String path, String... namesAndValues) {
        HttpRequest.Builder request = HttpRequest.newBuilder(origin.uri(path));
        if (!method.equals("GET")) {
            request.method(method, BodyPublishers.noBody());
        }
        for (int i = 0; i < namesAndValues.length; i += 2) {
            request.header(namesAndValues[i], namesAndValues[i + 1]);
        }
        return request.build();
    }

    static HttpRequest withContent(HttpRequest request, String content) {
        return HttpRequest.newBuilder(request, (name, value) -> true)
                .method(request.method(), BodyPublishers.ofString(content))
                .build();
    }

    // Asserting.

    /** How many requests the origin has had for a path so far. */
    final void assertAsked(int times, String path) {
        assertThat(origin.count(path)).as("requests for " + path).isEqualTo(times);
    }

    /** A field of the last request that the origin had for a path; null when it was not sent. */
    final String lastAsked(String path, String name) {
        var requests = origin.requests(path);
        return requests.get(requests.size() - 1).first(name);
    }
}
