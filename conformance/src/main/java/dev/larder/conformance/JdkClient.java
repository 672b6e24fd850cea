package dev.larder.conformance;

import dev.larder.CacheInfo;
import dev.larder.HttpCache;
import dev.larder.client.jdk.CacheClient;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;

/** Larder's client for {@code java.net.http}. */
final class JdkClient implements ClientUnderTest {
    private final CacheClient client;
    private final URI origin;
    private final boolean async;

    JdkClient(HttpCache cache, URI origin, boolean async) {
        this.client = CacheClient.newBuilder()
                .cache(cache)
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
        this.origin = origin;
        this.async = async;
    }

    /** What the JDK reads once, when its client is first used: called before that. */
    static void configure() {
        // Fields go through as they came, these included.
        System.setProperty("jdk.httpclient.allowRestrictedHeaders", "host,upgrade");
        // The suite's origin closes a connection after five seconds of silence.
        System.setProperty("jdk.httpclient.keepalive.timeout", Integer.toString(IDLE_SECONDS));
        // One attempt: the suite takes a repeated request for a fault of the cache.
        System.setProperty("jdk.httpclient.redirects.retrylimit", "1");
        System.setProperty("jdk.httpclient.disableRetryConnect", "true");
    }

    @Override
    public GatewayResponse send(GatewayRequest request) throws IOException, InterruptedException {
        HttpRequest sent = toRequest(request);
        HttpResponse<InputStream> response = async ? sendAsync(sent) : client.send(sent, BodyHandlers.ofInputStream());
        List<Field> fields = new ArrayList<>();
        response.headers().map().forEach((name, values) -> {
            for (String value : values) {
                fields.add(new Field(name, value));
            }
        });
        return new GatewayResponse(
                response.statusCode(),
                fields,
                response.body(),
                CacheInfo.of(response).explain());
    }

    private HttpResponse<InputStream> sendAsync(HttpRequest request) throws IOException, InterruptedException {
        try {
            return client.sendAsync(request, BodyHandlers.ofInputStream()).get();
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        }
    }

    private HttpRequest toRequest(GatewayRequest request) throws IOException {
        try {
            HttpRequest.Builder builder = HttpRequest.newBuilder(URI.create(origin + request.target()))
                    .method(
                            request.method(),
                            request.content().length == 0
                                    ? BodyPublishers.noBody()
                                    : BodyPublishers.ofByteArray(request.content()));
            for (Field field : request.forwardedFields()) {
                builder.header(field.name(), field.value());
            }
            return builder.build();
        } catch (IllegalArgumentException e) {
            throw new IOException("the JDK's client cannot send this request", e);
        }
    }

    @Override
    public void close() {
        client.close();
    }
}
