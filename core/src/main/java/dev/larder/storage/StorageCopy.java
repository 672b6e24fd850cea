package dev.larder.storage;

import dev.larder.rules.StoredResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Copies entries from one storage into another, whatever either keeps them in and writes heads with.
 *
 * <p>A copy has the head of its original: the same id, key, times, tags and time to live of its own. How often the original
 * was used stays behind, and a sliding time to live begins anew. What the target holds besides is left alone.
 *
 * <p>Each body is read back from the target and compared with what was written. A copy that was broken off is resumed by
 * beginning again: entries that are there already are not copied again.
 */
public final class StorageCopy {
    private static final int PIECE = 1 << 18;

    private final Storage from;
    private final Storage to;
    private final Consumer<Progress> listener;
    private final StorageCheck.Damages damages = new StorageCheck.Damages();
    private final ByteBuffer piece = ByteBuffer.allocate(PIECE);
    private long copied;
    private long present;
    private long lost;
    private long refused;
    private long bytes;

    private StorageCopy(Storage from, Storage to, Consumer<Progress> listener) {
        this.from = from;
        this.to = to;
        this.listener = listener;
    }

    /**
     * How far a copy has come.
     *
     * @param copied how many entries were copied
     * @param present how many were there already, with the same id
     * @param lost how many went while they were copied, or turned out damaged, which the listener of the source hears of
     * @param refused how many the target does not keep, because they are too large for it or make room at once
     * @param bytes how many bytes of bodies were written
     */
    public record Progress(long copied, long present, long lost, long refused, long bytes) {
        /** How many entries have been dealt with. */
        public long entries() {
            return copied + present + lost + refused;
        }
    }

    /**
     * Copies all entries. Waits for it; both storages may be in use meanwhile.
     *
     * @param listener is told after every piece of a body and after every entry, on this thread
     * @return how it ended
     * @throws IOException when one of the storages fails, or when the target hands out other bytes than it was given; what
     *     was copied until then stays
     */
    public static Progress copy(Storage from, Storage to, Consumer<Progress> listener) throws IOException {
        StorageCopy copy = new StorageCopy(from, to, listener);
        from.addListener(copy.damages);
        try {
            Iterator<StoredEntry> all = from.entries();
            while (true) {
                long before = copy.damages.count.get();
                StoredEntry entry = all.hasNext() ? all.next() : null;
                // What has no readable head is passed over, and said.
                copy.lost += copy.damages.count.get() - before;
                if (entry == null) {
                    break;
                }
                copy.copy(entry);
                listener.accept(copy.progress());
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } finally {
            copy.damages.done = true;
        }
        return copy.progress();
    }

    private Progress progress() {
        return new Progress(copied, present, lost, refused, bytes);
    }

    private void copy(StoredEntry entry) throws IOException {
        StoredResponse head = entry.stored();
        StoredEntry there = find(to, head);
        if (there != null && there.bodyLength() == entry.bodyLength()) {
            if (!there.stored().equals(head)) {
                to.freshen(head); // validated since it was copied
            }
            present++;
            return;
        }
        if (there != null) {
            to.remove(head.key(), head.id());
        }
        try (BodyReader body = from.open(entry)) {
            if (body == null) {
                lost++;
                return;
            }
            write(head, body);
        }
    }

    private void write(StoredResponse head, BodyReader body) throws IOException {
        CRC32C written = new CRC32C();
        long before = bytes;
        long damagesBefore = damages.count.get();
        try (EntryWriter writer = to.create(head)) {
            for (long at = 0; at < body.length(); at += piece.limit()) {
                try {
                    body.read(at, piece.clear());
                } catch (IOException e) {
                    // Damaged, which its storage has said; or removed meanwhile. Otherwise the storage fails.
                    if (damages.count.get() == damagesBefore && find(from, head) != null) {
                        throw e;
                    }
                    lost++;
                    return;
                }
                piece.flip();
                written.update(piece.duplicate());
                writer.write(piece.duplicate());
                bytes += piece.remaining();
                listener.accept(progress());
            }
            if (!writer.commit(List.of())) {
                refused++;
                return;
            }
        } catch (EntryTooLargeException e) {
            refused++;
            return;
        }
        StoredEntry copy = find(to, head);
        if (copy == null) {
            refused++;
            return;
        }
        if (!copy.stored().equals(head)
                || copy.bodyLength() != bytes - before
                || checksum(copy) != written.getValue()) {
            to.remove(head.key(), head.id());
            throw new IOException("the copy of entry " + head.id() + " is not what was written");
        }
        copied++;
    }

    private static @Nullable StoredEntry find(Storage storage, StoredResponse head) throws IOException {
        for (StoredEntry entry : storage.lookup(head.key())) {
            if (entry.stored().id().equals(head.id())) {
                return entry;
            }
        }
        return null;
    }

    /** That of the body in the target, or -1 when it is gone. */
    private long checksum(StoredEntry entry) throws IOException {
        CRC32C read = new CRC32C();
        try (BodyReader body = to.open(entry)) {
            if (body == null || body.length() != entry.bodyLength()) {
                return -1;
            }
            for (long at = 0; at < body.length(); at += piece.limit()) {
                body.read(at, piece.clear());
                piece.flip();
                read.update(piece.duplicate());
            }
        }
        return read.getValue();
    }
}
