package dev.larder.storage.file;

import dev.larder.storage.Storage;
import dev.larder.storage.StorageProvider;
import dev.larder.storage.StorageSpec;
import java.io.IOException;
import java.time.InstantSource;
import java.util.Set;

/** Opens {@code file:} specs; not for applications. */
public final class FileStorageProvider implements StorageProvider {
    /** For the service loader. */
    public FileStorageProvider() {}

    @Override
    public Set<String> schemes() {
        return Set.of("file");
    }

    @Override
    public String usage() {
        return "file:PATH";
    }

    @Override
    public Storage open(StorageSpec spec, InstantSource clock) throws IOException {
        FileStorage.Builder builder = FileStorage.builder().clock(clock);
        if (!spec.location().isEmpty()) {
            builder.directory(spec.path());
        }
        spec.count("maxEntries", builder::maxEntries);
        spec.bytes("maxBytes", builder::maxBytes);
        spec.bytes("maxEntryBytes", builder::maxEntryBytes);
        spec.count("maxVariants", builder::maxVariants);
        spec.duration("ttl", builder::ttl);
        spec.duration("slidingTtl", builder::slidingTtl);
        spec.serializer(builder::serializer);
        spec.flag("durable", builder::durable);
        spec.duration("checkTtlEvery", builder::checkTtlEvery);
        spec.noOtherOptions();
        return builder.build();
    }
}
