package dev.larder.cli;

import dev.larder.HttpCache;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.util.Iterator;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code larder ls}: lists what is stored. */
@Command(
        name = "ls",
        sortOptions = false,
        mixinStandardHelpOptions = true,
        description = "Lists what is stored, in no particular order.")
final class LsCommand extends StorageCommand {
    @Option(names = "--prefix", paramLabel = "URL", description = "Only entries whose URL begins with this.")
    private String prefix = "";

    @Option(names = "--tag", paramLabel = "TAG", description = "Only entries with this tag.")
    private @Nullable String tag;

    @Option(names = "--json", description = "Print a JSON array with all that is known of each entry.")
    private boolean json;

    LsCommand(Console console) {
        super(console);
    }

    @Override
    int run(HttpCache cache, ComplainingListener listener) throws IOException {
        if (json) {
            printJson(cache);
        } else {
            printTable(cache);
        }
        return ExitCode.OK;
    }

    private boolean isWanted(StoredResponse stored) {
        return stored.uri().toString().startsWith(prefix)
                && (tag == null || stored.tags().contains(tag));
    }

    /** Prints each row at once: a large storage must not have to fit into memory. */
    private void printTable(HttpCache cache) throws IOException {
        long now = cache.clock().millis();
        boolean empty = true;
        for (Iterator<StoredEntry> entries = cache.entries(); entries.hasNext(); ) {
            StoredEntry entry = entries.next();
            StoredResponse stored = entry.stored();
            if (isWanted(stored)) {
                if (empty) {
                    console.line(console.paint(Colour.BOLD, row("id", "status", "age", "freshness", "body", "URL")));
                    empty = false;
                }
                console.line(row(
                        Text.safe(stored.id()),
                        Integer.toString(stored.status()),
                        Entries.largestUnit(stored.digest(cache.policy()).currentAge(stored, now)),
                        Entries.freshness(stored, cache.policy(), now),
                        Text.bytes(entry.bodyLength()),
                        Entries.name(stored)));
            }
        }
        if (empty) {
            console.complain("nothing is stored in " + storage());
        }
    }

    private static String row(String id, String status, String age, String freshness, String body, String url) {
        return String.format(Locale.ROOT, "%-24s  %6s  %7s  %-12s  %9s  %s", id, status, age, freshness, body, url);
    }

    private void printJson(HttpCache cache) throws IOException {
        long now = cache.clock().millis();
        String separator = "[";
        for (Iterator<StoredEntry> entries = cache.entries(); entries.hasNext(); ) {
            StoredEntry entry = entries.next();
            if (isWanted(entry.stored())) {
                Json one = new Json();
                Entries.json(one, entry, cache.policy(), now);
                console.print(separator + "\n" + one);
                separator = ",";
            }
        }
        console.line(separator.equals("[") ? "[]" : "\n]");
    }
}
