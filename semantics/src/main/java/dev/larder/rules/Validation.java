package dev.larder.rules;

import dev.larder.http.EntityTag;
import dev.larder.http.HttpFields;
import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;
import dev.larder.policy.CachePolicy;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** RFC 9111 4.3: asking the origin whether a stored response is still good, and reading its answer. */
public final class Validation {
    /** More tags than this would make the request's head a burden. */
    private static final int MOST_TAGS = 16;

    private Validation() {}

    /** Whether the response has something to validate it by. */
    public static boolean hasValidator(HttpFields fields) {
        return fields.contains("ETag") || fields.contains("Last-Modified");
    }

    /** Whether the request carries conditions of its own that a cache may evaluate (RFC 9111 4.3.2). */
    public static boolean hasOwnCondition(RequestHead request) {
        return request.fields().contains("If-None-Match") || request.fields().contains("If-Modified-Since");
    }

    /**
     * RFC 9111 4.3.1: the request with the validators of the stored responses.
     *
     * <p>The tags of all variants go along, so that the origin can say that another of them is the one. A date goes
     * along only if it is that of the selected response.
     *
     * @param selected the response to validate, or null when none was selected
     * @return null when there is nothing to validate by
     */
    public static @Nullable RequestHead conditional(
            RequestHead request, @Nullable StoredResponse selected, List<? extends Candidate> candidates) {
        Set<String> tags = new LinkedHashSet<>();
        String ownTags = request.fields().combined("If-None-Match");
        if (ownTags != null && ownTags.trim().equals("*")) {
            return null;
        }
        if (selected != null) {
            addTag(tags, selected);
        }
        for (Candidate candidate : candidates) {
            addTag(tags, candidate.stored());
        }
        String lastModified = selected == null ? null : selected.fields().first("Last-Modified");
        if (tags.isEmpty() && lastModified == null) {
            return null;
        }
        HttpFields.Builder fields = request.fields().without("If-None-Match", "If-Modified-Since").toBuilder();
        if (!tags.isEmpty()) {
            String list = String.join(", ", tags);
            fields.add("If-None-Match", ownTags == null ? list : ownTags + ", " + list);
        } else if (ownTags != null) {
            fields.add("If-None-Match", ownTags);
        }
        if (lastModified != null) {
            fields.add("If-Modified-Since", lastModified);
        }
        return new RequestHead(request.method(), request.uri(), fields.build());
    }

    private static void addTag(Set<String> tags, StoredResponse stored) {
        String tag = stored.fields().first("ETag");
        if (tag != null && !tag.isEmpty() && tags.size() < MOST_TAGS) {
            tags.add(tag);
        }
    }

    /**
     * RFC 9111 4.3.4: the stored responses that a 304 confirms.
     *
     * @param candidates those that could have been chosen, or whose tags were sent
     * @param selected the response that was to be validated, or null
     * @return the responses to update, the one to serve first; empty when the 304 belongs to none of them
     */
    public static <C extends Candidate> List<C> confirmed(
            List<C> candidates, @Nullable C selected, ResponseHead notModified) {
        HttpFields fields = notModified.fields();
        EntityTag tag = EntityTag.parse(fields.first("ETag"));
        if (tag != null) {
            return tag.weak() ? byWeakTag(candidates, selected, tag) : byStrongTag(candidates, selected, tag);
        }
        // Without a tag in the 304 only the one that was asked for can be meant.
        if (selected == null) {
            return List.of();
        }
        String lastModified = fields.first("Last-Modified");
        String storedLastModified = selected.stored().fields().first("Last-Modified");
        boolean contradicts =
                lastModified != null && storedLastModified != null && !lastModified.equals(storedLastModified);
        return contradicts ? List.of() : List.of(selected);
    }

    private static <C extends Candidate> List<C> byStrongTag(List<C> candidates, @Nullable C selected, EntityTag tag) {
        List<C> confirmed = new ArrayList<>();
        for (C candidate : candidates) {
            EntityTag stored = EntityTag.parse(candidate.stored().fields().first("ETag"));
            if (stored != null && stored.stronglyMatches(tag)) {
                confirmed.add(candidate == selected ? 0 : confirmed.size(), candidate);
            }
        }
        return confirmed;
    }

    private static <C extends Candidate> List<C> byWeakTag(List<C> candidates, @Nullable C selected, EntityTag tag) {
        if (selected != null && weaklyMatches(selected.stored(), tag)) {
            return List.of(selected);
        }
        C best = null;
        for (C candidate : candidates) {
            if (weaklyMatches(candidate.stored(), tag)
                    && (best == null || Age.date(candidate.stored()) > Age.date(best.stored()))) {
                best = candidate;
            }
        }
        return best == null ? List.of() : List.of(best);
    }

    private static boolean weaklyMatches(StoredResponse stored, EntityTag tag) {
        EntityTag own = EntityTag.parse(stored.fields().first("ETag"));
        return own != null && own.weaklyMatches(tag);
    }

    /**
     * RFC 9111 4.3.4: the stored response after a 304 to this request.
     *
     * @param request the request that was answered; where the update changes Vary, its fields select the response now
     */
    public static StoredResponse freshened(
            StoredResponse stored,
            RequestHead request,
            ResponseHead update,
            long sentAt,
            long receivedAt,
            CachePolicy policy) {
        HttpFields fields = StoredFields.updated(stored.fields(), update.fields(), receivedAt, policy);
        StoredResponse.Builder freshened = stored.toBuilder().fields(fields).times(sentAt, receivedAt);
        if (!sameVary(fields, stored.fields())) {
            freshened.selecting(
                    VariantSelection.selectingFields(new ResponseHead(stored.status(), fields), request, stored.id()));
        }
        return freshened.build();
    }

    private static boolean sameVary(HttpFields a, HttpFields b) {
        return a.values("Vary").equals(b.values("Vary"));
    }

    /** RFC 9111 4.3.5: whether a 200 to a HEAD speaks of the same representation as the stored response. */
    public static boolean headAgrees(StoredResponse stored, ResponseHead head) {
        return agrees("ETag", stored, head)
                && agrees("Last-Modified", stored, head)
                && agrees("Content-Length", stored, head);
    }

    private static boolean agrees(String name, StoredResponse stored, ResponseHead head) {
        String said = head.fields().first(name);
        return said == null || said.equals(stored.fields().first(name));
    }
}
