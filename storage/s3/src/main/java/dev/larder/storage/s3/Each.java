package dev.larder.storage.s3;

import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Does something without waiting for each of many, a few at once, until one fails. */
final class Each<T> {
    private final Iterator<T> items;
    private final Function<T, ? extends CompletionStage<?>> action;
    private final CompletableFuture<@Nullable Void> result = new CompletableFuture<>();
    private final ReentrantLock lock = new ReentrantLock();
    private int working;

    private Each(Iterator<T> items, Function<T, ? extends CompletionStage<?>> action) {
        this.items = items;
        this.action = action;
    }

    static <T> CompletionStage<@Nullable Void> of(
            Iterable<T> items, int atOnce, Function<T, ? extends CompletionStage<?>> action) {
        Each<T> each = new Each<>(items.iterator(), action);
        each.working = atOnce;
        for (int i = 0; i < atOnce; i++) {
            each.work();
        }
        return each.result;
    }

    private @Nullable T next() {
        lock.lock();
        try {
            if (!result.isDone() && items.hasNext()) {
                return items.next();
            }
            if (--working == 0) {
                result.complete(null);
            }
            return null;
        } finally {
            lock.unlock();
        }
    }

    private void work() {
        for (T item = next(); item != null; item = next()) {
            CompletableFuture<?> stage;
            try {
                stage = action.apply(item).toCompletableFuture();
            } catch (RuntimeException e) {
                stage = CompletableFuture.failedFuture(e);
            }
            if (stage.isDone() && !stage.isCompletedExceptionally()) {
                continue; // in a loop, or many such would fill the stack
            }
            stage.whenComplete((value, failure) -> {
                if (failure != null) {
                    result.completeExceptionally(Bucket.unwrapped(failure));
                }
                work();
            });
            return;
        }
    }
}
