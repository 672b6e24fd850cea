package dev.larder.cli;

import dev.larder.HttpCache;
import dev.larder.http.HttpFields;
import dev.larder.http.TargetUri;
import dev.larder.policy.CachePolicy;
import dev.larder.rules.Digest;
import dev.larder.rules.SelectingField;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.BodyReader;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code larder show}: prints one entry, or the variants of one URL. */
@Command(
        name = "show",
        sortOptions = false,
        mixinStandardHelpOptions = true,
        description = "Prints a stored response: the entry of an id, or all variants of a URL.")
final class ShowCommand extends StorageCommand {
    private static final int PIECE = 64 * 1024;

    @Parameters(paramLabel = "ID|URL", description = "An id that ls printed, or a URL.")
    private String what = "";

    @Option(names = "--json", description = "Print a JSON array with all that is known of each entry.")
    private boolean json;

    @Option(names = "--body", description = "Print the stored body and nothing else; there must be one entry.")
    private boolean body;

    ShowCommand(Console console) {
        super(console);
    }

    @Override
    int run(HttpCache cache, ComplainingListener listener) throws IOException {
        if (json && body) {
            throw CommandFailure.usage("--json and --body exclude each other");
        }
        List<StoredEntry> found = find(cache, what);
        if (found.isEmpty()) {
            throw listener.damaged() > 0
                    ? CommandFailure.storage("the stored response was damaged and has been removed; fetch it anew")
                    : notFound(what);
        }
        if (body) {
            return printBody(cache, found);
        }
        long now = cache.clock().millis();
        if (json) {
            Json array = new Json().beginArray();
            found.forEach(entry -> Entries.json(array, entry, cache.policy(), now));
            console.line(array.endArray().toString());
            return ExitCode.OK;
        }
        String separator = "";
        for (StoredEntry entry : found) {
            console.print(separator);
            print(entry, cache.policy(), now);
            separator = "\n";
        }
        return ExitCode.OK;
    }

    static CommandFailure notFound(String what) {
        return new CommandFailure(ExitCode.NOT_FOUND, "nothing is stored for '" + what + "'; see larder ls");
    }

    /** The entries of a URL, or the one of an id. */
    static List<StoredEntry> find(HttpCache cache, String what) throws IOException {
        if (what.contains("://")) {
            TargetUri uri = TargetUri.of(RequestOptions.uri(what));
            List<StoredEntry> found = new ArrayList<>();
            for (String key : cache.policy().keysOf(uri)) {
                found.addAll(cache.storage().lookup(key));
            }
            return found;
        }
        List<StoredEntry> found = new ArrayList<>();
        for (Iterator<StoredEntry> entries = cache.entries(); entries.hasNext(); ) {
            StoredEntry entry = entries.next();
            if (entry.stored().id().equals(what)) {
                found.add(entry);
            }
        }
        return found;
    }

    private void print(StoredEntry entry, CachePolicy policy, long now) {
        StoredResponse stored = entry.stored();
        Digest digest = stored.digest(policy);
        console.line(console.paint(Colour.BOLD, Text.safe(stored.method() + " " + stored.uri())));
        Table table = new Table().column("").wrapped("", Math.max(40, console.columns() - 16));
        table.row("id", Text.safe(stored.id()));
        if (!stored.key().equals(stored.uri().toString())) {
            table.row("key", Text.safe(stored.key()));
        }
        table.row("status", Integer.toString(stored.status()));
        table.row("body", Text.bytes(entry.bodyLength()));
        table.row("stored", stored.created().toString());
        if (stored.responseTime() != stored.createdAt()) {
            table.row("validated", Instant.ofEpochMilli(stored.responseTime()).toString());
        }
        table.row("age", Text.duration(Duration.ofMillis(digest.currentAge(stored, now))));
        table.row("freshness", freshness(stored, digest, policy, now));
        for (SelectingField field : stored.selecting()) {
            table.row("selected by", Text.safe(field.name() + ": " + Entries.text(field)));
        }
        if (stored.authorized()) {
            table.row("request", "had Authorization");
        }
        if (stored.ttlMillis() != StoredResponse.NO_TTL) {
            String from = stored.slidingTtl() ? " after the last use" : " after it was stored";
            table.row("removed", Text.duration(Duration.ofMillis(stored.ttlMillis())) + from);
        }
        if (!stored.tags().isEmpty()) {
            table.row("tags", Text.safe(String.join(", ", stored.tags())));
        }
        table.print(console, "  ");
        HttpFields fields = stored.fields();
        for (int i = 0; i < fields.size(); i++) {
            console.line(
                    "  " + console.paint(Colour.CYAN, Text.safe(fields.name(i))) + ": " + Text.safe(fields.value(i)));
        }
    }

    private static String freshness(StoredResponse stored, Digest digest, CachePolicy policy, long now) {
        String lifetime = " (" + digest.lifetimeSource() + " " + digest.lifetime() / 1000 + " s)";
        return Entries.freshness(stored, policy, now) + lifetime;
    }

    private int printBody(HttpCache cache, List<StoredEntry> found) throws IOException {
        if (found.size() > 1) {
            throw CommandFailure.usage(found.size() + " variants are stored for '" + what
                    + "'; name the id of one of them, which larder show prints");
        }
        try (BodyReader reader = cache.storage().open(found.get(0))) {
            if (reader == null) {
                throw CommandFailure.storage("the stored body is gone or damaged; fetch it anew");
            }
            ByteBuffer piece = ByteBuffer.allocate(PIECE);
            long position = 0;
            for (int n = reader.read(position, piece); n > 0; n = reader.read(position, piece.clear())) {
                console.write(piece.array(), n);
                position += n;
            }
        }
        return ExitCode.OK;
    }
}
