package dev.larder.storage;

import java.io.IOException;

/** Hears of what happens inside a storage. Called on the thread at work; must be quick, and must not throw. */
public interface StorageListener {
    /**
     * An entry was found damaged and removed.
     *
     * @param where the file, row or object
     * @param what what is wrong with it
     */
    default void corrupt(String where, String what) {}

    /**
     * An entry was removed to make room.
     *
     * @param key its primary key, or its place in the storage where the key is not at hand
     */
    default void evicted(String key) {}

    /** Something failed that no caller is waiting for, such as a sweep or a clean-up. */
    default void failed(String operation, IOException failure) {}
}
