package dev.larder.client;

import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;
import dev.larder.rules.Reason;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * How the cache reaches the origin: one client's way of sending a request and waiting for the head of its response.
 *
 * <p>It must not follow redirects and must not answer from a cache of its own.
 *
 * @param <B> the client's own form of a response body that has not been read yet
 */
@FunctionalInterface
public interface Origin<B> {
    /** What may differ between the caller's request and the one to send: the cache adds these fields, or leaves them out. */
    List<String> CHANGED_FIELDS = List.of("If-None-Match", "If-Modified-Since", "If-Range", "Range");

    /**
     * Sends a request with the caller's content and waits for the final response's head.
     *
     * @param request the caller's request, possibly with conditions added
     */
    Response<B> send(RequestHead request) throws IOException, InterruptedException;

    /**
     * What sends the same request when its caller has been answered and the cache goes on for its own sake. It must not
     * touch what belongs to the caller, such as a context or a connection.
     */
    default Origin<B> inBackground() {
        return this;
    }

    /**
     * The origin's response.
     *
     * @param body still to be read
     * @param keptOut why it must not be stored, whatever its head says, where the client knows that; else null
     */
    record Response<B>(ResponseHead head, B body, @Nullable Reason keptOut) {
        /** A response of which the head says whether it may be stored. */
        public Response(ResponseHead head, B body) {
            this(head, body, null);
        }
    }

    /**
     * The asynchronous form.
     *
     * @param <B> the client's own form of a response body
     */
    @FunctionalInterface
    interface Async<B> {
        /**
         * Sends a request with the caller's content.
         *
         * @return completes when the final response's head is there; if it is a {@code CompletableFuture}, the cache
         *     cancels it when the caller cancels
         */
        CompletionStage<Response<B>> send(RequestHead request);

        /**
         * Begins a revalidation that no caller waits for: on the executor. An origin that can be reached only as long as
         * the caller's request lasts begins it elsewhere, before that ends.
         *
         * @param revalidation to be called once, with what it is to run when it is over, however it ended
         */
        default void revalidate(Consumer<Runnable> revalidation, Executor executor) {
            executor.execute(() -> revalidation.accept(() -> {}));
        }

        /** As {@link Origin#inBackground}. */
        default Async<B> inBackground() {
            return this;
        }
    }
}
