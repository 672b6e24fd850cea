package dev.larder.engine;

import dev.larder.http.HttpFields;
import dev.larder.rules.Reason;

/** RFC 9211: the Cache-Status field. */
public final class CacheStatus {
    /** The field's name. */
    public static final String NAME = "Cache-Status";

    private CacheStatus() {}

    /** The fields with this cache's member added behind those of caches nearer to the origin (RFC 9211 2). */
    static HttpFields appended(HttpFields fields, String cacheName, Decision decision) {
        return fields.toBuilder().add(NAME, member(cacheName, decision)).build();
    }

    /**
     * This cache's member. The key is never part of it: it may hold what the reader should not see (RFC 9211 6).
     *
     * @param cacheName printable ASCII
     */
    public static String member(String cacheName, Decision decision) {
        StringBuilder member = new StringBuilder(48).append(identifier(cacheName));
        Reason forwardedFor = decision.forwardedFor();
        if (forwardedFor == null) {
            member.append("; hit");
        } else {
            String token = forwardedFor.forwardToken();
            member.append("; fwd=").append(token == null ? "miss" : token);
            if (decision.forwardStatus() != 0) {
                member.append("; fwd-status=").append(decision.forwardStatus());
            }
        }
        if (decision.digest() != null) {
            member.append("; ttl=").append(decision.timeToLiveSeconds());
        }
        if (decision.storing() != null && decision.storing().allowsStoring()) {
            member.append("; stored");
        }
        if (decision.collapsed()) {
            member.append("; collapsed");
        }
        return member.append("; detail=").append(decision.reason().token()).toString();
    }

    private static String identifier(String name) {
        boolean token = Character.isLetter(name.charAt(0));
        for (int i = 0; i < name.length() && token; i++) {
            char c = name.charAt(i);
            token = Character.isLetterOrDigit(c) || "!#$%&'*+-.^_`|~:/".indexOf(c) >= 0;
        }
        return token ? name : '"' + name.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
