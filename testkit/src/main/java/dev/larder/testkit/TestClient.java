package dev.larder.testkit;

import java.util.OptionalInt;

/** One client, with or without a cache, as {@link ClientContract} drives it. Called by many threads at once. */
public interface TestClient extends AutoCloseable {
    /**
     * Begins to send a request and returns at once; {@link TestCall} has forms for clients that block and for those that
     * do not. What cannot be sent fails in {@link TestCall#await}.
     */
    TestCall start(TestRequest request);

    /**
     * How many connections the client's pool has given out and not got back, where the client tells; empty where it does
     * not. The origin cannot see the difference between a connection that lies idle in a pool and one that was forgotten.
     */
    default OptionalInt connectionsInUse() {
        return OptionalInt.empty();
    }

    /** Gives up the connections that were opened for this client alone. Does not close the cache. */
    @Override
    void close() throws Exception;
}
