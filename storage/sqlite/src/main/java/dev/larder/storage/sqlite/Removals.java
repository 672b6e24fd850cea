package dev.larder.storage.sqlite;

import java.security.SecureRandom;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * Remembers removals, for the sake of responses that were on their way when they happened (RFC 9111 4.4): a table of up to
 * 65537 slots, one for each value of the first 16 bits of a key's hash, and the last one for {@code clear()}.
 *
 * <p>A slot counts the removals that fell on it. A writer notes the count when it is created and is discarded when it has
 * changed at the commit; no clock takes part. Beside the count are the time of the last removal and the process that made
 * it: a response that was requested before that time from another process is discarded too, even if its writer was created
 * after. Two keys that share a slot cost, rarely, a response that could have been stored.
 */
final class Removals {
    static final int ALL = 1 << 16;

    private static final long PROCESS = new SecureRandom().nextLong() | 1;

    private Removals() {}

    /** The state of both slots that concern a key, in one of the files that were at a path. */
    record Mark(int generation, Slot own, Slot all) {
        /** Whether an entry whose writer saw {@code this} may be stored now that the state is {@code current}. */
        boolean allows(Mark current, long requestTime, long now) {
            return generation == current.generation
                    && own.count == current.own.count
                    && all.count == current.all.count
                    && !current.own.later(requestTime, now)
                    && !current.all.later(requestTime, now);
        }
    }

    record Slot(long count, long time, long process) {
        private static final Slot NONE = new Slot(0, 0, 0);

        private boolean later(long requestTime, long now) {
            // A time to come says that the clock went back; it must not block the slot until then.
            return process != 0 && process != PROCESS && time > requestTime && time <= now;
        }
    }

    static Mark mark(Session session, int generation, int slot) throws SQLException {
        Slot own = Slot.NONE;
        Slot all = Slot.NONE;
        try (ResultSet rows = session.query(Sql.MARKS, slot)) {
            while (rows.next()) {
                Slot found = new Slot(rows.getLong(2), rows.getLong(3), rows.getLong(4));
                if (rows.getInt(1) == ALL) {
                    all = found;
                } else {
                    own = found;
                }
            }
        }
        return new Mark(generation, own, all);
    }

    static void count(Session session, int slot, long now) throws SQLException {
        session.update(Sql.COUNT_REMOVAL, slot, now, PROCESS);
    }
}
