package dev.larder.examples;

import dev.larder.CacheInfo;
import dev.larder.HttpCache;
import dev.larder.client.apache.LarderContext;
import dev.larder.client.apache.LarderHttpClients;
import dev.larder.client.jdk.CacheClient;
import dev.larder.client.okhttp.LarderOkHttp;
import dev.larder.client.spring.LarderAttributes;
import dev.larder.client.spring.LarderRequestFactory;
import dev.larder.storage.sqlite.SqliteStorage;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.impl.classic.BasicHttpClientResponseHandler;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.springframework.web.client.RestClient;

/** OkHttp stores in a SQLite file; Apache's, Spring's and the JDK's client are answered from it, each with its own storage. */
public final class OneCacheManyClientsExample {
    private OneCacheManyClientsExample() {}

    /** Runs it. */
    public static void main(String... args) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("larder-example");
        Path file = directory.resolve("cache.db");
        try (Origin origin = Origin.start()) {
            URI uri = origin.uri("/news");
            okhttp(uri, file);
            apache(uri, file);
            spring(uri, file);
            jdk(uri, file);
            System.out.println("requests to the origin: " + origin.requests());
        } finally {
            Temporary.delete(directory);
        }
    }

    private static HttpCache cache(Path file) throws IOException {
        return HttpCache.builder().storage(SqliteStorage.at(file)).build();
    }

    private static void okhttp(URI uri, Path file) throws IOException {
        try (HttpCache cache = cache(file)) {
            OkHttpClient client =
                    LarderOkHttp.install(new OkHttpClient.Builder(), cache).build();
            Request request = new Request.Builder().url(uri.toURL()).build();
            try (Response response = client.newCall(request).execute()) {
                print("OkHttp", response.body().string(), LarderOkHttp.cacheInfo(response));
            }
        }
    }

    private static void apache(URI uri, Path file) throws IOException {
        try (HttpCache cache = cache(file);
                CloseableHttpClient client = LarderHttpClients.custom(cache).build()) {
            HttpClientContext context = HttpClientContext.create();
            String body = client.execute(new HttpGet(uri), context, new BasicHttpClientResponseHandler());
            print("Apache", body, LarderContext.cacheInfo(context));
        }
    }

    private static void spring(URI uri, Path file) throws IOException {
        try (HttpCache cache = cache(file)) {
            RestClient client = RestClient.builder()
                    .requestFactory(LarderRequestFactory.of(cache))
                    .build();
            CacheInfo[] info = new CacheInfo[1];
            String body = client.get()
                    .uri(uri)
                    .attributes(LarderAttributes.info(told -> info[0] = told))
                    .retrieve()
                    .body(String.class);
            print("Spring", String.valueOf(body), info[0]);
        }
    }

    private static void jdk(URI uri, Path file) throws IOException, InterruptedException {
        try (HttpCache cache = cache(file);
                CacheClient client = CacheClient.newBuilder().cache(cache).build()) {
            HttpResponse<String> response =
                    client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
            print("JDK", response.body(), CacheInfo.of(response));
        }
    }

    private static void print(String client, String body, CacheInfo info) {
        System.out.println(client + ": " + body + " " + info.status());
    }
}
