package dev.larder.conformance;

import dev.larder.HttpCache;
import dev.larder.client.apache.LarderContext;
import dev.larder.client.apache.LarderHttpClients;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.client5.http.routing.RoutingSupport;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.util.TimeValue;

/** Apache HttpClient's classic client with Larder. */
final class ApacheClassic implements ClientUnderTest {
    private final HttpCache cache;
    private final CloseableHttpClient client;
    private final URI origin;

    ApacheClassic(HttpCache cache, URI origin) {
        this.cache = cache;
        this.origin = origin;
        client = LarderHttpClients.custom(cache)
                .setConnectionManager(PoolingHttpClientConnectionManagerBuilder.create()
                        .setMaxConnPerRoute(200)
                        .setMaxConnTotal(200)
                        .setDefaultConnectionConfig(connections())
                        .build())
                // None is used again: this client does not notice that the suite has sent more than it announced.
                .setConnectionReuseStrategy((request, response, context) -> false)
                .disableRedirectHandling()
                .disableAutomaticRetries()
                .disableContentCompression()
                .disableCookieManagement()
                .disableAuthCaching()
                .build();
    }

    static ConnectionConfig connections() {
        return ConnectionConfig.custom()
                .setValidateAfterInactivity(TimeValue.ofMilliseconds(100))
                .build();
    }

    @Override
    public GatewayResponse send(GatewayRequest request) throws IOException {
        HttpClientContext context = HttpClientContext.create();
        HttpUriRequestBase sent = new HttpUriRequestBase(request.method(), uri(origin, request));
        for (Field field : request.fieldsWithoutHost()) {
            sent.addHeader(field.name(), field.value());
        }
        if (request.content().length > 0) {
            sent.setEntity(new ByteArrayEntity(request.content(), null));
        }
        ClassicHttpResponse response;
        try {
            response = client.executeOpen(RoutingSupport.determineHost(sent), sent, context);
        } catch (HttpException e) {
            throw new IOException(e);
        }
        HttpEntity entity = response.getEntity();
        InputStream content = entity == null ? InputStream.nullInputStream() : entity.getContent();
        return new GatewayResponse(
                response.getCode(),
                fields(response.getHeaders()),
                content,
                LarderContext.cacheInfo(context).explain());
    }

    static URI uri(URI origin, GatewayRequest request) throws IOException {
        try {
            return URI.create(origin + request.target());
        } catch (IllegalArgumentException e) {
            throw new IOException("this client cannot send this request", e);
        }
    }

    static List<Field> fields(Header[] headers) {
        List<Field> fields = new ArrayList<>();
        for (Header header : headers) {
            fields.add(new Field(header.getName(), header.getValue() == null ? "" : header.getValue()));
        }
        return fields;
    }

    @Override
    public void close() throws IOException {
        client.close();
        cache.close();
    }
}
