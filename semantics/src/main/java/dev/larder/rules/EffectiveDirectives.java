package dev.larder.rules;

import dev.larder.http.HttpFields;
import dev.larder.http.ResponseDirectives;
import dev.larder.policy.CachePolicy;

/**
 * The directives of a response that hold for this cache (RFC 9213 2.2): those of the first targeted field of the policy
 * that is there and valid, else those of Cache-Control.
 *
 * @param targeted whether they come from a targeted field, in which case Expires does not count either
 */
record EffectiveDirectives(ResponseDirectives directives, boolean targeted) {
    static EffectiveDirectives of(HttpFields fields, CachePolicy policy) {
        for (String name : policy.targetedFields()) {
            ResponseDirectives targeted = ResponseDirectives.ofTargeted(fields, name);
            if (targeted != null) {
                return new EffectiveDirectives(targeted, true);
            }
        }
        return new EffectiveDirectives(ResponseDirectives.of(fields), false);
    }

    /** Whether Expires is there to be read. */
    boolean hasExpires(HttpFields fields) {
        return !targeted && fields.contains("Expires");
    }
}
