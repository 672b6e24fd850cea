package dev.larder.rules;

import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;
import dev.larder.http.Vary;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** RFC 9111 4 and 4.1: which of the responses stored under a key may answer a request. */
public final class VariantSelection {
    private VariantSelection() {}

    /**
     * The stored response to use, or to validate: of those whose selecting fields match, the most recent by Date.
     *
     * <p>A response without Vary beside others with Vary is taken for the mistake that RFC 9111 4.1 describes: one with
     * a matching Vary goes before it, and it is used otherwise only if it is the newest of all.
     *
     * @return null when none may be used
     */
    public static <C extends Candidate> @Nullable C select(List<C> candidates, RequestHead request) {
        if (candidates.size() == 1) {
            C only = candidates.get(0);
            return suits(only.stored(), request) ? only : null;
        }
        C best = null;
        C newest = null;
        for (C candidate : candidates) {
            if (newest == null || isNewer(candidate, newest)) {
                newest = candidate;
            }
            if (varies(candidate) && suits(candidate.stored(), request) && (best == null || isNewer(candidate, best))) {
                best = candidate;
            }
        }
        if (best != null || newest == null || varies(newest)) {
            return best;
        }
        return suits(newest.stored(), request) ? newest : null;
    }

    /** Every stored response that could have been chosen for this request, freshness aside (RFC 9111 4.3.4). */
    public static <C extends Candidate> List<C> matching(List<C> candidates, RequestHead request) {
        List<C> matching = new ArrayList<>(candidates.size());
        for (C candidate : candidates) {
            if (suits(candidate.stored(), request)) {
                matching.add(candidate);
            }
        }
        return matching;
    }

    /** The fields of a request that will select the response stored for it. */
    public static List<SelectingField> selectingFields(ResponseHead response, RequestHead request, String id) {
        List<String> names = Vary.of(response.fields()).names();
        if (PartialContent.contradictsItself(response) && !names.contains("range")) {
            names = new ArrayList<>(names);
            names.add("range");
        }
        return SelectingField.of(names, request.fields(), id);
    }

    private static boolean suits(StoredResponse stored, RequestHead request) {
        return stored.selectedBy(request.fields());
    }

    private static boolean varies(Candidate candidate) {
        return !candidate.stored().selecting().isEmpty();
    }

    private static boolean isNewer(Candidate a, Candidate b) {
        int byDate = Long.compare(Age.date(a.stored()), Age.date(b.stored()));
        return byDate > 0
                || (byDate == 0 && a.stored().responseTime() > b.stored().responseTime());
    }
}
