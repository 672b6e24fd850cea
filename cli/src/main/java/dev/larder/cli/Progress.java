package dev.larder.cli;

import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/** Shows on standard error how a download or a long scan goes on, once it has taken long enough for people to wonder. */
final class Progress implements AutoCloseable {
    private static final long PATIENCE_NANOS = 700_000_000L;
    private static final long MEBIBYTE = 1 << 20;

    private final Console console;
    private final long length;
    private final boolean wanted;
    private final long start = System.nanoTime();
    private @Nullable ProgressBar bar;
    private long received;

    /**
     * The progress of one of them.
     *
     * @param length in bytes, or -1 when it is not known
     * @param wanted whether there is a terminal to show it on that is not busy with the body itself
     */
    Progress(Console console, long length, boolean wanted) {
        this.console = console;
        this.length = length;
        this.wanted = wanted;
    }

    /** More bytes have arrived. */
    void received(int bytes) {
        reached(received + bytes);
    }

    /** So many bytes have been dealt with in all. */
    void reached(long bytes) {
        received = bytes;
        if (!wanted) {
            return;
        }
        boolean muchToCome = length < 0 || length - received > MEBIBYTE;
        if (bar == null && muchToCome && System.nanoTime() - start > PATIENCE_NANOS) {
            bar = begin();
        }
        if (bar != null) {
            bar.stepTo(received);
        }
    }

    private ProgressBar begin() {
        return new ProgressBarBuilder()
                .setTaskName("larder")
                .setInitialMax(length)
                .setUnit(" MiB", MEBIBYTE)
                .showSpeed()
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(200)
                // Its own console would load a terminal library to find out what we know.
                .setConsumer(new DelegatingProgressBarConsumer(
                        line -> {
                            console.err().print("\r" + line);
                            console.err().flush();
                        },
                        Math.max(40, Math.min(100, console.columns() - 1))))
                .build();
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
            console.err().println();
        }
    }
}
