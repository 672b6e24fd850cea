package dev.larder.internal;

import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** The threads of caches that were not given any. */
public final class Threads {
    private Threads() {}

    /** One pool for all caches of the process, of daemon threads that end when they are idle. */
    public static Executor shared() {
        return Holder.POOL;
    }

    private static final class Holder {
        private static final ThreadPoolExecutor POOL = pool();

        private static ThreadPoolExecutor pool() {
            int size = Math.max(8, 4 * Runtime.getRuntime().availableProcessors());
            AtomicInteger number = new AtomicInteger();
            ThreadPoolExecutor pool =
                    new ThreadPoolExecutor(size, size, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                        Thread thread = new Thread(task, "larder-" + number.incrementAndGet());
                        thread.setDaemon(true);
                        return thread;
                    });
            pool.allowCoreThreadTimeOut(true);
            return pool;
        }
    }
}
