package dev.larder.storage.redis;

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

/** What tests of storages say all the time. */
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
                .fields(HttpFields.of("Cache-Control", "max-age=60", "Content-Type", "text/plain"))
                .times(now, now)
                .createdAt(now);
    }

    static byte[] bytes(int length, long seed) {
        byte[] bytes = new byte[length];
        new GeneratedBody(length, seed).copy(0, bytes, 0, length);
        return bytes;
    }

    static StoredResponse put(Storage storage, String key, byte[] body) throws IOException {
        StoredResponse head = head(key).build();
        if (!tryPut(storage, head, body)) {
            throw new AssertionError("not committed");
        }
        return head;
    }

    static boolean tryPut(Storage storage, StoredResponse head, byte[] body) throws IOException {
        try (EntryWriter writer = storage.create(head)) {
            writer.write(ByteBuffer.wrap(body));
            return writer.commit(List.of());
        }
    }

    static StoredEntry only(Storage storage, String key) throws IOException {
        List<StoredEntry> found = storage.lookup(key);
        if (found.size() != 1) {
            throw new AssertionError(found.size() + " entries under " + key);
        }
        return found.get(0);
    }

    /** The body, or null when it is gone. */
    static byte[] read(Storage storage, StoredEntry entry) throws IOException {
        ByteBuffer inline = entry.inlineBody();
        if (inline != null) {
            byte[] bytes = new byte[inline.remaining()];
            inline.get(bytes);
            return bytes;
        }
        try (BodyReader reader = storage.open(entry)) {
            if (reader == null) {
                return null;
            }
            ByteBuffer body = ByteBuffer.allocate((int) reader.length());
            while (body.hasRemaining() && reader.read(body.position(), body) > 0) {
                // on
            }
            return body.hasRemaining() ? new byte[0] : body.array();
        }
    }

    /** Remembers what it was told. */
    static final class Events implements StorageListener {
        final List<String> corrupt = new CopyOnWriteArrayList<>();
        final List<String> evicted = new CopyOnWriteArrayList<>();
        final List<String> failed = new CopyOnWriteArrayList<>();

        @Override
        public void corrupt(String where, String what) {
            corrupt.add(where + ": " + what);
        }

        @Override
        public void evicted(String key) {
            evicted.add(key);
        }

        @Override
        public void failed(String operation, IOException failure) {
            failed.add(operation + ": " + failure);
        }
    }
}
