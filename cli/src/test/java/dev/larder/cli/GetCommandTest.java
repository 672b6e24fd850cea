package dev.larder.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.testkit.Reply;
import dev.larder.testkit.ScriptedOrigin;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GetCommandTest {
    @TempDir
    Path directory;

    private ScriptedOrigin origin;
    private String storage;

    @BeforeEach
    void start() {
        origin = ScriptedOrigin.start(InstantSource.system());
        storage = "--storage=file:" + directory.resolve("cache");
    }

    @AfterEach
    void stop() {
        origin.close();
    }

    private String url(String path) {
        return origin.uri(path).toString();
    }

    private static Reply fresh(String body) {
        return Reply.ok(body).field("Cache-Control", "max-age=3600");
    }

    @Test
    void aSecondProcessHitsAndAStoppedServerDoesNotMatter() throws Exception {
        origin.on("/a").reply(fresh("hello"));
        Run first = Run.inProcess("get", "-i", storage, url("/a"));
        assertThat(first.err()).isEmpty();
        assertThat(first.code()).isZero();
        assertThat(first.out())
                .startsWith("HTTP/1.1 200\n")
                .containsIgnoringCase("cache-status: Larder; fwd=uri-miss; fwd-status=200; ttl=")
                .endsWith("\n\nhello");
        origin.stopAccepting();
        Run second = Run.inProcess("get", "-i", storage, url("/a"));
        assertThat(second.err()).isEmpty();
        assertThat(second.code()).isZero();
        assertThat(second.out())
                .containsIgnoringCase("cache-status: Larder; hit; ttl=")
                .endsWith("\n\nhello");
        assertThat(origin.count()).isEqualTo(1);
    }

    @Test
    void memoryLastsForOneRun() {
        origin.on("/a").reply(fresh("hello"));
        Run run = Run.of("get", "--storage=memory:", "--repeat=3", "--why", url("/a"));
        assertThat(run.out()).isEqualTo("hello");
        assertThat(run.err()).contains("larder: #1 miss: ", "larder: #2 hit: ", "larder: #3 hit: ", "(RFC 9111 4.2)");
        Run.of("get", "--storage=memory:", url("/a"));
        assertThat(origin.count()).isEqualTo(2);
    }

    @Test
    void bodiesAreBinarySafe() {
        byte[] body = new byte[300_000];
        for (int i = 0; i < body.length; i++) {
            body[i] = (byte) (i * 31 >> 3);
        }
        origin.on("/b").reply(Reply.ok().body(body).field("Cache-Control", "max-age=60"));
        assertThat(Run.of("get", storage, url("/b")).bytes()).isEqualTo(body);
        assertThat(Run.of("get", storage, url("/b")).bytes()).isEqualTo(body);
        assertThat(origin.count()).isEqualTo(1);
    }

    @Test
    void sendsFieldsMethodAndData() {
        origin.on("/p").reply(Reply.status(201).body("made"));
        Run run = Run.of(
                "get", storage, "-H", "X-One: 1", "-H", "X-One: 2", "-H", "Accept:text/x", "-d", "a=b", url("/p"));
        assertThat(run.out()).isEqualTo("made");
        assertThat(origin.requests().get(0).method()).isEqualTo("POST");
        assertThat(origin.requests().get(0).bodyText()).isEqualTo("a=b");
        assertThat(origin.requests().get(0).all("X-One")).containsExactly("1", "2");
        assertThat(origin.requests().get(0).all("Accept")).containsExactly("text/x");
        Run.withInput("from stdin", "get", storage, "-X", "PUT", "-d", "@-", url("/p"));
        assertThat(origin.requests().get(1).method()).isEqualTo("PUT");
        assertThat(origin.requests().get(1).bodyText()).isEqualTo("from stdin");
    }

    @Test
    void followsRedirectsAndStoresEachHop() {
        origin.on("/old").reply(Reply.status(301).field("Location", "/new").field("Cache-Control", "max-age=60"));
        origin.on("/new").reply(fresh("moved"));
        assertThat(Run.of("get", storage, url("/old")).out()).isEqualTo("moved");
        assertThat(Run.of("get", storage, url("/old")).out()).isEqualTo("moved");
        assertThat(origin.count()).isEqualTo(2);
        assertThat(Run.of("get", "-i", "--no-follow", storage, url("/old")).out())
                .startsWith("HTTP/1.1 301\n");
    }

    @Test
    void forceNoCacheAndTtl() {
        origin.on("/f").reply(Reply.ok("forced").field("Cache-Control", "no-store"));
        Run.of("get", storage, "--force", "--ttl=1h", url("/f"));
        Run hit = Run.of("get", "--why", storage, "--force", url("/f"));
        assertThat(hit.err()).contains("larder: hit: ");
        assertThat(origin.count()).isEqualTo(1);
        Run bypass = Run.of("get", "--why", storage, "--no-cache", url("/f"));
        assertThat(bypass.err()).contains("larder: bypassed: ");
        assertThat(origin.count()).isEqualTo(2);
    }

    @Test
    void sharedAndPrivate() {
        origin.on("/s").reply(fresh("mine").field("Cache-Control", "private"));
        Run.of("get", storage, "--shared", url("/s"));
        assertThat(Run.of("get", storage, "--shared", "--why", url("/s")).err()).contains("5.2.2.7");
        assertThat(origin.count()).isEqualTo(2);
        Run.of("get", storage, "--private", url("/s"));
        Run.of("get", storage, url("/s"));
        assertThat(origin.count()).isEqualTo(3);
    }

    @Test
    void failTurnsAnErrorStatusIntoAnExitCode() {
        origin.on("/e").reply(Reply.status(404).body("gone"));
        Run plain = Run.of("get", storage, url("/e"));
        assertThat(plain.code()).isZero();
        assertThat(plain.out()).isEqualTo("gone");
        Run fail = Run.of("get", "--fail", storage, url("/e"));
        assertThat(fail.code()).isEqualTo(22);
        assertThat(fail.out()).isEmpty();
        assertThat(fail.err()).isEqualTo("larder: " + url("/e") + " answered with status 404\n");
    }

    @Test
    void outputFileIsReplacedOnlyByAWholeBody() throws IOException {
        Path file = directory.resolve("out.txt");
        Files.writeString(file, "old");
        origin.on("/cut").reply(fresh("0123456789".repeat(10_000)).cutAfter(50_000));
        Run broken = Run.of("get", storage, "-o", file.toString(), url("/cut"));
        assertThat(broken.code()).isEqualTo(3);
        assertOneLine(broken.err());
        assertThat(file).hasContent("old");
        origin.on("/whole").reply(fresh("new"));
        assertThat(Run.of("get", storage, "-o", file.toString(), url("/whole")).out())
                .isEmpty();
        assertThat(file).hasContent("new");
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files.map(path -> path.getFileName().toString())).containsExactlyInAnyOrder("cache", "out.txt");
        }
    }

    @Test
    void outputThatCannotBeWritten() {
        origin.on("/a").reply(fresh("hello"));
        Run run = Run.of("get", storage, "-o", directory.resolve("no/such/file").toString(), url("/a"));
        assertThat(run.code()).isEqualTo(6);
        assertOneLine(run.err());
        assertThat(run.err()).startsWith("larder: cannot write '").contains("no such file or directory");
    }

    @Test
    void badCommandLines() {
        for (String[] args : new String[][] {
            {"get", "--nonsense", url("/")},
            {"get"},
            {"get", "http://"},
            {"get", "http://a b/"},
            {"get", "ftp://example.com/"},
            {"get", "example.com"},
            {"get", "-H", "no colon", url("/")},
            {"get", "-H", "Host: other", url("/")},
            {"get", "-X", "BAD METHOD", url("/")},
            {"get", "-d", "@/no/such/file", url("/")},
            {"get", "--ttl", "soon", url("/")},
            {"get", "--ttl", "0s", url("/")},
            {"get", "--repeat", "0", url("/")},
            {"get", "--force", "--no-cache", url("/")},
            {"get", "--shared", "--private", url("/")},
            {"get", "--storage", "redis://localhost?nonsense=1", url("/")},
            {"get", "--storage", "nonsense", url("/")},
            {"nonsense"},
            {"--nonsense"},
            {"rm"},
            {"rm", "--all", "--tag", "x"},
        }) {
            Run run = Run.of(args);
            assertThat(run.code()).as(String.join(" ", args)).isEqualTo(2);
            assertThat(run.out()).as(String.join(" ", args)).isEmpty();
            assertOneLine(run.err());
        }
        assertThat(Run.of("get", "example.com").err()).contains("did you mean http://example.com ?");
        assertThat(Run.of("get", "--storage", "ftp://b", url("/")).err())
                .contains("storage scheme 'ftp' is not known here");
        assertThat(origin.count()).isZero();
    }

    @Test
    void unreachableOrigins() {
        origin.stopAccepting();
        Run refused = Run.of("get", storage, url("/"));
        assertThat(refused.code()).isEqualTo(3);
        assertThat(refused.err()).startsWith("larder: cannot connect to 127.0.0.1:" + origin.port());
        assertOneLine(refused.err());
        Run unknown = Run.of("get", storage, "http://no-such-host.invalid/");
        assertThat(unknown.code()).isEqualTo(3);
        assertThat(unknown.err()).startsWith("larder: cannot find host 'no-such-host.invalid'");
        assertOneLine(unknown.err());
    }

    @Test
    void storageThatCannotBeUsed() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "no directory");
        Run run = Run.of("get", "--storage=file:" + file, url("/"));
        assertThat(run.code()).isEqualTo(4);
        assertThat(run.err()).startsWith("larder: cannot open storage file:" + file);
        assertOneLine(run.err());
        assertThat(file).hasContent("no directory");
    }

    @Test
    void aDamagedEntryIsReportedAndFetchedAnew() throws IOException {
        origin.on("/d").reply(fresh("precious"));
        Run.of("get", storage, url("/d"));
        Path entry = entryFile();
        byte[] bytes = Files.readAllBytes(entry);
        bytes[bytes.length / 2] ^= 0x55;
        Files.write(entry, bytes);
        Run run = Run.of("get", storage, url("/d"));
        assertThat(run.code()).isZero();
        assertThat(run.out()).isEqualTo("precious");
        assertThat(run.err()).startsWith("larder: warning: removed a damaged entry: ");
        assertOneLine(run.err());
        assertThat(Run.of("get", storage, url("/d")).err()).isEmpty();
        assertThat(origin.count()).isEqualTo(2);
    }

    private Path entryFile() throws IOException {
        try (Stream<Path> files = Files.walk(directory.resolve("cache/entries"))) {
            return files.filter(Files::isRegularFile).findFirst().orElseThrow();
        }
    }

    @Test
    void aReaderThatGoesAwayIsNoError() throws Exception {
        origin.on("/big").reply(Reply.ok().bodyOf(50_000_000, 1).field("Cache-Control", "max-age=60"));
        Process process = Run.start("get", storage, url("/big"));
        assertThat(process.getInputStream().readNBytes(10)).hasSize(10);
        process.getInputStream().close();
        assertThat(new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8))
                .isEmpty();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(141);
    }

    @Test
    void standardOutputThatFailsIsAnError() {
        origin.on("/a").reply(fresh("hello"));
        java.io.ByteArrayOutputStream err = new java.io.ByteArrayOutputStream();
        OutputStream full = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("No space left on device");
            }
        };
        int code = Main.run(Console.plain(System.in, full, err), "get", storage, url("/a"));
        assertThat(code).isEqualTo(6);
        assertThat(err.toString(StandardCharsets.UTF_8)).contains("No space left on device");
        assertOneLine(err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void largeBodiesStream() throws Exception {
        long length = 100_000_000;
        origin.on("/huge").reply(Reply.ok().bodyOf(length, 7).field("Cache-Control", "max-age=60"));
        for (int i = 0; i < 2; i++) {
            // Run.start gives it 64 MB.
            Process process = Run.start("get", storage, url("/huge"));
            assertThat(process.getInputStream().transferTo(OutputStream.nullOutputStream()))
                    .isEqualTo(length);
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).isZero();
        }
        assertThat(origin.count()).isEqualTo(1);
    }

    @Test
    void saysWhyALargeBodyIsNotStored() {
        origin.on("/huge").reply(Reply.ok().bodyOf(129L << 20, 7).field("Cache-Control", "max-age=60"));
        Run run = Run.of("get", "--why", "-o", "/dev/null", storage, url("/huge"));
        assertThat(run.code()).isZero();
        assertThat(run.err()).contains("(not stored: it is too long for the storage)");
    }

    @Test
    void aRevalidationInTheBackgroundIsNotCutOff() throws Exception {
        origin.on("/swr")
                .reply(Reply.conditional("\"v\"", "old", "Cache-Control", "max-age=0, stale-while-revalidate=600"));
        Run.inProcess("get", storage, url("/swr"));
        Run stale = Run.inProcess("get", "--why", storage, url("/swr"));
        assertThat(stale.out()).isEqualTo("old");
        assertThat(stale.err()).startsWith("larder: stale: ");
        assertThat(origin.count()).isEqualTo(2);
        assertThat(origin.requests().get(1).first("If-None-Match")).isEqualTo("\"v\"");
    }

    @Test
    void fieldsThatCouldHarmATerminalAreEscaped() {
        origin.on("/x")
                .reply(Reply.raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Evil: a\u009b31mb\u0085c\r\n\r\nok"));
        Run run = Run.of("get", "-i", storage, url("/x"));
        assertThat(run.out()).contains("a\\x9b31mb\\x85c").endsWith("\n\nok");
    }

    static void assertOneLine(String err) {
        assertThat(err).startsWith("larder: ").endsWith("\n");
        assertThat(err.lines()).as(err).hasSize(1);
        assertThat(err).doesNotContain("\tat ", "Exception");
    }
}
