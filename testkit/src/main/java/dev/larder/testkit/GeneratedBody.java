package dev.larder.testkit;

import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Objects;
import java.util.zip.CRC32;

/**
 * A body of any length whose bytes follow from a seed, so that gigabytes can be sent, and checked on arrival, in constant
 * memory. The bytes look random: neither compression nor a repeated block can hide a mistake.
 *
 * <p>Immutable and safe for use by several threads.
 *
 * @param length the number of bytes
 * @param seed what the bytes are derived from; bodies of the same seed share a common beginning
 */
public record GeneratedBody(long length, long seed) {

    private static final VarHandle WORDS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /**
     * Makes a body.
     *
     * @param length the number of bytes, not negative
     * @param seed what the bytes are derived from
     */
    public GeneratedBody {
        if (length < 0) {
            throw new IllegalArgumentException("negative length: " + length);
        }
    }

    /**
     * The byte at a position.
     *
     * @param position from 0 to {@code length - 1}
     * @return the byte there
     */
    public byte byteAt(long position) {
        Objects.checkIndex(position, length);
        return unchecked(position);
    }

    /**
     * Copies a run of bytes into an array.
     *
     * @param position the position of the first byte to copy
     * @param target where to copy to
     * @param offset the index in {@code target} of the first byte copied
     * @param count the number of bytes to copy
     */
    public void copy(long position, byte[] target, int offset, int count) {
        Objects.checkFromIndexSize(position, count, length);
        Objects.checkFromIndexSize(offset, count, target.length);
        long from = position;
        int to = offset;
        int end = offset + count;
        while (to < end) {
            if ((from & 7) == 0 && end - to >= Long.BYTES) {
                WORDS.set(target, to, word(from >>> 3));
                from += Long.BYTES;
                to += Long.BYTES;
            } else {
                target[to++] = unchecked(from++);
            }
        }
    }

    /**
     * The checksum of the whole body, computed anew by each call.
     *
     * @return the value {@link CRC32} gives
     */
    public long crc32() {
        CRC32 checksum = new CRC32();
        byte[] block = new byte[(int) Math.min(length, 1 << 16)];
        for (long position = 0; position < length; ) {
            int count = (int) Math.min(block.length, length - position);
            copy(position, block, 0, count);
            checksum.update(block, 0, count);
            position += count;
        }
        return checksum.getValue();
    }

    /**
     * A fresh stream over the bytes, from the first on. The stream is for one thread.
     *
     * @return the stream; it need not be closed
     */
    public InputStream open() {
        return new Stream(this);
    }

    private byte unchecked(long position) {
        return (byte) (word(position >>> 3) >>> ((position & 7) << 3));
    }

    /** SplitMix64: the words of the sequence can be had in any order, which a linear generator does not offer. */
    private long word(long index) {
        long z = seed + (index + 1) * 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }

    private static final class Stream extends InputStream {

        private final GeneratedBody body;
        private long position;

        Stream(GeneratedBody body) {
            this.body = body;
        }

        @Override
        public int read() {
            return position < body.length ? body.unchecked(position++) & 0xFF : -1;
        }

        @Override
        public int read(byte[] target, int offset, int count) {
            Objects.checkFromIndexSize(offset, count, target.length);
            if (count == 0) {
                return 0;
            }
            if (position == body.length) {
                return -1;
            }
            int available = (int) Math.min(count, body.length - position);
            body.copy(position, target, offset, available);
            position += available;
            return available;
        }
    }
}
