package dev.larder.integration.spring.boot;

import dev.larder.HttpCache;
import dev.larder.integration.micrometer.LarderMetrics;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/** The cache's meters, where {@code larder-integration-micrometer} is there; Boot binds them to its registries. */
@AutoConfiguration(after = LarderAutoConfiguration.class)
@ConditionalOnClass({LarderMetrics.class, MeterRegistry.class})
@ConditionalOnBean(HttpCache.class)
public final class LarderMetricsAutoConfiguration {
    /** For Spring. */
    public LarderMetricsAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean
    LarderMetrics larderMetrics(HttpCache cache) {
        return new LarderMetrics(cache, cache.policy().cacheName(), Tags.empty());
    }
}
