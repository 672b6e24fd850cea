package dev.larder.client.spring;

import dev.larder.CacheInfo;
import dev.larder.client.Answer;
import dev.larder.client.Body;
import java.net.HttpCookie;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.ResponseCookie;
import org.springframework.http.client.reactive.ClientHttpResponse;
import org.springframework.util.LinkedMultiValueMap;
import org.springframework.util.MultiValueMap;
import reactor.adapter.JdkFlowAdapter;
import reactor.core.publisher.Flux;

/** What the caller is given: the origin's response, or one that the cache serves. */
final class AnsweredResponse implements ClientHttpResponse, CacheInfo.Carrier {
    private final Answer<ClientHttpResponse> answer;
    private final @Nullable ClientHttpResponse fromOrigin;
    private final HttpHeaders headers;
    /** Someone reads the body, or nobody ever will. */
    private final AtomicBoolean taken = new AtomicBoolean();

    /**
     * An answer.
     *
     * @param fromOrigin the origin's last response, if it was asked
     */
    AnsweredResponse(Answer<ClientHttpResponse> answer, @Nullable ClientHttpResponse fromOrigin) {
        this.answer = answer;
        this.fromOrigin = answer.info().fromCache() ? null : fromOrigin;
        this.headers = SpringFields.answered(answer.head().fields(), this.fromOrigin);
    }

    @Override
    public CacheInfo cacheInfo() {
        return answer.info();
    }

    @Override
    public HttpStatusCode getStatusCode() {
        return HttpStatusCode.valueOf(answer.head().status());
    }

    @Override
    public HttpHeaders getHeaders() {
        return headers;
    }

    @Override
    public MultiValueMap<String, ResponseCookie> getCookies() {
        if (fromOrigin != null) {
            return fromOrigin.getCookies();
        }
        MultiValueMap<String, ResponseCookie> cookies = new LinkedMultiValueMap<>();
        for (String value : headers.getOrEmpty(HttpHeaders.SET_COOKIE)) {
            for (HttpCookie cookie : parsed(value)) {
                cookies.add(
                        cookie.getName(),
                        ResponseCookie.fromClientResponse(cookie.getName(), cookie.getValue())
                                .domain(cookie.getDomain())
                                .path(cookie.getPath())
                                .maxAge(cookie.getMaxAge())
                                .secure(cookie.getSecure())
                                .httpOnly(cookie.isHttpOnly())
                                .build());
            }
        }
        return cookies;
    }

    private static List<HttpCookie> parsed(String value) {
        try {
            return HttpCookie.parse(value);
        } catch (IllegalArgumentException e) {
            // What a server sends as a cookie need not be one; the field itself is still there.
            return List.of();
        }
    }

    /** The caller has given up: the body is closed if nobody has begun to read it. */
    void abandon() {
        if (taken.compareAndSet(false, true)) {
            LarderConnector.abandon(answer);
        }
    }

    @Override
    public Flux<DataBuffer> getBody() {
        return Flux.defer(() -> taken.compareAndSet(false, true)
                ? body()
                : Flux.error(
                        new IllegalStateException("the body of a response can be read once, and not after a cancel")));
    }

    private Flux<DataBuffer> body() {
        ClientHttpResponse relayed = answer.relayed();
        Body body = answer.body();
        if (relayed != null) {
            return relayed.getBody();
        }
        return body == null
                ? Flux.empty()
                : JdkFlowAdapter.flowPublisherToFlux(body.publisher())
                        .concatMapIterable(pieces -> pieces)
                        .map(DefaultDataBufferFactory.sharedInstance::wrap);
    }
}
