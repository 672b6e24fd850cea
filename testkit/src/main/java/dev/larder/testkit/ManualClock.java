package dev.larder.testkit;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Objects;

/**
 * A clock that stands still until a test moves it.
 *
 * <p>Reading it, by {@link #instant()} or {@link #millis()}, is one volatile read and allocates nothing, so that it can
 * stand in for the system clock on a measured path. Safe for use by several threads: each move is atomic and is seen by
 * every later reading.
 */
public final class ManualClock implements InstantSource {

    /** What a clock made without an instant shows: 2026-01-01T00:00:00Z. */
    public static final Instant DEFAULT_START = Instant.parse("2026-01-01T00:00:00Z");

    private volatile Instant now;

    /** Makes a clock that shows {@link #DEFAULT_START}. */
    public ManualClock() {
        this(DEFAULT_START);
    }

    /**
     * Makes a clock that shows the given instant.
     *
     * @param start the first instant shown
     */
    public ManualClock(Instant start) {
        this.now = Objects.requireNonNull(start, "start");
    }

    @Override
    public Instant instant() {
        return now;
    }

    /**
     * Moves the clock by an amount; concurrent moves add up.
     *
     * @param amount how far to move; a negative amount moves the clock back, as a real clock may be
     * @return the instant shown after this move
     */
    public synchronized Instant advance(Duration amount) {
        Instant moved = now.plus(amount);
        now = moved;
        return moved;
    }

    /**
     * Moves the clock to an instant, later or earlier than the present one.
     *
     * @param instant the instant to show from now on
     */
    public synchronized void set(Instant instant) {
        now = Objects.requireNonNull(instant, "instant");
    }

    @Override
    public String toString() {
        return "ManualClock[" + now + "]";
    }
}
