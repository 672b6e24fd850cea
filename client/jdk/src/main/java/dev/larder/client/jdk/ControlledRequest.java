package dev.larder.client.jdk;

import dev.larder.policy.CacheControls;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.Optional;

/** A request with what its caller asks of the cache. */
final class ControlledRequest extends HttpRequest {
    private final HttpRequest request;
    private final CacheControls controls;

    ControlledRequest(HttpRequest request, CacheControls controls) {
        this.request = plain(request);
        this.controls = controls;
    }

    static HttpRequest plain(HttpRequest request) {
        return request instanceof ControlledRequest controlled ? controlled.request : request;
    }

    static CacheControls controls(HttpRequest request) {
        return request instanceof ControlledRequest controlled ? controlled.controls : CacheControls.NONE;
    }

    @Override
    public Optional<BodyPublisher> bodyPublisher() {
        return request.bodyPublisher();
    }

    @Override
    public String method() {
        return request.method();
    }

    @Override
    public Optional<Duration> timeout() {
        return request.timeout();
    }

    @Override
    public boolean expectContinue() {
        return request.expectContinue();
    }

    @Override
    public URI uri() {
        return request.uri();
    }

    @Override
    public Optional<HttpClient.Version> version() {
        return request.version();
    }

    @Override
    public HttpHeaders headers() {
        return request.headers();
    }
}
