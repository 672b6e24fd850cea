package dev.larder.engine;

import dev.larder.http.HttpFields;
import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;
import dev.larder.http.TargetUri;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * A head as text, which the oracle reads in its own way and the engine in its own.
 *
 * @param start the method and the URI, or the status code
 * @param lines {@code Name: value}
 */
record RawHead(String start, List<String> lines) {
    RawHead {
        lines = List.copyOf(lines);
    }

    String method() {
        return start.split(" ")[0];
    }

    String uri() {
        return start.split(" ")[1];
    }

    int status() {
        return Integer.parseInt(start);
    }

    /** The values of a field, line by line. */
    List<String> values(String name) {
        String prefix = name.toLowerCase(Locale.ROOT) + ":";
        return lines.stream()
                .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(prefix))
                .map(line -> line.substring(prefix.length()).strip())
                .toList();
    }

    boolean has(String name) {
        return !values(name).isEmpty();
    }

    RawHead with(String line) {
        List<String> more = new ArrayList<>(lines);
        more.add(line);
        return new RawHead(start, more);
    }

    /** What a 304 makes of it (RFC 9111 3.2): its lines replace those of their name, but what the content depends on. */
    RawHead updatedBy(RawHead notModified) {
        List<String> bound = List.of("content-length", "content-encoding", "content-range", "transfer-encoding");
        List<String> replaced = notModified.lines.stream()
                .map(line -> line.split(":")[0].toLowerCase(Locale.ROOT))
                .filter(name -> !bound.contains(name))
                .collect(Collectors.toCollection(ArrayList::new));
        // The age of an older validation is not that of this one; the Date of an update without one is its receipt.
        List<String> stale = new ArrayList<>(replaced);
        stale.add("age");
        stale.add("date");
        List<String> result = new ArrayList<>();
        for (String line : lines) {
            if (!stale.contains(line.split(":")[0].toLowerCase(Locale.ROOT))) {
                result.add(line);
            }
        }
        for (String line : notModified.lines) {
            if (replaced.contains(line.split(":")[0].toLowerCase(Locale.ROOT))) {
                result.add(line);
            }
        }
        return new RawHead(start, result);
    }

    RequestHead toRequest() {
        return new RequestHead(method(), TargetUri.parse(uri()), fields());
    }

    ResponseHead toResponse() {
        return new ResponseHead(status(), fields());
    }

    private HttpFields fields() {
        HttpFields.Builder fields = HttpFields.builder();
        for (String line : lines) {
            String[] parts = line.split(":", 2);
            fields.addReceived(parts[0], parts[1]);
        }
        return fields.build();
    }
}
