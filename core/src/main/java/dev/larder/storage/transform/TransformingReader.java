package dev.larder.storage.transform;

import dev.larder.storage.AsyncBodyReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Reads a body that is longer than a block; opens one block at a time. */
final class TransformingReader implements AsyncBodyReader {
    private final AsyncBodyReader below;
    private final Seal seal;
    private final Seal.Kind kind;
    private final long length;
    private final boolean indexed;
    private final int count;
    private final Damage damage;

    /** Where each block begins below, and where the last one ends; only if indexed, and when first needed. */
    private long @Nullable [] starts;

    private int number = -1;
    private ByteBuffer block = ByteBuffer.allocate(0);
    private volatile boolean closed;

    interface Damage {
        /** Reports it, and answers what the read fails with. */
        CompletionStage<IOException> of(DamagedException what);
    }

    TransformingReader(AsyncBodyReader below, Seal seal, Seal.Kind kind, long length, boolean indexed, Damage damage) {
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
    public CompletionStage<Integer> read(long position, ByteBuffer target) {
        if (closed) {
            return CompletableFuture.failedFuture(new IOException("reader is closed"));
        }
        if (position < 0 || position > length) {
            return CompletableFuture.failedFuture(
                    new IllegalArgumentException("position " + position + " in a body of " + length + " bytes"));
        }
        if (position == length) {
            return CompletableFuture.completedFuture(-1);
        }
        int wanted = (int) (position / Blocks.BLOCK);
        int from = (int) (position % Blocks.BLOCK);
        if (wanted == number || !target.hasRemaining()) {
            return CompletableFuture.completedFuture(copy(from, target));
        }
        return load(wanted)
                .handle((loaded, failure) -> {
                    if (failure == null) {
                        block = loaded;
                        number = wanted;
                        return CompletableFuture.completedFuture(copy(from, target));
                    }
                    Throwable cause = Transforms.unwrapped(failure);
                    return cause instanceof DamagedException what
                            ? damage.of(what).thenCompose(CompletableFuture::<Integer>failedFuture)
                            : CompletableFuture.<Integer>failedFuture(cause);
                })
                .thenCompose(stage -> stage);
    }

    private int copy(int from, ByteBuffer target) {
        int n = Math.min(target.remaining(), block.remaining() - from);
        if (n <= 0) {
            return 0;
        }
        target.put(block.slice(block.position() + from, n));
        return n;
    }

    private CompletionStage<ByteBuffer> load(int wanted) {
        byte[] header = Blocks.header(indexed ? Blocks.INDEXED : Blocks.PLAIN, 0);
        byte[] beside = Blocks.beside(header, wanted == count - 1);
        int expected = Blocks.lengthOf(wanted, length);
        if (!indexed) {
            long start = Blocks.HEADER + (long) wanted * (Blocks.BLOCK + kind.overhead);
            return opening(
                    fetch(below, start, expected + kind.overhead), piece -> seal.open(wanted, beside, piece), expected);
        }
        long[] known = starts;
        CompletionStage<long[]> index = known == null ? index(header) : CompletableFuture.completedFuture(known);
        return index.thenCompose(all -> {
            starts = all;
            return opening(
                    fetch(below, all[wanted], (int) (all[wanted + 1] - all[wanted])),
                    piece -> formed(seal.open(wanted, beside, piece), expected),
                    expected);
        });
    }

    private interface Opening<T> {
        T of(ByteBuffer sealed) throws DamagedException;
    }

    private static <T> CompletionStage<T> opening(CompletionStage<ByteBuffer> sealed, Opening<T> opening) {
        return sealed.thenApply(bytes -> {
            try {
                return opening.of(bytes);
            } catch (DamagedException e) {
                throw new CompletionException(e);
            }
        });
    }

    private static CompletionStage<ByteBuffer> opening(
            CompletionStage<ByteBuffer> sealed, Opening<ByteBuffer> opening, int expected) {
        return opening(sealed, bytes -> {
            ByteBuffer opened = opening.of(bytes);
            if (opened.remaining() != expected) {
                throw new DamagedException("a block has another length");
            }
            return opened;
        });
    }

    private CompletionStage<long[]> index(byte[] header) {
        int size = 4 * count + kind.overhead;
        long end = below.length() - size;
        if (end < Blocks.HEADER) {
            return CompletableFuture.failedFuture(new DamagedException("cut off"));
        }
        return opening(fetch(below, end, size), piece -> {
            ByteBuffer sizes = seal.open(Blocks.INDEX, Blocks.beside(header, true), piece);
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
        });
    }

    /** A block without the form before it. */
    static ByteBuffer formed(ByteBuffer formed, int expected) throws DamagedException {
        if (!formed.hasRemaining()) {
            throw new DamagedException("a block is empty");
        }
        return switch (formed.get()) {
            case Blocks.STORED -> formed.slice();
            case Blocks.GZIPPED -> ByteBuffer.wrap(Gzip.decompress(formed.slice(), expected));
            default -> throw new DamagedException("a block has no known form");
        };
    }

    /** So many bytes; fails with {@link DamagedException} when there are fewer. */
    static CompletionStage<ByteBuffer> fetch(AsyncBodyReader below, long start, int size) {
        return fetch(below, start, ByteBuffer.allocate(size));
    }

    private static CompletionStage<ByteBuffer> fetch(AsyncBodyReader below, long start, ByteBuffer target) {
        while (target.hasRemaining()) {
            long at = start + target.position();
            if (at > below.length()) {
                return CompletableFuture.failedFuture(new DamagedException("cut off"));
            }
            CompletableFuture<Integer> read = below.read(at, target).toCompletableFuture();
            if (!read.isDone() || read.isCompletedExceptionally() || read.join() < 0) {
                return read.thenCompose(n -> n < 0
                        ? CompletableFuture.failedFuture(new DamagedException("cut off"))
                        : fetch(below, start, target));
            }
        }
        return CompletableFuture.completedFuture(target.flip());
    }

    @Override
    public CompletionStage<Void> close() {
        closed = true;
        return below.close();
    }
}
