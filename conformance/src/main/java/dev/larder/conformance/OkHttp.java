package dev.larder.conformance;

import dev.larder.CacheInfo;
import dev.larder.HttpCache;
import dev.larder.client.okhttp.LarderOkHttp;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import okhttp3.ConnectionPool;
import okhttp3.Headers;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

/** OkHttp with Larder. */
final class OkHttp implements ClientUnderTest {
    private final HttpCache cache;
    private final OkHttpClient client;
    private final URI origin;

    OkHttp(HttpCache cache, URI origin) {
        this.cache = cache;
        this.origin = origin;
        OkHttpClient.Builder builder = new OkHttpClient.Builder()
                .protocols(List.of(Protocol.HTTP_1_1))
                .followRedirects(false)
                .retryOnConnectionFailure(false)
                .readTimeout(30, TimeUnit.SECONDS)
                // None is used again: OkHttp does not notice that the suite has sent more than it announced.
                .connectionPool(new ConnectionPool(0, IDLE_SECONDS, TimeUnit.SECONDS));
        client = LarderOkHttp.install(builder, cache).build();
    }

    @Override
    public GatewayResponse send(GatewayRequest request) throws IOException {
        Response response = client.newCall(toRequest(request)).execute();
        List<Field> fields = new ArrayList<>();
        for (int i = 0; i < response.headers().size(); i++) {
            fields.add(new Field(response.headers().name(i), response.headers().value(i)));
        }
        CacheInfo info = LarderOkHttp.cacheInfo(response);
        InputStream content = response.body().byteStream();
        return new GatewayResponse(response.code(), fields, content, info.explain());
    }

    private Request toRequest(GatewayRequest request) throws IOException {
        try {
            Headers.Builder headers = new Headers.Builder();
            for (Field field : request.forwardedFields()) {
                headers.addUnsafeNonAscii(field.name(), field.value());
            }
            boolean content = request.content().length > 0
                    || request.method().equals("POST")
                    || request.method().equals("PUT");
            return new Request.Builder()
                    .url(origin + request.target())
                    .headers(headers.build())
                    .method(request.method(), content ? RequestBody.create(request.content()) : null)
                    .build();
        } catch (IllegalArgumentException e) {
            throw new IOException("OkHttp cannot send this request", e);
        }
    }

    @Override
    public void close() throws IOException {
        client.dispatcher().executorService().shutdown();
        client.connectionPool().evictAll();
        cache.close();
    }
}
