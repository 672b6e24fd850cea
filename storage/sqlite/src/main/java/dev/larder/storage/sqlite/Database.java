package dev.larder.storage.sqlite;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import org.jspecify.annotations.NullUnmarked;
import org.jspecify.annotations.Nullable;

/**
 * The connections to a database: one that writes, under a lock, and some that read. Where there is only one, because the
 * database is in memory or the connection a caller's, everything goes through that.
 *
 * <p>A file of our own that turns out damaged, now or in the middle of work, is set aside, and the work is done again on
 * a new one. A file that somebody replaced or deleted is noticed before anything is written, and by readers within a
 * second. Its connections are then left open for good: the last one to be closed would delete the write-ahead log by its
 * name, and that name is the new file's.
 */
final class Database {
    private static final int SQLITE_BUSY = 5;
    private static final int SQLITE_LOCKED = 6;
    static final int SQLITE_CORRUPT = 11;
    private static final int SQLITE_NOTADB = 26;

    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    /** A write-ahead log that grew this large, since there is always somebody reading, is cut by force. */
    private static final long MAX_WAL = 32L << 20;

    private static final int LOOK_AT_WAL_EVERY = 64;

    /** Locks of files do not keep threads of one process apart. */
    private static final ReentrantLock RECOVERY = new ReentrantLock();

    private final Source source;
    private final Schema schema;
    private final boolean createTable;
    private final BiConsumer<String, String> damage;
    private final long busyMillis;
    private final int readers;

    private final ReentrantLock writing = new ReentrantLock();
    private final Semaphore reading;
    private final ConcurrentLinkedDeque<Session> idle = new ConcurrentLinkedDeque<>();
    /** The connection that writes; null until it is opened, or after the file was lost. */
    private volatile @Nullable Session writer;

    private final AtomicInteger generation = new AtomicInteger();
    private volatile @Nullable Object fileKey;
    private volatile long looked;
    private volatile boolean single;
    private volatile boolean closed;
    private int commits;

    /** Where connections come from. */
    interface Source {
        Connection connect() throws SQLException, IOException;

        /** Whether connections are to be closed. */
        boolean own();

        /** Whether there can be only one. */
        boolean single();

        /** How many connections may read beside the one that writes. */
        int readers();

        /** The file, if it is ours to replace. */
        @Nullable
        Path file();
    }

    /** What is done with a connection. Unmarked, because the checker knows no nullness of type arguments. */
    @FunctionalInterface
    @NullUnmarked
    interface Work<T> {
        T run(Session session) throws SQLException, IOException;
    }

    @FunctionalInterface
    @NullUnmarked
    private interface Attempt<T> {
        T run() throws SQLException, IOException;
    }

    /** @param damage is told where the database was damaged, and how */
    Database(Source source, Schema schema, boolean createTable, long busyMillis, BiConsumer<String, String> damage)
            throws IOException {
        this.source = source;
        this.schema = schema;
        this.createTable = createTable;
        this.busyMillis = busyMillis;
        this.damage = damage;
        this.single = source.single();
        this.readers = source.readers();
        this.reading = new Semaphore(readers);
        write(session -> 0);
    }

    // ---- working

    /** Reads. Nothing that is read may be held beyond it, and nothing written within. */
    <T> T read(Work<T> work) throws IOException {
        return persist(() -> {
            lookNow(false);
            if (writer == null) {
                openWriter();
            }
            if (single) {
                writing.lock();
                try {
                    return work.run(writer());
                } finally {
                    writing.unlock();
                }
            }
            reading.acquireUninterruptibly();
            try {
                requireOpen();
                Session session = idle.pollFirst();
                if (session == null) {
                    session = new Session(connect(), schema.table(), source.own());
                }
                try {
                    return work.run(session);
                } finally {
                    idle.addFirst(session);
                }
            } finally {
                reading.release();
            }
        });
    }

    /** Writes in one transaction, after waiting for others that write. */
    <T> T write(Work<T> work) throws IOException {
        return persist(() -> {
            writing.lock();
            try {
                lookNow(true);
                openWriter();
                Session session = writer();
                T result = inTransaction(session, work);
                if (++commits % LOOK_AT_WAL_EVERY == 0) {
                    cutWal(session);
                }
                return result;
            } finally {
                writing.unlock();
            }
        });
    }

    private static <T> T inTransaction(Session session, Work<T> work) throws SQLException, IOException {
        session.begin();
        boolean done = false;
        try {
            T result = work.run(session);
            session.commit();
            done = true;
            return result;
        } finally {
            if (!done) {
                try {
                    session.rollback();
                } catch (SQLException e) {
                    // Some failures have rolled back already; what matters is thrown.
                }
            }
        }
    }

    private Session writer() throws IOException {
        requireOpen();
        Session session = writer;
        if (session == null) {
            throw new IOException("the database was replaced and could not be opened");
        }
        return session;
    }

    private void requireOpen() throws IOException {
        if (closed) {
            throw new IOException("the storage is closed");
        }
    }

    boolean isClosed() {
        return closed;
    }

    /** Which file this is of those that were at the path. */
    int generation() {
        return generation.get();
    }

    private <T> T persist(Attempt<T> attempt) throws IOException {
        int damaged = 0;
        while (true) {
            requireOpen();
            int seen = generation.get();
            try {
                return attempt.run();
            } catch (SQLException e) {
                if (!isDamage(e) || damaged++ == 2 || !recover(seen, e)) {
                    throw new IOException("SQLite: " + e.getMessage(), e);
                }
            }
        }
    }

    private static boolean isDamage(SQLException e) {
        int code = e.getErrorCode() & 0xFF;
        return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
    }

    // ---- opening

    private Connection connect() throws SQLException, IOException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(busyMillis);
        while (true) {
            try {
                return source.connect();
            } catch (SQLException e) {
                // To change the journal mode takes a lock that SQLite does not wait for.
                int code = e.getErrorCode() & 0xFF;
                if ((code != SQLITE_BUSY && code != SQLITE_LOCKED) || System.nanoTime() - deadline > 0) {
                    throw e;
                }
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
            }
        }
    }

    private void openWriter() throws SQLException, IOException {
        writing.lock();
        try {
            if (writer != null) {
                return;
            }
            requireOpen();
            Path file = source.file();
            if (file != null) {
                OwnFile.create(file);
                fileKey = keyOf(file);
            }
            Session session = new Session(connect(), schema.table(), source.own());
            boolean done = false;
            try {
                prepare(session);
                done = true;
            } finally {
                if (!done) {
                    session.close();
                }
            }
            writer = session;
        } finally {
            writing.unlock();
        }
    }

    private void prepare(Session session) throws SQLException, IOException {
        Connection connection = session.connection();
        if (!connection.getAutoCommit()) {
            throw new IOException("the connection is in a transaction; the storage needs one in auto-commit mode");
        }
        if (!single) {
            single = isInMemory(connection);
        }
        if (schema.isThere(connection)) {
            return;
        }
        if (createTable) {
            if (inTransaction(session, each -> schema.create(each.connection()))) {
                damage.accept(
                        schema.table(), "the tables were of another version, or damaged, and have been made anew");
            }
            return;
        }
        try (Statement statement = connection.createStatement()) {
            for (Sql sql : Sql.values()) {
                statement
                        .getConnection()
                        .prepareStatement(sql.on(schema.table()))
                        .close();
            }
        } catch (SQLException e) {
            if (isDamage(e)) {
                throw e;
            }
            throw new IOException(
                    "the tables of " + schema.table()
                            + " are not there, or of another version, and createTable is off: " + e.getMessage(),
                    e);
        }
    }

    private static boolean isInMemory(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("PRAGMA database_list")) {
            while (rows.next()) {
                if ("main".equals(rows.getString(2))) {
                    String file = rows.getString(3);
                    return file == null || file.isEmpty();
                }
            }
            return false;
        }
    }

    // ---- damage, and files that go away

    private static @Nullable Object keyOf(Path file) throws IOException {
        try {
            return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    private boolean isReplaced() throws IOException {
        Path file = source.file();
        Object known = fileKey;
        return file != null && known != null && !Objects.equals(known, keyOf(file));
    }

    /** Notices, before a change or now and then, that the file is not the one that was opened. */
    private void lookNow(boolean always) throws IOException {
        if (source.file() == null) {
            return;
        }
        long now = System.nanoTime();
        if (!always && now - looked < LOOK_NANOS) {
            return;
        }
        looked = now;
        if (isReplaced()) {
            alone(() -> {
                if (isReplaced()) {
                    abandon();
                }
                return true;
            });
        }
    }

    /** Runs something while no connection is in use. */
    private boolean alone(Attempt<Boolean> work) throws IOException {
        writing.lock();
        try {
            reading.acquireUninterruptibly(readers);
            try {
                return work.run();
            } catch (SQLException e) {
                throw new IOException("SQLite: " + e.getMessage(), e);
            } finally {
                reading.release(readers);
            }
        } finally {
            writing.unlock();
        }
    }

    private void abandon() {
        idle.clear();
        writer = null;
        fileKey = null;
        generation.incrementAndGet();
    }

    /** Sets a damaged file aside, unless another thread or process has done so; false when it is not ours. */
    private boolean recover(int seen, SQLException cause) throws IOException {
        String what = Objects.requireNonNullElse(cause.getMessage(), "damaged");
        Path file = source.file();
        if (file == null) {
            damage.accept(schema.table(), what);
            return false;
        }
        return alone(() -> {
            requireOpen();
            if (generation.get() != seen) {
                return true;
            }
            RECOVERY.lock();
            try (FileChannel side = OwnFile.open(OwnFile.beside(file, ".lock"));
                    FileLock lock = side.lock()) {
                if (isReplaced()) {
                    abandon();
                    return true;
                }
                closeSessions();
                abandon();
                for (String suffix : List.of("-wal", "-shm", "")) {
                    setAside(OwnFile.beside(file, suffix), OwnFile.beside(file, ".corrupt" + suffix));
                }
            } finally {
                RECOVERY.unlock();
            }
            damage.accept(file.toString(), what + "; set aside as " + OwnFile.beside(file, ".corrupt"));
            return true;
        });
    }

    private static void setAside(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        } catch (NoSuchFileException e) {
            Files.deleteIfExists(to);
        }
    }

    // ---- the write-ahead log

    private void cutWal(Session session) throws SQLException, IOException {
        Path file = source.file();
        if (file == null) {
            return;
        }
        try {
            if (Files.size(OwnFile.beside(file, "-wal")) <= MAX_WAL) {
                return;
            }
        } catch (NoSuchFileException e) {
            return;
        }
        try (Statement statement = session.connection().createStatement()) {
            statement.execute("PRAGMA wal_checkpoint(TRUNCATE)");
        }
    }

    // ---- closing

    private void closeSessions() {
        List<Session> all = new ArrayList<>(idle);
        idle.clear();
        Session last = writer;
        writer = null;
        if (last != null) {
            all.add(last);
        }
        for (Session session : all) {
            try {
                session.close();
            } catch (SQLException e) {
                // It is to go anyway.
            }
        }
    }

    void close() throws IOException {
        if (closed) {
            return;
        }
        alone(() -> {
            if (!closed) {
                closed = true;
                if (isReplaced()) {
                    abandon();
                } else {
                    closeSessions();
                }
            }
            return true;
        });
    }
}
