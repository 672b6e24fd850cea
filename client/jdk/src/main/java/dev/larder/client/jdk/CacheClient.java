package dev.larder.client.jdk;

import dev.larder.CacheInfo;
import dev.larder.HttpCache;
import dev.larder.client.Answer;
import dev.larder.client.Call;
import dev.larder.client.Origin;
import dev.larder.engine.RequestContent;
import dev.larder.http.HttpFields;
import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;
import dev.larder.http.TargetUri;
import dev.larder.policy.CacheControls;
import dev.larder.policy.CachePolicy;
import dev.larder.storage.Storage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Authenticator;
import java.net.CookieHandler;
import java.net.ProxySelector;
import java.net.SocketTimeoutException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/**
 * The JDK's HTTP client with a cache: it can be used wherever a {@link HttpClient} can, and answers from the cache
 * whenever RFC 9111 allows it.
 *
 * <pre>{@code
 * HttpClient client = CacheClient.newBuilder().storage(FileStorage.open()).build();
 * HttpResponse<String> response = client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
 * CacheInfo.of(response).status(); // HIT, MISS, …
 * }</pre>
 *
 * <p>Redirects are followed above the cache, so that each response is stored under the URI that it answered. Cookies,
 * authentication, proxies, TLS and HTTP/2 stay the JDK client's. Responses pushed by a server are passed on and not
 * stored. A response from the cache has no {@link HttpResponse#sslSession()}. Thread-safe.
 */
public final class CacheClient extends HttpClient implements AutoCloseable {
    /** What the cache adds to a request, or leaves out of it. */
    private static final Set<String> CONDITIONS = Set.of("if-none-match", "if-modified-since", "if-range", "range");

    private final HttpClient delegate;
    private final HttpCache cache;
    private final Redirect followRedirects;
    private final Redirects redirects;

    private CacheClient(HttpClient delegate, HttpCache cache, Redirect followRedirects) {
        this.delegate = delegate;
        this.cache = cache;
        this.followRedirects = followRedirects;
        this.redirects = new Redirects(followRedirects);
    }

    /** A client with the JDK's defaults and a private cache in memory. */
    public static CacheClient create() {
        return newBuilder().build();
    }

    /** A builder with every option of the JDK's client, and those of the cache. */
    public static Builder newBuilder() {
        return new Builder();
    }

    /** A private cache in memory around an existing client; see {@link Builder#client}. */
    public static CacheClient wrap(HttpClient client) {
        return newBuilder().client(client).build();
    }

    /**
     * The request with what the caller asks of the cache. Any other client sends it as if it had not been changed.
     *
     * @param request stays as it is
     */
    public static HttpRequest with(HttpRequest request, CacheControls controls) {
        return new ControlledRequest(request, Objects.requireNonNull(controls, "controls"));
    }

    /** The cache, for invalidation and statistics. */
    public HttpCache cache() {
        return cache;
    }

    /**
     * {@inheritDoc}
     *
     * @throws IOException what the JDK's client throws, unless a stored response may stand in. A failing storage is no
     *     reason for an exception
     */
    @Override
    public <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> handler)
            throws IOException, InterruptedException {
        Objects.requireNonNull(handler, "responseBodyHandler");
        HttpRequest current = request;
        HttpResponse<T> previous = null;
        for (int followed = 0; ; followed++) {
            Hop hop = hop(current);
            HttpRequest next = next(hop, followed);
            if (next == null) {
                return new CachedResponse<>(hop, read(hop, handler), previous);
            }
            hop.discard();
            previous = new CachedResponse<>(hop, null, previous);
            current = next;
        }
    }

    @SuppressWarnings("NullAway") // A body handler may well answer null.
    private static <T> T read(Hop hop, HttpResponse.BodyHandler<T> handler) throws IOException, InterruptedException {
        HttpResponse.BodySubscriber<T> subscriber;
        try {
            subscriber = handler.apply(hop);
        } catch (RuntimeException e) {
            hop.giveUp();
            throw rethrown(e);
        } catch (Error e) {
            hop.giveUp();
            throw e;
        }
        Feed feed = hop.feed(subscriber);
        try {
            return await(subscriber.getBody());
        } catch (InterruptedException e) {
            if (feed != null) {
                feed.giveUp();
            }
            throw e;
        }
    }

    private @Nullable HttpRequest next(Hop hop, int followed) throws IOException {
        // Asking for the fields of a response that cannot redirect would build them for nothing.
        if (followRedirects == Redirect.NEVER || hop.statusCode() < 300 || hop.statusCode() > 399) {
            return null;
        }
        try {
            return redirects.next(hop.request(), hop.statusCode(), hop.headers(), followed);
        } catch (IOException e) {
            hop.discard();
            throw e;
        }
    }

    private Hop hop(HttpRequest request) throws IOException, InterruptedException {
        CacheControls controls = ControlledRequest.controls(request);
        HttpRequest plain = ControlledRequest.plain(request);
        RequestContent content = Content.of(plain);
        if (Content.isForKey(plain, controls)) {
            Content.Known known = await(Content.digested(plain, controls));
            content = known.content();
            plain = known.request();
        }
        HttpRequest sent = plain;
        Call call = call(plain, content, controls);
        AtomicReference<@Nullable HttpResponse<?>> fromOrigin = new AtomicReference<>();
        Answer<OriginBody> answer;
        try {
            answer = cache.execute(call, OriginBody.KIND, head -> {
                HttpResponse<Flow.Publisher<List<ByteBuffer>>> response =
                        delegate.send(toRequest(sent, call, head), HttpResponse.BodyHandlers.ofPublisher());
                fromOrigin.set(response);
                return toResponse(response);
            });
        } catch (SocketTimeoutException e) {
            throw timeout(e);
        }
        return new Hop(request, answer, fromOrigin.get(), delegate.version());
    }

    /** {@inheritDoc} Cancelling the future cancels the exchange, as with the JDK's client. */
    @Override
    public <T> CompletableFuture<HttpResponse<T>> sendAsync(HttpRequest request, HttpResponse.BodyHandler<T> handler) {
        return sendAsync(request, handler, null);
    }

    /** {@inheritDoc} Pushed responses are not stored. */
    @Override
    public <T> CompletableFuture<HttpResponse<T>> sendAsync(
            HttpRequest request,
            HttpResponse.BodyHandler<T> handler,
            HttpResponse.@Nullable PushPromiseHandler<T> pushHandler) {
        Objects.requireNonNull(handler, "responseBodyHandler");
        AsyncExchange<T> exchange = new AsyncExchange<>(handler, pushHandler);
        exchange.start(request, null, 0);
        return exchange.result;
    }

    /** One call of {@code sendAsync}: a chain of hops. */
    private final class AsyncExchange<T> {
        private final HttpResponse.BodyHandler<T> handler;
        private final HttpResponse.@Nullable PushPromiseHandler<T> pushHandler;
        private final CompletableFuture<HttpResponse<T>> result = new CompletableFuture<>();
        /** What the caller's cancellation has to give up: an answer that is awaited, or a body that is read. */
        private volatile @Nullable Runnable underway;

        AsyncExchange(HttpResponse.BodyHandler<T> handler, HttpResponse.@Nullable PushPromiseHandler<T> pushHandler) {
            this.handler = handler;
            this.pushHandler = pushHandler;
            result.whenComplete((response, failure) -> {
                if (result.isCancelled()) {
                    giveUp();
                }
            });
        }

        private void giveUp() {
            Runnable open = underway;
            if (open != null) {
                open.run();
            }
        }

        void start(HttpRequest request, @Nullable HttpResponse<T> previous, int followed) {
            CacheControls controls = ControlledRequest.controls(request);
            HttpRequest plain = ControlledRequest.plain(request);
            if (Content.isForKey(plain, controls)) {
                Content.digested(plain, controls).whenComplete((known, failure) -> {
                    if (failure != null) {
                        fail(failure);
                        return;
                    }
                    try {
                        send(request, known.request(), known.content(), controls, previous, followed);
                    } catch (RuntimeException | Error e) {
                        fail(e);
                    }
                });
            } else {
                send(request, plain, Content.of(plain), controls, previous, followed);
            }
        }

        private void send(
                HttpRequest request,
                HttpRequest plain,
                RequestContent content,
                CacheControls controls,
                @Nullable HttpResponse<T> previous,
                int followed) {
            Call call = call(plain, content, controls);
            AtomicReference<@Nullable HttpResponse<?>> fromOrigin = new AtomicReference<>();
            CompletableFuture<Answer<OriginBody>> answer =
                    cache.executeAsync(call, OriginBody.KIND, head -> ask(toRequest(plain, call, head), fromOrigin));
            underway = () -> answer.cancel(true);
            if (result.isCancelled()) {
                giveUp();
            }
            answer.whenComplete((answered, failure) -> {
                if (failure != null) {
                    fail(failure);
                } else {
                    answered(new Hop(request, answered, fromOrigin.get(), delegate.version()), previous, followed);
                }
            });
        }

        private CompletionStage<Origin.Response<OriginBody>> ask(
                HttpRequest request, AtomicReference<@Nullable HttpResponse<?>> fromOrigin) {
            CompletableFuture<HttpResponse<Flow.Publisher<List<ByteBuffer>>>> sent = pushHandler == null
                    ? delegate.sendAsync(request, HttpResponse.BodyHandlers.ofPublisher())
                    : delegate.sendAsync(request, HttpResponse.BodyHandlers.ofPublisher(), pushed(pushHandler));
            // Not thenApply alone: cancelling what that answers would not reach the JDK's exchange.
            CompletableFuture<Origin.Response<OriginBody>> response = new CompletableFuture<>();
            sent.whenComplete((received, failure) -> {
                if (failure != null) {
                    response.completeExceptionally(failure);
                    return;
                }
                fromOrigin.set(received);
                if (!response.complete(toResponse(received))) {
                    OriginBody.KIND.discard(new OriginBody(received));
                }
            });
            response.whenComplete((received, failure) -> {
                if (response.isCancelled()) {
                    sent.cancel(true);
                }
            });
            return response;
        }

        private void answered(Hop hop, @Nullable HttpResponse<T> previous, int followed) {
            HttpRequest next;
            CompletionStage<T> body;
            try {
                next = next(hop, followed);
                if (next != null) {
                    hop.discard();
                    start(next, new CachedResponse<>(hop, null, previous), followed + 1);
                    return;
                }
                HttpResponse.BodySubscriber<T> subscriber = handler.apply(hop);
                Feed feed = hop.feed(subscriber);
                underway = feed == null ? null : feed::giveUp;
                if (result.isCancelled()) {
                    giveUp();
                }
                body = subscriber.getBody();
            } catch (IOException | RuntimeException | Error e) {
                hop.giveUp();
                fail(e);
                return;
            }
            body.whenComplete((read, failure) -> {
                if (failure != null) {
                    fail(failure);
                } else {
                    result.complete(new CachedResponse<>(hop, read, previous));
                }
            });
        }

        private void fail(Throwable failure) {
            Throwable cause =
                    failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
            result.completeExceptionally(cause instanceof SocketTimeoutException e ? timeout(e) : cause);
        }
    }

    private static <T> HttpResponse.PushPromiseHandler<Flow.Publisher<List<ByteBuffer>>> pushed(
            HttpResponse.PushPromiseHandler<T> handler) {
        return (initiating, promised, acceptor) -> handler.applyPushPromise(
                initiating,
                promised,
                bodyHandler -> acceptor.apply(HttpResponse.BodyHandlers.ofPublisher())
                        .thenCompose(response -> readPushed(response, bodyHandler)));
    }

    private static <T> CompletionStage<HttpResponse<T>> readPushed(
            HttpResponse<Flow.Publisher<List<ByteBuffer>>> response, HttpResponse.BodyHandler<T> handler) {
        OriginBody body = new OriginBody(response);
        Hop hop = new Hop(
                response.request(),
                new Answer<>(toResponse(response).head(), body, null, null, PUSHED),
                response,
                response.version());
        HttpResponse.BodySubscriber<T> subscriber = handler.apply(hop);
        hop.feed(subscriber);
        return subscriber.getBody().thenApply(read -> new CachedResponse<>(hop, read, null));
    }

    private static final CacheInfo PUSHED = CacheInfo.bypassed();

    private Call call(HttpRequest request, RequestContent content, CacheControls controls) {
        HttpFields fields = effectiveFields(request);
        RequestHead head = new RequestHead(request.method(), TargetUri.of(request.uri()), fields);
        return new Call(head, content, controls, request.timeout().orElse(null));
    }

    /**
     * The fields that the origin will see as far as they matter to the cache. The JDK's client adds cookies and
     * credentials below it: a response that varies by them, or that only an authorized request got, must not be taken
     * for one that anybody gets.
     */
    private HttpFields effectiveFields(HttpRequest request) {
        HttpFields fields = Fields.of(request.headers());
        CookieHandler cookies = delegate.cookieHandler().orElse(null);
        if (cookies != null) {
            fields = withCookies(fields, request, cookies);
        }
        if (cache.policy().shared() && delegate.authenticator().isPresent() && !fields.contains("Authorization")) {
            fields = fields.with("Authorization", "added-below-the-cache");
        }
        return fields;
    }

    private static HttpFields withCookies(HttpFields fields, HttpRequest request, CookieHandler cookies) {
        Map<String, List<String>> added;
        try {
            added = cookies.get(request.uri(), request.headers().map());
        } catch (IOException | RuntimeException e) {
            // The JDK's client asks the handler again when it sends, and reports what it throws then.
            return fields;
        }
        HttpFields.Builder all = fields.toBuilder();
        for (Map.Entry<String, List<String>> field : added.entrySet()) {
            for (String value : field.getValue()) {
                all.addReceived(field.getKey(), value);
            }
        }
        return all.build();
    }

    /** The caller's own request where the cache added nothing to it, else a copy with the conditions added. */
    private static HttpRequest toRequest(HttpRequest request, Call call, RequestHead head) {
        if (head.equals(call.request())) {
            return request;
        }
        HttpRequest.Builder conditional =
                HttpRequest.newBuilder(request, (name, value) -> !CONDITIONS.contains(name.toLowerCase(Locale.ROOT)));
        for (String name : CONDITIONS) {
            for (String value : head.fields().values(name)) {
                conditional.header(name, value);
            }
        }
        return conditional.build();
    }

    private static Origin.Response<OriginBody> toResponse(HttpResponse<Flow.Publisher<List<ByteBuffer>>> response) {
        ResponseHead head = new ResponseHead(response.statusCode(), Fields.of(response.headers()));
        return new Origin.Response<>(head, new OriginBody(response));
    }

    private static HttpTimeoutException timeout(SocketTimeoutException e) {
        HttpTimeoutException timeout = new HttpTimeoutException(e.getMessage());
        timeout.initCause(e);
        return timeout;
    }

    private static <T> T await(CompletionStage<T> stage) throws IOException, InterruptedException {
        CompletableFuture<T> future = stage.toCompletableFuture();
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw rethrown(e.getCause() == null ? e : e.getCause());
        }
    }

    /** As the JDK's client does: the exception belongs to another thread, the caller's stack is worth having. */
    private static IOException rethrown(Throwable cause) {
        String message = cause.getMessage();
        if (cause instanceof IllegalArgumentException) {
            throw new IllegalArgumentException(message, cause);
        }
        if (cause instanceof SecurityException) {
            throw new SecurityException(message, cause);
        }
        if (cause instanceof HttpTimeoutException) {
            HttpTimeoutException timeout = new HttpTimeoutException(message);
            timeout.initCause(cause);
            return timeout;
        }
        return new IOException(message, cause);
    }

    @Override
    public Optional<CookieHandler> cookieHandler() {
        return delegate.cookieHandler();
    }

    @Override
    public Optional<Duration> connectTimeout() {
        return delegate.connectTimeout();
    }

    @Override
    public Redirect followRedirects() {
        return followRedirects;
    }

    @Override
    public Optional<ProxySelector> proxy() {
        return delegate.proxy();
    }

    @Override
    public SSLContext sslContext() {
        return delegate.sslContext();
    }

    @Override
    public SSLParameters sslParameters() {
        return delegate.sslParameters();
    }

    @Override
    public Optional<Authenticator> authenticator() {
        return delegate.authenticator();
    }

    @Override
    public Version version() {
        return delegate.version();
    }

    @Override
    public Optional<Executor> executor() {
        return delegate.executor();
    }

    @Override
    public WebSocket.Builder newWebSocketBuilder() {
        return delegate.newWebSocketBuilder();
    }

    /** Closes the cache's storage. The JDK's client itself ends with its last user. */
    @Override
    public void close() {
        try {
            cache.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Builds a {@link CacheClient}: the JDK's own options, and the cache's. Not thread-safe. */
    public static final class Builder implements HttpClient.Builder {
        private final HttpClient.Builder jdk = HttpClient.newBuilder();
        private boolean jdkTouched;
        private @Nullable HttpClient client;
        private @Nullable HttpCache cache;
        private HttpCache.@Nullable Builder ownCache;
        private @Nullable Redirect followRedirects;

        private Builder() {}

        /**
         * Sends through an existing client instead of a new one. If that follows redirects, a client with the same
         * settings that does not is made from it, because redirects have to be followed above the cache.
         *
         * @throws IllegalArgumentException if it follows redirects and is not the JDK's own, so that no such client can
         *     be made: build it with {@code Redirect.NEVER} and give {@link #followRedirects} here
         */
        public Builder client(HttpClient client) {
            this.client = withoutRedirects(client);
            if (followRedirects == null) {
                followRedirects = client.followRedirects();
            }
            return this;
        }

        private static HttpClient withoutRedirects(HttpClient client) {
            if (client.followRedirects() == Redirect.NEVER) {
                return client;
            }
            if (!client.getClass().getName().startsWith("jdk.internal.net.http.")) {
                throw new IllegalArgumentException(client.getClass().getName()
                        + " follows redirects below the cache; build it with followRedirects(NEVER) and call"
                        + " followRedirects on this builder");
            }
            HttpClient.Builder copy = HttpClient.newBuilder()
                    .followRedirects(Redirect.NEVER)
                    .sslContext(client.sslContext())
                    .sslParameters(client.sslParameters())
                    .version(client.version());
            client.cookieHandler().ifPresent(copy::cookieHandler);
            client.connectTimeout().ifPresent(copy::connectTimeout);
            client.proxy().ifPresent(copy::proxy);
            client.authenticator().ifPresent(copy::authenticator);
            client.executor().ifPresent(copy::executor);
            return copy.build();
        }

        /** Uses an existing cache, which other clients may use, too. */
        public Builder cache(HttpCache cache) {
            this.cache = Objects.requireNonNull(cache, "cache");
            return this;
        }

        /** Where a cache of this client's own keeps responses: in memory by default. */
        public Builder storage(Storage storage) {
            ownCache().storage(storage);
            return this;
        }

        /** How a cache of this client's own decides: {@link CachePolicy#DEFAULT} by default. */
        public Builder policy(CachePolicy policy) {
            ownCache().policy(policy);
            return this;
        }

        private HttpCache.Builder ownCache() {
            HttpCache.Builder own = ownCache == null ? HttpCache.builder() : ownCache;
            ownCache = own;
            return own;
        }

        private HttpClient.Builder jdk() {
            jdkTouched = true;
            return jdk;
        }

        @Override
        public Builder cookieHandler(CookieHandler cookieHandler) {
            jdk().cookieHandler(cookieHandler);
            return this;
        }

        @Override
        public Builder connectTimeout(Duration duration) {
            jdk().connectTimeout(duration);
            return this;
        }

        @Override
        public Builder sslContext(SSLContext sslContext) {
            jdk().sslContext(sslContext);
            return this;
        }

        @Override
        public Builder sslParameters(SSLParameters sslParameters) {
            jdk().sslParameters(sslParameters);
            return this;
        }

        @Override
        public Builder executor(Executor executor) {
            jdk().executor(executor);
            return this;
        }

        @Override
        public Builder followRedirects(Redirect policy) {
            followRedirects = Objects.requireNonNull(policy, "policy");
            return this;
        }

        @Override
        public Builder version(Version version) {
            jdk().version(version);
            return this;
        }

        @Override
        public Builder priority(int priority) {
            jdk().priority(priority);
            return this;
        }

        @Override
        public Builder proxy(ProxySelector proxySelector) {
            jdk().proxy(proxySelector);
            return this;
        }

        @Override
        public Builder authenticator(Authenticator authenticator) {
            jdk().authenticator(authenticator);
            return this;
        }

        /**
         * The client.
         *
         * @throws IllegalStateException if two things were given of which one can be used only: a client and options for
         *     a new one, or a cache and options for a new one
         */
        @Override
        public CacheClient build() {
            if (client != null && jdkTouched) {
                throw new IllegalStateException("options of a new client were given beside client(…): set them there");
            }
            if (cache != null && ownCache != null) {
                throw new IllegalStateException("storage or policy was given beside cache(…): set them there");
            }
            return new CacheClient(
                    client == null ? jdk.followRedirects(Redirect.NEVER).build() : client,
                    cache == null ? ownCache().build() : cache,
                    followRedirects == null ? Redirect.NEVER : followRedirects);
        }
    }
}
