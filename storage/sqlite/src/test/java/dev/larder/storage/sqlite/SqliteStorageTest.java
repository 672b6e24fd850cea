package dev.larder.storage.sqlite;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.Serializer;
import dev.larder.storage.Storage;
import dev.larder.testkit.StorageContract;
import dev.larder.testkit.StorageSetup;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import org.junit.jupiter.api.io.TempDir;

/** A database file keeps the contract. */
class SqliteStorageTest extends StorageContract {
    @TempDir
    Path directory;

    private Path file() {
        return directory.resolve("cache.db");
    }

    @Override
    protected Storage open(StorageSetup setup) throws IOException {
        return openWith(setup, serializer());
    }

    @Override
    protected Storage openWith(StorageSetup setup, Serializer serializer) throws IOException {
        return Fixture.configured(SqliteStorage.builder().path(file()), setup)
                .serializer(serializer)
                .build();
    }

    @Override
    protected Storage openBeside(StorageSetup setup) throws IOException {
        return Fixture.configured(SqliteStorage.builder().path(file()), setup)
                .serializer(serializer())
                .tableName("beside")
                .build();
    }

    @Override
    protected boolean damageBody(StoredResponse head) throws IOException {
        try {
            Fixture.damageChunk(file(), head.id(), 1);
            return true;
        } catch (SQLException e) {
            throw new IOException(e);
        }
    }

    @Override
    protected boolean persistent() {
        return true;
    }

    @Override
    protected int operationsPerThread() {
        return 200;
    }

    @Override
    protected void closed() throws Exception {
        Fixture.expectNothingLeftBehind(file());
    }
}
