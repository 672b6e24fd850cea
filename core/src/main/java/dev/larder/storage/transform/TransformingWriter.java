package dev.larder.storage.transform;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncEntryWriter;
import dev.larder.storage.EntryTooLargeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/** Gathers blocks, and hands them down when it is known whether more follow. */
final class TransformingWriter implements AsyncEntryWriter {
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

    private final AsyncEntryWriter below;
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
        CompletionStage<Boolean> of(List<StoredResponse> replaced);
    }

    TransformingWriter(
            AsyncEntryWriter below, Seal seal, long indexedLength, @Nullable Deflater deflater, Commit commit) {
        this.below = below;
        this.seal = seal;
        this.indexedLength = indexedLength;
        this.deflater = deflater;
        this.commit = commit;
    }

    @Override
    public CompletionStage<Void> write(ByteBuffer bytes) {
        return closed ? failed("writer is closed") : gather(bytes);
    }

    private CompletionStage<Void> gather(ByteBuffer bytes) {
        long end = written;
        while (bytes.hasRemaining()) {
            Gathered block = gathered;
            int filled = (int) (end - (long) block.number * Blocks.BLOCK);
            if (filled == Blocks.BLOCK) {
                int number = block.number;
                refused = true;
                CompletableFuture<?> down = handDown(block.bytes, filled, false).toCompletableFuture();
                if (!down.isDone() || down.isCompletedExceptionally()) {
                    return down.thenCompose(done -> {
                        next(number);
                        return gather(bytes);
                    });
                }
                next(number);
                continue;
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
        return CompletableFuture.completedFuture(null);
    }

    private void next(int number) {
        refused = false;
        gathered = new Gathered(number + 1, new byte[Blocks.BLOCK]);
    }

    private CompletionStage<?> handDown(byte[] bytes, int length, boolean last) {
        int number = count;
        boolean first = number == 0;
        if (first) {
            header = Blocks.header(indexedLength >= 0 ? Blocks.INDEXED : Blocks.PLAIN, 0);
        }
        byte[] sealed;
        byte[] beside = Blocks.beside(header, last);
        if (indexedLength < 0) {
            sealed = seal.seal(number, beside, bytes, length);
        } else {
            byte[] formed = new byte[1 + length];
            int n = deflater == null || !shrinks ? -1 : Gzip.compress(deflater, bytes, length, formed, 1);
            if (n < 0) {
                // A body that does not shrink at first will not later, or not by much.
                shrinks &= number > 0;
                formed[0] = Blocks.STORED;
                System.arraycopy(bytes, 0, formed, 1, length);
                n = length;
            } else {
                formed[0] = Blocks.GZIPPED;
            }
            sealed = seal.seal(number, beside, formed, 1 + n);
        }
        CompletionStage<?> down = first
                ? below.write(ByteBuffer.wrap(header)).thenCompose(done -> below.write(ByteBuffer.wrap(sealed)))
                : below.write(ByteBuffer.wrap(sealed));
        return down.thenAccept(done -> {
            long[] all = starts;
            if (number + 1 == all.length) {
                all = Arrays.copyOf(all, 2 * all.length);
            }
            all[0] = Blocks.HEADER;
            all[number + 1] = all[number] + sealed.length;
            // Written before the next block begins, which is what makes others look here.
            starts = all;
            count = number + 1;
        });
    }

    private CompletionStage<?> handDownSmall(byte[] bytes, int length) {
        byte[] gzipped = deflater == null ? new byte[0] : new byte[length];
        int n = deflater == null ? -1 : Gzip.compress(deflater, bytes, length, gzipped, 0);
        header = Blocks.header(n < 0 ? Blocks.PLAIN : Blocks.GZIPPED, length);
        byte[] sealed = seal.seal(0, Blocks.beside(header, true), n < 0 ? bytes : gzipped, n < 0 ? length : n);
        return below.write(ByteBuffer.wrap(header)).thenCompose(done -> below.write(ByteBuffer.wrap(sealed)));
    }

    @Override
    public boolean readsBack() {
        return below.readsBack();
    }

    @Override
    public CompletionStage<Integer> readBack(long position, ByteBuffer target) {
        if (closed) {
            return failed("writer is closed");
        }
        long available = written;
        if (position < 0 || position >= available) {
            return CompletableFuture.failedFuture(
                    new IllegalArgumentException("position " + position + " when " + available + " bytes are written"));
        }
        int number = (int) (position / Blocks.BLOCK);
        int from = (int) (position % Blocks.BLOCK);
        int end = (int) Math.min(Blocks.BLOCK, available - (long) number * Blocks.BLOCK);
        Gathered block = gathered;
        if (block.number != number) {
            block = readBack;
        }
        if (block != null && block.number == number) {
            return CompletableFuture.completedFuture(copy(block.bytes, from, end, target));
        }
        return handedDown(number).thenApply(bytes -> copy(bytes, from, end, target));
    }

    private static int copy(byte[] bytes, int from, int end, ByteBuffer target) {
        int n = Math.min(target.remaining(), end - from);
        target.put(bytes, from, n);
        return n;
    }

    private CompletionStage<byte[]> handedDown(int number) {
        long[] all = starts;
        long start = all[number];
        return fetchBack(start, ByteBuffer.allocate((int) (all[number + 1] - start)))
                .thenApply(piece -> {
                    try {
                        // More blocks followed, so it was not the last.
                        byte[] form = Blocks.header(indexedLength >= 0 ? Blocks.INDEXED : Blocks.PLAIN, 0);
                        ByteBuffer opened = seal.open(number, Blocks.beside(form, false), piece);
                        ByteBuffer block = indexedLength < 0 ? opened : TransformingReader.formed(opened, Blocks.BLOCK);
                        byte[] bytes = new byte[block.remaining()];
                        block.get(bytes);
                        readBack = new Gathered(number, bytes);
                        return bytes;
                    } catch (DamagedException e) {
                        throw new CompletionException(
                                new IOException("what was written is damaged: " + e.getMessage()));
                    }
                });
    }

    private CompletionStage<ByteBuffer> fetchBack(long start, ByteBuffer target) {
        return below.readBack(start + target.position(), target)
                .thenCompose(n -> target.hasRemaining()
                        ? fetchBack(start, target)
                        : CompletableFuture.completedFuture(target.flip()));
    }

    @Override
    public CompletionStage<Boolean> commit(List<StoredResponse> replaced) {
        if (closed) {
            return failed("writer is closed");
        }
        if (refused || (indexedLength >= 0 && written != indexedLength)) {
            return CompletableFuture.completedFuture(false);
        }
        return handDownRest()
                .handle((done, failure) -> {
                    if (failure == null) {
                        return commit.of(replaced);
                    }
                    Throwable cause = Transforms.unwrapped(failure);
                    return cause instanceof EntryTooLargeException
                            ? CompletableFuture.completedFuture(false)
                            : CompletableFuture.<Boolean>failedFuture(cause);
                })
                .thenCompose(stage -> stage);
    }

    private CompletionStage<?> handDownRest() {
        Gathered block = gathered;
        int filled = (int) (written - (long) block.number * Blocks.BLOCK);
        if (block.number == 0 && indexedLength < 0) {
            return handDownSmall(block.bytes, filled);
        }
        CompletionStage<?> down = handDown(block.bytes, filled, true);
        return indexedLength < 0
                ? down
                : down.thenCompose(done -> {
                    ByteBuffer index = ByteBuffer.allocate(4 * count);
                    long[] all = starts;
                    for (int i = 0; i < count; i++) {
                        index.putInt((int) (all[i + 1] - all[i]));
                    }
                    return below.write(ByteBuffer.wrap(
                            seal.seal(Blocks.INDEX, Blocks.beside(header, true), index.array(), index.capacity())));
                });
    }

    private static <T> CompletionStage<T> failed(String message) {
        return CompletableFuture.failedFuture(new IOException(message));
    }

    @Override
    public CompletionStage<Void> close() {
        if (closed) {
            return CompletableFuture.completedFuture(null);
        }
        closed = true;
        if (deflater != null) {
            deflater.end();
        }
        return below.close();
    }
}
