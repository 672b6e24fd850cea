package dev.larder.cli;

import dev.larder.CacheInfo;
import dev.larder.HttpCache;
import dev.larder.cli.DemoRow.Expected;
import dev.larder.client.jdk.CacheClient;
import dev.larder.engine.CacheResult;
import dev.larder.policy.CacheControls;
import dev.larder.policy.CachePolicy;
import dev.larder.rules.Reason;
import dev.larder.storage.file.FileStorage;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The scenes of the demo, played with the real client over the real file storage. */
final class Demo implements AutoCloseable {
    private static final int CROWD = 20;
    private static final int WARM_UP_ROUNDS = 20;

    private final Path directory;
    private final DemoClock clock = new DemoClock();
    private final DemoOrigin origin;
    private final CacheClient client;
    private final List<DemoRow> rows = new ArrayList<>();

    Demo(Path directory, DemoOrigin origin) throws IOException {
        this.directory = directory;
        this.origin = origin;
        client = newClient(directory);
    }

    private CacheClient newClient(Path directory) throws IOException {
        HttpCache cache = HttpCache.builder()
                .storage(FileStorage.builder().directory(directory).clock(clock).build())
                .policy(CachePolicy.privateCache().cacheStatus(true).build())
                .clock(clock)
                .build();
        return CacheClient.newBuilder()
                .cache(cache)
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofSeconds(10))
                .build();
    }

    /** Loads classes and opens connections, so that the times shown are those of a program that is under way. */
    void warmUp(Path elsewhere) throws IOException, InterruptedException {
        try (CacheClient other = newClient(elsewhere)) {
            for (int i = 0; i < WARM_UP_ROUNDS; i++) {
                for (String path : List.of("/article", "/greeting", "/account", "/price")) {
                    other.send(request(path, "GET"), HttpResponse.BodyHandlers.ofString());
                }
                other.cache().invalidate(origin.uri("/greeting"));
            }
        }
        client.send(request("/account", "GET"), HttpResponse.BodyHandlers.ofString());
    }

    /** Plays all scenes. */
    List<DemoRow> play() throws IOException, InterruptedException {
        freshness();
        variants();
        failure();
        invalidation();
        secrecy();
        crowd();
        absence();
        return rows;
    }

    private void freshness() throws IOException, InterruptedException {
        row("first time", "/article", hit(CacheResult.MISS, Reason.URI_MISS, 1, "article"));
        row("again", "/article", hit(CacheResult.HIT, Reason.FRESH, 0, "article"));
        try (CacheClient another = newClient(directory)) {
            HttpRequest request = request("/article", "GET");
            rows.add(played(
                    another,
                    "a new client on the same files",
                    request,
                    hit(CacheResult.HIT, Reason.FRESH, 0, "article")));
        }
        HttpRequest conditional = request("/article", "GET", "If-None-Match", "\"edition-1\"");
        rows.add(played(client, "with a condition of the caller's own", conditional, notModified()));
        clock.advance(Duration.ofSeconds(61));
        row("61 s later, now stale", "/article", hit(CacheResult.REVALIDATED, Reason.VALIDATED, 1, "article"));
        row("fresh again", "/article", hit(CacheResult.HIT, Reason.FRESH, 0, "article"));
    }

    private static Expected notModified() {
        return new Expected(CacheResult.HIT, Reason.CONDITION_NOT_MODIFIED, 0, 304, "");
    }

    private void variants() throws IOException, InterruptedException {
        greeting("Vary: English", "en", hit(CacheResult.MISS, Reason.URI_MISS, 1, "hello"));
        greeting("Vary: French is another variant", "fr", hit(CacheResult.MISS, Reason.VARY_MISS, 1, "bonjour"));
        greeting("both are kept", "en", hit(CacheResult.HIT, Reason.FRESH, 0, "hello"));
        greeting("both are kept", "fr", hit(CacheResult.HIT, Reason.FRESH, 0, "bonjour"));
    }

    private void greeting(String what, String language, Expected expected) throws IOException, InterruptedException {
        HttpRequest request = request("/greeting", "GET", "Accept-Language", language);
        rows.add(played(client, what, request, expected));
    }

    private void failure() throws IOException, InterruptedException {
        row("with stale-if-error", "/price", hit(CacheResult.MISS, Reason.URI_MISS, 1, "42 EUR"));
        clock.advance(Duration.ofSeconds(11));
        origin.failing(true);
        row("stale, and the origin fails", "/price", hit(CacheResult.STALE, Reason.STALE_IF_ERROR, 1, "42 EUR"));
        origin.failing(false);
    }

    private void invalidation() throws IOException, InterruptedException {
        row("first time", "/comments", hit(CacheResult.MISS, Reason.URI_MISS, 1, "1 comments"));
        row("again", "/comments", hit(CacheResult.HIT, Reason.FRESH, 0, "1 comments"));
        HttpRequest post = request("/comments", "POST");
        Expected posted = new Expected(CacheResult.MISS, Reason.INVALIDATED, 1, 201, "posted");
        rows.add(played(client, "an unsafe method", post, posted));
        row("so it is fetched anew", "/comments", hit(CacheResult.MISS, Reason.URI_MISS, 1, "2 comments"));
    }

    private void secrecy() throws IOException, InterruptedException {
        row("no-store", "/account", hit(CacheResult.MISS, Reason.NO_STORE, 1, "your balance"));
        row("no-store: never kept", "/account", hit(CacheResult.MISS, Reason.URI_MISS, 1, "your balance"));
    }

    private void crowd() throws IOException, InterruptedException {
        int before = origin.requests();
        long start = System.nanoTime();
        List<CompletableFuture<HttpResponse<String>>> crowd = new ArrayList<>();
        for (int i = 0; i < CROWD; i++) {
            crowd.add(client.sendAsync(request("/report", "GET"), HttpResponse.BodyHandlers.ofString()));
        }
        origin.releaseReport();
        List<HttpResponse<String>> responses = await(crowd);
        long nanos = System.nanoTime() - start;
        int asked = origin.requests() - before;
        List<String> problems = new ArrayList<>();
        if (asked != 1) {
            problems.add("origin requests should be 1 and was " + asked);
        }
        HttpResponse<String> shown = responses.get(0);
        for (HttpResponse<String> response : responses) {
            if (!response.body().equals("report")) {
                problems.add("body should be report and was " + response.body());
            }
            shown = CacheInfo.of(response).collapsed() ? response : shown;
        }
        rows.add(new DemoRow(
                CROWD + " clients at once",
                CROWD + " x GET /report",
                "1 miss, " + (CROWD - 1) + " hits",
                String.join(", ", shown.headers().allValues("Cache-Status")),
                asked,
                nanos,
                Reason.COLLAPSED.toString(),
                List.copyOf(problems)));
    }

    private static List<HttpResponse<String>> await(List<CompletableFuture<HttpResponse<String>>> crowd)
            throws IOException, InterruptedException {
        List<HttpResponse<String>> responses = new ArrayList<>();
        for (CompletableFuture<HttpResponse<String>> one : crowd) {
            try {
                responses.add(one.get(30, TimeUnit.SECONDS));
            } catch (ExecutionException | TimeoutException e) {
                throw new IOException("a concurrent request did not end well: " + e, e);
            }
        }
        return responses;
    }

    /** Last, because it is the end of the origin. */
    private void absence() throws IOException, InterruptedException {
        origin.close();
        row("the origin is gone", "/comments", hit(CacheResult.HIT, Reason.FRESH, 0, "2 comments"));
    }

    private static Expected hit(CacheResult result, Reason reason, int originRequests, String body) {
        return new Expected(result, reason, originRequests, 200, body);
    }

    private void row(String what, String path, Expected expected) throws IOException, InterruptedException {
        rows.add(played(client, what, request(path, "GET"), expected));
    }

    private DemoRow played(CacheClient by, String what, HttpRequest request, Expected expected)
            throws IOException, InterruptedException {
        int before = origin.requests();
        HttpRequest traced = CacheClient.with(request, CacheControls.NONE.withTrace());
        long start = System.nanoTime();
        HttpResponse<String> response = by.send(traced, HttpResponse.BodyHandlers.ofString());
        long nanos = System.nanoTime() - start;
        return DemoRow.of(what, describe(request), response, origin.requests() - before, nanos, expected);
    }

    private static String describe(HttpRequest request) {
        StringBuilder text =
                new StringBuilder(request.method() + " " + request.uri().getPath());
        request.headers()
                .map()
                .forEach((name, values) ->
                        text.append(" ").append(name).append(": ").append(values.get(0)));
        return text.toString();
    }

    private HttpRequest request(String path, String method, String... fields) {
        HttpRequest.Builder request = HttpRequest.newBuilder(origin.uri(path))
                .timeout(Duration.ofSeconds(30))
                .method(method, HttpRequest.BodyPublishers.noBody());
        for (int i = 0; i < fields.length; i += 2) {
            request.header(fields[i], fields[i + 1]);
        }
        return request.build();
    }

    @Override
    public void close() {
        client.close();
    }
}
