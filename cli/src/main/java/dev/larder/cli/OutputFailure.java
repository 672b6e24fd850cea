package dev.larder.cli;

import java.io.IOException;
import java.util.Locale;

/** Standard output cannot be written. Unchecked, as it may strike in every line that a command prints. */
final class OutputFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    OutputFailure(IOException cause) {
        super(cause.getMessage(), cause, false, false);
    }

    /** Whether the reader has gone, as {@code head} does: no reason to complain. */
    boolean isBrokenPipe() {
        String message = String.valueOf(getMessage()).toLowerCase(Locale.ROOT);
        return message.contains("pipe");
    }
}
