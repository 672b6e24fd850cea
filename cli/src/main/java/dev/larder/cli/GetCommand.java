package dev.larder.cli;

import dev.larder.CacheInfo;
import dev.larder.cli.Fetcher.Fetched;
import dev.larder.policy.CacheControls;
import dev.larder.rules.StoredResponse;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code larder get}: fetches a URL through the cache. */
@Command(
        name = "get",
        sortOptions = false,
        mixinStandardHelpOptions = true,
        description = "Fetches a URL through the cache; the body goes to standard output.")
final class GetCommand implements Callable<Integer> {
    private static final int PIECE = 64 * 1024;

    private final Console console;

    @Mixin
    private final RequestOptions requestOptions = new RequestOptions();

    @Option(
            names = {"-i", "--include"},
            description = "Print the status line and the fields, with Cache-Status, before the body.")
    private boolean include;

    @Option(names = "--why", description = "Say on standard error how the response came about, and why.")
    private boolean why;

    @Option(
            names = "--repeat",
            paramLabel = "N",
            defaultValue = "1",
            description = "Send the request N times; the body of the last response is the output.")
    private int repeat = 1;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "Write the body to a file, which is replaced only when the body is whole.")
    private @Nullable Path output;

    @Option(
            names = {"-f", "--fail"},
            description = "For a status of 400 or more, write no body and end with exit code 22.")
    private boolean fail;

    @Option(names = "--no-follow", description = "Do not follow redirects.")
    private boolean noFollow;

    @Mixin
    private final FetchOptions fetchOptions = new FetchOptions();

    GetCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        if (repeat < 1) {
            throw CommandFailure.usage("--repeat must be 1 or more, was " + repeat);
        }
        HttpRequest request = requestOptions.request(console);
        CacheControls controls = requestOptions.controls();
        try (Fetcher fetcher = new Fetcher(fetchOptions, requestOptions.timeout(), !noFollow, console)) {
            int code = ExitCode.OK;
            for (int i = 1; i <= repeat && code == ExitCode.OK; i++) {
                code = fetch(fetcher, request, controls, i);
            }
            return code;
        }
    }

    private int fetch(Fetcher fetcher, HttpRequest request, CacheControls controls, int turn) {
        Fetched fetched = fetcher.fetch(request, controls);
        HttpResponse<InputStream> response = fetched.response();
        if (include) {
            printHead(response);
        }
        boolean failed = fail && response.statusCode() >= 400;
        copyBody(fetched, failed || turn < repeat);
        if (why) {
            explain(fetcher, fetched, turn);
        }
        if (failed) {
            console.complain(response.uri() + " answered with status " + response.statusCode());
            return ExitCode.HTTP_ERROR;
        }
        return ExitCode.OK;
    }

    private void printHead(HttpResponse<?> response) {
        String version = response.version() == HttpClient.Version.HTTP_2 ? "HTTP/2" : "HTTP/1.1";
        console.line(console.paint(Colour.BOLD, version + " " + response.statusCode()));
        for (Map.Entry<String, List<String>> field : response.headers().map().entrySet()) {
            for (String value : field.getValue()) {
                console.line(console.paint(Colour.CYAN, Text.safe(field.getKey())) + ": " + Text.safe(value));
            }
        }
        console.line("");
    }

    private void copyBody(Fetched fetched, boolean drop) {
        boolean toTerminal = output == null && console.outIsTerminal();
        long length =
                fetched.response().headers().firstValueAsLong("Content-Length").orElse(-1);
        try (InputStream body = fetched.response().body();
                BodyTarget target = drop ? BodyTarget.none() : target();
                Progress progress = new Progress(console, length, console.errIsTerminal() && !(toTerminal && !drop))) {
            byte[] piece = new byte[PIECE];
            for (int n = read(fetched, body, piece); n >= 0; n = read(fetched, body, piece)) {
                target.write(piece, n);
                progress.received(n);
            }
            target.complete();
        } catch (IOException e) {
            throw Fetcher.brokeOff(fetched, e);
        }
    }

    private static int read(Fetched fetched, InputStream body, byte[] piece) {
        try {
            return body.read(piece);
        } catch (IOException e) {
            throw Fetcher.brokeOff(fetched, e);
        }
    }

    private BodyTarget target() {
        return output == null ? BodyTarget.standardOutput(console) : BodyTarget.file(output);
    }

    /** After the body has been read: only then it is known whether it could be stored. */
    private void explain(Fetcher fetcher, Fetched fetched, int turn) {
        CacheInfo info = fetched.info();
        String number = repeat == 1 ? "" : "#" + turn + " ";
        console.complain(number + info.explain());
        StringBuilder detail = new StringBuilder("  ").append(Text.millis(fetched.nanos()));
        if (info.key() != null) {
            detail.append(", key ").append(info.key());
        }
        StoredResponse stored = info.storedResponse();
        if (stored != null) {
            detail.append(", entry ").append(stored.id());
            detail.append(info.uses() > 0 ? ", use " + info.uses() : "");
        }
        if (Fetcher.isLost(info)) {
            detail.append(" (").append(fetcher.whyNotStored()).append(')');
        }
        console.complain(detail.toString());
    }
}
