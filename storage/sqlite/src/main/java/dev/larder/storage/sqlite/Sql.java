package dev.larder.storage.sqlite;

/**
 * Every statement that works on the tables. {@code $} stands for the name of the table.
 *
 * <p>None that is on the way of a request reads a whole table; those that do say so.
 */
enum Sql {
    // ---- on the way of a request

    /**
     * The entries of a key whose heads are known, with their bodies where these are one chunk. The index has all that is
     * asked for, so that their rows are not read.
     */
    LOOKUP_KNOWN("SELECT e.n, e.seal, e.uses, b.bytes"
            + " FROM \"$\" e LEFT JOIN \"$_bodies\" b ON b.n = e.n << 24 AND e.length <= 65536"
            + " WHERE e.key = ? AND e.state = 1"),
    /** The entries of a key, likewise, with their heads. */
    LOOKUP("SELECT e.n, e.seal, e.uses, b.bytes, e.used, e.length, e.format, e.id, e.key, e.head"
            + " FROM \"$\" e LEFT JOIN \"$_bodies\" b ON b.n = e.n << 24 AND e.length <= 65536"
            + " WHERE e.key = ? AND e.state = 1"),
    /** One entry, likewise. */
    LOOKUP_ONE("SELECT e.n, e.seal, e.uses, b.bytes, e.used, e.length, e.format, e.id, e.key, e.head"
            + " FROM \"$\" e LEFT JOIN \"$_bodies\" b ON b.n = e.n << 24 AND e.length <= 65536"
            + " WHERE e.n = ? AND e.state = 1"),
    /** The entries of a key, without their bodies. */
    HEADS("SELECT n, seal, uses, NULL, used, length, format, id, key, head FROM \"$\" WHERE key = ? AND state = 1"),
    IS_THERE("SELECT 1 FROM \"$\" WHERE n = ? AND id = ? AND state = 1"),
    CHUNK("SELECT bytes FROM \"$_bodies\" WHERE n = ?"),
    MARKS("SELECT slot, count, time, process FROM \"$_removals\" WHERE slot IN (?, 65536)"),
    COUNT_REMOVAL("INSERT INTO \"$_removals\" (slot, count, time, process) VALUES (?, 1, ?, ?)"
            + " ON CONFLICT (slot) DO UPDATE SET count = count + 1, time = excluded.time, process = excluded.process"),
    INSERT("INSERT INTO \"$\" (state, key, id, format, seal, length, size, uses, used, expires, owner, head)"
            + " VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?) RETURNING n"),
    INSERT_CHUNK("INSERT INTO \"$_bodies\" (n, bytes) VALUES (?, ?)"),
    GROW("UPDATE \"$\" SET length = ?, size = ?, used = ? WHERE n = ? AND state = 0"),
    PUBLISH("UPDATE \"$\" SET state = 1, seal = ?, length = ?, size = ?, used = ?, expires = ?, owner = NULL"
            + " WHERE n = ? AND state = 0"),
    VARIANTS("SELECT n, id, length, size, used FROM \"$\" WHERE key = ? AND state = 1"),
    FRESHEN("UPDATE \"$\" SET head = ?, format = ?, seal = ?, size = ?, used = ?, expires = ?" + " WHERE n = ?"),
    USE("UPDATE \"$\" SET uses = uses + ?, used = max(used, ?), expires = coalesce(?, expires)"
            + " WHERE n = ? AND state = 1"),
    DELETE("DELETE FROM \"$\" WHERE n = ?"),
    DELETE_CHUNKS("DELETE FROM \"$_bodies\" WHERE n BETWEEN ? AND ?"),
    BURY("UPDATE \"$\" SET state = 2, used = ?, expires = NULL WHERE n = ?"),
    /** Keeps a removed body for a slow reader. */
    KEEP("UPDATE \"$\" SET used = ? WHERE n = ? AND state = 2"),
    OLDEST("SELECT n, length, size, used FROM \"$\" WHERE state = 1 AND used >= ? ORDER BY used LIMIT 2"),
    TOTALS("SELECT entries, bytes, dead FROM \"$_totals\" WHERE n = 1"),
    ADD("UPDATE \"$_totals\" SET entries = entries + ?, bytes = bytes + ?, dead = dead + ? WHERE n = 1"
            + " RETURNING entries, bytes, dead"),

    // ---- of sweeps and listings, part by part

    LIST("SELECT n, seal, uses, NULL, used, length, format, id, key, head FROM \"$\""
            + " WHERE n > ? AND state = 1 ORDER BY n LIMIT 64"),
    ROW("SELECT length, size FROM \"$\" WHERE n = ? AND state = ?"),
    EXPIRED("SELECT n, seal, uses, NULL, used, length, format, id, key, head FROM \"$\""
            + " WHERE state = 1 AND expires <= ? ORDER BY expires LIMIT 64"),
    POSTPONE("UPDATE \"$\" SET expires = ? WHERE n = ? AND state = 1"),
    REST(
            "SELECT n, state, used, length, size, owner FROM \"$\" WHERE state <> 1 AND used >= ? ORDER BY used LIMIT 4096"),

    // ---- of sweeps and clear(): these read all entries, or an index of them

    COUNT_LIVE("SELECT count(*), coalesce(sum(size), 0) FROM \"$\" WHERE state = 1"),
    COUNT_DEAD("SELECT coalesce(sum(size), 0) FROM \"$\" WHERE state = 2"),
    /** The totals, if they are what counting finds. */
    RIGHT_TOTALS("SELECT t.entries, t.bytes, t.dead FROM \"$_totals\" t,"
            + " (SELECT count(*) AS entries, coalesce(sum(size), 0) AS bytes FROM \"$\" WHERE state = 1) live,"
            + " (SELECT coalesce(sum(size), 0) AS bytes FROM \"$\" WHERE state = 2) gone"
            + " WHERE t.n = 1 AND t.entries = live.entries AND t.bytes = live.bytes AND t.dead = gone.bytes"),
    SET_TOTALS("UPDATE \"$_totals\" SET entries = ?, bytes = ?, dead = ? WHERE n = 1"),
    CLEAR_BODIES("DELETE FROM \"$_bodies\" WHERE n IN (SELECT n << 24 FROM \"$\" WHERE state = 1 AND length <= 65536)"),
    CLEAR_SMALL("DELETE FROM \"$\" WHERE state = 1 AND length <= 65536"),
    CLEAR_LARGE("UPDATE \"$\" SET state = 2, used = ?, expires = NULL WHERE state = 1");

    private final String text;

    Sql(String text) {
        this.text = text;
    }

    String on(String table) {
        return text.replace("$", table);
    }

    /** Whether it is no part of any request's way. */
    boolean readsAll() {
        return compareTo(COUNT_LIVE) >= 0;
    }
}
