package dev.larder.conformance;

import dev.larder.HttpCache;
import dev.larder.client.spring.LarderAttributes;
import dev.larder.client.spring.LarderRequestFactory;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.client.ClientHttpResponse;
import org.springframework.http.client.JdkClientHttpRequestFactory;
import org.springframework.web.client.ResourceAccessException;
import org.springframework.web.client.RestClient;

/** Spring's RestClient with Larder, over the JDK's client. */
final class SpringRestClient implements ClientUnderTest {
    private final HttpCache cache;
    private final RestClient client;
    private final URI origin;

    SpringRestClient(HttpCache cache, URI origin) {
        this.cache = cache;
        this.origin = origin;
        JdkClientHttpRequestFactory plain = new JdkClientHttpRequestFactory(
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build());
        plain.enableCompression(false);
        client = RestClient.builder()
                .requestFactory(LarderRequestFactory.over(cache, plain))
                .build();
    }

    @Override
    public GatewayResponse send(GatewayRequest request) throws IOException {
        AtomicReference<String> explanation = new AtomicReference<>("");
        try {
            RestClient.RequestBodySpec spec = client.method(HttpMethod.valueOf(request.method()))
                    .uri(ApacheClassic.uri(origin, request))
                    .attributes(LarderAttributes.info(info -> explanation.set(info.explain())))
                    .headers(headers -> add(request, headers));
            if (request.content().length > 0) {
                spec.body(request.content());
            }
            return spec.exchangeForRequiredValue(
                    (sent, response) -> toResponse(response, Objects.requireNonNull(explanation.get())), false);
        } catch (ResourceAccessException | IllegalArgumentException e) {
            throw new IOException(e);
        }
    }

    static void add(GatewayRequest request, HttpHeaders headers) {
        for (Field field : request.forwardedFields()) {
            headers.add(field.name(), field.value());
        }
    }

    static List<Field> fields(HttpHeaders headers) {
        List<Field> fields = new ArrayList<>();
        headers.forEach((name, values) -> values.forEach(value -> fields.add(new Field(name, value))));
        return fields;
    }

    private static GatewayResponse toResponse(ClientHttpResponse response, String explanation) throws IOException {
        return new GatewayResponse(
                response.getStatusCode().value(), fields(response.getHeaders()), response.getBody(), explanation);
    }

    @Override
    public void close() throws IOException {
        cache.close();
    }
}
