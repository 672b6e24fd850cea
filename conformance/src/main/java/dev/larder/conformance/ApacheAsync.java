package dev.larder.conformance;

import dev.larder.HttpCache;
import dev.larder.client.apache.LarderContext;
import dev.larder.client.apache.LarderHttpClients;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.util.concurrent.ExecutionException;
import org.apache.hc.client5.http.async.methods.SimpleHttpRequest;
import org.apache.hc.client5.http.async.methods.SimpleHttpResponse;
import org.apache.hc.client5.http.async.methods.SimpleRequestBuilder;
import org.apache.hc.client5.http.config.TlsConfig;
import org.apache.hc.client5.http.impl.async.CloseableHttpAsyncClient;
import org.apache.hc.client5.http.impl.nio.PoolingAsyncClientConnectionManagerBuilder;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.core5.http2.HttpVersionPolicy;

/** Apache HttpClient's asynchronous client with Larder. */
final class ApacheAsync implements ClientUnderTest {
    private final HttpCache cache;
    private final CloseableHttpAsyncClient client;
    private final URI origin;

    ApacheAsync(HttpCache cache, URI origin) {
        this.cache = cache;
        this.origin = origin;
        client = LarderHttpClients.customAsync(cache)
                .setConnectionManager(PoolingAsyncClientConnectionManagerBuilder.create()
                        .setMaxConnPerRoute(200)
                        .setMaxConnTotal(200)
                        .setDefaultConnectionConfig(ApacheClassic.connections())
                        .setDefaultTlsConfig(TlsConfig.custom()
                                .setVersionPolicy(HttpVersionPolicy.FORCE_HTTP_1)
                                .build())
                        .build())
                // None is used again: this client does not notice that the suite has sent more than it announced.
                .setConnectionReuseStrategy((request, response, context) -> false)
                .disableRedirectHandling()
                .disableAutomaticRetries()
                .disableContentCompression()
                .disableCookieManagement()
                .disableAuthCaching()
                .build();
        client.start();
    }

    @Override
    public GatewayResponse send(GatewayRequest request) throws IOException, InterruptedException {
        HttpClientContext context = HttpClientContext.create();
        SimpleHttpRequest sent = SimpleRequestBuilder.create(request.method())
                .setUri(ApacheClassic.uri(origin, request))
                .build();
        for (Field field : request.fieldsWithoutHost()) {
            sent.addHeader(field.name(), field.value());
        }
        if (request.content().length > 0) {
            sent.setBody(request.content(), null);
        }
        SimpleHttpResponse response;
        try {
            response = client.execute(sent, context, null).get();
        } catch (ExecutionException e) {
            throw new IOException(e.getCause());
        }
        byte[] content = response.getBodyBytes();
        return new GatewayResponse(
                response.getCode(),
                ApacheClassic.fields(response.getHeaders()),
                new ByteArrayInputStream(content == null ? new byte[0] : content),
                LarderContext.cacheInfo(context).explain());
    }

    @Override
    public void close() throws IOException {
        client.close();
        cache.close();
    }
}
