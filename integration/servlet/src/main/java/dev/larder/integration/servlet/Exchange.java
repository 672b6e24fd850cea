package dev.larder.integration.servlet;

import dev.larder.CacheInfo;
import dev.larder.HttpCache;
import dev.larder.client.Answer;
import dev.larder.client.Body;
import dev.larder.client.Call;
import dev.larder.client.Origin;
import dev.larder.http.EntityTag;
import dev.larder.http.HttpFields;
import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;
import dev.larder.rules.Preconditions;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One request of a client, its answer, and the runs of the application in between.
 *
 * <p><b>Threads.</b> The cache's asynchronous driver serves as a coroutine. Where it wants to ask the origin, {@link #send}
 * only notes that; the request's own thread, which waits for either that or the answer, runs the application. So the
 * application runs where it always does, with everything that is bound to its thread; no other thread is needed, and it
 * pushes its response while the cache pulls, one piece at a time, whatever the length.
 *
 * <p>An application that goes on asynchronously does so with the same objects on its own threads: the request's thread
 * leaves, and whichever thread completes the application's part does the rest.
 */
final class Exchange implements Origin.Async<AppBody> {
    /** Fields that are lists, and that filters in front of this one may have begun. */
    private static final Set<String> ADDED = Set.of("vary", "link", "cache-status", "server-timing");

    private static final int CHUNK = 16 * 1024;

    private final HttpCache cache;
    private final int mostTagged;
    private final HttpServletRequest request;
    private final HttpServletResponse client;
    private final FilterChain chain;
    private final RequestHead head;
    private final Collection<String> cookiesBefore;
    private final Collection<String> fieldsBefore;
    private final Signal signal = new Signal();

    // Guarded by the signal.
    private final ArrayDeque<Run> wanted = new ArrayDeque<>(1);
    private final ArrayDeque<Consumer<Runnable>> revalidations = new ArrayDeque<>(0);
    private boolean over;

    private CompletableFuture<Answer<AppBody>> result = new CompletableFuture<>();
    private volatile @Nullable Run current;
    /** The client has its answer: nothing that fails from now on concerns it. */
    private volatile boolean answered;
    /** The request's own thread has returned from the filter. */
    private volatile boolean left;

    Exchange(
            HttpCache cache,
            int mostTagged,
            HttpServletRequest request,
            HttpServletResponse client,
            FilterChain chain,
            RequestHead head) {
        this.cache = cache;
        this.mostTagged = mostTagged;
        this.request = request;
        this.client = client;
        this.chain = chain;
        this.head = head;
        this.cookiesBefore = List.copyOf(client.getHeaders("Set-Cookie"));
        this.fieldsBefore = List.copyOf(client.getHeaderNames());
    }

    /** Up to how many bytes a response is held back to give it an entity tag; 0 for none. */
    int mostTagged() {
        return mostTagged;
    }

    long now() {
        return cache.clock().millis();
    }

    RequestHead head() {
        return head;
    }

    HttpServletRequest request() {
        return request;
    }

    HttpServletResponse client() {
        return client;
    }

    /** The cookies that were set in front of this filter, or for another request. */
    Collection<String> cookiesBefore() {
        return cookiesBefore;
    }

    /** Takes back what the container has added to the client's response for the application, such as a cookie. */
    void resetClient() {
        for (String name : List.copyOf(client.getHeaderNames())) {
            if (name.equalsIgnoreCase("Set-Cookie") || !fieldsBefore.contains(name)) {
                client.setHeader(name, null);
            }
        }
        cookiesBefore.forEach(cookie -> client.addHeader("Set-Cookie", cookie));
    }

    // The cache's side: any thread.

    @Override
    public CompletionStage<Origin.Response<AppBody>> send(RequestHead request) {
        Run run = new Run(this, request, answered, signal);
        if (!signal.tryUpdate(() -> !over && wanted.add(run))) {
            run.fail(tooLate());
        }
        return run.response();
    }

    private static IOException tooLate() {
        return new IOException("the request that could reach the application is over");
    }

    @Override
    public void revalidate(Consumer<Runnable> revalidation, Executor executor) {
        if (!signal.tryUpdate(() -> !over && revalidations.add(revalidation))) {
            revalidation.accept(() -> {});
        }
    }

    // The application's side: the request's thread, or the one that completes an asynchronous request.

    /** Answers the client. */
    void serve(Call call) throws IOException, ServletException {
        try {
            result = cache.executeAsync(call, AppBody.KIND, this);
            result.whenComplete((answer, failure) -> signal.update(() -> {}));
            answer();
        } finally {
            Run run = current;
            left = true;
            if (run == null || !run.async()) {
                close();
            }
        }
    }

    /** Goes on with an application that has been dispatched to again. */
    void dispatched(ServletRequest request, ServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        Run run = current;
        AppResponse captured = AppResponse.within(response);
        if (run == null || captured == null || run.ended()) {
            chain.doFilter(request, response);
            return;
        }
        run.async(false);
        run.dispatching(false);
        run(run, captured, () -> chain.doFilter(request, response));
        if (!run.async()) {
            try {
                answer();
            } finally {
                close();
            }
        }
    }

    /** The application completes its asynchronous part: on this thread, whichever it is, the client gets the rest. */
    void completed(Run run, AppResponse response) throws IOException, ServletException {
        try {
            response.finish();
            if (!run.answersClient()) {
                for (Run again = next(result); again != null; again = next(result)) {
                    again.fail(new IOException("the application has completed the request and cannot be asked again"));
                }
                deliver(answered(result));
            }
            answered = true;
        } catch (IOException | ServletException | RuntimeException e) {
            run.fail(e);
            throw e;
        } finally {
            close();
        }
    }

    /** An application that is dispatched to without this filter could write, and nobody would send what it wrote. */
    void failIfDispatchedPast(Run run) {
        if (run.dispatching() && left) {
            throw new IllegalStateException(
                    "the application dispatches asynchronous requests, so LarderFilter has to be"
                            + " mapped to DispatcherType.ASYNC as well as to REQUEST");
        }
    }

    /** Nothing more can come: whoever still waits for this exchange is told. */
    void close() {
        ArrayDeque<Run> left = new ArrayDeque<>(wanted.size());
        ArrayDeque<Consumer<Runnable>> notBegun = new ArrayDeque<>(0);
        signal.update(() -> {
            over = true;
            left.addAll(wanted);
            wanted.clear();
            notBegun.addAll(revalidations);
            revalidations.clear();
        });
        IOException failure = tooLate();
        Run run = current;
        if (run != null) {
            run.fail(failure);
        }
        left.forEach(each -> each.fail(failure));
        notBegun.forEach(revalidation -> revalidation.accept(() -> {}));
        result.cancel(true);
    }

    private void answer() throws IOException, ServletException {
        while (!answered) {
            Run run = next(result);
            if (run == null) {
                deliver(answered(result));
                answered = true;
            } else if (!run(run)) {
                return;
            }
        }
        revalidate();
    }

    /** Does what the cache would do in the background, where it could not reach the application any more. */
    private void revalidate() throws IOException, ServletException {
        Consumer<Runnable> revalidation = signal.poll(revalidations);
        if (revalidation == null) {
            return;
        }
        // The client is not to wait for this.
        client.getOutputStream().close();
        CompletableFuture<Boolean> over = new CompletableFuture<>();
        over.whenComplete((done, failure) -> signal.update(() -> {}));
        revalidation.accept(() -> over.complete(true));
        for (Run run = next(over); run != null; run = next(over)) {
            run(run);
        }
    }

    /** The next run that the cache wants, or null when what it works on is done. */
    private @Nullable Run next(CompletableFuture<?> done) throws IOException {
        signal.await(() -> !wanted.isEmpty() || done.isDone());
        return signal.poll(wanted);
    }

    /** Whether the application has returned for good. */
    private boolean run(Run run) throws IOException, ServletException {
        current = run;
        AppResponse response = new AppResponse(run);
        run(run, response, () -> chain.doFilter(new AppRequest(run, response), response));
        return !run.async();
    }

    @FunctionalInterface
    private interface Application {
        void run() throws IOException, ServletException;
    }

    private void run(Run run, AppResponse response, Application application) throws IOException, ServletException {
        try {
            application.run();
            if (!run.async()) {
                response.finish();
            }
        } catch (IOException | ServletException | RuntimeException | Error e) {
            boolean concernsClient = run.answersClient();
            run.async(false);
            run.fail(e);
            if (concernsClient || e instanceof Error) {
                answered |= concernsClient;
                throw e;
            }
            if (run.responded() || run.background()) {
                // The client has a stored response instead, so only the log can hear of this.
                request.getServletContext().log("failed where a stored response is served", e);
            }
        }
        if (!run.async() && run.answersClient()) {
            answered = true;
        }
    }

    private static Answer<AppBody> answered(CompletableFuture<Answer<AppBody>> result)
            throws IOException, ServletException {
        try {
            return result.join();
        } catch (CompletionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            if (cause instanceof IOException io) {
                throw io;
            } else if (cause instanceof ServletException servlet) {
                throw servlet;
            } else if (cause instanceof RuntimeException runtime) {
                throw runtime;
            } else if (cause instanceof Error error) {
                throw error;
            }
            throw new IOException(cause);
        }
    }

    /** The client gets what is not this run's: from the storage, or what another request fetches. */
    private void deliver(Answer<AppBody> answer) throws IOException {
        boolean withoutBody = writeHead(answer.head(), answer.info(), null);
        Body body = answer.body();
        if (body == null) {
            throw new IllegalStateException("a run's own response is not delivered twice");
        }
        if (withoutBody) {
            body.close();
            return;
        }
        ByteBuffer inMemory = body.inMemory();
        if (inMemory != null) {
            writeToClient(inMemory);
            return;
        }
        boolean onItsWay = answer.info().collapsed();
        try (InputStream stream = body.stream()) {
            byte[] chunk = new byte[CHUNK];
            int n;
            do {
                if (onItsWay && stream.available() == 0) {
                    // What comes next may take its time.
                    flushClient();
                }
                n = stream.read(chunk);
                clientOutput().write(chunk, 0, Math.max(0, n));
            } while (n >= 0);
        }
    }

    /** Whether the cache has no use for a run's response: it says so, or asks for another one. Under the signal. */
    boolean isRefused(AppBody body) {
        return body.isUnwanted() || !wanted.isEmpty();
    }

    /** What the cache makes of the application's head; null when it is not used. */
    @Nullable
    Answer<AppBody> verdict(AppBody body) throws IOException {
        signal.await(() -> result.isDone() || isRefused(body));
        return result.isDone() && !result.isCompletedExceptionally() ? result.join() : null;
    }

    // The client's side.

    ServletOutputStream clientOutput() throws IOException {
        return client.getOutputStream();
    }

    void writeToClient(ByteBuffer bytes) throws IOException {
        byte[] chunk = new byte[Math.min(CHUNK, bytes.remaining())];
        while (bytes.hasRemaining()) {
            int n = Math.min(chunk.length, bytes.remaining());
            bytes.get(chunk, 0, n);
            clientOutput().write(chunk, 0, n);
        }
    }

    void flushClient() throws IOException {
        // Some containers only commit in flushBuffer(), and send what follows when they like.
        client.getOutputStream().flush();
    }

    /**
     * Writes the head of the client's answer.
     *
     * @return whether the body is not to follow, because the client has it
     */
    boolean writeHead(ResponseHead answer, CacheInfo info, @Nullable Supplier<Map<String, String>> trailers) {
        request.setAttribute(LarderFilter.INFO_ATTRIBUTE, info);
        boolean notModified = mostTagged > 0 && answer.status() == 200 && clientHas(answer.fields());
        client.setStatus(notModified ? 304 : answer.status());
        HttpFields fields = notModified ? Preconditions.notModifiedFields(answer.fields()) : answer.fields();
        Set<String> seen = new TreeSet<>();
        for (int i = 0; i < fields.size(); i++) {
            writeField(fields.name(i), fields.value(i), seen);
        }
        if (trailers != null && !notModified) {
            client.setTrailerFields(trailers);
        }
        return notModified;
    }

    private void writeField(String name, String value, Set<String> seen) {
        String lower = name.toLowerCase(Locale.ROOT);
        boolean first = seen.add(lower);
        switch (lower) {
            case "content-type" -> client.setContentType(value);
            case "content-length" -> client.setHeader(name, value);
            case "set-cookie" -> {
                // The container has put those of sessions there itself.
                if (!client.getHeaders(name).contains(value)) {
                    client.addHeader(name, value);
                }
            }
            default -> {
                if (first && !ADDED.contains(lower)) {
                    client.setHeader(name, value);
                } else {
                    client.addHeader(name, value);
                }
            }
        }
    }

    /** RFC 9110 13.1.2, for tags that the application knows nothing of. */
    private boolean clientHas(HttpFields fields) {
        boolean reads = head.method().equals("GET") || head.method().equals("HEAD");
        return reads && matches(head.fields().combined("If-None-Match"), fields.first("ETag"));
    }

    static boolean matches(@Nullable String condition, @Nullable String tag) {
        EntityTag current = EntityTag.parse(tag);
        if (condition == null || current == null) {
            return false;
        }
        for (EntityTag known : EntityTag.parseList(condition)) {
            if (known.weaklyMatches(current)) {
                return true;
            }
        }
        return false;
    }
}
