package dev.larder.cli;

import dev.larder.CacheInfo;
import dev.larder.HttpCache;
import dev.larder.client.jdk.CacheClient;
import dev.larder.policy.CacheControls;
import dev.larder.rules.Reason;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

/** Sends requests through a cache, and turns what can go wrong into failures that people understand. */
final class Fetcher implements Closeable {
    private final HttpCache cache;
    private final CacheClient client;
    private final ComplainingListener listener;
    private final Duration patience;
    /** For what goes on behind an answer; its threads are daemons, so that nothing keeps the process alive. */
    private final ExecutorService background = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "larder-background");
        thread.setDaemon(true);
        return thread;
    });

    /**
     * A fetcher.
     *
     * @param follow whether redirects are followed
     */
    Fetcher(FetchOptions options, Duration timeout, boolean follow, Console console) {
        patience = timeout;
        listener = new ComplainingListener(console);
        cache = HttpCache.builder()
                .policy(options.policy())
                .storage(options.storage().open())
                .listener(listener)
                .executor(background)
                .build();
        client = CacheClient.newBuilder()
                .client(new LazyClient(timeout))
                .cache(cache)
                .followRedirects(follow ? HttpClient.Redirect.NORMAL : HttpClient.Redirect.NEVER)
                .build();
    }

    /**
     * A response whose body has not been read.
     *
     * @param nanos from sending the request to the head of its response
     */
    record Fetched(HttpResponse<InputStream> response, CacheInfo info, long nanos) {}

    /** Sends a request. */
    Fetched fetch(HttpRequest request, CacheControls controls) {
        try {
            long start = System.nanoTime();
            HttpResponse<InputStream> response =
                    client.send(CacheClient.with(request, controls), HttpResponse.BodyHandlers.ofInputStream());
            return new Fetched(response, CacheInfo.of(response), System.nanoTime() - start);
        } catch (IOException e) {
            throw unreachable(request.uri(), e);
        } catch (InterruptedException e) {
            throw interrupted();
        }
    }

    /** Whether a response that may be stored is not; to be asked when its body has been read. */
    static boolean isLost(CacheInfo info) {
        Reason storing = info.storing();
        return storing != null && !info.stored() && (storing.allowsStoring() || storing == Reason.NOT_TAKEN);
    }

    /** For people: why a response that may be stored is not; to be asked when its body has been read. */
    String whyNotStored() {
        String why = listener.abandonedWhy();
        return why.isEmpty() ? "not stored" : "not stored: " + why;
    }

    static CommandFailure interrupted() {
        Thread.currentThread().interrupt();
        return new CommandFailure(ExitCode.INTERRUPTED, "interrupted");
    }

    private static CommandFailure unreachable(URI uri, IOException e) {
        String host = uri.getHost();
        String where = uri.getRawAuthority() == null ? host : host + (uri.getPort() < 0 ? "" : ":" + uri.getPort());
        return new CommandFailure(ExitCode.ORIGIN, problem(host, where, e));
    }

    private static String problem(String host, String where, IOException e) {
        if (isCausedBy(e, UnresolvedAddressException.class) || isCausedBy(e, UnknownHostException.class)) {
            return "cannot find host '" + host + "'; check the URL and the network";
        }
        if (isCausedBy(e, HttpConnectTimeoutException.class)) {
            return "cannot connect to " + where + ": no answer in time; a longer --timeout may help";
        }
        if (isCausedBy(e, HttpTimeoutException.class)) {
            return where + " did not answer in time; a longer --timeout may help";
        }
        if (isCausedBy(e, ConnectException.class)) {
            return "cannot connect to " + where + reason(e) + "; is the server running?";
        }
        if (isCausedBy(e, SSLException.class)) {
            return "no secure connection to " + where + reason(e);
        }
        return "no usable answer from " + where + reason(e);
    }

    private static boolean isCausedBy(Throwable failure, Class<? extends Throwable> type) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (type.isInstance(t)) {
                return true;
            }
        }
        return false;
    }

    /** The message of the innermost cause that has one. */
    private static String reason(Throwable failure) {
        String message = "";
        for (Throwable t = failure; t != null; t = t.getCause()) {
            message = t.getMessage() == null ? message : t.getMessage();
        }
        return message.isBlank() ? "" : ": " + message;
    }

    /** The failure of a body that broke off. */
    static CommandFailure brokeOff(Fetched fetched, IOException e) {
        return fetched.info().fromCache()
                ? CommandFailure.storage("the stored response cannot be read to its end" + reason(e)
                        + "; fetch it anew with -H 'Cache-Control: no-cache'")
                : new CommandFailure(ExitCode.ORIGIN, "the response broke off" + reason(e) + "; nothing was stored");
    }

    /** Waits for a revalidation that a stale answer has set off: the process would end before it. */
    @Override
    public void close() {
        background.shutdown();
        try {
            if (!background.awaitTermination(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                listener.revalidationGivenUp();
            }
        } catch (InterruptedException e) {
            throw interrupted();
        }
        try {
            cache.close();
        } catch (IOException e) {
            throw CommandFailure.storage("cannot close the storage: " + StorageChoice.problem(e));
        }
    }
}
