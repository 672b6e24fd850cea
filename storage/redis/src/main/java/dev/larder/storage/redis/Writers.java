package dev.larder.storage.redis;

import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/**
 * The entries that a process writes to one namespace. Its own removals discard them exactly, so the removals that Redis
 * remembers only matter to other processes.
 */
final class Writers {
    private static final ConcurrentHashMap<String, Writers> BY_NAMESPACE = new ConcurrentHashMap<>();

    private final Set<Upload> all = ConcurrentHashMap.newKeySet();

    /** For all storages of this process with this namespace, on whichever server. */
    static Writers of(String process, String namespace) {
        return BY_NAMESPACE.computeIfAbsent(process + " " + namespace, name -> new Writers());
    }

    void add(Upload upload) {
        all.add(upload);
    }

    void remove(Upload upload) {
        all.remove(upload);
    }

    /** Makes the commits of some discard the entry; completes when those that were under way are done. */
    CompletableFuture<Void> discard(Predicate<Upload> which) {
        CompletableFuture<Void> done = CompletableFuture.completedFuture(null);
        for (Upload upload : all) {
            if (which.test(upload)) {
                done = CompletableFuture.allOf(done, upload.discard());
            }
        }
        return done;
    }
}
