package dev.larder.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/1.1 origin server on 127.0.0.1 for tests: it answers by script, records what it is asked, and misbehaves on
 * request.
 *
 * <pre>{@code
 * try (ScriptedOrigin origin = ScriptedOrigin.start()) {
 *     origin.on("/a").reply(Reply.ok("body").field("Cache-Control", "max-age=60"));
 *     client.send(HttpRequest.newBuilder(origin.uri("/a")).build(), BodyHandlers.ofString());
 *     assertEquals(1, origin.count("/a"));
 * }
 * }</pre>
 *
 * <p>Connections persist and are served by a daemon thread each; some thousand at a time are fine. A request is recorded
 * when head and body have been read, before its reply is looked up. One that cannot be parsed is not recorded; it is
 * refused with 400, 413 or 431.
 *
 * <p>Where a method takes a path, {@code /a} stands for all requests to that path whatever their query, and
 * {@code /a?b=c} for those with exactly that query. Paths are compared as they are sent, percent-encoding included.
 *
 * <p>Safe for use by several threads; scripts may be changed at any time.
 */
public final class ScriptedOrigin implements AutoCloseable {

    /** Computes replies. Called by many threads at once, one for each connection. */
    @FunctionalInterface
    public interface Handler {

        /**
         * Answers a request. May block; the thread is interrupted when the origin is stopped or closed.
         *
         * @param request the request
         * @return the reply
         * @throws Exception to have the request answered with 500 and the exception's text
         */
        Reply answer(RecordedRequest request) throws Exception;
    }

    private static final int BACKLOG = 2048;
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final @Nullable InstantSource clock;
    private final int port;
    private final Map<String, Handler> scripts = new ConcurrentHashMap<>();
    private volatile Handler otherwise = request -> Reply.status(404);
    private final AtomicInteger resets = new AtomicInteger();

    /** Guards all that follows. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Condition recorded = lock.newCondition();
    private final List<RecordedRequest> requests = new ArrayList<>();
    private final Map<String, Integer> counts = new HashMap<>();
    private final Set<OriginConnection> connections = new HashSet<>();
    private int accepted;
    private boolean closed;

    private @Nullable ServerSocket listener;
    private @Nullable Thread acceptor;

    /** Keeps the port while the origin is stopped: bound, so that nobody else gets it, but refusing connections. */
    private @Nullable Socket placeholder;

    private ScriptedOrigin(@Nullable InstantSource clock) throws IOException {
        this.clock = clock;
        ServerSocket first = bind(0);
        this.port = first.getLocalPort();
        listen(first);
    }

    /**
     * Starts an origin on a free port that adds no {@code Date}.
     *
     * @return the running origin
     * @throws UncheckedIOException if no port can be had
     */
    public static ScriptedOrigin start() {
        return startWith(null);
    }

    /**
     * Starts an origin on a free port that adds a {@code Date} to each reply that has none, except to
     * {@linkplain Reply#raw raw} ones.
     *
     * @param clock what the dates are read from
     * @return the running origin
     * @throws UncheckedIOException if no port can be had
     */
    public static ScriptedOrigin start(InstantSource clock) {
        return startWith(Objects.requireNonNull(clock, "clock"));
    }

    private static ScriptedOrigin startWith(@Nullable InstantSource clock) {
        try {
            return new ScriptedOrigin(clock);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The port, which stays the same for the origin's whole life.
     *
     * @return the TCP port on 127.0.0.1
     */
    public int port() {
        return port;
    }

    /**
     * The URI of a resource here.
     *
     * @param pathAndQuery a path, beginning with a slash, and perhaps a query
     * @return the absolute URI
     */
    public URI uri(String pathAndQuery) {
        return URI.create("http://127.0.0.1:" + port + pathAndQuery);
    }

    /**
     * Begins the script for a path; the script replaces an earlier one for the same path. A script for path and query
     * takes precedence over one for the path.
     *
     * @param path the path, perhaps with a query
     * @return where to say what is answered
     */
    public Script on(String path) {
        return new Script(this, Objects.requireNonNull(path, "path"));
    }

    /**
     * Sets what is answered where there is no script: 404 at first.
     *
     * @param handler computes the replies
     * @return this origin
     */
    public ScriptedOrigin otherwise(Handler handler) {
        otherwise = Objects.requireNonNull(handler, "handler");
        return this;
    }

    /**
     * Resets the next connections as soon as they are accepted, before anything is read.
     *
     * @param connections how many; replaces what is left of an earlier number
     */
    public void resetNextConnections(int connections) {
        resets.set(connections);
    }

    /**
     * All requests, in the order recorded.
     *
     * @return an unmodifiable snapshot
     */
    public List<RecordedRequest> requests() {
        lock.lock();
        try {
            return List.copyOf(requests);
        } finally {
            lock.unlock();
        }
    }

    /**
     * The requests to a path, in the order recorded.
     *
     * @param path the path, perhaps with a query
     * @return an unmodifiable snapshot
     */
    public List<RecordedRequest> requests(String path) {
        return requests().stream().filter(request -> request.matches(path)).toList();
    }

    /**
     * The number of requests.
     *
     * @return how many were recorded
     */
    public int count() {
        lock.lock();
        try {
            return requests.size();
        } finally {
            lock.unlock();
        }
    }

    /**
     * The number of requests to a path.
     *
     * @param path the path, perhaps with a query
     * @return how many were recorded
     */
    public int count(String path) {
        lock.lock();
        try {
            return counts.getOrDefault(path, 0);
        } finally {
            lock.unlock();
        }
    }

    /**
     * The number of connections.
     *
     * @return how many were accepted since the start, including those closed again
     */
    public int connectionCount() {
        lock.lock();
        try {
            return accepted;
        } finally {
            lock.unlock();
        }
    }

    /**
     * The number of connections that are open now. One that the client has closed counts until its thread has noticed,
     * which it does when it reads or writes.
     *
     * @return how many there are
     */
    public int openConnections() {
        lock.lock();
        try {
            return connections.size();
        } finally {
            lock.unlock();
        }
    }

    /** Forgets the requests recorded so far, so that counting starts again at zero. Scripts are kept. */
    public void forgetRequests() {
        lock.lock();
        try {
            requests.clear();
            counts.clear();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until a number of requests to a path were recorded.
     *
     * @param path the path, perhaps with a query
     * @param count how many, including those already recorded
     * @param timeout how long to wait at most
     * @throws AssertionError if there are fewer by then, or the thread is interrupted
     */
    public void awaitRequests(String path, int count, Duration timeout) {
        long left = timeout.toNanos();
        lock.lock();
        try {
            while (counts.getOrDefault(path, 0) < count) {
                if (left <= 0) {
                    throw new AssertionError("expected " + count + " requests to " + path + " within " + timeout
                            + " but there were " + counts.getOrDefault(path, 0) + "; requests by path: " + counts);
                }
                left = recorded.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for requests to " + path, e);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Closes the listener and all connections, so that connecting is refused. The port stays reserved for
     * {@link #resume()}. Does nothing when already stopped.
     */
    public void stopAccepting() {
        halt(false);
    }

    /**
     * Listens again on the same port. Does nothing when not stopped.
     *
     * @throws IllegalStateException if the origin is closed
     * @throws UncheckedIOException if the port cannot be had
     */
    public void resume() {
        lock.lock();
        try {
            if (closed) {
                throw new IllegalStateException("closed");
            }
            if (listener == null) {
                releasePlaceholder();
                listen(bind(port));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Closes the listener and all connections for good and waits until their threads have ended. Records can still be
     * read afterwards.
     *
     * @throws IllegalStateException if a {@link Handler} ignores interruption and keeps its thread for ten seconds
     */
    @Override
    public void close() {
        halt(true);
    }

    /** Records a request and finds its reply. */
    Reply answer(RecordedRequest request) throws InterruptedException {
        // Before it is recorded: whoever waits for the record may send the next one, which must not take this one's
        // turn.
        Reply turn = handler(request) instanceof InTurn inTurn ? inTurn.next() : null;
        record(request);
        if (turn != null) {
            return turn;
        }
        Handler handler = handler(request);
        try {
            return Objects.requireNonNull(handler.answer(request), "the handler's reply");
        } catch (InterruptedException e) {
            throw e;
        } catch (Exception | AssertionError e) {
            return Reply.status(500).body("The handler of " + request.path() + " failed: " + e);
        }
    }

    private Handler handler(RecordedRequest request) {
        Handler handler = scripts.get(request.pathAndQuery());
        return handler == null ? scripts.getOrDefault(request.path(), otherwise) : handler;
    }

    /** One reply after the other; the last one is repeated. */
    private record InTurn(List<Reply> replies, AtomicInteger turn) implements Handler {
        @Override
        public Reply answer(RecordedRequest request) {
            return next();
        }

        Reply next() {
            return replies.get(turn.getAndUpdate(i -> Math.min(i + 1, replies.size() - 1)));
        }
    }

    /** What a Date field should say, or null for none. */
    @Nullable
    Instant now() {
        return clock == null ? null : clock.instant();
    }

    /** Called by a connection's thread as its last deed. */
    void ended(OriginConnection connection) {
        lock.lock();
        try {
            connections.remove(connection);
        } finally {
            lock.unlock();
        }
    }

    private void record(RecordedRequest request) {
        lock.lock();
        try {
            requests.add(request);
            counts.merge(request.path(), 1, Integer::sum);
            if (!request.pathAndQuery().equals(request.path())) {
                counts.merge(request.pathAndQuery(), 1, Integer::sum);
            }
            recorded.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private static InetSocketAddress loopback(int port) throws IOException {
        return new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), port);
    }

    private static ServerSocket bind(int port) throws IOException {
        ServerSocket socket = new ServerSocket();
        try {
            // Connections of a stopped origin may still be in TIME_WAIT on this port.
            socket.setReuseAddress(true);
            socket.bind(loopback(port), BACKLOG);
            return socket;
        } catch (IOException e) {
            OriginConnection.closeQuietly(socket);
            throw e;
        }
    }

    private void listen(ServerSocket socket) {
        Thread thread = new Thread(() -> accept(socket), "scripted-origin-" + port);
        thread.setDaemon(true);
        listener = socket;
        acceptor = thread;
        thread.start();
    }

    private void accept(ServerSocket from) {
        while (!from.isClosed()) {
            try {
                serve(from, from.accept());
            } catch (IOException e) {
                // Either the listener was closed or the process is out of descriptors, which takes a moment to pass.
                if (!from.isClosed()) {
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
                }
            }
        }
    }

    private void serve(ServerSocket from, Socket socket) throws IOException {
        lock.lock();
        try {
            if (listener != from) {
                socket.close();
                return;
            }
            accepted++;
            if (resets.getAndUpdate(left -> Math.max(left - 1, 0)) > 0) {
                socket.setSoLinger(true, 0);
                socket.close();
                return;
            }
            OriginConnection connection = new OriginConnection(this, socket, accepted);
            connections.add(connection);
            connection.thread().start();
        } finally {
            lock.unlock();
        }
    }

    private void halt(boolean forGood) {
        List<Thread> threads = new ArrayList<>();
        lock.lock();
        try {
            closed |= forGood;
            if (listener != null) {
                OriginConnection.closeQuietly(listener);
                listener = null;
                if (!closed) {
                    reservePort();
                }
            }
            if (closed) {
                releasePlaceholder();
            }
            if (acceptor != null) {
                threads.add(acceptor);
            }
            for (OriginConnection connection : connections) {
                threads.add(connection.thread());
                connection.abort();
            }
        } finally {
            lock.unlock();
        }
        // Not under the lock, which threads need in order to end.
        join(threads);
    }

    private void reservePort() {
        Socket socket = new Socket();
        try {
            socket.setReuseAddress(true);
            socket.bind(loopback(port));
            placeholder = socket;
        } catch (IOException e) {
            // Only a safeguard: without it the port is merely likely to be free still when the origin resumes.
            OriginConnection.closeQuietly(socket);
        }
    }

    private void releasePlaceholder() {
        if (placeholder != null) {
            OriginConnection.closeQuietly(placeholder);
            placeholder = null;
        }
    }

    private static void join(List<Thread> threads) {
        boolean interrupted = false;
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        for (Thread thread : threads) {
            // A handler may stop its own origin; its thread ends when the handler returns.
            while (thread != Thread.currentThread() && thread.isAlive()) {
                long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
                if (left <= 0) {
                    throw new IllegalStateException("the thread " + thread.getName() + " does not end");
                }
                try {
                    thread.join(left);
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Says what is answered at one path. Nothing is answered there until one of the methods is called. */
    public static final class Script {

        private final ScriptedOrigin origin;
        private final String path;

        private Script(ScriptedOrigin origin, String path) {
            this.origin = origin;
            this.path = path;
        }

        /**
         * Answers every request alike.
         *
         * @param reply the reply
         * @return the origin
         */
        public ScriptedOrigin reply(Reply reply) {
            Objects.requireNonNull(reply, "reply");
            return answer(request -> reply);
        }

        /**
         * Answers with one reply after the other; the last one is repeated.
         *
         * @param first the reply to the first request
         * @param more the replies to the requests that follow
         * @return the origin
         */
        public ScriptedOrigin replies(Reply first, Reply... more) {
            List<Reply> all = new ArrayList<>();
            all.add(Objects.requireNonNull(first, "first"));
            all.addAll(List.of(more));
            return answer(new InTurn(List.copyOf(all), new AtomicInteger()));
        }

        /**
         * Computes each answer.
         *
         * @param handler computes the replies
         * @return the origin
         */
        public ScriptedOrigin answer(Handler handler) {
            origin.scripts.put(path, Objects.requireNonNull(handler, "handler"));
            return origin;
        }
    }
}
