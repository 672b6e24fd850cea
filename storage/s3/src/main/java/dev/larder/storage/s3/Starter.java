package dev.larder.storage.s3;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Begins requests on threads of its own. The client resolves credentials on the thread that begins a request, and a provider
 * of credentials may wait for a network of its own, where no time-out of the request reaches it: so the threads that hang
 * then are these, and callers only wait until the circuit breaker gives the request up.
 */
final class Starter implements Executor {
    private static final int THREADS = 8;

    private final ThreadPoolExecutor pool;

    Starter() {
        pool = new ThreadPoolExecutor(THREADS, THREADS, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            Thread thread = new Thread(task, "larder-s3");
            thread.setDaemon(true);
            return thread;
        });
        // Idle ones end, so there is nothing to stop when the storage is closed.
        pool.allowCoreThreadTimeOut(true);
    }

    @Override
    public void execute(Runnable task) {
        pool.execute(task);
    }

    /**
     * Begins a request.
     *
     * @param limit how long its caller waits; if it has had to wait for a thread longer, it is not begun any more
     */
    <T> CompletableFuture<T> start(Duration limit, Supplier<? extends CompletableFuture<? extends T>> request) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        long given = System.nanoTime();
        pool.execute(() -> {
            if (System.nanoTime() - given > limit.toNanos()) {
                answer.completeExceptionally(new IOException("it could not be begun in time"));
                return;
            }
            try {
                request.get().whenComplete((value, failure) -> {
                    if (failure == null) {
                        answer.complete(value);
                    } else {
                        answer.completeExceptionally(failure);
                    }
                });
            } catch (RuntimeException | Error e) {
                answer.completeExceptionally(e);
            }
        });
        return answer;
    }
}
