package dev.larder.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** A cache in a directory of its own, which goes when the cache is closed. */
final class InDirectory implements Cached {
    private final Path directory;
    private final Cached cached;

    InDirectory(Opener opener) throws IOException {
        directory = Files.createTempDirectory("larder-bench-");
        cached = opener.open(directory);
    }

    /** Opens a cache in a directory. */
    @FunctionalInterface
    interface Opener {
        Cached open(Path directory) throws IOException;
    }

    @Override
    public byte[] get(int index) throws Exception {
        return cached.get(index);
    }

    @Override
    public void close() throws Exception {
        cached.close();
        List<Path> files;
        try (Stream<Path> all = Files.walk(directory)) {
            files = all.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : files) {
            Files.deleteIfExists(file);
        }
    }
}
