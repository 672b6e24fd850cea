package dev.larder.storage.file;

/** A file is not the entry that its name promises. Has no stack trace: it says what the file is, not what the code did. */
final class DamagedEntryException extends Exception {
    private static final long serialVersionUID = 1L;

    DamagedEntryException(String message) {
        super(message, null, false, false);
    }
}
