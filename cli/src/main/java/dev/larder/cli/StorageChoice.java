package dev.larder.cli;

import dev.larder.storage.Storage;
import dev.larder.storage.StorageSpec;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What {@code --storage} names. */
final class StorageChoice {
    /** Those whose location is a path. */
    private static final Set<String> LOCAL = Set.of("file", "sqlite");

    /** Those at the other end of a network. */
    private static final Set<String> REMOTE = Set.of("redis", "rediss", "redis-sentinel", "s3");

    /** Every command makes its connections anew and has nobody else who waits for it, unlike a service. */
    private static final String TIMEOUT = "10s";

    private final StorageSpec spec;

    private StorageChoice(StorageSpec spec) {
        this.spec = spec;
        for (StorageSpec each : all(spec)) {
            if (REMOTE.contains(each.scheme())) {
                each.setDefault("timeout", TIMEOUT);
            }
        }
    }

    /** The storages that it is made of, itself if it is one. */
    private static List<StorageSpec> all(StorageSpec spec) {
        if (spec.parts().isEmpty()) {
            return List.of(spec);
        }
        List<StorageSpec> all = new ArrayList<>();
        for (StorageSpec part : spec.parts()) {
            all.addAll(all(part));
        }
        return all;
    }

    /** Reads a spec; a usage failure when it cannot be read. */
    static StorageChoice parse(String text) {
        try {
            return new StorageChoice(StorageSpec.parse(text.equalsIgnoreCase("memory") ? "memory:" : text));
        } catch (IllegalArgumentException e) {
            throw usage(e);
        }
    }

    /** Opens it, and makes its directory where there is none. */
    Storage open() {
        try {
            return spec.open();
        } catch (IllegalArgumentException e) {
            throw usage(e);
        } catch (IOException | RuntimeException e) {
            throw CommandFailure.storage("cannot open storage " + this + ": " + problem(e)
                    + "; check its permissions or name another with --storage");
        }
    }

    private static CommandFailure usage(IllegalArgumentException e) {
        return CommandFailure.usage(String.valueOf(e.getMessage()));
    }

    /** Opens it for a command that only looks, which must not make a directory out of a typing mistake. */
    Storage openExisting() {
        for (StorageSpec each : all(spec)) {
            if (LOCAL.contains(each.scheme()) && !each.location().isEmpty()) {
                Path path;
                try {
                    path = each.path();
                } catch (IllegalArgumentException e) {
                    throw usage(e);
                }
                if (!Files.exists(path)) {
                    throw CommandFailure.storage("there is no storage at '" + path + "': no such file or directory");
                }
            }
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
        boolean ofUser = spec.scheme().equals("file") && spec.location().isEmpty();
        return ofUser ? "file: (in the user's cache directory)" : spec.toString();
    }
}
