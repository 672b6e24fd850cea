package dev.larder.storage.redis;

import dev.larder.storage.CircuitBreaker;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisConnectionException;
import io.lettuce.core.RedisLoadingException;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.RedisReadOnlyException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.BaseRedisAsyncCommands;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode.NodeFlag;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import io.lettuce.core.protocol.ProtocolKeyword;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The connection to Redis, behind the breaker: every call goes through here.
 *
 * <p>It is opened in the background, and opened again when it could not be, when it does not even answer a probe, or when
 * it turns out to lead to a replica. Lettuce sees to it that a connection that breaks comes back.
 *
 * <p>What the server answers in time, but does not do, is no failure to the breaker: a server that is out of memory, or
 * takes no writes, may well answer reads. What says that it answers nothing, such as that it is loading, counts.
 */
final class Link {
    private static final long MOVE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Connector connector;
    private final CircuitBreaker breaker;
    private final AtomicReference<@Nullable CompletableFuture<Connection>> current = new AtomicReference<>();
    private final AtomicLong lastMove = new AtomicLong(System.nanoTime() - MOVE_NANOS);
    private volatile @Nullable CompletableFuture<?> lastProbe;
    private volatile boolean closed;

    /** How a connection comes about, and whether it is ours to close. */
    record Connector(
            Supplier<? extends CompletionStage<? extends StatefulConnection<byte[], byte[]>>> connect, boolean owned) {}

    private record Connection(
            StatefulConnection<byte[], byte[]> connection, BaseRedisAsyncCommands<byte[], byte[]> commands) {
        static Connection of(StatefulConnection<byte[], byte[]> connection) {
            if (connection instanceof StatefulRedisClusterConnection<byte[], byte[]> cluster) {
                return new Connection(connection, cluster.async());
            }
            return new Connection(connection, ((StatefulRedisConnection<byte[], byte[]>) connection).async());
        }
    }

    /** What the server refused, carried past the breaker. */
    private record Refusal(RedisCommandExecutionException error) {}

    Link(Connector connector, CircuitBreaker.Builder breaker) {
        this.connector = connector;
        this.breaker = breaker.build(this::probe);
    }

    // ---- calls

    /** A command whose first argument is the key that says where in a cluster it goes. */
    CompletionStage<List<@Nullable Object>> call(CommandType type, byte[] key, byte[]... arguments) {
        return call(Duration.ZERO, type, key, arguments);
    }

    /** @param allowance see {@link CircuitBreaker#call(Duration, Supplier)} */
    CompletionStage<List<@Nullable Object>> call(
            Duration allowance, CommandType type, byte[] key, byte[]... arguments) {
        return call(allowance, connection -> send(connection, type, key, arguments));
    }

    /** As {@link #call(CommandType, byte[], Decoder)}, waiting for the answer, which is decoded on this thread. */
    <T> T await(CommandType type, byte[] key, Decoder<T> decoder) throws IOException {
        Object answer;
        try {
            answer = breaker.<Object>await(() -> guarded(connection -> send(connection, type, key)));
        } catch (IOException e) {
            throw closed ? closedFailure() : e;
        }
        return decoder.decode(answer);
    }

    CompletionStage<List<@Nullable Object>> run(Script script, byte[][] keys, byte[]... arguments) {
        return run(Duration.ZERO, script, keys, arguments);
    }

    /** @param allowance see {@link CircuitBreaker#call(Duration, Supplier)} */
    CompletionStage<List<@Nullable Object>> run(Duration allowance, Script script, byte[][] keys, byte[]... arguments) {
        return call(allowance, connection -> {
            CompletionStage<List<@Nullable Object>> known =
                    evaluate(connection, CommandType.EVALSHA, script.digest, keys, arguments);
            return known.exceptionallyCompose(failure -> unwrapped(failure) instanceof RedisNoScriptException
                    ? evaluate(connection, CommandType.EVAL, script.text, keys, arguments)
                    : CompletableFuture.failedFuture(failure));
        });
    }

    private static CompletionStage<List<@Nullable Object>> evaluate(
            Connection connection, CommandType type, String script, byte[][] keys, byte[]... arguments) {
        CommandArgs<byte[], byte[]> args = new CommandArgs<>(ByteArrayCodec.INSTANCE);
        args.add(script).add(keys.length).addKeys(keys);
        for (byte[] argument : arguments) {
            args.add(argument);
        }
        return dispatch(connection.commands, type, args);
    }

    private static CompletionStage<List<@Nullable Object>> send(
            Connection connection, CommandType type, byte[] key, byte[]... arguments) {
        CommandArgs<byte[], byte[]> args = new CommandArgs<>(ByteArrayCodec.INSTANCE);
        args.addKey(key);
        for (byte[] argument : arguments) {
            args.add(argument);
        }
        return dispatch(connection.commands, type, args);
    }

    private static CompletionStage<List<@Nullable Object>> dispatch(
            BaseRedisAsyncCommands<byte[], byte[]> commands, ProtocolKeyword type, CommandArgs<byte[], byte[]> args) {
        return commands.dispatch(type, new Values(), args);
    }

    private CompletionStage<List<@Nullable Object>> call(
            Duration allowance, Function<Connection, CompletionStage<List<@Nullable Object>>> operation) {
        return call(allowance, operation, this::valuesOf);
    }

    /** What an answer says, for a caller who has waited for it or has not. */
    interface Decoder<T> {
        /** @param answer for {@link Link#valuesOf} */
        T decode(Object answer) throws IOException;
    }

    /** A command whose answer becomes something else at once: no stage more than needed is on the way of a hit. */
    <T> CompletionStage<T> call(CommandType type, byte[] key, Decoder<T> decoder) {
        return call(Duration.ZERO, connection -> send(connection, type, key), decoder);
    }

    private <T> CompletionStage<T> call(
            Duration allowance,
            Function<Connection, CompletionStage<List<@Nullable Object>>> operation,
            Decoder<T> decoder) {
        CompletableFuture<T> result = new CompletableFuture<>();
        breaker.<Object>call(allowance, () -> guarded(operation)).whenComplete((answer, failure) -> {
            if (failure != null) {
                result.completeExceptionally(closed ? closedFailure() : asIoException(failure));
                return;
            }
            try {
                result.complete(decoder.decode(answer));
            } catch (IOException | RuntimeException e) {
                result.completeExceptionally(e);
            }
        });
        return result;
    }

    private CompletionStage<Object> guarded(Function<Connection, CompletionStage<List<@Nullable Object>>> operation) {
        CompletableFuture<Connection> connection = connection();
        CompletionStage<List<@Nullable Object>> answer = connection.isDone() && !connection.isCompletedExceptionally()
                ? dispatched(connection.join(), operation)
                : connection.thenCompose(c -> dispatched(c, operation));
        return answer.handle((values, failure) -> {
            if (failure == null) {
                return values;
            }
            Throwable cause = unwrapped(failure);
            if (cause instanceof RedisCommandExecutionException refused && !saysUnavailable(refused)) {
                return new Refusal(refused);
            }
            throw new CompletionException(cause);
        });
    }

    private static CompletionStage<List<@Nullable Object>> dispatched(
            Connection connection, Function<Connection, CompletionStage<List<@Nullable Object>>> operation) {
        // Lettuce would keep the command for later, if the caller's client is set up so.
        if (!connection.connection.isOpen() && !(connection.connection instanceof StatefulRedisClusterConnection)) {
            return CompletableFuture.failedFuture(new RedisConnectionException("not connected at the moment"));
        }
        return operation.apply(connection);
    }

    private static boolean saysUnavailable(RedisCommandExecutionException refused) {
        String message = String.valueOf(refused.getMessage());
        return refused instanceof RedisLoadingException
                || message.startsWith("NOAUTH")
                || message.startsWith("WRONGPASS")
                || message.startsWith("CLUSTERDOWN")
                || message.startsWith("MASTERDOWN");
    }

    /**
     * What an answer holds.
     *
     * @throws RefusedException when it is a refusal
     */
    @SuppressWarnings("unchecked") // guarded() answers nothing else
    List<@Nullable Object> valuesOf(Object answer) throws IOException {
        if (!(answer instanceof Refusal refusal)) {
            return (List<@Nullable Object>) answer;
        }
        if (refusal.error instanceof RedisReadOnlyException) {
            // The replica answers reads; only now and then it is worth a look whether somebody takes writes.
            long before = lastMove.get();
            if (System.nanoTime() - before > MOVE_NANOS && lastMove.compareAndSet(before, System.nanoTime())) {
                reconnect();
            }
        }
        throw new RefusedException(refusal.error);
    }

    /** Redis answered, but refused what it was asked. */
    static final class RefusedException extends IOException {
        private static final long serialVersionUID = 1L;

        RefusedException(RedisCommandExecutionException error) {
            super("Redis refused: " + error.getMessage(), error);
        }

        /** Whether somebody has put something else under one of our keys. */
        boolean isWrongType() {
            return String.valueOf(getMessage()).contains("WRONGTYPE");
        }
    }

    static Throwable unwrapped(Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    private static IOException asIoException(Throwable failure) {
        Throwable cause = unwrapped(failure);
        if (cause instanceof IOException e) {
            return e;
        }
        return new IOException("Redis cannot be used: " + cause.getMessage(), cause);
    }

    static IOException closedFailure() {
        return new IOException("the storage is closed");
    }

    // ---- scanning

    /** The nodes that hold keys. */
    CompletionStage<List<Node>> nodes() {
        CompletableFuture<List<Node>> result = new CompletableFuture<>();
        breaker.<List<Node>>call(() -> connection().thenCompose(Link::nodesOf)).whenComplete((nodes, failure) -> {
            if (failure != null) {
                result.completeExceptionally(closed ? closedFailure() : asIoException(failure));
            } else {
                result.complete(nodes);
            }
        });
        return result;
    }

    private static CompletionStage<List<Node>> nodesOf(Connection connection) {
        if (!(connection.connection instanceof StatefulRedisClusterConnection<byte[], byte[]> cluster)) {
            return CompletableFuture.completedFuture(List.of(new Node(connection)));
        }
        CompletableFuture<List<Node>> nodes = CompletableFuture.completedFuture(new ArrayList<>());
        for (RedisClusterNode node : cluster.getPartitions()) {
            if (node.is(NodeFlag.UPSTREAM) && !node.hasNoSlots()) {
                RedisURI uri = node.getUri();
                nodes = nodes.thenCombine(cluster.getConnectionAsync(uri.getHost(), uri.getPort()), (all, its) -> {
                    all.add(new Node(Connection.of(its)));
                    return all;
                });
            }
        }
        return nodes;
    }

    /** A server whose keys can be walked through. */
    static final class Node {
        private final Connection connection;

        private Node(Connection connection) {
            this.connection = connection;
        }
    }

    /** The next page of a node's keys: the cursor that leads on, then the keys. */
    CompletionStage<List<@Nullable Object>> scan(Node node, String cursor, byte[] pattern, int count) {
        return call(Duration.ofSeconds(1), any -> {
            CommandArgs<byte[], byte[]> args = new CommandArgs<>(ByteArrayCodec.INSTANCE);
            args.add(cursor).add("MATCH").add(pattern).add("COUNT").add(count);
            return dispatch(node.connection.commands, CommandType.SCAN, args);
        });
    }

    // ---- the connection

    /** Begins to connect. */
    void start() {
        connection();
    }

    boolean isOpen() {
        return !breaker.isOpen();
    }

    private CompletableFuture<Connection> connection() {
        CompletableFuture<Connection> known = current.get();
        if (known != null && !known.isCompletedExceptionally()) {
            return known;
        }
        if (closed) {
            return CompletableFuture.failedFuture(closedFailure());
        }
        CompletableFuture<Connection> fresh = new CompletableFuture<>();
        if (!current.compareAndSet(known, fresh)) {
            return connection();
        }
        try {
            connector.connect.get().whenComplete((connection, failure) -> {
                if (failure != null) {
                    fresh.completeExceptionally(unwrapped(failure));
                } else if (!fresh.complete(Connection.of(connection))) {
                    release(connection);
                }
            });
        } catch (RuntimeException e) {
            fresh.completeExceptionally(e);
        }
        return fresh;
    }

    /** Lets the next call connect anew. */
    private void reconnect() {
        if (connector.owned) {
            CompletableFuture<Connection> known = current.getAndSet(null);
            drop(known);
        }
    }

    private CompletableFuture<?> drop(@Nullable CompletableFuture<Connection> known) {
        if (known == null || known.completeExceptionally(closedFailure()) || known.isCompletedExceptionally()) {
            return CompletableFuture.completedFuture(null);
        }
        return release(known.join().connection);
    }

    private CompletableFuture<?> release(StatefulConnection<byte[], byte[]> connection) {
        return connector.owned ? connection.closeAsync() : CompletableFuture.completedFuture(null);
    }

    private CompletionStage<?> probe() {
        CompletableFuture<?> before = lastProbe;
        if (before != null && !before.isDone()) {
            // A second has passed: what the other end has forgotten will never answer.
            reconnect();
        }
        CompletableFuture<Connection> made = connection();
        // A connection that takes long to be made is not begun again: it would never be there.
        boolean isMade = made.isDone();
        CompletableFuture<?> probe = made.thenCompose(connection -> dispatched(
                connection, c -> dispatch(c.commands, CommandType.PING, new CommandArgs<>(ByteArrayCodec.INSTANCE))));
        lastProbe = isMade ? probe : null;
        return probe;
    }

    CompletableFuture<?> close() {
        closed = true;
        return drop(current.getAndSet(null));
    }
}
