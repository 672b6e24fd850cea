package dev.larder.storage.file;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.StoredEntry;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** An entry that was found in a file. */
final class FileEntry extends StoredEntry {
    final String name;
    final Path path;
    final EntryFile file;

    FileEntry(String name, Path path, StoredResponse stored, EntryFile file, @Nullable ByteBuffer body) {
        super(stored, file.prefix().bodyLength(), body);
        this.name = name;
        this.path = path;
        this.file = file;
    }
}
