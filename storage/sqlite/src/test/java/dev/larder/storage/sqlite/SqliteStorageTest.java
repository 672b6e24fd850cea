package dev.larder.storage.sqlite;

import dev.larder.storage.Storage;
import dev.larder.testkit.StorageContract;
import dev.larder.testkit.StorageSetup;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** A database file keeps the contract. */
class SqliteStorageTest extends StorageContract {
    @TempDir
    Path directory;

    @Override
    protected Storage open(StorageSetup setup) throws IOException {
        return Fixture.configured(SqliteStorage.builder().path(directory.resolve("cache.db")), setup)
                .serializer(serializer())
                .open();
    }

    @Override
    protected boolean persistent() {
        return true;
    }

    @Override
    protected int operationsPerThread() {
        return 300;
    }

    @Override
    protected void closed() throws Exception {
        Fixture.expectNothingLeftBehind(directory.resolve("cache.db"));
    }
}
