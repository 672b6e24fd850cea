package dev.larder.cli;

import dev.larder.storage.Storage;
import dev.larder.storage.StorageCopy;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code larder copy}: copies all entries of one storage into another. */
@Command(
        name = "copy",
        sortOptions = false,
        mixinStandardHelpOptions = true,
        description =
                "Copies all entries from one storage into another and compares what was written. What is there already is"
                        + " not copied again, so that a copy that broke off is resumed by calling it again.")
final class CopyCommand implements Callable<Integer> {
    private final Console console;

    @Option(names = "--from", paramLabel = "SPEC", required = true, description = "Where the entries are.")
    private String from = "";

    @Option(names = "--to", paramLabel = "SPEC", required = true, description = "Where they are to be, too.")
    private String to = "";

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    CopyCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        StorageChoice source = StorageChoice.parse(from);
        StorageChoice target = StorageChoice.parse(to);
        ComplainingListener listener = new ComplainingListener(console);
        StorageCopy.Progress done;
        try (Storage entries = source.openExisting();
                Storage copies = target.open()) {
            entries.addListener(listener);
            copies.addListener(listener);
            try (Progress progress = new Progress(console, entries.statistics().bytes(), console.errIsTerminal())) {
                done = StorageCopy.copy(entries, copies, now -> progress.reached(now.bytes()));
            }
        } catch (IOException e) {
            throw CommandFailure.storage("cannot copy from " + source + " to " + target + ": "
                    + StorageChoice.problem(e) + "; call it again to go on from here");
        }
        print(done);
        if (done.lost() > 0) {
            throw CommandFailure.storage(Text.entries(done.lost()) + " gone or damaged meanwhile, and not copied");
        }
        return ExitCode.OK;
    }

    private void print(StorageCopy.Progress done) {
        if (json) {
            console.line(new Json()
                    .beginObject()
                    .member("copied", done.copied())
                    .member("present", done.present())
                    .member("lost", done.lost())
                    .member("refused", done.refused())
                    .member("bodyBytes", done.bytes())
                    .endObject()
                    .toString());
            return;
        }
        console.line("copied " + Text.entries(done.copied()) + ", " + Text.bytes(done.bytes()) + " of bodies");
        if (done.present() > 0) {
            console.line(Text.entries(done.present()) + " there already");
        }
        if (done.refused() > 0) {
            console.line(Text.entries(done.refused()) + " not kept by the target, whose limits they exceed");
        }
    }
}
