package dev.larder.cli;

import dev.larder.storage.Storage;
import dev.larder.storage.StorageCheck;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code larder verify}: reads all of a storage and compares every checksum. */
@Command(
        name = "verify",
        sortOptions = false,
        mixinStandardHelpOptions = true,
        description =
                "Reads all of a storage and compares every checksum. A damaged entry is reported, and stays where it is"
                        + " unless --remove is given.")
final class VerifyCommand implements Callable<Integer> {
    private final Console console;

    @Parameters(paramLabel = "SPEC", description = "The storage, such as file:PATH.")
    private String spec = "";

    @Option(names = "--remove", description = "Remove what is damaged.")
    private boolean remove;

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
            Consumer<StorageCheck.Progress> reached = now -> progress.reached(now.bytes());
            done = remove ? StorageCheck.repair(storage, reached) : StorageCheck.check(storage, reached);
        } catch (IOException e) {
            throw CommandFailure.storage("cannot read " + choice + ": " + StorageChoice.problem(e));
        }
        print(done);
        if (!done.damaged().isEmpty()) {
            throw CommandFailure.storage(Text.entries(done.damaged().size())
                    + (remove ? " damaged, and removed" : " damaged; --remove removes what is"));
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
