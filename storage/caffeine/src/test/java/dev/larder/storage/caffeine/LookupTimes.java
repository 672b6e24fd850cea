package dev.larder.storage.caffeine;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.larder.http.HttpFields;
import dev.larder.http.TargetUri;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.EntryIds;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.Storage;
import dev.larder.storage.StoredEntry;
import dev.larder.storage.memory.InMemoryStorage;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Times a hit, which is a lookup and the count of a use, in memory, in Caffeine's storage, and in Caffeine itself. */
final class LookupTimes {
    /** What the thread itself used, so that a busy machine disturbs less; waiting for a lock or a disk does not count. */
    private static final ThreadMXBean CPU = ManagementFactory.getThreadMXBean();

    private static final int KEYS = 1 << 13;
    private static final int CALLS = 300_000;
    private static final int ROUNDS = 15;

    private interface Hit {
        long on(String key) throws Exception;
    }

    private LookupTimes() {}

    public static void main(String[] arguments) throws Exception {
        Cache<String, String> raw = Caffeine.newBuilder().maximumSize(2 * KEYS).build();
        Storage caffeine = CaffeineStorage.builder()
                .maxEntries(2 * KEYS)
                .maxBytes(1L << 30)
                .build();
        Storage memory = InMemoryStorage.builder().maxEntries(2 * KEYS).build();
        String[] keys = new String[KEYS];
        for (int i = 0; i < KEYS; i++) {
            keys[i] = "GET https://example.org/resource/" + i;
            raw.put(keys[i], keys[i]);
            put(caffeine, keys[i]);
            put(memory, keys[i]);
        }
        Map<String, Hit> hits = new LinkedHashMap<>();
        hits.put("Caffeine.getIfPresent", key -> raw.getIfPresent(key).length());
        hits.put("CaffeineStorage.lookup", key -> caffeine.lookup(key).size());
        hits.put("InMemoryStorage.lookup", key -> memory.lookup(key).size());
        hits.put("CaffeineStorage.lookup+used", key -> hit(caffeine, key));
        hits.put("InMemoryStorage.lookup+used", key -> hit(memory, key));
        for (int threads : new int[] {1, 4}) {
            Map<String, double[]> times = new LinkedHashMap<>();
            hits.keySet().forEach(name -> times.put(name, new double[ROUNDS]));
            for (int round = 0; round < ROUNDS; round++) {
                for (Map.Entry<String, Hit> each : hits.entrySet()) {
                    times.get(each.getKey())[round] = nanosPerCall(each.getValue(), keys, threads);
                }
            }
            times.forEach((name, all) -> {
                Arrays.sort(all);
                System.out.printf(
                        "%d thread(s)  %-28s median %6.1f ns of CPU/call, best %6.1f%n",
                        threads, name, all[ROUNDS / 2], all[0]);
            });
        }
    }

    private static long hit(Storage storage, String key) throws Exception {
        List<StoredEntry> found = storage.lookup(key);
        return storage.used(found.get(0));
    }

    private static double nanosPerCall(Hit hit, String[] keys, int threads) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        List<Future<Long>> results = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            int seed = t;
            results.add(executor.submit(() -> {
                SplittableRandom random = new SplittableRandom(seed);
                long sum = 0;
                long start = CPU.getCurrentThreadCpuTime();
                for (int i = 0; i < CALLS; i++) {
                    // Skewed, as traffic is.
                    sum += hit.on(keys[random.nextInt(1 + random.nextInt(KEYS))]);
                }
                long taken = CPU.getCurrentThreadCpuTime() - start;
                return sum == 0 ? 0 : taken;
            }));
        }
        double total = 0;
        for (Future<Long> result : results) {
            total += result.get();
        }
        executor.shutdown();
        return total / threads / CALLS;
    }

    private static void put(Storage storage, String key) throws Exception {
        StoredResponse head = StoredResponse.builder()
                .id(EntryIds.next())
                .key(key)
                .method("GET")
                .uri(TargetUri.parse("https://example.org/"))
                .status(200)
                .fields(HttpFields.of("Cache-Control", "max-age=60"))
                .build();
        try (EntryWriter writer = storage.create(head)) {
            writer.write(ByteBuffer.allocate(1000));
            writer.commit(List.of());
        }
    }
}
