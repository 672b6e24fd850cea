package dev.larder.storage.redis;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;

/**
 * The bytes of an entry's record and of its chunks, version 1. Numbers are big-endian.
 *
 * <pre>
 * record := 0  magic "LRDR"                      4
 *           4  version                           1
 *           5  zero                              3
 *           8  length of the body                8
 *          16  length of a chunk                 4
 *          20  checksum of bytes 0 to 19         4   up to here it never changes
 *          24  format id of the serializer       1   from here on a validation replaces it
 *          25  zero                              3
 *          28  checksum of the format and text   4
 *          32  text, as the serializer wrote it
 *
 * chunk  := checksum                             4
 *           64 KiB of the body; the last one is shorter
 * </pre>
 *
 * <p>A checksum is the CRC-32C of the entry's id, the number of the chunk (or one of the names below), and the bytes; so a
 * sound piece of another entry, or of another place in the same one, does not fit here.
 */
final class EntryFormat {
    static final int PREFIX = 24;
    static final int HEAD = 8;
    static final int CHUNK = 1 << 16;
    static final int CHUNK_HEADER = 4;

    /** Room for any head; {@link dev.larder.storage.BinarySerializer} stops earlier. */
    static final int MAX_TEXT = 4 << 20;

    private static final int MAGIC = 0x4C524452;
    private static final byte VERSION = 1;

    // What a checksum is of, where it is not a chunk.
    private static final long OF_PREFIX = -1;
    private static final long OF_TEXT = -256;

    private final byte[] salt;

    /** For the entry with this id. */
    EntryFormat(String id) {
        byte[] bytes = id.getBytes(StandardCharsets.ISO_8859_1);
        salt = ByteBuffer.allocate(bytes.length + Long.BYTES).put(bytes).array();
    }

    /** What a record says. */
    record Header(boolean known, long bodyLength, byte formatId) {}

    private int checksum(long what, byte[] bytes, int offset, int length) {
        CRC32C crc = new CRC32C();
        crc.update(salt, 0, salt.length - Long.BYTES);
        crc.update(ByteBuffer.allocate(Long.BYTES).putLong(0, what));
        crc.update(bytes, offset, length);
        return (int) crc.getValue();
    }

    /** How many chunks a body has. */
    static long chunks(long bodyLength) {
        return (bodyLength + CHUNK - 1) / CHUNK;
    }

    /** The length of a chunk's part of the body. */
    static int chunkLength(long bodyLength, long number) {
        return (int) Math.min(CHUNK, bodyLength - number * CHUNK);
    }

    byte[] record(long bodyLength, byte formatId, byte[] text) {
        ByteBuffer record = ByteBuffer.allocate(PREFIX + HEAD + text.length);
        record.putInt(MAGIC).put(VERSION).put(new byte[3]).putLong(bodyLength).putInt(CHUNK);
        record.putInt(checksum(OF_PREFIX, record.array(), 0, 20));
        return record.put(head(formatId, text)).array();
    }

    /** The part of a record that a validation replaces. */
    byte[] head(byte formatId, byte[] text) {
        return ByteBuffer.allocate(HEAD + text.length)
                .put(formatId)
                .put(new byte[3])
                .putInt(checksum(OF_TEXT - formatId, text, 0, text.length))
                .put(text)
                .array();
    }

    /** Checks all of a record; of another version it only says that it is not known. */
    Header read(byte[] record) throws DamagedEntryException {
        if (record.length < PREFIX + HEAD) {
            throw new DamagedEntryException("shorter than any entry");
        }
        ByteBuffer in = ByteBuffer.wrap(record);
        if (in.getInt() != MAGIC) {
            throw new DamagedEntryException("the beginning is not that of an entry");
        }
        if (record[4] != VERSION) {
            return new Header(false, 0, (byte) 0);
        }
        long bodyLength = in.getLong(8);
        if (in.getInt(20) != checksum(OF_PREFIX, record, 0, 20) || bodyLength < 0 || in.getInt(16) != CHUNK) {
            throw new DamagedEntryException("the beginning is not that of this entry");
        }
        byte formatId = record[PREFIX];
        int length = record.length - PREFIX - HEAD;
        if (in.getInt(PREFIX + 4) != checksum(OF_TEXT - formatId, record, PREFIX + HEAD, length)) {
            throw new DamagedEntryException("the text of the head is damaged");
        }
        return new Header(true, bodyLength, formatId);
    }

    static ByteBuffer text(byte[] record) {
        return ByteBuffer.wrap(record, PREFIX + HEAD, record.length - PREFIX - HEAD)
                .slice();
    }

    /** Puts the checksum of a chunk in front of its bytes. */
    void seal(long number, byte[] chunk) {
        ByteBuffer.wrap(chunk).putInt(checksum(number, chunk, CHUNK_HEADER, chunk.length - CHUNK_HEADER));
    }

    /** Checks a chunk of a body. */
    void check(long bodyLength, long number, byte[] chunk) throws DamagedEntryException {
        int length = chunkLength(bodyLength, number);
        if (chunk.length != CHUNK_HEADER + length
                || ByteBuffer.wrap(chunk).getInt() != checksum(number, chunk, CHUNK_HEADER, length)) {
            throw new DamagedEntryException("the body is damaged");
        }
    }
}
