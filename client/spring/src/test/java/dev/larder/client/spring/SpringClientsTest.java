package dev.larder.client.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.CacheInfo;
import dev.larder.HttpCache;
import dev.larder.engine.CacheResult;
import dev.larder.policy.CacheControls;
import dev.larder.storage.memory.InMemoryStorage;
import dev.larder.testkit.ManualClock;
import dev.larder.testkit.Reply;
import dev.larder.testkit.ScriptedOrigin;
import dev.larder.testkit.WatchedStorage;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.ResponseEntity;
import org.springframework.http.client.reactive.ReactorClientHttpConnector;
import org.springframework.web.client.RestClient;
import org.springframework.web.client.RestTemplate;
import org.springframework.web.client.support.RestClientAdapter;
import org.springframework.web.reactive.function.client.WebClient;
import org.springframework.web.reactive.function.client.support.WebClientAdapter;
import org.springframework.web.service.annotation.GetExchange;
import org.springframework.web.service.invoker.HttpServiceProxyFactory;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;

/** What Spring's users write, over real sockets: each scenario through every client. */
@Timeout(60)
class SpringClientsTest {
    private final ManualClock clock = new ManualClock();
    private final ScriptedOrigin origin = ScriptedOrigin.start(clock);
    private final WatchedStorage storage =
            new WatchedStorage(InMemoryStorage.builder().clock(clock).build());
    private final HttpCache cache =
            HttpCache.builder().storage(storage).clock(clock).build();
    private final List<CacheInfo> infos = new ArrayList<>();
    private RestClient restClient;
    private WebClient webClient;

    enum Client {
        REST_CLIENT,
        WEB_CLIENT
    }

    @BeforeEach
    void clients() {
        restClient = RestClient.builder()
                .requestFactory(LarderRequestFactory.of(cache).followRedirects())
                .build();
        webClient = WebClient.builder()
                .clientConnector(LarderConnector.over(cache, new ReactorClientHttpConnector())
                        .followRedirects())
                .build();
    }

    @AfterEach
    void close() throws IOException {
        cache.close();
        origin.close();
    }

    private ResponseEntity<String> exchange(
            Client client, HttpMethod method, String path, String content, Consumer<Map<String, Object>> attributes) {
        Consumer<HttpHeaders> json = headers -> headers.add("Content-Type", "application/json");
        if (client == Client.REST_CLIENT) {
            RestClient.RequestBodySpec request = restClient
                    .method(method)
                    .uri(origin.uri(path))
                    .attributes(LarderAttributes.info(infos::add))
                    .attributes(attributes);
            if (content != null) {
                request.headers(json).body(content);
            }
            return request.retrieve().onStatus(status -> true, (q, r) -> {}).toEntity(String.class);
        }
        WebClient.RequestBodySpec request = webClient
                .method(method)
                .uri(origin.uri(path))
                .attributes(LarderAttributes.info(infos::add))
                .attributes(attributes);
        if (content != null) {
            request.headers(json).bodyValue(content);
        }
        return request.exchangeToMono(response -> response.toEntity(String.class))
                .block(Duration.ofSeconds(30));
    }

    private ResponseEntity<String> get(Client client, String path) {
        return exchange(client, HttpMethod.GET, path, null, attributes -> {});
    }

    private CacheResult last() {
        return infos.get(infos.size() - 1).status();
    }

    @ParameterizedTest
    @EnumSource
    void aMissAHitAndARevalidation(Client client) {
        origin.on("/a")
                .reply(Reply.ok("1")
                        .field("Cache-Control", "max-age=60")
                        .field("ETag", "\"1\"")
                        .field("X", "a"));
        assertThat(get(client, "/a").getBody()).isEqualTo("1");
        assertThat(last()).isEqualTo(CacheResult.MISS);
        ResponseEntity<String> hit = get(client, "/a");
        assertThat(hit.getBody()).isEqualTo("1");
        assertThat(hit.getHeaders().getFirst("X")).isEqualTo("a");
        assertThat(last()).isEqualTo(CacheResult.HIT);
        assertThat(origin.count("/a")).isEqualTo(1);
        clock.advance(Duration.ofSeconds(61));
        origin.on("/a").reply(Reply.status(304).field("ETag", "\"1\"").field("Cache-Control", "max-age=60"));
        assertThat(get(client, "/a").getBody()).isEqualTo("1");
        assertThat(last()).isEqualTo(CacheResult.REVALIDATED);
        assertThat(origin.requests("/a").get(1).first("If-None-Match")).isEqualTo("\"1\"");
    }

    /** As when a filter of the user's is busy with the response, or a time-out ends. */
    @Test
    void whoCancelsWithTheResponseInHandLeavesNothingOpen() throws Exception {
        byte[] large = new byte[200_000];
        ConnectionProvider one = ConnectionProvider.create("one", 1);
        WebClient client = WebClient.builder()
                .clientConnector(LarderConnector.over(cache, new ReactorClientHttpConnector(HttpClient.create(one))))
                .build();
        for (String control : List.of("max-age=60", "no-store")) {
            origin.on("/" + control).reply(Reply.ok().body(large).field("Cache-Control", control));
            // Being stored, or passed on, at first; then from the storage, if it is there.
            for (int i = 0; i < 2; i++) {
                CountDownLatch inHand = new CountDownLatch(1);
                Disposable waiting = client.mutate()
                        .filter((request, next) -> next.exchange(request).flatMap(response -> {
                            inHand.countDown();
                            return Mono.never();
                        }))
                        .build()
                        .get()
                        .uri(origin.uri("/" + control))
                        .retrieve()
                        .bodyToMono(byte[].class)
                        .subscribe();
                assertThat(inHand.await(20, TimeUnit.SECONDS)).isTrue();
                waiting.dispose();
                assertThat(storage.awaitAllClosed()).as(control + " " + i).isZero();
                assertThat(client.get()
                                .uri(origin.uri("/" + control))
                                .retrieve()
                                .bodyToMono(byte[].class)
                                .block(Duration.ofSeconds(10)))
                        .hasSize(large.length);
            }
        }
        one.dispose();
    }

    /** Some content can be had once only, such as what is read from a connection. */
    @Test
    void contentForAKeyIsSubscribedToOnceWhateverItsLength() {
        origin.on("/a").answer(request -> Reply.ok("" + request.body().length).field("Cache-Control", "max-age=60"));
        int piece = 300_000;
        for (int pieces : new int[] {0, 1, 3, 4, 5, 12}) {
            AtomicInteger subscriptions = new AtomicInteger();
            Flux<DataBuffer> content = Flux.range(0, pieces)
                    .map(i -> (DataBuffer) DefaultDataBufferFactory.sharedInstance.wrap(new byte[piece]))
                    .doOnSubscribe(subscription -> subscriptions.incrementAndGet());
            String got = webClient
                    .post()
                    .uri(origin.uri("/a"))
                    .attributes(LarderAttributes.controls(CacheControls.NONE.withBodyInKey()))
                    .attributes(LarderAttributes.info(infos::add))
                    .body(content, DataBuffer.class)
                    .retrieve()
                    .bodyToMono(String.class)
                    .block(Duration.ofSeconds(30));
            assertThat(got).isEqualTo("" + pieces * piece);
            assertThat(subscriptions).as(pieces + " pieces").hasValue(1);
            assertThat(infos.get(infos.size() - 1).stored())
                    .as(pieces + " pieces")
                    .isEqualTo(pieces > 0 && pieces <= 3);
        }
    }

    @Test
    void contentThatFailsBehindItsBeginningFailsTheRequest() {
        origin.on("/a").reply(Reply.ok("1"));
        for (int pieces : new int[] {1, 12}) {
            Flux<DataBuffer> content = Flux.range(0, pieces)
                    .map(i -> (DataBuffer) DefaultDataBufferFactory.sharedInstance.wrap(new byte[300_000]))
                    .concatWith(Flux.error(new IllegalStateException("no more")));
            assertThatThrownBy(() -> webClient
                            .post()
                            .uri(origin.uri("/a"))
                            .attributes(LarderAttributes.controls(CacheControls.NONE.withBodyInKey()))
                            .body(content, DataBuffer.class)
                            .retrieve()
                            .bodyToMono(String.class)
                            .block(Duration.ofSeconds(30)))
                    .hasStackTraceContaining("no more");
        }
    }

    @ParameterizedTest
    @EnumSource
    void credentialsAndValidatorsStayWithTheirOrigin(Client client) {
        try (ScriptedOrigin other = ScriptedOrigin.start(clock)) {
            origin.on("/from")
                    .reply(Reply.status(302)
                            .field("Location", other.uri("/to").toString())
                            .field("ETag", "\"from\"")
                            .field("Cache-Control", "max-age=0"));
            other.on("/to").reply(Reply.ok("there").field("Cache-Control", "max-age=60"));
            for (int i = 0; i < 2; i++) {
                RestClient.RequestHeadersSpec<?> blocking =
                        restClient.get().uri(origin.uri("/from")).header("Authorization", "Bearer x");
                WebClient.RequestHeadersSpec<?> reactive = webClient
                        .get()
                        .uri(origin.uri("/from"))
                        .header("Authorization", "Bearer x")
                        .cookie("a", "b");
                String body = client == Client.REST_CLIENT
                        ? blocking.retrieve().body(String.class)
                        : reactive.retrieve().bodyToMono(String.class).block(Duration.ofSeconds(30));
                assertThat(body).isEqualTo("there");
            }
            assertThat(origin.requests("/from").get(1).first("If-None-Match")).isEqualTo("\"from\"");
            assertThat(other.requests("/to")).singleElement().satisfies(sent -> {
                assertThat(sent.first("Authorization")).isNull();
                assertThat(sent.first("Cookie")).isNull();
                assertThat(sent.first("If-None-Match")).isNull();
            });
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRedirectToTheSameUriIsANewRequest(Client client) {
        origin.on("/form")
                .answer(request -> request.method().equals("POST")
                        ? Reply.status(303).field("Location", "/form")
                        : Reply.ok("got"));
        assertThat(exchange(client, HttpMethod.POST, "/form", "{}", attributes -> {})
                        .getBody())
                .isEqualTo("got");
        assertThat(origin.requests("/form").get(1).first("Content-Type")).isNull();
        assertThat(origin.requests("/form").get(1).bodyText()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void credentialsDoNotComeBack(Client client) {
        try (ScriptedOrigin other = ScriptedOrigin.start(clock)) {
            origin.on("/a")
                    .reply(Reply.status(302).field("Location", other.uri("/b").toString()));
            other.on("/b")
                    .reply(Reply.status(302).field("Location", origin.uri("/c").toString()));
            origin.on("/c").reply(Reply.ok("there"));
            String body = client == Client.REST_CLIENT
                    ? restClient
                            .get()
                            .uri(origin.uri("/a"))
                            .header("Authorization", "Bearer x")
                            .retrieve()
                            .body(String.class)
                    : webClient
                            .get()
                            .uri(origin.uri("/a"))
                            .header("Authorization", "Bearer x")
                            .cookie("a", "b")
                            .retrieve()
                            .bodyToMono(String.class)
                            .block(Duration.ofSeconds(30));
            assertThat(body).isEqualTo("there");
            assertThat(origin.requests("/a").get(0).first("Authorization")).isEqualTo("Bearer x");
            assertThat(origin.requests("/c").get(0).first("Authorization")).isNull();
            assertThat(origin.requests("/c").get(0).first("Cookie")).isNull();
        }
    }

    @ParameterizedTest
    @EnumSource
    void contentBelongsToTheKeyWhereTheCallerSaysSo(Client client) {
        origin.on("/q")
                .answer(request -> Reply.ok("answer to " + request.bodyText()).field("Cache-Control", "max-age=60"));
        Consumer<Map<String, Object>> inKey = LarderAttributes.controls(CacheControls.NONE.withBodyInKey());
        for (int i = 0; i < 2; i++) {
            for (String content : List.of("1", "2")) {
                assertThat(exchange(client, HttpMethod.POST, "/q", content, inKey)
                                .getBody())
                        .isEqualTo("answer to " + content);
            }
        }
        assertThat(origin.count("/q")).isEqualTo(2);
        assertThat(exchange(client, HttpMethod.POST, "/q", "1", attributes -> {})
                        .getBody())
                .isEqualTo("answer to 1");
        assertThat(origin.count("/q")).isEqualTo(3);
    }

    @ParameterizedTest
    @EnumSource
    void anUnsafeRequestInvalidates(Client client) {
        origin.on("/a").reply(Reply.ok("1").field("Cache-Control", "max-age=60"));
        get(client, "/a");
        exchange(client, HttpMethod.PUT, "/a", "x", attributes -> {});
        get(client, "/a");
        assertThat(last()).isEqualTo(CacheResult.MISS);
        assertThat(origin.count("/a")).isEqualTo(3);
    }

    interface Users {
        @GetExchange("/users")
        String all();
    }

    @ParameterizedTest
    @EnumSource
    void httpInterfaces(Client client) {
        origin.on("/users").reply(Reply.ok("ann").field("Cache-Control", "max-age=60"));
        String base = origin.uri("/").toString();
        HttpServiceProxyFactory factory = client == Client.REST_CLIENT
                ? HttpServiceProxyFactory.builderFor(RestClientAdapter.create(
                                restClient.mutate().baseUrl(base).build()))
                        .build()
                : HttpServiceProxyFactory.builderFor(WebClientAdapter.create(
                                webClient.mutate().baseUrl(base).build()))
                        .build();
        Users users = factory.createClient(Users.class);
        assertThat(users.all()).isEqualTo("ann");
        assertThat(users.all()).isEqualTo("ann");
        assertThat(origin.count("/users")).isEqualTo(1);
    }

    @org.junit.jupiter.api.Test
    void restTemplate() {
        origin.on("/a").reply(Reply.ok("1").field("Cache-Control", "max-age=60"));
        RestTemplate template = new RestTemplate(LarderRequestFactory.of(cache));
        assertThat(template.getForObject(origin.uri("/a"), String.class)).isEqualTo("1");
        assertThat(template.getForObject(origin.uri("/a"), String.class)).isEqualTo("1");
        assertThat(origin.count("/a")).isEqualTo(1);
    }
}
