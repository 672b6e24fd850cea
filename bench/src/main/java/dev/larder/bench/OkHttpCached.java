package dev.larder.bench;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import okhttp3.Cache;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/** OkHttp's client, with defaults but for its cache. */
final class OkHttpCached implements Cached {
    private final Cache cache;
    private final OkHttpClient client;
    private final List<Request> requests;

    OkHttpCached(Path directory, List<URI> uris) {
        cache = new Cache(directory.toFile(), 64 << 20);
        client = new OkHttpClient.Builder().cache(cache).build();
        requests = uris.stream()
                .map(uri -> new Request.Builder().url(uri.toString()).build())
                .toList();
    }

    @Override
    public byte[] get(int index) throws IOException {
        try (Response response = client.newCall(requests.get(index)).execute()) {
            return response.body().bytes();
        }
    }

    @Override
    public void close() throws IOException {
        client.dispatcher().executorService().shutdown();
        client.connectionPool().evictAll();
        cache.close();
    }
}
