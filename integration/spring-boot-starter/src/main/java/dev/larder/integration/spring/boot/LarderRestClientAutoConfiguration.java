package dev.larder.integration.spring.boot;

import dev.larder.HttpCache;
import dev.larder.client.spring.LarderRequestFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.http.client.ClientHttpRequestFactoryBuilder;
import org.springframework.boot.http.client.HttpClientSettings;
import org.springframework.boot.http.client.HttpRedirects;
import org.springframework.boot.restclient.RestClientCustomizer;
import org.springframework.boot.restclient.RestTemplateCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.http.client.ClientHttpRequestFactory;

/**
 * Has every {@code RestClient.Builder} and {@code RestTemplateBuilder} of the application use the cache, in front of the
 * client and with the settings that Boot would have chosen. Redirects are followed above the cache.
 */
@AutoConfiguration(
        after = LarderAutoConfiguration.class,
        afterName =
                "org.springframework.boot.http.client.autoconfigure.imperative.ImperativeHttpClientAutoConfiguration",
        beforeName = {
            "org.springframework.boot.restclient.autoconfigure.RestClientAutoConfiguration",
            "org.springframework.boot.restclient.autoconfigure.RestTemplateAutoConfiguration"
        })
@ConditionalOnClass({RestClientCustomizer.class, LarderRequestFactory.class})
@ConditionalOnBean(HttpCache.class)
@ConditionalOnProperty(prefix = "larder.rest-client", name = "enabled", matchIfMissing = true)
public final class LarderRestClientAutoConfiguration {
    /** For Spring. */
    public LarderRestClientAutoConfiguration() {}

    @Bean
    LarderRequestFactory larderRequestFactory(
            HttpCache cache,
            ObjectProvider<ClientHttpRequestFactoryBuilder<?>> builders,
            ObjectProvider<HttpClientSettings> settings) {
        HttpClientSettings wanted = settings.getIfAvailable(HttpClientSettings::defaults);
        ClientHttpRequestFactoryBuilder<?> builder = builders.getIfAvailable(ClientHttpRequestFactoryBuilder::detect);
        ClientHttpRequestFactory below = builder.build(wanted.withRedirects(HttpRedirects.DONT_FOLLOW));
        LarderRequestFactory factory = LarderRequestFactory.over(cache, below);
        if (wanted.readTimeout() != null) {
            factory = factory.waitingAtMost(wanted.readTimeout());
        }
        return wanted.redirects() == HttpRedirects.DONT_FOLLOW ? factory : factory.followRedirects();
    }

    @Bean
    RestClientCustomizer larderRestClientCustomizer(LarderRequestFactory factory) {
        return builder -> builder.requestFactory(factory);
    }

    @Bean
    RestTemplateCustomizer larderRestTemplateCustomizer(LarderRequestFactory factory) {
        return template -> template.setRequestFactory(factory);
    }
}
