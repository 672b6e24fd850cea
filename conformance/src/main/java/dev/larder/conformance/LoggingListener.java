package dev.larder.conformance;

import dev.larder.CacheListener;
import dev.larder.rules.StoredResponse;
import java.util.function.Consumer;

/** Logs what the responses themselves do not tell: that something was not stored after all. */
record LoggingListener(Consumer<String> log) implements CacheListener {
    @Override
    public void abandoned(StoredResponse response, String why) {
        log.accept("not stored after all: " + response + ": " + why);
    }

    @Override
    public void storageFailed(String operation, Throwable failure) {
        log.accept("the storage failed to " + operation + ": " + failure);
    }

    @Override
    public void corrupt(String where, String what) {
        log.accept("a stored entry is damaged: " + where + ": " + what);
    }

    @Override
    public void evicted(String key) {
        log.accept("evicted: " + key);
    }
}
