package dev.larder.integration.spring.boot;

import dev.larder.HttpCache;
import dev.larder.client.spring.LarderConnector;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.http.client.HttpClientSettings;
import org.springframework.boot.http.client.HttpRedirects;
import org.springframework.boot.http.client.reactive.ClientHttpConnectorBuilder;
import org.springframework.boot.webclient.WebClientCustomizer;
import org.springframework.context.annotation.Bean;

/**
 * Has every {@code WebClient.Builder} of the application use the cache, in front of the client and with the settings that Boot
 * would have chosen. Redirects are followed above the cache.
 */
@AutoConfiguration(
        after = LarderAutoConfiguration.class,
        afterName = "org.springframework.boot.http.client.autoconfigure.reactive.ReactiveHttpClientAutoConfiguration",
        beforeName = "org.springframework.boot.webclient.autoconfigure.WebClientAutoConfiguration")
@ConditionalOnClass({WebClientCustomizer.class, LarderConnector.class})
@ConditionalOnBean(HttpCache.class)
@ConditionalOnProperty(prefix = "larder.web-client", name = "enabled", matchIfMissing = true)
public final class LarderWebClientAutoConfiguration {
    /** For Spring. */
    public LarderWebClientAutoConfiguration() {}

    @Bean
    LarderConnector larderConnector(
            HttpCache cache,
            ObjectProvider<ClientHttpConnectorBuilder<?>> builders,
            ObjectProvider<HttpClientSettings> settings) {
        HttpClientSettings wanted = settings.getIfAvailable(HttpClientSettings::defaults);
        ClientHttpConnectorBuilder<?> builder = builders.getIfAvailable(ClientHttpConnectorBuilder::detect);
        LarderConnector connector =
                LarderConnector.over(cache, builder.build(wanted.withRedirects(HttpRedirects.DONT_FOLLOW)));
        if (wanted.readTimeout() != null) {
            connector = connector.waitingAtMost(wanted.readTimeout());
        }
        return wanted.redirects() == HttpRedirects.DONT_FOLLOW ? connector : connector.followRedirects();
    }

    @Bean
    WebClientCustomizer larderWebClientCustomizer(LarderConnector connector) {
        return builder -> builder.clientConnector(connector);
    }
}
