package dev.larder.storage.tiered;

import dev.larder.storage.StoredEntry;
import org.jspecify.annotations.Nullable;

/** An entry that far answered. Those that near answered are handed out as they are, so that such a hit costs no more. */
final class FarEntry extends StoredEntry {
    final KnownKeys owner;
    final StoredEntry entry;

    /** What was known when far was asked; null when the entry is not to be brought near. */
    final @Nullable Known token;

    final long generation;

    FarEntry(KnownKeys owner, StoredEntry entry, @Nullable Known token, long generation) {
        super(entry.stored(), entry.bodyLength(), entry.inlineBody());
        this.owner = owner;
        this.entry = entry;
        this.token = token;
        this.generation = generation;
    }
}
