package dev.larder.internal;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.Storage;
import java.io.IOException;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/**
 * Removals that the storage failed to do. A storage that comes back must not bring back what was invalidated while it was
 * away (RFC 9111 4.4), so they are made up for before anything that they would have hit is looked up. They are forgotten
 * when the process ends.
 */
final class OwedRemovals {
    /** Beyond these all that is stored goes, rather than that memory does. */
    private static final int MOST_KEYS = 10_000;

    private static final int MOST_CONDITIONS = 100;

    private final Set<String> keys = ConcurrentHashMap.newKeySet();
    private final Queue<Predicate<StoredResponse>> conditions = new ConcurrentLinkedQueue<>();
    private final ReentrantLock lock = new ReentrantLock();
    // Written under the lock.
    private volatile boolean everything;
    private volatile boolean any;

    void owe(String key) {
        lock.lock();
        try {
            keys.add(key);
            everything |= keys.size() > MOST_KEYS;
            any = true;
        } finally {
            lock.unlock();
        }
    }

    void owe(Predicate<StoredResponse> condition) {
        lock.lock();
        try {
            conditions.add(condition);
            everything |= conditions.size() > MOST_CONDITIONS;
            any = true;
        } finally {
            lock.unlock();
        }
    }

    /** Whether something has to be removed before this key may be looked up. */
    boolean concern(String key) {
        return any && (everything || !conditions.isEmpty() || keys.contains(key));
    }

    /** Removes it. */
    void makeUpFor(String key, Storage storage) throws IOException {
        if (everything) {
            removeEverything(storage);
        }
        for (Predicate<StoredResponse> next = conditions.peek(); next != null; next = conditions.peek()) {
            storage.removeIf(next);
            conditions.remove(next);
        }
        if (keys.contains(key)) {
            storage.removeKey(key);
            keys.remove(key);
        }
        lock.lock();
        try {
            any = everything || !keys.isEmpty() || !conditions.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    private void removeEverything(Storage storage) throws IOException {
        lock.lock();
        try {
            // What comes from here on comes on top.
            everything = false;
            keys.clear();
            conditions.clear();
        } finally {
            lock.unlock();
        }
        try {
            storage.clear();
        } catch (IOException | RuntimeException e) {
            lock.lock();
            try {
                everything = true;
                any = true;
            } finally {
                lock.unlock();
            }
            throw e;
        }
    }
}
