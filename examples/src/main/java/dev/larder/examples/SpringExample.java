package dev.larder.examples;

import dev.larder.CacheInfo;
import dev.larder.HttpCache;
import dev.larder.client.spring.LarderAttributes;
import dev.larder.client.spring.LarderConnector;
import dev.larder.client.spring.LarderRequestFactory;
import java.io.IOException;
import java.util.function.Consumer;
import org.springframework.http.client.reactive.ReactorClientHttpConnector;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.client.RestClient;
import org.springframework.web.client.support.RestClientAdapter;
import org.springframework.web.reactive.function.client.WebClient;
import org.springframework.web.service.annotation.GetExchange;
import org.springframework.web.service.annotation.HttpExchange;
import org.springframework.web.service.invoker.HttpServiceProxyFactory;

/** Spring's clients, and an HTTP interface on top of one, over one cache. */
public final class SpringExample {
    private SpringExample() {}

    /** What Spring implements. */
    @HttpExchange("/users")
    interface Users {
        @GetExchange("/{id}")
        String byId(@PathVariable("id") int id);
    }

    /** Runs it. */
    public static void main(String... args) throws IOException {
        try (Origin origin = Origin.start();
                HttpCache cache = HttpCache.create()) {
            Consumer<CacheInfo> status = info -> System.out.print(info.status() + " ");

            RestClient rest = RestClient.builder()
                    .baseUrl(origin.uri("").toString())
                    .requestFactory(LarderRequestFactory.of(cache))
                    .build();
            for (int i = 0; i < 2; i++) {
                System.out.println(rest.get()
                        .uri("/news")
                        .attributes(LarderAttributes.info(status))
                        .retrieve()
                        .body(String.class));
            }

            WebClient web = WebClient.builder()
                    .baseUrl(origin.uri("").toString())
                    .clientConnector(LarderConnector.over(cache, new ReactorClientHttpConnector()))
                    .build();
            System.out.println(web.get()
                    .uri("/news")
                    .attributes(LarderAttributes.info(status))
                    .retrieve()
                    .bodyToMono(String.class)
                    .block());

            Users users = HttpServiceProxyFactory.builderFor(RestClientAdapter.create(rest))
                    .build()
                    .createClient(Users.class);
            System.out.println(users.byId(42));
            System.out.println(users.byId(42));
        }
    }
}
