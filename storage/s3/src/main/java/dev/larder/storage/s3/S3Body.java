package dev.larder.storage.s3;

import dev.larder.storage.AsyncBodyReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads a body that is an object of its own, some blocks at a time, each of which is checked before its first byte is
 * handed out. Holds no connection between reads. Who reads on and on gets more blocks by each request.
 */
final class S3Body implements AsyncBodyReader {
    private static final int FIRST_BLOCKS = 2;
    private static final int MOST_BLOCKS = 32;

    private final Bucket bucket;
    private final String object;
    private final String id;
    private final long length;
    private final BooleanSupplier storageClosed;
    private final Function<String, CompletionStage<?>> damaged;

    private volatile byte @Nullable [] window;
    private long firstBlock;
    private int blocks;
    private volatile boolean closed;

    /** @param damaged is told what is wrong when the body turns out damaged, and removes it */
    S3Body(
            Bucket bucket,
            String object,
            String id,
            long length,
            BooleanSupplier storageClosed,
            Function<String, CompletionStage<?>> damaged) {
        this.bucket = bucket;
        this.object = object;
        this.id = id;
        this.length = length;
        this.storageClosed = storageClosed;
        this.damaged = damaged;
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public CompletionStage<Integer> read(long position, ByteBuffer target) {
        if (closed || storageClosed.getAsBoolean()) {
            return CompletableFuture.failedFuture(new IOException("the body or its storage is closed"));
        }
        if (position < 0 || position > length) {
            return CompletableFuture.failedFuture(
                    new IndexOutOfBoundsException("position " + position + " of a body of " + length + " bytes"));
        }
        if (position == length) {
            return CompletableFuture.completedFuture(-1);
        }
        if (!target.hasRemaining()) {
            return CompletableFuture.completedFuture(0);
        }
        long block = position / Blocks.SIZE;
        byte[] loaded = window;
        if (loaded != null && block >= firstBlock && block < firstBlock + blocks) {
            return CompletableFuture.completedFuture(copy(loaded, position, target));
        }
        return load(block).thenApply(found -> {
            byte[] bytes = window;
            if (!found || bytes == null) {
                throw new CompletionException(new IOException("the stored body is gone"));
            }
            return copy(bytes, position, target);
        });
    }

    private int copy(byte[] bytes, long position, ByteBuffer target) {
        int count = 0;
        long at = position;
        while (target.hasRemaining() && at < length && at / Blocks.SIZE < firstBlock + blocks) {
            int inBlock = (int) (at % Blocks.SIZE);
            int offset = (int) (at / Blocks.SIZE - firstBlock) * Blocks.STORED + Blocks.CHECKSUM + inBlock;
            int n = (int) Math.min(Math.min(Blocks.SIZE - inBlock, length - at), target.remaining());
            target.put(bytes, offset, n);
            at += n;
            count += n;
        }
        return count;
    }

    /** Reads and checks blocks from one on; answers false when the object is gone. */
    CompletionStage<Boolean> load(long block) {
        int many = window != null && block == firstBlock + blocks ? Math.min(2 * blocks, MOST_BLOCKS) : FIRST_BLOCKS;
        long end = Math.min(block + many, Blocks.count(length));
        long from = block * Blocks.STORED;
        int size = (int) (Math.min(end * Blocks.STORED, Blocks.stored(length)) - from);
        return bucket.get(object, from, size).thenCompose(fetched -> {
            if (fetched == null) {
                return CompletableFuture.completedFuture(false);
            }
            byte[] bytes = fetched.bytes;
            if (bytes == null || bytes.length != size) {
                return damage("a body has another length than its entry says");
            }
            Blocks format = new Blocks(id);
            for (long number = block; number < end; number++) {
                int offset = (int) (number - block) * Blocks.STORED;
                int n = (int) Math.min(Blocks.SIZE, length - number * Blocks.SIZE);
                if (!format.isSound(number, bytes, offset, n)) {
                    return damage("the body is damaged");
                }
            }
            firstBlock = block;
            blocks = (int) (end - block);
            window = bytes;
            return CompletableFuture.completedFuture(true);
        });
    }

    /** Fails when the entry has been removed: who tries again shall not come upon it. */
    private CompletionStage<Boolean> damage(String what) {
        return damaged.apply(what).handle((removed, failure) -> {
            throw new CompletionException(new IOException("the stored body is damaged"));
        });
    }

    @Override
    public CompletionStage<Void> close() {
        closed = true;
        window = null;
        return CompletableFuture.completedFuture(null);
    }

    /** A body that came with its entry. */
    static final class Inline implements AsyncBodyReader {
        private final ByteBuffer body;
        private volatile boolean closed;

        Inline(ByteBuffer body) {
            this.body = body;
        }

        @Override
        public long length() {
            return body.remaining();
        }

        @Override
        public CompletionStage<Integer> read(long position, ByteBuffer target) {
            if (closed) {
                return CompletableFuture.failedFuture(new IOException("the body is closed"));
            }
            int length = body.remaining();
            if (position < 0 || position > length) {
                return CompletableFuture.failedFuture(
                        new IndexOutOfBoundsException("position " + position + " of a body of " + length + " bytes"));
            }
            if (position == length) {
                return CompletableFuture.completedFuture(-1);
            }
            int count = (int) Math.min(length - position, target.remaining());
            target.put(body.slice((int) position, count));
            return CompletableFuture.completedFuture(count);
        }

        @Override
        public CompletionStage<Void> close() {
            closed = true;
            return CompletableFuture.completedFuture(null);
        }
    }
}
