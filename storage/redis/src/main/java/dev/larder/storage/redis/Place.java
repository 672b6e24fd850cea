package dev.larder.storage.redis;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Where the entries of one primary key are: all of them under one hash tag, and so in one slot of a cluster.
 *
 * @param tag 144 bits of the SHA-256 of the key, as 24 characters
 * @param hash the Redis key of the hash that holds the entries
 */
@SuppressWarnings("ArrayRecordComponent") // compared and shown by methods of its own
record Place(String tag, byte[] hash) {
    static final int TAG_LENGTH = 24;

    /** The Redis key that holds the body of an entry that is not inline. */
    byte[] body(String id) {
        byte[] key = Arrays.copyOf(hash, hash.length + 1 + id.length());
        key[hash.length] = ':';
        for (int i = 0; i < id.length(); i++) {
            key[hash.length + 1 + i] = (byte) id.charAt(i);
        }
        return key;
    }

    /** The Redis key of the lease; it is no body's, since ids are hexadecimal. */
    byte[] lease() {
        return body("lease");
    }

    /** For people. */
    String name(String id) {
        return new String(hash, StandardCharsets.UTF_8) + " " + id;
    }

    /** What an entry is called in the index of a storage with a capacity. */
    String member(String id) {
        return tag + id;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Place place && Arrays.equals(hash, place.hash);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(hash);
    }

    @Override
    public String toString() {
        return new String(hash, StandardCharsets.UTF_8);
    }

    /** Makes the Redis keys of a namespace. */
    static final class Keys {
        private static final int SLOTS = 1 << 10;
        /** Longer keys would fill the memory. */
        private static final int MAX_KEY = 1 << 11;

        private final String namespace;
        private final byte[] prefix;
        /** Places of keys that were asked for lately: to hash a key takes longer than to find it here. */
        private final AtomicReferenceArray<@Nullable Known> known = new AtomicReferenceArray<>(SLOTS);

        private record Known(String primaryKey, Place place) {}

        Keys(String namespace) {
            this.namespace = namespace;
            prefix = bytes(namespace + ":{");
        }

        /** What {@code SCAN} has to match; not all that matches is a place. */
        byte[] pattern() {
            StringBuilder escaped = new StringBuilder();
            for (int i = 0; i < namespace.length(); i++) {
                char c = namespace.charAt(i);
                if ("*?[]\\^-".indexOf(c) >= 0) {
                    escaped.append('\\');
                }
                escaped.append(c);
            }
            return bytes(escaped + ":{*");
        }

        Place of(String primaryKey) {
            int hash = primaryKey.hashCode();
            int slot = (hash ^ hash >>> 16) & (SLOTS - 1);
            Known before = known.get(slot);
            if (before != null && before.primaryKey.equals(primaryKey)) {
                return before.place;
            }
            Place place = hashed(primaryKey);
            if (primaryKey.length() <= MAX_KEY) {
                known.set(slot, new Known(primaryKey, place));
            }
            return place;
        }

        private Place hashed(String primaryKey) {
            MessageDigest digest;
            try {
                digest = MessageDigest.getInstance("SHA-256");
            } catch (NoSuchAlgorithmException e) {
                throw new AssertionError("every JDK has SHA-256", e);
            }
            // Not UTF-8, which has no form for half a surrogate pair.
            ByteBuffer chars = ByteBuffer.allocate(2 * primaryKey.length());
            chars.asCharBuffer().put(primaryKey);
            byte[] hash = digest.digest(chars.array());
            return ofTag(Base64.getUrlEncoder().encodeToString(Arrays.copyOf(hash, 18)));
        }

        Place ofTag(String tag) {
            byte[] key = Arrays.copyOf(prefix, prefix.length + TAG_LENGTH + 1);
            for (int i = 0; i < TAG_LENGTH; i++) {
                key[prefix.length + i] = (byte) tag.charAt(i);
            }
            key[prefix.length + TAG_LENGTH] = '}';
            return new Place(tag, key);
        }

        /** Whether a Redis key is that of a place. */
        boolean isPlace(byte[] key) {
            return key.length == prefix.length + TAG_LENGTH + 1
                    && Arrays.equals(key, 0, prefix.length, prefix, 0, prefix.length)
                    && key[key.length - 1] == '}';
        }

        Place ofKey(byte[] key) {
            return ofTag(new String(key, prefix.length, TAG_LENGTH, StandardCharsets.ISO_8859_1));
        }

        /** Remembers removals that concern more than one key. */
        byte[] removals() {
            return bytes(namespace + ":removals");
        }

        /** Says in which order entries were used. */
        byte[] index() {
            return bytes(namespace + ":{index}");
        }

        /** Says how large entries are; the empty field is the sum. */
        byte[] sizes() {
            return bytes(namespace + ":{index}:sizes");
        }
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
