package dev.larder.examples;

import dev.larder.CacheInfo;
import dev.larder.client.jdk.CacheClient;
import dev.larder.storage.Storage;
import dev.larder.storage.StorageSpec;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A storage as a line of text, so that a configuration file can name it. {@code redis://} and {@code s3://} work alike. */
public final class StorageSpecExample {
    private StorageSpecExample() {}

    /** Runs it. */
    public static void main(String... args) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("larder-example");
        try (Origin origin = Origin.start()) {
            HttpRequest request = HttpRequest.newBuilder(origin.uri("/news")).build();
            for (String spec : List.of(
                    "memory:?maxEntries=500",
                    "caffeine:?maxBytes=64m",
                    "file:" + directory.resolve("entries") + "?maxBytes=1g&ttl=7d&serializer=json",
                    "sqlite:" + directory.resolve("cache.db") + "?slidingTtl=12h")) {
                StorageSpec parsed = StorageSpec.parse(spec);
                try (Storage storage = parsed.open();
                        CacheClient client =
                                CacheClient.newBuilder().storage(storage).build()) {
                    client.send(request, BodyHandlers.discarding());
                    HttpResponse<String> again = client.send(request, BodyHandlers.ofString());
                    System.out.println(parsed.scheme() + ": "
                            + CacheInfo.of(again).status() + " of "
                            + storage.statistics().entries());
                }
            }
        } finally {
            Temporary.delete(directory);
        }
    }
}
