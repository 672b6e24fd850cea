package dev.larder.storage.s3;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Lets the changes that this process makes to one key wait for each other, rather than undo each other's conditions. */
final class KeyQueues {
    private final ConcurrentHashMap<String, CompletableFuture<@Nullable Void>> last = new ConcurrentHashMap<>();
    private final Executor executor;

    /** @param executor goes on with those that had to wait */
    KeyQueues(Executor executor) {
        this.executor = executor;
    }

    <R extends @Nullable Object> CompletionStage<R> run(String name, Supplier<CompletionStage<R>> task) {
        CompletableFuture<R> result = new CompletableFuture<>();
        CompletableFuture<@Nullable Void> done = new CompletableFuture<>();
        CompletableFuture<@Nullable Void> before = last.put(name, done);
        Runnable start = () -> {
            CompletionStage<R> stage;
            try {
                stage = task.get();
            } catch (RuntimeException e) {
                stage = CompletableFuture.failedFuture(e);
            }
            stage.whenComplete((value, failure) -> {
                last.remove(name, done);
                done.complete(null);
                if (failure == null) {
                    result.complete(value);
                } else {
                    result.completeExceptionally(Bucket.unwrapped(failure));
                }
            });
        };
        if (before == null || before.isDone()) {
            start.run();
        } else {
            before.whenCompleteAsync((value, failure) -> start.run(), executor);
        }
        return result;
    }
}
