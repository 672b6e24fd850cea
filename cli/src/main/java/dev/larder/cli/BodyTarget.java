package dev.larder.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** Where a response body goes. Closed without {@link #complete} it leaves things as they were. */
abstract class BodyTarget implements AutoCloseable {
    /** Appends bytes. */
    abstract void write(byte[] bytes, int length);

    /** The body is whole. */
    abstract void complete();

    @Override
    public abstract void close();

    /** Standard output, which takes the bytes as they come. */
    static BodyTarget standardOutput(Console console) {
        return new BodyTarget() {
            @Override
            void write(byte[] bytes, int length) {
                console.write(bytes, length);
            }

            @Override
            void complete() {}

            @Override
            public void close() {}
        };
    }

    /** Nowhere. */
    static BodyTarget none() {
        return new BodyTarget() {
            @Override
            void write(byte[] bytes, int length) {}

            @Override
            void complete() {}

            @Override
            public void close() {}
        };
    }

    /** A file, which has either its old content or the whole new one. */
    static BodyTarget file(Path path) {
        try {
            return new FileTarget(path);
        } catch (IOException e) {
            throw FileTarget.failure(path, e);
        }
    }

    private static final class FileTarget extends BodyTarget {
        private final Path path;
        /** Null where the target is no regular file, such as a pipe or /dev/null, which cannot be replaced. */
        private final @Nullable Path temporary;

        private final OutputStream stream;

        FileTarget(Path named) throws IOException {
            // What a link leads to is replaced, not the link.
            path = Files.exists(named) ? named.toRealPath() : named;
            if (Files.isDirectory(path)) {
                throw new IOException("it is a directory");
            }
            if (Files.exists(path) && !Files.isRegularFile(path)) {
                temporary = null;
                stream = Files.newOutputStream(path, StandardOpenOption.WRITE);
            } else {
                temporary = path.resolveSibling("." + path.getFileName() + "."
                        + Long.toHexString(ThreadLocalRandom.current().nextLong()) + ".part");
                stream = Files.newOutputStream(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
                keepPermissions(temporary);
            }
        }

        private void keepPermissions(Path file) throws IOException {
            if (Files.exists(path)) {
                try {
                    Files.setPosixFilePermissions(file, Files.getPosixFilePermissions(path));
                } catch (UnsupportedOperationException e) {
                    // A file system without such permissions has none to keep.
                    return;
                }
            }
        }

        @Override
        void write(byte[] bytes, int length) {
            try {
                stream.write(bytes, 0, length);
            } catch (IOException e) {
                throw failure(path, e);
            }
        }

        @Override
        void complete() {
            try {
                stream.close();
                if (temporary != null) {
                    move(temporary);
                }
            } catch (IOException e) {
                throw failure(path, e);
            }
        }

        private void move(Path file) throws IOException {
            try {
                Files.move(file, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(file, path, StandardCopyOption.REPLACE_EXISTING);
            }
        }

        @Override
        public void close() {
            try {
                stream.close();
                if (temporary != null) {
                    Files.deleteIfExists(temporary);
                }
            } catch (IOException e) {
                throw failure(path, e);
            }
        }

        static CommandFailure failure(Path path, IOException e) {
            return new CommandFailure(ExitCode.OUTPUT, "cannot write '" + path + "': " + StorageChoice.problem(e));
        }
    }
}
