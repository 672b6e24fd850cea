package dev.larder.integration.micrometer;

import dev.larder.storage.Storage;
import dev.larder.storage.memory.InMemoryStorage;
import dev.larder.testkit.StorageContract;
import dev.larder.testkit.StorageSetup;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

/** A storage that is timed keeps the contract, whatever is underneath. */
final class TimedStorageTest extends StorageContract {
    @Override
    protected Storage open(StorageSetup setup) {
        InMemoryStorage.Builder builder = InMemoryStorage.builder().clock(setup.clock());
        setup.ttl().ifPresent(builder::ttl);
        setup.slidingTtl().ifPresent(builder::slidingTtl);
        setup.maxEntries().ifPresent(builder::maxEntries);
        setup.maxBytes().ifPresent(builder::maxBytes);
        setup.maxEntryBytes().ifPresent(builder::maxEntryBytes);
        setup.maxVariants().ifPresent(builder::maxVariants);
        return new TimedStorage(builder.build(), new OperationTimers(new SimpleMeterRegistry(), Tags.empty()));
    }

    /** The storage underneath has been through all of it. */
    @Override
    protected int operationsPerThread() {
        return 200;
    }
}
