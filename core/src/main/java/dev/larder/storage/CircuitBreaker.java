package dev.larder.storage;

import dev.larder.internal.Threads;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a storage that is far away from slowing requests down when it fails or hangs. For authors of such storages, who
 * make every call to it through a breaker.
 *
 * <p>A call that takes longer than the time-out fails with {@link StorageUnavailableException}. After a few failures in a
 * row the breaker opens: calls fail at once, without reaching the storage, and so cost a request nothing. While it is open
 * and calls are made, the storage is probed once in a while, in the background; when a probe succeeds the breaker closes.
 *
 * <p>A call that was given up goes on inside the client of the storage, which should have a time-out of its own. Time is
 * the system's monotonic one: what is measured here is how long a real caller waits. Thread-safe.
 */
public final class CircuitBreaker {
    private static final long NEVER = Long.MIN_VALUE;

    private final Supplier<? extends CompletionStage<?>> probe;
    private final Executor executor;
    private final long timeoutNanos;
    private final int maxFailures;
    private final long retryNanos;

    private final AtomicInteger failures = new AtomicInteger();
    /** When it opened or was last probed, by {@link System#nanoTime}; {@link #NEVER} while it is closed. */
    private final AtomicLong waitingSince = new AtomicLong(NEVER);

    private final AtomicBoolean probing = new AtomicBoolean();

    private CircuitBreaker(Builder b, Supplier<? extends CompletionStage<?>> probe) {
        this.probe = probe;
        executor = b.executor;
        timeoutNanos = b.timeout.toNanos();
        maxFailures = b.maxFailures;
        retryNanos = b.retryAfter.toNanos();
    }

    /** A builder: 200 ms, 3 failures, a probe each second. */
    public static Builder builder() {
        return new Builder();
    }

    /** Whether calls fail at once. */
    public boolean isOpen() {
        return waitingSince.get() != NEVER;
    }

    /**
     * Makes a call without waiting.
     *
     * @param operation makes the call; not run while the breaker is open
     * @return completes as the call does, or with {@link StorageUnavailableException}; never with a
     *     {@link CompletionException} around the failure. Completes on the thread that the call completes on, or one of the
     *     executor's when it takes too long
     */
    public <T extends @Nullable Object> CompletionStage<T> call(Supplier<? extends CompletionStage<T>> operation) {
        return call(Duration.ZERO, operation);
    }

    /**
     * As {@link #call(Supplier)}, for a call that is expected to take longer than others.
     *
     * @param allowance is added to the time-out, for what has to be transferred
     */
    public <T extends @Nullable Object> CompletionStage<T> call(
            Duration allowance, Supplier<? extends CompletionStage<T>> operation) {
        CompletionStage<T> stage = started(operation);
        Guarded<T> result = new Guarded<>();
        if (stage instanceof CompletableFuture<T> future && future.isDone()) {
            settle(future, null, result);
            return result;
        }
        long nanos = timeoutNanos + allowance.toNanos();
        Future<?> timer =
                Timer.INSTANCE.schedule(() -> onExecutor(() -> timedOut(nanos, result)), nanos, TimeUnit.NANOSECONDS);
        settle(stage, timer, result);
        return result;
    }

    private void onExecutor(Runnable task) {
        try {
            executor.execute(task);
        } catch (RejectedExecutionException e) {
            // Whoever waits has to be told all the same.
            task.run();
        }
    }

    private <T extends @Nullable Object> void settle(
            CompletionStage<T> stage, @Nullable Future<?> timer, Guarded<T> result) {
        stage.whenComplete((value, failure) -> {
            if (timer != null) {
                timer.cancel(false);
            }
            if (!result.decide()) {
                // It took too long, which has been counted.
                return;
            }
            if (failure == null) {
                succeeded();
                result.complete(value);
            } else {
                Throwable cause = unwrapped(failure);
                failed(cause);
                result.completeExceptionally(cause);
            }
        });
    }

    private void timedOut(long nanos, Guarded<?> result) {
        if (result.decide()) {
            StorageUnavailableException failure = tooLate(nanos);
            failed(failure);
            result.completeExceptionally(failure);
        }
    }

    /** A call's outcome, which is counted before anybody hears of it, and once. */
    private static final class Guarded<T extends @Nullable Object> extends CompletableFuture<T> {
        private final AtomicBoolean decided = new AtomicBoolean();

        boolean decide() {
            return decided.compareAndSet(false, true);
        }
    }

    /**
     * Makes a call and waits for it.
     *
     * @param operation makes the call; not run while the breaker is open
     * @throws StorageUnavailableException when it takes too long, or the breaker is open
     * @throws ClosedByInterruptException when the caller's thread is interrupted, which stays so
     * @throws IOException whatever else the call fails with, which becomes the cause where it is no {@code IOException}
     */
    public <T extends @Nullable Object> T await(Supplier<? extends CompletionStage<T>> operation) throws IOException {
        return await(Duration.ZERO, operation);
    }

    /**
     * As {@link #await(Supplier)}, for a call that is expected to take longer than others.
     *
     * @param allowance is added to the time-out, for what has to be transferred
     */
    public <T extends @Nullable Object> T await(Duration allowance, Supplier<? extends CompletionStage<T>> operation)
            throws IOException {
        long nanos = timeoutNanos + allowance.toNanos();
        CompletableFuture<T> future = started(operation).toCompletableFuture();
        try {
            T value = future.get(nanos, TimeUnit.NANOSECONDS);
            succeeded();
            return value;
        } catch (InterruptedException e) {
            // Says nothing about the storage.
            Thread.currentThread().interrupt();
            throw new ClosedByInterruptException();
        } catch (TimeoutException e) {
            StorageUnavailableException failure = tooLate(nanos);
            failed(failure);
            throw failure;
        } catch (ExecutionException | CancellationException e) {
            Throwable cause = unwrapped(e);
            failed(cause);
            throw asIoException(cause);
        }
    }

    private <T extends @Nullable Object> CompletionStage<T> started(Supplier<? extends CompletionStage<T>> operation) {
        if (isOpen()) {
            probeIfDue();
            return CompletableFuture.failedFuture(new StorageUnavailableException(
                    "the storage has failed and is not asked until it answers a probe"));
        }
        try {
            return operation.get();
        } catch (RuntimeException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private void succeeded() {
        if (failures.get() != 0) {
            failures.set(0);
        }
    }

    private void failed(Throwable failure) {
        // An entry that outgrew its limit says that the storage works.
        if (failure instanceof EntryTooLargeException || isOpen()) {
            return;
        }
        if (failures.incrementAndGet() >= maxFailures) {
            waitingSince.compareAndSet(NEVER, System.nanoTime());
        }
    }

    private void probeIfDue() {
        long since = waitingSince.get();
        if (since == NEVER || System.nanoTime() - since < retryNanos || !probing.compareAndSet(false, true)) {
            return;
        }
        waitingSince.set(System.nanoTime());
        CompletableFuture<Object> answer = new CompletableFuture<>();
        answer.orTimeout(timeoutNanos, TimeUnit.NANOSECONDS).whenComplete((value, failure) -> {
            if (failure == null) {
                failures.set(0);
                waitingSince.set(NEVER);
            }
            probing.set(false);
        });
        try {
            probe.get().whenComplete((value, failure) -> {
                if (failure == null) {
                    answer.complete(true);
                } else {
                    answer.completeExceptionally(failure);
                }
            });
        } catch (RuntimeException e) {
            answer.completeExceptionally(e);
        }
    }

    private static StorageUnavailableException tooLate(long nanos) {
        return new StorageUnavailableException(
                "the storage did not answer within " + TimeUnit.NANOSECONDS.toMillis(nanos) + " ms");
    }

    private static Throwable unwrapped(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException || cause instanceof ExecutionException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    private static IOException asIoException(Throwable failure) {
        if (failure instanceof IOException e) {
            return e;
        }
        String message = failure.getMessage();
        return new IOException(message == null ? failure.toString() : message, failure);
    }

    /** One for all breakers; it hands what is due to their executors. */
    private static final class Timer {
        static final ScheduledThreadPoolExecutor INSTANCE = timer();

        private static ScheduledThreadPoolExecutor timer() {
            ScheduledThreadPoolExecutor timer = new ScheduledThreadPoolExecutor(1, task -> {
                Thread thread = new Thread(task, "larder-timer");
                thread.setDaemon(true);
                return thread;
            });
            // Nearly every call ends in time, and its timer should not outlive it.
            timer.setRemoveOnCancelPolicy(true);
            timer.setKeepAliveTime(10, TimeUnit.SECONDS);
            timer.allowCoreThreadTimeOut(true);
            return timer;
        }
    }

    /** Builds a {@link CircuitBreaker}. Not thread-safe. */
    public static final class Builder {
        private Duration timeout = Duration.ofMillis(200);
        private int maxFailures = 3;
        private Duration retryAfter = Duration.ofSeconds(1);
        private Executor executor = Threads.shared();

        private Builder() {}

        /** How long one call may take; 200 ms by default. */
        public Builder timeout(Duration timeout) {
            this.timeout = positive(timeout, "timeout");
            return this;
        }

        /** How many failures in a row open the breaker; 3 by default. */
        public Builder maxFailures(int maxFailures) {
            if (maxFailures < 1) {
                throw new IllegalArgumentException("maxFailures has to be at least 1, not " + maxFailures);
            }
            this.maxFailures = maxFailures;
            return this;
        }

        /** How long after a failure an open breaker probes the storage again; a second by default. */
        public Builder retryAfter(Duration retryAfter) {
            this.retryAfter = positive(retryAfter, "retryAfter");
            return this;
        }

        /** Runs what follows a time-out; a pool of daemon threads by default. */
        public Builder executor(Executor executor) {
            this.executor = Objects.requireNonNull(executor, "executor");
            return this;
        }

        private static Duration positive(Duration value, String name) {
            if (value.isNegative() || value.isZero()) {
                throw new IllegalArgumentException(name + " has to be longer than " + value);
            }
            return value;
        }

        /**
         * The breaker.
         *
         * @param probe asks the storage for a sign of life, such as a ping
         */
        public CircuitBreaker build(Supplier<? extends CompletionStage<?>> probe) {
            return new CircuitBreaker(this, Objects.requireNonNull(probe, "probe"));
        }
    }
}
