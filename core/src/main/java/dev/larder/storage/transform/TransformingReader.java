package dev.larder.storage.transform;

import dev.larder.storage.BodyReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Reads a body that is longer than a block; opens one block at a time. */
final class TransformingReader implements BodyReader {
    private final BodyReader below;
    private final Seal seal;
    private final Seal.Kind kind;
    private final long length;
    private final boolean indexed;
    private final int count;
    private final Damage damage;

    /** Where each block begins below, and where the last one ends; only if indexed, and when first needed. */
    private long @Nullable [] starts;

    private int number = -1;
    private byte[] block = {};
    private boolean closed;

    interface Damage {
        /** Reports it, and returns what to throw. */
        IOException of(DamagedException what);
    }

    TransformingReader(BodyReader below, Seal seal, Seal.Kind kind, long length, boolean indexed, Damage damage) {
        this.below = below;
        this.seal = seal;
        this.kind = kind;
        this.length = length;
        this.indexed = indexed;
        this.count = Blocks.count(length);
        this.damage = damage;
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public int read(long position, ByteBuffer target) throws IOException {
        if (closed) {
            throw new IOException("reader is closed");
        }
        if (position < 0 || position > length) {
            throw new IllegalArgumentException("position " + position + " in a body of " + length + " bytes");
        }
        if (position == length) {
            return -1;
        }
        int wanted = (int) (position / Blocks.BLOCK);
        if (wanted != number && target.hasRemaining()) {
            try {
                block = load(wanted);
                number = wanted;
            } catch (DamagedException e) {
                throw damage.of(e);
            }
        }
        int from = (int) (position % Blocks.BLOCK);
        int n = Math.min(target.remaining(), block.length - from);
        if (n <= 0) {
            return 0;
        }
        target.put(block, from, n);
        return n;
    }

    private byte[] load(int wanted) throws IOException, DamagedException {
        byte[] header = Blocks.header(indexed ? Blocks.INDEXED : Blocks.PLAIN, 0);
        byte[] beside = Blocks.beside(header, wanted == count - 1);
        int expected = Blocks.lengthOf(wanted, length);
        byte[] opened;
        if (indexed) {
            long[] all = starts;
            if (all == null) {
                all = index(header);
                starts = all;
            }
            opened = formed(
                    seal.open(wanted, beside, fetch(all[wanted], (int) (all[wanted + 1] - all[wanted]))), expected);
        } else {
            long start = Blocks.HEADER + (long) wanted * (Blocks.BLOCK + kind.overhead);
            opened = seal.open(wanted, beside, fetch(start, expected + kind.overhead));
        }
        if (opened.length != expected) {
            throw new DamagedException("a block has another length");
        }
        return opened;
    }

    private long[] index(byte[] header) throws IOException, DamagedException {
        int size = 4 * count + kind.overhead;
        long end = below.length() - size;
        if (end < Blocks.HEADER) {
            throw new DamagedException("cut off");
        }
        ByteBuffer sizes = ByteBuffer.wrap(seal.open(Blocks.INDEX, Blocks.beside(header, true), fetch(end, size)));
        long[] all = new long[count + 1];
        all[0] = Blocks.HEADER;
        for (int i = 0; i < count; i++) {
            int each = sizes.getInt();
            if (each <= kind.overhead || each > 1 + Blocks.BLOCK + kind.overhead) {
                throw new DamagedException("its index is malformed");
            }
            all[i + 1] = all[i] + each;
        }
        if (all[count] != end) {
            throw new DamagedException("its index does not fit");
        }
        return all;
    }

    /** A block with its form before it. */
    static byte[] formed(byte[] formed, int expected) throws DamagedException {
        if (formed.length == 0) {
            throw new DamagedException("a block is empty");
        }
        return switch (formed[0]) {
            case Blocks.STORED -> Arrays.copyOfRange(formed, 1, formed.length);
            case Blocks.DEFLATED -> Blocks.inflate(formed, 1, expected);
            default -> throw new DamagedException("a block has no known form");
        };
    }

    private byte[] fetch(long start, int size) throws IOException, DamagedException {
        return fetch(below, start, size);
    }

    static byte[] fetch(BodyReader below, long start, int size) throws IOException, DamagedException {
        ByteBuffer target = ByteBuffer.allocate(size);
        while (target.hasRemaining()) {
            long at = start + target.position();
            if (at > below.length() || below.read(at, target) < 0) {
                throw new DamagedException("cut off");
            }
        }
        return target.array();
    }

    @Override
    public void close() throws IOException {
        closed = true;
        below.close();
    }
}
