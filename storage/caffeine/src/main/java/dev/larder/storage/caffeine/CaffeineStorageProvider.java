package dev.larder.storage.caffeine;

import dev.larder.storage.Storage;
import dev.larder.storage.StorageProvider;
import dev.larder.storage.StorageSpec;
import java.time.InstantSource;
import java.util.Set;

/** Opens {@code caffeine:} specs; not for applications. */
public final class CaffeineStorageProvider implements StorageProvider {
    /** For the service loader. */
    public CaffeineStorageProvider() {}

    @Override
    public Set<String> schemes() {
        return Set.of("caffeine");
    }

    @Override
    public String usage() {
        return "caffeine:";
    }

    @Override
    public Storage open(StorageSpec spec, InstantSource clock) {
        spec.noLocation();
        CaffeineStorage.Builder builder = CaffeineStorage.builder().clock(clock);
        spec.count("maxEntries", builder::maxEntries);
        spec.bytes("maxBytes", builder::maxBytes);
        spec.bytes("maxEntryBytes", builder::maxEntryBytes);
        spec.count("maxVariants", builder::maxVariants);
        spec.duration("ttl", builder::ttl);
        spec.duration("slidingTtl", builder::slidingTtl);
        spec.noOtherOptions();
        return builder.build();
    }
}
