package dev.larder.cli;

import dev.larder.http.TargetUri;
import dev.larder.policy.CacheControls;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The request, and what the caller asks of the cache for it. */
final class RequestOptions {
    @Parameters(paramLabel = "URL", description = "An http or https URL.")
    private String url = "";

    @Option(
            names = {"-H", "--header"},
            paramLabel = "'FIELD: VALUE'",
            description = "Adds a request field; may be repeated.")
    private List<String> fields = new ArrayList<>();

    @Option(
            names = {"-X", "--request"},
            paramLabel = "METHOD",
            description = "The method. Default: GET, or POST with --data.")
    private @Nullable String method;

    @Option(
            names = {"-d", "--data"},
            paramLabel = "DATA",
            description = "The request's content; @FILE reads a file, @- standard input.")
    private @Nullable String data;

    @Option(
            names = "--timeout",
            paramLabel = "DURATION",
            defaultValue = "30s",
            description = "How long to wait for the connection and for the response's head. Default: ${DEFAULT-VALUE}.")
    private Duration timeout = Duration.ofSeconds(30);

    @Option(
            names = "--ttl",
            paramLabel = "DURATION",
            description = "Remove the stored response after this time, such as 90s, 10m, 2h, 1d.")
    private @Nullable Duration ttl;

    @Option(
            names = "--tag",
            paramLabel = "TAG",
            description = "Labels the stored response, for rm --tag; may be repeated.")
    private List<String> tags = new ArrayList<>();

    @Option(names = "--force", description = "Store and reuse whatever the fields say, until the --ttl ends.")
    private boolean force;

    @Option(
            names = "--no-cache",
            description = "Neither use nor store. To revalidate instead: -H 'Cache-Control: no-cache'.")
    private boolean noCache;

    Duration timeout() {
        return timeout;
    }

    CacheControls controls() {
        if (force && noCache) {
            throw CommandFailure.usage("--force and --no-cache exclude each other");
        }
        CacheControls controls = CacheControls.NONE.withTags(tags.toArray(new String[0]));
        controls = ttl == null ? controls : controls.withTtl(ttl);
        controls = force ? controls.withForceCache() : controls;
        return noCache ? controls.withBypass() : controls;
    }

    HttpRequest request(Console console) {
        URI uri = uri(url);
        boolean plain = "http".equalsIgnoreCase(uri.getScheme());
        try {
            HttpRequest.Builder request = HttpRequest.newBuilder(uri).timeout(timeout);
            // Over plain http the JDK's client would ask every server for an upgrade to HTTP/2.
            request.version(plain ? HttpClient.Version.HTTP_1_1 : HttpClient.Version.HTTP_2);
            request.setHeader("User-Agent", "larder/" + Main.version());
            request.setHeader("Accept", "*/*");
            if (data != null) {
                request.setHeader("Content-Type", "application/x-www-form-urlencoded");
            }
            addFields(request);
            String chosen = method == null ? (data == null ? "GET" : "POST") : method;
            request.method(chosen, data == null ? HttpRequest.BodyPublishers.noBody() : content(data, console));
            return request.build();
        } catch (IllegalArgumentException e) {
            throw CommandFailure.usage("cannot send this request: " + e.getMessage());
        }
    }

    private void addFields(HttpRequest.Builder request) {
        List<String> given = new ArrayList<>();
        for (String field : fields) {
            int colon = field.indexOf(':');
            if (colon <= 0) {
                throw CommandFailure.usage("-H '" + field + "' is no field; write -H 'Name: value'");
            }
            String name = field.substring(0, colon).strip();
            String value = field.substring(colon + 1).strip();
            // The first one replaces a default, further ones of the same name add lines.
            if (given.stream().anyMatch(name::equalsIgnoreCase)) {
                request.header(name, value);
            } else {
                request.setHeader(name, value);
                given.add(name);
            }
        }
    }

    private static HttpRequest.BodyPublisher content(String data, Console console) {
        if (!data.startsWith("@")) {
            return HttpRequest.BodyPublishers.ofByteArray(data.getBytes(StandardCharsets.UTF_8));
        }
        String file = data.substring(1);
        try {
            // Read as a whole: it may have to be sent again, after a redirect or a connection that broke.
            return HttpRequest.BodyPublishers.ofByteArray(
                    file.equals("-") ? console.in().readAllBytes() : Files.readAllBytes(Path.of(file)));
        } catch (IOException | RuntimeException e) {
            throw CommandFailure.usage("cannot read --data from '" + file + "': " + StorageChoice.problem(e));
        }
    }

    /** An absolute http or https URI; a usage failure when it is none. */
    static URI uri(String text) {
        try {
            URI uri = new URI(text.strip());
            TargetUri.of(uri);
            if (uri.getHost() == null) {
                throw new IllegalArgumentException("it has no valid host name");
            }
            return withoutFragment(uri);
        } catch (URISyntaxException e) {
            throw malformed(text, e.getReason() + (e.getIndex() >= 0 ? " at character " + (e.getIndex() + 1) : ""));
        } catch (IllegalArgumentException e) {
            throw malformed(text, String.valueOf(e.getMessage()));
        }
    }

    private static URI withoutFragment(URI uri) throws URISyntaxException {
        if (uri.getRawFragment() == null) {
            return uri;
        }
        String text = uri.toString();
        return new URI(text.substring(0, text.indexOf('#')));
    }

    private static CommandFailure malformed(String text, String why) {
        String advice = text.contains("://") ? "" : "; did you mean http://" + text + " ?";
        return CommandFailure.usage("'" + text + "' is no URL that can be fetched: " + why + advice);
    }
}
