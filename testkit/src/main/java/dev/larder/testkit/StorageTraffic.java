package dev.larder.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.http.HttpFields;
import dev.larder.http.TargetUri;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryIds;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.Storage;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;

/** One thread's random reads, writes and removals on a few keys. Each head says which bytes its body has. */
final class StorageTraffic implements Callable<@Nullable Void> {
    private static final int KEYS = 10;
    private static final int[] LENGTHS = {0, 1, 300, 5_000, 70_000};

    private final Storage storage;
    private final ManualClock clock;
    private final int operations;
    private final Random random;

    StorageTraffic(Storage storage, ManualClock clock, long seed, int operations) {
        this.storage = storage;
        this.clock = clock;
        this.operations = operations;
        this.random = new Random(seed);
    }

    @Override
    public @Nullable Void call() throws IOException {
        for (int i = 0; i < operations; i++) {
            String key = "key " + random.nextInt(KEYS);
            int kind = random.nextInt(1000);
            if (kind < 350) {
                write(key, kind < 20);
            } else if (kind < 800) {
                for (StoredEntry entry : storage.lookup(key)) {
                    assertThat(entry.stored().key()).isEqualTo(key);
                    check(storage, entry);
                    storage.used(entry);
                }
            } else if (kind < 900) {
                freshen(key);
            } else if (kind < 960) {
                for (StoredEntry entry : storage.lookup(key)) {
                    storage.remove(key, entry.stored().id());
                }
            } else if (kind < 990) {
                storage.removeKey(key);
            } else if (kind < 998) {
                storage.removeIf(head -> head.key().equals(key));
            } else {
                storage.clear();
            }
        }
        return null;
    }

    private void write(String key, boolean giveUp) throws IOException {
        GeneratedBody body = new GeneratedBody(LENGTHS[random.nextInt(LENGTHS.length)], random.nextLong());
        long now = clock.millis();
        StoredResponse head = StoredResponse.builder()
                .id(EntryIds.next())
                .key(key)
                .method("GET")
                .uri(TargetUri.parse("https://example.org/"))
                .status(200)
                .fields(HttpFields.of("Seed", Long.toString(body.seed()), "Length", Long.toString(body.length())))
                .times(now, now)
                .createdAt(now)
                .build();
        List<StoredResponse> replaced = new ArrayList<>();
        for (StoredEntry entry : storage.lookup(key)) {
            replaced.add(entry.stored());
        }
        byte[] bytes = new byte[(int) body.length()];
        body.copy(0, bytes, 0, bytes.length);
        try (EntryWriter writer = storage.create(head)) {
            int half = bytes.length / 2;
            writer.write(ByteBuffer.wrap(bytes, 0, half));
            if (!giveUp) {
                writer.write(ByteBuffer.wrap(bytes, half, bytes.length - half));
                writer.commit(replaced);
            }
        }
    }

    private void freshen(String key) throws IOException {
        for (StoredEntry entry : storage.lookup(key)) {
            StoredResponse head = entry.stored();
            storage.freshen(head.toBuilder()
                    .fields(head.fields().with("Freshened", Integer.toString(random.nextInt())))
                    .build());
        }
    }

    /** That the body, if it is still there, is the one that the head tells of. */
    static void check(Storage storage, StoredEntry entry) throws IOException {
        HttpFields fields = entry.stored().fields();
        int length = Integer.parseInt(String.valueOf(fields.first("Length")));
        long seed = Long.parseLong(String.valueOf(fields.first("Seed")));
        assertThat(entry.bodyLength()).isEqualTo(length);
        byte[] expected = new byte[length];
        new GeneratedBody(length, seed).copy(0, expected, 0, length);
        ByteBuffer inline = entry.inlineBody();
        if (inline != null) {
            assertThat(inline.equals(ByteBuffer.wrap(expected)))
                    .as("the inline body is that of its head")
                    .isTrue();
        }
        try (BodyReader reader = storage.open(entry)) {
            if (reader == null) {
                return;
            }
            assertThat(reader.length()).isEqualTo(length);
            ByteBuffer actual = ByteBuffer.allocate(length);
            while (actual.hasRemaining()) {
                assertThat(reader.read(actual.position(), actual)).isPositive();
            }
            assertThat(actual.flip().equals(ByteBuffer.wrap(expected)))
                    .as("the body is that of its head")
                    .isTrue();
        }
    }
}
