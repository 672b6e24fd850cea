package dev.larder.storage.file;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** The names of keys that were asked for before: a hit need not hash its key again. A table as {@link HeadCache} is. */
final class EntryNames {
    private static final int SLOTS = 1 << 11;
    /** Longer keys are rare, and would fill the memory. */
    private static final int MAX_KEY = 1 << 11;

    private final AtomicReferenceArray<@Nullable Known> slots = new AtomicReferenceArray<>(SLOTS);

    private record Known(String key, EntryName name) {}

    EntryName of(String key) {
        int hash = key.hashCode();
        int slot = (hash ^ hash >>> 16) & (SLOTS - 1);
        Known known = slots.get(slot);
        if (known != null && known.key.equals(key)) {
            return known.name;
        }
        EntryName name = EntryName.of(key);
        if (key.length() <= MAX_KEY) {
            slots.set(slot, new Known(key, name));
        }
        return name;
    }
}
