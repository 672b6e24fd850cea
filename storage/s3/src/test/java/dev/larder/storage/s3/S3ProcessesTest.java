package dev.larder.storage.s3;

import static dev.larder.storage.s3.Entries.bytes;
import static dev.larder.storage.s3.Entries.head;
import static dev.larder.storage.s3.Entries.only;
import static dev.larder.storage.s3.Entries.put;
import static dev.larder.storage.s3.Entries.read;
import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.StoredEntry;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Several storages on one bucket, which know of each other only what S3 tells them, as processes do. */
class S3ProcessesTest {
    private static S3Server server;

    private final List<S3Storage> opened = new ArrayList<>();

    @BeforeAll
    static void start() throws Exception {
        server = S3Server.inMemory();
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    private List<S3Storage> storages(int count, int maxVariants) {
        S3Storage.Builder builder = server.storage().maxVariants(maxVariants);
        for (int i = 0; i < count; i++) {
            opened.add(builder.build());
        }
        return opened;
    }

    @AfterEach
    void close() throws Exception {
        for (S3Storage storage : opened) {
            storage.close();
        }
    }

    @Test
    void eightWritersAtOneKeyLoseNothing() throws Exception {
        int each = Integer.getInteger("larder.test.s3.variants", 12);
        List<S3Storage> storages = storages(8, 10_000);
        Map<String, Integer> written = new ConcurrentHashMap<>();
        ExecutorService executor = Executors.newFixedThreadPool(8);
        try {
            List<Callable<Void>> tasks = new ArrayList<>();
            for (S3Storage storage : storages) {
                tasks.add(() -> {
                    for (int i = 0; i < each; i++) {
                        StoredResponse head = head("key").build();
                        int length = i % 5 == 0 ? 20_000 + i : 100 + i;
                        assertThat(Entries.tryPut(
                                        storage, head, bytes(length, head.id().hashCode())))
                                .isTrue();
                        written.put(head.id(), length);
                    }
                    return null;
                });
            }
            for (Future<Void> result : executor.invokeAll(tasks)) {
                result.get();
            }
        } finally {
            executor.shutdownNow();
        }
        Map<String, Integer> found = new HashMap<>();
        for (StoredEntry entry : storages.get(0).lookup("key")) {
            found.put(entry.stored().id(), (int) entry.bodyLength());
            assertThat(read(storages.get(0), entry))
                    .isEqualTo(
                            bytes((int) entry.bodyLength(), entry.stored().id().hashCode()));
        }
        assertThat(found).hasSize(8 * each).isEqualTo(written);
    }

    @Test
    void removingAKeyDiscardsWhatAnotherProcessIsWriting() throws Exception {
        S3Storage one = storages(2, 64).get(0);
        S3Storage other = opened.get(1);
        for (boolean stored : new boolean[] {false, true}) {
            for (int length : new int[] {100, 100_000}) {
                String key = "key " + stored + length;
                if (stored) {
                    put(one, key, bytes(10, 1));
                }
                try (EntryWriter writer = one.create(head(key).build())) {
                    writer.write(ByteBuffer.wrap(bytes(length, 2)));
                    assertThat(other.removeKey(key)).isEqualTo(stored ? 1 : 0);
                    assertThat(writer.commit(List.of())).isFalse();
                }
                assertThat(one.lookup(key)).isEmpty();
                assertThat(other.lookup(key)).isEmpty();
                // What begins later is kept.
                put(one, key, bytes(length, 3));
                assertThat(read(other, only(other, key))).isEqualTo(bytes(length, 3));
            }
        }
    }

    @Test
    void whatWasRequestedBeforeAnotherProcessRemovedTheKeyIsNotStoredAfterIt() throws Exception {
        S3Storage.Builder builder = server.storage();
        S3Storage one = builder.build();
        builder.process++;
        S3Storage other = builder.build();
        opened.addAll(List.of(one, other));
        long before = System.currentTimeMillis() - 5000;
        for (boolean stored : new boolean[] {false, true}) {
            for (int length : new int[] {100, 100_000}) {
                String key = "key " + stored + length;
                if (stored) {
                    put(one, key, bytes(10, 1));
                }
                // The request goes out, the key is removed, and only then the response comes; meanwhile someone has
                // looked.
                assertThat(one.lookup(key)).hasSize(stored ? 1 : 0);
                other.removeKey(key);
                assertThat(one.lookup(key)).isEmpty();
                StoredResponse late =
                        head(key).times(before, System.currentTimeMillis()).build();
                assertThat(Entries.tryPut(one, late, bytes(length, 2))).isFalse();
                assertThat(one.lookup(key)).isEmpty();
                assertThat(other.lookup(key)).isEmpty();
                // A copy of an old entry is no response that comes in.
                StoredResponse copy = head(key)
                        .times(before - 10_000_000, before - 10_000_000)
                        .build();
                assertThat(Entries.tryPut(one, copy, bytes(length, 2))).isTrue();
                put(one, key, bytes(length, 3));
                assertThat(other.lookup(key)).hasSize(2);
            }
        }
    }

    @Test
    void clearingDiscardsWhatAnotherProcessIsWritingUnderAKeyThatWasStored() throws Exception {
        S3Storage one = storages(2, 64).get(0);
        S3Storage other = opened.get(1);
        for (int length : new int[] {100, 100_000}) {
            put(one, "key", bytes(length, 1));
            try (EntryWriter writer = one.create(head("key").build())) {
                writer.write(ByteBuffer.wrap(bytes(100, 2)));
                assertThat(other.clear()).isEqualTo(1);
                assertThat(writer.commit(List.of())).isFalse();
            }
            assertThat(one.lookup("key")).isEmpty();
        }
    }

    @Test
    void firstEntriesOfAKeyDoNotDiscardEachOther() throws Exception {
        S3Storage one = storages(2, 64).get(0);
        S3Storage other = opened.get(1);
        Set<String> ids = new HashSet<>();
        try (EntryWriter first = one.create(head("key").build());
                EntryWriter second = other.create(head("key").build())) {
            assertThat(first.commit(List.of())).isTrue();
            assertThat(second.commit(List.of())).isTrue();
        }
        for (StoredEntry entry : other.lookup("key")) {
            ids.add(entry.stored().id());
        }
        assertThat(ids).hasSize(2);
    }

    @Test
    void aReaderFinishesAlthoughAnotherProcessRemovesTheBody() throws Exception {
        S3Storage one = storages(2, 64).get(0);
        S3Storage other = opened.get(1);
        byte[] body = bytes(3_000_000, 1);
        for (String how : List.of("remove", "removeKey", "clear")) {
            StoredResponse head = put(one, "key", body);
            try (BodyReader reader = one.open(only(one, "key"))) {
                assertThat(reader).isNotNull();
                switch (how) {
                    case "remove" -> other.remove("key", head.id());
                    case "removeKey" -> other.removeKey("key");
                    default -> other.clear();
                }
                other.sweep();
                assertThat(one.lookup("key")).isEmpty();
                assertThat(Entries.drain(reader)).isEqualTo(body);
            }
        }
    }

    @Test
    void prefixesShareNothing() throws Exception {
        S3Storage one = server.storage().keyPrefix("shared/a").build();
        S3Storage other = server.storage().keyPrefix("shared/ab").build();
        opened.addAll(List.of(one, other));
        server.put("shared/a-file-of-somebody-else", new byte[] {1});
        server.put("shared/ak/something-else", new byte[] {1});
        put(one, "key", bytes(10, 1));
        put(other, "key", bytes(100_000, 2));
        assertThat(read(one, only(one, "key"))).isEqualTo(bytes(10, 1));
        assertThat(one.clear()).isEqualTo(1);
        one.sweep();
        assertThat(one.lookup("key")).isEmpty();
        assertThat(read(other, only(other, "key"))).isEqualTo(bytes(100_000, 2));
        assertThat(server.names("shared/")).contains("shared/a-file-of-somebody-else", "shared/ak/something-else");
    }

    @Test
    void manyKeysArePagedThrough() throws Exception {
        S3Storage storage = storages(2, 64).get(0);
        int keys = Integer.getInteger("larder.test.s3.keys", 1200);
        ExecutorService executor = Executors.newFixedThreadPool(16);
        try {
            List<Callable<StoredResponse>> tasks = new ArrayList<>();
            for (int i = 0; i < keys; i++) {
                String key = "key " + i;
                tasks.add(() -> put(storage, key, bytes(10, 1)));
            }
            for (Future<StoredResponse> result : executor.invokeAll(tasks)) {
                result.get();
            }
        } finally {
            executor.shutdownNow();
        }
        Set<String> seen = new HashSet<>();
        opened.get(1)
                .entries()
                .forEachRemaining(entry -> seen.add(entry.stored().key()));
        assertThat(seen).hasSize(keys);
        assertThat(opened.get(1).removeIf(head -> head.key().endsWith("7"))).isEqualTo(keys / 10);
        assertThat(opened.get(1).clear()).isEqualTo(keys - keys / 10);
        assertThat(storage.entries().hasNext()).isFalse();
    }
}
