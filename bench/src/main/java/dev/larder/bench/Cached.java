package dev.larder.bench;

/** Resources through one cache, each with its request built beforehand: building it is not the cache's cost. */
@FunctionalInterface
interface Cached extends AutoCloseable {
    /** Sends the request for one of the resources and answers the response's body. */
    byte[] get(int index) throws Exception;

    @Override
    default void close() throws Exception {}
}
