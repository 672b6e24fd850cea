package dev.larder.bench;

import com.github.mizosoft.methanol.HttpCache;
import com.github.mizosoft.methanol.Methanol;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;

/** Methanol's client, with defaults but for its cache. */
final class MethanolCached implements Cached {
    private final HttpCache cache;
    private final Methanol client;
    private final List<HttpRequest> requests;

    MethanolCached(HttpCache cache, List<URI> uris) {
        this.cache = cache;
        client = Methanol.newBuilder().cache(cache).build();
        requests = uris.stream().map(uri -> HttpRequest.newBuilder(uri).build()).toList();
    }

    @Override
    public byte[] get(int index) throws Exception {
        return client.send(requests.get(index), BodyHandlers.ofByteArray()).body();
    }

    @Override
    public void close() throws IOException {
        cache.close();
    }
}
