package dev.larder.storage;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Reads all of a storage, so that every checksum in it is compared. {@link #check} reports what is damaged and leaves it
 * where it is, {@link #repair} has it removed.
 */
public final class StorageCheck {
    private static final int PIECE = 1 << 18;

    private final Storage storage;
    private final Consumer<Progress> listener;
    private final Damages damages = new Damages();
    private final ByteBuffer piece = ByteBuffer.allocate(PIECE);
    private long entries;
    private long bytes;

    private StorageCheck(Storage storage, Consumer<Progress> listener) {
        this.storage = storage;
        this.listener = listener;
    }

    /**
     * Something damaged.
     *
     * @param where the file, row or object
     * @param what what is wrong with it
     */
    public record Damage(String where, String what) {}

    /**
     * How far a check has come.
     *
     * @param entries how many sound entries there are
     * @param bytes how many bytes their bodies have
     * @param damaged how many times something damaged was found
     */
    public record Progress(long entries, long bytes, long damaged) {}

    /**
     * How a check ended.
     *
     * @param entries how many sound entries there are
     * @param bytes how many bytes their bodies have
     * @param damaged what is damaged
     */
    public record Result(long entries, long bytes, List<Damage> damaged) {}

    /**
     * Reads all entries and removes none. Waits for it; the storage may be in use meanwhile, and damage that others find in
     * this time is reported too. Until the end of it, nothing that is damaged is removed for others either, see {@link
     * Storage#keepDamaged}.
     *
     * @param listener is told after every piece of a body and after every entry, on this thread
     * @return how it ended
     * @throws IOException when the storage fails
     */
    public static Result check(Storage storage, Consumer<Progress> listener) throws IOException {
        storage.keepDamaged(true);
        try {
            return read(storage, listener);
        } finally {
            storage.keepDamaged(false);
        }
    }

    /**
     * As {@link #check}, but what is damaged is removed, as it is whenever somebody comes upon it.
     *
     * @param listener is told after every piece of a body and after every entry, on this thread
     * @return how it ended
     * @throws IOException when the storage fails
     */
    public static Result repair(Storage storage, Consumer<Progress> listener) throws IOException {
        return read(storage, listener);
    }

    private static Result read(Storage storage, Consumer<Progress> listener) throws IOException {
        StorageCheck check = new StorageCheck(storage, listener);
        storage.addListener(check.damages);
        try {
            Iterator<StoredEntry> all = storage.entries();
            while (all.hasNext()) {
                check.read(all.next());
                listener.accept(check.progress());
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } finally {
            check.damages.done = true;
        }
        return new Result(check.entries, check.bytes, check.damages.all());
    }

    private Progress progress() {
        return new Progress(entries, bytes, damages.count.get());
    }

    private void read(StoredEntry entry) throws IOException {
        long before = damages.count.get();
        long start = bytes;
        try (BodyReader body = storage.open(entry)) {
            if (body == null) {
                return; // gone, or damaged and reported
            }
            for (long at = 0; at < body.length(); at += piece.position()) {
                body.read(at, piece.clear());
                bytes += piece.position();
                listener.accept(progress());
            }
            entries++;
        } catch (IOException e) {
            bytes = start;
            if (damages.count.get() == before) {
                throw e;
            }
        }
    }

    /** Storages keep their listeners, so it must be quiet afterwards. */
    static final class Damages implements StorageListener {
        private final Set<Damage> found = new LinkedHashSet<>();
        final AtomicLong count = new AtomicLong();
        volatile boolean done;

        @Override
        public void corrupt(String where, String what) {
            if (done) {
                return;
            }
            synchronized (found) {
                // What stays where it is may be come upon more than once.
                if (found.add(new Damage(where, what))) {
                    count.incrementAndGet();
                }
            }
        }

        List<Damage> all() {
            synchronized (found) {
                return List.copyOf(found);
            }
        }
    }
}
