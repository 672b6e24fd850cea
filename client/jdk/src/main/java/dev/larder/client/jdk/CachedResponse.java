package dev.larder.client.jdk;

import dev.larder.CacheInfo;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Optional;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/** A response with how it came about. */
final class CachedResponse<T> implements HttpResponse<T>, CacheInfo.Carrier {
    private final Hop hop;
    private final @Nullable T body;
    private final @Nullable HttpResponse<T> previous;

    CachedResponse(Hop hop, @Nullable T body, @Nullable HttpResponse<T> previous) {
        this.hop = hop;
        this.body = body;
        this.previous = previous;
    }

    @Override
    public CacheInfo cacheInfo() {
        return hop.info();
    }

    @Override
    public int statusCode() {
        return hop.statusCode();
    }

    @Override
    public HttpRequest request() {
        return hop.request();
    }

    @Override
    public Optional<HttpResponse<T>> previousResponse() {
        return Optional.ofNullable(previous);
    }

    @Override
    public HttpHeaders headers() {
        return hop.headers();
    }

    @Override
    @SuppressWarnings("NullAway") // The JDK's interface knows no nullness: a body handler may well answer null.
    public T body() {
        return body;
    }

    @Override
    public Optional<SSLSession> sslSession() {
        return hop.sslSession();
    }

    @Override
    public URI uri() {
        return hop.request().uri();
    }

    @Override
    public HttpClient.Version version() {
        return hop.version();
    }

    @Override
    public String toString() {
        return "(" + hop.request().method() + " " + uri() + ") " + statusCode();
    }
}
