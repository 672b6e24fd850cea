package dev.larder.storage.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.storage.Storage;
import dev.larder.testkit.StorageContract;
import dev.larder.testkit.StorageSetup;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;

/** The contract in memory, on a caller's connection, and on a caller's data source. */
class SqliteConnectionsTest {
    @Nested
    class InMemory extends StorageContract {
        @Override
        protected Storage open(StorageSetup setup) throws IOException {
            return Fixture.configured(SqliteStorage.builder(), setup).build();
        }

        @Override
        protected int operationsPerThread() {
            return 100;
        }
    }

    @Nested
    class OfTheCaller extends StorageContract {
        @TempDir
        Path directory;

        private Connection connection;

        @Override
        protected Storage open(StorageSetup setup) throws IOException {
            try {
                if (connection == null) {
                    connection = Fixture.connect(directory.resolve("app.db"));
                }
            } catch (SQLException e) {
                throw new IOException(e);
            }
            return Fixture.configured(SqliteStorage.builder().connection(connection), setup)
                    .build();
        }

        @Override
        protected boolean persistent() {
            return true;
        }

        @Override
        protected int operationsPerThread() {
            return 100;
        }

        @AfterEach
        void isStillOpen() throws SQLException {
            if (connection != null) {
                assertThat(connection.isClosed()).isFalse();
            }
        }

        @Override
        protected void closed() throws Exception {
            if (connection != null) {
                connection.close();
                connection = null;
                Fixture.expectNothingLeftBehind(directory.resolve("app.db"));
            }
        }
    }

    @Nested
    class FromADataSource extends StorageContract {
        @TempDir
        Path directory;

        @Override
        protected Storage open(StorageSetup setup) throws IOException {
            SQLiteConfig config = new SQLiteConfig();
            config.setJournalMode(SQLiteConfig.JournalMode.WAL);
            config.setSynchronous(SQLiteConfig.SynchronousMode.NORMAL);
            config.setBusyTimeout(30_000);
            SQLiteDataSource source = new SQLiteDataSource(config);
            source.setUrl("jdbc:sqlite:" + directory.resolve("app.db"));
            return Fixture.configured(SqliteStorage.builder().dataSource(source), setup)
                    .build();
        }

        @Override
        protected boolean persistent() {
            return true;
        }

        @Override
        protected int operationsPerThread() {
            return 100;
        }

        @Override
        protected void closed() throws Exception {
            Fixture.expectNothingLeftBehind(directory.resolve("app.db"));
        }
    }
}
