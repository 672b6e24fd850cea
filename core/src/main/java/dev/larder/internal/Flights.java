package dev.larder.internal;

import dev.larder.storage.Lease;
import dev.larder.storage.StoredEntry;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLongArray;
import org.jspecify.annotations.Nullable;

/**
 * The origin requests under way that others may share (RFC 9111 4).
 *
 * <p>A flight begins when a request leads, and ends when its response is stored or turns out not to be. A request that
 * found nothing stored and then leads may have missed a flight that ended in between; {@link #ended} tells.
 */
final class Flights {
    private static final int STRIPES = 1024;

    private final ConcurrentHashMap<String, Flight> byKey = new ConcurrentHashMap<>();
    /** How many flights have ended, by the hash of their key. Keys that share a counter look again once in vain. */
    private final AtomicLongArray ended = new AtomicLongArray(STRIPES);

    /** What the leader tells those who wait. */
    enum Advice {
        /** Here is a response: decide for yourself whether it answers you. */
        SHARE,
        /** Look again: something was stored, or the leader gave up and another has to lead. */
        LOOK_AGAIN,
        /** Go to the origin yourself. */
        GO_ALONE
    }

    /** {@code entry} is there with {@link Advice#SHARE} only. */
    record Landing(Advice advice, @Nullable StoredEntry entry) {
        static final Landing LOOK_AGAIN = new Landing(Advice.LOOK_AGAIN, null);
        static final Landing GO_ALONE = new Landing(Advice.GO_ALONE, null);
    }

    /** One origin request that others may wait for. */
    static final class Flight {
        private final String key;
        private final CompletableFuture<Landing> landing = new CompletableFuture<>();
        /** What other processes wait for. */
        private volatile @Nullable Lease lease;

        private Flight(String key) {
            this.key = key;
        }

        CompletableFuture<Landing> landing() {
            return landing;
        }

        /** Released when the flight ends; given before it can. */
        void lease(Lease granted) {
            lease = granted;
        }
    }

    /** Leads if nobody else does: then {@code flight == mine} of {@link #newFlight}. */
    Flight join(Flight mine) {
        Flight other = byKey.putIfAbsent(mine.key, mine);
        return other == null ? mine : other;
    }

    Flight newFlight(String key) {
        return new Flight(key);
    }

    /** Tells those who wait, while later requests may still join. */
    void announce(Flight flight, Landing landing) {
        flight.landing.complete(landing);
    }

    /** Ends a flight; those who wait and have not been told anything yet are told this. */
    void end(Flight flight, Landing landing) {
        ended.incrementAndGet(stripe(flight.key));
        byKey.remove(flight.key, flight);
        Lease lease = flight.lease;
        if (lease != null) {
            lease.release();
        }
        flight.landing.complete(landing);
    }

    /** Lets no later request join: what the flight brings is invalid for them. */
    void detach(String key) {
        if (byKey.remove(key) != null) {
            ended.incrementAndGet(stripe(key));
        }
    }

    void detachAll() {
        byKey.clear();
        for (int i = 0; i < STRIPES; i++) {
            ended.incrementAndGet(i);
        }
    }

    /** Changes whenever a flight for the key ends. */
    long ended(String key) {
        return ended.get(stripe(key));
    }

    private static int stripe(String key) {
        int hash = key.hashCode();
        return (hash ^ (hash >>> 16)) & (STRIPES - 1);
    }
}
