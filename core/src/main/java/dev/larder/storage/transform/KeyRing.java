package dev.larder.storage.transform;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Secret keys by their ids: one that writes, and older ones that still read. To rotate, make the new key the current one
 * and keep the old one as long as its entries shall be found; what is then written under a key that the ring does not have
 * is a miss.
 *
 * <p>A key is 32 random bytes; the keys that are used are derived from it, so one ring may serve several storages. Ids are
 * stored beside each entry and are no secret. Immutable and thread-safe; neither {@code toString} nor any exception tells a
 * key.
 */
public final class KeyRing {
    /** The length of a key in bytes. */
    public static final int KEY_BYTES = 32;

    private static final int MAX_ID = 64;

    private final String current;
    private final Map<String, SecretKey> keys;

    private KeyRing(String current, Map<String, SecretKey> keys) {
        this.current = current;
        this.keys = keys;
    }

    /**
     * A ring of one key.
     *
     * @throws IllegalArgumentException if the key has not {@link #KEY_BYTES} bytes, or the id not 1 to 64 visible
     *     characters of ASCII
     */
    public static KeyRing of(String id, byte[] key) {
        return new KeyRing(id, Map.of(checked(id), secret(key)));
    }

    /** A new random key, to be kept where secrets are kept. */
    public static byte[] newKey() {
        byte[] key = new byte[KEY_BYTES];
        new SecureRandom().nextBytes(key);
        return key;
    }

    /**
     * The same ring with a key that only reads.
     *
     * @throws IllegalArgumentException as {@link #of}, and if the ring has a key of that id
     */
    public KeyRing withOlder(String id, byte[] key) {
        if (keys.containsKey(checked(id))) {
            throw new IllegalArgumentException("the ring has a key with the id " + id + " already");
        }
        Map<String, SecretKey> more = new LinkedHashMap<>(keys);
        more.put(id, secret(key));
        return new KeyRing(current, more);
    }

    private static String checked(String id) {
        boolean valid = !id.isEmpty() && id.length() <= MAX_ID;
        for (int i = 0; valid && i < id.length(); i++) {
            valid = id.charAt(i) > ' ' && id.charAt(i) < 0x7F;
        }
        if (!valid) {
            throw new IllegalArgumentException("the id of a key must be 1 to 64 visible characters of ASCII");
        }
        return id;
    }

    private static SecretKey secret(byte[] key) {
        if (key.length != KEY_BYTES) {
            throw new IllegalArgumentException("a key must have " + KEY_BYTES + " bytes, not " + key.length);
        }
        return new SecretKeySpec(key, "HmacSHA256");
    }

    String current() {
        return current;
    }

    @Nullable
    SecretKey key(String id) {
        return keys.get(id);
    }

    /** All ids, the current one first. */
    List<String> ids() {
        List<String> ids = new ArrayList<>(keys.size());
        ids.add(current);
        for (String id : keys.keySet()) {
            if (!id.equals(current)) {
                ids.add(id);
            }
        }
        return ids;
    }

    @Override
    public String toString() {
        return "KeyRing" + ids();
    }
}
