package dev.larder.integration.spring.boot;

import dev.larder.HttpCache;
import dev.larder.client.spring.LarderConnector;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.http.client.reactive.ClientHttpConnectorBuilder;
import org.springframework.context.annotation.Bean;

/**
 * Has every {@code WebClient.Builder} and group of HTTP interfaces of the application use the cache:
 * in front of the client that Boot chooses, with the settings that each of them has. Redirects are followed above the cache.
 * Who sets a client by hand does without the cache.
 */
@AutoConfiguration(after = LarderAutoConfiguration.class)
@ConditionalOnClass({ClientHttpConnectorBuilder.class, LarderConnector.class})
@ConditionalOnBean(HttpCache.class)
@ConditionalOnProperty(prefix = "larder.web-client", name = "enabled", matchIfMissing = true)
public final class LarderWebClientAutoConfiguration {
    /** For Spring. */
    public LarderWebClientAutoConfiguration() {}

    @Bean
    static BeanPostProcessor larderWebClientPostProcessor(ObjectProvider<HttpCache> cache) {
        return new BeanPostProcessor() {
            @Override
            public Object postProcessAfterInitialization(Object bean, String name) {
                return bean instanceof ClientHttpConnectorBuilder<?> builder
                        ? new LarderConnectorBuilder(builder, cache::getObject)
                        : bean;
            }
        };
    }
}
