package dev.larder.storage;

import java.io.IOException;

/** A storage did not answer in time, or is not asked at the moment because it has failed. The cache goes on without it. */
public final class StorageUnavailableException extends IOException {
    private static final long serialVersionUID = 1L;

    /**
     * A storage that cannot be used now.
     *
     * @param message what is wrong, for people
     */
    public StorageUnavailableException(String message) {
        super(message);
    }
}
