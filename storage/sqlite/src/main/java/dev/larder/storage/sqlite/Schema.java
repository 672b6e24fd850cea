package dev.larder.storage.sqlite;

import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The tables, version 1. {@link SqliteStorage} says what they are for. */
final class Schema {
    /** In every table's text, where SQLite keeps it: so that we know our own tables, and those of another version. */
    private static final String OURS = "/* larder ";

    private static final int SQLITE_ERROR = 1;

    private static final String VERSION = OURS + "1 */";

    private final String table;
    /** By name, in the order in which they are made. */
    private final Map<String, String> objects = new LinkedHashMap<>();

    /** @throws IllegalArgumentException when that is no name for a table */
    Schema(String table) {
        this.table = checked(table);
        add("", """
                CREATE TABLE "$" (VERSION
                  n INTEGER PRIMARY KEY AUTOINCREMENT,
                  state INTEGER NOT NULL,
                  seal INTEGER NOT NULL,
                  length INTEGER NOT NULL,
                  size INTEGER NOT NULL,
                  uses INTEGER NOT NULL,
                  used INTEGER NOT NULL,
                  expires INTEGER,
                  format INTEGER NOT NULL,
                  id TEXT NOT NULL,
                  key BLOB NOT NULL,
                  owner TEXT,
                  head BLOB NOT NULL)""");
        add("_keys", "CREATE INDEX \"$_keys\" ON \"$\" (key, seal, length, uses, state) WHERE state = 1");
        add("_live", "CREATE INDEX \"$_live\" ON \"$\" (used, size) WHERE state = 1");
        add("_expiry", "CREATE INDEX \"$_expiry\" ON \"$\" (expires) WHERE state = 1 AND expires IS NOT NULL");
        add("_rest", "CREATE INDEX \"$_rest\" ON \"$\" (used) WHERE state <> 1");
        add("_bodies", """
                CREATE TABLE "$_bodies" (VERSION
                  n INTEGER PRIMARY KEY,
                  bytes BLOB NOT NULL)""");
        add("_removals", """
                CREATE TABLE "$_removals" (VERSION
                  slot INTEGER PRIMARY KEY,
                  count INTEGER NOT NULL,
                  time INTEGER NOT NULL,
                  process INTEGER NOT NULL)""");
        add("_totals", """
                CREATE TABLE "$_totals" (VERSION
                  n INTEGER PRIMARY KEY,
                  entries INTEGER NOT NULL,
                  bytes INTEGER NOT NULL,
                  dead INTEGER NOT NULL)""");
    }

    private void add(String suffix, String text) {
        objects.put(table + suffix, text.replace("$", table).replace("VERSION", VERSION));
    }

    private static String checked(String name) {
        boolean fits = !name.isEmpty() && name.length() <= 60;
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            fits &= (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (i > 0 && c >= '0' && c <= '9');
        }
        if (!fits || name.toLowerCase(Locale.ROOT).startsWith("sqlite_")) {
            throw new IllegalArgumentException("tableName must be 1 to 60 of a-z, A-Z, 0-9 and _, begin with no digit"
                    + " and not with sqlite_, unlike \"" + name + "\"");
        }
        return name;
    }

    String table() {
        return table;
    }

    /**
     * Makes the tables unless they are there. Those of another version, or with a damaged text, are dropped first.
     *
     * @return whether tables of ours were dropped
     * @throws IOException when the name is taken by a table that is not ours
     */
    boolean create(Connection connection) throws SQLException, IOException {
        try (Statement statement = connection.createStatement()) {
            Map<String, String> found = found(connection);
            if (found.equals(objects)) {
                return false;
            }
            boolean dropped = false;
            if (!found.isEmpty()) {
                if (found.values().stream().noneMatch(text -> text.contains(OURS))) {
                    throw new IOException("the database has a table "
                            + found.keySet().iterator().next() + " that is not Larder's; choose another tableName than "
                            + table);
                }
                dropped = true;
                for (Map.Entry<String, String> each : found.entrySet()) {
                    if (each.getValue().startsWith("CREATE TABLE")) {
                        statement.executeUpdate("DROP TABLE \"" + each.getKey() + '"');
                    }
                }
            }
            try {
                for (String text : objects.values()) {
                    statement.executeUpdate(text);
                }
            } catch (SQLException e) {
                if (dropped && (e.getErrorCode() & 0xFF) == SQLITE_ERROR) {
                    // Some of ours are there under names that they do not have.
                    throw new SQLException(e.getMessage(), e.getSQLState(), Database.SQLITE_CORRUPT, e);
                }
                throw e;
            }
            statement.executeUpdate(firstTotals());
            return dropped;
        }
    }

    private String firstTotals() {
        return "INSERT INTO \"" + table + "_totals\" VALUES (1, 0, 0, 0)";
    }

    /** Whether the tables are there as this version makes them. */
    boolean isThere(Connection connection) throws SQLException {
        return found(connection).equals(objects);
    }

    /** What there is under our names. */
    private Map<String, String> found(Connection connection) throws SQLException {
        Map<String, String> found = new LinkedHashMap<>();
        try (PreparedStatement query =
                connection.prepareStatement("SELECT name, sql FROM sqlite_schema WHERE name = ? COLLATE NOCASE")) {
            for (String name : objects.keySet()) {
                query.setString(1, name);
                try (ResultSet row = query.executeQuery()) {
                    if (row.next()) {
                        String text = row.getString(2);
                        found.put(row.getString(1), text == null ? "" : text);
                    }
                }
            }
        }
        return found;
    }

    /** The statements that make the tables. */
    List<String> statements() {
        List<String> all = new ArrayList<>(objects.values());
        all.add(firstTotals());
        return List.copyOf(all);
    }
}
