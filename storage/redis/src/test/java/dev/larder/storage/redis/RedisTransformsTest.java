package dev.larder.storage.redis;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.http.HttpFields;
import dev.larder.http.TargetUri;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncBodyReader;
import dev.larder.storage.AsyncEntryWriter;
import dev.larder.storage.AsyncStorage;
import dev.larder.storage.EntryIds;
import dev.larder.storage.Storage;
import dev.larder.storage.StoredEntry;
import dev.larder.storage.transform.KeyRing;
import dev.larder.storage.transform.TransformedStorage;
import dev.larder.testkit.GeneratedBody;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Transforms over a storage that is asynchronous by itself. */
class RedisTransformsTest {
    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(30, TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @ValueSource(ints = {100, 40_000, 300_000})
    @DisplayName("need no thread of the executor")
    void needNoThread(int length) throws Exception {
        try (Storage redis = RedisStorage.builder()
                        .uri(TestServer.shared().uri())
                        .namespace("transforms")
                        .build();
                Storage storage = TransformedStorage.over(redis)
                        .compress()
                        .encrypt(KeyRing.of("key", KeyRing.newKey()))
                        .build()) {
            AsyncStorage async = storage.async(task -> {
                throw new RejectedExecutionException("no thread is to be had");
            });
            byte[] body = new byte[length];
            new GeneratedBody(length, 1).copy(0, body, 0, length);
            StoredResponse head = StoredResponse.builder()
                    .id(EntryIds.next())
                    .key("key " + length)
                    .method("GET")
                    .uri(TargetUri.parse("https://example.org/"))
                    .status(200)
                    .fields(HttpFields.of("Content-Length", Integer.toString(length)))
                    .build();
            AsyncEntryWriter writer = get(async.create(head));
            get(writer.write(ByteBuffer.wrap(body)));
            ByteBuffer back = ByteBuffer.allocate(100);
            assertThat(get(writer.readBack(0, back))).isEqualTo(100);
            assertThat(get(writer.commit(List.of()))).isTrue();
            get(writer.close());

            List<StoredEntry> found = get(async.lookup(head.key()));
            assertThat(found).hasSize(1);
            assertThat(found.get(0).stored()).isEqualTo(head);
            AsyncBodyReader reader = get(async.open(found.get(0)));
            ByteBuffer read = ByteBuffer.allocate(length);
            while (read.hasRemaining()) {
                assertThat(get(reader.read(read.position(), read))).isPositive();
            }
            get(reader.close());
            assertThat(read.array()).isEqualTo(body);
            assertThat(get(async.freshen(head.toBuilder().status(203).build()))).isTrue();
            assertThat(get(async.removeKey(head.key()))).isEqualTo(1);
        }
    }
}
