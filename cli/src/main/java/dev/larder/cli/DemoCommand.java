package dev.larder.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;

/** {@code larder demo}: shows what a cache does, and checks itself. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = {
            "Shows what a cache does: starts a small origin on loopback and asks it for things through the real client"
                    + " and the real file storage. Needs no network.",
            "Ends with exit code 0 only if each row came out as it should."
        })
final class DemoCommand implements Callable<Integer> {
    /** Below this the two wide columns become lines of their own. */
    private static final int WIDE = 120;

    private static final int WIDEST = 170;
    /** What the narrow columns and the gaps take. */
    private static final int NARROW_COLUMNS = 86;

    private final Console console;

    DemoCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        List<DemoRow> rows;
        try {
            rows = play();
        } catch (IOException e) {
            throw new CommandFailure(ExitCode.INTERNAL, "the demo broke off: " + StorageChoice.problem(e));
        } catch (InterruptedException e) {
            throw Fetcher.interrupted();
        }
        print(rows);
        int code = ExitCode.OK;
        for (DemoRow row : rows) {
            for (String problem : row.problems()) {
                console.complain("demo: '" + row.what() + "' (" + row.request() + "): " + problem);
                code = ExitCode.INTERNAL;
            }
        }
        return code;
    }

    private static List<DemoRow> play() throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("larder-demo-");
        // For those who do not wait for the end.
        Thread cleaner = new Thread(() -> removeQuietly(directory));
        Runtime.getRuntime().addShutdownHook(cleaner);
        try (DemoOrigin origin = new DemoOrigin();
                Demo demo = new Demo(directory.resolve("cache"), origin)) {
            demo.warmUp(directory.resolve("warm-up"));
            return demo.play();
        } finally {
            Runtime.getRuntime().removeShutdownHook(cleaner);
            removeQuietly(directory);
        }
    }

    private static void removeQuietly(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException | RuntimeException e) {
            // The system's temporary directory is cleaned by others; no demo fails for it.
            return;
        }
    }

    private void print(List<DemoRow> rows) {
        console.line("A private cache on disk and an origin on loopback. The clock is moved, not waited for.");
        console.line("");
        Table table = console.columns() >= WIDE ? wide(rows) : narrow(rows);
        table.print(console, "");
        int reached = rows.stream().mapToInt(DemoRow::originRequests).sum();
        console.line("");
        console.line(reached + " requests reached the origin. Times are those of a program that is warm.");
        boolean good = rows.stream().allMatch(row -> row.problems().isEmpty());
        console.line(
                good
                        ? console.paint(Colour.GREEN, "Every row came out as it should.")
                        : console.paint(Colour.RED, "Not every row came out as it should."));
        console.line("Now try: larder get -i --why URL, twice.");
    }

    private Table wide(List<DemoRow> rows) {
        int rest = Math.min(console.columns(), WIDEST) - NARROW_COLUMNS;
        Table table = new Table()
                .wrapped("what", 22)
                .wrapped("request", 22)
                .wrapped("result", 11)
                .wrapped("Cache-Status", rest - rest / 2)
                .figures("origin")
                .figures("time")
                .wrapped("why", rest / 2);
        for (DemoRow row : rows) {
            table.row(
                    2,
                    row.colour(),
                    row.what(),
                    row.request(),
                    row.result(),
                    row.cacheStatus(),
                    Integer.toString(row.originRequests()),
                    Text.millis(row.nanos()),
                    row.why());
        }
        return table;
    }

    private static Table narrow(List<DemoRow> rows) {
        Table table = new Table()
                .wrapped("what", 22)
                .wrapped("request", 22)
                .wrapped("result", 11)
                .figures("origin")
                .figures("time");
        for (DemoRow row : rows) {
            table.row(
                    2,
                    row.colour(),
                    row.what(),
                    row.request(),
                    row.result(),
                    Integer.toString(row.originRequests()),
                    Text.millis(row.nanos()));
            table.note(row.cacheStatus());
            table.note(row.why());
        }
        return table;
    }
}
