package dev.larder.client.spring;

import dev.larder.HttpCache;
import dev.larder.client.Answer;
import dev.larder.client.Body;
import dev.larder.client.BodyKind;
import dev.larder.client.Call;
import dev.larder.client.ContentDigest;
import dev.larder.client.Origin;
import dev.larder.client.Redirection;
import dev.larder.client.Source;
import dev.larder.client.spring.RecordedRequest.Content;
import dev.larder.engine.RequestContent;
import dev.larder.http.HttpFields;
import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;
import dev.larder.http.TargetUri;
import dev.larder.policy.CacheControls;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.client.reactive.ClientHttpConnector;
import org.springframework.http.client.reactive.ClientHttpRequest;
import org.springframework.http.client.reactive.ClientHttpResponse;
import reactor.adapter.JdkFlowAdapter;
import reactor.core.publisher.Mono;
import reactor.util.context.ContextView;

/**
 * Gives {@code WebClient} and the HTTP interfaces on top of it a cache. Nothing waits, and whoever reads a body sets the pace.
 *
 * <pre>{@code
 * WebClient client = WebClient.builder()
 *         .clientConnector(LarderConnector.over(cache, new ReactorClientHttpConnector()))
 *         .build();
 * }</pre>
 *
 * <p>It is a connector and no {@code ExchangeFilterFunction}, because a filter sees a request before its content, its cookies
 * and the fields that describe them are written, and could answer only with its own codecs instead of the client's. Filters
 * work above it as usual. What a request does to its {@linkplain ClientHttpRequest#getNativeRequest() native} one is not
 * possible through it. Thread-safe.
 */
public final class LarderConnector implements ClientHttpConnector {
    private static final BodyKind<ClientHttpResponse> KIND = new BodyKind<>() {
        @Override
        public Source source(ClientHttpResponse response) {
            return Source.of(
                    JdkFlowAdapter.publisherToFlowPublisher(response.getBody().map(LarderConnector::taken)));
        }

        @Override
        public void discard(ClientHttpResponse response) {
            // A short rest is read so that the connection can be used again; a long one is given up.
            DataBufferUtils.takeUntilByteCount(response.getBody(), WORTH_READING)
                    .subscribe(DataBufferUtils::release, failure -> {
                        // Nobody waits for this body, so its failure concerns nobody.
                    });
        }
    };

    private static final int WORTH_READING = 64 * 1024;

    private final HttpCache cache;
    private final ClientHttpConnector delegate;
    private final boolean followRedirects;
    private final @Nullable Duration patience;

    private LarderConnector(
            HttpCache cache, ClientHttpConnector delegate, boolean followRedirects, @Nullable Duration patience) {
        this.cache = Objects.requireNonNull(cache, "cache");
        this.delegate = Objects.requireNonNull(delegate, "delegate");
        this.followRedirects = followRedirects;
        this.patience = patience;
    }

    /**
     * In front of another connector.
     *
     * @param delegate sends what the cache cannot answer. It must not follow redirects: a response would be stored under the
     *     URI that redirected to it, for this class cannot see that it did. Reactor's and the JDK's clients do not by
     *     default; Apache's and Jetty's do, and have to be told. See {@link #followRedirects}
     */
    public static LarderConnector over(HttpCache cache, ClientHttpConnector delegate) {
        return new LarderConnector(cache, delegate, false, null);
    }

    /** The same, but redirects are followed, above the cache, so that each response is stored under its own URI. */
    public LarderConnector followRedirects() {
        return new LarderConnector(cache, delegate, true, patience);
    }

    /**
     * The same, but a request waits so long at the most for another request's response to the same URI, which it would
     * share. Give it the delegate's response time-out, which this class cannot see; by default there is no limit.
     */
    public LarderConnector waitingAtMost(Duration limit) {
        return new LarderConnector(cache, delegate, followRedirects, Objects.requireNonNull(limit, "limit"));
    }

    @Override
    public Mono<ClientHttpResponse> connect(
            HttpMethod method, URI uri, Function<? super ClientHttpRequest, Mono<Void>> requestCallback) {
        return Mono.deferContextual(context -> {
            RecordedRequest recorded = new RecordedRequest(method, uri);
            AtomicBoolean cancelled = new AtomicBoolean();
            AtomicReference<@Nullable AnsweredResponse> given = new AtomicReference<>();
            return requestCallback
                    .apply(recorded)
                    .then(Mono.defer(() -> {
                        RequestHead head = new RequestHead(method.name(), TargetUri.of(uri), recorded.fields());
                        boolean cookies = !recorded.getCookies().isEmpty();
                        return new Hop(recorded, head, uri, recorded.content(), context, false, cookies).answer(0);
                    }))
                    // Whoever cancels when the response is on its way, or there and unread, will not close its body.
                    .doOnNext(response -> {
                        given.set(response);
                        if (cancelled.get()) {
                            response.abandon();
                        }
                    })
                    .doOnCancel(() -> {
                        cancelled.set(true);
                        AnsweredResponse response = given.get();
                        if (response != null) {
                            response.abandon();
                        }
                    });
        });
    }

    /** Out of a buffer that may be pooled, which is released. */
    private static List<ByteBuffer> taken(DataBuffer buffer) {
        ByteBuffer bytes = ByteBuffer.allocate(buffer.readableByteCount());
        buffer.toByteBuffer(bytes);
        DataBufferUtils.release(buffer);
        return List.of(bytes);
    }

    /** An answer that came when the caller had just given up. */
    static void abandon(Answer<?> answer) {
        if (answer.relayed() instanceof ClientHttpResponse relayed) {
            KIND.discard(relayed);
        }
        Body body = answer.body();
        if (body != null) {
            body.close();
        }
    }

    /** One request to the cache. */
    private final class Hop {
        private final RecordedRequest recorded;
        private final RequestHead asked;
        private final URI target;
        private final @Nullable Content body;
        private final ContextView context;
        private final boolean redirected;
        /** Cookies that have been left behind do not come back, as the other credentials in the fields do not. */
        private final boolean cookies;

        Hop(
                RecordedRequest recorded,
                RequestHead asked,
                URI target,
                @Nullable Content body,
                ContextView context,
                boolean redirected,
                boolean cookies) {
            this.recorded = recorded;
            this.asked = asked;
            this.target = target;
            this.body = body;
            this.context = context;
            this.redirected = redirected;
            this.cookies = cookies;
        }

        Mono<AnsweredResponse> answer(int followed) {
            CacheControls controls = LarderAttributes.controlsOf(recorded.getAttributes());
            if (body == null) {
                return answer(RequestContent.NONE, null, controls, followed);
            }
            if (!ContentDigest.isForKey(asked.method(), controls)) {
                return answer(RequestContent.OPAQUE, body, controls, followed);
            }
            return ReadAhead.of(body.whole()).flatMap(read -> {
                byte[] all = read.all();
                if (all == null) {
                    return answer(RequestContent.OPAQUE, body.with(read), controls, followed)
                            .doFinally(end -> read.release());
                }
                RequestContent known = ContentDigest.known(asked.fields(), all, controls);
                return answer(known, all.length == 0 ? null : body.with(all), controls, followed);
            });
        }

        private Mono<AnsweredResponse> answer(
                RequestContent content, @Nullable Content sent, CacheControls controls, int followed) {
            AtomicReference<@Nullable ClientHttpResponse> fromOrigin = new AtomicReference<>();
            Call call = new Call(asked, content, controls, patience);
            return Mono.<Answer<ClientHttpResponse>>fromFuture(
                            () -> cache.executeAsync(call, KIND, head -> send(head, sent, fromOrigin)))
                    .flatMap(answer -> {
                        AnsweredResponse response = new AnsweredResponse(answer, fromOrigin.get());
                        try {
                            LarderAttributes.tell(recorded.getAttributes(), answer.info());
                        } catch (RuntimeException e) {
                            abandon(answer);
                            throw e;
                        }
                        RequestHead next = followRedirects && followed < Redirection.MOST
                                ? Redirection.next(asked, answer.head())
                                : null;
                        return next == null ? Mono.just(response) : follow(next, response, followed);
                    })
                    .doOnDiscard(Answer.class, LarderConnector::abandon);
        }

        private Mono<AnsweredResponse> follow(RequestHead next, AnsweredResponse redirect, int followed) {
            // Read to its end, because what redirects is worth storing, too.
            redirect.getBody().subscribe(DataBufferUtils::release, failure -> {
                // Nobody reads this body; that it was not stored the listener hears.
            });
            boolean sameContent = next.method().equals(asked.method());
            return new Hop(
                            recorded,
                            next,
                            URI.create(next.uri().toString()),
                            sameContent ? body : null,
                            context,
                            true,
                            cookies && next.uri().sameOrigin(asked.uri()))
                    .answer(followed + 1);
        }

        private CompletableFuture<Origin.Response<ClientHttpResponse>> send(
                RequestHead head, @Nullable Content content, AtomicReference<@Nullable ClientHttpResponse> fromOrigin) {
            return delegate.connect(HttpMethod.valueOf(asked.method()), target, request -> {
                        request.getAttributes().putAll(recorded.getAttributes());
                        if (cookies) {
                            request.getCookies().addAll(recorded.getCookies());
                        }
                        request.getHeaders().addAll(headers(head));
                        return content == null ? request.setComplete() : content.writeTo(request);
                    })
                    .contextWrite(context)
                    .map(response -> {
                        fromOrigin.set(response);
                        HttpFields fields = SpringFields.of(response.getHeaders());
                        return new Origin.Response<>(
                                new ResponseHead(response.getStatusCode().value(), fields), response);
                    })
                    .toFuture();
        }

        /** Cookies are the connector's to write. */
        private HttpHeaders headers(RequestHead head) {
            if (!redirected && head.equals(asked)) {
                return recorded.getHeaders();
            }
            return SpringFields.toHeaders(cookies ? head.fields().without("Cookie") : head.fields());
        }
    }
}
