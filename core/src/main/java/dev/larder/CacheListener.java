package dev.larder;

import dev.larder.http.RequestHead;
import dev.larder.rules.Reason;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.StorageListener;

/**
 * Hears of what a cache does. Called on the thread at work, so it must be quick; what it throws is logged and dropped.
 * Every method does nothing by default.
 */
public interface CacheListener extends StorageListener {
    /** A request got its answer, whose body may still be on its way. */
    default void answered(RequestHead request, CacheInfo info) {}

    /** A response is stored completely. */
    default void stored(StoredResponse response) {}

    /** A response was not stored after all: its body broke off, was given up, was too long, or was invalidated. */
    default void abandoned(StoredResponse response, String why) {}

    /** The origin confirmed a stored response. */
    default void freshened(StoredResponse response) {}

    /**
     * Entries were removed because they must not be reused.
     *
     * @param what the key, or what the caller of the invalidation named
     */
    default void invalidated(String what, long entries, Reason why) {}

    /** The storage failed. The request went on without it. */
    default void storageFailed(String operation, Throwable failure) {}
}
