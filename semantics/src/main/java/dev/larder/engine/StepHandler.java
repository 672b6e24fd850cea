package dev.larder.engine;

/**
 * One method for each {@link CacheStep}, so that a driver which forgets one does not compile.
 *
 * @param <R> what handling a step answers
 * @param <X> what handling a step may throw
 */
public interface StepHandler<R, X extends Exception> {
    /** Reads the heads stored under a key. */
    R lookup(Lookup step) throws X;

    /** Leads or follows a shared origin request. */
    R join(Join step) throws X;

    /** Sends a request to the origin. */
    R forward(Forward step) throws X;

    /** Replaces the heads of entries. */
    R freshen(Freshen step) throws X;

    /** Removes entries. */
    R invalidate(Invalidate step) throws X;

    /** Answers from storage. */
    R serveStored(Outcome.ServeStored step) throws X;

    /** Answers from the origin and stores. */
    R storeAndServe(Outcome.StoreAndServe step) throws X;

    /** Answers from the origin without storing. */
    R relay(Outcome.Relay step) throws X;

    /** Answers the caller's own condition with 304. */
    R notModified(Outcome.NotModified step) throws X;

    /** Answers that nothing stored may be served, and the request forbids to ask the origin. */
    R gatewayTimeout(Outcome.GatewayTimeout step) throws X;

    /** Hands the origin's failure to the caller. */
    R fail(Outcome.Fail step) throws X;
}
