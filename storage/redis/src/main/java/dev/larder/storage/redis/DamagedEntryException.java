package dev.larder.storage.redis;

/** What was stored is not what was written. */
final class DamagedEntryException extends Exception {
    private static final long serialVersionUID = 1L;

    DamagedEntryException(String message) {
        super(message);
    }
}
