package dev.larder.storage;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Which of the processes that share a storage fetches the response for a key; what {@link Storage#lease} answers. A lease
 * ends when it is released, or by itself when its time is over, so that a process that dies holds nobody up for longer.
 *
 * <p>Safe for use by several threads.
 */
public final class Lease {
    private final String holder;
    private final long millisLeft;
    private final @Nullable Runnable release;
    private final AtomicBoolean released = new AtomicBoolean();

    private Lease(String holder, long millisLeft, @Nullable Runnable release) {
        this.holder = Objects.requireNonNull(holder, "holder");
        this.millisLeft = millisLeft;
        this.release = release;
    }

    /**
     * A lease that the caller has been given.
     *
     * @param holder a name that no other lease has
     * @param millisLeft when it ends by itself, in milliseconds from now
     * @param release lets others have it; must neither wait nor throw, nor end another's lease
     */
    public static Lease granted(String holder, long millisLeft, Runnable release) {
        return new Lease(holder, millisLeft, Objects.requireNonNull(release, "release"));
    }

    /**
     * A lease that somebody else has.
     *
     * @param holder the name under which it was granted
     * @param millisLeft when it ends by itself, in milliseconds from now
     */
    public static Lease heldByAnother(String holder, long millisLeft) {
        return new Lease(holder, millisLeft, null);
    }

    /** Whether the caller is to fetch the response, and to {@link #release} this afterwards. */
    public boolean isGranted() {
        return release != null;
    }

    /** Names the lease, so that who waits can tell it from the next one. */
    public String holder() {
        return holder;
    }

    /** When it ends by itself, in milliseconds from when it was asked for. */
    public long millisLeft() {
        return millisLeft;
    }

    /** Lets others have it. Does not wait. Calling it again does nothing, nor does it with a lease that was not granted. */
    public void release() {
        if (release != null && released.compareAndSet(false, true)) {
            release.run();
        }
    }

    @Override
    public String toString() {
        return "Lease[" + holder + (isGranted() ? ", granted" : "") + ", " + millisLeft + " ms]";
    }
}
