package dev.larder.client;

/**
 * What the cache has to know of a client's own form of a response body.
 *
 * @param <B> that form
 */
public interface BodyKind<B> {
    /** Where the bytes come from. Called once at most for a body, and then the body is the cache's to read. */
    Source source(B body);

    /** Gives up a body that nobody will read, so that its connection can be used again or closed. */
    void discard(B body);
}
