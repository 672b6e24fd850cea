package dev.larder.bench;

import java.net.URI;
import java.util.Arrays;
import java.util.List;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A cache that holds all that it will be asked for. It proves that: once filled, it answers with the right bytes without
 * a request to the origin, and at the end the origin has still seen none.
 */
@State(Scope.Thread)
public abstract class Hits {
    /** How many resources the requests go round. */
    @Param({"1", "100"})
    public int urls;

    private int next;
    private long requestsWhenFilled;

    @SuppressWarnings("NullAway.Init") // by fill
    private Origin origin;

    @SuppressWarnings("NullAway.Init") // by fill
    private List<URI> uris;

    @SuppressWarnings("NullAway.Init") // by fill
    private Cached cached;

    /** Builds what is measured. */
    abstract Cached open(List<URI> uris) throws Exception;

    /** How many requests it takes to fill it. */
    int requestsToFill() {
        return urls;
    }

    /** One hit. */
    final byte[] hit() throws Exception {
        int index = next;
        next = index + 1 == urls ? 0 : index + 1;
        return cached.get(index);
    }

    /** Fills the cache, and checks that it answers from there. */
    @Setup(Level.Trial)
    public final void fill() throws Exception {
        origin = new Origin();
        uris = origin.uris(urls);
        cached = open(uris);
        getAll();
        requestsWhenFilled = origin.requests();
        if (requestsWhenFilled != requestsToFill()) {
            throw new IllegalStateException("filling took " + requestsWhenFilled + " requests");
        }
        getAll();
        checkOrigin();
    }

    /** Checks that everything was a hit. */
    @TearDown(Level.Trial)
    public final void check() throws Exception {
        try (Origin asked = origin;
                Cached closing = cached) {
            checkOrigin();
            getAll();
            checkOrigin();
        }
    }

    private void getAll() throws Exception {
        for (int i = 0; i < urls; i++) {
            if (!Arrays.equals(cached.get(i), Origin.body(uris.get(i).getPath()))) {
                throw new IllegalStateException("wrong bytes for " + uris.get(i));
            }
        }
    }

    private void checkOrigin() {
        long more = origin.requests() - requestsWhenFilled;
        if (more != 0) {
            throw new IllegalStateException("not a hit: " + more + " requests went to the origin");
        }
    }
}
