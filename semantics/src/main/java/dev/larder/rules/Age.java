package dev.larder.rules;

import dev.larder.http.DeltaSeconds;
import dev.larder.http.HttpDate;
import dev.larder.policy.CachePolicy;

/** RFC 9111 4.2.3: how old a stored response is. */
public final class Age {
    private Age() {}

    /** date_value in milliseconds: the Date field, or the time of receipt when it is missing or invalid. */
    public static long date(StoredResponse stored) {
        long date = HttpDate.parse(stored.fields().first("Date"), stored.responseTime());
        return date == HttpDate.INVALID ? stored.responseTime() : date;
    }

    /**
     * corrected_initial_age in milliseconds: the larger of apparent_age and corrected_age_value, or the latter alone if the policy
     * says so.
     */
    static long initial(StoredResponse stored, CachePolicy policy) {
        // Date has whole seconds only: the part of a second it cut off is not age.
        long apparentAge = Math.max(0, (stored.responseTime() - date(stored)) / 1000 * 1000);
        long responseDelay = Math.max(0, stored.responseTime() - stored.requestTime());
        long correctedAge = DeltaSeconds.ageSeconds(stored.fields()) * 1000 + responseDelay;
        return policy.trustUpstreamAge() ? correctedAge : Math.max(apparentAge, correctedAge);
    }

    /** The value of a generated Age field (RFC 9111 5.1) for an age in milliseconds. */
    public static String fieldValue(long ageMillis) {
        return Long.toString(Math.min(ageMillis / 1000, DeltaSeconds.MAX));
    }
}
