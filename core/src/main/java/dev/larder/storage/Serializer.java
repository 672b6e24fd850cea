package dev.larder.storage;

import dev.larder.rules.StoredResponse;
import java.nio.ByteBuffer;

/**
 * Turns the heads of entries into bytes and back. Bodies never pass through it: a storage keeps them as they are.
 *
 * <p>What is read may be damaged or forged. A serializer never creates an object of a class that the data names, checks
 * every length before it allocates, and takes time in proportion to its input. Thread-safe.
 *
 * <p>The {@linkplain StoredResponse#knownDigest() digest} belongs to what is written: without it the first hit of every
 * process would parse the stored fields again.
 */
public interface Serializer {
    /** Its name for people, such as {@code binary} or {@code json}. */
    String format();

    /**
     * What storages write beside the bytes, so that they know later who can read them. 1 is {@link BinarySerializer}, 2 to
     * 15 are Larder's, 16 to 127 are free for others.
     */
    byte formatId();

    /** Whether the bytes are no text in UTF-8. */
    boolean isBinary();

    /**
     * The bytes of a head.
     *
     * @throws IllegalArgumentException when the head is larger than the format allows
     */
    byte[] write(StoredResponse head);

    /**
     * The head that the remaining bytes hold.
     *
     * @throws MalformedEntryException when they are not exactly one head; nothing else is ever thrown
     */
    StoredResponse read(ByteBuffer bytes) throws MalformedEntryException;
}
