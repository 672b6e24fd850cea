package dev.larder.cli;

/** What the command's exit codes mean. They are documented in docs/cli.md and in the help. */
final class ExitCode {
    /** Done. */
    static final int OK = 0;
    /** The demo did not go as it should, or the program has a bug. */
    static final int INTERNAL = 1;
    /** The command line is wrong. */
    static final int USAGE = 2;
    /** The origin could not be reached, or its answer broke off. */
    static final int ORIGIN = 3;
    /** The storage could not be opened, read or written. */
    static final int STORAGE = 4;
    /** Nothing is stored that was asked for. */
    static final int NOT_FOUND = 5;
    /** The output could not be written. */
    static final int OUTPUT = 6;
    /** With --fail: the response's status code is 400 or more; curl's number for it. */
    static final int HTTP_ERROR = 22;
    /** Interrupted. */
    static final int INTERRUPTED = 130;
    /** Nobody reads the output any more: what a program gets that dies of SIGPIPE. */
    static final int BROKEN_PIPE = 141;

    private ExitCode() {}
}
