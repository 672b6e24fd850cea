package dev.larder.storage.transform;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.EntryTooLargeException;
import dev.larder.storage.EntryWriter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/** Gathers blocks, and hands them down when it is known whether more follow. */
final class TransformingWriter implements EntryWriter {
    private static final int FIRST_ROOM = 4 << 10;

    /** The bytes of a block from its beginning; replaced when it has to grow or another one begins. */
    private static final class Gathered {
        final int number;
        final byte[] bytes;

        Gathered(int number, byte[] bytes) {
            this.number = number;
            this.bytes = bytes;
        }
    }

    private final EntryWriter below;
    private final Supplier<Seal> seals;
    private final Seal seal;
    private final long indexedLength;
    private final @Nullable Deflater deflater;
    private final Commit commit;

    private volatile Gathered gathered = new Gathered(0, new byte[FIRST_ROOM]);
    /** Written after the bytes that it counts, which makes them visible to those who read back. */
    private volatile long written;
    /** Where each block that was handed down begins below, and where the last one ends. Replaced when it has to grow. */
    private volatile long[] starts = new long[16];
    /** How many blocks were handed down; the writer's own. */
    private int count;

    private volatile @Nullable Gathered readBack;
    private byte[] header = {};
    private boolean shrinks = true;
    /** Whether the storage below has not taken all. */
    private boolean refused;

    private volatile boolean closed;

    interface Commit {
        boolean of(List<StoredResponse> replaced) throws IOException;
    }

    TransformingWriter(
            EntryWriter below, Supplier<Seal> seals, long indexedLength, @Nullable Deflater deflater, Commit commit) {
        this.below = below;
        this.seals = seals;
        this.seal = seals.get();
        this.indexedLength = indexedLength;
        this.deflater = deflater;
        this.commit = commit;
    }

    @Override
    public void write(ByteBuffer bytes) throws IOException {
        ensureOpen();
        long end = written;
        while (bytes.hasRemaining()) {
            Gathered block = gathered;
            int filled = (int) (end - (long) block.number * Blocks.BLOCK);
            if (filled == Blocks.BLOCK) {
                refused = true;
                handDown(block.bytes, filled, false);
                refused = false;
                block = new Gathered(block.number + 1, new byte[Blocks.BLOCK]);
                gathered = block;
                filled = 0;
            }
            int wanted = Math.min(Blocks.BLOCK, filled + bytes.remaining());
            if (wanted > block.bytes.length) {
                int room = Math.min(Blocks.BLOCK, Math.max(wanted, 2 * block.bytes.length));
                block = new Gathered(block.number, Arrays.copyOf(block.bytes, room));
                gathered = block;
            }
            int n = wanted - filled;
            bytes.get(block.bytes, filled, n);
            end += n;
            written = end;
        }
    }

    private void handDown(byte[] bytes, int length, boolean last) throws IOException {
        int number = count;
        if (number == 0) {
            header = Blocks.header(indexedLength >= 0 ? Blocks.INDEXED : Blocks.PLAIN, 0);
            below.write(ByteBuffer.wrap(header));
        }
        byte[] sealed;
        byte[] beside = Blocks.beside(header, last);
        if (indexedLength < 0) {
            sealed = seal.seal(number, beside, bytes, length);
        } else {
            byte[] formed = new byte[1 + length];
            int n = deflater == null || !shrinks ? -1 : Blocks.deflate(deflater, bytes, length, formed, 1);
            if (n < 0) {
                // A body that does not shrink at first will not later, or not by much.
                shrinks &= number > 0;
                formed[0] = Blocks.STORED;
                System.arraycopy(bytes, 0, formed, 1, length);
                n = length;
            } else {
                formed[0] = Blocks.DEFLATED;
            }
            sealed = seal.seal(number, beside, formed, 1 + n);
        }
        below.write(ByteBuffer.wrap(sealed));
        long[] all = starts;
        if (number + 1 == all.length) {
            all = Arrays.copyOf(all, 2 * all.length);
        }
        all[0] = Blocks.HEADER;
        all[number + 1] = all[number] + sealed.length;
        // Written before the next block begins, which is what makes others look here.
        starts = all;
        count = number + 1;
    }

    private void handDownSmall(byte[] bytes, int length) throws IOException {
        byte[] deflated = deflater == null ? new byte[0] : new byte[length];
        int n = deflater == null ? -1 : Blocks.deflate(deflater, bytes, length, deflated, 0);
        header = Blocks.header(n < 0 ? Blocks.PLAIN : Blocks.DEFLATED, length);
        below.write(ByteBuffer.wrap(header));
        below.write(ByteBuffer.wrap(
                seal.seal(0, Blocks.beside(header, true), n < 0 ? bytes : deflated, n < 0 ? length : n)));
    }

    @Override
    public boolean readsBack() {
        return below.readsBack();
    }

    @Override
    public int readBack(long position, ByteBuffer target) throws IOException {
        if (closed) {
            throw new IOException("writer is closed");
        }
        long available = written;
        if (position < 0 || position >= available) {
            throw new IllegalArgumentException("position " + position + " when " + available + " bytes are written");
        }
        int number = (int) (position / Blocks.BLOCK);
        int from = (int) (position % Blocks.BLOCK);
        Gathered block = gathered;
        if (block.number != number) {
            block = handedDown(number);
        }
        int end = (int) Math.min(Blocks.BLOCK, available - (long) number * Blocks.BLOCK);
        int n = Math.min(target.remaining(), end - from);
        target.put(block.bytes, from, n);
        return n;
    }

    private Gathered handedDown(int number) throws IOException {
        Gathered known = readBack;
        if (known != null && known.number == number) {
            return known;
        }
        long[] all = starts;
        long start = all[number];
        byte[] sealed = new byte[(int) (all[number + 1] - start)];
        ByteBuffer target = ByteBuffer.wrap(sealed);
        while (target.hasRemaining()) {
            below.readBack(start + target.position(), target);
        }
        try {
            // A seal of its own, because others may read at the same time. More blocks followed, so it was not the
            // last.
            byte[] form = Blocks.header(indexedLength >= 0 ? Blocks.INDEXED : Blocks.PLAIN, 0);
            byte[] opened = seals.get().open(number, Blocks.beside(form, false), sealed);
            Gathered block =
                    new Gathered(number, indexedLength < 0 ? opened : TransformingReader.formed(opened, Blocks.BLOCK));
            readBack = block;
            return block;
        } catch (DamagedException e) {
            throw new IOException("what was written is damaged: " + e.getMessage());
        }
    }

    @Override
    public boolean commit(List<StoredResponse> replaced) throws IOException {
        ensureOpen();
        if (refused || (indexedLength >= 0 && written != indexedLength)) {
            return false;
        }
        try {
            Gathered block = gathered;
            int filled = (int) (written - (long) block.number * Blocks.BLOCK);
            if (block.number == 0 && indexedLength < 0) {
                handDownSmall(block.bytes, filled);
            } else {
                handDown(block.bytes, filled, true);
                if (indexedLength >= 0) {
                    ByteBuffer index = ByteBuffer.allocate(4 * count);
                    long[] all = starts;
                    for (int i = 0; i < count; i++) {
                        index.putInt((int) (all[i + 1] - all[i]));
                    }
                    below.write(ByteBuffer.wrap(
                            seal.seal(Blocks.INDEX, Blocks.beside(header, true), index.array(), index.capacity())));
                }
            }
        } catch (EntryTooLargeException e) {
            return false;
        }
        return commit.of(new ArrayList<>(replaced));
    }

    private void ensureOpen() throws IOException {
        if (closed) {
            throw new IOException("writer is closed");
        }
    }

    @Override
    public void close() throws IOException {
        if (!closed) {
            closed = true;
            if (deflater != null) {
                deflater.end();
            }
            below.close();
        }
    }
}
