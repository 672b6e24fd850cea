package dev.larder.storage.s3;

/** An object is not what its name promises. Has no stack trace: it says what the object is, not what the code did. */
final class DamagedObjectException extends Exception {
    private static final long serialVersionUID = 1L;

    DamagedObjectException(String message) {
        super(message, null, false, false);
    }
}
