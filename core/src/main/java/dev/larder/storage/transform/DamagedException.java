package dev.larder.storage.transform;

/** What was stored is not what was written. */
final class DamagedException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Repeats nothing of the content. */
    DamagedException(String message) {
        super(message, null, false, false);
    }
}
