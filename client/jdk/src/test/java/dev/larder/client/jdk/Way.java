package dev.larder.client.jdk;

import dev.larder.policy.CachePolicy;
import dev.larder.storage.Storage;
import dev.larder.storage.file.FileStorage;
import dev.larder.storage.memory.InMemoryStorage;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * How a scenario is carried out: which of the two drivers, over which of the two built-in storages, in a private or a
 * shared cache. Four of the eight combinations are enough for any two of the three to meet in every manner.
 */
enum Way {
    BLOCKING_MEMORY_PRIVATE(false, false, false),
    BLOCKING_FILE_SHARED(false, true, true),
    ASYNC_MEMORY_SHARED(true, false, true),
    ASYNC_FILE_PRIVATE(true, true, false);

    /** Long enough for a busy machine; a test that waits this long has failed. */
    static final int PATIENCE_SECONDS = 30;

    private final boolean async;
    private final boolean file;
    private final boolean shared;

    Way(boolean async, boolean file, boolean shared) {
        this.async = async;
        this.file = file;
        this.shared = shared;
    }

    boolean isAsync() {
        return async;
    }

    boolean isShared() {
        return shared;
    }

    CachePolicy.Builder policy() {
        return shared ? CachePolicy.sharedCache() : CachePolicy.privateCache();
    }

    Storage storage(Path directory, InstantSource clock) throws IOException {
        return file
                ? FileStorage.builder().directory(directory).clock(clock).build()
                : InMemoryStorage.builder().maxEntries(10_000).clock(clock).build();
    }

    /** Sends and waits; failures are those of {@code send} in both drivers. */
    <T> HttpResponse<T> send(HttpClient client, HttpRequest request, HttpResponse.BodyHandler<T> handler)
            throws IOException, InterruptedException {
        return async ? await(client.sendAsync(request, handler)) : client.send(request, handler);
    }

    /** Begins to send: on a thread of its own where the driver blocks. */
    <T> CompletableFuture<HttpResponse<T>> start(
            HttpClient client, HttpRequest request, HttpResponse.BodyHandler<T> handler) {
        if (async) {
            return client.sendAsync(request, handler);
        }
        CompletableFuture<HttpResponse<T>> response = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            try {
                response.complete(client.send(request, handler));
            } catch (Throwable e) {
                response.completeExceptionally(e);
            }
        });
        thread.setDaemon(true);
        thread.start();
        return response;
    }

    static <T> T await(CompletableFuture<T> future) throws IOException, InterruptedException {
        try {
            return future.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException io) {
                throw io;
            }
            if (e.getCause() instanceof RuntimeException runtime) {
                throw runtime;
            }
            throw new AssertionError(e.getCause());
        } catch (TimeoutException e) {
            throw new AssertionError("no answer within " + PATIENCE_SECONDS + " s", e);
        }
    }
}
