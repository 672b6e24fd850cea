package dev.larder.storage.redis;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.ClientOptions.DisconnectedBehavior;
import io.lettuce.core.MaintNotificationsConfig;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisURI;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.ClusterTopologyRefreshOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode.NodeFlag;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.metrics.CommandLatencyRecorder;
import io.lettuce.core.protocol.ProtocolVersion;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Delay;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Where connections come from: a client of our own, or the caller's client or connection. */
final class Connections {
    private final Link.Connector connector;
    private final boolean cluster;
    private final @Nullable Runnable shutdown;

    private Connections(Link.Connector connector, boolean cluster, @Nullable Runnable shutdown) {
        this.connector = connector;
        this.cluster = cluster;
        this.shutdown = shutdown;
    }

    static Connections of(RedisStorage.Builder b) {
        StatefulRedisConnection<byte[], byte[]> connection = b.connection;
        StatefulRedisClusterConnection<byte[], byte[]> clusterConnection = b.clusterConnection;
        RedisClient client = b.client;
        RedisClusterClient clusterClient = b.clusterClient;
        if (connection != null) {
            return new Connections(new Link.Connector(() -> completed(connection), false), false, null);
        }
        if (clusterConnection != null) {
            return new Connections(new Link.Connector(() -> completed(clusterConnection), false), true, null);
        }
        if (client != null) {
            // Lettuce waits here: it tells nobody which URI the client was made with.
            return new Connections(
                    new Link.Connector(
                            () -> CompletableFuture.supplyAsync(
                                    () -> client.connect(ByteArrayCodec.INSTANCE), Connections::startThread),
                            true),
                    false,
                    null);
        }
        if (clusterClient != null) {
            return new Connections(new Link.Connector(() -> connect(clusterClient), true), true, null);
        }
        return own(b);
    }

    private static void startThread(Runnable task) {
        Thread thread = new Thread(task, "larder-redis-connect");
        thread.setDaemon(true);
        thread.start();
    }

    private static CompletionStage<StatefulConnection<byte[], byte[]>> completed(
            StatefulConnection<byte[], byte[]> connection) {
        return CompletableFuture.completedFuture(connection);
    }

    /**
     * It has to know the topology first, and the caller's may not. Then each node is connected to, since a command that
     * has to wait for that would be rejected. A node that is down is one whose keys are missed.
     */
    private static CompletionStage<StatefulRedisClusterConnection<byte[], byte[]>> connect(RedisClusterClient client) {
        return client.refreshPartitionsAsync()
                .thenCompose(done -> client.connectAsync(ByteArrayCodec.INSTANCE))
                .thenCompose(connection -> {
                    CompletableFuture<?> all = CompletableFuture.completedFuture(null);
                    for (RedisClusterNode node : connection.getPartitions()) {
                        if (node.is(NodeFlag.UPSTREAM)) {
                            all = CompletableFuture.allOf(
                                    all,
                                    connection
                                            .getConnectionAsync(
                                                    node.getUri().getHost(),
                                                    node.getUri().getPort())
                                            .handle((its, failure) -> its));
                        }
                    }
                    return all.thenApply(done -> connection);
                });
    }

    private static Connections own(RedisStorage.Builder b) {
        Duration patience = b.timeout.compareTo(Duration.ofSeconds(1)) < 0 ? Duration.ofSeconds(1) : b.timeout;
        List<RedisURI> uris = b.uris.isEmpty()
                ? List.of(RedisURI.create("localhost", RedisURI.DEFAULT_REDIS_PORT))
                : List.copyOf(b.uris);
        b.parsed.forEach(uri -> uri.setTimeout(patience));
        ClientResources resources = ClientResources.builder()
                .ioThreadPoolSize(2)
                .computationThreadPoolSize(2)
                .reconnectDelay(Delay.constant(Duration.ofMillis(250)))
                .commandLatencyRecorder(CommandLatencyRecorder.disabled())
                .build();
        boolean cluster = b.cluster || uris.size() > 1;
        if (cluster) {
            RedisClusterClient client = RedisClusterClient.create(resources, uris);
            ClusterClientOptions.Builder options = ClusterClientOptions.builder();
            configure(options, patience);
            options.topologyRefreshOptions(ClusterTopologyRefreshOptions.builder()
                    .adaptiveRefreshTriggersTimeout(Duration.ofSeconds(1))
                    .enablePeriodicRefresh(Duration.ofSeconds(30))
                    .build());
            client.setOptions(options.build());
            return new Connections(new Link.Connector(() -> connect(client), true), true, () -> {
                client.shutdown(0, 2, TimeUnit.SECONDS);
                resources.shutdown(0, 2, TimeUnit.SECONDS);
            });
        }
        RedisURI uri = uris.get(0);
        RedisClient client = RedisClient.create(resources);
        ClientOptions.Builder options = ClientOptions.builder();
        configure(options, patience);
        client.setOptions(options.build());
        return new Connections(
                new Link.Connector(() -> client.connectAsync(ByteArrayCodec.INSTANCE, uri), true), false, () -> {
                    client.shutdown(0, 2, TimeUnit.SECONDS);
                    resources.shutdown(0, 2, TimeUnit.SECONDS);
                });
    }

    /** @param patience the breaker gives up earlier; this is for what nobody waits for any more */
    private static void configure(ClientOptions.Builder options, Duration patience) {
        options
                // What cannot be sent now is of no use later.
                .disconnectedBehavior(DisconnectedBehavior.REJECT_COMMANDS)
                .timeoutOptions(TimeoutOptions.enabled(patience.multipliedBy(5)))
                .socketOptions(SocketOptions.builder()
                        .connectTimeout(patience)
                        .keepAlive(true)
                        .build())
                // Any server speaks it.
                .protocolVersion(ProtocolVersion.RESP2)
                .maintNotificationsConfig(MaintNotificationsConfig.disabled());
    }

    Link.Connector connector() {
        return connector;
    }

    boolean isCluster() {
        return cluster;
    }

    /** Shuts down what is our own. */
    void close() {
        if (shutdown != null) {
            shutdown.run();
        }
    }
}
