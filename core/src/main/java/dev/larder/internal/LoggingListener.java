package dev.larder.internal;

import dev.larder.CacheListener;
import java.io.IOException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** Logs what went wrong, once a minute for each cause: a dead disk must not fill a log. */
public final class LoggingListener implements CacheListener {
    private static final System.Logger LOG = System.getLogger("dev.larder");
    private static final long QUIET_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final ConcurrentHashMap<String, Long> lastLogged = new ConcurrentHashMap<>();

    /** A listener with its own memory of what it has logged. */
    public LoggingListener() {}

    @Override
    public void storageFailed(String operation, Throwable failure) {
        log("storage failed in " + operation, failure.toString());
    }

    @Override
    public void corrupt(String where, String what) {
        log("removed a damaged entry", where + ": " + what);
    }

    @Override
    public void failed(String operation, IOException failure) {
        log("storage failed in " + operation, failure.toString());
    }

    private void log(String cause, String detail) {
        long now = System.nanoTime();
        Long before = lastLogged.get(cause);
        if (before != null && now - before < QUIET_NANOS) {
            return;
        }
        lastLogged.put(cause, now);
        LOG.log(System.Logger.Level.WARNING, cause + ": " + detail);
    }
}
