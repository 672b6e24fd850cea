package dev.larder.storage.transform;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * How bodies are laid out below.
 *
 * <pre>
 * small   := header(form, length) seal(0, bytes or a gzip member)                 up to 64 KiB
 * plain   := header(PLAIN, 0) seal(0, 64 KiB) seal(1, 64 KiB) ... seal(n, rest)
 * indexed := header(INDEXED, 0) seal(0, form bytes) ... seal(n, form bytes) seal(-1, size(4)*)
 * header  := form(1) length(4)
 * form    := PLAIN, INDEXED, GZIPPED or, before a block of an indexed body, STORED
 * </pre>
 *
 * <p>Where a body of any length has to be found by its position, its blocks have either one size or an index behind them.
 * The header and whether it is the last go with each block into its seal, so blocks can neither be cut off, nor change
 * places, nor be brought from another body.
 *
 * <p>A body's length has to be known from its entry alone. That of an indexed body is in the head, that of a plain one
 * follows from the stored length, and a small one is looked into, which it is anyway: so a long body is compressed only if its
 * length was announced. Whether a body is small is seen from its stored length, too: a plain one is always longer.
 */
final class Blocks {
    static final int BLOCK = 64 << 10;
    static final int HEADER = 5;

    static final byte PLAIN = 0;
    static final byte GZIPPED = 1;
    static final byte INDEXED = 2;
    static final byte STORED = 3;

    /** The number of the index among the pieces. */
    static final long INDEX = -1;

    private Blocks() {}

    static byte[] header(byte form, int length) {
        return ByteBuffer.allocate(HEADER).put(form).putInt(length).array();
    }

    static byte[] beside(byte[] header, boolean last) {
        byte[] beside = Arrays.copyOf(header, HEADER + 1);
        beside[HEADER] = (byte) (last ? 1 : 0);
        return beside;
    }

    /** The longest that a small body can be when it is stored. */
    static long maxSmall(Seal.Kind kind) {
        return HEADER + BLOCK + (long) kind.overhead;
    }

    /** The length of a plain body of which so many bytes are stored. */
    static long plainLength(long stored, Seal.Kind kind) throws DamagedException {
        long all = stored - HEADER;
        long each = BLOCK + (long) kind.overhead;
        long rest = all % each;
        if (rest > 0 && rest <= kind.overhead) {
            throw new DamagedException("its length is that of no body");
        }
        return all / each * BLOCK + (rest == 0 ? 0 : rest - kind.overhead);
    }

    static int count(long length) {
        return Math.toIntExact((length + BLOCK - 1) / BLOCK);
    }

    static int lengthOf(int block, long length) {
        return (int) Math.min(BLOCK, length - (long) block * BLOCK);
    }
}
