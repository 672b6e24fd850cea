package dev.larder.storage.sqlite;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Locale;
import java.util.Set;

/** Files that nobody but their owner can look into. */
final class OwnFile {
    private static final FileAttribute<?>[] NONE = {};
    private static final FileAttribute<?>[] PRIVATE_FILE = {
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
    };
    /** Types of file systems, as {@link java.nio.file.FileStore#type} tells them, that are not on this machine. */
    private static final Set<String> REMOTE = Set.of(
            "nfs",
            "nfs3",
            "nfs4",
            "cifs",
            "smb",
            "smb2",
            "smb3",
            "smbfs",
            "afs",
            "afpfs",
            "webdav",
            "fuse.sshfs",
            "fuse.s3fs",
            "fuse.rclone",
            "fuse.glusterfs",
            "ceph",
            "fuse.ceph",
            "lustre",
            "gpfs");

    private OwnFile() {}

    /** The file of the same name with something behind it. */
    static Path beside(Path file, String suffix) {
        return suffix.isEmpty() ? file : file.resolveSibling(file.getFileName() + suffix);
    }

    /** Creates a file unless it is there. */
    static void create(Path file) throws IOException {
        if (!Files.exists(file)) {
            Path parent = file.toAbsolutePath().getParent();
            if (parent != null) {
                Files.createDirectories(parent);
            }
            try {
                FileChannel.open(
                                file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), attributes(file))
                        .close();
            } catch (FileAlreadyExistsException e) {
                // Another process was quicker.
            }
        }
    }

    static FileChannel open(Path file) throws IOException {
        create(file);
        return FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    private static boolean isPosix(Path file) {
        return file.getFileSystem().supportedFileAttributeViews().contains("posix");
    }

    private static FileAttribute<?>[] attributes(Path file) {
        return isPosix(file) ? PRIVATE_FILE : NONE;
    }

    /**
     * Refuses what a database cannot be kept in safely.
     *
     * @throws IOException when it is no file, others can write to it, or it is not on this machine
     */
    static void check(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IOException(file + " is no file; choose another for the database");
        }
        if (isPosix(file)) {
            Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
            if (permissions.contains(PosixFilePermission.GROUP_WRITE)
                    || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
                throw new IOException("database " + file + " can be written by other users ("
                        + PosixFilePermissions.toString(permissions) + "); remove that permission or choose another");
            }
        }
        String type = Files.getFileStore(file).type();
        if (isRemote(type)) {
            throw new IOException("database " + file + " is on a network file system (" + type
                    + "), whose locks SQLite cannot rely on; choose a local disk");
        }
    }

    static boolean isRemote(String type) {
        return REMOTE.contains(type.toLowerCase(Locale.ROOT));
    }
}
