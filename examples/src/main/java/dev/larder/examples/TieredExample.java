package dev.larder.examples;

import dev.larder.CacheInfo;
import dev.larder.client.jdk.CacheClient;
import dev.larder.storage.caffeine.CaffeineStorage;
import dev.larder.storage.file.FileStorage;
import dev.larder.storage.tiered.TieredStorage;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** Memory in front of files: as quick as memory, and still there after a restart. */
public final class TieredExample {
    private TieredExample() {}

    /** Runs it. */
    public static void main(String... args) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("larder-example");
        try (Origin origin = Origin.start()) {
            HttpRequest request = HttpRequest.newBuilder(origin.uri("/news")).build();
            for (int start = 1; start <= 2; start++) {
                CaffeineStorage near =
                        CaffeineStorage.builder().maxBytes(64 << 20).build();
                TieredStorage storage = TieredStorage.builder(near, FileStorage.at(directory))
                        .nearTtl(Duration.ofSeconds(20))
                        .build();
                try (storage;
                        CacheClient client =
                                CacheClient.newBuilder().storage(storage).build()) {
                    for (int i = 0; i < 2; i++) {
                        HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
                        System.out.println("start " + start + ": " + response.body() + " "
                                + CacheInfo.of(response).status());
                    }
                    System.out.println("in memory: " + near.statistics().entries());
                }
            }
        } finally {
            Temporary.delete(directory);
        }
    }
}
