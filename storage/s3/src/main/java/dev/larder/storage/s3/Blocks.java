package dev.larder.storage.s3;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * How a body of its own is laid out in its object: blocks of 64 KiB, the last one shorter, each behind its checksum.
 *
 * <p>Blocks of one size put every byte at a place that can be computed. A checksum is the CRC-32C of the layout's version,
 * the entry's id, the number of the block, and its bytes; so a sound block of another body, or of another place in the
 * same one, does not fit.
 */
final class Blocks {
    static final int SIZE = 1 << 16;
    static final int CHECKSUM = 4;
    static final int STORED = CHECKSUM + SIZE;

    private static final byte VERSION = 1;

    private final ByteBuffer salt;
    private final CRC32C crc = new CRC32C();

    /** Of the entry with this id; not thread-safe. */
    Blocks(String id) {
        byte[] bytes = id.getBytes(StandardCharsets.US_ASCII);
        salt = ByteBuffer.allocate(1 + bytes.length + Long.BYTES).put(VERSION).put(bytes);
    }

    /** The size of an object for a body of this length. */
    static long stored(long length) {
        return length + count(length) * CHECKSUM;
    }

    static long count(long length) {
        return (length + SIZE - 1) / SIZE;
    }

    int checksum(long number, byte[] bytes, int offset, int length) {
        byte[] salted = salt.array();
        salt.putLong(salted.length - Long.BYTES, number);
        crc.reset();
        crc.update(salted, 0, salted.length);
        crc.update(bytes, offset, length);
        return (int) crc.getValue();
    }

    /** Puts its checksum in front of a block that begins at an offset, checksum included. */
    void seal(long number, byte[] bytes, int offset, int length) {
        ByteBuffer.wrap(bytes).putInt(offset, checksum(number, bytes, offset + CHECKSUM, length));
    }

    /** Checks a block that begins at an offset with its checksum. */
    boolean isSound(long number, byte[] bytes, int offset, int length) {
        return ByteBuffer.wrap(bytes).getInt(offset) == checksum(number, bytes, offset + CHECKSUM, length);
    }
}
