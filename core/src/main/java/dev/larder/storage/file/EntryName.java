package dev.larder.storage.file;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Where the entries of a key are: the SHA-256 of the key in hexadecimal, whose first three digits name the shard and the
 * rest of which begins the file name.
 *
 * @param shard from 0 to 4095
 * @param prefix what the names of all entries of the key begin with: 61 digits and a dot
 */
record EntryName(int shard, String prefix) {
    static final int SHARDS = 1 << 12;

    private static final int SHARD_DIGITS = 3;
    private static final int REST_DIGITS = 64 - SHARD_DIGITS;
    private static final int MAX_ID = 32;
    private static final HexFormat HEX = HexFormat.of();

    static EntryName of(String key) {
        try {
            String hash = HEX.formatHex(MessageDigest.getInstance("SHA-256").digest(bytes(key)));
            int shard = HexFormat.fromHexDigits(hash, 0, SHARD_DIGITS);
            return new EntryName(shard, hash.substring(SHARD_DIGITS) + '.');
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** UTF-8, with unpaired surrogates encoded like other characters, so that no two keys share their bytes. */
    private static byte[] bytes(String key) {
        int length = key.length();
        int i = 0;
        while (i < length && !Character.isSurrogate(key.charAt(i))) {
            i++;
        }
        if (i == length) {
            return key.getBytes(StandardCharsets.UTF_8);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(length * 3);
        for (int at = 0; at < length; ) {
            int point = key.codePointAt(at);
            at += Character.charCount(point);
            if (point < 0xD800 || point > 0xDFFF) {
                out.writeBytes(Character.toString(point).getBytes(StandardCharsets.UTF_8));
            } else {
                out.write(0xE0 | point >> 12);
                out.write(0x80 | (point >> 6 & 0x3F));
                out.write(0x80 | (point & 0x3F));
            }
        }
        return out.toByteArray();
    }

    /** Sixteen bits of the hash, whose upper twelve are the shard. */
    int slot() {
        return shard << 4 | HexFormat.fromHexDigit(prefix.charAt(0));
    }

    /** The file name of an entry of this key. */
    String file(String id) {
        return prefix + id;
    }

    /** The directory name of a shard. */
    static String shardName(int shard) {
        return HEX.toHexDigits(shard, SHARD_DIGITS);
    }

    /** The shard that a directory name means, or -1. */
    static int shardOf(String name) {
        return name.length() == SHARD_DIGITS && isHex(name, 0) ? HexFormat.fromHexDigits(name) : -1;
    }

    /** Whether a file name is one that this storage gives to entries; all others are left alone. */
    static boolean isEntry(String name) {
        return name.length() > REST_DIGITS + 1
                && name.length() <= REST_DIGITS + 1 + MAX_ID
                && name.charAt(REST_DIGITS) == '.'
                && isHex(name.substring(0, REST_DIGITS), 0)
                && isHex(name, REST_DIGITS + 1);
    }

    /** The id of the entry in a file. */
    static String id(String file) {
        return file.substring(REST_DIGITS + 1);
    }

    /** Whether an id can be part of a file name. */
    static boolean isId(String id) {
        return !id.isEmpty() && id.length() <= MAX_ID && isHex(id, 0);
    }

    private static boolean isHex(String text, int from) {
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
                return false;
            }
        }
        return true;
    }
}
