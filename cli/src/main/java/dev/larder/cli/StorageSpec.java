package dev.larder.cli;

import dev.larder.storage.Storage;
import dev.larder.storage.file.FileStorage;
import dev.larder.storage.memory.InMemoryStorage;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What {@code --storage} names: {@code memory:} or {@code file:PATH}.
 *
 * @param memory whether it lasts as long as the process only
 * @param directory where files are; null for memory, and for the user's cache directory
 */
record StorageSpec(boolean memory, @Nullable Path directory) {
    /** The files in the user's cache directory. */
    static final StorageSpec DEFAULT = new StorageSpec(false, null);

    private static final List<String> OF_OTHER_BUILDS = List.of("sqlite:", "redis:", "rediss:", "s3:");
    private static final String KNOWN = "use memory: or file:PATH";

    /** Reads a spec; a usage failure when it cannot be read. */
    static StorageSpec parse(String text) {
        String lower = text.toLowerCase(Locale.ROOT);
        if (lower.equals("memory:") || lower.equals("memory")) {
            return new StorageSpec(true, null);
        }
        if (lower.startsWith("file:")) {
            return ofPath(text.substring("file:".length()));
        }
        for (String scheme : OF_OTHER_BUILDS) {
            if (lower.startsWith(scheme)) {
                throw CommandFailure.usage("storage '" + text + "': " + scheme + " is not in this build; " + KNOWN);
            }
        }
        throw CommandFailure.usage("unknown storage '" + text + "'; " + KNOWN);
    }

    private static StorageSpec ofPath(String path) {
        if (path.isEmpty()) {
            return DEFAULT;
        }
        // file:///x is how a URI spells the path /x.
        String plain = path.startsWith("///") ? path.substring(2) : path;
        if (plain.equals("~") || plain.startsWith("~/")) {
            plain = System.getProperty("user.home") + plain.substring(1);
        }
        try {
            return new StorageSpec(false, Path.of(plain));
        } catch (InvalidPathException e) {
            throw CommandFailure.usage("storage 'file:" + path + "' names no valid path: " + e.getReason());
        }
    }

    /** Opens it, and makes its directory where there is none. */
    Storage open() {
        if (memory) {
            return InMemoryStorage.create();
        }
        try {
            return directory == null ? FileStorage.open() : FileStorage.at(directory);
        } catch (IOException | RuntimeException e) {
            throw CommandFailure.storage("cannot open storage " + this + ": " + problem(e)
                    + "; check its permissions or name another with --storage");
        }
    }

    /** Opens it for a command that only looks, which must not make a directory out of a typing mistake. */
    Storage openExisting() {
        if (directory != null && !Files.isDirectory(directory) && !Files.exists(directory)) {
            throw CommandFailure.storage("there is no storage at '" + directory + "': no such directory");
        }
        return open();
    }

    /** What is wrong, in words. */
    static String problem(Throwable failure) {
        if (failure instanceof AccessDeniedException e) {
            return "permission denied: " + e.getFile();
        }
        if (failure instanceof NoSuchFileException e) {
            return "no such file or directory: " + e.getFile();
        }
        if (failure instanceof NotDirectoryException e) {
            return "not a directory: " + e.getFile();
        }
        if (failure instanceof FileAlreadyExistsException e) {
            return "not a directory: " + e.getFile();
        }
        if (failure instanceof FileSystemException e && e.getReason() != null) {
            return e.getReason() + ": " + e.getFile();
        }
        return failure.getMessage() == null ? failure.getClass().getSimpleName() : failure.getMessage();
    }

    @Override
    public String toString() {
        if (memory) {
            return "memory:";
        }
        return directory == null ? "file: (in the user's cache directory)" : "file:" + directory;
    }
}
