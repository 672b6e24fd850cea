package dev.larder.storage.file;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.file.EntryFormat.HeadRecord;
import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Heads that were parsed before. A hit still reads its file, since another process may have changed or removed it, but a
 * head whose checksum is the same at the same place is the same head: it keeps its object, with the digest worked out,
 * and what a client attached.
 *
 * <p>A table without chains: a head that falls on a taken slot takes its place. So it is bounded, needs no lock, and is
 * forgetful at worst.
 */
final class HeadCache {
    private static final int SLOTS = 1 << 11;
    /** Larger heads are rare, and would fill the memory. */
    private static final int MAX_TEXT = 1 << 14;

    private final AtomicReferenceArray<@Nullable Known> slots = new AtomicReferenceArray<>(SLOTS);

    /** What is known of an entry file. */
    static final class Known {
        final String name;
        final Path path;
        final long fileSize;
        final StoredResponse stored;
        private final HeadRecord record;
        private volatile @Nullable Object attachment;
        /** The latest entry made of this, which a client may attach something to at any time. */
        private volatile @Nullable WeakReference<FileEntry> latest;

        Known(String name, Path path, long fileSize, HeadRecord record, StoredResponse stored) {
            this.name = name;
            this.path = path;
            this.fileSize = fileSize;
            this.stored = stored;
            this.record = record.withoutText();
        }

        boolean is(HeadRecord head) {
            return record.sameAs(head);
        }

        /** Hands on what was attached to the latest entry. */
        void pass(FileEntry entry) {
            WeakReference<FileEntry> reference = latest;
            FileEntry before = reference == null ? null : reference.get();
            Object attached = before == null ? null : before.attachment();
            if (attached == null) {
                attached = attachment;
            } else {
                attachment = attached;
            }
            if (attached != null) {
                entry.attach(attached);
            } else {
                latest = new WeakReference<>(entry);
            }
        }
    }

    @Nullable
    Known get(String name) {
        Known known = slots.get(slot(name));
        return known != null && known.name.equals(name) ? known : null;
    }

    void put(Known known) {
        if (known.record.length() <= MAX_TEXT) {
            slots.set(slot(known.name), known);
        }
    }

    void remove(String name) {
        Known known = get(name);
        if (known != null) {
            slots.compareAndSet(slot(name), known, null);
        }
    }

    private static int slot(String name) {
        int hash = name.hashCode();
        return (hash ^ hash >>> 16) & (SLOTS - 1);
    }
}
