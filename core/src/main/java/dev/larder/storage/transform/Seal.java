package dev.larder.storage.transform;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Seals the pieces of one thing, which is a head or a body, under a key of its own. Each piece has a number, used once, and
 * other bytes beside it that have to be the same when it is opened. Thread-safe.
 */
abstract class Seal {
    /** How entries are protected. */
    enum Kind {
        NONE(0, 0),
        AUTHENTICATED(1, 32),
        ENCRYPTED(2, 16);

        /** Its number in the format. */
        final byte code;

        /** How many bytes a sealed piece is longer. */
        final int overhead;

        Kind(int code, int overhead) {
            this.code = (byte) code;
            this.overhead = overhead;
        }
    }

    private static final Seal OPEN = new Seal() {
        @Override
        byte[] seal(long number, byte[] beside, byte[] data, int length) {
            return Arrays.copyOf(data, length);
        }

        @Override
        ByteBuffer open(long number, byte[] beside, ByteBuffer sealed) {
            return sealed.slice();
        }
    };

    abstract byte[] seal(long number, byte[] beside, byte[] data, int length);

    /** What was sealed, from the position to the limit; may be a view of the same bytes. */
    abstract ByteBuffer open(long number, byte[] beside, ByteBuffer sealed) throws DamagedException;

    /** For entries that are merely compressed. */
    static Seal none() {
        return OPEN;
    }

    /**
     * Derives the key from a key of the ring and all that the pieces belong to. A fresh salt makes it a fresh key, so the
     * numbers of pieces can be the nonces.
     */
    static Seal of(Kind kind, SecretKey ringKey, String purpose, byte[] salt, String id, String key) {
        if (kind == Kind.NONE) {
            return OPEN;
        }
        Mac mac = mac(ringKey);
        update(mac, (kind + " " + purpose).getBytes(StandardCharsets.UTF_8));
        update(mac, salt);
        update(mac, chars(id));
        update(mac, chars(key));
        byte[] derived = mac.doFinal();
        return kind == Kind.ENCRYPTED
                ? new Encryption(new SecretKeySpec(derived, "AES"))
                : new Authentication(new SecretKeySpec(derived, "HmacSHA256"));
    }

    /** What a key is called in the storage below, which shall not know it. */
    static String name(SecretKey ringKey, String key) {
        Mac mac = mac(ringKey);
        update(mac, "name".getBytes(StandardCharsets.UTF_8));
        update(mac, chars(key));
        return HexFormat.of().formatHex(mac.doFinal());
    }

    /** Made once for each thread, as that takes longer than to use it for a name or a key. It keeps the last key it used. */
    private static final ThreadLocal<Mac> MAC = ThreadLocal.withInitial(() -> {
        try {
            return Mac.getInstance("HmacSHA256");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has HmacSHA256", e);
        }
    });

    /** To be used up before this is called again on the same thread. */
    private static Mac mac(SecretKey key) {
        Mac mac = MAC.get();
        try {
            mac.init(key);
            return mac;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("HmacSHA256 takes any key", e);
        }
    }

    /** With its length, so that no two lists of parts are the same bytes. */
    private static void update(Mac mac, byte[] part) {
        mac.update(ByteBuffer.allocate(4).putInt(part.length).flip());
        mac.update(part);
    }

    /** Keeps every string apart from every other, unpaired surrogates included. */
    private static byte[] chars(String text) {
        ByteBuffer chars = ByteBuffer.allocate(2 * text.length());
        chars.asCharBuffer().put(text);
        return chars.array();
    }

    private static final class Encryption extends Seal {
        /** Made once for each thread, as that takes longer than to seal a small piece. It keeps the last key that it used. */
        private static final ThreadLocal<Cipher> CIPHER = ThreadLocal.withInitial(() -> {
            try {
                return Cipher.getInstance("AES/GCM/NoPadding");
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("every Java platform has AES/GCM/NoPadding", e);
            }
        });

        private final SecretKey key;

        Encryption(SecretKey key) {
            this.key = key;
        }

        private Cipher cipher(int mode, long number, byte[] beside) throws GeneralSecurityException {
            Cipher cipher = CIPHER.get();
            byte[] nonce = ByteBuffer.allocate(12).putLong(4, number).array();
            cipher.init(mode, key, new GCMParameterSpec(128, nonce));
            cipher.updateAAD(beside);
            return cipher;
        }

        @Override
        byte[] seal(long number, byte[] beside, byte[] data, int length) {
            try {
                return cipher(Cipher.ENCRYPT_MODE, number, beside).doFinal(data, 0, length);
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("encryption does not fail", e);
            }
        }

        @Override
        ByteBuffer open(long number, byte[] beside, ByteBuffer sealed) throws DamagedException {
            int length = sealed.remaining() - Kind.ENCRYPTED.overhead;
            if (length < 0) {
                throw new DamagedException("cut off");
            }
            try {
                ByteBuffer opened = ByteBuffer.allocate(length);
                cipher(Cipher.DECRYPT_MODE, number, beside).doFinal(sealed.duplicate(), opened);
                return opened.flip();
            } catch (AEADBadTagException e) {
                throw new DamagedException("it is not authentic");
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("decryption fails by a wrong tag only", e);
            }
        }
    }

    private static final class Authentication extends Seal {
        private final SecretKey key;

        Authentication(SecretKey key) {
            this.key = key;
        }

        private byte[] tag(long number, byte[] beside, ByteBuffer data) {
            Mac mac = mac(key);
            mac.update(ByteBuffer.allocate(8).putLong(number).flip());
            update(mac, beside);
            mac.update(data);
            return mac.doFinal();
        }

        @Override
        byte[] seal(long number, byte[] beside, byte[] data, int length) {
            byte[] sealed = Arrays.copyOf(data, length + Kind.AUTHENTICATED.overhead);
            byte[] tag = tag(number, beside, ByteBuffer.wrap(data, 0, length));
            System.arraycopy(tag, 0, sealed, length, Kind.AUTHENTICATED.overhead);
            return sealed;
        }

        @Override
        ByteBuffer open(long number, byte[] beside, ByteBuffer sealed) throws DamagedException {
            int length = sealed.remaining() - Kind.AUTHENTICATED.overhead;
            if (length < 0) {
                throw new DamagedException("cut off");
            }
            ByteBuffer data = sealed.slice(sealed.position(), length);
            byte[] tag = new byte[Kind.AUTHENTICATED.overhead];
            sealed.get(sealed.position() + length, tag);
            if (!MessageDigest.isEqual(tag, tag(number, beside, data.duplicate()))) {
                throw new DamagedException("it is not authentic");
            }
            return data;
        }
    }
}
