package dev.larder.storage.s3;

import dev.larder.storage.Storage;
import dev.larder.storage.StorageProvider;
import dev.larder.storage.StorageSpec;
import java.net.URI;
import java.time.InstantSource;
import java.util.Set;

/** Opens {@code s3://BUCKET/PREFIX} specs; not for applications. Credentials come from where the AWS SDK looks for them. */
public final class S3StorageProvider implements StorageProvider {
    /** For the service loader. */
    public S3StorageProvider() {}

    @Override
    public Set<String> schemes() {
        return Set.of("s3");
    }

    @Override
    public String usage() {
        return "s3://BUCKET/PREFIX";
    }

    @Override
    public Storage open(StorageSpec spec, InstantSource clock) {
        if (!spec.location().startsWith("//") || spec.location().length() == 2) {
            throw new IllegalArgumentException("storage '" + spec + "' names no bucket; write s3://BUCKET/PREFIX");
        }
        String place = spec.location().substring(2);
        int slash = place.indexOf('/');
        S3Storage.Builder builder = S3Storage.builder()
                .bucket(slash < 0 ? place : place.substring(0, slash))
                .clock(clock);
        if (slash >= 0 && slash < place.length() - 1) {
            builder.keyPrefix(place.endsWith("/") ? place.substring(slash + 1) : place.substring(slash + 1) + "/");
        }
        spec.text("region", builder::region);
        spec.text("endpoint", endpoint -> builder.endpoint(URI.create(endpoint)));
        spec.flag("pathStyle", builder::pathStyle);
        spec.duration("timeout", builder::timeout);
        spec.count("maxFailures", builder::maxFailures);
        spec.duration("retryAfter", builder::retryAfter);
        spec.duration("gracePeriod", builder::gracePeriod);
        spec.duration("checkTtlEvery", builder::checkTtlEvery);
        spec.bytes("maxInlineBytes", bytes -> builder.maxInlineBytes((int) Math.min(bytes, Integer.MAX_VALUE)));
        spec.count("maxEntries", builder::maxEntries);
        spec.bytes("maxBytes", builder::maxBytes);
        spec.bytes("maxEntryBytes", builder::maxEntryBytes);
        spec.count("maxVariants", builder::maxVariants);
        spec.duration("ttl", builder::ttl);
        spec.duration("slidingTtl", builder::slidingTtl);
        spec.serializer(builder::serializer);
        spec.noOtherOptions();
        return builder.build();
    }
}
