package dev.larder.integration.spring.boot;

import dev.larder.HttpCache;
import dev.larder.client.spring.LarderRequestFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.http.client.ClientHttpRequestFactoryBuilder;
import org.springframework.context.annotation.Bean;

/**
 * Has every {@code RestClient.Builder}, {@code RestTemplateBuilder} and group of HTTP interfaces of the application use the cache:
 * in front of the client that Boot chooses, with the settings that each of them has. Redirects are followed above the cache.
 * Who sets a client by hand does without the cache.
 */
@AutoConfiguration(after = LarderAutoConfiguration.class)
@ConditionalOnClass({ClientHttpRequestFactoryBuilder.class, LarderRequestFactory.class})
@ConditionalOnBean(HttpCache.class)
@ConditionalOnProperty(prefix = "larder.rest-client", name = "enabled", matchIfMissing = true)
public final class LarderRestClientAutoConfiguration {
    /** For Spring. */
    public LarderRestClientAutoConfiguration() {}

    @Bean
    static BeanPostProcessor larderRestClientPostProcessor(ObjectProvider<HttpCache> cache) {
        return new BeanPostProcessor() {
            @Override
            public Object postProcessAfterInitialization(Object bean, String name) {
                return bean instanceof ClientHttpRequestFactoryBuilder<?> builder
                        ? new LarderRequestFactoryBuilder(builder, cache::getObject)
                        : bean;
            }
        };
    }
}
