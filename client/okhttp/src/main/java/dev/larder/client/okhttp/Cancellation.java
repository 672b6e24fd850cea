package dev.larder.client.okhttp;

import java.io.IOException;
import java.util.concurrent.locks.ReentrantLock;
import okhttp3.Call;
import okhttp3.EventListener;
import org.jspecify.annotations.Nullable;
import dev.larder.client.Body;

/**
 * Lets {@link Call#cancel} reach a call where OkHttp itself cannot: waiting for another call's response, or reading a body
 * that comes from the storage or by another call's connection.
 */
final class Cancellation extends EventListener {
    private final Call call;
    private final ReentrantLock lock = new ReentrantLock();
    // Guarded by the lock.
    private @Nullable Thread waiting;
    private boolean interrupted;
    private @Nullable Body reading;

    private Cancellation(Call call) {
        this.call = call;
    }

    static Cancellation of(Call call) {
        Cancellation cancellation = new Cancellation(call);
        call.addEventListener(cancellation);
        return cancellation;
    }

    /**
     * From here on the current thread is interrupted when the call is cancelled, until {@link #leave}.
     *
     * @throws IOException if it has been
     */
    void enter() throws IOException {
        lock.lock();
        try {
            if (call.isCanceled()) {
                throw new IOException("Canceled");
            }
            waiting = Thread.currentThread();
        } finally {
            lock.unlock();
        }
    }

    /** Ends {@link #enter}. An interrupt that it brought does not outlast it. */
    void leave() {
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

    /** From here on a body is closed when the call is cancelled. */
    void reading(Body body) {
        lock.lock();
        try {
            reading = body;
        } finally {
            lock.unlock();
        }
        if (call.isCanceled()) {
            body.close();
        }
    }

    @Override
    public void canceled(Call call) {
        Body body;
        lock.lock();
        try {
            if (waiting != null) {
                interrupted = true;
                waiting.interrupt();
            }
            body = reading;
        } finally {
            lock.unlock();
        }
        if (body != null) {
            body.close();
        }
    }
}
