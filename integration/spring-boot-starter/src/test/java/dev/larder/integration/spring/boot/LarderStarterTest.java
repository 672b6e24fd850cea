package dev.larder.integration.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.CacheInfo;
import dev.larder.HttpCache;
import dev.larder.client.spring.LarderAttributes;
import dev.larder.client.spring.LarderRequestFactory;
import dev.larder.engine.CacheResult;
import dev.larder.integration.micrometer.LarderMetrics;
import dev.larder.policy.CachePolicy;
import dev.larder.storage.Storage;
import dev.larder.storage.file.FileStorage;
import dev.larder.storage.memory.InMemoryStorage;
import dev.larder.testkit.Reply;
import dev.larder.testkit.ScriptedOrigin;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.http.client.autoconfigure.HttpClientAutoConfiguration;
import org.springframework.boot.http.client.autoconfigure.imperative.ImperativeHttpClientAutoConfiguration;
import org.springframework.boot.http.client.autoconfigure.reactive.ReactiveHttpClientAutoConfiguration;
import org.springframework.boot.restclient.RestTemplateBuilder;
import org.springframework.boot.restclient.autoconfigure.RestClientAutoConfiguration;
import org.springframework.boot.restclient.autoconfigure.RestTemplateAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.webclient.autoconfigure.WebClientAutoConfiguration;
import org.springframework.web.client.ResourceAccessException;
import org.springframework.web.client.RestClient;
import org.springframework.web.client.RestTemplate;
import org.springframework.web.client.support.RestClientAdapter;
import org.springframework.web.reactive.function.client.WebClient;
import org.springframework.web.service.annotation.GetExchange;
import org.springframework.web.service.annotation.HttpExchange;
import org.springframework.web.service.invoker.HttpServiceProxyFactory;

/** What an application gets that has the starter on its class path, over real sockets. */
@Timeout(120)
class LarderStarterTest {
    private final ScriptedOrigin origin = ScriptedOrigin.start();
    private final ApplicationContextRunner application = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    HttpClientAutoConfiguration.class,
                    ImperativeHttpClientAutoConfiguration.class,
                    ReactiveHttpClientAutoConfiguration.class,
                    RestClientAutoConfiguration.class,
                    RestTemplateAutoConfiguration.class,
                    WebClientAutoConfiguration.class,
                    LarderAutoConfiguration.class,
                    LarderRestClientAutoConfiguration.class,
                    LarderWebClientAutoConfiguration.class,
                    LarderEndpointAutoConfiguration.class,
                    LarderHealthAutoConfiguration.class,
                    LarderMetricsAutoConfiguration.class))
            .withPropertyValues("management.endpoints.web.exposure.include=*");

    @AfterEach
    void close() {
        origin.close();
    }

    private void fresh(String path) {
        origin.on(path).reply(Reply.ok("x").field("Cache-Control", "max-age=60"));
    }

    @Test
    void everyClientOfBootUsesTheOneCache() {
        fresh("/a");
        application.run(context -> {
            String uri = origin.uri("/a").toString();
            RestClient restClient = context.getBean(RestClient.Builder.class).build();
            assertThat(restClient.get().uri(uri).retrieve().body(String.class)).isEqualTo("x");
            assertThat(context.getBean(RestTemplateBuilder.class).build().getForObject(uri, String.class))
                    .isEqualTo("x");
            WebClient webClient = context.getBean(WebClient.Builder.class).build();
            assertThat(webClient
                            .get()
                            .uri(uri)
                            .retrieve()
                            .bodyToMono(String.class)
                            .block(Duration.ofSeconds(30)))
                    .isEqualTo("x");
            assertThat(origin.count("/a")).isEqualTo(1);
            assertThat(context.getBean(HttpCache.class).statistics().hits()).isEqualTo(2);
        });
    }

    @Test
    void eachClientKeepsItsOwnSettings() {
        CountDownLatch never = new CountDownLatch(1);
        origin.on("/slow").reply(Reply.ok("x").hold(never));
        application.run(context -> {
            RestTemplate impatient = context.getBean(RestTemplateBuilder.class)
                    .readTimeout(Duration.ofMillis(300))
                    .build();
            assertThat(impatient.getRequestFactory()).isInstanceOf(LarderRequestFactory.class);
            assertThatThrownBy(() -> impatient.getForObject(origin.uri("/slow"), String.class))
                    .isInstanceOf(ResourceAccessException.class);
        });
        never.countDown();
    }

    @HttpExchange
    interface Users {
        @GetExchange("/users")
        String all();
    }

    @Test
    void httpInterfacesUseItToo() {
        fresh("/users");
        application.run(context -> {
            RestClient restClient = context.getBean(RestClient.Builder.class)
                    .baseUrl(origin.uri("/").toString())
                    .build();
            Users users = HttpServiceProxyFactory.builderFor(RestClientAdapter.create(restClient))
                    .build()
                    .createClient(Users.class);
            users.all();
            assertThat(users.all()).isEqualTo("x");
            assertThat(origin.count("/users")).isEqualTo(1);
        });
    }

    @Test
    void redirectsAreFollowedAboveTheCache() {
        origin.on("/old").reply(Reply.status(301).field("Location", "/new").field("Cache-Control", "max-age=60"));
        fresh("/new");
        application.run(context -> {
            RestClient restClient = context.getBean(RestClient.Builder.class).build();
            restClient.get().uri(origin.uri("/old")).retrieve().body(String.class);
            List<CacheResult> results = new ArrayList<>();
            restClient
                    .get()
                    .uri(origin.uri("/new"))
                    .attributes(LarderAttributes.info(info -> results.add(info.status())))
                    .retrieve()
                    .body(String.class);
            assertThat(results).containsExactly(CacheResult.HIT);
            assertThat(context.getBean(HttpCache.class)
                            .entries()
                            .next()
                            .stored()
                            .uri()
                            .toString())
                    .startsWith(origin.uri("/").toString());
        });
    }

    @Test
    void propertiesChooseStorageAndPolicy(@TempDir Path directory) {
        application
                .withPropertyValues(
                        "larder.storage=file:" + directory + "?maxBytes=1m",
                        "larder.name=users",
                        "larder.mode=private",
                        "larder.ttl=1h",
                        "larder.rules[0].url=" + origin.uri("/") + "**",
                        "larder.rules[0].freshness=10m")
                .run(context -> {
                    assertThat(context.getBean(Storage.class)).isInstanceOf(FileStorage.class);
                    CachePolicy policy = context.getBean(CachePolicy.class);
                    assertThat(policy.shared()).isFalse();
                    assertThat(policy.cacheName()).isEqualTo("users");
                    origin.on("/a").reply(Reply.ok("x"));
                    RestClient client =
                            context.getBean(RestClient.Builder.class).build();
                    for (int i = 0; i < 2; i++) {
                        client.get().uri(origin.uri("/a")).retrieve().body(String.class);
                    }
                    assertThat(origin.count("/a")).isEqualTo(1);
                });
    }

    @Test
    void aServiceDecidesAsASharedCacheUnlessItSaysOtherwise() {
        application.run(context -> {
            assertThat(context.getBean(CachePolicy.class).shared()).isTrue();
            fresh("/a");
            RestClient client = context.getBean(RestClient.Builder.class).build();
            for (String token : List.of("ann", "bob")) {
                client.get()
                        .uri(origin.uri("/a"))
                        .header("Authorization", "Bearer " + token)
                        .retrieve()
                        .body(String.class);
            }
            assertThat(origin.count("/a")).isEqualTo(2);
        });
    }

    @Test
    void aStorageThatIsNotThereIsNamed() {
        application
                .withPropertyValues("larder.storage=nowhere:x")
                .run(context -> assertThat(context)
                        .getFailure()
                        .hasStackTraceContaining("storage scheme 'nowhere' is not known here"));
    }

    @Test
    void itCanBeSwitchedOffAsAWholeAndInParts() {
        application
                .withPropertyValues("larder.enabled=false")
                .run(context -> assertThat(context)
                        .doesNotHaveBean(HttpCache.class)
                        .doesNotHaveBean("larderRestClientPostProcessor")
                        .hasSingleBean(RestClient.Builder.class));
        application
                .withPropertyValues("larder.rest-client.enabled=false")
                .run(context -> assertThat(context)
                        .hasSingleBean(HttpCache.class)
                        .doesNotHaveBean("larderRestClientPostProcessor"));
    }

    @Test
    void beansOfTheApplicationGoBefore() {
        InMemoryStorage storage = InMemoryStorage.create();
        application
                .withBean(Storage.class, () -> storage)
                .withBean(CachePolicyCustomizer.class, () -> policy -> policy.cacheName("mine"))
                .run(context -> {
                    assertThat(context.getBean(HttpCache.class).storage()).isSameAs(storage);
                    assertThat(context.getBean(CachePolicy.class).cacheName()).isEqualTo("mine");
                });
        HttpCache cache = HttpCache.create();
        application
                .withBean(HttpCache.class, () -> cache)
                .run(context -> assertThat(context)
                        .hasSingleBean(HttpCache.class)
                        .doesNotHaveBean(Storage.class)
                        .hasBean("larderRestClientPostProcessor"));
    }

    @Test
    void theEndpointListsAndEvicts() {
        fresh("/a");
        fresh("/b");
        application.run(context -> {
            RestClient client = context.getBean(RestClient.Builder.class).build();
            for (String path : List.of("/a", "/b")) {
                client.get().uri(origin.uri(path)).retrieve().body(String.class);
            }
            LarderEndpoint endpoint = context.getBean(LarderEndpoint.class);
            assertThat(endpoint.report(null, null).entries()).hasSize(2);
            assertThat(endpoint.report(null, 1).more()).isTrue();
            assertThat(endpoint.report(origin.uri("/a").toString(), null).entries())
                    .singleElement()
                    .satisfies(entry -> assertThat(entry.bodyBytes()).isEqualTo(1));
            assertThat(endpoint.evict(origin.uri("/a").toString(), null, null, null)
                            .entries())
                    .isEqualTo(1);
            assertThat(endpoint.report(null, null).entries()).hasSize(1);
            assertThatThrownBy(() -> endpoint.evict(null, null, null, null))
                    .hasMessageContaining("says what to remove");
            endpoint.evict(null, null, null, true);
            assertThat(endpoint.report(null, null).entries()).isEmpty();
        });
    }

    @Test
    void healthTellsOfTheStorageAndIsNeverDownForIt() {
        application.run(context -> {
            HealthIndicator indicator = context.getBean("larderHealthIndicator", HealthIndicator.class);
            assertThat(indicator.health().getStatus()).isEqualTo(Status.UP);
            context.getBean(Storage.class).close();
            assertThat(indicator.health().getStatus()).isEqualTo(Status.UNKNOWN);
        });
    }

    @Test
    void metersCarryTheCachesName() {
        fresh("/a");
        application.run(context -> {
            SimpleMeterRegistry registry = new SimpleMeterRegistry();
            context.getBean(LarderMetrics.class).bindTo(registry);
            context.getBean(RestClient.Builder.class)
                    .build()
                    .get()
                    .uri(origin.uri("/a"))
                    .attributes(LarderAttributes.info(CacheInfo::explain))
                    .retrieve()
                    .body(String.class);
            assertThat(registry.get("larder.requests")
                            .tags("cache", "larder", "result", "miss")
                            .functionCounter()
                            .count())
                    .isEqualTo(1);
        });
    }

    @Test
    void theClientsObservationSaysHowItsRequestWasAnswered() {
        fresh("/a");
        ObservationRegistry observations = ObservationRegistry.create();
        List<String> events = new CopyOnWriteArrayList<>();
        observations.observationConfig().observationHandler(new ObservationHandler<Observation.Context>() {
            @Override
            public void onEvent(Observation.Event event, Observation.Context context) {
                events.add(context.getName() + " " + event.getName());
            }

            @Override
            public boolean supportsContext(Observation.Context context) {
                return true;
            }
        });
        application.withBean(ObservationRegistry.class, () -> observations).run(context -> {
            RestClient client = context.getBean(RestClient.Builder.class)
                    .observationRegistry(observations)
                    .build();
            for (int i = 0; i < 2; i++) {
                client.get().uri(origin.uri("/a")).retrieve().body(String.class);
            }
            assertThat(events).containsExactly("http.client.requests larder.miss", "http.client.requests larder.hit");
        });
    }
}
