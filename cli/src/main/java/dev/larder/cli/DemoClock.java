package dev.larder.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** A clock that the demo moves, so that nobody has to wait for a response to become stale. */
final class DemoClock implements InstantSource {
    /**
     * It begins in the past: the demo's origin dates its responses by the real clock, and a response from the past of a
     * clock that has been moved ahead would arrive aged.
     */
    private volatile Instant now = Instant.now().minus(Duration.ofDays(1));

    @Override
    public Instant instant() {
        return now;
    }

    void advance(Duration by) {
        now = now.plus(by);
    }
}
