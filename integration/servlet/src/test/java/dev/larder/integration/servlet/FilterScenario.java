package dev.larder.integration.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.CacheListener;
import dev.larder.HttpCache;
import dev.larder.policy.CachePolicy;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.Storage;
import dev.larder.storage.file.FileStorage;
import dev.larder.storage.memory.InMemoryStorage;
import dev.larder.testkit.ManualClock;
import dev.larder.testkit.WatchedStorage;
import jakarta.servlet.DispatcherType;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** The vocabulary of scenarios: a container, an application, a filter with a cache over memory or files, raw sockets. */
@ParameterizedClass(name = "{0}")
@EnumSource(FilterScenario.Place.class)
@Timeout(60)
abstract class FilterScenario {
    enum Place {
        MEMORY,
        FILES
    }

    @Parameter
    Place place;

    @TempDir
    Path directory;

    final ManualClock clock = new ManualClock();
    final List<String> troubles = new CopyOnWriteArrayList<>();
    final List<String> abandoned = new CopyOnWriteArrayList<>();
    WatchedStorage storage;
    HttpCache cache;
    TestServer server;

    @BeforeEach
    void open() throws Exception {
        Storage plain = place == Place.FILES
                ? FileStorage.builder().directory(directory).clock(clock).build()
                : InMemoryStorage.builder()
                        .maxEntries(1000)
                        .maxEntryBytes(64 << 20)
                        .clock(clock)
                        .build();
        storage = new WatchedStorage(plain);
        start(LarderFilter.builder());
    }

    @AfterEach
    void leavesNothingOpen() throws Exception {
        storage.awaitAllClosed();
        server.close();
        cache.close();
        assertThat(troubles).isEmpty();
        assertThat(storage.openReaders() + storage.openWriters())
                .as("open readers and writers")
                .isZero();
    }

    final HttpCache cache(CachePolicy policy) {
        return HttpCache.builder()
                .storage(storage)
                .policy(policy)
                .clock(clock)
                .listener(new CacheListener() {
                    @Override
                    public void abandoned(StoredResponse response, String why) {
                        abandoned.add(why);
                    }

                    @Override
                    public void storageFailed(String operation, Throwable failure) {
                        troubles.add(operation + ": " + failure);
                    }
                })
                .build();
    }

    /** Starts the container anew with this filter. */
    final void start(LarderFilter.Builder filter) throws Exception {
        start(filter, EnumSet.of(DispatcherType.REQUEST, DispatcherType.ASYNC));
    }

    final void start(LarderFilter.Builder filter, EnumSet<DispatcherType> types) throws Exception {
        if (server != null) {
            server.close();
        }
        cache = cache(LarderFilter.defaultPolicy().build());
        server = new TestServer(types, List.of(filter.cache(cache).build()));
    }

    final void advance(long seconds) {
        clock.advance(Duration.ofSeconds(seconds));
    }

    static void eventually(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean() && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(condition.getAsBoolean()).as("in time").isTrue();
    }

    final Reply get(String path, String... lines) throws IOException {
        return send("GET", path, lines);
    }

    final Reply send(String method, String path, String... lines) throws IOException {
        return send(server, method, path, lines);
    }

    static Reply send(TestServer server, String method, String path, String... lines) throws IOException {
        try (Connection connection = new Connection(server)) {
            connection.send(method, path, lines);
            return connection.read(method);
        }
    }

    final Connection connect() throws IOException {
        return new Connection(server);
    }

    /** What came back. */
    record Reply(int status, List<String> fields, byte[] content, List<String> trailers) {
        String body() {
            return new String(content, StandardCharsets.UTF_8);
        }

        String field(String name) {
            List<String> all = fields(name);
            return all.isEmpty() ? null : String.join(", ", all);
        }

        List<String> fields(String name) {
            List<String> values = new ArrayList<>();
            for (String line : fields) {
                if (line.regionMatches(true, 0, name + ":", 0, name.length() + 1)) {
                    values.add(line.substring(name.length() + 1).trim());
                }
            }
            return values;
        }

        /** The part of Cache-Status that says what happened. */
        boolean hit() {
            return String.valueOf(field("Cache-Status")).contains("; hit");
        }
    }

    /** A connection of a client's, byte for byte. */
    static final class Connection implements AutoCloseable {
        private final Socket socket;
        private final InputStream in;

        Connection(TestServer server) throws IOException {
            socket = new Socket("localhost", server.port());
            socket.setSoTimeout(30_000);
            in = new BufferedInputStream(socket.getInputStream());
        }

        void send(String method, String path, String... lines) throws IOException {
            StringBuilder request = new StringBuilder(method + " " + path + " HTTP/1.1\r\n");
            boolean host = false;
            for (String line : lines) {
                host |= line.startsWith("Host:");
                request.append(line).append("\r\n");
            }
            request.append(host ? "" : "Host: example.test\r\n").append("\r\n");
            socket.getOutputStream().write(request.toString().getBytes(StandardCharsets.UTF_8));
        }

        String line() throws IOException {
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            for (int b = in.read(); b != '\n'; b = in.read()) {
                if (b < 0) {
                    throw new EOFException("the connection ended");
                }
                line.write(b);
            }
            return line.toString(StandardCharsets.UTF_8).stripTrailing();
        }

        private List<String> lines() throws IOException {
            List<String> lines = new ArrayList<>();
            for (String line = line(); !line.isEmpty(); line = line()) {
                lines.add(line);
            }
            return lines;
        }

        /** The head alone; what follows is to be read piece by piece. */
        Reply head() throws IOException {
            int status = Integer.parseInt(line().split(" ")[1]);
            return new Reply(status, lines(), new byte[0], List.of());
        }

        byte[] bytes(int count) throws IOException {
            byte[] bytes = in.readNBytes(count);
            if (bytes.length < count) {
                throw new EOFException("the connection ended after " + bytes.length + " bytes");
            }
            return bytes;
        }

        /** The next chunk, which is empty at the end. A server may send what ends a chunk with the next one. */
        String chunk() throws IOException {
            String line = line();
            if (line.isEmpty()) {
                line = line();
            }
            return new String(bytes(Integer.parseInt(line, 16)), StandardCharsets.ISO_8859_1);
        }

        Reply read(String method) throws IOException {
            Reply head = head();
            if (method.equals("HEAD") || head.status() == 304 || head.status() == 204) {
                return head;
            }
            if (head.field("Content-Length") != null) {
                int length = Integer.parseInt(head.field("Content-Length"));
                return new Reply(head.status(), head.fields(), bytes(length), List.of());
            }
            if (head.field("Transfer-Encoding") == null) {
                return new Reply(head.status(), head.fields(), in.readAllBytes(), List.of());
            }
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            int length = Integer.parseInt(line(), 16);
            while (length > 0) {
                body.write(bytes(length));
                line();
                length = Integer.parseInt(line(), 16);
            }
            return new Reply(head.status(), head.fields(), body.toByteArray(), lines());
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
