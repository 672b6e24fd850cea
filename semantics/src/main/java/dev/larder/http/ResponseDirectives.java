package dev.larder.http;

import dev.larder.http.CacheDirectives.Form;
import dev.larder.http.StructuredFields.BareItem;
import dev.larder.http.StructuredFields.Item;
import dev.larder.http.StructuredFields.Member;
import dev.larder.http.StructuredFields.SfBoolean;
import dev.larder.http.StructuredFields.SfInteger;
import dev.larder.http.StructuredFields.SfString;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a response tells caches: {@code Cache-Control} (RFC 9111 section 5.2.2, RFC 5861, RFC 8246) or a targeted field
 * (RFC 9213).
 *
 * <p>Names match in any case, unknown directives are ignored. A directive that forbids something is honoured however it
 * is spelled, as long as its name can be recognised; one that allows something only when it is well formed. Numbers of
 * seconds are {@link #ABSENT}, {@link #INVALID}, or from 0 to {@link DeltaSeconds#MAX}.
 */
public final class ResponseDirectives {

    /** Seconds of a directive that is not there. */
    public static final long ABSENT = CacheDirectives.ABSENT;

    /**
     * Seconds of a directive that is there but of no use: unreadable, or repeated with different values. As a freshness
     * lifetime this is explicit and already over (RFC 9111 section 4.2.1), as permission to be stale it grants nothing.
     */
    public static final long INVALID = DeltaSeconds.INVALID;

    /** No directive at all. */
    public static final ResponseDirectives NONE = new ResponseDirectives();

    // Written by read() only, before the object is handed out.
    private boolean noStore;
    private boolean isPublic;
    private boolean mustRevalidate;
    private boolean proxyRevalidate;
    private boolean mustUnderstand;
    private boolean noTransform;
    private boolean immutable;
    private long maxAge = ABSENT;
    private long sMaxage = ABSENT;
    private long staleWhileRevalidate = ABSENT;
    private long staleIfError = ABSENT;
    private final Qualifiable noCache = new Qualifiable();
    private final Qualifiable isPrivate = new Qualifiable();

    private ResponseDirectives() {}

    /** The directives in {@code Cache-Control}; {@link #NONE} without that field. */
    public static ResponseDirectives of(HttpFields fields) {
        if (!fields.contains("Cache-Control")) {
            return NONE;
        }
        ResponseDirectives directives = new ResponseDirectives();
        CacheDirectives.read(fields, "Cache-Control", directives::read);
        return directives;
    }

    /**
     * The directives in a targeted field such as {@code CDN-Cache-Control}, which is a Structured Field (RFC 9213 section
     * 2.1). A value of the wrong type makes its directive unreadable; parameters are ignored.
     *
     * @return null if the field is absent, empty or not a Dictionary: it then counts as not sent
     */
    public static @Nullable ResponseDirectives ofTargeted(HttpFields fields, String fieldName) {
        String value = fields.combined(fieldName);
        Map<String, Member> members = value == null ? null : StructuredFields.parseDictionary(value);
        if (members == null || members.isEmpty()) {
            return null;
        }
        ResponseDirectives directives = new ResponseDirectives();
        members.forEach((name, member) -> {
            BareItem bare = member instanceof Item item ? item.value() : null;
            if (SfBoolean.TRUE.equals(bare)) {
                directives.read(name, Form.NONE, "");
            } else if (bare instanceof SfInteger integer) {
                directives.read(name, Form.TOKEN, integer.serialize());
            } else if (bare instanceof SfString string && (name.equals("no-cache") || name.equals("private"))) {
                directives.read(name, Form.QUOTED, string.value());
            } else {
                directives.read(name, Form.UNREADABLE, "");
            }
        });
        return directives;
    }

    private void read(String name, Form form, String argument) {
        switch (name) {
            case "no-store" -> noStore = true;
            case "no-cache" -> noCache.read(form, argument);
            case "private" -> isPrivate.read(form, argument);
            case "must-revalidate" -> mustRevalidate = true;
            case "proxy-revalidate" -> proxyRevalidate = true;
            case "no-transform" -> noTransform = true;
            case "public" -> isPublic |= form == Form.NONE;
            case "must-understand" -> mustUnderstand |= form == Form.NONE;
            // RFC 8246 section 2: any argument is ignored.
            case "immutable" -> immutable |= form != Form.UNREADABLE;
            case "max-age" -> maxAge = CacheDirectives.merge(maxAge, DeltaSeconds.parse(argument));
            case "s-maxage" -> sMaxage = CacheDirectives.merge(sMaxage, DeltaSeconds.parse(argument));
            case "stale-while-revalidate" ->
                staleWhileRevalidate = CacheDirectives.merge(staleWhileRevalidate, DeltaSeconds.parse(argument));
            case "stale-if-error" -> staleIfError = CacheDirectives.merge(staleIfError, DeltaSeconds.parse(argument));
            default -> {} // RFC 9111 section 5.2.3: ignore what is not recognised
        }
    }

    /** Whether the response must not be stored (RFC 9111 section 5.2.2.5). */
    public boolean noStore() {
        return noStore;
    }

    /** Whether every use needs successful validation, all fields alike (RFC 9111 section 5.2.2.4). */
    public boolean noCache() {
        return noCache.unqualified;
    }

    /**
     * The fields that need successful validation before they are sent again, if that is all {@code no-cache} asks for:
     * lower-case, distinct, unmodifiable; empty if {@link #noCache()} or if there is no such directive.
     */
    public List<String> noCacheFields() {
        return noCache.fields();
    }

    /** Whether a shared cache must not store the response (RFC 9111 section 5.2.2.7). */
    public boolean isPrivate() {
        return isPrivate.unqualified;
    }

    /**
     * The fields a shared cache must not store, if that is all {@code private} asks for: lower-case, distinct,
     * unmodifiable; empty if {@link #isPrivate()} or if there is no such directive.
     */
    public List<String> privateFields() {
        return isPrivate.fields();
    }

    /** Whether storing is allowed where it otherwise would not be (RFC 9111 section 5.2.2.9). */
    public boolean isPublic() {
        return isPublic;
    }

    /** Whether no cache may use the response stale (RFC 9111 section 5.2.2.2). */
    public boolean mustRevalidate() {
        return mustRevalidate;
    }

    /** Whether no shared cache may use the response stale (RFC 9111 section 5.2.2.8). */
    public boolean proxyRevalidate() {
        return proxyRevalidate;
    }

    /** Whether understanding the status code decides about storing, rather than {@code no-store} (section 5.2.2.3). */
    public boolean mustUnderstand() {
        return mustUnderstand;
    }

    /** Whether the content must not be transformed (RFC 9111 section 5.2.2.6). */
    public boolean noTransform() {
        return noTransform;
    }

    /** Whether the response will not change while it is fresh (RFC 8246). */
    public boolean immutable() {
        return immutable;
    }

    /** The freshness lifetime in seconds (RFC 9111 section 5.2.2.1). */
    public long maxAge() {
        return maxAge;
    }

    /** The freshness lifetime for shared caches in seconds (RFC 9111 section 5.2.2.10). */
    public long sMaxage() {
        return sMaxage;
    }

    /** How many seconds past freshness the response may be used while it is being validated (RFC 5861 section 3). */
    public long staleWhileRevalidate() {
        return staleWhileRevalidate;
    }

    /** How many seconds past freshness the response may be used if the origin fails (RFC 5861 section 4). */
    public long staleIfError() {
        return staleIfError;
    }

    /** {@code no-cache} or {@code private}: about the whole response unless each occurrence cleanly names fields. */
    private static final class Qualifiable {

        private final Set<String> names = new LinkedHashSet<>();
        private boolean unqualified;

        void read(Form form, String argument) {
            Set<String> read = form == Form.QUOTED ? FieldScanner.tokenList(argument) : null;
            if (read == null || read.isEmpty()) {
                unqualified = true;
            } else {
                names.addAll(read);
            }
        }

        List<String> fields() {
            return unqualified ? List.of() : List.copyOf(names);
        }
    }
}
