package dev.larder.client.apache;

import java.util.concurrent.atomic.AtomicInteger;

/** A piece of work that several threads ask for: done by one of them at a time, and again if it was asked for meanwhile. */
final class Turns {
    private final Runnable work;
    private final AtomicInteger asked = new AtomicInteger();

    Turns(Runnable work) {
        this.work = work;
    }

    void run() {
        if (asked.getAndIncrement() != 0) {
            return;
        }
        int missed = 1;
        do {
            work.run();
            missed = asked.addAndGet(-missed);
        } while (missed != 0);
    }
}
