package dev.larder.storage;

import java.io.IOException;

/** An entry outgrew what its storage keeps. That is no failure of the storage: the response is served and not stored. */
public final class EntryTooLargeException extends IOException {
    private static final long serialVersionUID = 1L;

    /** An entry that cannot be taken any further. */
    public EntryTooLargeException() {
        super("the response is larger than this storage keeps");
    }
}
