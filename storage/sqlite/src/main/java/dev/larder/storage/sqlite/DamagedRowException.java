package dev.larder.storage.sqlite;

/** A row that is not as it was written. */
final class DamagedRowException extends Exception {
    private static final long serialVersionUID = 1L;

    DamagedRowException(String message) {
        super(message);
    }
}
