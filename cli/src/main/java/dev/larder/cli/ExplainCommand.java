package dev.larder.cli;

import dev.larder.CacheInfo;
import dev.larder.cli.Fetcher.Fetched;
import dev.larder.engine.Decision;
import dev.larder.http.HttpFields;
import dev.larder.http.ResponseHead;
import dev.larder.policy.CachePolicy;
import dev.larder.rules.Reason;
import dev.larder.rules.StoredResponse;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code larder explain}: makes a request and shows the whole decision, and what is wrong with the response. */
@Command(
        name = "explain",
        sortOptions = false,
        mixinStandardHelpOptions = true,
        description = {
            "Makes a request and prints the whole decision: every rule that was asked, its answer and its RFC section,"
                    + " and warnings of what makes the response uncacheable or fragile.",
            "The request is real: its response is read to the end and stored if it may be. Redirects are not followed."
        })
final class ExplainCommand implements Callable<Integer> {
    private static final int PIECE = 64 * 1024;
    private static final Set<String> FIELDS_THAT_MATTER = Set.of(
            "age",
            "cache-control",
            "cache-group-invalidation",
            "cache-groups",
            "cache-status",
            "cdn-cache-control",
            "content-encoding",
            "content-location",
            "content-range",
            "date",
            "etag",
            "expires",
            "last-modified",
            "location",
            "no-vary-search",
            "pragma",
            "set-cookie",
            "vary",
            "warning");

    private final Console console;

    @Mixin
    private final RequestOptions requestOptions = new RequestOptions();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Mixin
    private final FetchOptions fetchOptions = new FetchOptions();

    ExplainCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        HttpRequest request = requestOptions.request(console);
        CachePolicy policy = fetchOptions.policy();
        try (Fetcher fetcher = new Fetcher(fetchOptions, requestOptions.timeout(), false, console)) {
            Fetched fetched = fetcher.fetch(request, requestOptions.controls().withTrace());
            long length = drain(fetched);
            List<Finding> findings = findings(fetched, policy);
            if (json) {
                console.line(toJson(fetched, length, findings));
            } else {
                print(fetcher, fetched, policy, length, findings);
            }
            return ExitCode.OK;
        }
    }

    private static long drain(Fetched fetched) {
        long length = 0;
        byte[] piece = new byte[PIECE];
        try (InputStream body = fetched.response().body()) {
            for (int n = body.read(piece); n >= 0; n = body.read(piece)) {
                length += n;
            }
            return length;
        } catch (IOException e) {
            throw Fetcher.brokeOff(fetched, e);
        }
    }

    /** What the origin sent is judged: for a response from the cache, that is what is stored. */
    private static List<Finding> findings(Fetched fetched, CachePolicy policy) {
        StoredResponse stored = fetched.info().storedResponse();
        HttpFields fields = stored != null && fetched.info().fromCache()
                ? stored.fields()
                : fieldsOf(fetched.response()).without("Cache-Status");
        ResponseHead head = new ResponseHead(fetched.response().statusCode(), fields);
        Reason storing = fetched.info().storing();
        return ResponseLint.of(head, policy, storing, System.currentTimeMillis());
    }

    private static HttpFields fieldsOf(HttpResponse<?> response) {
        HttpFields.Builder fields = HttpFields.builder();
        response.headers().map().forEach((name, values) -> values.forEach(value -> fields.addReceived(name, value)));
        return fields.build();
    }

    private void print(Fetcher fetcher, Fetched fetched, CachePolicy policy, long length, List<Finding> findings) {
        HttpResponse<?> response = fetched.response();
        CacheInfo info = fetched.info();
        HttpRequest request = response.request();
        heading(Text.safe(request.method() + " " + request.uri()));
        console.line("  " + response.statusCode() + ", " + Text.bytes(length) + ", " + Text.millis(fetched.nanos())
                + " to the head");
        heading("Fields that matter");
        HttpFields fields = fieldsOf(response);
        for (int i = 0; i < fields.size(); i++) {
            String name = fields.name(i);
            if (FIELDS_THAT_MATTER.contains(name.toLowerCase(Locale.ROOT))
                    || policy.targetedFields().stream().anyMatch(name::equalsIgnoreCase)) {
                console.line("  " + Text.safe(name + ": " + fields.value(i)));
            }
        }
        heading("Rules asked");
        trace(info).print(console, "  ");
        heading("Decision: "
                + console.paint(colourOf(info), info.status().name().toLowerCase(Locale.ROOT)));
        decision(fetcher, info).print(console, "  ");
        heading("Findings");
        printFindings(findings);
    }

    private Table trace(CacheInfo info) {
        Table table = new Table()
                .wrapped("question", 46)
                .wrapped("answer", Math.max(30, console.columns() - 100))
                .column("section")
                .wrapped("values", 34);
        for (Decision.Asked asked : info.trace()) {
            Reason answer = asked.answer();
            table.row(asked.question(), answer.sentence(), answer.section(), Text.safe(asked.detail()));
        }
        return table;
    }

    private Table decision(Fetcher fetcher, CacheInfo info) {
        Table table = new Table().column("").wrapped("", Math.max(40, console.columns() - 20));
        table.row("why", info.reason().toString());
        Reason storing = info.storing();
        if (storing != null) {
            table.row("stored", (info.stored() ? "yes: " : "no: ") + storing);
            if (Fetcher.isLost(info)) {
                table.row("but", Text.safe(fetcher.whyNotStored()));
            }
        }
        Duration timeToLive = info.timeToLive();
        if (timeToLive != null) {
            table.row("freshness", freshness(info, timeToLive));
        }
        if (info.key() != null) {
            table.row("key", Text.safe(info.key()));
        }
        StoredResponse stored = info.storedResponse();
        if (stored != null) {
            table.row("entry", stored.id() + (info.uses() > 0 ? ", use " + info.uses() : ""));
        }
        return table;
    }

    private static String freshness(CacheInfo info, Duration timeToLive) {
        Duration age = info.age();
        String left = timeToLive.isNegative() || timeToLive.isZero()
                ? "stale for " + Text.duration(timeToLive.negated())
                : "fresh for " + Text.duration(timeToLive) + " more";
        return age == null ? left : left + ", age " + Text.duration(age);
    }

    private void printFindings(List<Finding> findings) {
        if (findings.isEmpty()) {
            console.line(console.paint(Colour.GREEN, "  none: this response caches well"));
            return;
        }
        Table table = new Table()
                .column("")
                .wrapped("", Math.max(40, console.columns() - 34))
                .column("");
        for (Finding finding : findings) {
            table.row(
                    0, finding.level().colour(), finding.level().label(), Text.safe(finding.text()), finding.section());
        }
        table.print(console, "  ");
    }

    private void heading(String text) {
        console.line(console.paint(Colour.BOLD, text));
    }

    private static Colour colourOf(CacheInfo info) {
        return info.fromCache() ? Colour.GREEN : Colour.YELLOW;
    }

    private static String toJson(Fetched fetched, long length, List<Finding> findings) {
        CacheInfo info = fetched.info();
        HttpRequest request = fetched.response().request();
        Json json = new Json().beginObject();
        json.member("method", request.method()).member("url", request.uri().toString());
        json.member("status", fetched.response().statusCode()).member("bodyBytes", length);
        json.member("result", info.status().name().toLowerCase(Locale.ROOT));
        json.name("reason");
        reason(json, info.reason());
        json.name("storing");
        reason(json, info.storing());
        json.member("stored", info.stored()).member("key", info.key());
        StoredResponse stored = info.storedResponse();
        json.member("entry", stored == null ? null : stored.id());
        Entries.fields(json, fieldsOf(fetched.response()));
        json.name("rules").beginArray();
        for (Decision.Asked asked : info.trace()) {
            json.beginObject().member("question", asked.question()).name("answer");
            reason(json, asked.answer()).member("values", asked.detail()).endObject();
        }
        json.endArray().name("findings").beginArray();
        for (Finding finding : findings) {
            json.beginObject().member("level", finding.level().label()).member("text", finding.text());
            json.member("section", finding.section()).endObject();
        }
        return json.endArray().endObject().toString();
    }

    private static Json reason(Json json, @Nullable Reason reason) {
        if (reason == null) {
            return json.value((String) null);
        }
        return json.beginObject()
                .member("token", reason.token())
                .member("sentence", reason.sentence())
                .member("section", reason.section())
                .endObject();
    }
}
