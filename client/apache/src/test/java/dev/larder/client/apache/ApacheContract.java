package dev.larder.client.apache;

import dev.larder.CacheInfo;
import dev.larder.http.HttpFields;
import dev.larder.storage.Storage;
import dev.larder.storage.sqlite.SqliteStorage;
import dev.larder.testkit.ClientContract;
import dev.larder.testkit.ClientSetup;
import dev.larder.testkit.ManualClock;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.hc.client5.http.auth.AuthScope;
import org.apache.hc.client5.http.auth.CredentialsProvider;
import org.apache.hc.client5.http.config.ConnectionConfig;
import org.apache.hc.client5.http.config.RequestConfig;
import org.apache.hc.client5.http.impl.auth.CredentialsProviderBuilder;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.client5.http.protocol.RedirectLocations;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.util.Timeout;

/** What the two variants have in common. */
abstract class ApacheContract extends ClientContract {
    @Override
    protected Storage otherStorage(Path directory, ManualClock clock) throws IOException {
        return SqliteStorage.builder()
                .path(directory.resolve("larder.sqlite"))
                .clock(clock)
                .build();
    }

    @Override
    protected boolean seesTrailers() {
        return true;
    }

    @Override
    protected boolean passesUnknownCodings() {
        return false;
    }

    static Optional<CacheInfo> info(ClientSetup setup, HttpClientContext context) {
        return setup.cache().map(cache -> LarderContext.cacheInfo(context));
    }

    static URI uri(HttpClientContext context, URI requested) {
        RedirectLocations locations = context.getRedirectLocations();
        List<URI> all = locations == null ? List.of() : locations.getAll();
        return all.isEmpty() ? requested : all.get(all.size() - 1);
    }

    static HttpFields fields(List<? extends Header> headers) {
        HttpFields.Builder fields = HttpFields.builder();
        headers.forEach(header -> fields.addReceived(header.getName(), header.getValue()));
        return fields.build();
    }

    static CredentialsProvider credentials(ClientSetup setup) {
        return setup.credentials()
                .map(known -> CredentialsProviderBuilder.create()
                        .add(new AuthScope(null, -1), known.getUserName(), known.getPassword())
                        .build())
                .orElse(null);
    }

    static RequestConfig requests(ClientSetup setup) {
        RequestConfig.Builder config = RequestConfig.custom();
        setup.timeout().ifPresent(timeout -> config.setResponseTimeout(Timeout.of(timeout)));
        return config.build();
    }

    static ConnectionConfig connections(ClientSetup setup) {
        ConnectionConfig.Builder config = ConnectionConfig.custom();
        setup.timeout().ifPresent(timeout -> config.setSocketTimeout(Timeout.of(timeout)));
        return config.build();
    }
}
