package dev.larder.storage;

import dev.larder.rules.StoredResponse;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Where stored responses are kept. Whoever writes a storage implements this interface and runs the contract suite of
 * {@code larder-testkit}.
 *
 * <p><b>Entries and keys.</b> An entry is one stored response: a head ({@link StoredResponse}) and a body of raw bytes. A
 * key has any number of entries, its variants. An entry's id never names another response: a new response is a new id.
 * The body under an id never changes; {@link #freshen} replaces the head alone.
 *
 * <p><b>Visibility.</b> Nothing of an entry can be found before {@link EntryWriter#commit} has returned true, and all of
 * it afterwards. A crash at any instant leaves the old entries, the new ones, or none, never a mixture.
 *
 * <p><b>Reading.</b> {@link #lookup} answers heads and holds nothing open. A body is opened by {@link #open}, which may
 * answer that it is gone. Who has opened a body can read it to its end, whatever is removed meanwhile.
 *
 * <p><b>Removal and writing at once.</b> An entry whose writer was created before a removal that would have hit it is
 * discarded by its commit. This also holds for a removal by another process where several share the storage, as far as
 * the storage says so.
 *
 * <p><b>Damage.</b> A corrupt, truncated or foreign entry is reported to the {@link StorageListener}, removed unless it
 * is {@linkplain #keepDamaged to be kept}, and otherwise not there. No method throws because of an entry's content, and wrong bytes are never handed out: a body that
 * turns out damaged while it is read fails with an {@link IOException} before the first wrong byte.
 *
 * <p><b>Failure.</b> Methods throw {@link IOException} when the storage itself fails. The cache then goes on without it.
 *
 * <p><b>Threads.</b> All methods may be called by any number of threads at once. None holds a monitor during I/O.
 *
 * <p><b>Time to live.</b> An entry past its time to live is not there any more: that of its head
 * ({@link StoredResponse#ttlMillis()}), else that of the storage.
 */
public interface Storage extends AutoCloseable {
    /**
     * The heads of all entries stored under a key, with the bodies of those that are kept inline.
     *
     * @return in no particular order; empty when there are none
     */
    List<StoredEntry> lookup(String key) throws IOException;

    /**
     * Opens the body of an entry.
     *
     * @param entry what {@link #lookup} or {@link #entries} of this storage answered
     * @return null when the entry is gone or damaged; otherwise to be closed by the caller
     */
    @Nullable
    BodyReader open(StoredEntry entry) throws IOException;

    /**
     * Counts a use of an entry, for eviction, sliding time to live and {@code CacheInfo.uses()}. Cheap: what it counts
     * may reach the medium later, or not at all if the process dies.
     *
     * @return how often the entry has been used, this time included
     */
    long used(StoredEntry entry);

    /**
     * Begins a new entry.
     *
     * @param head its head; its id has never been used
     * @return to be closed by the caller, whether committed or not
     */
    EntryWriter create(StoredResponse head) throws IOException;

    /**
     * Replaces the head of the entry with the same key and id. The body is not rewritten.
     *
     * @return false when there is no such entry
     */
    boolean freshen(StoredResponse head) throws IOException;

    /**
     * Removes one entry.
     *
     * @return whether it was there
     */
    boolean remove(String key, String id) throws IOException;

    /**
     * Removes all entries of a key.
     *
     * @return how many there were
     */
    int removeKey(String key) throws IOException;

    /**
     * Removes all entries whose heads fulfil a condition.
     *
     * @return how many there were
     */
    int removeIf(Predicate<StoredResponse> condition) throws IOException;

    /**
     * Removes all entries, and nothing that is not this storage's own.
     *
     * @return how many there were, as far as that is known without reading them
     */
    long clear() throws IOException;

    /**
     * All entries, read as the iterator goes on. Entries that come or go meanwhile may be seen or not.
     *
     * @return holds nothing open between calls; {@code hasNext} may throw {@link java.io.UncheckedIOException}
     */
    Iterator<StoredEntry> entries() throws IOException;

    /** What is stored now, as far as this storage can tell without reading all of it. */
    StorageStatistics statistics() throws IOException;

    /**
     * The longest body, in bytes, that is worth beginning to write. Longer responses are served and not stored.
     */
    default long maxBodyBytes() {
        return Long.MAX_VALUE;
    }

    /**
     * Whether methods may wait for I/O. A storage that never does is called inline by the asynchronous driver: a change
     * of threads would cost more than the whole call.
     */
    default boolean blocks() {
        return true;
    }

    /**
     * Whether {@link #lease} can be asked; answered once, before the first request. Only a storage that several processes
     * share has a use for it, and it costs each miss some calls.
     */
    default boolean leases() {
        return false;
    }

    /**
     * Asks for the lease of a key: of all processes that miss the key at the same time, the one that has it fetches the
     * response. The others ask again until it is released, or has gone to yet another. A lease keeps nobody from writing
     * entries.
     *
     * @return the lease of the caller, or of who has it already; does not wait for that one
     * @throws UnsupportedOperationException if {@link #leases()} is false
     */
    default Lease lease(String key) throws IOException {
        throw new UnsupportedOperationException("leases() is false");
    }

    /**
     * The same storage without waiting.
     *
     * @param executor runs calls that block, where this storage has no better way
     */
    default AsyncStorage async(Executor executor) {
        return AsyncStorage.of(this, executor);
    }

    /**
     * Whether damaged entries that are come upon from now on stay where they are; not unless told. They are reported and not
     * there for callers in either case. For whoever wants to know before anything goes, such as {@link StorageCheck}; holds
     * for this object, not for others that share its place. Does nothing where entries cannot be damaged.
     */
    default void keepDamaged(boolean keep) {}

    /** Tells a listener of what happens from now on; one that is there already is not added again. */
    void addListener(StorageListener listener);

    /** Releases what this storage holds; entries stay where they are. Calling it again does nothing. */
    @Override
    void close() throws IOException;
}
