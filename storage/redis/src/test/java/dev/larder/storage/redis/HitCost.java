package dev.larder.storage.redis;

import dev.larder.storage.AsyncStorage;
import dev.larder.storage.StoredEntry;
import io.lettuce.core.RedisClient;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/**
 * What an inline hit costs beside what the client itself takes for the same bytes: a program, not a test. Rounds of each
 * kind take turns, and the median of the rounds is told.
 */
final class HitCost {
    private static final int ROUNDS = 21;
    private static final int CALLS = 1_500;
    private static final int WINDOW = 100;

    private HitCost() {}

    private interface Call {
        void run() throws Exception;
    }

    /** Argument: the length of the body. */
    public static void main(String[] args) throws Exception {
        int length = args.length == 0 ? 4096 : Integer.parseInt(args[0]);
        TestServer server = TestServer.shared();
        RedisClient client = RedisClient.create(server.uri());
        StatefulRedisConnection<byte[], byte[]> raw = client.connect(ByteArrayCodec.INSTANCE);
        try (RedisStorage storage = RedisStorage.builder()
                .uri(server.uri())
                .timeout(Duration.ofSeconds(20))
                .build()) {
            Entries.put(storage, "key", Entries.bytes(length, 1));
            byte[] hash = new Place.Keys("larder").of("key").hash();
            byte[] plain = "plain".getBytes(StandardCharsets.UTF_8);
            int bytes = raw.sync().hgetall(hash).values().stream()
                    .mapToInt(value -> value.length)
                    .sum();
            raw.sync().set(plain, Entries.bytes(bytes, 1));
            AsyncStorage async = storage.async(Runnable::run);
            List<String> names = List.of("GET", "HGETALL", "hit", "async GET", "async HGETALL", "async hit");
            List<Call> calls = List.of(
                    () -> raw.sync().get(plain),
                    () -> raw.sync().hgetall(hash),
                    () -> {
                        StoredEntry entry = storage.lookup("key").get(0);
                        entry.inlineBody();
                        storage.used(entry);
                    },
                    window(() -> raw.async().get(plain)),
                    window(() -> raw.async().hgetall(hash)),
                    window(() -> async.lookup("key").thenApply(found -> async.used(found.get(0)))));
            long[][] nanos = new long[calls.size()][ROUNDS];
            for (int round = -8; round < ROUNDS; round++) {
                for (int kind = 0; kind < calls.size(); kind++) {
                    int times = kind < 3 ? CALLS : CALLS / WINDOW * 4;
                    long start = System.nanoTime();
                    for (int i = 0; i < times; i++) {
                        calls.get(kind).run();
                    }
                    if (round >= 0) {
                        nanos[kind][round] = (System.nanoTime() - start) / times / (kind < 3 ? 1 : WINDOW);
                    }
                }
            }
            System.out.println("a body of " + length + " bytes, " + bytes + " bytes in all, microseconds a call");
            for (int kind = 0; kind < calls.size(); kind++) {
                Arrays.sort(nanos[kind]);
                System.out.printf(
                        "%-14s median %6.1f  best %6.1f%n",
                        names.get(kind), nanos[kind][ROUNDS / 2] / 1e3, nanos[kind][0] / 1e3);
            }
        }
        System.exit(0);
    }

    /** Many at once, and waits for all. */
    private static Call window(Supplier<? extends CompletionStage<?>> call) {
        return () -> {
            List<CompletableFuture<?>> all = new ArrayList<>(WINDOW);
            for (int i = 0; i < WINDOW; i++) {
                all.add(call.get().toCompletableFuture());
            }
            for (CompletableFuture<?> one : all) {
                one.get();
            }
        };
    }
}
