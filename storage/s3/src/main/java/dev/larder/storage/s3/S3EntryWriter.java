package dev.larder.storage.s3;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncEntryWriter;
import dev.larder.storage.EntryTooLargeException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.model.CompletedPart;

/**
 * Collects a body in blocks. Up to a part of 5 MiB nothing is sent before the commit; from then on each part is sent while
 * the next one is filled, so that two of them are in memory at most.
 */
final class S3EntryWriter implements AsyncEntryWriter {
    /** What fits into the most parts an upload may have. */
    static final long MAX_BODY = 10_000L * (S3EntryWriter.PART / Blocks.STORED) * Blocks.SIZE;

    /** S3 takes no parts of less than 5 MiB, but for the last. */
    private static final int PART = 80 * Blocks.STORED;

    private static final int FIRST_BUFFER = 8 << 10;

    private enum State {
        OPEN,
        COMMITTING,
        DISCARDED
    }

    private final S3Entries store;
    final StoredResponse head;
    final String name;
    /** What the index said when this began. */
    final S3Entries.Mark mark;

    private final long maxBody;
    private final Blocks blocks;
    private final AtomicReference<State> state = new AtomicReference<>(State.OPEN);
    private final CompletableFuture<Boolean> committed = new CompletableFuture<>();

    /** Sealed blocks, and then the one being filled. */
    private byte[] buffer = {};

    private int size;
    /** Of the block being filled, the bytes that are there. */
    private int inBlock;

    private long sealed;
    private long length;
    private @Nullable String upload;
    private final List<CompletedPart> parts = new ArrayList<>();
    private CompletionStage<?> sending = CompletableFuture.completedFuture(null);
    private boolean failed;
    private boolean commitCalled;
    private volatile boolean closed;

    S3EntryWriter(S3Entries store, StoredResponse head, String name, S3Entries.Mark mark, long maxBody) {
        this.store = store;
        this.head = head;
        this.name = name;
        this.mark = mark;
        this.maxBody = maxBody;
        this.blocks = new Blocks(head.id());
    }

    @Override
    public CompletionStage<Void> write(ByteBuffer bytes) {
        IOException refusal = refusal();
        if (refusal != null) {
            return CompletableFuture.failedFuture(refusal);
        }
        if (commitCalled) {
            return CompletableFuture.failedFuture(new IllegalStateException("commit has been called"));
        }
        if (failed) {
            return CompletableFuture.failedFuture(new IOException("an earlier piece could not be written"));
        }
        if (bytes.remaining() > maxBody - length) {
            failed = true;
            buffer = new byte[0];
            return CompletableFuture.failedFuture(new EntryTooLargeException());
        }
        return fill(bytes);
    }

    private @Nullable IOException refusal() {
        if (closed || store.isClosed()) {
            return new IOException("the writer or its storage is closed");
        }
        return null;
    }

    private CompletionStage<Void> fill(ByteBuffer bytes) {
        while (bytes.hasRemaining()) {
            if (inBlock == Blocks.SIZE) {
                seal();
            }
            if (size == PART) {
                return sendPart().thenCompose(sent -> fill(bytes)).exceptionally(failure -> {
                    failed = true;
                    throw new CompletionException(Bucket.unwrapped(failure));
                });
            }
            int n = Math.min(Blocks.SIZE - inBlock, bytes.remaining());
            int at = size + Blocks.CHECKSUM + inBlock;
            if (at + n > buffer.length) {
                buffer = Arrays.copyOf(
                        buffer, Math.min(PART, Math.max(at + n, Math.max(FIRST_BUFFER, 2 * buffer.length))));
            }
            bytes.get(buffer, at, n);
            inBlock += n;
            length += n;
        }
        return CompletableFuture.completedFuture(null);
    }

    private void seal() {
        blocks.seal(sealed++, buffer, size, inBlock);
        size += Blocks.CHECKSUM + inBlock;
        inBlock = 0;
    }

    /** Waits for the part before, and begins to send the one that is full. */
    private CompletionStage<?> sendPart() {
        byte[] part = buffer.length == size ? buffer : Arrays.copyOf(buffer, size);
        buffer = new byte[0];
        size = 0;
        return sending.thenCompose(before -> uploadId()).thenAccept(id -> {
            sending = store.bucket
                    .uploadPart(store.bodyObject(name, head.id()), id, parts.size() + 1, part)
                    .thenAccept(parts::add);
        });
    }

    private CompletionStage<String> uploadId() {
        String known = upload;
        if (known != null) {
            return CompletableFuture.completedFuture(known);
        }
        return store.bucket.beginUpload(store.bodyObject(name, head.id())).thenApply(id -> {
            upload = id;
            return id;
        });
    }

    long length() {
        return length;
    }

    /** The whole body, if it is short enough to be kept with its head. */
    @Nullable
    ByteBuffer inline() {
        return length <= store.maxInlineBytes
                ? ByteBuffer.wrap(
                        length == 0
                                ? new byte[0]
                                : Arrays.copyOfRange(buffer, Blocks.CHECKSUM, Blocks.CHECKSUM + (int) length))
                : null;
    }

    /** Puts the body where it is to stay, as an object of its own. */
    CompletionStage<?> finishBody() {
        if (inBlock > 0) {
            seal();
        }
        String object = store.bodyObject(name, head.id());
        if (upload == null && parts.isEmpty()) {
            return store.bucket.put(object, Arrays.copyOf(buffer, size));
        }
        CompletionStage<?> last = size > 0 ? sendPart() : CompletableFuture.completedFuture(null);
        return last.thenCompose(started -> sending).thenCompose(sent -> {
            String id = upload;
            if (id == null) {
                throw new CompletionException(new IOException("the upload has no id"));
            }
            return store.bucket.completeUpload(object, id, parts).thenApply(done -> {
                upload = null;
                return done;
            });
        });
    }

    @Override
    public CompletionStage<Boolean> commit(List<StoredResponse> replaced) {
        IOException refusal = refusal();
        if (refusal != null) {
            return CompletableFuture.failedFuture(refusal);
        }
        if (commitCalled) {
            return CompletableFuture.failedFuture(new IllegalStateException("commit has been called"));
        }
        commitCalled = true;
        if (failed || !state.compareAndSet(State.OPEN, State.COMMITTING)) {
            store.writers.remove(this);
            committed.complete(false);
            return CompletableFuture.completedFuture(false);
        }
        CompletableFuture<Boolean> result = new CompletableFuture<>();
        CompletionStage<Boolean> commit;
        try {
            commit = store.commit(this, replaced);
        } catch (RuntimeException e) {
            commit = CompletableFuture.failedFuture(e);
        }
        commit.whenComplete((done, failure) -> {
            store.writers.remove(this);
            committed.complete(failure == null && done);
            if (failure == null) {
                result.complete(done);
            } else {
                result.completeExceptionally(Bucket.unwrapped(failure));
            }
        });
        return result;
    }

    /**
     * Lets the commit answer false.
     *
     * @return null, or what completes when the commit that has begun is done
     */
    @Nullable
    CompletionStage<Boolean> discard() {
        return state.compareAndSet(State.OPEN, State.DISCARDED) || state.get() == State.DISCARDED ? null : committed;
    }

    @Override
    public CompletionStage<Void> close() {
        if (closed) {
            return CompletableFuture.completedFuture(null);
        }
        closed = true;
        store.writers.remove(this);
        buffer = new byte[0];
        // Whether it went well or not: only then is it known whether there is an upload to give up.
        return sending.handle((sent, failure) -> upload).thenCompose(id -> {
            if (id == null || store.isClosed()) {
                return CompletableFuture.completedFuture(null);
            }
            return store.bucket
                    .abortUpload(store.bodyObject(name, head.id()), id)
                    .handle((done, failure) -> {
                        if (failure != null) {
                            store.failed("give up an upload", failure);
                        }
                        return null;
                    });
        });
    }
}
