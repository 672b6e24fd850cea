package dev.larder.storage.tiered;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.AsyncBodyReader;
import dev.larder.storage.AsyncEntryWriter;
import dev.larder.storage.AsyncStorage;
import dev.larder.storage.EntryTooLargeException;
import dev.larder.storage.Lease;
import dev.larder.storage.Storage;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Near and far together, written once for both kinds of callers: {@link TieredStorage} hands in views that run every call
 * on the caller's thread, its asynchronous side views that do not wait.
 */
final class Tiers implements AsyncStorage {
    /*
     * Far is the truth. Near may answer for a key while the index knows what far has under it, and near has all of that.
     *
     * Every change of a key goes to far, then makes the index forget the key, then goes to near, and makes the index
     * forget again. Who asks far takes a token of the index before and can teach it only as long as the token is still
     * there. So whatever far said before a change is not learnt after it; and of two changes at once, which may reach near in
     * another order than far, the last one to end has near's answer checked against far's.
     *
     * A copy for near is begun, then the token is checked, then the copy is committed. A removal that came before the check
     * has made it fail; one that comes later finds the writer in near, which by the contract of storages discards what was
     * being written. So nothing that was removed comes back.
     */

    private final KnownKeys index;
    private final Storage nearStorage;
    private final AsyncStorage near;
    private final AsyncStorage far;
    private final CopyOnWriteArrayList<StorageListener> listeners;

    Tiers(
            KnownKeys index,
            Storage nearStorage,
            AsyncStorage near,
            AsyncStorage far,
            CopyOnWriteArrayList<StorageListener> listeners) {
        this.index = index;
        this.nearStorage = nearStorage;
        this.near = near;
        this.far = far;
        this.listeners = listeners;
    }

    // ---- looking up

    /** What near may answer alone; null when far has to be asked. */
    @Nullable
    List<StoredEntry> nearHit(String key) {
        Known known = index.current(key);
        if (known == null) {
            return null;
        }
        try {
            return known.answer(nearStorage.lookup(key));
        } catch (IOException e) {
            failed("look up in the near storage", e);
            return null;
        }
    }

    @Override
    public CompletionStage<List<StoredEntry>> lookup(String key) {
        if (index.closed) {
            return closed();
        }
        if (!nearStorage.blocks()) {
            List<StoredEntry> hit = nearHit(key);
            return hit == null ? lookupFar(key) : CompletableFuture.completedFuture(hit);
        }
        Known known = index.current(key);
        if (known == null) {
            return lookupFar(key);
        }
        return inNear("look up", () -> near.lookup(key)).thenCompose(found -> {
            List<StoredEntry> hit = found == null ? null : known.answer(found);
            return hit == null ? lookupFar(key) : CompletableFuture.completedFuture(hit);
        });
    }

    CompletionStage<List<StoredEntry>> lookupFar(String key) {
        Known token = index.token(key);
        long generation = index.generation();
        return then(far.lookup(key), (found, failure) -> {
            if (found == null || failure != null) {
                index.nothing(key, token);
                return lookupNearInstead(key, cause(failure));
            }
            return inNear("look up", () -> near.lookup(key))
                    .thenCompose(there -> there == null
                            ? CompletableFuture.completedFuture(wrapped(found, null, generation))
                            : reconcile(key, found, there, token, generation));
        });
    }

    /** Far does not answer: what near has is as good as it was when far last confirmed it. */
    private CompletionStage<List<StoredEntry>> lookupNearInstead(String key, Throwable failure) {
        if (!(failure instanceof IOException e) || index.closed || index.nearIsDoubtful) {
            return CompletableFuture.failedFuture(failure);
        }
        return inNear("look up", () -> near.lookup(key)).thenCompose(found -> {
            if (found == null || found.isEmpty()) {
                return CompletableFuture.failedFuture(failure);
            }
            failed("look up in the far storage; the near one answered", e);
            return CompletableFuture.completedFuture(found);
        });
    }

    /** Brings near, as far as that is cheap, to where far is, and answers near's entries where they are the same. */
    private CompletionStage<List<StoredEntry>> reconcile(
            String key, List<StoredEntry> found, List<StoredEntry> there, Known token, long generation) {
        List<StoredEntry> answer = new ArrayList<>(found.size());
        CompletionStage<Boolean> complete = CompletableFuture.completedFuture(true);
        for (StoredEntry entry : found) {
            StoredResponse head = entry.stored();
            StoredEntry copy = withId(there, head.id());
            if (token.owesUse(head.id())) {
                far.used(entry);
            }
            if (copy != null && copy.stored().equals(head)) {
                answer.add(copy);
                continue;
            }
            answer.add(new FarEntry(index, entry, token, generation));
            if (copy != null) {
                complete = and(complete, () -> freshenNear(head, token, generation));
            } else if (entry.inlineBody() != null) {
                complete = and(complete, () -> promote(entry, token, generation));
            } else {
                complete = and(complete, () -> CompletableFuture.completedFuture(false));
            }
        }
        for (StoredEntry copy : there) {
            if (withId(found, copy.stored().id()) == null) {
                complete = and(
                        complete,
                        () -> inNear(
                                        "remove",
                                        () -> near.remove(key, copy.stored().id()))
                                .thenApply(removed -> true));
            }
        }
        return complete.thenApply(all -> {
            if (found.isEmpty()) {
                index.nothing(key, token);
            } else if (all && index.generation() == generation) {
                index.learn(key, token, found);
            }
            return answer;
        });
    }

    /** Gives near a head of far's, which may be an old one by the time that it is there: then nobody may rely on near. */
    private CompletionStage<@Nullable Boolean> freshenNear(StoredResponse head, Known token, long generation) {
        return inNear("freshen", () -> near.freshen(head)).thenApply(done -> {
            if (index.stands(head.key(), token, generation)) {
                return done;
            }
            index.changed(head.key());
            return false;
        });
    }

    private static CompletionStage<Boolean> and(
            CompletionStage<Boolean> before, Supplier<CompletionStage<@Nullable Boolean>> next) {
        return before.thenCompose(yes -> next.get().thenApply(also -> yes && also != null && also));
    }

    private List<StoredEntry> wrapped(List<StoredEntry> found, @Nullable Known token, long generation) {
        List<StoredEntry> wrapped = new ArrayList<>(found.size());
        for (StoredEntry entry : found) {
            wrapped.add(new FarEntry(index, entry, token, generation));
        }
        return wrapped;
    }

    private static @Nullable StoredEntry withId(List<StoredEntry> entries, String id) {
        for (StoredEntry entry : entries) {
            if (entry.stored().id().equals(id)) {
                return entry;
            }
        }
        return null;
    }

    // ---- bringing near

    /** Writes an inline body into near; whether it is there afterwards. */
    private CompletionStage<@Nullable Boolean> promote(StoredEntry entry, Known token, long generation) {
        ByteBuffer body = entry.inlineBody();
        StoredResponse head = entry.stored();
        return beginCopy(entry, token, generation).thenCompose(writer -> {
            if (writer == null || body == null) {
                return CompletableFuture.completedFuture(false);
            }
            CompletionStage<Boolean> done =
                    writer.write(body).thenCompose(written -> commitCopy(writer, head, token, generation));
            return then(
                    done,
                    (committed, failure) -> endCopy(writer, head).thenApply(ended -> {
                        if (failure != null) {
                            failedInNear("write", failure);
                        }
                        return committed != null && committed;
                    }));
        });
    }

    /** A writer for a copy in near; null when there is to be none. */
    private CompletionStage<@Nullable AsyncEntryWriter> beginCopy(StoredEntry entry, Known token, long generation) {
        StoredResponse head = entry.stored();
        if (entry.bodyLength() > near.maxBodyBytes() || !index.busy.add(head.id())) {
            return CompletableFuture.completedFuture(null);
        }
        // Another one may have ended just before.
        CompletionStage<@Nullable AsyncEntryWriter> begun = inNear("look up", () -> near.lookup(head.key()))
                .thenCompose(there -> there == null || withId(there, head.id()) != null
                        ? CompletableFuture.<@Nullable AsyncEntryWriter>completedFuture(null)
                        : inNear("begin an entry", () -> near.create(head)));
        return then(begun, (writer, failure) -> {
            if (writer != null && !index.stands(head.key(), token, generation)) {
                return endCopy(writer, head).thenApply(ended -> null);
            }
            if (writer == null) {
                index.busy.remove(head.id());
            }
            return CompletableFuture.completedFuture(writer);
        });
    }

    /** A head that was replaced meanwhile does not stay; a removal has discarded the copy. */
    private CompletionStage<Boolean> commitCopy(
            AsyncEntryWriter writer, StoredResponse head, Known token, long generation) {
        if (!index.stands(head.key(), token, generation)) {
            return CompletableFuture.completedFuture(false);
        }
        return writer.commit(List.of()).thenCompose(committed -> {
            if (!committed || index.stands(head.key(), token, generation)) {
                return CompletableFuture.completedFuture(committed);
            }
            return inNear("remove", () -> near.remove(head.key(), head.id())).thenApply(removed -> false);
        });
    }

    private CompletionStage<@Nullable Void> endCopy(AsyncEntryWriter writer, StoredResponse head) {
        return then(writer.close(), (closed, failure) -> {
            index.busy.remove(head.id());
            if (failure != null) {
                failedInNear("close a writer", failure);
            }
            return CompletableFuture.<@Nullable Void>completedFuture(null);
        });
    }

    // ---- reading

    @Override
    public CompletionStage<@Nullable AsyncBodyReader> open(StoredEntry entry) {
        if (index.closed) {
            return closed();
        }
        if (entry instanceof FarEntry own && own.owner == index) {
            return openFar(own);
        }
        return inNear("open", () -> near.open(entry)).thenCompose(reader -> {
            if (reader != null) {
                return CompletableFuture.<@Nullable AsyncBodyReader>completedFuture(reader);
            }
            // Gone from near, which says nothing about far.
            StoredResponse head = entry.stored();
            return far.lookup(head.key()).thenCompose(found -> {
                StoredEntry there = withId(found, head.id());
                return there == null
                        ? CompletableFuture.<@Nullable AsyncBodyReader>completedFuture(null)
                        : far.open(there);
            });
        });
    }

    private CompletionStage<@Nullable AsyncBodyReader> openFar(FarEntry entry) {
        return far.open(entry.entry).thenCompose(reader -> {
            if (reader == null) {
                index.changed(entry.stored().key());
                return CompletableFuture.<@Nullable AsyncBodyReader>completedFuture(null);
            }
            Known token = entry.token;
            if (token == null || entry.inlineBody() != null || entry.bodyLength() == 0) {
                return CompletableFuture.<@Nullable AsyncBodyReader>completedFuture(reader);
            }
            return beginCopy(entry.entry, token, entry.generation)
                    .thenApply(writer -> writer == null ? reader : new CopyingReader(reader, writer, entry, token));
        });
    }

    /** Copies into near what is read from far, as long as it is read from the beginning on without a gap. */
    private final class CopyingReader implements AsyncBodyReader {
        private final AsyncBodyReader reader;
        private final FarEntry entry;
        private final Known token;
        private @Nullable AsyncEntryWriter writer;
        private long copied;

        CopyingReader(AsyncBodyReader reader, AsyncEntryWriter writer, FarEntry entry, Known token) {
            this.reader = reader;
            this.writer = writer;
            this.entry = entry;
            this.token = token;
        }

        @Override
        public long length() {
            return reader.length();
        }

        @Override
        public CompletionStage<Integer> read(long position, ByteBuffer target) {
            int start = target.position();
            return reader.read(position, target).thenCompose(n -> {
                AsyncEntryWriter copy = writer;
                if (copy == null || n <= 0 || position < copied) {
                    return CompletableFuture.completedFuture(n);
                }
                if (position > copied) {
                    return giveUp().thenApply(ended -> n);
                }
                copied += n;
                ByteBuffer piece = target.duplicate().limit(start + n).position(start);
                CompletionStage<Boolean> going = copy.write(piece)
                        .thenCompose(written -> copied < length()
                                ? CompletableFuture.completedFuture(true)
                                : commitCopy(copy, entry.stored(), token, entry.generation)
                                        .thenApply(committed -> false));
                return then(going, (more, failure) -> {
                    if (failure != null) {
                        failedInNear("write", failure);
                    }
                    return failure == null && more
                            ? CompletableFuture.completedFuture(n)
                            : giveUp().thenApply(ended -> n);
                });
            });
        }

        private CompletionStage<@Nullable Void> giveUp() {
            AsyncEntryWriter copy = writer;
            writer = null;
            return copy == null ? CompletableFuture.completedFuture(null) : endCopy(copy, entry.stored());
        }

        @Override
        public CompletionStage<Void> close() {
            return giveUp().thenCompose(ended -> reader.close());
        }
    }

    @Override
    public long used(StoredEntry entry) {
        if (entry instanceof FarEntry own && own.owner == index) {
            return far.used(own.entry);
        }
        long uses = near.used(entry);
        Known known = index.get(entry.stored().key());
        StoredEntry there = known == null ? null : known.used(entry.stored());
        return there == null ? uses : far.used(there);
    }

    // ---- writing

    @Override
    public CompletionStage<AsyncEntryWriter> create(StoredResponse head) {
        if (index.closed) {
            return closed();
        }
        return far.create(head).thenCompose(writer -> {
            if (!index.busy.add(head.id())) {
                return CompletableFuture.<AsyncEntryWriter>completedFuture(new BothWriter(head, writer, null));
            }
            return inNear("begin an entry", () -> near.create(head))
                    .thenApply(copy -> new BothWriter(head, writer, copy));
        });
    }

    private final class BothWriter implements AsyncEntryWriter {
        private final StoredResponse head;
        private final AsyncEntryWriter writer;
        private @Nullable AsyncEntryWriter copy;

        BothWriter(StoredResponse head, AsyncEntryWriter writer, @Nullable AsyncEntryWriter copy) {
            this.head = head;
            this.writer = writer;
            this.copy = copy;
        }

        @Override
        public CompletionStage<Void> write(ByteBuffer bytes) {
            ByteBuffer again = bytes.duplicate();
            return writer.write(bytes).thenCompose(written -> {
                AsyncEntryWriter also = copy;
                if (also == null) {
                    return noMore();
                }
                return then(also.write(again), (done, failure) -> {
                    if (failure == null) {
                        return noMore();
                    }
                    failedInNear("write", failure);
                    return giveUp();
                });
            });
        }

        @Override
        public boolean readsBack() {
            return writer.readsBack();
        }

        @Override
        public CompletionStage<Integer> readBack(long position, ByteBuffer target) {
            return writer.readBack(position, target);
        }

        @Override
        public CompletionStage<Boolean> commit(List<StoredResponse> replaced) {
            return then(writer.commit(replaced), (committed, failure) -> {
                if (failure == null && !committed) {
                    return CompletableFuture.completedFuture(false);
                }
                index.changed(head.key());
                if (failure != null) {
                    return CompletableFuture.failedFuture(cause(failure));
                }
                AsyncEntryWriter also = copy;
                CompletionStage<@Nullable Boolean> copied = also == null
                        ? CompletableFuture.completedFuture(false)
                        : inNear("commit", () -> also.commit(replaced));
                return copied.thenCompose(done -> done != null && done ? noMore() : removeFromNear(replaced))
                        .thenApply(done -> {
                            index.changed(head.key());
                            return true;
                        });
            });
        }

        private CompletionStage<@Nullable Void> removeFromNear(List<StoredResponse> replaced) {
            CompletionStage<@Nullable Void> done = noMore();
            for (StoredResponse old : replaced) {
                done = done.thenCompose(before -> removedInNear(() -> near.remove(head.key(), old.id())));
            }
            return done;
        }

        private CompletionStage<@Nullable Void> giveUp() {
            AsyncEntryWriter also = copy;
            copy = null;
            return also == null ? noMore() : endCopy(also, head);
        }

        @Override
        public CompletionStage<Void> close() {
            return giveUp().thenCompose(ended -> {
                index.busy.remove(head.id());
                return writer.close();
            });
        }
    }

    @Override
    public CompletionStage<Boolean> freshen(StoredResponse head) {
        if (index.closed) {
            return closed();
        }
        String key = head.key();
        return then(far.freshen(head), (there, failure) -> {
            index.changed(key);
            if (failure != null) {
                return CompletableFuture.failedFuture(cause(failure));
            }
            CompletionStage<@Nullable Boolean> copied = there
                    ? inNear("freshen", () -> near.freshen(head))
                    : CompletableFuture.<@Nullable Boolean>completedFuture(null);
            return copied.thenCompose(
                            done -> done != null ? noMore() : removedInNear(() -> near.remove(key, head.id())))
                    .thenApply(done -> {
                        index.changed(key);
                        return there;
                    });
        });
    }

    // ---- removing

    @Override
    public CompletionStage<Boolean> remove(String key, String id) {
        return index.closed ? closed() : removal(far.remove(key, id), key, () -> near.remove(key, id));
    }

    @Override
    public CompletionStage<Integer> removeKey(String key) {
        return index.closed ? closed() : removal(far.removeKey(key), key, () -> near.removeKey(key));
    }

    /** Near loses it whatever far says, or it would be found in near until its time is up. */
    private <T> CompletionStage<T> removal(
            CompletionStage<T> removed, String key, Supplier<CompletionStage<?>> nearRemoval) {
        return then(removed, (result, failure) -> {
            index.changed(key);
            return removedInNear(nearRemoval).thenCompose(done -> outcome(result, failure));
        });
    }

    @Override
    public CompletionStage<Integer> removeIf(Predicate<StoredResponse> condition) {
        if (index.closed) {
            return closed();
        }
        // Near's head may be older than far's, and not fulfil the condition.
        Queue<StoredResponse> hit = new ConcurrentLinkedQueue<>();
        CompletionStage<Integer> removed = far.removeIf(head -> {
            boolean fulfils = condition.test(head);
            if (fulfils) {
                hit.add(head);
            }
            return fulfils;
        });
        return then(removed, (result, failure) -> {
            index.anyRemoved();
            CompletionStage<@Nullable Void> done = noMore();
            for (StoredResponse head : hit) {
                index.changed(head.key());
                done = done.thenCompose(before -> removedInNear(() -> near.remove(head.key(), head.id())));
            }
            if (failure == null || cause(failure) instanceof IOException) {
                done = done.thenCompose(before -> removedInNear(() -> near.removeIf(condition)));
            }
            return done.thenCompose(all -> outcome(result, failure));
        });
    }

    @Override
    public CompletionStage<Long> clear() {
        if (index.closed) {
            return closed();
        }
        return then(far.clear(), (result, failure) -> {
            index.clear();
            return then(near.clear(), (cleared, nearFailure) -> {
                if (nearFailure != null) {
                    failedInNear("clear", nearFailure);
                }
                index.nearIsDoubtful = nearFailure != null;
                return outcome(result, failure);
            });
        });
    }

    private CompletionStage<@Nullable Void> removedInNear(Supplier<CompletionStage<?>> removal) {
        return then(removal.get(), (removed, failure) -> {
            if (failure != null) {
                index.nearIsDoubtful = true;
                failedInNear("remove", failure);
            }
            return noMore();
        });
    }

    // ---- the rest

    @Override
    public CompletionStage<Lease> lease(String key) {
        index.changed(key);
        return far.lease(key);
    }

    @Override
    public long maxBodyBytes() {
        return far.maxBodyBytes();
    }

    @Override
    public void addListener(StorageListener listener) {
        listeners.addIfAbsent(listener);
        near.addListener(listener);
        far.addListener(listener);
    }

    @Override
    public void close() throws IOException {
        index.closed = true;
        index.clear();
        try {
            near.close();
        } finally {
            far.close();
        }
    }

    private static <T> CompletionStage<T> closed() {
        return CompletableFuture.failedFuture(new IOException("storage is closed"));
    }

    private static CompletionStage<@Nullable Void> noMore() {
        return CompletableFuture.completedFuture(null);
    }

    private static <T extends @Nullable Object> CompletionStage<T> outcome(T result, @Nullable Throwable failure) {
        return failure == null
                ? CompletableFuture.completedFuture(result)
                : CompletableFuture.failedFuture(cause(failure));
    }

    /** A call to near, whose failure is reported and otherwise null. */
    private <T extends @Nullable Object> CompletionStage<@Nullable T> inNear(
            String operation, Supplier<CompletionStage<T>> call) {
        return then(call.get(), (result, failure) -> {
            if (failure != null) {
                failedInNear(operation, failure);
            }
            return CompletableFuture.<@Nullable T>completedFuture(failure == null ? result : null);
        });
    }

    private interface Next<T extends @Nullable Object, R extends @Nullable Object> {
        CompletionStage<R> of(T result, @Nullable Throwable failure);
    }

    private static <T extends @Nullable Object, R extends @Nullable Object> CompletionStage<R> then(
            CompletionStage<T> stage, Next<T, R> next) {
        return stage.handle((result, failure) -> next.of(result, failure)).thenCompose(Function.identity());
    }

    private static Throwable cause(@Nullable Throwable failure) {
        Throwable cause = failure == null ? new IOException("the far storage answered nothing") : failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    private void failedInNear(String operation, Throwable failure) {
        Throwable cause = cause(failure);
        if (cause instanceof IOException e) {
            failed(operation + " in the near storage", e);
        } else if (cause instanceof RuntimeException e) {
            throw e;
        } else {
            throw new IllegalStateException(cause);
        }
    }

    private void failed(String operation, IOException failure) {
        // An entry too large for near, a caller who gave up and an end are no failures.
        if (failure instanceof EntryTooLargeException
                || failure instanceof ClosedByInterruptException
                || index.closed) {
            return;
        }
        for (StorageListener listener : listeners) {
            listener.failed(operation, failure);
        }
    }
}
