package dev.larder.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/** Where a command reads from and writes to. Text is UTF-8. Not thread-safe. */
final class Console {
    /** As wide as most people's windows, for output that no terminal limits. */
    private static final int DEFAULT_COLUMNS = 140;

    private final InputStream in;
    private final OutputStream rawOut;
    private final OutputStream bufferedOut;
    private final PrintWriter err;
    private final boolean outIsTerminal;
    private final boolean errIsTerminal;
    private final int columns;
    private final boolean colours;

    Console(
            InputStream in,
            OutputStream out,
            OutputStream err,
            boolean outIsTerminal,
            boolean errIsTerminal,
            int columns,
            boolean colours) {
        this.in = in;
        this.rawOut = out;
        this.bufferedOut = new BufferedOutputStream(out, 8192);
        this.err = new PrintWriter(err, true, StandardCharsets.UTF_8);
        this.outIsTerminal = outIsTerminal;
        this.errIsTerminal = errIsTerminal;
        this.columns = columns;
        this.colours = colours;
    }

    /**
     * The process's own. The launcher says which of them are terminals, which Java cannot tell.
     *
     * <p>Not {@code System.out}: a {@code PrintStream} hides that its reader has gone.
     */
    static Console ofProcess() {
        String terminals = System.getProperty("larder.terminals", "");
        boolean out = terminals.contains("1");
        boolean err = terminals.contains("2");
        String noColour = System.getenv("NO_COLOR");
        boolean colours = out && (noColour == null || noColour.isEmpty()) && !"dumb".equals(System.getenv("TERM"));
        int columns = out ? Integer.getInteger("larder.columns", 0) : 0;
        return new Console(
                new FileInputStream(FileDescriptor.in),
                new FileOutputStream(FileDescriptor.out),
                new FileOutputStream(FileDescriptor.err),
                out,
                err,
                columns > 0 ? columns : DEFAULT_COLUMNS,
                colours);
    }

    /** Nothing is a terminal. */
    static Console plain(InputStream in, OutputStream out, OutputStream err) {
        return new Console(in, out, err, false, false, DEFAULT_COLUMNS, false);
    }

    InputStream in() {
        return in;
    }

    boolean outIsTerminal() {
        return outIsTerminal;
    }

    boolean errIsTerminal() {
        return errIsTerminal;
    }

    int columns() {
        return columns;
    }

    /** Prints text to standard output. It is the caller's to have made it {@link Text#safe}. */
    void print(String text) {
        try {
            bufferedOut.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new OutputFailure(e);
        }
    }

    /** Prints a line to standard output. */
    void line(String text) {
        print(text + "\n");
    }

    /** Writes bytes to standard output at once, after all text before them. */
    void write(byte[] bytes, int length) {
        try {
            bufferedOut.flush();
            rawOut.write(bytes, 0, length);
        } catch (IOException e) {
            throw new OutputFailure(e);
        }
    }

    /** Makes sure that all that was printed has been written. */
    void flush() {
        try {
            bufferedOut.flush();
            rawOut.flush();
        } catch (IOException e) {
            throw new OutputFailure(e);
        }
    }

    /** Standard error, for lines that are not the result. */
    PrintWriter err() {
        return err;
    }

    /** Prints a line of {@code larder: …} to standard error; text from outside in it becomes safe. */
    void complain(String message) {
        err.println("larder: " + Text.safe(message));
    }

    /** The text in a colour, where there are colours. */
    String paint(Colour colour, String text) {
        return colours ? colour.code() + text + Colour.RESET : text;
    }
}
