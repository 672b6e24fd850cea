package dev.larder.conformance;

import java.io.IOException;

/**
 * A client with a Larder cache, as the gateway drives it. One implementation for each client library; it hands on what
 * it is given, and does not follow redirects, decode content, keep cookies or repeat requests.
 */
interface ClientUnderTest extends AutoCloseable {
    /** How long a connection may be idle: the suite's origin closes it after five seconds of silence. */
    int IDLE_SECONDS = 3;

    /**
     * Sends a request through the cache.
     *
     * @throws IOException when there is no answer, which the gateway turns into a 502
     */
    GatewayResponse send(GatewayRequest request) throws IOException, InterruptedException;

    /** Closes the storage. */
    @Override
    void close() throws IOException;
}
