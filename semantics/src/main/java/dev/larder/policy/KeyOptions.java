package dev.larder.policy;

import dev.larder.http.TargetUri;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the query of a target URI goes into the key. The request itself is sent as it is. Immutable and thread-safe: every
 * {@code with…} method answers a changed copy.
 *
 * <p>Names are compared as they are written in the URI, without decoding; {@code *} in them stands for any characters.
 */
public final class KeyOptions {
    /** The query goes into the key as it is. */
    public static final KeyOptions NONE = new KeyOptions(List.of(), List.of(), false);

    private final List<Glob> ignored;
    private final List<Glob> redacted;
    private final boolean sorted;

    private KeyOptions(List<Glob> ignored, List<Glob> redacted, boolean sorted) {
        this.ignored = ignored;
        this.redacted = redacted;
        this.sorted = sorted;
    }

    /**
     * Leaves parameters out of the key, such as {@code utm_*}: requests that differ in nothing else share a response. Only for
     * parameters that the origin ignores.
     */
    public KeyOptions withIgnored(String... names) {
        return new KeyOptions(added(ignored, names), redacted, sorted);
    }

    /**
     * Puts a digest in the place of the values of parameters that are secrets, such as {@code api_key}, in the key and in what is
     * stored of the URI. Requests with different values still do not share a response. The digest is not salted: it
     * hides what is hard to guess.
     */
    public KeyOptions withRedacted(String... names) {
        return new KeyOptions(ignored, added(redacted, names), sorted);
    }

    /** Sorts parameters by name: requests that differ in their order share a response. Equal names keep their order. */
    public KeyOptions withSorted() {
        return new KeyOptions(ignored, redacted, true);
    }

    private static List<Glob> added(List<Glob> globs, String... names) {
        List<Glob> all = new ArrayList<>(globs);
        for (String name : names) {
            all.add(new Glob(name));
        }
        return List.copyOf(all);
    }

    /** The URI that the key is made of. */
    TargetUri forKey(TargetUri uri) {
        return changed(uri, ignored, sorted);
    }

    /** The URI that is stored. */
    TargetUri forStoring(TargetUri uri) {
        return changed(uri, List.of(), false);
    }

    private TargetUri changed(TargetUri uri, List<Glob> left, boolean sort) {
        String query = uri.query();
        if (query == null || (left.isEmpty() && redacted.isEmpty() && !sort)) {
            return uri;
        }
        List<String> parameters = new ArrayList<>();
        for (int start = 0; start <= query.length(); ) {
            int end = query.indexOf('&', start) < 0 ? query.length() : query.indexOf('&', start);
            String parameter = query.substring(start, end);
            String name = name(parameter);
            start = end + 1;
            if (!matches(left, name)) {
                parameters.add(matches(redacted, name) ? name + "=redacted-" + digest(parameter) : parameter);
            }
        }
        if (sort) {
            parameters.sort(Comparator.comparing(KeyOptions::name));
        }
        String base = uri.withoutQuery().toString();
        return TargetUri.parse(parameters.isEmpty() ? base : base + "?" + String.join("&", parameters));
    }

    private static String name(String parameter) {
        int equals = parameter.indexOf('=');
        return equals < 0 ? parameter : parameter.substring(0, equals);
    }

    private static boolean matches(List<Glob> globs, String name) {
        for (Glob glob : globs) {
            if (glob.matches(name)) {
                return true;
            }
        }
        return false;
    }

    private static String digest(String parameter) {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(sha.digest(parameter.getBytes(StandardCharsets.UTF_8)), 0, 16);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    static boolean isNone(@Nullable KeyOptions options) {
        return options == null || options == NONE;
    }
}
