package dev.larder.rules;

import dev.larder.http.HttpFields;
import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;
import dev.larder.http.StructuredFields;
import dev.larder.http.StructuredFields.Item;
import dev.larder.http.StructuredFields.Member;
import dev.larder.http.StructuredFields.SfString;
import dev.larder.http.TargetUri;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** RFC 9875: stored responses that an origin has put into groups, to invalidate them together. */
public final class CacheGroups {
    /** The least that RFC 9875 2 asks for is 32 of each; what is beyond this is left out. */
    private static final int MOST_GROUPS = 256;

    private static final int LONGEST_GROUP = 1024;

    private CacheGroups() {}

    /** The groups that a stored response is in (RFC 9875 2). */
    public static Set<String> of(HttpFields fields) {
        return strings(fields, "Cache-Groups");
    }

    /**
     * RFC 9875 3: what the answer to a request invalidates by its groups.
     *
     * @return null when there is nothing of the kind: the method is safe, the request failed, or no group is named
     */
    public static @Nullable Predicate<StoredResponse> invalidatedBy(RequestHead request, ResponseHead response) {
        if (!Invalidation.applies(request, response)) {
            return null;
        }
        Set<String> groups = strings(response.fields(), "Cache-Group-Invalidation");
        return groups.isEmpty() ? null : members(request.uri(), groups);
    }

    /** The stored responses of an origin that are in one of these groups (RFC 9875 2.1); names compare exactly. */
    public static Predicate<StoredResponse> members(TargetUri origin, Set<String> groups) {
        return stored -> {
            if (!stored.uri().sameOrigin(origin) || !stored.fields().contains("Cache-Groups")) {
                return false;
            }
            for (String group : of(stored.fields())) {
                if (groups.contains(group)) {
                    return true;
                }
            }
            return false;
        };
    }

    /** A list of strings; anything else in it makes the field invalid as a whole. Parameters mean nothing. */
    private static Set<String> strings(HttpFields fields, String name) {
        String text = fields.combined(name);
        List<Member> list = text == null ? null : StructuredFields.parseList(text);
        if (list == null) {
            return Set.of();
        }
        Set<String> strings = new HashSet<>();
        for (Member member : list) {
            if (!(member instanceof Item item) || !(item.value() instanceof SfString string)) {
                return Set.of();
            }
            if (strings.size() < MOST_GROUPS && string.value().length() <= LONGEST_GROUP) {
                strings.add(string.value());
            }
        }
        return strings;
    }
}
