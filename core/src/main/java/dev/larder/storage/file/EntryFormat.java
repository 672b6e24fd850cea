package dev.larder.storage.file;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of an entry file, version 1. Numbers are big-endian.
 *
 * <pre>
 * file   := prefix head chunk* head*
 *
 * prefix := 0  magic "LARDER" 0x1A, version      8
 *           8  length of the body                8
 *          16  length of the first head's text   4
 *          20  checksum of bytes 0 to 19         4
 *          24  uses                              8   } the use slot: the only bytes
 *          32  last use, milliseconds            8   } that are ever overwritten
 *          40  checksum of bytes 24 to 39        4   }
 *          44  zero                              4
 *
 * head   := 0  'H'                               1
 *           1  format id of the serializer       1
 *           2  zero                              2
 *           4  length of the text                4
 *           8  checksum of the text              4
 *          12  checksum of bytes 0 to 11         4
 *          16  text, as the serializer wrote it
 *
 * chunk  := checksum                             4
 *           64 KiB of the body; the last one is shorter
 * </pre>
 *
 * <p>The lengths of the body and of the first head, and chunks of one size, put every byte of the body at a place that
 * can be computed. A checksum is the CRC-32C of the entry's id, the number of the chunk (or one of the names below), and
 * the bytes; so a sound piece of another entry, or of another place in the same one, does not fit here.
 */
final class EntryFormat {
    static final int PREFIX = 48;
    static final int USE_SLOT = 24;
    static final int USE_SLOT_BYTES = 20;
    static final int HEAD = 16;
    static final int CHUNK = 1 << 16;
    static final int CHUNK_HEADER = 4;

    /** Room for any head; {@link dev.larder.storage.BinarySerializer} stops earlier. */
    static final int MAX_HEAD = 4 << 20;

    /** A file up to this size is read at once, with its body. */
    static final int INLINE = 1 << 16;

    private static final long MAGIC = 0x4C41524445521A00L;
    private static final int VERSION = 1;

    // What a checksum is of, where it is not a chunk.
    private static final long OF_PREFIX = -1;
    private static final long OF_USES = -2;
    private static final long OF_HEAD = -3;
    private static final long OF_TEXT = -4;

    private final ByteBuffer salt;
    private final CRC32C crc = new CRC32C();

    /** For the entry with this id; not thread-safe. */
    EntryFormat(String id) {
        byte[] bytes = id.getBytes(StandardCharsets.US_ASCII);
        salt = ByteBuffer.allocate(bytes.length + Long.BYTES).put(bytes);
    }

    private int checksum(long what, byte[] bytes, int offset, int length) {
        byte[] salted = salt.array();
        salt.putLong(salted.length - Long.BYTES, what);
        crc.reset();
        crc.update(salted, 0, salted.length);
        crc.update(bytes, offset, length);
        return (int) crc.getValue();
    }

    /** How much of a file a body of this length takes. */
    static long bodySize(long bodyLength) {
        return bodyLength + (bodyLength + CHUNK - 1) / CHUNK * CHUNK_HEADER;
    }

    /** Where in the body's part of the file the chunk of a body position begins. */
    static long chunkStart(long position) {
        return position / CHUNK * (CHUNK_HEADER + CHUNK);
    }

    // ---- writing

    byte[] prefix(long bodyLength, int headLength, long uses, long lastUse) {
        ByteBuffer prefix = ByteBuffer.allocate(PREFIX);
        prefix.putLong(MAGIC | VERSION).putLong(bodyLength).putInt(headLength);
        prefix.putInt(checksum(OF_PREFIX, prefix.array(), 0, 20));
        prefix.put(useSlot(uses, lastUse));
        return prefix.array();
    }

    byte[] useSlot(long uses, long lastUse) {
        ByteBuffer slot = ByteBuffer.allocate(USE_SLOT_BYTES).putLong(uses).putLong(lastUse);
        return slot.putInt(checksum(OF_USES, slot.array(), 0, 16)).array();
    }

    byte[] head(byte formatId, byte[] text) {
        ByteBuffer head = ByteBuffer.allocate(HEAD + text.length);
        head.put((byte) 'H').put(formatId).putShort((short) 0).putInt(text.length);
        head.putInt(checksum(OF_TEXT, text, 0, text.length));
        head.putInt(checksum(OF_HEAD, head.array(), 0, 12));
        return head.put(text).array();
    }

    /** Puts the checksum of a chunk in front of its bytes. */
    void sealChunk(long number, byte[] chunk, int length) {
        ByteBuffer.wrap(chunk).putInt(checksum(number, chunk, CHUNK_HEADER, length));
    }

    // ---- reading

    /** What the prefix says. */
    record Prefix(boolean known, long bodyLength, int headLength, long uses, long lastUse) {}

    Prefix readPrefix(byte[] bytes, int size) throws DamagedEntryException {
        if (size < PREFIX) {
            throw new DamagedEntryException("shorter than any entry");
        }
        ByteBuffer in = ByteBuffer.wrap(bytes, 0, PREFIX);
        long magic = in.getLong();
        long bodyLength = in.getLong();
        int headLength = in.getInt();
        if ((magic & ~0xFFL) != MAGIC || in.getInt() != checksum(OF_PREFIX, bytes, 0, 20)) {
            throw new DamagedEntryException("the beginning is not that of this entry");
        }
        if (bodyLength < 0 || bodyLength > Long.MAX_VALUE >> 1 || headLength < 0 || headLength > MAX_HEAD) {
            throw new DamagedEntryException("impossible lengths");
        }
        long uses = in.getLong();
        long lastUse = in.getLong();
        // Lost uses are no damage: the slot is written in place, and a crash may tear it.
        boolean counted = in.getInt() == checksum(OF_USES, bytes, USE_SLOT, 16) && uses >= 0;
        return new Prefix((magic & 0xFF) == VERSION, bodyLength, headLength, counted ? uses : 0, counted ? lastUse : 0);
    }

    /**
     * The head at a place in {@code bytes}, or null when it was never written to its end.
     *
     * <p>Only what a torn write leaves counts as that: too few bytes, or zeros. Everything else is damage. Falling back to
     * the head before would be wrong then, since it may allow what the later one forbids.
     */
    @Nullable
    HeadRecord readHead(byte[] bytes, int offset, int end, long fileOffset) throws DamagedEntryException {
        if (end - offset < HEAD) {
            return null;
        }
        ByteBuffer in = ByteBuffer.wrap(bytes, offset, HEAD);
        long first = in.getLong();
        int textChecksum = in.getInt();
        int headChecksum = in.getInt();
        if (first == 0 && textChecksum == 0 && headChecksum == 0) {
            return null;
        }
        int length = (int) first;
        if (first >>> 56 != 'H'
                || length < 0
                || length > MAX_HEAD
                || headChecksum != checksum(OF_HEAD, bytes, offset, 12)) {
            throw new DamagedEntryException("a head is damaged");
        }
        if (end - offset - HEAD < length) {
            return null;
        }
        if (textChecksum != checksum(OF_TEXT, bytes, offset + HEAD, length)) {
            throw new DamagedEntryException("the text of a head is damaged");
        }
        ByteBuffer text = ByteBuffer.wrap(bytes, offset + HEAD, length).slice();
        return new HeadRecord((byte) (first >>> 48), textChecksum, fileOffset, length, text);
    }

    /** Checks a chunk that begins with its checksum. */
    void checkChunk(long number, byte[] bytes, int offset, int length) throws DamagedEntryException {
        int expected = ByteBuffer.wrap(bytes, offset, CHUNK_HEADER).getInt();
        if (expected != checksum(number, bytes, offset + CHUNK_HEADER, length)) {
            throw new DamagedEntryException("the body is damaged");
        }
    }

    /**
     * A head as it stands in a file.
     *
     * @param formatId who can read the text
     * @param offset where in the file it begins
     */
    record HeadRecord(byte formatId, int checksum, long offset, int length, ByteBuffer text) {
        private static final ByteBuffer FORGOTTEN = ByteBuffer.allocate(0);

        int size() {
            return HEAD + length;
        }

        /** To be remembered: the text would hold on to all that was read with it. */
        HeadRecord withoutText() {
            return new HeadRecord(formatId, checksum, offset, length, FORGOTTEN);
        }

        /** Whether this is the same head: it stands at the same place with the same length and checksum. */
        boolean sameAs(HeadRecord other) {
            return offset == other.offset
                    && checksum == other.checksum
                    && length == other.length
                    && formatId == other.formatId;
        }
    }
}
