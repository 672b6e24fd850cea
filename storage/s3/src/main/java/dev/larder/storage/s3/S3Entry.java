package dev.larder.storage.s3;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.StoredEntry;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** An entry that was found in the index of its key. */
final class S3Entry extends StoredEntry {
    /** The key's name: the digits of its hash. */
    final String name;
    /** How often it had been used, and when last, as far as the index says. */
    final long uses;

    final long lastUse;

    S3Entry(
            String name,
            StoredResponse stored,
            long bodyLength,
            @Nullable ByteBuffer inlineBody,
            long uses,
            long lastUse) {
        super(stored, bodyLength, inlineBody);
        this.name = name;
        this.uses = uses;
        this.lastUse = lastUse;
    }
}
