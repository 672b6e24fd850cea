package dev.larder.engine;

/**
 * What a driver has to do next for one request.
 *
 * <p>A request begins with {@link CacheEngine#begin}. The driver does what the step says and calls one of the step's own
 * methods with the result, which answers the next step, until it is an {@link Outcome}. Each step is used once, by one
 * thread at a time; the drivers know I/O and threads, the engine knows neither.
 *
 * <pre>
 * Lookup      read the heads stored under a key         found → any
 * Join        share the origin request of another       lead, alone → Forward, followed → ServeStored or Forward, again → Lookup
 * Forward     ask the origin                            responded, failed → any
 * Freshen     replace heads, bodies stay                done, vanished → any
 * Invalidate  remove entries                            done → any
 * Outcome     answer the caller                         end
 * </pre>
 */
public sealed interface CacheStep permits Lookup, Join, Forward, Freshen, Invalidate, Outcome {
    /** Calls the handler's method for this step: the exhaustive switch. */
    <R, X extends Exception> R accept(StepHandler<R, X> handler) throws X;
}
