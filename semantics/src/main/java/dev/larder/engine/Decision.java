package dev.larder.engine;

import dev.larder.rules.Digest;
import dev.larder.rules.Reason;
import dev.larder.rules.StoredResponse;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What the engine decided for one request, and why. Immutable.
 *
 * @param result how the response came about
 * @param reason why it was served from the cache, or why the origin was asked
 * @param forwardedFor why the origin had to be asked; null when it had not
 * @param storing why the origin's response is stored or not; null when it came from the cache
 * @param key the primary key; null when the request never got one
 * @param stored the stored response that was served, or that is being stored; null when there is neither
 * @param digest what its fields say of reuse; null without one
 * @param now when it was decided, in milliseconds since the epoch
 * @param forwardStatus the status code of the origin's answer, or 0 when it was not asked or did not answer
 * @param collapsed whether the origin request was shared with another request
 * @param trace every rule asked, in order; empty unless the caller asked for it
 */
public record Decision(
        CacheResult result,
        Reason reason,
        @Nullable Reason forwardedFor,
        @Nullable Reason storing,
        @Nullable String key,
        @Nullable StoredResponse stored,
        @Nullable Digest digest,
        long now,
        int forwardStatus,
        boolean collapsed,
        List<Asked> trace) {

    /**
     * A rule that was asked.
     *
     * @param question the question, such as {@code may it be stored?}
     * @param answer the reason given
     * @param detail the values that led to it; may be empty
     */
    public record Asked(String question, Reason answer, String detail) {}

    /** The age of the stored response in milliseconds, or -1 without one. */
    public long ageMillis() {
        return stored == null || digest == null ? -1 : digest.currentAge(stored, now);
    }

    /** How much longer the stored response is fresh, in milliseconds; negative when stale, zero without one. */
    public long timeToLiveMillis() {
        return stored == null || digest == null ? 0 : digest.timeToLive(stored, now);
    }

    /** The same in seconds as others can work it out: the lifetime less the Age that is sent (RFC 9211 2.4). */
    public long timeToLiveSeconds() {
        return digest == null ? 0 : digest.lifetime() / 1000 - ageMillis() / 1000;
    }
}
