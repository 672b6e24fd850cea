package dev.larder.storage.file;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.BinarySerializer;
import dev.larder.storage.MalformedEntryException;
import dev.larder.storage.Serializer;
import dev.larder.storage.file.EntryFormat.HeadRecord;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Reads entries, and remembers their heads. */
final class EntryReader {
    private final Layout layout;
    private final Serializer serializer;
    private final HeadCache heads = new HeadCache();

    EntryReader(Layout layout, Serializer serializer) {
        this.layout = layout;
        this.serializer = serializer;
    }

    /** Forgets a head that was replaced or removed. */
    void forget(String name) {
        heads.remove(name);
    }

    /** The entry in a file, or null when there is none that this storage can read. */
    @Nullable
    FileEntry read(int shard, String name) throws IOException, DamagedEntryException {
        HeadCache.Known known = heads.get(name);
        Path path = known == null ? layout.entry(shard, name) : known.path;
        EntryFile file;
        try {
            file = EntryFile.read(path, EntryName.id(name), known == null ? 0 : known.fileSize);
        } catch (NoSuchFileException e) {
            return null;
        } catch (ClosedByInterruptException e) {
            throw e;
        } catch (IOException e) {
            if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)
                    && !Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
                throw new DamagedEntryException("not a file");
            }
            throw e;
        }
        HeadRecord record = file.head();
        if (record == null) {
            return null;
        }
        if (known == null || !known.is(record)) {
            StoredResponse stored = parse(record, shard, name);
            if (stored == null) {
                return null;
            }
            known = new HeadCache.Known(name, path, file.size(), record, stored);
            heads.put(known);
        }
        FileEntry entry = new FileEntry(name, path, known.stored, file, file.inlineBody());
        known.pass(entry);
        return entry;
    }

    /** The head in a record; null when it takes another serializer to read it. */
    private @Nullable StoredResponse parse(HeadRecord record, int shard, String name) throws DamagedEntryException {
        Serializer reader = record.formatId() == serializer.formatId() ? serializer : BinarySerializer.INSTANCE;
        if (reader.formatId() != record.formatId()) {
            return null;
        }
        StoredResponse stored;
        try {
            stored = reader.read(record.text());
        } catch (MalformedEntryException e) {
            throw new DamagedEntryException("the head cannot be read: " + e.getMessage());
        }
        EntryName expected = EntryName.of(stored.key());
        if (expected.shard() != shard || !expected.file(stored.id()).equals(name)) {
            throw new DamagedEntryException("the entry of another key or id");
        }
        return stored;
    }
}
