package dev.larder.storage.file;

import dev.larder.storage.EntryIds;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** The directory of a storage: what is where, made so that nobody but its owner can look into it. */
final class Layout {
    private static final String FORMAT = "larder 1\n";
    /** Tells backup programs to leave the directory out (bford.info/cachedir). */
    private static final String CACHE_TAG = """
            Signature: 8a477f597d28d172789f06886806bc55
            # This is a cache directory of Larder. It can be deleted at any time.
            """;

    private static final FileAttribute<?>[] NONE = {};
    private static final FileAttribute<?>[] PRIVATE_FILE = {
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
    };
    private static final FileAttribute<?>[] PRIVATE_DIRECTORY = {
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
    };

    private final Path root;
    private final Path entries;
    private final Path tmp;
    private final AtomicReferenceArray<@Nullable Path> shards = new AtomicReferenceArray<>(EntryName.SHARDS);
    private final boolean posix;

    private Layout(Path root) {
        this.root = root;
        this.entries = root.resolve("entries");
        this.tmp = root.resolve("tmp");
        this.posix = root.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    /**
     * Opens a directory, after creating what is missing.
     *
     * @throws IOException when others may write there, or own it
     */
    static Layout open(Path directory) throws IOException {
        Path parent = directory.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        boolean posix = directory.getFileSystem().supportedFileAttributeViews().contains("posix");
        if (!Files.isDirectory(directory)) {
            Files.createDirectory(directory, posix ? PRIVATE_DIRECTORY : NONE);
        }
        // The user may have put a link in place of the directory itself; inside there are none.
        Layout layout = new Layout(directory.toRealPath());
        layout.checkPermissions(layout.root);
        layout.create();
        layout.checkPermissions(layout.entries);
        layout.checkPermissions(layout.tmp);
        layout.checkOwner();
        layout.writeMarker("CACHEDIR.TAG", CACHE_TAG);
        return layout;
    }

    Path root() {
        return root;
    }

    Path entries() {
        return entries;
    }

    Path tmp() {
        return tmp;
    }

    Path shard(int shard) {
        Path known = shards.get(shard);
        if (known == null) {
            known = entries.resolve(EntryName.shardName(shard));
            shards.set(shard, known);
        }
        return known;
    }

    Path entry(int shard, String name) {
        return shard(shard).resolve(name);
    }

    /** Creates the directories that are missing, which is all of them when somebody deleted the storage's directory. */
    void create() throws IOException {
        if (!Files.isDirectory(root)) {
            Files.createDirectories(root, posix ? PRIVATE_DIRECTORY : NONE);
        }
        directory(entries);
        directory(tmp);
    }

    /** Removes a shard that is no directory but, say, a link to one, before anything is changed behind it. */
    void refuseLink(int shard) throws IOException {
        Path path = shard(shard);
        if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            Files.deleteIfExists(path);
        }
    }

    /** Creates the directory of a shard, if it is missing. */
    void createShard(int shard) throws IOException {
        try {
            directory(shard(shard));
        } catch (NoSuchFileException e) {
            create();
            directory(shard(shard));
        }
    }

    private void directory(Path path) throws IOException {
        try {
            Files.createDirectory(path, posix ? PRIVATE_DIRECTORY : NONE);
        } catch (FileAlreadyExistsException e) {
            if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
                return;
            }
            // A file or a link, in a place that is only ever ours.
            Files.deleteIfExists(path);
            Files.createDirectory(path, posix ? PRIVATE_DIRECTORY : NONE);
        }
    }

    /** Moves a finished file into its shard; false when the file is gone. */
    boolean move(int shard, Path from, Path to) throws IOException {
        try {
            rename(from, to);
            return true;
        } catch (NoSuchFileException e) {
            if (!Files.exists(from, LinkOption.NOFOLLOW_LINKS)) {
                return false;
            }
        }
        createShard(shard);
        try {
            rename(from, to);
            return true;
        } catch (NoSuchFileException e) {
            // A removal of everything takes unfinished files with it, at any moment.
            if (Files.exists(from, LinkOption.NOFOLLOW_LINKS)) {
                throw e;
            }
            return false;
        }
    }

    private static void rename(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            throw new IOException("the cache directory spans several file systems", e);
        }
    }

    /** Creates a file that nobody else can open, and that was not there before. */
    FileChannel createFile(Path path) throws IOException {
        Set<StandardOpenOption> options =
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE);
        return FileChannel.open(path, options, posix ? PRIVATE_FILE : NONE);
    }

    /** Opens a file of the storage's own for reading and writing, after creating it if it is missing. */
    FileChannel openOwn(String name) throws IOException {
        Path path = root.resolve(name);
        try {
            return FileChannel.open(path, EntryFile.READ_WRITE);
        } catch (NoSuchFileException e) {
            create();
            try {
                createFile(path).close();
            } catch (FileAlreadyExistsException another) {
                // Another process was quicker.
            }
            return FileChannel.open(path, EntryFile.READ_WRITE);
        }
    }

    /** Writes {@code larder.format} if it is missing; says whether the directory has this format now or had it before. */
    boolean isOfThisFormat() throws IOException {
        Path marker = root.resolve("larder.format");
        writeMarker("larder.format", FORMAT);
        byte[] expected = FORMAT.getBytes(StandardCharsets.UTF_8);
        try (FileChannel file = FileChannel.open(marker, EntryFile.READ)) {
            ByteBuffer found = ByteBuffer.allocate(expected.length + 1);
            file.read(found, 0);
            return found.flip().equals(ByteBuffer.wrap(expected));
        }
    }

    void replaceFormat() throws IOException {
        Files.deleteIfExists(root.resolve("larder.format"));
        writeMarker("larder.format", FORMAT);
    }

    private void writeMarker(String name, String text) throws IOException {
        try (FileChannel file = createFile(root.resolve(name))) {
            file.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
        } catch (FileAlreadyExistsException e) {
            // It is there.
        }
    }

    /** Makes renames and deletions in a directory outlast a loss of power. */
    static void force(Path directory) throws IOException {
        FileChannel channel;
        try {
            channel = FileChannel.open(directory, StandardOpenOption.READ);
        } catch (IOException e) {
            return; // Windows does not open directories, and does not need it.
        }
        try (channel) {
            channel.force(true);
        }
    }

    private void checkPermissions(Path path) throws IOException {
        if (!posix) {
            return;
        }
        PosixFileAttributes attributes =
                Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        Set<PosixFilePermission> permissions = attributes.permissions();
        if (permissions.contains(PosixFilePermission.GROUP_WRITE)
                || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
            throw new IOException("cache directory " + path + " can be written by other users ("
                    + PosixFilePermissions.toString(permissions) + "); remove that permission or choose another");
        }
    }

    /** Who we are is seen from a file that we create, as names of users mean little in containers. */
    private void checkOwner() throws IOException {
        if (!posix) {
            return;
        }
        Path probe = tmp.resolve(EntryIds.next());
        try (FileChannel file = createFile(probe)) {
            Object self = Files.getOwner(probe, LinkOption.NOFOLLOW_LINKS);
            for (Path path : new Path[] {root, entries, tmp}) {
                if (!Files.getOwner(path, LinkOption.NOFOLLOW_LINKS).equals(self)) {
                    throw new IOException("cache directory " + path + " belongs to another user; choose another");
                }
            }
        } finally {
            Files.deleteIfExists(probe);
        }
    }

    /** Where a user's caches belong. */
    static Path defaultDirectory(String osName, Map<String, String> environment, String home) {
        if (osName.startsWith("Windows")) {
            String local = environment.get("LOCALAPPDATA");
            Path base = local == null || local.isEmpty() ? Path.of(home, "AppData", "Local") : Path.of(local);
            return base.resolve("larder").resolve("cache");
        }
        if (osName.startsWith("Mac")) {
            return Path.of(home, "Library", "Caches", "larder");
        }
        // The XDG specification has relative paths ignored.
        String xdg = environment.get("XDG_CACHE_HOME");
        Path base = xdg == null || !Path.of(xdg).isAbsolute() ? Path.of(home, ".cache") : Path.of(xdg);
        return base.resolve("larder");
    }
}
