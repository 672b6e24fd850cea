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

    static final int CHUNK_HEADER = 4;

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

    /** The seal of a head and what stands beside it: which version of the head it is, and the checksum. */
    long seal(int version, byte format, long bodyLength, byte[] head) {
        int sum = sum(OF_HEAD, (bodyLength << 8) | (format & 0xFF), head, 0, head.length);
        return ((long) version << 32) | (sum & 0xFFFF_FFFFL);
    }

    /** How often a head has been replaced. */
    static int version(long seal) {
        return (int) (seal >>> 32);
    }

    /** Puts the checksum of a chunk in front of its bytes. */
    void sealChunk(long number, byte[] chunk, int length) {
        ByteBuffer.wrap(chunk).putInt(sum(number, length, chunk, CHUNK_HEADER, length));
    }

    /** Whether these are the bytes of a chunk, behind their checksum. */
    boolean isChunk(long number, byte[] chunk, int length) {
        return chunk.length == CHUNK_HEADER + length
                && ByteBuffer.wrap(chunk).getInt() == sum(number, length, chunk, CHUNK_HEADER, length);
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
