package dev.larder.client.apache;

import java.util.concurrent.locks.ReentrantLock;
import org.apache.hc.core5.concurrent.Cancellable;
import org.apache.hc.core5.concurrent.CancellableDependency;
import org.apache.hc.core5.concurrent.ComplexCancellable;
import org.jspecify.annotations.Nullable;

/** What the cancelling of a classic request ends: the wait for another request's response, or the origin request. */
final class Abort implements Cancellable {
    private final ComplexCancellable origin = new ComplexCancellable();
    private final ReentrantLock lock = new ReentrantLock();
    // Guarded by the lock.
    private @Nullable Thread waiting;
    private boolean interrupted;

    Abort(Thread waiting) {
        this.waiting = waiting;
    }

    @Override
    public boolean cancel() {
        boolean cancelled = origin.cancel();
        lock.lock();
        try {
            if (waiting != null) {
                interrupted = true;
                waiting.interrupt();
            }
        } finally {
            lock.unlock();
        }
        return cancelled;
    }

    boolean isCancelled() {
        return origin.isCancelled();
    }

    /** What an origin request depends on. */
    CancellableDependency ofOrigin() {
        return origin;
    }

    /** From now on the thread is not interrupted any more; an interrupt that came from here is taken back. */
    void stopWaiting() {
        lock.lock();
        try {
            waiting = null;
            if (interrupted) {
                interrupted = false;
                Thread.interrupted();
            }
        } finally {
            lock.unlock();
        }
    }

    /** Throws if the request has been cancelled. */
    void check() throws InterruptedException {
        if (isCancelled()) {
            throw new InterruptedException("the request was cancelled");
        }
    }
}
