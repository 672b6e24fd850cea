package dev.larder.storage.sqlite;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.StoredEntry;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** An entry that was found in the tables. */
final class SqliteEntry extends StoredEntry {
    final long n;
    final long seal;
    final long uses;
    /** The last use that is written, in nanoseconds; 0 where nothing depends on it. */
    final long used;

    SqliteEntry(
            long n,
            long seal,
            StoredResponse stored,
            long bodyLength,
            long uses,
            long used,
            @Nullable ByteBuffer body) {
        super(stored, bodyLength, body);
        this.n = n;
        this.seal = seal;
        this.uses = uses;
        this.used = used;
    }
}
