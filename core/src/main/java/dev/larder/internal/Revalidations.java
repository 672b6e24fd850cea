package dev.larder.internal;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The keys that are being revalidated in the background: each once at a time, and not too many at once. */
final class Revalidations {
    private static final int MOST = 64;

    private final Set<String> keys = ConcurrentHashMap.newKeySet();

    /** Whether the caller is to revalidate the key, and to call {@link #end} then. */
    boolean begin(String key) {
        return keys.size() < MOST && keys.add(key);
    }

    void end(String key) {
        keys.remove(key);
    }
}
