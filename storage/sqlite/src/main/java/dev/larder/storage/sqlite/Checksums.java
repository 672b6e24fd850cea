package dev.larder.storage.sqlite;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * The checksums of an entry's rows: the CRC-32C of the entry's id, of what the row is, and of its bytes. So a sound row of
 * another entry, or of another place in the same one, does not fit. SQLite itself has checksums in its write-ahead log only.
 */
final class Checksums {
    /** How much of a body is in a row; up to this, it is read with its head. */
    static final int CHUNK = 1 << 16;

    private static final long OF_HEAD = -1;

    private final ByteBuffer salt;
    private final CRC32C crc = new CRC32C();

    /** For the entry with this id; not thread-safe. */
    Checksums(String id) {
        byte[] bytes = id.getBytes(StandardCharsets.UTF_8);
        salt = ByteBuffer.allocate(bytes.length + 2 * Long.BYTES).put(bytes);
    }

    private int sum(long what, long beside, byte[] bytes, int offset, int length) {
        byte[] salted = salt.array();
        salt.putLong(salted.length - 2 * Long.BYTES, what).putLong(salted.length - Long.BYTES, beside);
        crc.reset();
        crc.update(salted, 0, salted.length);
        crc.update(bytes, offset, length);
        return (int) crc.getValue();
    }

    /** Of a head and what stands beside it. */
    int head(byte format, long bodyLength, byte[] head) {
        return sum(OF_HEAD, (bodyLength << 8) | (format & 0xFF), head, 0, head.length);
    }

    int chunk(long number, byte[] bytes, int length) {
        return sum(number, length, bytes, 0, length);
    }

    /** How many rows a body takes. */
    static long chunks(long length) {
        return Math.max(1, (length + CHUNK - 1) / CHUNK);
    }

    /** The number of the row of a chunk. */
    static long row(long n, long chunk) {
        return (n << 24) + chunk;
    }
}
