package dev.larder;

import dev.larder.engine.CacheResult;
import dev.larder.engine.CacheStatus;
import dev.larder.engine.Decision;
import dev.larder.rules.Digest;
import dev.larder.rules.Reason;
import dev.larder.rules.StoredResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** How a response came about, and why. Thread-safe. */
public final class CacheInfo {
    private final Decision decision;
    private final long uses;
    private final BooleanSupplier stored;

    /**
     * For drivers.
     *
     * @param stored answers whether the response is in the storage now
     */
    public CacheInfo(Decision decision, long uses, BooleanSupplier stored) {
        this.decision = decision;
        this.uses = uses;
        this.stored = stored;
    }

    /** Of a response that never came near the cache, such as one that a server pushed. */
    public static CacheInfo bypassed() {
        return new CacheInfo(
                new Decision(
                        CacheResult.BYPASSED,
                        Reason.BYPASS,
                        Reason.BYPASS,
                        Reason.BYPASS,
                        null,
                        null,
                        null,
                        0,
                        0,
                        false,
                        List.of()),
                0,
                () -> false);
    }

    /** A response that knows how it came about. Client adapters' responses implement it. */
    public interface Carrier {
        /** How it came about. */
        CacheInfo cacheInfo();
    }

    /**
     * How a response came about.
     *
     * @param response a response that a Larder client answered
     * @throws IllegalArgumentException if it is not one
     */
    public static CacheInfo of(Object response) {
        if (response instanceof Carrier carrier) {
            return carrier.cacheInfo();
        }
        throw new IllegalArgumentException("not a response of a Larder client: "
                + response.getClass().getName() + " (was it sent by the client that Larder wraps?)");
    }

    /** Hit, miss, revalidated, stale or bypassed. */
    public CacheResult status() {
        return decision.result();
    }

    /** Whether the body came from the cache and not from the origin. */
    public boolean fromCache() {
        return switch (decision.result()) {
            case HIT, REVALIDATED, STALE -> true;
            case MISS, BYPASSED -> false;
        };
    }

    /** Why it was served from the cache, or why the origin was asked. */
    public Reason reason() {
        return decision.reason();
    }

    /** Why the origin's response may be stored or not; null when the response came from the cache. */
    public @Nullable Reason storing() {
        return decision.storing();
    }

    /**
     * Whether the response is in the storage. For a miss this turns true when its body has been read to the end and
     * committed.
     */
    public boolean stored() {
        return stored.getAsBoolean();
    }

    /** Whether it shared the origin request of another request. */
    public boolean collapsed() {
        return decision.collapsed();
    }

    /** The primary key; null when the cache stood aside. */
    public @Nullable String key() {
        return decision.key();
    }

    /** The stored response that was served, or as which this one is being stored; null without one. */
    public @Nullable StoredResponse storedResponse() {
        return decision.stored();
    }

    /** When the stored response was first stored; null without one. */
    public @Nullable Instant createdAt() {
        return decision.stored() == null ? null : decision.stored().created();
    }

    /** How old the stored response was when it was served (RFC 9111 4.2.3); null without one. */
    public @Nullable Duration age() {
        return decision.stored() == null ? null : Duration.ofMillis(decision.ageMillis());
    }

    /** How much longer it is fresh, counted from when it was served; negative when it is stale; null without one. */
    public @Nullable Duration timeToLive() {
        return decision.stored() == null ? null : Duration.ofMillis(decision.timeToLiveMillis());
    }

    /** How often the stored response has been served, this time included; 0 for a miss. */
    public long uses() {
        return uses;
    }

    /** Every rule that was asked, in order; empty unless {@code CacheControls.withTrace()} was given. */
    public List<Decision.Asked> trace() {
        return decision.trace();
    }

    /** The member that a cache of this name adds to Cache-Status (RFC 9211). */
    public String cacheStatus(String cacheName) {
        return CacheStatus.member(cacheName, decision);
    }

    /** One line for people: what happened and why, with the RFC section. */
    public String explain() {
        StringBuilder text =
                new StringBuilder(96).append(decision.result().name().toLowerCase(Locale.ROOT));
        text.append(": ").append(decision.reason());
        Reason forwardedFor = decision.forwardedFor();
        if (forwardedFor != null && forwardedFor != decision.reason()) {
            text.append("; the origin was asked because ").append(forwardedFor);
        }
        if (decision.digest() != null) {
            text.append("; ").append(freshness(decision.digest()));
        }
        if (decision.storing() != null && decision.storing() != decision.reason()) {
            text.append("; ")
                    .append(decision.storing().allowsStoring() ? "stored: " : "not stored: ")
                    .append(decision.storing());
        }
        return text.toString();
    }

    private String freshness(Digest digest) {
        long seconds = decision.timeToLiveSeconds();
        return (decision.timeToLiveMillis() > 0 ? "fresh for " + seconds + " s more" : "stale for " + -seconds + " s")
                + " (" + digest.lifetimeSource() + " " + digest.lifetime() / 1000 + ", age "
                + decision.ageMillis() / 1000 + ")";
    }

    @Override
    public String toString() {
        return explain();
    }
}
