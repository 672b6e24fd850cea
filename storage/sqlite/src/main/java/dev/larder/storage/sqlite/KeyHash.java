package dev.larder.storage.sqlite;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** What stands for a key in the tables: the SHA-256 of its characters, since SQLite's text cannot hold every string. */
final class KeyHash {
    private final String key;
    private final byte[] bytes;
    /** Whether all heads under it were known when it was looked up last. A guess that saves reading them again. */
    volatile boolean headsKnown;

    private KeyHash(String key, byte[] bytes) {
        this.key = key;
        this.bytes = bytes;
    }

    String key() {
        return key;
    }

    byte[] bytes() {
        return bytes;
    }

    static KeyHash of(String key) {
        // No charset has bytes for every string, and a buffer of characters takes as long as the hash.
        byte[] characters = new byte[2 * key.length()];
        for (int i = 0; i < key.length(); i++) {
            char c = key.charAt(i);
            characters[2 * i] = (byte) (c >> 8);
            characters[2 * i + 1] = (byte) c;
        }
        try {
            return new KeyHash(key, MessageDigest.getInstance("SHA-256").digest(characters));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** Which removals concern it. */
    int slot() {
        return ((bytes[0] & 0xFF) << 8) | (bytes[1] & 0xFF);
    }

    /** The hashes of keys that were asked for before. A table without chains, so forgetful at worst. */
    static final class Known {
        private static final int SLOT_BITS = 13;
        /** Longer keys are rare, and would fill the memory. */
        private static final int MAX_KEY = 1 << 11;

        private final AtomicReferenceArray<@Nullable KeyHash> slots = new AtomicReferenceArray<>(1 << SLOT_BITS);

        KeyHash of(String key) {
            // Keys often differ in their last characters only, which this spreads.
            int slot = (key.hashCode() * 0x9E3779B9) >>> (32 - SLOT_BITS);
            KeyHash known = slots.get(slot);
            if (known != null && known.key.equals(key)) {
                return known;
            }
            KeyHash made = KeyHash.of(key);
            if (key.length() <= MAX_KEY) {
                slots.set(slot, made);
            }
            return made;
        }
    }
}
