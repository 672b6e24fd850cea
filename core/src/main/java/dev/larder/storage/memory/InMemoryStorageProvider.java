package dev.larder.storage.memory;

import dev.larder.storage.Storage;
import dev.larder.storage.StorageProvider;
import dev.larder.storage.StorageSpec;
import java.time.InstantSource;
import java.util.Set;

/** Opens {@code memory:} specs; not for applications. */
public final class InMemoryStorageProvider implements StorageProvider {
    /** For the service loader. */
    public InMemoryStorageProvider() {}

    @Override
    public Set<String> schemes() {
        return Set.of("memory");
    }

    @Override
    public String usage() {
        return "memory:";
    }

    @Override
    public Storage open(StorageSpec spec, InstantSource clock) {
        spec.noLocation();
        InMemoryStorage.Builder builder = InMemoryStorage.builder().clock(clock);
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
