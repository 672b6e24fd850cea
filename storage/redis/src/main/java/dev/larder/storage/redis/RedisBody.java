package dev.larder.storage.redis;

import dev.larder.storage.AsyncBodyReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Reads a body. One of up to a mebibyte is there whole before its first byte is handed out; a longer one is read a chunk at
 * a time, each of which is checked. Who reads on finds the next chunk already asked for.
 */
final class RedisBody implements AsyncBodyReader {
    private final RedisOperations storage;
    private final RedisEntry entry;
    private final byte[] key;
    private final EntryFormat format;
    private final List<byte[]> first;
    private byte @Nullable [] loaded;
    private long number;
    private @Nullable CompletableFuture<byte @Nullable []> ahead;
    private long aheadNumber = -1;
    private volatile boolean closed;

    /** @param first the first chunks, or all of them, checked */
    RedisBody(RedisOperations storage, RedisEntry entry, List<byte[]> first) {
        this.storage = storage;
        this.entry = entry;
        this.key = entry.place.body(entry.id());
        this.format = new EntryFormat(entry.id());
        this.first = first;
        this.number = first.size() - 1L;
    }

    @Override
    public long length() {
        return entry.bodyLength();
    }

    @Override
    public CompletionStage<Integer> read(long position, ByteBuffer target) {
        if (closed) {
            return CompletableFuture.failedFuture(new IOException("the body is closed"));
        }
        if (position < 0 || position > length()) {
            return CompletableFuture.failedFuture(
                    new IndexOutOfBoundsException("position " + position + " of a body of " + length() + " bytes"));
        }
        if (position == length()) {
            return CompletableFuture.completedFuture(-1);
        }
        long wanted = position / EntryFormat.CHUNK;
        int from = (int) (position % EntryFormat.CHUNK);
        if (wanted < first.size()) {
            return CompletableFuture.completedFuture(copy(first.get((int) wanted), from, target));
        }
        byte[] at = loaded;
        if (at != null && number == wanted) {
            return CompletableFuture.completedFuture(copy(at, from, target));
        }
        return load(wanted).thenCompose(chunk -> {
            try {
                if (chunk == null) {
                    storage.bodyIsGone(entry);
                    throw new IOException("part of the stored body is gone");
                }
                format.check(length(), wanted, chunk);
            } catch (DamagedEntryException e) {
                storage.damaged(entry, "the body is damaged");
                return CompletableFuture.failedFuture(new IOException("the stored body is damaged", e));
            } catch (IOException e) {
                return CompletableFuture.failedFuture(e);
            }
            loaded = chunk;
            number = wanted;
            return CompletableFuture.completedFuture(copy(chunk, from, target));
        });
    }

    private CompletionStage<byte @Nullable []> load(long wanted) {
        CompletableFuture<byte @Nullable []> asked = aheadNumber == wanted ? ahead : null;
        if (asked == null || asked.isCompletedExceptionally()) {
            asked = storage.chunk(key, wanted).toCompletableFuture();
        }
        ahead = null;
        aheadNumber = -1;
        if (wanted == number + 1 && wanted + 1 < EntryFormat.chunks(length())) {
            aheadNumber = wanted + 1;
            ahead = storage.chunk(key, wanted + 1).toCompletableFuture();
        }
        return asked;
    }

    private static int copy(byte[] chunk, int from, ByteBuffer target) {
        int count = Math.min(chunk.length - EntryFormat.CHUNK_HEADER - from, target.remaining());
        target.put(chunk, EntryFormat.CHUNK_HEADER + from, count);
        return count;
    }

    @Override
    public CompletionStage<Void> close() {
        closed = true;
        ahead = null;
        return CompletableFuture.completedFuture(null);
    }
}
