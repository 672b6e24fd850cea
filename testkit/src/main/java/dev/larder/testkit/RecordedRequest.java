package dev.larder.testkit;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A request as a {@link ScriptedOrigin} received it, head and body complete.
 *
 * <p>Immutable and safe for use by several threads.
 */
public final class RecordedRequest {

    private final int connection;
    private final String method;
    private final String target;
    private final String version;
    private final List<Map.Entry<String, String>> fields;
    private final byte[] body;
    private final String pathAndQuery;
    private final String path;

    RecordedRequest(
            int connection,
            String method,
            String target,
            String version,
            List<Map.Entry<String, String>> fields,
            byte[] body) {
        this.connection = connection;
        this.method = method;
        this.target = target;
        this.version = version;
        this.fields = List.copyOf(fields);
        this.body = body;
        this.pathAndQuery = originForm(target);
        int query = pathAndQuery.indexOf('?');
        this.path = query < 0 ? pathAndQuery : pathAndQuery.substring(0, query);
    }

    /**
     * The number of the connection the request came by: 1 for the first that the origin accepted.
     *
     * @return the number, equal for requests that shared a connection
     */
    public int connection() {
        return connection;
    }

    /**
     * The method.
     *
     * @return the method as sent
     */
    public String method() {
        return method;
    }

    /**
     * The request target, exactly as it stood in the request line.
     *
     * @return usually path and query; a whole URI when the origin was used as a proxy
     */
    public String target() {
        return target;
    }

    /**
     * The path of the target, still percent-encoded, without query, scheme and authority.
     *
     * @return the path, such as {@code /a}
     */
    public String path() {
        return path;
    }

    /**
     * The protocol version of the request line.
     *
     * @return {@code HTTP/1.1} or {@code HTTP/1.0}
     */
    public String version() {
        return version;
    }

    /**
     * All field lines of the head: in order, with duplicates, names in the case sent, values without surrounding
     * whitespace, each byte as one ISO 8859-1 character.
     *
     * @return an unmodifiable list of names and values
     */
    public List<Map.Entry<String, String>> fields() {
        return fields;
    }

    /**
     * The value of the first field line of a name.
     *
     * @param name the field name, in any case
     * @return the value, or null when the request has no such field
     */
    public @Nullable String first(String name) {
        for (Map.Entry<String, String> field : fields) {
            if (field.getKey().equalsIgnoreCase(name)) {
                return field.getValue();
            }
        }
        return null;
    }

    /**
     * The values of all field lines of a name, in order.
     *
     * @param name the field name, in any case
     * @return an unmodifiable list, empty when the request has no such field
     */
    public List<String> all(String name) {
        return fields.stream()
                .filter(field -> field.getKey().equalsIgnoreCase(name))
                .map(Map.Entry::getValue)
                .toList();
    }

    /**
     * The body, with any chunked coding removed.
     *
     * @return a copy of the bytes, empty when there was no body
     */
    public byte[] body() {
        return body.clone();
    }

    /**
     * The body as text.
     *
     * @return the bytes decoded as UTF-8
     */
    public String bodyText() {
        return new String(body, StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
        return method + " " + target + " " + fields;
    }

    /** The target's path and query, which is what scripts are looked up by. */
    String pathAndQuery() {
        return pathAndQuery;
    }

    /** Whether the request is one of those a script key names: a path, or a path with a query. */
    boolean matches(String key) {
        return path.equals(key) || pathAndQuery.equals(key);
    }

    private static String originForm(String target) {
        int scheme = target.indexOf("://");
        if (target.startsWith("/") || scheme < 0) {
            return target;
        }
        for (int i = scheme + 3; i < target.length(); i++) {
            char c = target.charAt(i);
            if (c == '/') {
                return target.substring(i);
            }
            if (c == '?') {
                return "/" + target.substring(i);
            }
        }
        return "/";
    }
}
