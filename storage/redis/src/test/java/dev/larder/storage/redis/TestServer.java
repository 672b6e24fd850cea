package dev.larder.storage.redis;

import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.codec.ByteArrayCodec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import redis.embedded.RedisServer;
import redis.embedded.core.RedisServerBuilder;

/** A real redis-server of our own, on a free port of the loopback interface, that keeps nothing on disk. */
final class TestServer implements AutoCloseable {
    private final int port;
    private final List<String> settings;
    private RedisServer server;
    private final RedisClient admin;

    private TestServer(int port, List<String> settings) throws IOException {
        this.port = port;
        this.settings = settings;
        admin = RedisClient.create(uri());
        server = launch();
    }

    static TestServer start(String... settings) throws IOException {
        return new TestServer(freePort(), List.of(settings));
    }

    /** One for all tests that leave it as it was. */
    static TestServer shared() {
        return Shared.SERVER;
    }

    private static final class Shared {
        static final TestServer SERVER;

        static {
            try {
                SERVER = start();
                // Embedded Redis stops the server when the JVM ends.
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private RedisServer launch() throws IOException {
        RedisServerBuilder builder = RedisServer.newRedisServer()
                .port(port)
                .bind("127.0.0.1")
                .setting("save \"\"")
                .setting("appendonly no")
                // With true, stop() does not wait and the port stays taken.
                .onShutdownForceStop(false);
        settings.forEach(builder::setting);
        RedisServer started = builder.build();
        started.start();
        return started;
    }

    int port() {
        return port;
    }

    String uri() {
        return "redis://127.0.0.1:" + port;
    }

    /** A client for tests to look behind the storage with. */
    RedisClient client() {
        return admin;
    }

    String info(String section) {
        try (StatefulRedisConnection<String, String> connection = admin.connect()) {
            return connection.sync().info(section);
        }
    }

    /** How often the server has run a command. */
    static long calls(String commandStats, String command) {
        for (String line : commandStats.split("\r\n")) {
            if (line.startsWith("cmdstat_" + command + ":calls=")) {
                return Long.parseLong(line.substring(line.indexOf('=') + 1, line.indexOf(',')));
            }
        }
        return 0;
    }

    <T> T with(Work<T> work) {
        try (StatefulRedisConnection<byte[], byte[]> connection = admin.connect(ByteArrayCodec.INSTANCE)) {
            return work.run(connection.sync());
        }
    }

    interface Work<T> {
        T run(RedisCommands<byte[], byte[]> redis);
    }

    List<String> keys(String prefix) {
        List<String> keys = new ArrayList<>();
        for (byte[] key : with(redis -> redis.keys(prefix + "*"))) {
            keys.add(new String(key, StandardCharsets.UTF_8));
        }
        return keys;
    }

    long pid() {
        for (String line : info("server").split("\r\n")) {
            if (line.startsWith("process_id:")) {
                return Long.parseLong(line.substring("process_id:".length()));
            }
        }
        throw new AssertionError("no process id");
    }

    /** As {@code kill} does it. */
    static void signal(String signal, long pid) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(pid)).start();
        if (!kill.waitFor(10, TimeUnit.SECONDS) || kill.exitValue() != 0) {
            throw new IOException("cannot send " + signal);
        }
    }

    /** Ends the server as a crash would, or politely. */
    void stop() throws IOException {
        server.stop();
    }

    void restart() throws IOException {
        server = launch();
    }

    @Override
    public void close() throws IOException {
        admin.shutdown(0, 1, TimeUnit.SECONDS);
        server.stop();
    }
}
