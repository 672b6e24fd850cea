package dev.larder.client.spring;

import dev.larder.http.HttpFields;
import java.net.URI;
import java.util.List;
import java.util.function.Function;
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
    private @Nullable Content content;

    /**
     * The content of a request.
     *
     * @param pieces what is to be flushed, piece by piece; null when nothing is
     * @param whole all of it; handed on as it is, because clients see by its type that it is one buffer
     */
    record Content(
            @Nullable Publisher<? extends Publisher<? extends DataBuffer>> pieces,
            Publisher<? extends DataBuffer> whole) {
        static Content of(Publisher<? extends DataBuffer> whole) {
            return new Content(null, whole);
        }

        static Content flushed(Publisher<? extends Publisher<? extends DataBuffer>> pieces) {
            return new Content(pieces, Flux.from(pieces).concatMap(Function.identity()));
        }

        /** The same from memory, written in the same way. */
        Content with(byte[] bytes) {
            Mono<DataBuffer> all = Mono.fromSupplier(() -> DefaultDataBufferFactory.sharedInstance.wrap(bytes));
            return pieces == null ? of(all) : flushed(Mono.just(all));
        }

        /** Other content, written in the same way. */
        Content with(Publisher<DataBuffer> other) {
            return pieces == null
                    ? of(whole instanceof Mono ? Mono.fromDirect(other) : other)
                    : flushed(Mono.just(other));
        }

        Mono<Void> writeTo(ClientHttpRequest request) {
            return pieces == null ? request.writeWith(whole) : request.writeAndFlushWith(pieces);
        }
    }

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

    /** The content; null when there is none. */
    @Nullable
    Content content() {
        return content;
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
    public Mono<Void> writeWith(Publisher<? extends DataBuffer> whole) {
        content = Content.of(whole);
        return doCommit();
    }

    @Override
    public Mono<Void> writeAndFlushWith(Publisher<? extends Publisher<? extends DataBuffer>> pieces) {
        content = Content.flushed(pieces);
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
