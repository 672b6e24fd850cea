package dev.larder.bench;

import dev.larder.CacheInfo;
import dev.larder.client.jdk.CacheClient;
import dev.larder.engine.CacheResult;
import dev.larder.storage.Storage;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;

/** Larder's client for the JDK, with defaults but for its storage. */
class LarderCached implements Cached {
    final CacheClient client;
    final List<HttpRequest> requests;

    LarderCached(Storage storage, List<URI> uris) {
        client = CacheClient.newBuilder().storage(storage).build();
        requests = uris.stream().map(uri -> HttpRequest.newBuilder(uri).build()).toList();
    }

    @Override
    public byte[] get(int index) throws Exception {
        return client.send(requests.get(index), BodyHandlers.ofByteArray()).body();
    }

    @Override
    public void close() throws Exception {
        HttpResponse<?> last = client.send(requests.get(0), BodyHandlers.discarding());
        client.close();
        if (CacheInfo.of(last).status() != CacheResult.HIT) {
            throw new IllegalStateException("not a hit: " + CacheInfo.of(last));
        }
    }

    /** Looks at a field, too, for which the JDK's header map must be built. */
    static final class AndFields extends LarderCached {
        AndFields(Storage storage, List<URI> uris) {
            super(storage, uris);
        }

        @Override
        public byte[] get(int index) throws Exception {
            HttpResponse<byte[]> response = client.send(requests.get(index), BodyHandlers.ofByteArray());
            if (response.headers().firstValue("ETag").isEmpty()) {
                throw new IllegalStateException("no ETag");
            }
            return response.body();
        }
    }

    /** The asynchronous way. */
    static final class Async extends LarderCached {
        Async(Storage storage, List<URI> uris) {
            super(storage, uris);
        }

        @Override
        public byte[] get(int index) {
            return client.sendAsync(requests.get(index), BodyHandlers.ofByteArray())
                    .join()
                    .body();
        }
    }
}
