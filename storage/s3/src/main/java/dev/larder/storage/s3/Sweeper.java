package dev.larder.storage.s3;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.model.MultipartUpload;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * Pages through the objects: drops what has expired, deletes what nothing names any more, gives up uploads that nobody
 * goes on with, and counts. One at a time.
 *
 * <p>Several processes may sweep at once. An index is changed or deleted only on the condition that it is the one that was
 * looked at. A body is never written again under its name, so whatever is left over stays left over. The age of objects
 * is that which S3 tells, against the system's clock.
 */
final class Sweeper {
    /** A sweep in the background reads no more indexes than this; the next one goes on behind them. */
    static final int BACKGROUND_READS = 1000;

    private static final CompletionStage<Boolean> NOTHING = CompletableFuture.completedStage(false);

    private final S3Entries store;
    private final @Nullable Ledger ledger;
    private final long graceMillis;
    private volatile String indexCursor = "";
    private volatile String bodyCursor = "";

    Sweeper(S3Entries store, @Nullable Ledger ledger, long graceMillis) {
        this.store = store;
        this.ledger = ledger;
        this.graceMillis = graceMillis;
    }

    CompletionStage<?> sweep(int maxReads) {
        Pass pass = new Pass(maxReads, ledger == null ? 0 : ledger.beginCount());
        return store.eachIndexPage("", pass::indexes)
                .thenCompose(done -> {
                    indexCursor = pass.nextIndex;
                    if (ledger != null) {
                        ledger.endCount(pass.listed, pass.begun);
                    }
                    return store.evictAll();
                })
                .thenCompose(done -> pass.bodies(bodyCursor))
                .thenCompose(done -> pass.uploads("", ""));
    }

    private boolean isOlder(Instant modified, long millis) {
        return System.currentTimeMillis() - modified.toEpochMilli() >= millis;
    }

    private final class Pass {
        final long begun;
        final Set<String> listed = ConcurrentHashMap.newKeySet();
        String nextIndex = "";
        private int indexReads;
        private int bodyReads;

        Pass(int maxReads, long begun) {
            this.begun = begun;
            indexReads = maxReads;
            bodyReads = maxReads;
        }

        CompletionStage<?> indexes(List<S3Object> page) {
            List<S3Object> toRead = new ArrayList<>();
            for (S3Object object : page) {
                String name = String.valueOf(store.indexName(object.key()));
                boolean look = name.compareTo(indexCursor) >= 0 && indexReads > 0;
                if (look) {
                    indexReads--;
                } else if (indexReads <= 0 && nextIndex.isEmpty()) {
                    nextIndex = name;
                }
                if (ledger != null) {
                    listed.add(name);
                }
                if (look || (ledger != null && !ledger.knows(name, object.eTag()))) {
                    toRead.add(object);
                }
            }
            return Each.of(toRead, S3Entries.AT_ONCE, this::tidy);
        }

        private CompletionStage<?> tidy(S3Object object) {
            String name = String.valueOf(store.indexName(object.key()));
            return store.read(name).thenCompose(index -> {
                if (ledger != null) {
                    ledger.counted(name, index, begun);
                }
                boolean empty = index.variants.isEmpty() && index.removedBodies.isEmpty();
                if (!index.understood || !index.damage.isEmpty() || index.etag == null) {
                    return NOTHING;
                }
                if (empty) {
                    return isOlder(object.lastModified(), graceMillis) ? deleteEmpty(name) : NOTHING;
                }
                return needsTidying(index) ? store.modify(name, this::tidied) : NOTHING;
            });
        }

        private S3Entries.Draft<Boolean> tidied(KeyIndex index) {
            return needsTidying(index)
                    ? new S3Entries.Draft<>(store.live(index), false, true)
                    : S3Entries.Draft.unchanged(false);
        }

        private boolean needsTidying(KeyIndex index) {
            boolean due = false;
            for (KeyIndex.RemovedBody body : index.removedBodies) {
                due |= store.now() - body.when() >= graceMillis;
            }
            return due || store.live(index).size() < index.variants.size();
        }

        /** Deletes an index with nothing in it, which so far told writers of a removal. */
        private CompletionStage<Boolean> deleteEmpty(String name) {
            return store.queues()
                    .run(
                            name,
                            () -> store.read(name).thenCompose(index -> {
                                if (index.etag == null || !index.variants.isEmpty() || !index.removedBodies.isEmpty()) {
                                    return NOTHING;
                                }
                                return store.bucket
                                        .deleteIf(store.indexObject(name), index.etag)
                                        .thenApply(done -> {
                                            store.forgetIndex(name);
                                            return true;
                                        });
                            }));
        }

        // ---- bodies that no index names

        CompletionStage<?> bodies(String after) {
            return store.bucket.list(store.bodyPrefix(), after).thenCompose(page -> {
                List<List<String>> byKey = new ArrayList<>();
                String last = "";
                String end = after;
                boolean enough = false;
                for (S3Object object : page.contents()) {
                    String name = store.bodyName(object.key());
                    // Twice the time a writer has to commit, after which nobody can come to name it.
                    if (name != null && isOlder(object.lastModified(), 2 * graceMillis)) {
                        if (!name.equals(last)) {
                            enough = bodyReads-- <= 0;
                            if (enough) {
                                break;
                            }
                            byKey.add(new ArrayList<>());
                            last = name;
                        }
                        byKey.get(byKey.size() - 1).add(object.key());
                    }
                    end = object.key();
                }
                String next = end;
                boolean more = Boolean.TRUE.equals(page.isTruncated())
                        && !page.contents().isEmpty();
                boolean stop = enough;
                return Each.of(byKey, S3Entries.AT_ONCE, this::deleteOrphans).thenCompose(done -> {
                    bodyCursor = stop ? next : "";
                    return more && !stop ? bodies(next) : CompletableFuture.completedFuture(null);
                });
            });
        }

        private CompletionStage<?> deleteOrphans(List<String> objects) {
            String name = String.valueOf(store.bodyName(objects.get(0)));
            return store.read(name).thenCompose(index -> {
                if (!index.understood || !index.damage.isEmpty()) {
                    return CompletableFuture.completedFuture(null);
                }
                Set<String> named = new HashSet<>();
                index.variants.forEach(variant -> named.add(variant.id()));
                index.removedBodies.forEach(body -> named.add(body.id()));
                List<String> orphans = new ArrayList<>(objects);
                orphans.removeIf(object -> named.contains(S3Entries.bodyId(object)));
                return store.bucket.delete(orphans);
            });
        }

        // ---- uploads that nobody goes on with

        CompletionStage<?> uploads(String afterKey, String afterUpload) {
            return store.bucket
                    .uploads(store.bodyPrefix(), afterKey, afterUpload)
                    .thenCompose(page -> {
                        List<MultipartUpload> old = new ArrayList<>();
                        for (MultipartUpload upload : page.uploads()) {
                            if (store.bodyName(upload.key()) != null && isOlder(upload.initiated(), 2 * graceMillis)) {
                                old.add(upload);
                            }
                        }
                        return Each.of(
                                        old,
                                        S3Entries.AT_ONCE,
                                        upload -> store.bucket.abortUpload(upload.key(), upload.uploadId()))
                                .thenCompose(done -> Boolean.TRUE.equals(page.isTruncated())
                                                && page.nextKeyMarker() != null
                                        ? uploads(page.nextKeyMarker(), String.valueOf(page.nextUploadIdMarker()))
                                        : CompletableFuture.completedFuture(null));
                    });
        }
    }
}
