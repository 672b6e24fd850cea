package dev.larder.rules;

import dev.larder.http.HttpDate;
import dev.larder.http.HttpFields;
import dev.larder.policy.CachePolicy;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/** RFC 9111 3.1 and 3.2: which fields are stored, and how a later response to the same request updates them. */
public final class StoredFields {
    /** Concern one connection (RFC 9110 7.6.1) or one proxy (RFC 9111 3.1). */
    private static final Set<String> NEVER_STORED = Set.of(
            "connection",
            "keep-alive",
            "proxy-authenticate",
            "proxy-authentication-info",
            "proxy-authorization",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade");

    /** What the stored body depends on, so that a 304 must not change it (RFC 9111 3.2). */
    private static final Set<String> BOUND_TO_BODY =
            Set.of("content-encoding", "content-length", "content-range", "transfer-encoding");

    private StoredFields() {}

    /** The fields to store: everything received, but those of the connection and the proxy, and with a Date. */
    public static HttpFields of(HttpFields received, long responseTime) {
        Set<String> nominated = nominated(received);
        HttpFields.Builder stored = HttpFields.builder();
        for (int i = 0; i < received.size(); i++) {
            String name = received.name(i).toLowerCase(Locale.ROOT);
            if (!NEVER_STORED.contains(name) && !nominated.contains(name)) {
                stored.add(received.name(i), received.value(i));
            }
        }
        if (!received.contains("Date")) {
            stored.add("Date", HttpDate.format(responseTime));
        }
        return stored.build();
    }

    /** The fields that this cache stores of those that may be stored (RFC 9111 5.2.2.7, and the policy). */
    public static HttpFields kept(HttpFields fields, CachePolicy policy) {
        HttpFields kept = fields;
        for (String name : policy.neverStoredFields()) {
            kept = kept.without(name);
        }
        return policy.qualifiedDirectives() && policy.shared()
                ? without(
                        kept,
                        EffectiveDirectives.of(fields, policy).directives().privateFields())
                : kept;
    }

    /** The fields that may be served without validation (RFC 9111 5.2.2.4). */
    public static HttpFields reusable(HttpFields fields, CachePolicy policy) {
        return policy.qualifiedDirectives()
                ? without(
                        fields,
                        EffectiveDirectives.of(fields, policy).directives().noCacheFields())
                : fields;
    }

    private static HttpFields without(HttpFields fields, List<String> names) {
        return names.isEmpty() ? fields : fields.without(names.toArray(String[]::new));
    }

    /**
     * RFC 9111 3.2: the stored fields after an update. A field that the update has replaces all stored lines of that
     * name; what the stored body depends on stays.
     *
     * <p>A shared cache takes no Set-Cookie, which is for the one user who validated, unless the policy follows the letter of RFC
     * 9111 7.3.
     */
    public static HttpFields updated(HttpFields stored, HttpFields update, long responseTime, CachePolicy policy) {
        boolean shared = policy.shared() && !policy.storeSetCookie();
        HttpFields provided = of(update, responseTime);
        HttpFields.Builder result = HttpFields.builder();
        for (int i = 0; i < stored.size(); i++) {
            String name = stored.name(i).toLowerCase(Locale.ROOT);
            // An Age that the update does not repeat spoke of an older validation.
            boolean replaced = name.equals("age") || (provided.contains(name) && updates(name, shared));
            if (!replaced) {
                result.add(stored.name(i), stored.value(i));
            }
        }
        for (int i = 0; i < provided.size(); i++) {
            if (updates(provided.name(i).toLowerCase(Locale.ROOT), shared)) {
                result.add(provided.name(i), provided.value(i));
            }
        }
        return kept(result.build(), policy);
    }

    private static boolean updates(String lowerCaseName, boolean shared) {
        return !BOUND_TO_BODY.contains(lowerCaseName) && !(shared && lowerCaseName.equals("set-cookie"));
    }

    private static Set<String> nominated(HttpFields received) {
        String connection = received.combined("Connection");
        if (connection == null) {
            return Set.of();
        }
        Set<String> names = new TreeSet<>();
        int start = 0;
        for (int i = 0; i <= connection.length(); i++) {
            if (i == connection.length() || connection.charAt(i) == ',') {
                String name = connection.substring(start, i).trim().toLowerCase(Locale.ROOT);
                // The caching of a response must not be changed by whoever writes that field.
                if (!CachePolicy.NEEDED_FIELDS.contains(name) && !name.equals("set-cookie")) {
                    names.add(name);
                }
                start = i + 1;
            }
        }
        return names;
    }
}
