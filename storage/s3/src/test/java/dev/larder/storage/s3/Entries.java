package dev.larder.storage.s3;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.http.HttpFields;
import dev.larder.http.TargetUri;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryIds;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.Storage;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StoredEntry;
import dev.larder.testkit.GeneratedBody;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;

/** Puts entries into storages and takes them out again. */
final class Entries {
    private Entries() {}

    static StoredResponse.Builder head(String key) {
        long now = System.currentTimeMillis();
        return StoredResponse.builder()
                .id(EntryIds.next())
                .key(key)
                .method("GET")
                .uri(TargetUri.parse("https://example.org/"))
                .status(200)
                .fields(HttpFields.of("Cache-Control", "max-age=60"))
                .times(now, now)
                .createdAt(now);
    }

    static StoredResponse put(Storage storage, String key, byte[] body) throws IOException {
        StoredResponse head = head(key).build();
        assertThat(tryPut(storage, head, body)).as("committed").isTrue();
        return head;
    }

    static boolean tryPut(Storage storage, StoredResponse head, byte[] body, StoredResponse... replaced)
            throws IOException {
        try (EntryWriter writer = storage.create(head)) {
            writer.write(ByteBuffer.wrap(body));
            return writer.commit(List.of(replaced));
        }
    }

    static byte[] read(Storage storage, StoredEntry entry) throws IOException {
        try (BodyReader reader = storage.open(entry)) {
            return reader == null ? null : drain(reader);
        }
    }

    static byte[] drain(BodyReader reader) throws IOException {
        ByteBuffer body = ByteBuffer.allocate(Math.toIntExact(reader.length()));
        while (body.hasRemaining()) {
            assertThat(reader.read(body.position(), body)).isPositive();
        }
        return body.array();
    }

    static StoredEntry only(Storage storage, String key) throws IOException {
        List<StoredEntry> found = storage.lookup(key);
        assertThat(found).hasSize(1);
        return found.get(0);
    }

    static byte[] bytes(int length, long seed) {
        byte[] bytes = new byte[length];
        new GeneratedBody(length, seed).copy(0, bytes, 0, length);
        return bytes;
    }

    static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + 30_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadline);
            Thread.onSpinWait();
            try {
                Thread.sleep(5);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    /** What a storage reported. */
    static final class Reports implements StorageListener {
        final List<String> corrupt = new CopyOnWriteArrayList<>();
        final List<String> failed = new CopyOnWriteArrayList<>();

        @Override
        public void corrupt(String where, String what) {
            corrupt.add(where + ": " + what);
        }

        @Override
        public void failed(String operation, IOException failure) {
            failed.add(operation + ": " + failure);
        }
    }
}
