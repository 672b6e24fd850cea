package dev.larder.bench;

import java.io.IOException;
import java.net.URI;
import java.util.List;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.impl.cache.CacheConfig;
import org.apache.hc.client5.http.impl.cache.CachingHttpClients;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.core5.http.io.entity.EntityUtils;

/** The classic client of Apache HttpComponents with its cache in memory, private as the others are. */
final class ApacheCached implements Cached {
    private final CloseableHttpClient client;
    private final List<HttpGet> requests;

    ApacheCached(List<URI> uris) {
        CacheConfig config = CacheConfig.custom()
                .setSharedCache(false)
                .setMaxObjectSize(64 << 10)
                .build();
        client = CachingHttpClients.custom().setCacheConfig(config).build();
        requests = uris.stream().map(HttpGet::new).toList();
    }

    @Override
    public byte[] get(int index) throws IOException {
        return client.execute(requests.get(index), response -> EntityUtils.toByteArray(response.getEntity()));
    }

    @Override
    public void close() throws IOException {
        client.close();
    }
}
