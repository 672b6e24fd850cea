package dev.larder.conformance;

import dev.larder.HttpCache;
import dev.larder.client.spring.LarderAttributes;
import dev.larder.client.spring.LarderConnector;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.springframework.http.HttpMethod;
import org.springframework.http.client.reactive.ReactorClientHttpConnector;
import org.springframework.web.reactive.function.client.WebClient;
import org.springframework.web.reactive.function.client.WebClientException;
import reactor.netty.http.HttpProtocol;
import reactor.netty.http.client.HttpClient;

/** Spring's WebClient with Larder, over Reactor Netty. */
final class SpringWebClient implements ClientUnderTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final HttpCache cache;
    private final WebClient client;
    private final URI origin;

    SpringWebClient(HttpCache cache, URI origin) {
        this.cache = cache;
        this.origin = origin;
        // No connection is used again: this client does not notice that the suite has sent more than it announced.
        HttpClient plain =
                HttpClient.newConnection().protocol(HttpProtocol.HTTP11).disableRetry(true);
        client = WebClient.builder()
                .clientConnector(LarderConnector.over(cache, new ReactorClientHttpConnector(plain)))
                .codecs(codecs -> codecs.defaultCodecs().maxInMemorySize(-1))
                .build();
    }

    @Override
    public GatewayResponse send(GatewayRequest request) throws IOException {
        AtomicReference<String> explanation = new AtomicReference<>("");
        try {
            WebClient.RequestBodySpec spec = client.method(HttpMethod.valueOf(request.method()))
                    .uri(ApacheClassic.uri(origin, request))
                    .attributes(LarderAttributes.info(info -> explanation.set(info.explain())))
                    .headers(headers -> SpringRestClient.add(request, headers));
            if (request.content().length > 0) {
                spec.bodyValue(request.content());
            }
            return Objects.requireNonNull(spec.exchangeToMono(response -> response.bodyToMono(byte[].class)
                            .defaultIfEmpty(new byte[0])
                            .map(content -> new GatewayResponse(
                                    response.statusCode().value(),
                                    SpringRestClient.fields(response.headers().asHttpHeaders()),
                                    new ByteArrayInputStream(content),
                                    Objects.requireNonNull(explanation.get()))))
                    .block(PATIENCE));
        } catch (WebClientException | IllegalArgumentException | IllegalStateException e) {
            throw new IOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        cache.close();
    }
}
