package dev.larder.cli;

/** The end of a command that cannot do what it was asked: one line for the user, and an exit code. */
final class CommandFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int exitCode;

    /**
     * A failure.
     *
     * @param message what is wrong and what to do about it, one line
     */
    CommandFailure(int exitCode, String message) {
        // No stack trace: nobody gets to see it.
        super(message, null, false, false);
        this.exitCode = exitCode;
    }

    static CommandFailure usage(String message) {
        return new CommandFailure(ExitCode.USAGE, message);
    }

    static CommandFailure storage(String message) {
        return new CommandFailure(ExitCode.STORAGE, message);
    }

    int exitCode() {
        return exitCode;
    }
}
