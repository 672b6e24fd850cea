package dev.larder.client.apache;

import dev.larder.CacheInfo;
import dev.larder.HttpCache;
import dev.larder.client.Answer;
import dev.larder.client.Body;
import dev.larder.client.BodyKind;
import dev.larder.client.Call;
import dev.larder.client.Origin;
import dev.larder.client.Source;
import dev.larder.engine.RequestContent;
import dev.larder.http.RequestHead;
import dev.larder.policy.CacheControls;
import java.io.IOException;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.apache.hc.client5.http.async.AsyncExecCallback;
import org.apache.hc.client5.http.async.AsyncExecChain;
import org.apache.hc.client5.http.async.AsyncExecChainHandler;
import org.apache.hc.client5.http.async.AsyncExecRuntime;
import org.apache.hc.client5.http.impl.classic.RequestFailedException;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.core5.concurrent.ComplexCancellable;
import org.apache.hc.core5.http.EntityDetails;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.HttpRequest;
import org.apache.hc.core5.http.HttpResponse;
import org.apache.hc.core5.http.impl.IncomingEntityDetails;
import org.apache.hc.core5.http.message.BasicHttpResponse;
import org.apache.hc.core5.http.message.MessageSupport;
import org.apache.hc.core5.http.nio.AsyncDataConsumer;
import org.apache.hc.core5.http.nio.AsyncEntityProducer;
import org.apache.hc.core5.http.nio.entity.BasicAsyncEntityProducer;
import org.apache.hc.core5.http.support.BasicRequestBuilder;
import org.jspecify.annotations.Nullable;

/**
 * The cache in the asynchronous client's execution chain; like {@link ClassicCaching} it gives the origin's exchange a
 * runtime of its own.
 */
final class AsyncCaching implements AsyncExecChainHandler {
    private static final BodyKind<AsyncBody> KIND = new BodyKind<>() {
        @Override
        public Source source(AsyncBody body) {
            return Source.of(body);
        }

        @Override
        public void discard(AsyncBody body) {
            body.discard();
        }
    };

    private final HttpCache cache;
    private final Messages messages;

    AsyncCaching(HttpCache cache, Messages messages) {
        this.cache = cache;
        this.messages = messages;
    }

    @Override
    public void execute(
            HttpRequest request,
            @Nullable AsyncEntityProducer content,
            AsyncExecChain.Scope scope,
            AsyncExecChain chain,
            AsyncExecCallback callback)
            throws HttpException, IOException {
        LarderContext.begin(scope.clientContext);
        CacheControls controls = LarderContext.controls(scope.clientContext);
        messages.intercept(request, content, scope.clientContext);
        if (content == null || !Messages.isForKey(request, content, content.isRepeatable(), controls)) {
            send(request, content, Messages.content(content), scope, chain, callback);
            return;
        }
        new CollectingChannel(content).collect().whenComplete((bytes, failure) -> {
            if (failure != null) {
                callback.failed(exception(failure));
                return;
            }
            RequestContent known = Messages.known(request, content, bytes, controls);
            AsyncEntityProducer again = content;
            if (known.digest() != null) {
                again = new BasicAsyncEntityProducer(bytes, null, content.isChunked());
            } else {
                content.releaseResources();
            }
            send(request, again, known, scope, chain, callback);
        });
    }

    private void send(
            HttpRequest request,
            @Nullable AsyncEntityProducer producer,
            RequestContent content,
            AsyncExecChain.Scope scope,
            AsyncExecChain chain,
            AsyncExecCallback callback) {
        HttpClientContext context = scope.clientContext;
        RequestHead head = messages.head(request, scope.route, context);
        if (head == null) {
            LarderContext.answered(context, CacheInfo.bypassed());
            try {
                chain.proceed(request, producer, scope, callback);
            } catch (HttpException | IOException e) {
                callback.failed(e);
            }
            return;
        }
        Call call = new Call(head, content, LarderContext.controls(context), Messages.patience(context));
        HttpClientContext background = Messages.withDefaultsOf(context);
        FromOrigin origin = new FromOrigin(
                messages, request, producer, head, scope, chain, background, callback, new AtomicReference<>());
        CompletableFuture<Answer<AsyncBody>> answer = cache.executeAsync(call, KIND, origin);
        scope.cancellableDependency.setDependency(() -> answer.cancel(true));
        answer.whenComplete((answered, failure) -> {
            if (failure != null) {
                callback.failed(exception(failure));
            } else {
                answered(answered, request, origin.last.get(), scope, callback);
            }
        });
    }

    private static Exception exception(Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        if (cause instanceof CancellationException) {
            return new RequestFailedException("Request aborted", cause);
        }
        return cause instanceof Exception e ? e : new IOException(cause);
    }

    private static void answered(
            Answer<AsyncBody> answer,
            HttpRequest request,
            @Nullable AsyncBody last,
            AsyncExecChain.Scope scope,
            AsyncExecCallback callback) {
        HttpClientContext context = scope.clientContext;
        LarderContext.answered(context, answer.info());
        AsyncBody relayed = answer.relayed();
        Body body = answer.body();
        HttpResponse response;
        EntityDetails details;
        AsyncBody origin = relayed;
        if (relayed != null) {
            response = relayed.response();
            details = relayed.details();
            Messages.fill(response, answer.head().fields(), response);
        } else {
            response = new BasicHttpResponse(answer.head().status());
            origin = answer.info().fromCache() ? null : last;
            Messages.fill(response, answer.head().fields(), origin == null ? null : origin.response());
            details = body != null && MessageSupport.canResponseHaveBody(request.getMethod(), response)
                    ? new IncomingEntityDetails(response, body.length())
                    : null;
            if (origin == null) {
                Messages.served(context, scope.route, request, response);
            }
        }
        // Before the caller hears of the response: one who has had enough then has not cancelled.
        Feeding feeding = new Feeding(origin, callback, scope.execCount);
        scope.cancellableDependency.setDependency(feeding);
        try {
            AsyncDataConsumer consumer = callback.handleResponse(response, details);
            feeding.consumer(details == null ? null : consumer);
        } catch (HttpException | IOException | RuntimeException e) {
            if (relayed != null) {
                relayed.cancel();
            } else if (body != null) {
                body.close();
            }
            callback.failed(e);
            return;
        }
        if (relayed != null) {
            relayed.subscribe(feeding);
        } else if (body != null) {
            body.publisher().subscribe(feeding);
        }
    }

    /**
     * Sends the request down the chain.
     *
     * @param background the context of what no caller waits for
     * @param last what the origin answered the caller's request with
     */
    private record FromOrigin(
            Messages messages,
            HttpRequest request,
            @Nullable AsyncEntityProducer producer,
            RequestHead head,
            AsyncExecChain.Scope scope,
            AsyncExecChain chain,
            HttpClientContext background,
            AsyncExecCallback caller,
            AtomicReference<@Nullable AsyncBody> last)
            implements Origin.Async<AsyncBody> {
        @Override
        public Origin.Async<AsyncBody> inBackground() {
            return wanted -> send(wanted, background, new AtomicInteger(1), null, body -> {});
        }

        @Override
        public CompletionStage<Origin.Response<AsyncBody>> send(RequestHead wanted) {
            return send(wanted, scope.clientContext, scope.execCount, caller, last::set);
        }

        private CompletionStage<Origin.Response<AsyncBody>> send(
                RequestHead wanted,
                HttpClientContext context,
                AtomicInteger count,
                @Nullable AsyncExecCallback caller,
                Consumer<AsyncBody> arriving) {
            Exchange exchange = new Exchange(scope.execRuntime.fork(), context, caller, arriving);
            AsyncExecChain.Scope own = new AsyncExecChain.Scope(
                    scope.exchangeId,
                    scope.route,
                    conditional(wanted),
                    exchange.dependency,
                    context,
                    exchange.runtime,
                    scope.scheduler,
                    count);
            try {
                chain.proceed(conditional(wanted), producer, own, exchange);
            } catch (HttpException | IOException | RuntimeException e) {
                exchange.failed(e);
            }
            return exchange.response;
        }

        private HttpRequest conditional(RequestHead wanted) {
            HttpRequest copy = BasicRequestBuilder.copy(request).build();
            Messages.condition(copy, head, wanted);
            return copy;
        }

        /** One exchange with the origin. */
        private final class Exchange implements AsyncExecCallback {
            private final AsyncExecRuntime runtime;
            private final HttpClientContext context;
            private final @Nullable AsyncExecCallback caller;
            private final Consumer<AsyncBody> arriving;
            private final ComplexCancellable dependency = new ComplexCancellable();
            private final CompletableFuture<Origin.Response<AsyncBody>> response = new CompletableFuture<>();
            private volatile @Nullable AsyncBody body;

            Exchange(
                    AsyncExecRuntime runtime,
                    HttpClientContext context,
                    @Nullable AsyncExecCallback caller,
                    Consumer<AsyncBody> arriving) {
                this.runtime = runtime;
                this.context = context;
                this.caller = caller;
                this.arriving = arriving;
                response.whenComplete((received, failure) -> {
                    if (response.isCancelled()) {
                        abort();
                    }
                });
            }

            private void abort() {
                dependency.cancel();
                runtime.discardEndpoint();
            }

            @Override
            public void handleInformationResponse(HttpResponse interim) throws HttpException, IOException {
                ReceivedBytes.interim(context, interim);
                if (caller != null) {
                    caller.handleInformationResponse(interim);
                }
            }

            @Override
            public @Nullable AsyncDataConsumer handleResponse(HttpResponse received, @Nullable EntityDetails details) {
                AsyncBody own = new AsyncBody(received, details, this::abort);
                body = own;
                arriving.accept(own);
                if (!response.complete(messages.received(received, own, request, head, context))) {
                    own.discard();
                }
                return details == null ? null : own;
            }

            @Override
            public void completed() {
                runtime.releaseEndpoint();
                AsyncBody arrived = body;
                if (arrived != null) {
                    arrived.end(null);
                }
            }

            @Override
            public void failed(Exception cause) {
                runtime.discardEndpoint();
                response.completeExceptionally(cause);
                AsyncBody broken = body;
                if (broken != null) {
                    broken.end(cause);
                }
            }
        }
    }
}
