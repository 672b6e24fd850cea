package dev.larder.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Directories of the examples. */
final class Temporary {
    private Temporary() {}

    static void delete(Path directory) throws IOException {
        for (Path path : contents(directory)) {
            Files.delete(path);
        }
    }

    /** The directory and what is in it, the deepest first. */
    static List<Path> contents(Path directory) throws IOException {
        try (Stream<Path> paths = Files.walk(directory)) {
            return paths.sorted(Comparator.reverseOrder()).toList();
        }
    }
}
