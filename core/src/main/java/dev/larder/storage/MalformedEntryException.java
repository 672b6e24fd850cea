package dev.larder.storage;

/** Bytes that a {@link Serializer} cannot read: damaged, forged, or of a version it does not know. */
public final class MalformedEntryException extends Exception {
    private static final long serialVersionUID = 1L;

    /** What is wrong; repeats nothing of the content, which may be secret. */
    public MalformedEntryException(String message) {
        super(message);
    }

    /** What is wrong, and what found it. */
    public MalformedEntryException(String message, Throwable cause) {
        super(message, cause);
    }
}
