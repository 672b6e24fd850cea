package dev.larder.integration.spring.boot;

import dev.larder.HttpCache;
import dev.larder.storage.StorageStatistics;
import java.io.IOException;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/** The health indicator {@code larder}. */
@AutoConfiguration(after = LarderAutoConfiguration.class)
@ConditionalOnClass(ConditionalOnEnabledHealthIndicator.class)
@ConditionalOnBean(HttpCache.class)
@ConditionalOnEnabledHealthIndicator("larder")
public final class LarderHealthAutoConfiguration {
    /** A key that no request can have. */
    private static final String NO_KEY = "health";

    /** For Spring. */
    public LarderHealthAutoConfiguration() {}

    @Bean
    @ConditionalOnMissingBean(name = "larderHealthIndicator")
    HealthIndicator larderHealthIndicator(HttpCache cache) {
        return () -> health(cache);
    }

    /** A storage that fails does not make the application unhealthy, which goes on without it: that is what UNKNOWN says. */
    private static Health health(HttpCache cache) {
        try {
            cache.storage().lookup(NO_KEY);
            StorageStatistics statistics = cache.storageStatistics();
            Health.Builder up = Health.up();
            if (statistics.entries() >= 0) {
                up.withDetail("entries", statistics.entries());
            }
            if (statistics.bytes() >= 0) {
                up.withDetail("bytes", statistics.bytes());
            }
            return up.build();
        } catch (IOException | RuntimeException e) {
            return Health.unknown()
                    .withDetail("storage", String.valueOf(e.getMessage()))
                    .build();
        }
    }
}
