package dev.larder.client.spring;

import dev.larder.http.HttpFields;
import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.http.HttpCookie;
import org.springframework.http.HttpMethod;
import org.springframework.http.client.reactive.AbstractClientHttpRequest;
import org.springframework.http.client.reactive.ClientHttpRequest;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A request as it is written, before it is known whether it has to be sent. Its content is not subscribed to. */
final class RecordedRequest extends AbstractClientHttpRequest {
    private final HttpMethod method;
    private final URI uri;
    private @Nullable Publisher<? extends Publisher<? extends DataBuffer>> body;
    private boolean flushes;

    RecordedRequest(HttpMethod method, URI uri) {
        this.method = method;
        this.uri = uri;
    }

    /** The fields that the origin will see as far as they matter to the cache: with the cookies, which are kept apart. */
    HttpFields fields() {
        HttpFields.Builder fields = SpringFields.of(getHeaders()).toBuilder();
        for (List<HttpCookie> cookies : getCookies().values()) {
            for (HttpCookie cookie : cookies) {
                fields.addReceived("Cookie", cookie.toString());
            }
        }
        return fields.build();
    }

    /** The content, in the pieces that are to be flushed; null when there is none. */
    @Nullable
    Publisher<? extends Publisher<? extends DataBuffer>> body() {
        return body;
    }

    /** Writes content in the way this request's was written. */
    Mono<Void> write(Publisher<? extends Publisher<? extends DataBuffer>> content, ClientHttpRequest to) {
        return flushes ? to.writeAndFlushWith(content) : to.writeWith(Flux.concat(content));
    }

    @Override
    public HttpMethod getMethod() {
        return method;
    }

    @Override
    public URI getURI() {
        return uri;
    }

    @Override
    public DataBufferFactory bufferFactory() {
        return DefaultDataBufferFactory.sharedInstance;
    }

    @Override
    @SuppressWarnings("TypeParameterUnusedInFormals") // Spring's signature.
    public <T> T getNativeRequest() {
        throw new UnsupportedOperationException("a request that the cache may answer has no native request");
    }

    @Override
    public Mono<Void> writeWith(Publisher<? extends DataBuffer> content) {
        body = Mono.just(content);
        return doCommit();
    }

    @Override
    public Mono<Void> writeAndFlushWith(Publisher<? extends Publisher<? extends DataBuffer>> content) {
        body = content;
        flushes = true;
        return doCommit();
    }

    @Override
    public Mono<Void> setComplete() {
        return doCommit();
    }

    @Override
    protected void applyHeaders() {
        // They are read when the request is answered.
    }

    @Override
    protected void applyCookies() {
        // Likewise.
    }
}
