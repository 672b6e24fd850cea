package dev.larder.testkit;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A request that is on its way. */
public interface TestCall {
    /** How long to wait for a head: a test that waits this long has failed. */
    int PATIENCE_SECONDS = 30;

    /**
     * Waits until the head of the response is there. May be called again.
     *
     * @throws Exception what the client reports the failure by to its users, as it is
     */
    TestResponse await() throws Exception;

    /**
     * Gives the exchange up in the client's own way, whatever it is at. Whoever waits is told. What the client cannot
     * reach any more, such as the body of a response that has been returned, is left as it is.
     */
    void cancel();

    /**
     * For clients that block: sends on a thread of its own.
     *
     * @param send returns when the head is there
     * @param cancel gives it up; it is called on another thread
     */
    static TestCall onThread(Callable<TestResponse> send, Runnable cancel) {
        CompletableFuture<TestResponse> response = new CompletableFuture<>();
        Thread thread = new Thread(sending(send, response), "test-call");
        thread.setDaemon(true);
        thread.start();
        return new FutureCall(response, cancel);
    }

    /** For clients that block and are given up by interrupting them. */
    static TestCall onThread(Callable<TestResponse> send) {
        CompletableFuture<TestResponse> response = new CompletableFuture<>();
        Thread thread = new Thread(sending(send, response), "test-call");
        thread.setDaemon(true);
        thread.start();
        return new FutureCall(response, thread::interrupt);
    }

    /**
     * For clients that answer later.
     *
     * @param response completes when the head is there
     * @param cancel gives it up
     */
    static TestCall of(CompletableFuture<TestResponse> response, Runnable cancel) {
        return new FutureCall(response, cancel);
    }

    private static Runnable sending(Callable<TestResponse> send, CompletableFuture<TestResponse> response) {
        return () -> {
            try {
                response.complete(send.call());
            } catch (Throwable e) {
                response.completeExceptionally(e);
            }
        };
    }

    /** A call whose response is a future. */
    record FutureCall(CompletableFuture<TestResponse> response, Runnable canceller) implements TestCall {
        @Override
        public TestResponse await() throws Exception {
            try {
                return response.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                if (e.getCause() instanceof Exception failure) {
                    throw failure;
                }
                throw new AssertionError(e.getCause());
            } catch (TimeoutException e) {
                throw new AssertionError("no answer within " + PATIENCE_SECONDS + " s", e);
            }
        }

        @Override
        public void cancel() {
            canceller.run();
        }
    }
}
