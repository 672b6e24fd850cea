package dev.larder.integration.spring.boot;

import dev.larder.HttpCache;
import dev.larder.integration.micrometer.LarderMetrics;
import dev.larder.integration.micrometer.LarderObservations;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.observation.ObservationRegistry;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;

/**
 * The cache's meters, where {@code larder-integration-micrometer} is there, which Boot binds to its registries; and events
 * on the observations of Spring's clients.
 */
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

    /** As soon as there are both; whoever defines the registry may come later than this class. */
    @Bean
    SmartInitializingSingleton larderObservations(HttpCache cache, ObjectProvider<ObservationRegistry> registry) {
        return () -> registry.ifUnique(unique ->
                LarderObservations.observe(unique, cache, cache.policy().cacheName()));
    }
}
