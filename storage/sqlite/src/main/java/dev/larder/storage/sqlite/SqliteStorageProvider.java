package dev.larder.storage.sqlite;

import dev.larder.storage.Storage;
import dev.larder.storage.StorageProvider;
import dev.larder.storage.StorageSpec;
import java.io.IOException;
import java.time.InstantSource;
import java.util.Set;

/** Opens {@code sqlite:} specs; not for applications. Without a path the database is in memory. */
public final class SqliteStorageProvider implements StorageProvider {
    /** For the service loader. */
    public SqliteStorageProvider() {}

    @Override
    public Set<String> schemes() {
        return Set.of("sqlite");
    }

    @Override
    public String usage() {
        return "sqlite:PATH";
    }

    @Override
    public Storage open(StorageSpec spec, InstantSource clock) throws IOException {
        SqliteStorage.Builder builder = SqliteStorage.builder().clock(clock);
        if (!spec.location().isEmpty()) {
            builder.path(spec.path());
        }
        spec.text("tableName", builder::tableName);
        spec.duration("busyTimeout", builder::busyTimeout);
        spec.count("maxEntries", builder::maxEntries);
        spec.bytes("maxBytes", builder::maxBytes);
        spec.bytes("maxEntryBytes", builder::maxEntryBytes);
        spec.count("maxVariants", builder::maxVariants);
        spec.duration("ttl", builder::ttl);
        spec.duration("slidingTtl", builder::slidingTtl);
        spec.serializer(builder::serializer);
        spec.flag("durable", builder::durable);
        spec.noOtherOptions();
        return builder.build();
    }
}
