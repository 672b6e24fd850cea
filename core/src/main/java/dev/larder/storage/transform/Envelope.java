package dev.larder.storage.transform;

import dev.larder.http.HttpFields;
import dev.larder.http.TargetUri;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.BinarySerializer;
import dev.larder.storage.MalformedEntryException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.crypto.SecretKey;
import org.jspecify.annotations.Nullable;

/**
 * Packs a head into one field of an outer head, which is all that the storage below sees of it.
 *
 * <pre>
 * field   := base64(version(1) kind(1) ring-key salt(16) sealed(payload))
 * payload := ring-key salt(16) indexed-length(8) head            of the body; the head as BinarySerializer writes it
 * ring-key := length(1) id
 * </pre>
 */
final class Envelope {
    static final String FIELD = "Larder-Sealed";
    static final int SALT = 16;

    /** No request's key begins like that, so what is stored is never offered by a cache that does not open it. */
    private static final String PREFIX = "larder-transformed ";

    private static final byte VERSION = 1;
    private static final TargetUri URI = TargetUri.parse("https://sealed.invalid/");
    private static final SecureRandom RANDOM = new SecureRandom();

    final Seal.Kind kind;
    private final @Nullable KeyRing ring;

    Envelope(Seal.Kind kind, @Nullable KeyRing ring) {
        this.kind = kind;
        this.ring = ring;
    }

    /**
     * How a body is written.
     *
     * @param keyId the key of the ring, or empty
     * @param indexedLength its length if it is known, long, and to be compressed; otherwise -1
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record BodyPlan(String keyId, byte[] salt, long indexedLength) {}

    record Opened(StoredResponse head, BodyPlan plan) {}

    BodyPlan newPlan(long indexedLength) {
        return new BodyPlan(ring == null ? "" : ring.current(), newSalt(), indexedLength);
    }

    private static byte[] newSalt() {
        byte[] salt = new byte[SALT];
        RANDOM.nextBytes(salt);
        return salt;
    }

    /** What a key may be called below; the first is what it is called when it is written. */
    List<String> names(String key) {
        if (ring == null || kind != Seal.Kind.ENCRYPTED) {
            return List.of(PREFIX + key);
        }
        List<String> names = new ArrayList<>(1);
        for (String id : ring.ids()) {
            SecretKey ringKey = ring.key(id);
            if (ringKey != null) {
                names.add(Seal.name(ringKey, key));
            }
        }
        return names;
    }

    /** The key, where the storage below sees it; otherwise what it is called there. */
    static String keyOf(String name) {
        return name.startsWith(PREFIX) ? name.substring(PREFIX.length()) : name;
    }

    /** A head that names an entry below and says nothing more. */
    static StoredResponse nameOf(String id, String name) {
        return StoredResponse.builder()
                .id(id)
                .key(name)
                .method("GET")
                .uri(URI)
                .status(200)
                .build();
    }

    /** Null when the ring does not have the key. */
    private @Nullable Seal seal(String purpose, String keyId, byte[] salt, String id, String name) {
        if (ring == null) {
            return Seal.none();
        }
        SecretKey ringKey = ring.key(keyId);
        return ringKey == null ? null : Seal.of(kind, ringKey, purpose, salt, id, name);
    }

    boolean hasKeyOf(BodyPlan plan) {
        return ring == null || ring.key(plan.keyId) != null;
    }

    /** Seals and opens the pieces of a body; null when the ring does not have the key. */
    @Nullable
    Seal bodySeal(BodyPlan plan, String id, String name) {
        return seal("body", plan.keyId, plan.salt, id, name);
    }

    StoredResponse wrap(StoredResponse head, String name, BodyPlan plan) {
        byte[] inner = BinarySerializer.INSTANCE.write(head);
        byte[] bodyKey = plan.keyId.getBytes(StandardCharsets.US_ASCII);
        ByteBuffer payload = ByteBuffer.allocate(1 + bodyKey.length + SALT + 8 + inner.length);
        payload.put((byte) bodyKey.length)
                .put(bodyKey)
                .put(plan.salt)
                .putLong(plan.indexedLength)
                .put(inner);
        String keyId = ring == null ? "" : ring.current();
        byte[] salt = newSalt();
        Seal seal = seal("head", keyId, salt, head.id(), name);
        if (seal == null) {
            throw new IllegalStateException("the ring has its current key");
        }
        byte[] sealed = seal.seal(0, beside(), payload.array(), payload.capacity());
        byte[] key = keyId.getBytes(StandardCharsets.US_ASCII);
        ByteBuffer all = ByteBuffer.allocate(3 + key.length + SALT + sealed.length);
        all.put(beside()).put((byte) key.length).put(key).put(salt).put(sealed);
        return StoredResponse.builder()
                .id(head.id())
                .key(name)
                .method("GET")
                .uri(URI)
                .status(200)
                .fields(HttpFields.of(FIELD, Base64.getEncoder().encodeToString(all.array())))
                .times(head.requestTime(), head.responseTime())
                .createdAt(head.createdAt())
                .ttl(head.ttlMillis(), head.slidingTtl())
                .build();
    }

    private byte[] beside() {
        return new byte[] {VERSION, kind.code};
    }

    /** What was packed; null when the ring does not have the key. */
    @Nullable
    Opened unwrap(StoredResponse outer) throws DamagedException {
        String text = outer.fields().first(FIELD);
        if (text == null) {
            throw new DamagedException("it was not written by this kind of storage");
        }
        try {
            ByteBuffer all = ByteBuffer.wrap(Base64.getDecoder().decode(text));
            if (all.get() != VERSION || all.get() != kind.code) {
                throw new DamagedException("it was written with other transforms, or by another version");
            }
            String keyId = keyId(all);
            Seal seal = seal("head", keyId, bytes(all, SALT), outer.id(), outer.key());
            if (seal == null) {
                return null;
            }
            ByteBuffer payload = seal.open(0, beside(), all.slice());
            BodyPlan plan = new BodyPlan(keyId(payload), bytes(payload, SALT), payload.getLong());
            StoredResponse head = BinarySerializer.INSTANCE.read(payload);
            if (!head.id().equals(outer.id())
                    || (kind != Seal.Kind.ENCRYPTED && !outer.key().equals(PREFIX + head.key()))
                    || head.createdAt() != outer.createdAt()
                    || head.ttlMillis() != outer.ttlMillis()
                    || head.slidingTtl() != outer.slidingTtl()) {
                throw new DamagedException("what is outside does not match what is inside");
            }
            return new Opened(head, plan);
        } catch (IllegalArgumentException | BufferUnderflowException | MalformedEntryException e) {
            throw new DamagedException("its head is malformed");
        }
    }

    private static String keyId(ByteBuffer from) {
        return new String(bytes(from, from.get() & 0xFF), StandardCharsets.US_ASCII);
    }

    private static byte[] bytes(ByteBuffer from, int count) {
        if (count > from.remaining()) {
            throw new BufferUnderflowException();
        }
        byte[] bytes = new byte[count];
        from.get(bytes);
        return bytes;
    }
}
