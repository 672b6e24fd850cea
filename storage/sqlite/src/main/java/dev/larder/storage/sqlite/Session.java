package dev.larder.storage.sqlite;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A connection with its prepared statements. One thread at a time. */
final class Session {
    private final Connection connection;
    private final String table;
    private final boolean own;
    private final Map<Sql, PreparedStatement> statements = new EnumMap<>(Sql.class);
    private @Nullable PreparedStatement begin;
    private @Nullable PreparedStatement commit;
    private @Nullable PreparedStatement rollback;

    /** @param own whether the connection is to be closed in the end */
    Session(Connection connection, String table, boolean own) {
        this.connection = connection;
        this.table = table;
        this.own = own;
    }

    Connection connection() {
        return connection;
    }

    private PreparedStatement statement(Sql sql) throws SQLException {
        PreparedStatement known = statements.get(sql);
        if (known == null) {
            known = connection.prepareStatement(sql.on(table));
            statements.put(sql, known);
        }
        return known;
    }

    private PreparedStatement bound(Sql sql, @Nullable Object... values) throws SQLException {
        PreparedStatement statement = statement(sql);
        for (int i = 0; i < values.length; i++) {
            Object value = values[i];
            if (value instanceof byte[] bytes) {
                statement.setBytes(i + 1, bytes);
            } else if (value instanceof Long number) {
                statement.setLong(i + 1, number);
            } else if (value instanceof Integer number) {
                statement.setInt(i + 1, number);
            } else {
                statement.setString(i + 1, (String) value);
            }
        }
        return statement;
    }

    /** Runs a statement that answers rows; the caller closes them, and runs it no second time before that. */
    ResultSet query(Sql sql, @Nullable Object... values) throws SQLException {
        return bound(sql, values).executeQuery();
    }

    /** Runs a statement; returns how many rows it changed. */
    int update(Sql sql, @Nullable Object... values) throws SQLException {
        return bound(sql, values).executeUpdate();
    }

    /** At once for writing: a transaction that becomes a writer later fails, and no time-out helps, if another was first. */
    void begin() throws SQLException {
        if (begin == null) {
            begin = connection.prepareStatement("BEGIN IMMEDIATE");
        }
        begin.executeUpdate();
    }

    void commit() throws SQLException {
        if (commit == null) {
            commit = connection.prepareStatement("COMMIT");
        }
        commit.executeUpdate();
    }

    void rollback() throws SQLException {
        if (rollback == null) {
            rollback = connection.prepareStatement("ROLLBACK");
        }
        rollback.executeUpdate();
    }

    void close() throws SQLException {
        SQLException failure = null;
        for (PreparedStatement statement : statements.values()) {
            failure = closed(statement, failure);
        }
        statements.clear();
        failure = closed(begin, failure);
        failure = closed(commit, failure);
        failure = closed(rollback, failure);
        failure = closed(own ? connection : null, failure);
        if (failure != null) {
            throw failure;
        }
    }

    private static @Nullable SQLException closed(@Nullable AutoCloseable resource, @Nullable SQLException before) {
        try {
            if (resource != null) {
                resource.close();
            }
            return before;
        } catch (SQLException e) {
            return before == null ? e : before;
        } catch (Exception e) {
            return before == null ? new SQLException(e) : before;
        }
    }
}
