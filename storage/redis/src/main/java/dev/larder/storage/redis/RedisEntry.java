package dev.larder.storage.redis;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.StoredEntry;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** An entry that was found in Redis. */
final class RedisEntry extends StoredEntry {
    final Place place;
    final byte[] record;
    final Usage usage;
    final byte @Nullable [] chunk;

    /** @param chunk the inline body behind its checksum */
    RedisEntry(
            Place place,
            StoredResponse stored,
            byte[] record,
            Usage usage,
            long bodyLength,
            byte @Nullable [] chunk,
            @Nullable ByteBuffer inlineBody) {
        super(stored, bodyLength, inlineBody);
        this.place = place;
        this.record = record;
        this.usage = usage;
        this.chunk = chunk;
    }

    String id() {
        return stored().id();
    }
}
