package dev.larder.cli;

import dev.larder.storage.Storage;
import dev.larder.storage.StorageCheck;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code larder verify}: reads all of a storage and compares every checksum. */
@Command(
        name = "verify",
        sortOptions = false,
        mixinStandardHelpOptions = true,
        description =
                "Reads all of a storage and compares every checksum. A damaged entry is reported, and removed, as it is"
                        + " whenever somebody comes upon it.")
final class VerifyCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(paramLabel = "SPEC", description = "The storage, such as file:PATH.")
    private String spec = "";

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    VerifyCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        StorageChoice choice = StorageChoice.parse(spec);
        StorageCheck.Result done;
        try (Storage storage = choice.openExisting();
                Progress progress = new Progress(console, storage.statistics().bytes(), console.errIsTerminal())) {
            done = StorageCheck.check(storage, now -> progress.reached(now.bytes()));
        } catch (IOException e) {
            throw CommandFailure.storage("cannot read " + choice + ": " + StorageChoice.problem(e));
        }
        print(done);
        if (!done.damaged().isEmpty()) {
            throw CommandFailure.storage(Text.entries(done.damaged().size()) + " damaged, and removed");
        }
        return ExitCode.OK;
    }

    private void print(StorageCheck.Result done) {
        if (json) {
            Json out =
                    new Json().beginObject().member("entries", done.entries()).member("bodyBytes", done.bytes());
            out.name("damaged").beginArray();
            for (StorageCheck.Damage damage : done.damaged()) {
                out.beginObject()
                        .member("where", damage.where())
                        .member("what", damage.what())
                        .endObject();
            }
            console.line(out.endArray().endObject().toString());
            return;
        }
        console.line(Text.entries(done.entries()) + " sound, " + Text.bytes(done.bytes()) + " of bodies");
        for (StorageCheck.Damage damage : done.damaged()) {
            console.line("damaged: " + Text.safe(damage.where()) + ": " + Text.safe(damage.what()));
        }
    }
}
