package dev.larder.integration.servlet;

import java.io.InterruptedIOException;
import java.util.Queue;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The one lock of an exchange, and how the threads that meet in it wait for one another. */
final class Signal {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    /** Changes what others may wait for. The change must not call out. */
    void update(Runnable change) {
        lock.lock();
        try {
            change.run();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** A change that may turn out to come too late. */
    boolean tryUpdate(BooleanSupplier change) {
        lock.lock();
        try {
            changed.signalAll();
            return change.getAsBoolean();
        } finally {
            lock.unlock();
        }
    }

    <T> @Nullable T poll(Queue<T> queue) {
        lock.lock();
        try {
            return queue.poll();
        } finally {
            lock.unlock();
        }
    }

    boolean test(BooleanSupplier condition) {
        lock.lock();
        try {
            return condition.getAsBoolean();
        } finally {
            lock.unlock();
        }
    }

    void await(BooleanSupplier condition) throws InterruptedIOException {
        lock.lock();
        try {
            while (!condition.getAsBoolean()) {
                changed.await();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for the cache");
        } finally {
            lock.unlock();
        }
    }
}
