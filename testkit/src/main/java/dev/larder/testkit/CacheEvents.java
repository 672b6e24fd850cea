package dev.larder.testkit;

import dev.larder.CacheInfo;
import dev.larder.CacheListener;
import dev.larder.http.RequestHead;
import dev.larder.rules.StoredResponse;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/** Keeps what a cache reports, so that a test can look at what it did not ask about. Thread-safe. */
public final class CacheEvents implements CacheListener {
    private final AtomicLong answered = new AtomicLong();
    private final List<String> troubles = new CopyOnWriteArrayList<>();
    private final List<String> abandoned = new CopyOnWriteArrayList<>();

    /** Nothing has been reported. */
    public CacheEvents() {}

    /** How many requests were answered. */
    public long answered() {
        return answered.get();
    }

    /** Counts on from another number, such as that of a cache whose statistics go on. */
    public void answered(long count) {
        answered.set(count);
    }

    /** What went wrong in the storage, one line each; a snapshot. */
    public List<String> troubles() {
        return List.copyOf(troubles);
    }

    /** Forgets {@link #troubles()} that were expected. */
    public void forgetTroubles() {
        troubles.clear();
    }

    /** Why responses were not stored after all; a snapshot. */
    public List<String> abandoned() {
        return List.copyOf(abandoned);
    }

    @Override
    public void answered(RequestHead request, CacheInfo info) {
        answered.incrementAndGet();
    }

    @Override
    public void abandoned(StoredResponse response, String why) {
        abandoned.add(why);
    }

    @Override
    public void storageFailed(String operation, Throwable failure) {
        troubles.add("storage failed in " + operation + ": " + failure);
    }

    @Override
    public void corrupt(String where, String what) {
        troubles.add("corrupt " + where + ": " + what);
    }

    @Override
    public void failed(String operation, IOException failure) {
        troubles.add("failed " + operation + ": " + failure);
    }
}
