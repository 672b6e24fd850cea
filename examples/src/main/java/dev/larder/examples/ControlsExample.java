package dev.larder.examples;

import dev.larder.CacheInfo;
import dev.larder.HttpCache;
import dev.larder.client.jdk.CacheClient;
import dev.larder.policy.CacheControls;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** What one request can ask of the cache, and how to make it forget. The other clients take the same {@code CacheControls}. */
public final class ControlsExample {
    private ControlsExample() {}

    /** Runs it. */
    public static void main(String... args) throws IOException, InterruptedException {
        try (Origin origin = Origin.start();
                CacheClient client = CacheClient.create()) {
            HttpCache cache = client.cache();
            URI user = origin.uri("/users/42");
            CacheControls tagged = CacheControls.NONE.withTags("user-42").withTtl(Duration.ofMinutes(5));

            get(client, user, tagged);
            get(client, user, tagged);
            System.out.println("removed by tag: " + cache.invalidateTag("user-42"));
            get(client, user, tagged);
            System.out.println("removed by URI: " + cache.invalidate(user));
            get(client, user, tagged);

            // What the specification asks for anyway: a change that succeeded invalidates what it changed.
            client.send(
                    HttpRequest.newBuilder(user)
                            .PUT(BodyPublishers.ofString("Ada"))
                            .build(),
                    BodyHandlers.discarding());
            get(client, user, tagged);

            // Against what the response says, for its time to live; past the cache; and for one of several users.
            URI live = origin.uri("/live/rates");
            CacheControls forced = CacheControls.NONE.withForceCache().withTtl(Duration.ofSeconds(30));
            get(client, live, forced);
            get(client, live, forced);
            get(client, user, CacheControls.NONE.withBypass());
            get(client, user, CacheControls.NONE.withPartition("tenant-7"));
        }
    }

    private static void get(CacheClient client, URI uri, CacheControls controls)
            throws IOException, InterruptedException {
        HttpRequest request = CacheClient.with(HttpRequest.newBuilder(uri).build(), controls);
        HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
        System.out.println(uri.getPath() + " " + response.body() + " "
                + CacheInfo.of(response).status());
    }
}
