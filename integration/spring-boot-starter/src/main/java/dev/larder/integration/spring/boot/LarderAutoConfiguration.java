package dev.larder.integration.spring.boot;

import dev.larder.HttpCache;
import dev.larder.policy.CachePolicy;
import dev.larder.storage.Storage;
import dev.larder.storage.StorageSpec;
import java.io.IOException;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;

/** The cache itself. A {@link Storage}, {@link CachePolicy} or {@link HttpCache} of the application's own goes before. */
@AutoConfiguration
@ConditionalOnProperty(prefix = "larder", name = "enabled", matchIfMissing = true)
@EnableConfigurationProperties(LarderProperties.class)
public final class LarderAutoConfiguration {
    /** For Spring. */
    public LarderAutoConfiguration() {}

    @Bean(destroyMethod = "close")
    @ConditionalOnMissingBean({Storage.class, HttpCache.class})
    Storage larderStorage(LarderProperties properties) throws IOException {
        return StorageSpec.parse(properties.storage()).open();
    }

    @Bean
    @ConditionalOnMissingBean({CachePolicy.class, HttpCache.class})
    CachePolicy larderPolicy(LarderProperties properties, ObjectProvider<CachePolicyCustomizer> customizers) {
        CachePolicy.Builder policy = properties.toPolicy();
        customizers.orderedStream().forEach(customizer -> customizer.customize(policy));
        return policy.build();
    }

    @Bean(destroyMethod = "close")
    @ConditionalOnMissingBean
    HttpCache larderCache(Storage storage, CachePolicy policy) {
        return HttpCache.builder().storage(storage).policy(policy).build();
    }
}
