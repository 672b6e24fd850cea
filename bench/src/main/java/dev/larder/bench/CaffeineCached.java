package dev.larder.bench;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.net.URI;
import java.util.List;

/** No HTTP at all: a map of byte arrays, of which it answers copies. */
final class CaffeineCached implements Cached {
    private final Cache<String, byte[]> cache =
            Caffeine.newBuilder().maximumSize(1000).build();
    private final List<String> keys;

    CaffeineCached(List<URI> uris) {
        keys = uris.stream().map(URI::toString).toList();
        for (URI uri : uris) {
            cache.put(uri.toString(), Origin.body(uri.getPath()));
        }
    }

    @Override
    public byte[] get(int index) {
        byte[] stored = cache.getIfPresent(keys.get(index));
        if (stored == null) {
            throw new IllegalStateException("not there: " + keys.get(index));
        }
        return stored.clone();
    }

    @Override
    public void close() {
        cache.invalidateAll();
    }
}
