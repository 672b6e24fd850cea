package dev.larder.integration.spring.boot;

import dev.larder.HttpCache;
import org.springframework.boot.actuate.autoconfigure.endpoint.condition.ConditionalOnAvailableEndpoint;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/** The actuator endpoint. */
@AutoConfiguration(after = LarderAutoConfiguration.class)
@ConditionalOnClass(ConditionalOnAvailableEndpoint.class)
@ConditionalOnBean(HttpCache.class)
@ConditionalOnAvailableEndpoint(LarderEndpoint.class)
public final class LarderEndpointAutoConfiguration {
    /** For Spring. */
    public LarderEndpointAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean
    LarderEndpoint larderEndpoint(HttpCache cache) {
        return new LarderEndpoint(cache);
    }
}
