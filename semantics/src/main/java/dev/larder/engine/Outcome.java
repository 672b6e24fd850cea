package dev.larder.engine;

import dev.larder.http.ContentLength;
import dev.larder.http.ContentRange;
import dev.larder.http.ResponseHead;
import dev.larder.rules.Candidate;
import dev.larder.rules.PartialContent;
import dev.larder.rules.RangeSelection;
import dev.larder.rules.StoredResponse;
import java.util.List;
import java.util.function.Supplier;

/** The last step: how the caller is answered, and why. */
public sealed interface Outcome extends CacheStep {
    /** What was decided and why. */
    Decision decision();

    /**
     * Answer with a stored response.
     *
     * @param candidate the stored response, as the storage found it; after a {@link Freshen}, the candidate whose body
     *     belongs to the updated head
     * @param head the head to send, with Age
     * @param revalidate whether the stored response is to be revalidated in the background, by {@link
     *     CacheEngine#revalidate}, once for all requests that find it so (RFC 5861 3)
     * @param withBody false when the answer has no body, such as that to a HEAD
     * @param parts the pieces of the stored body to send; empty for the whole
     * @param more what other stored parts of the same representation add after that; empty unless parts are combined
     *     (RFC 9111 3.4)
     * @param bodyGone see {@link #gone()}
     */
    record ServeStored(
            Candidate candidate,
            ResponseHead head,
            boolean withBody,
            List<RangeSelection.Part> parts,
            List<PartialContent.Piece> more,
            boolean revalidate,
            Decision decision,
            Supplier<CacheStep> bodyGone)
            implements Outcome {
        @Override
        public <R, X extends Exception> R accept(StepHandler<R, X> handler) throws X {
            return handler.serveStored(this);
        }

        /** The step to take instead when the body turns out to have been removed. */
        public CacheStep gone() {
            return bodyGone.get();
        }
    }

    /**
     * Pass the origin's response on as it arrives, and store a copy.
     *
     * @param stored the head to store
     * @param replaced the entries that the new one makes useless once it is committed
     * @param before stored bytes that go before the origin's; empty unless it completes what is stored (RFC 9111 3.4)
     * @param after stored bytes that go after the origin's
     * @param head the head to send
     * @param unstored see {@link #notTaken()}
     */
    record StoreAndServe(
            StoredResponse stored,
            List<StoredResponse> replaced,
            List<PartialContent.Piece> before,
            List<PartialContent.Piece> after,
            ResponseHead head,
            Decision decision,
            Supplier<CacheStep> unstored)
            implements Outcome {
        @Override
        public <R, X extends Exception> R accept(StepHandler<R, X> handler) throws X {
            return handler.storeAndServe(this);
        }

        /**
         * The step to take instead when the storage does not take it: to pass it on; or to ask for the whole when the
         * origin's bytes are only a part.
         */
        public CacheStep notTaken() {
            return unstored.get();
        }

        /** How many bytes the body has to have, stored ones included, as far as its head says so; or -1. */
        public long bodyLength() {
            if (stored.status() == 204) {
                return -1;
            }
            long length = ContentLength.of(stored.fields());
            if (PartialContent.isPart(stored)) {
                ContentRange range = ContentRange.parse(stored.fields().first("Content-Range"));
                return range == null ? length : range.length();
            }
            return length;
        }
    }

    /**
     * Pass the origin's response on.
     *
     * @param head the head to send
     */
    record Relay(ResponseHead head, Decision decision) implements Outcome {
        @Override
        public <R, X extends Exception> R accept(StepHandler<R, X> handler) throws X {
            return handler.relay(this);
        }
    }

    /**
     * Answer the caller's own condition from the stored response: a 304 without a body.
     *
     * @param stored the response that the condition was evaluated against
     * @param head the 304
     * @param revalidate see {@link ServeStored#revalidate}
     */
    record NotModified(StoredResponse stored, ResponseHead head, boolean revalidate, Decision decision)
            implements Outcome {
        @Override
        public <R, X extends Exception> R accept(StepHandler<R, X> handler) throws X {
            return handler.notModified(this);
        }
    }

    /**
     * Answer 504 without a body (RFC 9111 5.2.1.7).
     *
     * @param head the 504
     */
    record GatewayTimeout(ResponseHead head, Decision decision) implements Outcome {
        @Override
        public <R, X extends Exception> R accept(StepHandler<R, X> handler) throws X {
            return handler.gatewayTimeout(this);
        }
    }

    /**
     * The origin failed and nothing may stand in: the caller gets the failure that the bare client would have given.
     *
     * @param failure what {@link Forward#failed} was called with
     */
    record Fail(Throwable failure, Decision decision) implements Outcome {
        @Override
        public <R, X extends Exception> R accept(StepHandler<R, X> handler) throws X {
            return handler.fail(this);
        }
    }
}
