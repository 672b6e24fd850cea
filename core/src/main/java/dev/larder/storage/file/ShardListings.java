package dev.larder.storage.file;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The file names in each shard, remembered as long as the directory's modification time stays what it was.
 *
 * <p>That time is coarse: a file added within the same tick as a listing leaves it unchanged. So a listing that was taken
 * less than two seconds after the modification time is used once and not remembered, as git does with its index. Both
 * times are the machine's own, whatever clock the storage was given.
 *
 * <p>A {@linkplain #recent hit} need not ask for the modification time each time: what it finds proves itself by being
 * there, and what this process adds is counted. So it may miss for {@link #RECHECK_NANOS} what another process has added.
 */
final class ShardListings {
    private static final long RACY_MILLIS = 2_000;
    /** When more names than this are remembered, all are forgotten; about 16 MB. */
    private static final long MAX_NAMES = 1 << 17;

    private static final long RECHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private static final String[] NO_NAMES = {};

    private final Layout layout;
    private final AtomicIntegerArray added;
    private final AtomicReferenceArray<@Nullable Listing> listings = new AtomicReferenceArray<>(EntryName.SHARDS);
    private final AtomicLong remembered = new AtomicLong();

    ShardListings(Layout layout, AtomicIntegerArray added) {
        this.layout = layout;
        this.added = added;
    }

    private static final class Listing {
        final FileTime modified;
        final String[] names;
        /** How many files this process had added before the modification time was asked for, and when that was. */
        final int added;

        final long checked;

        Listing(FileTime modified, String[] names, int added, long checked) {
            this.modified = modified;
            this.names = names;
            this.added = added;
            this.checked = checked;
        }
    }

    /** The names of all entries of a key, as they are now. */
    List<String> find(EntryName name) throws IOException {
        return find(name, current(name.shard()));
    }

    /** The names of all entries of a key, as they were a moment ago; null when they have to be asked for anew. */
    @Nullable
    List<String> recent(EntryName name) {
        Listing known = listings.get(name.shard());
        return known == null
                        || known.added != added.get(name.shard())
                        || System.nanoTime() - known.checked > RECHECK_NANOS
                ? null
                : find(name, known.names);
    }

    private static List<String> find(EntryName name, String[] names) {
        int from = Arrays.binarySearch(names, name.prefix());
        from = from < 0 ? -from - 1 : from;
        List<String> found = List.of();
        for (int i = from; i < names.length && names[i].startsWith(name.prefix()); i++) {
            found = found.isEmpty() ? new ArrayList<>(4) : found;
            found.add(names[i]);
        }
        return found;
    }

    private String[] current(int shard) throws IOException {
        int addedBefore = added.get(shard);
        long checked = System.nanoTime();
        long now = System.currentTimeMillis();
        FileTime modified;
        try {
            BasicFileAttributes attributes =
                    Files.readAttributes(layout.shard(shard), BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            if (!attributes.isDirectory()) {
                return NO_NAMES;
            }
            modified = attributes.lastModifiedTime();
        } catch (NoSuchFileException e) {
            return NO_NAMES;
        }
        Listing known = listings.get(shard);
        if (known != null && known.modified.equals(modified)) {
            listings.compareAndSet(shard, known, new Listing(modified, known.names, addedBefore, checked));
            return known.names;
        }
        String[] names = list(shard);
        if (modified.toMillis() < now - RACY_MILLIS) {
            remember(shard, new Listing(modified, names, addedBefore, checked));
        }
        return names;
    }

    private void remember(int shard, Listing listing) {
        Listing before = listings.getAndSet(shard, listing);
        long more = (long) listing.names.length - (before == null ? 0 : before.names.length);
        if (remembered.addAndGet(more) > MAX_NAMES) {
            remembered.set(0);
            for (int i = 0; i < EntryName.SHARDS; i++) {
                listings.set(i, null);
            }
        }
    }

    /** The names of all entries in a shard, sorted; read anew. */
    String[] list(int shard) throws IOException {
        List<String> names = new ArrayList<>();
        names(layout.shard(shard), names);
        names.removeIf(name -> !EntryName.isEntry(name));
        String[] sorted = names.toArray(String[]::new);
        Arrays.sort(sorted);
        return sorted;
    }

    /** The shards that exist, in ascending order. */
    List<Integer> shards() throws IOException {
        List<String> names = new ArrayList<>();
        names(layout.entries(), names);
        List<Integer> shards = new ArrayList<>();
        for (String name : names) {
            int shard = EntryName.shardOf(name);
            if (shard >= 0 && Files.isDirectory(layout.shard(shard), LinkOption.NOFOLLOW_LINKS)) {
                shards.add(shard);
            }
        }
        shards.sort(null);
        return shards;
    }

    /** Adds the names in a directory, of which there are none if it is missing. */
    static void names(Path directory, List<String> names) throws IOException {
        if (!Files.isDirectory(directory, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        try (DirectoryStream<Path> stream = Files.newDirectoryStream(directory)) {
            for (Path path : stream) {
                names.add(path.getFileName().toString());
            }
        } catch (DirectoryIteratorException e) {
            throw e.getCause();
        } catch (NoSuchFileException | NotDirectoryException e) {
            // Deleted meanwhile.
        }
    }
}
