package dev.larder.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.CacheInfo;
import dev.larder.HttpCache;
import dev.larder.client.Redirection;
import dev.larder.engine.CacheResult;
import dev.larder.http.HttpFields;
import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;
import dev.larder.http.TargetUri;
import dev.larder.policy.CacheControls;
import dev.larder.policy.CachePolicy;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.EntryIds;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.Storage;
import dev.larder.storage.StoredEntry;
import dev.larder.storage.file.FileStorage;
import dev.larder.storage.memory.InMemoryStorage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.ArgumentsProvider;
import org.junit.jupiter.params.provider.ArgumentsSource;
import org.junit.jupiter.params.support.ParameterDeclarations;

/**
 * What every client adapter has to do, as tests over real sockets. Whoever writes an adapter extends this class, says in
 * {@link #open} how a client is made, with Larder and without, and runs it; every test runs in each {@link Setting}.
 *
 * <pre>{@code
 * class MyClientTest extends ClientContract {
 *     @Override
 *     protected TestClient open(ClientSetup setup) {
 *         MyClient client = MyClient.builder().tls(setup.tls()).followRedirects(setup.followRedirects()) … ;
 *         setup.cache().ifPresent(cache -> Larder.install(client, cache));
 *         return request -> TestCall.onThread(() -> toResponse(client.send(toRequest(request))));
 *     }
 * }
 * }</pre>
 *
 * <p>What a client cannot do by itself it says in one of the methods below; the suite then checks that it really cannot,
 * with and without Larder. No test is skipped.
 *
 * <p>The suite's HTTP/2 origin needs {@code mockwebserver3} and {@code okhttp-tls} on the class path.
 */
@ParameterizedClass(name = "{0}")
@ArgumentsSource(ClientContract.Settings.class)
@Timeout(120)
public abstract class ClientContract {
    /** What a run of the suite keeps responses in, and how it talks to the origin. */
    public enum Setting {
        /** In memory, HTTP/1.1. */
        MEMORY,
        /** In files, HTTP/1.1. */
        FILE,
        /** In {@link ClientContract#otherStorage}, HTTP/1.1. */
        OTHER,
        /** In memory, over TLS, with HTTP/2 if the client speaks it. */
        HTTP2
    }

    /** Runs a subclass in some settings only, for one that differs from another subclass in these alone. */
    @Target(ElementType.TYPE)
    @Retention(RetentionPolicy.RUNTIME)
    public @interface Only {
        /** In which. */
        Setting[] value();
    }

    static final class Settings implements ArgumentsProvider {
        @Override
        public Stream<Arguments> provideArguments(ParameterDeclarations parameters, ExtensionContext context) {
            Only only = context.getRequiredTestClass().getAnnotation(Only.class);
            return Stream.of(only == null ? Setting.values() : only.value()).map(Arguments::of);
        }
    }

    private static final Duration SOON = Duration.ofSeconds(20);
    /** Twice the heap it has to pass through. */
    private static final long LARGE_MEBIBYTES = Long.getLong("larder.test.bigBody", 128);

    private static final CacheControls NONE = CacheControls.NONE;

    @Parameter
    Setting setting = Setting.MEMORY;

    @TempDir
    Path directory;

    private final ManualClock clock = new ManualClock();
    private final CacheEvents events = new CacheEvents();
    private final List<CountDownLatch> gates = new ArrayList<>();
    private final List<TestClient> clients = new ArrayList<>();
    private Site origin;
    private Site other;
    private WatchedStorage storage;
    /** Whether the storage hands out what is being written, so that followers need not wait for all of it. */
    private boolean readsBack;

    private HttpCache cache;
    private TestClient client;

    /** For subclasses. */
    protected ClientContract() {}

    /**
     * Makes a client. Called several times in a test; what is costly and knows nothing of the cache, such as threads and
     * connections, may be shared between those of equal settings. The suite closes it.
     */
    protected abstract TestClient open(ClientSetup setup) throws Exception;

    /**
     * The storage for {@link Setting#OTHER}, whichever it is: by default one in memory that cannot read back what is
     * being written, as those far away cannot.
     *
     * @param directory empty
     */
    protected Storage otherStorage(Path directory, ManualClock clock) throws IOException {
        return new NoReadBack(InMemoryStorage.builder().clock(clock).build());
    }

    /** Whether the client speaks HTTP/2 over TLS. */
    protected boolean speaksHttp2() {
        return true;
    }

    /**
     * Whether redirects are followed by the client's own rules, with the cache and without. Else the bare client follows
     * none, and Larder follows them above it by the rules of {@link Redirection}.
     */
    protected boolean redirectsByItsOwnRules() {
        return true;
    }

    /** Whether the cache sees content as it is sent, and not as something below it has decoded it. */
    protected boolean decodesAboveTheCache() {
        return true;
    }

    /** Whether the client has a store for cookies. */
    protected boolean keepsCookies() {
        return true;
    }

    /** Whether the client can be given credentials for an origin that asks for them. */
    protected boolean answersChallenges() {
        return true;
    }

    /** Whether the bare client reports a broken HTTP/2 stream by the same exception each time. */
    protected boolean failsPredictably() {
        return true;
    }

    /** Whether the client hands out a body whose coding it does not know; else it fails. */
    protected boolean passesUnknownCodings() {
        return true;
    }

    /** Whether the client shows its user the trailers of a response. */
    protected boolean seesTrailers() {
        return false;
    }

    /** Whether the client shows its user interim (1xx) responses. */
    protected boolean seesInterimResponses() {
        return false;
    }

    /** Whether an exchange can be given up while its head is awaited. */
    protected boolean cancels() {
        return true;
    }

    /**
     * Whether those who share a response get the rest of it when the one who asked for it first cancels in the middle.
     * Where the client ties a connection to one exchange they do not: they get an error.
     */
    protected boolean cancellingSparesFollowers() {
        return true;
    }

    // ---- what runs around every test

    /** An origin as this setting talks to it. */
    private final class Site implements AutoCloseable {
        private final ScriptedOrigin scripts = ScriptedOrigin.start(clock);
        private final @Nullable SecureOrigin door = setting == Setting.HTTP2 ? SecureOrigin.of(scripts) : null;

        URI uri(String path) {
            return door == null ? scripts.uri(path) : door.uri(path);
        }

        @Override
        public void close() {
            if (door != null) {
                door.close();
            }
            scripts.close();
        }
    }

    @BeforeEach
    void begin() throws Exception {
        origin = new Site();
        other = new Site();
        storage = new WatchedStorage(
                switch (setting) {
                    case MEMORY, HTTP2 ->
                        InMemoryStorage.builder()
                                .maxEntries(10_000)
                                .clock(clock)
                                .build();
                    case FILE ->
                        FileStorage.builder().directory(directory).clock(clock).build();
                    case OTHER -> otherStorage(directory, clock);
                });
        readsBack = handsOutWhatIsWritten();
        policy(CachePolicy.privateCache());
    }

    private boolean handsOutWhatIsWritten() throws IOException {
        long now = clock.millis();
        StoredResponse head = StoredResponse.builder()
                .id(EntryIds.next())
                .key("tried")
                .method("GET")
                .uri(TargetUri.parse("https://example.org/tried"))
                .status(200)
                .fields(HttpFields.of())
                .times(now, now)
                .createdAt(now)
                .build();
        try (EntryWriter writer = storage.create(head)) {
            return writer.readsBack();
        }
    }

    /** What nobody asked about: nothing is left open or half written, nothing failed unseen, and the figures add up. */
    @AfterEach
    void nothingIsLeftBehind() throws Exception {
        gates.forEach(CountDownLatch::countDown);
        try {
            assertThat(storage.awaitAllClosed()).as("open readers and writers").isZero();
            assertThat(events.troubles()).as("troubles nobody asked for").isEmpty();
            assertThat(cache.statistics().requests()).as("statistics").isEqualTo(events.answered());
            assertThat(temporaryFiles()).isEmpty();
        } finally {
            for (TestClient opened : clients) {
                opened.close();
            }
            origin.close();
            other.close();
            cache.close();
        }
    }

    private List<Path> temporaryFiles() throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> directory.relativize(file).toString().contains("tmp"))
                    .toList();
        }
    }

    // ---- the vocabulary

    private void policy(CachePolicy.Builder policy) throws Exception {
        cache = HttpCache.builder()
                .storage(storage)
                .policy(policy.build())
                .listener(events)
                .clock(clock)
                .build();
        events.answered(0);
        client = opened(setup().withCache(cache));
    }

    private ClientSetup setup() {
        return ClientSetup.bare(setting == Setting.HTTP2, SecureOrigin.tls(), SecureOrigin.trust());
    }

    private TestClient opened(ClientSetup setup) throws Exception {
        TestClient made = open(setup);
        clients.add(made);
        return made;
    }

    private TestClient bare() throws Exception {
        return opened(setup());
    }

    private CountDownLatch gate() {
        CountDownLatch gate = new CountDownLatch(1);
        gates.add(gate);
        return gate;
    }

    private void advance(long seconds) {
        clock.advance(Duration.ofSeconds(seconds));
    }

    private void given(String path, Reply first, Reply... more) {
        origin.scripts.on(path).replies(first, more);
    }

    private static Reply ok(String body, String... namesAndValues) {
        Reply reply = Reply.ok(body);
        for (int i = 0; i < namesAndValues.length; i += 2) {
            reply = reply.field(namesAndValues[i], namesAndValues[i + 1]);
        }
        return reply;
    }

    private static Reply fresh(String body, int seconds) {
        return ok(body, "Cache-Control", "max-age=" + seconds);
    }

    private static Reply fresh(GeneratedBody body) {
        return Reply.ok().body(body).field("Cache-Control", "max-age=60");
    }

    private TestRequest request(String method, String path, String... namesAndValues) {
        return TestRequest.of(method, origin.uri(path), namesAndValues);
    }

    private Got get(String path, String... namesAndValues) throws Exception {
        return send(request("GET", path, namesAndValues));
    }

    private Got get(CacheControls controls, String path, String... namesAndValues) throws Exception {
        return send(request("GET", path, namesAndValues).with(controls));
    }

    private Got send(TestRequest request) throws Exception {
        return send(client, request);
    }

    private static Got send(TestClient through, TestRequest request) throws Exception {
        return Got.read(through.start(request).await());
    }

    private void assertAsked(int times, String path) {
        assertThat(origin.scripts.count(path)).as("requests for " + path).isEqualTo(times);
    }

    private @Nullable String lastAsked(String path, String name) {
        List<RecordedRequest> requests = origin.scripts.requests(path);
        return requests.get(requests.size() - 1).first(name);
    }

    private List<StoredEntry> stored() throws IOException {
        List<StoredEntry> all = new ArrayList<>();
        for (Iterator<StoredEntry> entries = cache.entries(); entries.hasNext(); ) {
            all.add(entries.next());
        }
        return all;
    }

    /** Whether the bodies of all that is stored come with the lookup, so that none is opened and read. */
    private boolean bodiesAreAtHand() throws IOException {
        for (StoredEntry entry : stored()) {
            for (StoredEntry found : storage.lookup(entry.stored().key())) {
                if (found.inlineBody() == null) {
                    return false;
                }
            }
        }
        return true;
    }

    /** A response that was read to its end. */
    @SuppressWarnings("ArrayRecordComponent") // Never compared as a whole.
    private record Got(TestResponse response, byte[] content) {
        static Got read(TestResponse response) throws IOException {
            try (InputStream body = response.body()) {
                return new Got(response, body.readAllBytes());
            }
        }

        String body() {
            return new String(content, StandardCharsets.UTF_8);
        }

        CacheInfo info() {
            return ClientContract.info(response);
        }

        Got is(CacheResult result, String body) {
            assertThat(info().status()).as(() -> info().explain()).isEqualTo(result);
            assertThat(body()).as(() -> info().explain()).isEqualTo(body);
            return this;
        }

        Got miss(String body) {
            return is(CacheResult.MISS, body);
        }

        Got hit(String body) {
            return is(CacheResult.HIT, body);
        }

        Got stored() {
            assertThat(info().stored()).as(() -> info().explain()).isTrue();
            return this;
        }

        Got notStored() {
            assertThat(info().stored()).as(() -> info().explain()).isFalse();
            return this;
        }

        Got status(int status) {
            assertThat(response.status()).isEqualTo(status);
            return this;
        }

        Got from(URI uri) {
            assertThat(info().key()).isEqualTo(uri.toString());
            if (response.uri() != null) {
                assertThat(response.uri()).isEqualTo(uri);
            }
            return this;
        }

        Got whole(GeneratedBody body) {
            assertThat(content).hasSize((int) body.length());
            CRC32 sum = new CRC32();
            sum.update(content);
            assertThat(sum.getValue()).as("checksum").isEqualTo(body.crc32());
            return this;
        }

        /** All that a user can see, for comparison. */
        String seen() {
            HttpFields trailers = response.trailers().get();
            return response.uri() + " " + response.version() + " " + response.interim() + " " + response.status()
                    + "\n" + response.fields() + "\n" + new String(content, StandardCharsets.ISO_8859_1) + "\n"
                    + trailers;
        }
    }

    private static CacheInfo info(TestResponse response) {
        return response.info().orElseThrow(() -> new AssertionError("the adapter tells no CacheInfo of its response"));
    }

    /** What was sent, but for the connection it came by. */
    private static String wire(RecordedRequest request) {
        return request.method() + " " + request.target() + " " + request.version() + "\n" + request.fields() + "\n"
                + request.bodyText();
    }

    private static List<String> wires(Site site) {
        return site.scripts.requests().stream().map(ClientContract::wire).toList();
    }

    private static byte[] gzip(String text) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
            gzip.write(text.getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }

    // ---- what is not cached is as if there were no cache

    private List<TestRequest> requestsOfEveryKind() {
        return List.of(
                request("GET", "/a?b=%20c&d=/;e", "Accept", "text/plain", "X-A", "1", "X-A", "2"),
                request("GET", "/a"),
                request("HEAD", "/a"),
                request("OPTIONS", "/a"),
                request("DELETE", "/a", "If-Match", "\"1\""),
                request("GET", "/a", "If-None-Match", "\"1\", W/\"2\"", "if-modified-since", "yesterday"),
                request("GET", "/a", "Range", "bytes=0-1", "Cache-Control", "no-cache"),
                request("GET", "/a", "Accept-Encoding", "identity", "User-Agent", "mine/1"),
                request("GET", "/a", "Cookie", "a=b", "Authorization", "Bearer x"),
                request("POST", "/a", "Content-Type", "text/plain").withContent("content"),
                request("POST", "/a").withContent(""),
                request("PUT", "/a", "Content-Type", "text/plain").withContent("x".repeat(100_000)),
                request("PATCH", "/a", "X-Empty", "").withContent("{}"),
                request("PROPFIND", "/a").withContent("<x/>"));
    }

    @Test
    @DisplayName("a request that is not answered from the cache is sent as the bare client sends it")
    void requestsPassUnchanged() throws Exception {
        origin.scripts.otherwise(request -> ok("x", "Cache-Control", "no-store"));
        TestClient bare = bare();
        for (TestRequest request : requestsOfEveryKind()) {
            origin.scripts.forgetRequests();
            send(bare, request);
            send(request);
            send(request.with(NONE.withBypass()));
            List<String> sent = wires(origin);
            assertThat(sent).hasSize(3);
            assertThat(sent.get(1)).isEqualTo(sent.get(0));
            assertThat(sent.get(2)).as("past the cache").isEqualTo(sent.get(0));
        }
    }

    @Test
    @DisplayName("content that is part of the key is sent as it is")
    void contentInTheKeyPassesUnchanged() throws Exception {
        origin.scripts.otherwise(request -> ok("x", "Cache-Control", "no-store"));
        TestRequest post = request("POST", "/a", "Content-Type", "text/plain").withContent("content");
        send(bare(), post);
        send(post.with(NONE.withBodyInKey()));
        assertThat(wires(origin).get(1)).isEqualTo(wires(origin).get(0));
    }

    private List<Reply> repliesOfEveryKind() throws IOException {
        List<Reply> replies = new ArrayList<>(List.of(
                ok("1", "X-A", "1", "X-B", "2", "x-a", "3", "Set-Cookie", "a=b", "Set-Cookie", "c=d"),
                ok("1", "X-Empty", "", "X-Text", "a \"b\", c;d", "ETag", "W/\"1\""),
                ok("", "Content-Type", "text/plain"),
                ok("1").chunked(),
                ok("12345").chunked(2).trailer("X-Trailer", "t").field("Trailer", "X-Trailer"),
                ok("early").interim(103, "Link", "</style.css>"),
                ok("1", "Content-Encoding", "gzip").body(gzip("zipped ".repeat(100))),
                Reply.status(204).field("X-A", "1"),
                Reply.status(206).body("12").field("Content-Range", "bytes 0-1/10"),
                Reply.status(301).field("Location", "/other"),
                Reply.status(304).field("ETag", "\"1\""),
                Reply.status(404).body("none"),
                Reply.status(410).field("X-A", "1"),
                Reply.status(500).body("broken"),
                ok("1").closeDelimited()));
        if (passesUnknownCodings()) {
            replies.add(ok("1", "Content-Encoding", "x-unknown"));
        }
        return replies;
    }

    @Test
    @DisplayName("what the origin answers is what the bare client returns, whether it is stored or not")
    void responsesPassUnchanged() throws Exception {
        TestClient bare = bare();
        int number = 0;
        for (Reply reply : repliesOfEveryKind()) {
            for (String control : new String[] {"no-store", "max-age=60"}) {
                for (String method : new String[] {"GET", "HEAD", "DELETE"}) {
                    String path = "/" + number++;
                    given(path, reply.field("Cache-Control", control));
                    TestRequest request = request(method, path, "If-None-Match", "\"1\"");
                    Got expected = send(bare, request);
                    assertThat(send(request).seen()).as(method + " " + reply).isEqualTo(expected.seen());
                    assertAsked(2, path);
                }
            }
        }
    }

    @Test
    @DisplayName("trailers and interim responses are there if the client shows any")
    void trailersAndInterimResponses() throws Exception {
        given("/a", ok("12345").chunked(2).trailer("X-Trailer", "t").field("Trailer", "X-Trailer"));
        given("/b", ok("early").interim(103, "Link", "</style.css>"));
        for (TestClient through : List.of(bare(), client)) {
            HttpFields trailers =
                    send(through, request("GET", "/a")).response().trailers().get();
            assertThat(trailers.values("X-Trailer")).isEqualTo(seesTrailers() ? List.of("t") : List.of());
            assertThat(send(through, request("GET", "/b")).response().interim())
                    .isEqualTo(seesInterimResponses() && setting != Setting.HTTP2 ? List.of(103) : List.of());
        }
    }

    @Test
    @DisplayName("a response from the cache is the stored one with its Age")
    void hitsDifferByTheirAge() throws Exception {
        TestClient bare = bare();
        int number = 0;
        for (Reply reply : repliesOfEveryKind()) {
            String path = "/" + number++;
            given(path, reply.field("Cache-Control", "max-age=60"));
            Got expected = send(bare, request("GET", path));
            Got miss = get(path);
            if (!miss.info().stored()) {
                continue;
            }
            advance(7);
            Got hit = get(path);
            assertThat(hit.info().status()).as(() -> hit.info().explain()).isEqualTo(CacheResult.HIT);
            assertThat(hit.response().status()).isEqualTo(expected.response().status());
            assertThat(hit.content()).isEqualTo(expected.content());
            assertThat(endToEnd(hit.response().fields().without("Age")))
                    .isEqualTo(endToEnd(expected.response().fields()));
            assertThat(hit.response().fields().values("Age")).containsExactly("7");
        }
        assertThat(stored()).hasSizeGreaterThan(8);
    }

    /** In the order of their names, without those of the connection (RFC 9110 7.6.1) and of a length that became known. */
    private static List<String> endToEnd(HttpFields fields) {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < fields.size(); i++) {
            String name = fields.name(i).toLowerCase(Locale.ROOT);
            if (!Set.of("connection", "transfer-encoding", "trailer", "content-length")
                    .contains(name)) {
                lines.add(name + ": " + fields.value(i));
            }
        }
        lines.sort(null);
        return lines;
    }

    @Test
    @DisplayName("the protocol is the one that the client speaks")
    void protocol() throws Exception {
        given("/a", fresh("1", 60));
        get("/a").miss("1");
        assertThat(origin.scripts.requests("/a").get(0).version())
                .isEqualTo(setting == Setting.HTTP2 && speaksHttp2() ? "HTTP/2" : "HTTP/1.1");
    }

    @Test
    @DisplayName("failures are those of the bare client")
    void failures() throws Exception {
        Reply large = Reply.ok().bodyOf(100_000, 1).field("Cache-Control", "max-age=60");
        Map<String, Reply> broken = new LinkedHashMap<>();
        broken.put("/dropped", Reply.dropConnection());
        broken.put("/short", large.cutAfter(50_000));
        broken.put("/short-chunked", large.chunked().cutAfter(50_000));
        if (setting != Setting.HTTP2) {
            broken.put("/reset", Reply.resetConnection());
            broken.put("/short-reset", large.cutAfter(50_000, Reply.Cut.RST));
            broken.put("/malformed", Reply.raw("HTTP/1.1 banana\r\n\r\n").thenClose());
        }
        TestClient bare = bare();
        for (Map.Entry<String, Reply> entry : broken.entrySet()) {
            given(entry.getKey(), entry.getValue());
            failsAlike(bare, client, request("GET", entry.getKey()));
        }
        assertThat(stored()).isEmpty();
        Site closed = new Site();
        URI nowhere = closed.uri("/a");
        closed.close();
        failsAlike(bare, client, TestRequest.of("GET", nowhere));
        assertThat(storage.awaitAllClosed()).isZero();
        events.answered(cache.statistics().requests());
    }

    private void failsAlike(TestClient bare, TestClient cached, TestRequest request) {
        Throwable expected = failure(bare, request);
        Throwable failure = failure(cached, request);
        if (setting == Setting.HTTP2 && !failsPredictably()) {
            return;
        }
        assertThat(failure).as(request.toString()).hasSameClassAs(expected);
        if (expected.getMessage() != null) {
            assertThat(failure).as(request.toString()).hasMessage(expected.getMessage());
        }
    }

    private static Throwable failure(TestClient through, TestRequest request) {
        Got got;
        try {
            got = send(through, request);
        } catch (Exception e) {
            return e;
        }
        throw new AssertionError("it did not fail: " + request + "\n" + got.seen());
    }

    @Test
    @DisplayName("a time-out is the bare client's, also for one who waits for another's response")
    void timeouts() throws Exception {
        CountDownLatch gate = gate();
        given("/a", fresh("1", 60).hold(gate));
        ClientSetup impatient = setup().withTimeout(Duration.ofMillis(500));
        TestClient bare = opened(impatient);
        TestClient cached = opened(impatient.withCache(cache));
        // A connection is there: connecting may have a time-out of its own.
        given("/warm", ok("1"));
        warm(bare);
        warm(cached);
        Throwable expected = failure(bare, request("GET", "/a"));
        assertThat(failure(cached, request("GET", "/a"))).hasSameClassAs(expected);
        int asked = origin.scripts.count("/a");
        TestCall leader = client.start(request("GET", "/a"));
        origin.scripts.awaitRequests("/a", asked + 1, SOON);
        // No stream is reset where none was opened, so the waiting ends as it does over HTTP/1.1.
        assertThat(failure(cached, request("GET", "/a")).getClass())
                .isIn(expected.getClass(), SocketTimeoutException.class);
        assertAsked(asked + 1, "/a");
        gate.countDown();
        Got.read(leader.await()).miss("1");
        get("/a").hit("1");
    }

    private void warm(TestClient impatient) throws Exception {
        for (int attempt = 1; ; attempt++) {
            try {
                send(impatient, request("GET", "/warm"));
                return;
            } catch (IOException | RuntimeException e) {
                if (attempt == 20) {
                    throw e;
                }
            }
        }
    }

    // ---- what a cache does

    @Test
    @DisplayName("a miss is stored, a hit needs no origin, and both say so")
    void missAndHit() throws Exception {
        given("/a", fresh("1", 60));
        get("/a").miss("1").stored().from(origin.uri("/a"));
        Got hit = get("/a").hit("1").status(200).from(origin.uri("/a"));
        assertThat(hit.info().explain()).contains("fresh for 60 s more");
        Got head = send(request("HEAD", "/a")).hit("");
        assertThat(head.response().status()).isEqualTo(200);
        assertAsked(1, "/a");
        assertThat(cache.statistics().hits()).isEqualTo(2);
    }

    @Test
    @DisplayName("a response says how it came about, whatever it is")
    void everyResponseSaysHowItCameAbout() throws Exception {
        given("/a", ok("1", "Cache-Control", "no-store"));
        get("/a").miss("1").notStored();
        get(NONE.withBypass(), "/a").is(CacheResult.BYPASSED, "1");
        send(request("DELETE", "/a")).miss("1");
        assertThat(get(NONE.withTrace(), "/a").info().trace()).isNotEmpty();
    }

    @Test
    @DisplayName("a validation adds its conditions and nothing else, and 304 keeps the body")
    void validation() throws Exception {
        String modified = Reply.httpDate(clock.instant());
        given("/a", Reply.conditional("\"1\"", "1", "Last-Modified", modified, "Cache-Control", "max-age=1"));
        TestRequest request = request("GET", "/a", "X-B", "2", "Accept", "text/plain", "X-A", "1");
        send(request).miss("1");
        advance(2);
        send(request).is(CacheResult.REVALIDATED, "1").status(200);
        List<RecordedRequest> sent = origin.scripts.requests("/a");
        assertThat(sent.get(1).all("If-None-Match")).containsExactly("\"1\"");
        List<Map.Entry<String, String>> fields = new ArrayList<>(sent.get(1).fields());
        fields.removeIf(field -> field.getKey().toLowerCase(Locale.ROOT).startsWith("if-"));
        assertThat(fields).containsExactlyInAnyOrderElementsOf(sent.get(0).fields());
        send(request).hit("1");
        given("/a", ok("2", "ETag", "\"2\"", "Cache-Control", "max-age=1"));
        advance(2);
        send(request).miss("2").stored();
    }

    @Test
    @DisplayName("the caller's own conditions are answered from the cache, or by the origin")
    void conditionsOfTheCaller() throws Exception {
        given("/a", Reply.conditional("\"1\"", "1", "Cache-Control", "max-age=60"));
        get("/a", "If-None-Match", "\"1\"").miss("").status(304);
        get("/a").miss("1").stored();
        get("/a", "If-None-Match", "\"1\"").hit("").status(304);
        get("/a", "If-None-Match", "\"2\"").hit("1").status(200);
        assertAsked(2, "/a");
        advance(61);
        get("/a", "If-None-Match", "\"1\"").status(304);
        assertThat(lastAsked("/a", "If-None-Match")).contains("\"1\"");
        get("/a").hit("1").status(200);
    }

    @Test
    @DisplayName("variants are kept apart")
    void variants() throws Exception {
        origin.scripts
                .on("/a")
                .answer(request -> ok(
                        "in " + request.first("Accept-Language"),
                        "Vary",
                        "Accept-Language",
                        "Cache-Control",
                        "max-age=60"));
        for (String language : List.of("de", "en", "fr")) {
            get("/a", "Accept-Language", language).miss("in " + language);
        }
        for (String language : List.of("de", "en", "fr")) {
            get("/a", "Accept-Language", language).hit("in " + language);
        }
        assertAsked(3, "/a");
        given("/star", ok("1", "Vary", "*", "Cache-Control", "max-age=60"));
        get("/star").miss("1");
        get("/star").miss("1");
    }

    @Test
    @DisplayName("ranges are served from a whole response, and parts are kept")
    void ranges() throws Exception {
        given("/a", fresh("0123456789", 60));
        get("/a").miss("0123456789");
        Got part = get("/a", "Range", "bytes=2-4").hit("234").status(206);
        assertThat(part.response().fields().first("Content-Range")).isEqualTo("bytes 2-4/10");
        get("/a", "Range", "bytes=20-").hit("").status(416);
        assertAsked(1, "/a");
        given(
                "/b",
                Reply.status(206)
                        .body("01")
                        .field("Content-Range", "bytes 0-1/4")
                        .field("ETag", "\"1\"")
                        .field("Cache-Control", "max-age=60"));
        get("/b", "Range", "bytes=0-1").miss("01").status(206).stored();
        get("/b", "Range", "bytes=0-1").hit("01").status(206);
        assertAsked(1, "/b");
    }

    @Test
    @DisplayName("a successful unsafe request invalidates, before its answer is there")
    void invalidation() throws Exception {
        origin.scripts.on("/a").answer(request -> switch (request.method()) {
            case "GET" -> fresh("get " + origin.scripts.count("/a"), 60);
            case "DELETE" -> Reply.status(204);
            default -> ok("done " + request.bodyText());
        });
        for (String method : List.of("POST", "PUT", "PATCH", "DELETE")) {
            String before = get("/a").body();
            get("/a").hit(before);
            TestRequest unsafe = request(method, "/a");
            send(method.equals("DELETE") ? unsafe : unsafe.withContent(method));
            assertThat(get("/a").miss("get " + origin.scripts.count("/a")).body())
                    .isNotEqualTo(before);
        }
        String kept = get("/a").body();
        origin.scripts.on("/a").reply(Reply.status(500));
        send(request("PUT", "/a").withContent("x")).status(500);
        get("/a").hit(kept);
        cache.invalidate(origin.uri("/a"));
        get("/a").status(500);
    }

    @Test
    @DisplayName("content is part of the key of QUERY, and of other methods where the caller says so")
    void contentInTheKey() throws Exception {
        origin.scripts.on("/a").answer(request -> fresh(request.method() + " " + request.bodyText(), 60));
        TestRequest query = request("QUERY", "/a", "Content-Type", "text/plain");
        send(query.withContent("one")).miss("QUERY one").stored();
        send(query.withContent("two")).miss("QUERY two");
        send(query.withContent("one")).hit("QUERY one");
        TestRequest post = request("POST", "/a", "Content-Type", "application/json");
        CacheControls inKey = NONE.withNormalizedBodyInKey();
        send(post.withContent("{\"a\": 1}").with(inKey)).miss("POST {\"a\": 1}").stored();
        send(post.withContent("{ \"a\":1 }").with(inKey)).hit("POST {\"a\": 1}");
        send(post.withContent("{\"a\":2}").with(inKey)).miss("POST {\"a\":2}");
        send(post.withContent("{\"a\": 1}")).miss("POST {\"a\": 1}").notStored();
    }

    @Test
    @DisplayName("content too long for a key is sent in full and past the cache")
    void contentTooLongForTheKey() throws Exception {
        given("/a", fresh("1", 60));
        String content = "x".repeat(1024 * 1024 + 1);
        TestRequest post = request("POST", "/a").withContent(content).with(NONE.withBodyInKey());
        send(post).miss("1").notStored();
        assertThat(origin.scripts.requests("/a").get(0).body()).hasSize(content.length());
    }

    @Test
    @DisplayName("only-if-cached is answered without the origin")
    void onlyIfCached() throws Exception {
        given("/a", fresh("1", 60));
        Got none = get("/a", "Cache-Control", "only-if-cached").status(504);
        assertThat(none.body()).isEmpty();
        assertThat(none.info().fromCache()).isFalse();
        assertAsked(0, "/a");
        get("/a").miss("1");
        get("/a", "Cache-Control", "only-if-cached").hit("1");
        advance(61);
        get("/a", "Cache-Control", "only-if-cached").status(504);
        get("/a", "Cache-Control", "only-if-cached, max-stale=10").is(CacheResult.STALE, "1");
        assertAsked(1, "/a");
    }

    @Test
    @DisplayName("directives of the request are obeyed")
    void directivesOfTheRequest() throws Exception {
        given("/a", fresh("1", 60), fresh("2", 60), fresh("3", 60));
        get("/a", "Cache-Control", "no-store").miss("1").notStored();
        get("/a").miss("2").stored();
        get("/a", "Cache-Control", "no-cache").miss("3");
        advance(10);
        get("/a", "Cache-Control", "max-age=5").miss("3");
        get("/a", "Cache-Control", "min-fresh=61").miss("3");
        get("/a", "Cache-Control", "min-fresh=60").hit("3");
    }

    @Test
    @DisplayName("what the caller asks of the cache holds for that request")
    void controls() throws Exception {
        given("/a", fresh("1", 60), fresh("2", 60));
        get(NONE.withBypass(), "/a").is(CacheResult.BYPASSED, "1");
        assertThat(stored()).isEmpty();
        get("/a").miss("2");
        given("/b", ok("1", "Cache-Control", "no-store"), ok("2"));
        get(NONE.withForceCache().withTtl(Duration.ofSeconds(10)).withTags("b"), "/b")
                .miss("1")
                .stored();
        get(NONE.withForceCache(), "/b").hit("1");
        assertThat(cache.invalidateTag("b")).isEqualTo(1);
        get("/b").miss("2");
        given("/c", fresh("1", 60), fresh("2", 60));
        get(NONE.withPartition("alice"), "/c").miss("1");
        get(NONE.withPartition("bob"), "/c").miss("2");
        get(NONE.withPartition("alice"), "/c").hit("1");
    }

    @Test
    @DisplayName("a stale response is served at once, and asked for in the background")
    void staleWhileRevalidate() throws Exception {
        CountDownLatch gate = gate();
        String control = "max-age=10, stale-while-revalidate=30";
        given(
                "/a",
                ok("1", "Cache-Control", control),
                ok("2", "Cache-Control", control).hold(gate));
        get("/a").miss("1");
        advance(15);
        for (int i = 0; i < 5; i++) {
            get("/a").is(CacheResult.STALE, "1");
        }
        origin.scripts.awaitRequests("/a", 2, SOON);
        gate.countDown();
        long deadline = System.nanoTime() + SOON.toNanos();
        while (!get("/a").body().equals("2")) {
            assertThat(System.nanoTime()).as("the deadline").isLessThan(deadline);
        }
        get("/a").hit("2");
        assertAsked(2, "/a");
    }

    @Test
    @DisplayName("a stale response stands in for an error, and for no answer")
    void staleIfError() throws Exception {
        Reply good = ok("1", "Cache-Control", "max-age=1, stale-if-error=60");
        given("/a", good, Reply.status(503).body("down"));
        given("/b", good, Reply.dropConnection());
        get("/a").miss("1");
        get("/b").miss("1");
        advance(30);
        get("/a").is(CacheResult.STALE, "1").status(200);
        get("/b").is(CacheResult.STALE, "1").status(200);
        advance(40);
        get("/a").miss("down").status(503);
    }

    @Test
    @DisplayName("a coded response is stored as it was sent, and decoded if the client decodes")
    void contentCodings() throws Exception {
        byte[] coded = gzip("zipped ".repeat(1000));
        given(
                "/a",
                Reply.ok()
                        .body(coded)
                        .field("Content-Encoding", "gzip")
                        .field("Vary", "Accept-Encoding")
                        .field("ETag", "\"1\"")
                        .field("Cache-Control", "max-age=60")
                        .withPreconditions());
        Got expected = send(bare(), request("GET", "/a"));
        for (int i = 0; i < 3; i++) {
            Got got = get("/a");
            assertThat(got.content()).isEqualTo(expected.content());
            assertThat(got.response().fields().first("Content-Encoding"))
                    .isEqualTo(expected.response().fields().first("Content-Encoding"));
            assertThat(got.info().stored()).isTrue();
            advance(i == 1 ? 61 : 0);
        }
        Got own = get("/a", "Accept-Encoding", "gzip");
        Got ownExpected = send(bare(), request("GET", "/a", "Accept-Encoding", "gzip"));
        assertThat(own.content()).isEqualTo(ownExpected.content());
        for (StoredEntry entry : stored()) {
            boolean asSent = decodesAboveTheCache();
            assertThat(entry.bodyLength() == coded.length).isEqualTo(asSent);
            assertThat(entry.stored().fields().contains("Content-Encoding")).isEqualTo(asSent);
        }
    }

    @Test
    @DisplayName("cookies of the client's store select the variant, and those the origin sets reach it")
    void cookies() throws Exception {
        origin.scripts
                .on("/login")
                .answer(request -> ok("in", "Set-Cookie", "user=" + request.first("X-User") + "; Path=/"));
        origin.scripts
                .on("/a")
                .answer(request ->
                        ok("for " + request.first("Cookie"), "Vary", "Cookie", "Cache-Control", "private, max-age=60"));
        if (!keepsCookies()) {
            get("/login", "X-User", "alice");
            get("/a").miss("for null");
            get("/a", "Cookie", "user=bob").miss("for user=bob");
            get("/a").hit("for null");
            return;
        }
        TestClient alice = opened(setup().withCookies().withCache(cache));
        TestClient bob = opened(setup().withCookies().withCache(cache));
        send(alice, request("GET", "/login", "X-User", "alice"));
        send(bob, request("GET", "/login", "X-User", "bob"));
        for (int i = 0; i < 2; i++) {
            CacheResult expected = i == 0 ? CacheResult.MISS : CacheResult.HIT;
            send(alice, request("GET", "/a")).is(expected, "for user=alice");
            send(bob, request("GET", "/a")).is(expected, "for user=bob");
        }
        assertAsked(2, "/a");
    }

    @Test
    @DisplayName("what only credentials got is not for everybody in a shared cache")
    void credentials() throws Exception {
        origin.scripts.otherwise(request -> request.first("Authorization") == null
                ? Reply.status(401).body("who?").field("WWW-Authenticate", "Basic realm=\"x\"")
                : ok(
                        "secret",
                        "Cache-Control",
                        request.path().equals("/public") ? "public, max-age=60" : "max-age=60"));
        policy(CachePolicy.sharedCache());
        String basic = "Basic dXNlcjpzZWNyZXQ=";
        get("/own", "Authorization", basic).miss("secret").notStored();
        get("/own").miss("who?").status(401);
        get("/public", "Authorization", basic).miss("secret").stored();
        get("/public").hit("secret");
        if (!answersChallenges()) {
            return;
        }
        TestClient known = opened(setup().withCredentials("user", "secret").withCache(cache));
        send(known, request("GET", "/a")).is(CacheResult.MISS, "secret").status(200);
        assertThat(lastAsked("/a", "Authorization")).isEqualTo(basic);
        assertThat(stored()).noneMatch(entry -> entry.stored().key().endsWith("/a"));
        get("/a").miss("who?").status(401);
        policy(CachePolicy.privateCache());
        TestClient own = opened(setup().withCredentials("user", "secret").withCache(cache));
        send(own, request("GET", "/b")).is(CacheResult.MISS, "secret");
        send(own, request("GET", "/b")).is(CacheResult.HIT, "secret");
    }

    @Test
    @DisplayName("a shared cache keeps what is private out")
    void sharedCache() throws Exception {
        policy(CachePolicy.sharedCache());
        given("/private", ok("1", "Cache-Control", "private, max-age=60"));
        given("/cookie", ok("1", "Cache-Control", "max-age=60", "Set-Cookie", "id=1"));
        given("/shared", ok("1", "Cache-Control", "s-maxage=60"));
        for (int i = 0; i < 2; i++) {
            get("/private").miss("1").notStored();
            get("/cookie").miss("1").notStored();
        }
        get("/shared").miss("1");
        get("/shared").hit("1");
    }

    // ---- redirects

    private static Reply redirect(int status, String location) {
        return Reply.status(status).body("moved").field("Location", location);
    }

    private TestClient following() throws Exception {
        return opened(setup().withRedirects().withCache(cache));
    }

    @Test
    @DisplayName("redirects are followed by the client's own rules, or by Larder's where it has none")
    void redirectsByTheRules() throws Exception {
        boolean byItself = redirectsByItsOwnRules();
        TestClient bare = byItself ? opened(setup().withRedirects()) : new Redirecting(bare());
        TestClient cached = following();
        for (Site site : List.of(origin, other)) {
            site.scripts.on("/target").answer(request -> ok(request.method() + request.bodyText()));
        }
        for (int status : new int[] {300, 301, 302, 303, 307, 308}) {
            for (String location : List.of("/target?q=1", other.uri("/target").toString(), "target")) {
                given("/from", redirect(status, location));
                for (String method : List.of("GET", "HEAD", "POST", "PUT")) {
                    TestRequest plain = request(method, "/from", "X-A", "1", "Authorization", "Bearer x");
                    TestRequest request =
                            method.equals("GET") || method.equals("HEAD") ? plain : plain.withContent("content");
                    String what = status + " " + method + " " + location;
                    assertThat(run(cached, request)).as(what).isEqualTo(run(bare, request));
                    cache.clear();
                }
            }
        }
        given("/loop", redirect(302, "/loop"));
        assertThat(run(cached, request("GET", "/loop"))).isEqualTo(run(bare, request("GET", "/loop")));
        events.answered(cache.statistics().requests());
    }

    /** The outcome, and what was sent for it. */
    private String run(TestClient through, TestRequest request) {
        origin.scripts.forgetRequests();
        other.scripts.forgetRequests();
        String outcome;
        try {
            outcome = send(through, request).seen();
        } catch (Exception e) {
            outcome = e.getClass().getName();
        }
        return outcome + "\n" + wires(origin) + "\n" + wires(other);
    }

    /** A bare client that follows no redirects, and someone who does so by the rules. */
    private record Redirecting(TestClient bare) implements TestClient {
        @Override
        public TestCall start(TestRequest request) {
            return TestCall.onThread(() -> follow(request));
        }

        private TestResponse follow(TestRequest first) throws Exception {
            TestRequest request = first;
            for (int followed = 0; ; followed++) {
                TestResponse response = bare.start(request).await();
                RequestHead head = new RequestHead(request.method(), TargetUri.of(request.uri()), request.fields());
                RequestHead next = Redirection.next(head, new ResponseHead(response.status(), response.fields()));
                if (next == null || followed == Redirection.MOST) {
                    return response;
                }
                response.text();
                boolean sameContent = next.method().equals(request.method());
                request = new TestRequest(
                        next.method(),
                        URI.create(next.uri().toString()),
                        next.fields(),
                        sameContent ? request.content() : null,
                        NONE);
            }
        }

        @Override
        public void close() {
            // The suite closes the bare client.
        }
    }

    @Test
    @DisplayName("each hop is stored under its own URI, and validators stay with their origin")
    void redirectMatrix() throws Exception {
        TestClient following = following();
        int number = 0;
        for (int status : new int[] {301, 302, 303, 307, 308}) {
            for (Site site : List.of(origin, other)) {
                for (int validators = 0; validators < 4; validators++) {
                    String from = "/from" + number;
                    String to = "/to" + number++;
                    redirected(following, status, site, from, to, validators);
                }
            }
        }
    }

    private void redirected(TestClient following, int status, Site site, String from, String to, int validators)
            throws Exception {
        String what = status + (site == other ? " to another origin" : "") + ", validators " + validators;
        Reply before = fresh("before", 1);
        if ((validators & 1) != 0) {
            before = before.field("ETag", "\"before\"");
        }
        if ((validators & 2) != 0) {
            before = before.field("Last-Modified", Reply.httpDate(clock.instant()));
        }
        given(from, before);
        assertThat(send(following, request("GET", from)).body()).isEqualTo("before");
        advance(2);
        given(from, redirect(status, site.uri(to).toString()).field("Cache-Control", "max-age=60"));
        site.scripts.on(to).reply(Reply.conditional("\"there\"", "there", "Cache-Control", "max-age=60"));
        for (int i = 0; i < 2; i++) {
            Got got = send(following, request("GET", from)).from(site.uri(to));
            assertThat(got.body()).as(what).isEqualTo("there");
            // What redirects is read for nobody, perhaps a moment after the answer.
            storage.awaitAllClosed();
            assertThat(site.scripts.count(to)).as(what).isEqualTo(1);
        }
        assertAsked(2, from);
        assertThat(lastAsked(from, "If-None-Match")).isEqualTo((validators & 1) != 0 ? "\"before\"" : null);
        for (StoredEntry entry : stored()) {
            StoredResponse response = entry.stored();
            if (response.key().equals(origin.uri(from).toString())) {
                assertThat(response.status()).as(what).isEqualTo(status);
            } else if (response.key().equals(site.uri(to).toString())) {
                assertThat(response.fields().first("ETag")).as(what).isEqualTo("\"there\"");
            }
        }
        advance(61);
        assertThat(send(following, request("GET", from)).body()).as(what).isEqualTo("there");
        for (RecordedRequest sent : site.scripts.requests(to)) {
            assertThat(sent.first("If-Modified-Since")).as(what).isNull();
            assertThat(sent.all("If-None-Match")).as(what).doesNotContain("\"before\"");
        }
        assertThat(site.scripts.requests(to).get(1).first("If-None-Match"))
                .as(what)
                .isEqualTo("\"there\"");
    }

    @Test
    @DisplayName("a redirect that is not followed is a response like any other")
    void redirectsThatAreNotFollowed() throws Exception {
        for (int status : new int[] {301, 308}) {
            given("/" + status, redirect(status, "/target"));
            get("/" + status).miss("moved").status(status);
            given("/fresh" + status, redirect(status, "/target").field("Cache-Control", "max-age=60"));
            get("/fresh" + status).miss("moved").status(status);
            get("/fresh" + status).hit("moved").status(status);
        }
        assertAsked(0, "/target");
    }

    // ---- bodies

    @Test
    @DisplayName("the first bytes are there while the origin holds the rest, and for a follower, too")
    void bodiesStream() throws Exception {
        CountDownLatch gate = gate();
        GeneratedBody body = new GeneratedBody(300_000, 3);
        given("/a", fresh(body).holdBodyAt(100_000, gate));
        given("/b", Reply.ok().body(body).field("Cache-Control", "no-store").holdBodyAt(100_000, gate));
        try (TestResponse stored = client.start(request("GET", "/a")).await();
                TestResponse relayed = client.start(request("GET", "/b")).await()) {
            assertThat(stored.body().readNBytes(50_000)).hasSize(50_000);
            assertThat(relayed.body().readNBytes(50_000)).hasSize(50_000);
            assertThat(this.stored()).isEmpty();
            TestCall following = client.start(request("GET", "/a"));
            if (readsBack) {
                TestResponse follower = following.await();
                assertThat(follower.body().readNBytes(80_000)).hasSize(80_000);
                assertThat(info(follower).collapsed()).isTrue();
            }
            gate.countDown();
            byte[] rest = stored.body().readAllBytes();
            assertThat(rest).hasSize(250_000);
            assertThat(rest[249_999]).isEqualTo(body.byteAt(299_999));
            assertThat(relayed.body().readAllBytes()).hasSize(250_000);
            assertThat(Got.read(following.await()).content()).hasSize(readsBack ? 220_000 : 300_000);
        }
        get("/a").whole(body);
        assertAsked(1, "/a");
    }

    @Test
    @DisplayName("a large body passes through a miss and a hit, one larger than the heap, too")
    void largeBodies() throws Exception {
        GeneratedBody body = new GeneratedBody(5_000_000, 9);
        given("/a", fresh(body));
        given("/b", fresh(body).chunked());
        for (String path : List.of("/a", "/b")) {
            get(path).whole(body).stored();
            Got hit = get(path).whole(body);
            assertThat(hit.info().status()).isEqualTo(CacheResult.HIT);
        }
        if (setting == Setting.FILE) {
            assertThat(SmallHeap.run(getClass(), directory.resolve("large"), LARGE_MEBIBYTES))
                    .matches("(?s).*MISS true\\RHIT true\\Rrequests 1\\R");
        }
    }

    @Test
    @DisplayName("a body that is too long for the storage is served and not stored")
    void bodiesTooLongForTheStorage() throws Exception {
        storage.limitBodies(100_000);
        GeneratedBody body = new GeneratedBody(300_000, 3);
        given("/a", fresh(body));
        given("/b", fresh(body).chunked());
        for (String path : List.of("/a", "/b")) {
            get(path).whole(body).notStored();
            assertThat(stored()).isEmpty();
        }
    }

    @Test
    @DisplayName("a body that is shorter than announced is not stored")
    void shortBodies() throws Exception {
        GeneratedBody body = new GeneratedBody(2_000, 3);
        Map<String, Reply> replies = new LinkedHashMap<>();
        replies.put("/announced", fresh(body).announce(2_001).thenClose());
        replies.put("/announced-far", fresh(body).announce(1_000_000).thenClose());
        replies.put("/length", fresh(body).cutAfter(1_500));
        replies.put("/chunked", fresh(body).chunked(100).cutAfter(1_500));
        replies.put("/length-reset", fresh(body).cutAfter(1_500, Reply.Cut.RST));
        replies.put("/empty", fresh(new GeneratedBody(0, 3)).announce(10).thenClose());
        if (setting != Setting.HTTP2) {
            replies.put("/close-reset", fresh(body).closeDelimited().cutAfter(1_500, Reply.Cut.RST));
            replies.put("/head", fresh(body).cutAfter(20));
        }
        for (Map.Entry<String, Reply> entry : replies.entrySet()) {
            given(entry.getKey(), entry.getValue());
            for (int i = 0; i < 2; i++) {
                try {
                    get(entry.getKey()).notStored();
                } catch (Exception e) {
                    // Whatever the client reports a broken response by.
                    assertThat(e).isNotNull();
                }
                assertThat(stored()).as(entry.getKey()).isEmpty();
            }
            given(entry.getKey(), fresh(body));
            get(entry.getKey()).whole(body).stored();
            cache.clear();
        }
        events.answered(cache.statistics().requests());
    }

    @Test
    @DisplayName("responses that nobody reads hold nobody up")
    void abandonedBodies() throws Exception {
        GeneratedBody body = new GeneratedBody(400_000, 5);
        given("/a", fresh(body));
        given("/b", Reply.ok().body(body).field("Cache-Control", "no-store"));
        List<TestResponse> abandoned = new ArrayList<>();
        // Where nothing can be read back, a follower waits for the whole body.
        int count = readsBack ? 25 : 1;
        for (int i = 0; i < count; i++) {
            abandoned.add(client.start(request("GET", "/a")).await());
            abandoned.add(client.start(request("GET", "/b")).await());
        }
        if (readsBack) {
            get("/a").whole(body);
        }
        get("/b").whole(body);
        for (TestResponse response : abandoned) {
            response.close();
        }
        assertThat(storage.awaitAllClosed()).isZero();
        get("/a").whole(body);
        get("/a").whole(body);
    }

    // ---- many at a time

    @Test
    @DisplayName("callers who give up at random leave nothing behind")
    void randomCancellations() throws Exception {
        int workers = 6;
        int each = 25;
        CountDownLatch never = gate();
        GeneratedBody body = new GeneratedBody(200_000, 7);
        origin.scripts.otherwise(request -> request.path().startsWith("/held")
                ? fresh(body).hold(never)
                : request.path().startsWith("/no")
                        ? Reply.ok().body(body).field("Cache-Control", "no-store")
                        : fresh(body));
        List<Future<?>> all = new ArrayList<>();
        ExecutorService threads = Executors.newFixedThreadPool(workers);
        for (int worker = 0; worker < workers; worker++) {
            Random random = new Random(worker);
            all.add(threads.submit(() -> {
                for (int i = 0; i < each; i++) {
                    giveUpSomewhere(random, body);
                }
                return null;
            }));
        }
        for (Future<?> one : all) {
            one.get(60, TimeUnit.SECONDS);
        }
        threads.shutdown();
        assertThat(storage.awaitAllClosed()).isZero();
        for (StoredEntry entry : stored()) {
            assertThat(entry.bodyLength()).isEqualTo(body.length());
        }
        never.countDown();
        for (int key = 0; key < 5; key++) {
            for (String path : List.of("/key" + key, "/no" + key, "/held" + key)) {
                get(path).whole(body);
            }
        }
        if (setting != Setting.HTTP2) {
            // A pool may hold as many idle connections as were ever in use at a time, which no test can know.
            assertReleased(5 * workers);
        }
        events.answered(cache.statistics().requests());
    }

    private void giveUpSomewhere(Random random, GeneratedBody body) throws Exception {
        int key = random.nextInt(5);
        switch (random.nextInt(6)) {
            case 0 -> {
                TestCall call = client.start(request("GET", "/held" + key));
                if (random.nextBoolean()) {
                    Thread.sleep(random.nextInt(10));
                }
                assertGivenUp(call);
            }
            case 1 -> {
                TestCall call = client.start(request("GET", "/key" + key));
                call.cancel();
                try (TestResponse response = call.await()) {
                    assertThat(response.status()).isEqualTo(200);
                } catch (Exception e) {
                    assertThat(e).isNotNull();
                }
            }
            case 2, 3 -> {
                TestCall call = client.start(request("GET", (random.nextBoolean() ? "/key" : "/no") + key));
                try (TestResponse response = call.await()) {
                    int most = random.nextInt(150_000);
                    assertThat(response.body().readNBytes(most)).hasSize(most);
                    if (random.nextBoolean()) {
                        call.cancel();
                    }
                } catch (IOException e) {
                    assertThat(cancellingSparesFollowers()).as(e.toString()).isFalse();
                }
            }
            case 4 -> cache.invalidate(origin.uri("/key" + key));
            default -> {
                try {
                    Got.read(client.start(request("GET", "/key" + key)).await()).whole(body);
                } catch (IOException e) {
                    assertThat(cancellingSparesFollowers()).as(e.toString()).isFalse();
                }
            }
        }
    }

    private void assertGivenUp(TestCall call) {
        if (!cancels()) {
            return;
        }
        call.cancel();
        try (TestResponse response = call.await()) {
            throw new AssertionError("answered although given up: " + response);
        } catch (Exception e) {
            assertThat(e).isNotNull();
        }
    }

    /** No connection is in use any more, or, where the client does not tell, no more than so many are open. */
    private void assertReleased(int mostIdle) throws InterruptedException {
        boolean tells = client.connectionsInUse().isPresent();
        int most = tells ? 0 : mostIdle;
        IntSupplier held = () -> client.connectionsInUse().orElseGet(origin.scripts::openConnections);
        long deadline = System.nanoTime() + SOON.toNanos();
        while (held.getAsInt() > most && System.nanoTime() < deadline) {
            Thread.sleep(10);
        }
        assertThat(held.getAsInt())
                .as(tells ? "connections in use" : "open connections")
                .isLessThanOrEqualTo(most);
    }

    @Test
    @DisplayName("nobody waits for one who has stopped reading")
    void readersWhoStop() throws Exception {
        GeneratedBody body = new GeneratedBody(8 << 20, 5);
        given("/a", fresh(body));
        TestResponse stopped = client.start(request("GET", "/a")).await();
        get("/a").whole(body);
        Got.read(stopped).whole(body);
    }

    @Test
    @DisplayName("a hundred users at a time each get what is theirs")
    void manyUsers() throws Exception {
        origin.scripts.otherwise(request -> {
            boolean varies = request.path().startsWith("/own");
            Reply reply = fresh(request.path() + (varies ? " for " + request.first("X-User") : ""), 60);
            return varies ? reply.field("Vary", "X-User") : reply;
        });
        Random random = new Random(1);
        for (int round = 0; round < 3; round++) {
            Map<TestCall, String> calls = new LinkedHashMap<>();
            for (int user = 0; user < 100; user++) {
                String path = (random.nextBoolean() ? "/own" : "/key") + random.nextInt(5);
                String expected = path.startsWith("/own") ? path + " for " + user % 20 : path;
                calls.put(client.start(request("GET", path, "X-User", "" + user % 20)), expected);
            }
            assertThat(texts(calls.keySet())).containsExactlyElementsOf(calls.values());
        }
        for (int key = 0; key < 5; key++) {
            assertThat(origin.scripts.count("/key" + key)).isLessThanOrEqualTo(1);
            // One more than there are users: the leader may have been anybody's, and its own user may have asked twice.
            assertThat(origin.scripts.count("/own" + key)).isLessThanOrEqualTo(30);
        }
    }

    /** Reads all of them side by side: who is first may be whom the others wait for. */
    private static List<String> texts(Iterable<TestCall> calls) throws Exception {
        List<Future<String>> reading = new ArrayList<>();
        ExecutorService threads = Executors.newCachedThreadPool();
        try {
            for (TestCall call : calls) {
                reading.add(threads.submit(() -> call.await().text()));
            }
            List<String> texts = new ArrayList<>();
            for (Future<String> text : reading) {
                texts.add(text.get(60, TimeUnit.SECONDS));
            }
            return texts;
        } finally {
            threads.shutdownNow();
        }
    }

    private List<TestCall> start(int count, String path, String... namesAndValues) {
        List<TestCall> calls = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            calls.add(client.start(request("GET", path, namesAndValues)));
        }
        return calls;
    }

    @Test
    @DisplayName("concurrent requests for one key make one origin request, cold or expired")
    void collapsing() throws Exception {
        CountDownLatch first = gate();
        CountDownLatch second = gate();
        origin.scripts
                .on("/a")
                .answer(request -> request.first("If-None-Match") == null
                        ? ok("1", "ETag", "\"1\"", "Cache-Control", "max-age=60")
                                .hold(first)
                        : Reply.notModified()
                                .field("ETag", "\"1\"")
                                .field("Cache-Control", "max-age=60")
                                .hold(second));
        List<TestCall> calls = start(100, "/a");
        origin.scripts.awaitRequests("/a", 1, SOON);
        storage.awaitLookups(100);
        first.countDown();
        assertThat(texts(calls)).containsOnly("1");
        assertAsked(1, "/a");
        advance(61);
        calls = start(50, "/a");
        origin.scripts.awaitRequests("/a", 2, SOON);
        second.countDown();
        assertThat(texts(calls)).containsOnly("1");
        assertAsked(2, "/a");
    }

    @Test
    @DisplayName("a response that may not be shared is not: each goes itself, and all at once")
    void collapsingAndWhatIsNotShareable() throws Exception {
        CountDownLatch first = gate();
        int followers = 8;
        AtomicInteger atOnce = new AtomicInteger();
        AtomicInteger mostAtOnce = new AtomicInteger();
        CountDownLatch together = new CountDownLatch(followers);
        origin.scripts.on("/a").answer(request -> {
            if (origin.scripts.count("/a") == 1) {
                first.await();
            } else {
                mostAtOnce.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
                together.countDown();
                // One that was late may have to wait for another of them, which must not wait for it.
                together.await(2, TimeUnit.SECONDS);
                atOnce.decrementAndGet();
            }
            return ok("for " + request.first("X-User"), "Cache-Control", "no-store");
        });
        List<TestCall> calls = start(1, "/a", "X-User", "0");
        origin.scripts.awaitRequests("/a", 1, SOON);
        List<String> expected = new ArrayList<>(List.of("for 0"));
        for (int user = 1; user <= followers; user++) {
            calls.addAll(start(1, "/a", "X-User", "" + user));
            expected.add("for " + user);
        }
        storage.awaitLookups(followers + 1);
        first.countDown();
        assertThat(texts(calls)).containsExactlyElementsOf(expected);
        assertAsked(followers + 1, "/a");
        assertThat(mostAtOnce.get()).as("requests at once").isGreaterThan(followers / 2);
    }

    @Test
    @DisplayName("a follower takes over from a leader who gives up")
    void collapsingAndLeadersWhoGiveUp() throws Exception {
        CountDownLatch gate = gate();
        given("/a", fresh("held", 60).hold(gate), fresh("1", 60));
        TestCall leader = client.start(request("GET", "/a"));
        origin.scripts.awaitRequests("/a", 1, SOON);
        List<TestCall> followers = start(5, "/a");
        storage.awaitLookups(6);
        if (!cancels()) {
            gate.countDown();
            followers.add(leader);
            assertThat(texts(followers)).containsOnly("held");
            return;
        }
        assertGivenUp(leader);
        assertThat(texts(followers)).containsOnly("1");
        assertAsked(2, "/a");
    }

    @Test
    @DisplayName("a follower who gives up is told at once, and disturbs nobody")
    void collapsingAndFollowersWhoGiveUp() throws Exception {
        CountDownLatch gate = gate();
        given("/a", fresh("1", 60).hold(gate));
        TestCall leader = client.start(request("GET", "/a"));
        origin.scripts.awaitRequests("/a", 1, SOON);
        TestCall follower = client.start(request("GET", "/a"));
        storage.awaitLookups(2);
        assertGivenUp(follower);
        gate.countDown();
        Got.read(leader.await()).miss("1");
        if (!cancels()) {
            Got.read(follower.await()).hit("1");
        }
        assertAsked(1, "/a");
    }

    @Test
    @DisplayName("those who share a response go on when the one who asked for it closes or cancels it in the middle")
    void collapsingAndLeadersWhoGiveUpInTheMiddle() throws Exception {
        GeneratedBody body = new GeneratedBody(300_000, 4);
        for (boolean cancel : new boolean[] {false, true}) {
            String path = "/" + cancel;
            CountDownLatch gate = gate();
            given(path, fresh(body).holdBodyAt(100_000, gate));
            TestCall leader = client.start(request("GET", path));
            TestResponse first = leader.await();
            assertThat(first.body().readNBytes(50_000)).hasSize(50_000);
            TestCall following = client.start(request("GET", path));
            TestResponse follower = null;
            if (readsBack) {
                follower = following.await();
                assertThat(follower.body().readNBytes(80_000)).hasSize(80_000);
            }
            if (cancel) {
                leader.cancel();
            }
            first.close();
            gate.countDown();
            if (follower == null) {
                // It waited for the commit, and asks for itself now.
                Got.read(following.await()).whole(body);
            } else {
                goesOn(follower, !cancel || cancellingSparesFollowers(), path);
            }
        }
    }

    @Test
    @DisplayName("a follower who gives up in the middle is told at once, although the origin is silent")
    void collapsingAndFollowersWhoGiveUpInTheMiddle() throws Exception {
        CountDownLatch gate = gate();
        GeneratedBody body = new GeneratedBody(300_000, 4);
        given("/a", fresh(body).holdBodyAt(100_000, gate));
        TestResponse leader = client.start(request("GET", "/a")).await();
        TestCall call = client.start(request("GET", "/a"));
        if (readsBack) {
            TestResponse follower = call.await();
            assertThat(follower.body().readNBytes(80_000)).hasSize(80_000);
            ExecutorService thread = Executors.newSingleThreadExecutor();
            Future<byte[]> rest = thread.submit(() -> follower.body().readAllBytes());
            call.cancel();
            follower.close();
            try {
                assertThat(rest.get(10, TimeUnit.SECONDS)).hasSizeLessThan(220_000);
            } catch (ExecutionException e) {
                assertThat(e.getCause()).isNotNull();
            }
            thread.shutdown();
        }
        gate.countDown();
        Got.read(leader).whole(body);
        if (!readsBack) {
            Got.read(call.await()).whole(body);
        }
        assertAsked(1, "/a");
    }

    private void goesOn(TestResponse follower, boolean spared, String path) throws Exception {
        try (follower) {
            assertThat(follower.body().readAllBytes()).hasSize(220_000);
            assertThat(spared).as("the follower was spared").isTrue();
            assertThat(get(path).info().fromCache()).isTrue();
        } catch (IOException e) {
            assertThat(spared).as(e.toString()).isFalse();
            assertThat(storage.awaitAllClosed()).isZero();
            assertThat(stored()).noneMatch(entry -> entry.stored().key().endsWith(path));
        }
    }

    // ---- when the storage fails

    @Test
    @DisplayName("a storage that fails costs a request to the origin and never a request of the user's")
    void storageFailures() throws Exception {
        GeneratedBody small = new GeneratedBody(1_000, 1);
        GeneratedBody big = new GeneratedBody(300_000, 2);
        Map<String, GeneratedBody> bodies = Map.of("/small", small, "/big", big);
        for (Map.Entry<String, GeneratedBody> entry : bodies.entrySet()) {
            origin.scripts
                    .on(entry.getKey())
                    .answer(request -> request.method().equals("GET")
                            ? fresh(entry.getValue()).field("ETag", "\"1\"").withPreconditions()
                            : ok("done"));
        }
        get("/small").whole(small).stored();
        get("/big").whole(big).stored();
        boolean atHand = bodiesAreAtHand();
        cache.clear();
        for (String failing : List.of("lookup", "create", "write", "commit", "freshen", "removeKey", "open")) {
            storage.fail(operation -> {
                if (operation.equals(failing)) {
                    throw new IOException("injected into " + operation);
                }
            });
            for (Map.Entry<String, GeneratedBody> entry : bodies.entrySet()) {
                for (int i = 0; i < 3; i++) {
                    get(entry.getKey()).whole(entry.getValue()).status(200);
                    advance(i == 1 ? 61 : 0);
                }
                send(request("POST", entry.getKey()).withContent("x")).status(200);
            }
            storage.fail(operation -> {});
            assertThat(events.troubles()).allMatch(trouble -> trouble.contains("injected into " + failing));
            // Bodies that are at hand need not be opened.
            assertThat(events.troubles().isEmpty()).isEqualTo(failing.equals("open") && atHand);
            events.forgetTroubles();
            cache.clear();
        }
    }

    @Test
    @DisplayName("a body that the storage stops handing out is an error and never a short body")
    void storageFailuresInTheBody() throws Exception {
        GeneratedBody body = new GeneratedBody(500_000, 2);
        given("/a", fresh(body));
        get("/a").whole(body).stored();
        boolean atHand = bodiesAreAtHand();
        AtomicInteger reads = new AtomicInteger();
        storage.fail(operation -> {
            if (operation.equals("read") && reads.incrementAndGet() > 2) {
                throw new IOException("injected into read");
            }
        });
        try {
            get("/a").whole(body);
            assertThat(atHand).as("the body was at hand and need not be read").isTrue();
        } catch (IOException | RuntimeException e) {
            assertThat(events.troubles()).isNotEmpty();
        }
        storage.fail(operation -> {});
        events.forgetTroubles();
        get("/a").whole(body);
    }

    @Test
    @DisplayName("several clients share what one has stored")
    void clientsShareACache() throws Exception {
        given("/a", fresh("1", 60));
        get("/a").miss("1").stored();
        send(opened(setup().withCache(cache)), request("GET", "/a")).hit("1");
        assertAsked(1, "/a");
    }
}
