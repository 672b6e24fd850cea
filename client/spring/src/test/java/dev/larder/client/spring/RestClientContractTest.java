package dev.larder.client.spring;

import dev.larder.CacheInfo;
import dev.larder.storage.Storage;
import dev.larder.storage.sqlite.SqliteStorage;
import dev.larder.testkit.ClientContract;
import dev.larder.testkit.ClientSetup;
import dev.larder.testkit.ManualClock;
import dev.larder.testkit.TestCall;
import dev.larder.testkit.TestClient;
import dev.larder.testkit.TestRequest;
import dev.larder.testkit.TestResponse;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.springframework.http.HttpMethod;
import org.springframework.http.client.ClientHttpResponse;
import org.springframework.http.client.JdkClientHttpRequestFactory;
import org.springframework.web.client.RestClient;

/** The client contract for RestClient, over the JDK's client. */
final class RestClientContractTest extends ClientContract {
    /** Their threads are the costly part. */
    private static final Map<Boolean, HttpClient> PLAIN = new ConcurrentHashMap<>();

    @Override
    protected TestClient open(ClientSetup setup) {
        HttpClient plain = PLAIN.computeIfAbsent(setup.http2(), http2 -> plain(setup));
        JdkClientHttpRequestFactory below = new JdkClientHttpRequestFactory(plain);
        setup.timeout().ifPresent(below::setReadTimeout);
        RestClient.Builder builder = RestClient.builder().requestFactory(below);
        setup.cache().ifPresent(cache -> {
            LarderRequestFactory factory = LarderRequestFactory.over(cache, below);
            factory = setup.followRedirects() ? factory.followRedirects() : factory;
            builder.requestFactory(setup.timeout().map(factory::waitingAtMost).orElse(factory));
        });
        RestClient client = builder.build();
        return new TestClient() {
            @Override
            public TestCall start(TestRequest request) {
                return TestCall.onThread(() -> send(client, request, setup));
            }

            @Override
            public void close() {}
        };
    }

    private static HttpClient plain(ClientSetup setup) {
        return HttpClient.newBuilder()
                .version(setup.http2() ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1)
                .sslContext(setup.tls())
                .build();
    }

    private static TestResponse send(RestClient client, TestRequest request, ClientSetup setup) {
        AtomicReference<CacheInfo> info = new AtomicReference<>();
        RestClient.RequestBodySpec spec = client.method(HttpMethod.valueOf(request.method()))
                .uri(request.uri())
                .attributes(LarderAttributes.controls(request.controls()))
                .attributes(LarderAttributes.info(info::set))
                .headers(headers -> headers.addAll(SpringFields.toHeaders(request.fields())));
        byte[] content = request.content();
        if (content != null) {
            spec.body(content);
        }
        return spec.exchange((asSent, response) -> toResponse(response, info.get(), setup), false);
    }

    private static TestResponse toResponse(ClientHttpResponse response, CacheInfo info, ClientSetup setup)
            throws IOException {
        return new TestResponse(
                null,
                setup.http2() ? "HTTP/2" : "HTTP/1.1",
                response.getStatusCode().value(),
                SpringFields.of(response.getHeaders()),
                response.getBody(),
                Optional.ofNullable(info));
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
    protected boolean decodesAboveTheCache() {
        return false; // Spring has the JDK's client decode
    }

    @Override
    protected boolean keepsCookies() {
        return false; // a matter of the client below, and none of its own
    }

    @Override
    protected boolean answersChallenges() {
        return false; // likewise
    }
}
