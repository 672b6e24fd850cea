package dev.larder.integration.spring.boot;

import dev.larder.HttpCache;
import dev.larder.client.spring.LarderRequestFactory;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.http.client.ClientHttpRequestFactoryBuilder;
import org.springframework.boot.http.client.HttpClientSettings;
import org.springframework.boot.http.client.HttpRedirects;

/** Puts the cache in front of what Boot builds, with whatever settings it builds it. */
final class LarderRequestFactoryBuilder implements ClientHttpRequestFactoryBuilder<LarderRequestFactory> {
    private final ClientHttpRequestFactoryBuilder<?> delegate;
    private final Supplier<HttpCache> cache;

    LarderRequestFactoryBuilder(ClientHttpRequestFactoryBuilder<?> delegate, Supplier<HttpCache> cache) {
        this.delegate = delegate;
        this.cache = cache;
    }

    @Override
    public LarderRequestFactory build(@Nullable HttpClientSettings settings) {
        HttpClientSettings wanted = settings == null ? HttpClientSettings.defaults() : settings;
        LarderRequestFactory factory =
                LarderRequestFactory.over(cache.get(), delegate.build(wanted.withRedirects(HttpRedirects.DONT_FOLLOW)));
        Duration readTimeout = wanted.readTimeout();
        if (readTimeout != null) {
            factory = factory.waitingAtMost(readTimeout);
        }
        return wanted.redirects() == HttpRedirects.DONT_FOLLOW ? factory : factory.followRedirects();
    }
}
