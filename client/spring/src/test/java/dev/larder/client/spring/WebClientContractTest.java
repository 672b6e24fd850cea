package dev.larder.client.spring;

import dev.larder.CacheInfo;
import dev.larder.http.HttpFields;
import dev.larder.storage.Storage;
import dev.larder.storage.sqlite.SqliteStorage;
import dev.larder.testkit.ClientContract;
import dev.larder.testkit.ClientSetup;
import dev.larder.testkit.ManualClock;
import dev.larder.testkit.TestCall;
import dev.larder.testkit.TestClient;
import dev.larder.testkit.TestRequest;
import dev.larder.testkit.TestResponse;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLException;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.HttpMethod;
import org.springframework.http.client.reactive.ClientHttpConnector;
import org.springframework.http.client.reactive.ReactorClientHttpConnector;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.netty.http.HttpProtocol;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;

/** The client contract for WebClient, over Reactor Netty. */
final class WebClientContractTest extends ClientContract {
    private static final int HTTP2_WINDOW = 16 << 20;

    @Override
    protected TestClient open(ClientSetup setup) throws Exception {
        ConnectionProvider connections =
                ConnectionProvider.builder("contract").maxConnections(500).build();
        HttpClient plain =
                HttpClient.create(connections).protocol(setup.http2() ? HttpProtocol.H2 : HttpProtocol.HTTP11);
        if (setup.http2()) {
            SslContext tls = tls(setup);
            // With the default of 64 KiB, Reactor Netty by itself comes to a stop after a while against this origin.
            plain = plain.secure(spec -> spec.sslContext(tls))
                    .http2Settings(settings -> settings.initialWindowSize(HTTP2_WINDOW));
        }
        if (setup.timeout().isPresent()) {
            plain = plain.responseTimeout(setup.timeout().get());
        }
        ClientHttpConnector connector = new ReactorClientHttpConnector(plain);
        if (setup.cache().isPresent()) {
            LarderConnector over = LarderConnector.over(setup.cache().get(), connector);
            LarderConnector larder = setup.followRedirects() ? over.followRedirects() : over;
            connector = setup.timeout().map(larder::waitingAtMost).orElse(larder);
        }
        WebClient client = WebClient.builder().clientConnector(connector).build();
        return new TestClient() {
            @Override
            public TestCall start(TestRequest request) {
                return WebClientContractTest.start(client, request, setup);
            }

            @Override
            public void close() {
                connections.dispose();
            }
        };
    }

    private static SslContext tls(ClientSetup setup) throws SSLException {
        return SslContextBuilder.forClient()
                .trustManager(setup.trust())
                .applicationProtocolConfig(new ApplicationProtocolConfig(
                        ApplicationProtocolConfig.Protocol.ALPN,
                        ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
                        ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
                        "h2"))
                .build();
    }

    private static TestCall start(WebClient client, TestRequest request, ClientSetup setup) {
        AtomicReference<CacheInfo> info = new AtomicReference<>();
        WebClient.RequestBodySpec spec = client.method(HttpMethod.valueOf(request.method()))
                .uri(request.uri())
                .attributes(LarderAttributes.controls(request.controls()))
                .attributes(LarderAttributes.info(info::set))
                .headers(headers -> headers.addAll(SpringFields.toHeaders(request.fields())));
        byte[] content = request.content();
        if (content != null) {
            spec.bodyValue(content);
        }
        CompletableFuture<ClientResponse> head = new CompletableFuture<>();
        // Read as a stream from outside: exchangeToMono would give up a body that is left when its function returns.
        InputStream body = DataBufferUtils.subscriberInputStream(
                spec.exchangeToFlux(response -> {
                            head.complete(response);
                            return response.bodyToFlux(DataBuffer.class);
                        })
                        .doOnError(head::completeExceptionally),
                4);
        CompletableFuture<TestResponse> sent = head.thenApply(response -> new TestResponse(
                null,
                setup.http2() ? "HTTP/2" : "HTTP/1.1",
                response.statusCode().value(),
                fields(response),
                body,
                Optional.ofNullable(info.get())));
        return TestCall.of(sent, () -> {
            sent.cancel(true);
            close(body);
        });
    }

    private static void close(InputStream body) {
        try {
            body.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static HttpFields fields(ClientResponse response) {
        return SpringFields.of(response.headers().asHttpHeaders());
    }

    @Override
    protected Storage otherStorage(Path directory, ManualClock clock) throws IOException {
        return SqliteStorage.builder()
                .path(directory.resolve("larder.sqlite"))
                .clock(clock)
                .build();
    }

    @Override
    protected boolean redirectsByItsOwnRules() {
        return false; // a matter of the client below, where the cache could not see them
    }

    @Override
    protected boolean keepsCookies() {
        return false; // likewise
    }

    @Override
    protected boolean answersChallenges() {
        return false; // likewise
    }
}
