package dev.larder.testkit;

import dev.larder.http.HttpFields;
import dev.larder.http.TargetUri;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryIds;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.Storage;
import dev.larder.storage.StoredEntry;
import dev.larder.storage.file.FileStorage;
import dev.larder.storage.memory.InMemoryStorage;
import dev.larder.storage.tiered.TieredStorage;
import dev.larder.storage.transform.KeyRing;
import dev.larder.storage.transform.TransformedStorage;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Times hits, all in one run: near ones beside those of memory, and transformed ones beside those of plain files. A hit is
 * a lookup, its whole body, and the count of a use.
 */
final class HitTimes {
    /** What the thread itself used, so that a busy machine disturbs less; waiting for a lock or a disk does not count. */
    private static final ThreadMXBean CPU = ManagementFactory.getThreadMXBean();

    private static final int KEYS = 100;
    private static final int ROUNDS = 9;

    private HitTimes() {}

    public static void main(String[] arguments) throws Exception {
        Path directory = Files.createTempDirectory("hit-times");
        KeyRing ring = KeyRing.of("key", KeyRing.newKey());
        for (int length : new int[] {1_000, 60_000, 1_000_000}) {
            Map<String, Storage> inMemory = new LinkedHashMap<>();
            inMemory.put("memory", InMemoryStorage.create());
            inMemory.put(
                    "memory over files, near hit",
                    TieredStorage.of(InMemoryStorage.create(), FileStorage.at(directory.resolve("far" + length))));
            time(inMemory, length, 200_000);
            Map<String, Storage> files = new LinkedHashMap<>();
            files.put("files", FileStorage.at(directory.resolve("plain" + length)));
            for (String transforms : List.of("compressed", "authenticated", "encrypted", "compressed, encrypted")) {
                TransformedStorage.Builder builder =
                        TransformedStorage.over(FileStorage.at(directory.resolve(transforms + length)));
                if (transforms.contains("compressed")) {
                    builder.compress();
                }
                if (transforms.contains("authenticated")) {
                    builder.authenticate(ring);
                }
                if (transforms.contains("encrypted")) {
                    builder.encrypt(ring);
                }
                files.put("files, " + transforms, builder.build());
            }
            time(files, length, length > 100_000 ? 200 : 2_000);
        }
    }

    private static void time(Map<String, Storage> storages, int length, int calls) throws Exception {
        byte[] body = new byte[length];
        for (int i = 0; i < length; i++) {
            body[i] = (byte) ("{\"name\": \"value\", \"n\": ".charAt(i % 23) + (i % 97 == 0 ? i / 97 % 10 : 0));
        }
        String[] keys = new String[KEYS];
        for (int i = 0; i < KEYS; i++) {
            keys[i] = "GET https://example.org/" + i;
            for (Storage storage : storages.values()) {
                put(storage, keys[i], body);
                hit(storage, keys[i], ByteBuffer.allocate(64 << 10));
            }
        }
        Map<String, double[]> times = new LinkedHashMap<>();
        storages.keySet().forEach(name -> times.put(name, new double[ROUNDS]));
        for (int round = 0; round < ROUNDS; round++) {
            for (Map.Entry<String, Storage> each : storages.entrySet()) {
                ByteBuffer target = ByteBuffer.allocate(64 << 10);
                long start = CPU.getCurrentThreadCpuTime();
                for (int i = 0; i < calls; i++) {
                    hit(each.getValue(), keys[i % KEYS], target);
                }
                times.get(each.getKey())[round] = (CPU.getCurrentThreadCpuTime() - start) / (double) calls;
            }
        }
        for (Map.Entry<String, double[]> each : times.entrySet()) {
            double[] all = each.getValue();
            Arrays.sort(all);
            System.out.printf(
                    "%,9d bytes  %-30s median %,12.0f ns of CPU/hit, best %,12.0f%n",
                    length, each.getKey(), all[ROUNDS / 2], all[0]);
        }
        for (Storage storage : storages.values()) {
            storage.clear();
            storage.close();
        }
    }

    private static void hit(Storage storage, String key, ByteBuffer target) throws Exception {
        StoredEntry entry = storage.lookup(key).get(0);
        ByteBuffer inline = entry.inlineBody();
        if (inline == null) {
            try (BodyReader reader = storage.open(entry)) {
                if (reader == null) {
                    throw new IllegalStateException("gone");
                }
                long at = 0;
                while (at < reader.length()) {
                    at += reader.read(at, target.clear());
                }
            }
        }
        storage.used(entry);
    }

    private static void put(Storage storage, String key, byte[] body) throws Exception {
        long now = System.currentTimeMillis();
        StoredResponse head = StoredResponse.builder()
                .id(EntryIds.next())
                .key(key)
                .method("GET")
                .uri(TargetUri.parse("https://example.org/"))
                .status(200)
                .fields(HttpFields.of(
                        "Cache-Control", "max-age=60",
                        "Content-Type", "application/json",
                        "Content-Length", Integer.toString(body.length)))
                .times(now, now)
                .createdAt(now)
                .build();
        try (EntryWriter writer = storage.create(head)) {
            writer.write(ByteBuffer.wrap(body));
            if (!writer.commit(List.of())) {
                throw new IllegalStateException("not stored");
            }
        }
    }
}
