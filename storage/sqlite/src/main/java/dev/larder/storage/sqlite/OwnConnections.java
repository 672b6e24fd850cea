package dev.larder.storage.sqlite;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConfig;

/** Opens connections to a file of ours, or to a database in memory. */
final class OwnConnections {
    /** To which size the write-ahead log is cut when it begins anew. */
    private static final int WAL_BYTES = 16 << 20;

    private final @Nullable Path file;
    private final SQLiteConfig config = new SQLiteConfig();

    OwnConnections(@Nullable Path file, int busyMillis, boolean durable) {
        this.file = file == null ? null : file.toAbsolutePath();
        config.setBusyTimeout(busyMillis);
        if (file != null) {
            config.setJournalMode(SQLiteConfig.JournalMode.WAL);
            config.setSynchronous(durable ? SQLiteConfig.SynchronousMode.FULL : SQLiteConfig.SynchronousMode.NORMAL);
            config.setJournalSizeLimit(WAL_BYTES);
        }
    }

    @Nullable
    Path file() {
        return file;
    }

    Connection connect() throws SQLException, IOException {
        Path path = file;
        if (path == null) {
            return config.createConnection("jdbc:sqlite::memory:");
        }
        OwnFile.create(path);
        OwnFile.check(path);
        // As a URI, because the driver takes what follows a question mark in a plain name for settings.
        Connection connection = config.createConnection("jdbc:sqlite:" + path.toUri());
        boolean done = false;
        try (Statement statement = connection.createStatement()) {
            // Damage shows earlier, and a schema that somebody forged runs nothing.
            statement.execute("PRAGMA cell_size_check = ON");
            statement.execute("PRAGMA trusted_schema = OFF");
            done = true;
            return connection;
        } finally {
            if (!done) {
                connection.close();
            }
        }
    }
}
