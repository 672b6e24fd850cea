package dev.larder.cli;

import dev.larder.HttpCache;
import dev.larder.storage.StorageStatistics;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code larder rm}: removes what is stored. */
@Command(
        name = "rm",
        sortOptions = false,
        mixinStandardHelpOptions = true,
        description = "Removes stored responses: one by its id, all variants of a URL, or all that fulfil a condition.")
final class RmCommand extends StorageCommand {
    @ArgGroup(exclusive = true, multiplicity = "1")
    private Selection selection = new Selection();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    static final class Selection {
        @Parameters(paramLabel = "ID|URL", description = "An id that ls printed, or a URL.")
        private @Nullable String what;

        @Option(names = "--prefix", paramLabel = "URL", description = "All entries whose URL begins with this.")
        private @Nullable String prefix;

        @Option(names = "--tag", paramLabel = "TAG", description = "All entries with this tag.")
        private @Nullable String tag;

        @Option(names = "--all", description = "Everything.")
        private boolean all;
    }

    RmCommand(Console console) {
        super(console);
    }

    @Override
    int run(HttpCache cache, ComplainingListener listener) throws IOException {
        long removed = remove(cache);
        if (json) {
            console.line(new Json()
                    .beginObject()
                    .member("removed", removed)
                    .endObject()
                    .toString());
        } else if (removed > 0 || selection.all) {
            console.line("removed " + Text.entries(removed));
        }
        if (removed == 0 && !selection.all) {
            throw new CommandFailure(ExitCode.NOT_FOUND, "nothing is stored that matches; see larder ls");
        }
        return ExitCode.OK;
    }

    private long remove(HttpCache cache) throws IOException {
        if (selection.prefix != null) {
            return cache.invalidatePrefix(selection.prefix);
        }
        if (selection.tag != null) {
            return cache.invalidateTag(selection.tag);
        }
        String what = selection.what;
        if (what == null) {
            StorageStatistics before = cache.storageStatistics();
            long known = cache.storage().clear();
            return Math.max(known, before.entries());
        }
        if (what.contains("://")) {
            return cache.invalidate(RequestOptions.uri(what));
        }
        return cache.invalidateIf(stored -> stored.id().equals(what));
    }
}
