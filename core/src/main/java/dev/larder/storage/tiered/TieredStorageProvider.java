package dev.larder.storage.tiered;

import dev.larder.storage.Storage;
import dev.larder.storage.StorageProvider;
import dev.larder.storage.StorageSpec;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Opens {@code tiered:} specs; not for applications. */
public final class TieredStorageProvider implements StorageProvider {
    /** For the service loader. */
    public TieredStorageProvider() {}

    @Override
    public Set<String> schemes() {
        return Set.of("tiered");
    }

    @Override
    public String usage() {
        return "tiered:NEAR|FAR";
    }

    @Override
    public Storage open(StorageSpec spec, InstantSource clock) throws IOException {
        StorageSpec near = spec.parts().get(0);
        List<Duration> nearTtl = new ArrayList<>(1);
        near.duration("nearTtl", nearTtl::add);
        Storage farStorage = spec.parts().get(1).open(clock);
        Storage nearStorage = null;
        try {
            nearStorage = near.open(clock);
            TieredStorage.Builder builder =
                    TieredStorage.builder(nearStorage, farStorage).clock(clock);
            nearTtl.forEach(builder::nearTtl);
            return builder.build();
        } catch (IOException | RuntimeException e) {
            for (Storage opened : new Storage[] {nearStorage, farStorage}) {
                if (opened != null) {
                    try {
                        opened.close();
                    } catch (IOException suppressed) {
                        e.addSuppressed(suppressed);
                    }
                }
            }
            throw e;
        }
    }
}
