package dev.larder.serializers.jackson;

import dev.larder.storage.AsyncStorage;
import dev.larder.storage.Serializer;
import dev.larder.storage.Storage;
import dev.larder.storage.file.FileStorage;
import dev.larder.storage.memory.InMemoryStorage;
import dev.larder.storage.tiered.TieredStorage;
import dev.larder.testkit.StorageContract;
import dev.larder.testkit.StorageSetup;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import org.junit.jupiter.api.io.TempDir;

/** The contract of memory over files whose heads are in another format than the default. */
abstract class TieredContract extends StorageContract {
    @TempDir
    Path directory;

    private final Serializer serializer;

    TieredContract(Serializer serializer) {
        this.serializer = serializer;
    }

    @Override
    protected Serializer serializer() {
        return serializer;
    }

    @Override
    protected Storage open(StorageSetup setup) throws IOException {
        return openWith(setup, serializer);
    }

    @Override
    protected Storage openWith(StorageSetup setup, Serializer with) throws IOException {
        FileStorage.Builder builder =
                FileStorage.builder().directory(directory).serializer(with).clock(setup.clock());
        setup.ttl().ifPresent(builder::ttl);
        setup.slidingTtl().ifPresent(builder::slidingTtl);
        setup.maxEntries().ifPresent(builder::maxEntries);
        setup.maxBytes().ifPresent(builder::maxBytes);
        setup.maxEntryBytes().ifPresent(builder::maxEntryBytes);
        setup.maxVariants().ifPresent(builder::maxVariants);
        InMemoryStorage.Builder near = InMemoryStorage.builder().clock(setup.clock());
        setup.ttl().ifPresent(near::ttl);
        setup.slidingTtl().ifPresent(near::slidingTtl);
        return TieredStorage.builder(near.build(), builder.build())
                .clock(setup.clock())
                .build();
    }

    @Override
    protected AsyncStorage async(Storage storage, ExecutorService executor) {
        return storage.async(executor);
    }

    @Override
    protected boolean persistent() {
        return true;
    }

    @Override
    protected boolean evictsExactly() {
        return false; // a tenth of the capacity at once
    }

    @Override
    protected int operationsPerThread() {
        return 100; // testkit does it at length; here only the heads are others
    }
}
