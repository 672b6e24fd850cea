package dev.larder.cli;

import dev.larder.HttpCache;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.StorageStatistics;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.time.Instant;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code larder stats}: what a storage holds, in numbers. */
@Command(
        name = "stats",
        sortOptions = false,
        mixinStandardHelpOptions = true,
        description = "Prints what the storage holds, in numbers. Reads the head of every entry.")
final class StatsCommand extends StorageCommand {
    private static final int HOSTS_SHOWN = 10;
    /** Beyond this many hosts the table of hosts would cost more memory than it is worth. */
    private static final int HOSTS_COUNTED = 100_000;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    StatsCommand(Console console) {
        super(console);
    }

    private static final class Totals {
        private final Map<String, long[]> hosts = new TreeMap<>();
        private long entries;
        private long bodyBytes;
        private long fresh;
        private long oldest = Long.MAX_VALUE;
        private long newest = Long.MIN_VALUE;

        void add(StoredEntry entry, boolean isFresh) {
            StoredResponse stored = entry.stored();
            entries++;
            bodyBytes += entry.bodyLength();
            fresh += isFresh ? 1 : 0;
            oldest = Math.min(oldest, stored.createdAt());
            newest = Math.max(newest, stored.createdAt());
            String host = stored.uri().origin();
            if (hosts.containsKey(host) || hosts.size() < HOSTS_COUNTED) {
                long[] counts = hosts.computeIfAbsent(host, h -> new long[2]);
                counts[0]++;
                counts[1] += entry.bodyLength();
            }
        }

        List<Map.Entry<String, long[]>> largestHosts() {
            return hosts.entrySet().stream()
                    .sorted((a, b) -> Long.compare(b.getValue()[1], a.getValue()[1]))
                    .limit(HOSTS_SHOWN)
                    .toList();
        }
    }

    @Override
    int run(HttpCache cache, ComplainingListener listener) throws IOException {
        long now = cache.clock().millis();
        Totals totals = new Totals();
        for (Iterator<StoredEntry> entries = cache.entries(); entries.hasNext(); ) {
            StoredEntry entry = entries.next();
            totals.add(entry, Entries.isFresh(entry.stored(), cache.policy(), now));
        }
        StorageStatistics statistics = cache.storageStatistics();
        if (json) {
            printJson(totals, statistics);
        } else {
            print(totals, statistics);
        }
        return ExitCode.OK;
    }

    private void print(Totals totals, StorageStatistics statistics) {
        Table table = new Table().column("").column("");
        table.row("storage", Text.safe(storage().toString()));
        table.row("entries", totals.entries + limit(statistics.maxEntries(), Long.toString(statistics.maxEntries())));
        table.row("fresh", Long.toString(totals.fresh));
        table.row("stale", Long.toString(totals.entries - totals.fresh));
        table.row("bodies", Text.bytes(totals.bodyBytes));
        if (statistics.bytes() >= 0) {
            String most = Text.bytes(Math.max(0, statistics.maxBytes()));
            table.row("in the storage", Text.bytes(statistics.bytes()) + limit(statistics.maxBytes(), most));
        }
        if (totals.entries > 0) {
            table.row("oldest", Instant.ofEpochMilli(totals.oldest).toString());
            table.row("newest", Instant.ofEpochMilli(totals.newest).toString());
        }
        table.print(console, "");
        if (totals.entries > 0) {
            Table hosts = new Table().figures("entries").figures("bodies").column("origin");
            for (Map.Entry<String, long[]> host : totals.largestHosts()) {
                hosts.row(Long.toString(host.getValue()[0]), Text.bytes(host.getValue()[1]), Text.safe(host.getKey()));
            }
            console.line("");
            hosts.print(console, "");
        }
    }

    private static String limit(long most, String text) {
        return most < 0 || most == Long.MAX_VALUE ? "" : " of at most " + text;
    }

    private void printJson(Totals totals, StorageStatistics statistics) {
        Json out = new Json().beginObject();
        out.member("storage", storage().toString()).member("entries", totals.entries);
        out.member("fresh", totals.fresh).member("stale", totals.entries - totals.fresh);
        out.member("bodyBytes", totals.bodyBytes).memberIfKnown("storageBytes", statistics.bytes());
        out.memberIfKnown("maxEntries", statistics.maxEntries()).memberIfKnown("maxBytes", statistics.maxBytes());
        out.member(
                "oldest",
                totals.entries == 0 ? null : Instant.ofEpochMilli(totals.oldest).toString());
        out.member(
                "newest",
                totals.entries == 0 ? null : Instant.ofEpochMilli(totals.newest).toString());
        out.name("origins").beginArray();
        for (Map.Entry<String, long[]> host : totals.largestHosts()) {
            out.beginObject().member("origin", host.getKey());
            out.member("entries", host.getValue()[0])
                    .member("bodyBytes", host.getValue()[1])
                    .endObject();
        }
        console.line(out.endArray().endObject().toString());
    }
}
