package dev.larder.integration.spring.boot;

import dev.larder.HttpCache;
import dev.larder.client.spring.LarderConnector;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.http.client.HttpClientSettings;
import org.springframework.boot.http.client.HttpRedirects;
import org.springframework.boot.http.client.reactive.ClientHttpConnectorBuilder;

/** As {@link LarderRequestFactoryBuilder}, for WebClient. */
final class LarderConnectorBuilder implements ClientHttpConnectorBuilder<LarderConnector> {
    private final ClientHttpConnectorBuilder<?> delegate;
    private final Supplier<HttpCache> cache;

    LarderConnectorBuilder(ClientHttpConnectorBuilder<?> delegate, Supplier<HttpCache> cache) {
        this.delegate = delegate;
        this.cache = cache;
    }

    @Override
    public LarderConnector build(@Nullable HttpClientSettings settings) {
        HttpClientSettings wanted = settings == null ? HttpClientSettings.defaults() : settings;
        LarderConnector connector =
                LarderConnector.over(cache.get(), delegate.build(wanted.withRedirects(HttpRedirects.DONT_FOLLOW)));
        Duration readTimeout = wanted.readTimeout();
        if (readTimeout != null) {
            connector = connector.waitingAtMost(readTimeout);
        }
        return wanted.redirects() == HttpRedirects.DONT_FOLLOW ? connector : connector.followRedirects();
    }
}
