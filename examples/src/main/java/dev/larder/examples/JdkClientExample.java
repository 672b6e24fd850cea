package dev.larder.examples;

import dev.larder.CacheInfo;
import dev.larder.client.jdk.CacheClient;
import dev.larder.policy.CachePolicy;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** {@code java.net.http}: the cache is a client like any other. */
public final class JdkClientExample {
    private JdkClientExample() {}

    /** Runs it. */
    public static void main(String... args) throws IOException, InterruptedException {
        try (Origin origin = Origin.start();
                CacheClient client = CacheClient.newBuilder()
                        .policy(CachePolicy.privateCache()
                                .staleIfError(Duration.ofHours(1))
                                .build())
                        .connectTimeout(Duration.ofSeconds(5))
                        .build()) {
            HttpRequest request = HttpRequest.newBuilder(origin.uri("/news")).build();
            print(fetch(client, request));
            print(fetch(client, request));
            client.sendAsync(request, BodyHandlers.ofString())
                    .thenAccept(JdkClientExample::print)
                    .join();
        }
    }

    /** Code that knows nothing of the cache. */
    private static HttpResponse<String> fetch(HttpClient client, HttpRequest request)
            throws IOException, InterruptedException {
        return client.send(request, BodyHandlers.ofString());
    }

    private static void print(HttpResponse<String> response) {
        System.out.println(response.body() + " " + CacheInfo.of(response).status());
    }
}
