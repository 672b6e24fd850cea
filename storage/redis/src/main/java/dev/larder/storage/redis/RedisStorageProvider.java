package dev.larder.storage.redis;

import dev.larder.storage.Storage;
import dev.larder.storage.StorageProvider;
import dev.larder.storage.StorageSpec;
import java.time.InstantSource;
import java.util.Set;

/** Opens {@code redis://} specs and their like; not for applications. */
public final class RedisStorageProvider implements StorageProvider {
    /** For the service loader. */
    public RedisStorageProvider() {}

    @Override
    public Set<String> schemes() {
        return Set.of("redis", "rediss", "redis-sentinel");
    }

    @Override
    public String usage() {
        return "redis://HOST:PORT";
    }

    @Override
    public Storage open(StorageSpec spec, InstantSource clock) {
        RedisStorage.Builder builder =
                RedisStorage.builder().uri(spec.address()).clock(clock);
        spec.flag("cluster", builder::cluster);
        spec.text("namespace", builder::namespace);
        spec.duration("timeout", builder::timeout);
        spec.count("maxFailures", builder::maxFailures);
        spec.duration("retryAfter", builder::retryAfter);
        spec.duration("retention", builder::retention);
        spec.count("maxEntries", builder::maxEntries);
        spec.bytes("maxBytes", builder::maxBytes);
        spec.bytes("maxEntryBytes", builder::maxEntryBytes);
        spec.count("maxVariants", builder::maxVariants);
        spec.duration("ttl", builder::ttl);
        spec.duration("slidingTtl", builder::slidingTtl);
        spec.duration("lease", builder::lease);
        spec.serializer(builder::serializer);
        spec.noOtherOptions();
        return builder.build();
    }
}
