package dev.larder.storage.sqlite;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.StoredEntry;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** An entry that was found in the tables. */
final class SqliteEntry extends StoredEntry {
    final long n;
    final long uses;
    /** The last use that is written, in nanoseconds. */
    final long used;

    SqliteEntry(
            long n, StoredResponse stored, long bodyLength, long uses, long used, @Nullable ByteBuffer body) {
        super(stored, bodyLength, body);
        this.n = n;
        this.uses = uses;
        this.used = used;
    }
}
