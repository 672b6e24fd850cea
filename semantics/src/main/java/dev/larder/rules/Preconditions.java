package dev.larder.rules;

import dev.larder.http.EntityTag;
import dev.larder.http.HttpDate;
import dev.larder.http.HttpFields;
import dev.larder.http.RequestHead;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** RFC 9111 4.3.2: the caller's own conditions, evaluated against the stored response that would answer it. */
public final class Preconditions {
    /** RFC 9110 15.4.5: what a 304 repeats of the 200, plus what a cache adds. */
    private static final Set<String> IN_NOT_MODIFIED = Set.of(
            "age",
            "cache-control",
            "cache-status",
            "content-location",
            "date",
            "etag",
            "expires",
            "last-modified",
            "vary");

    private Preconditions() {}

    /** Whether the request's conditions make the answer a 304. */
    public static boolean notModified(RequestHead request, StoredResponse stored) {
        // RFC 9110 13.2.1: conditions do not apply where the answer without them is not a success.
        if (stored.status() < 200 || stored.status() > 299) {
            return false;
        }
        String tags = request.fields().combined("If-None-Match");
        if (tags != null) {
            return noneMatchIsFalse(tags, stored);
        }
        return request.fields().values("If-Modified-Since").size() == 1
                && notModifiedSince(request.fields().first("If-Modified-Since"), stored);
    }

    private static boolean noneMatchIsFalse(String tags, StoredResponse stored) {
        if (tags.trim().equals("*")) {
            return true;
        }
        EntityTag current = EntityTag.parse(stored.fields().first("ETag"));
        if (current == null) {
            return false;
        }
        for (EntityTag tag : EntityTag.parseList(tags)) {
            if (tag.weaklyMatches(current)) {
                return true;
            }
        }
        return false;
    }

    private static boolean notModifiedSince(@Nullable String date, StoredResponse stored) {
        long since = HttpDate.parse(date, stored.responseTime());
        if (since == HttpDate.INVALID) {
            return false;
        }
        long lastModified = HttpDate.parse(stored.fields().first("Last-Modified"), stored.responseTime());
        // RFC 9111 4.3.2: without Last-Modified, the Date or the time of receipt stands in for it.
        return (lastModified == HttpDate.INVALID ? Age.date(stored) : lastModified) <= since;
    }

    /** The fields of a generated 304 (RFC 9110 15.4.5). */
    public static HttpFields notModifiedFields(HttpFields ok) {
        HttpFields.Builder fields = HttpFields.builder();
        for (int i = 0; i < ok.size(); i++) {
            if (IN_NOT_MODIFIED.contains(ok.name(i).toLowerCase(Locale.ROOT))) {
                fields.add(ok.name(i), ok.value(i));
            }
        }
        return fields.build();
    }
}
