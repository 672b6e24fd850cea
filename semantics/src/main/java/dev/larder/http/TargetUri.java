package dev.larder.http;

import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * The target URI of a request (RFC 9110 section 7.1): what the origin is asked for, and what a stored response is found
 * by.
 *
 * <p>Key and request must not differ, or one client can store what another is served. So only what cannot reach the
 * origin, or cannot matter to it, is normalised (RFC 9110 section 4.2.3): fragment and user information are dropped,
 * scheme and host are lower-case, the scheme's own port is left out, an empty path is {@code /}. Path and query stay byte
 * for byte: no decoding, no sorting, no dot-segments removed.
 *
 * <p>Immutable and safe for use by several threads.
 */
public final class TargetUri {

    private final String text;
    private final int pathStart;

    /** Where the {@code ?} is, or the end. */
    private final int queryStart;

    private TargetUri(String text, int pathStart) {
        this.text = text;
        this.pathStart = pathStart;
        int question = text.indexOf('?', pathStart);
        this.queryStart = question < 0 ? text.length() : question;
    }

    /**
     * The target that {@code uri} names.
     *
     * @throws IllegalArgumentException as {@link #parse} does
     */
    public static TargetUri of(URI uri) {
        return parse(uri.toString());
    }

    /**
     * The target that {@code uri} names. More is accepted than by {@link URI}, whose grammar is stricter than what real
     * origins are asked for ({@code |} or braces in a query); control characters and spaces are not.
     *
     * @throws IllegalArgumentException if it is not an absolute {@code http} or {@code https} URI with a host; the message
     *     says what is wrong and repeats no part of the URI, which may hold a password
     */
    public static TargetUri parse(String uri) {
        int normal = normalPathStart(uri);
        if (normal > 0) {
            return new TargetUri(uri, normal);
        }
        Reader reader = new Reader(uri);
        TargetUri target = reader.read();
        if (target == null) {
            throw new IllegalArgumentException(reader.problem);
        }
        return target;
    }

    /**
     * Where the path begins if the URI is one that {@link Reader} would leave as it is, else -1. Every hit passes here, and
     * nearly every URI is like that: so it looks at each character once, and at nothing but characters.
     */
    private static int normalPathStart(String uri) {
        boolean https = uri.startsWith("https://");
        if (!https && !uri.startsWith("http://")) {
            return -1;
        }
        int hostStart = https ? 8 : 7;
        int at = endOfPlainHost(uri, hostStart);
        if (at == hostStart) {
            return -1;
        }
        if (at < uri.length() && uri.charAt(at) == ':') {
            at = endOfPlainPort(uri, at + 1, https ? 443 : 80);
        }
        if (at < 0 || at == uri.length() || uri.charAt(at) != '/') {
            return -1;
        }
        for (int i = at; i < uri.length(); i++) {
            char next = uri.charAt(i);
            if (next <= ' ' || next == '#' || next == 0x7F) {
                return -1;
            }
        }
        return at;
    }

    private static int endOfPlainHost(String uri, int start) {
        int at = start;
        while (at < uri.length() && isPlainHost(uri.charAt(at))) {
            at++;
        }
        return at;
    }

    /** Behind the digits of a port that is written as it has to be and is not the scheme's own, else -1. */
    private static int endOfPlainPort(String uri, int start, int own) {
        int port = 0;
        int at = start;
        while (at < uri.length() && at - start < 5 && Ascii.isDigit(uri.charAt(at))) {
            port = 10 * port + uri.charAt(at) - '0';
            at++;
        }
        boolean plain = at > start && uri.charAt(start) != '0' && port <= 65535 && port != own;
        return plain ? at : -1;
    }

    private static boolean isPlainHost(char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    }

    /** {@code scheme://host}, and {@code :port} if it is not the scheme's own. */
    public String origin() {
        return text.substring(0, pathStart);
    }

    /** What follows the origin; starts with {@code /}. */
    public String pathAndQuery() {
        return text.substring(pathStart);
    }

    /** The path; starts with {@code /}. */
    public String path() {
        return text.substring(pathStart, queryStart);
    }

    /** What follows the {@code ?}, or null without one: {@code /a} and {@code /a?} are two resources. */
    public @Nullable String query() {
        return queryStart == text.length() ? null : text.substring(queryStart + 1);
    }

    /** The same without its query. */
    public TargetUri withoutQuery() {
        return queryStart == text.length() ? this : new TargetUri(text.substring(0, queryStart), pathStart);
    }

    /** Whether scheme, host and port are equal (RFC 9110 section 4.3.1). */
    public boolean sameOrigin(TargetUri other) {
        return pathStart == other.pathStart && text.regionMatches(0, other.text, 0, pathStart);
    }

    /**
     * The target of a reference found in a response to this one, such as the value of {@code Location} (RFC 3986 section
     * 5.2). Dot-segments are removed from a relative reference; an absolute one is read as {@link #parse} does, since it
     * is what a client would send.
     *
     * @return null if the result is no {@code http} or {@code https} URI
     */
    public @Nullable TargetUri resolve(String reference) {
        String target = reference.substring(0, endOf(reference, 0, "#"));
        if (target.isEmpty()) {
            return this;
        }
        if (schemeEnd(target) >= 0) {
            return new Reader(target).read();
        }
        if (target.startsWith("//")) {
            int path = endOf(target, 2, "/?");
            String scheme = text.substring(0, text.indexOf(':') + 1);
            return new Reader(scheme + target.substring(0, path) + withoutDotSegments(target.substring(path))).read();
        }
        if (target.startsWith("?")) {
            return new Reader(text.substring(0, queryStart) + target).read();
        }
        String directory =
                target.startsWith("/") ? "" : text.substring(pathStart, text.lastIndexOf('/', queryStart) + 1);
        return new Reader(origin() + withoutDotSegments(directory + target)).read();
    }

    /** Removes dot-segments (RFC 3986 section 5.2.4) from the path in front of a query. */
    private static String withoutDotSegments(String pathAndQuery) {
        int pathEnd = endOf(pathAndQuery, 0, "?");
        StringBuilder result = new StringBuilder(pathAndQuery.length());
        int segment = 0; // where its slash is
        while (segment < pathEnd) {
            int end = endOf(pathAndQuery, segment + 1, "/?");
            int length = end - segment - 1;
            boolean up = length == 2 && pathAndQuery.startsWith("..", segment + 1);
            boolean dots = up || (length == 1 && pathAndQuery.charAt(segment + 1) == '.');
            if (up) {
                result.setLength(Math.max(0, result.lastIndexOf("/")));
            }
            if (!dots) {
                result.append(pathAndQuery, segment, end);
            } else if (end == pathEnd) {
                result.append('/');
            }
            segment = end;
        }
        return result.append(pathAndQuery, pathEnd, pathAndQuery.length()).toString();
    }

    /** The index of the first of {@code stops} from {@code from} on, or the end. */
    private static int endOf(String text, int from, String stops) {
        int i = from;
        while (i < text.length() && stops.indexOf(text.charAt(i)) < 0) {
            i++;
        }
        return i;
    }

    /** The index of the colon after a scheme (RFC 3986 section 3.1), or -1. */
    private static int schemeEnd(String uri) {
        for (int i = 0; i < uri.length(); i++) {
            char c = uri.charAt(i);
            if (c == ':') {
                return i > 0 ? i : -1;
            }
            if (!Ascii.isAlpha(c) && (i == 0 || !(Ascii.isDigit(c) || c == '+' || c == '-' || c == '.'))) {
                return -1;
            }
        }
        return -1;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof TargetUri that && text.equals(that.text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    /** The normalised URI: the very string that was read if that already was normal. */
    @Override
    public String toString() {
        return text;
    }

    /** Reads one URI; what is wrong with it is kept for those who want to throw. */
    private static final class Reader {

        private final String uri;
        private String problem = "";

        Reader(String uri) {
            this.uri = uri;
        }

        @Nullable
        TargetUri read() {
            for (int i = 0; i < uri.length(); i++) {
                char c = uri.charAt(i);
                if (c <= ' ' || c == 0x7F) {
                    return fail("the URI has a space or control character at index " + i);
                }
            }
            int schemeEnd = schemeEnd(uri);
            if (schemeEnd < 0) {
                return fail("the URI is not absolute: it has no scheme");
            }
            boolean https = schemeEnd == 5 && uri.regionMatches(true, 0, "https", 0, 5);
            if (!https && !(schemeEnd == 4 && uri.regionMatches(true, 0, "http", 0, 4))) {
                return fail("the scheme of the URI is neither http nor https");
            }
            int authorityStart = schemeEnd + 3;
            if (!uri.startsWith("//", schemeEnd + 1)) {
                return fail("the URI has no host");
            }
            int authorityEnd = endOf(uri, authorityStart, "/?#");
            int hostStart = Math.max(authorityStart, uri.lastIndexOf('@', authorityEnd - 1) + 1);
            int hostEnd = hostEnd(hostStart, authorityEnd);
            if (hostEnd == hostStart) {
                return fail("the URI has no host");
            }
            if (!isHost(hostStart, hostEnd) || endOf(uri, authorityStart, "\\") < hostStart) {
                return fail("the host of the URI has a character that no host has");
            }
            int defaultPort = https ? 443 : 80;
            int port = port(hostEnd, authorityEnd, defaultPort);
            if (port < 0) {
                return fail("the port of the URI is not a number from 0 to 65535");
            }
            String portText = port == defaultPort ? "" : ":" + port;
            int end = endOf(uri, authorityEnd, "#");
            boolean hasPath = uri.startsWith("/", authorityEnd);
            boolean normal = hasPath
                    && end == uri.length()
                    && hostStart == authorityStart
                    && portText.length() == authorityEnd - hostEnd
                    && !hasUpperCase(hostEnd);
            if (normal) {
                return new TargetUri(uri, authorityEnd);
            }
            String host = Ascii.lowerCase(uri.substring(hostStart, hostEnd));
            String origin = (https ? "https://" : "http://") + host + portText;
            return new TargetUri(origin + (hasPath ? "" : "/") + uri.substring(authorityEnd, end), origin.length());
        }

        private @Nullable TargetUri fail(String reason) {
            problem = reason;
            return null;
        }

        /** The colon before a port, or the end; an IP literal has colons of its own. */
        private int hostEnd(int hostStart, int authorityEnd) {
            int from = hostStart;
            if (uri.startsWith("[", hostStart)) {
                from = Math.min(endOf(uri, hostStart, "]"), authorityEnd);
            }
            return Math.min(endOf(uri, from, ":"), authorityEnd);
        }

        /** A reg-name (RFC 3986 section 3.2.2), or an IP literal with its zone. */
        private boolean isHost(int start, int end) {
            boolean literal = uri.charAt(start) == '[';
            if (literal && (end - start < 3 || uri.charAt(end - 1) != ']')) {
                return false;
            }
            for (int i = literal ? start + 1 : start; i < (literal ? end - 1 : end); i++) {
                char c = uri.charAt(i);
                boolean allowed = Ascii.isAlpha(c) || Ascii.isDigit(c) || "-._~%!$&'()*+,;=".indexOf(c) >= 0;
                if (!allowed && !(literal && c == ':')) {
                    return false;
                }
            }
            return true;
        }

        /** The port, by default the scheme's own; negative when it is none. */
        private int port(int hostEnd, int authorityEnd, int defaultPort) {
            if (authorityEnd - hostEnd <= 1) {
                return defaultPort; // RFC 3986 section 3.2.3: a colon alone counts for nothing
            }
            FieldScanner in = new FieldScanner(uri.substring(hostEnd + 1, authorityEnd));
            long port = in.digits();
            return in.atEnd() && port <= 65535 ? (int) port : FieldScanner.NONE;
        }

        private boolean hasUpperCase(int end) {
            for (int i = 0; i < end; i++) {
                if (Ascii.isUpper(uri.charAt(i))) {
                    return true;
                }
            }
            return false;
        }
    }
}
