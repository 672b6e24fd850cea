package dev.larder.rules;

import dev.larder.http.HttpFields;
import dev.larder.http.TargetUri;
import dev.larder.policy.CachePolicy;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The head of a stored response: everything of an entry but its body. Immutable and thread-safe.
 *
 * <p>Times are milliseconds since the epoch. The fields are as stored, without those that concern one connection only
 * (RFC 9111 3.1); {@code Age} is the one that was received.
 */
public final class StoredResponse {
    /** The value of {@link #ttlMillis()} when the storage's own time to live holds. */
    public static final long NO_TTL = -1;

    private final String id;
    private final String key;
    private final String method;
    private final TargetUri uri;
    private final int status;
    private final HttpFields fields;
    private final List<SelectingField> selecting;
    private final long requestTime;
    private final long responseTime;
    private final long createdAt;
    private final boolean authorized;
    private final long ttlMillis;
    private final boolean slidingTtl;
    private final Set<String> tags;
    /** What a hit has to know, worked out once; racing threads may do it twice with the same result. */
    private volatile @Nullable Digest digest;
    /** The fields with the Age of the last time they were asked for, which changes once a second; likewise. */
    private volatile @Nullable Aged aged;

    private record Aged(long seconds, HttpFields fields) {}

    private StoredResponse(Builder b) {
        id = Objects.requireNonNull(b.id, "id");
        key = Objects.requireNonNull(b.key, "key");
        method = Objects.requireNonNull(b.method, "method");
        uri = Objects.requireNonNull(b.uri, "uri");
        status = b.status;
        fields = b.fields;
        selecting = List.copyOf(b.selecting);
        requestTime = b.requestTime;
        responseTime = b.responseTime;
        createdAt = b.createdAt;
        authorized = b.authorized;
        ttlMillis = b.ttlMillis;
        slidingTtl = b.slidingTtl;
        tags = b.tags.isEmpty() ? Set.of() : Set.copyOf(b.tags);
        digest = b.digest;
    }

    /** An empty builder; id, key, method and URI have to be given. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that starts from this response, without its digest. */
    public Builder toBuilder() {
        return new Builder()
                .id(id)
                .key(key)
                .method(method)
                .uri(uri)
                .status(status)
                .fields(fields)
                .selecting(selecting)
                .times(requestTime, responseTime)
                .createdAt(createdAt)
                .authorized(authorized)
                .ttl(ttlMillis, slidingTtl)
                .tags(tags);
    }

    /** Identifies the entry; a new response is a new id, a freshened one keeps it. Lower-case hexadecimal. */
    public String id() {
        return id;
    }

    /** The primary key it is stored under (RFC 9111 2). */
    public String key() {
        return key;
    }

    /** The method of the request it answered. */
    public String method() {
        return method;
    }

    /** The target URI of that request. */
    public TargetUri uri() {
        return uri;
    }

    /** The status code. */
    public int status() {
        return status;
    }

    /** The stored fields. */
    public HttpFields fields() {
        return fields;
    }

    /** The request fields that selected it, one for each name in Vary. */
    public List<SelectingField> selecting() {
        return selecting;
    }

    /** When the request was sent that brought or last validated it. */
    public long requestTime() {
        return requestTime;
    }

    /** When its head, or the 304 that last validated it, was received. */
    public long responseTime() {
        return responseTime;
    }

    /** When it was first stored. */
    public long createdAt() {
        return createdAt;
    }

    /** {@link #createdAt()} for people. */
    public Instant created() {
        return Instant.ofEpochMilli(createdAt);
    }

    /** Whether the request had an Authorization field (RFC 9111 3.5). */
    public boolean authorized() {
        return authorized;
    }

    /** The time to live that the request or the policy gave it, in milliseconds, or {@link #NO_TTL}. */
    public long ttlMillis() {
        return ttlMillis;
    }

    /** Whether the time to live counts from the last use. */
    public boolean slidingTtl() {
        return slidingTtl;
    }

    /** The tags it was given. */
    public Set<String> tags() {
        return tags;
    }

    /** Whether every selecting field matches the request (RFC 9111 4.1). */
    public boolean selectedBy(HttpFields request) {
        for (int i = 0; i < selecting.size(); i++) {
            if (!selecting.get(i).matches(request, id)) {
                return false;
            }
        }
        return true;
    }

    /** RFC 9111 4: the stored fields with the Age that a reused response carries. */
    public HttpFields fieldsAged(long ageMillis) {
        long seconds = ageMillis / 1000;
        Aged known = aged;
        if (known == null || known.seconds != seconds) {
            known = new Aged(seconds, fields.with("Age", Age.fieldValue(ageMillis)));
            aged = known;
        }
        return known.fields;
    }

    /** What the fields say of reuse, as this policy reads them. */
    public Digest digest(CachePolicy policy) {
        Digest known = digest;
        if (known == null || !known.isOf(policy)) {
            known = Digest.of(this, policy);
            digest = known;
        }
        return known;
    }

    /** The digest worked out last, or null; for serializers. */
    public @Nullable Digest knownDigest() {
        return digest;
    }

    /** Whether only a request with an equal Range may be answered with it. */
    boolean selectedByRange() {
        for (SelectingField field : selecting) {
            if (field.name().equals("range")) {
                return true;
            }
        }
        return false;
    }

    /** Compares everything but the digest, which follows from the rest. */
    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof StoredResponse that
                && id.equals(that.id)
                && key.equals(that.key)
                && method.equals(that.method)
                && uri.equals(that.uri)
                && status == that.status
                && fields.equals(that.fields)
                && selecting.equals(that.selecting)
                && requestTime == that.requestTime
                && responseTime == that.responseTime
                && createdAt == that.createdAt
                && authorized == that.authorized
                && ttlMillis == that.ttlMillis
                && slidingTtl == that.slidingTtl
                && tags.equals(that.tags);
    }

    @Override
    public int hashCode() {
        return id.hashCode();
    }

    @Override
    public String toString() {
        return method + " " + uri + " " + status + " [" + id + "]";
    }

    /** Builds a {@link StoredResponse}. Not thread-safe. */
    public static final class Builder {
        private @Nullable String id;
        private @Nullable String key;
        private @Nullable String method;
        private @Nullable TargetUri uri;
        private int status;
        private HttpFields fields = HttpFields.EMPTY;
        private List<SelectingField> selecting = List.of();
        private long requestTime;
        private long responseTime;
        private long createdAt;
        private boolean authorized;
        private long ttlMillis = NO_TTL;
        private boolean slidingTtl;
        private Set<String> tags = Set.of();
        private @Nullable Digest digest;

        private Builder() {}

        /** See {@link StoredResponse#id()}. */
        public Builder id(String id) {
            this.id = id;
            return this;
        }

        /** See {@link StoredResponse#key()}. */
        public Builder key(String key) {
            this.key = key;
            return this;
        }

        /** See {@link StoredResponse#method()}. */
        public Builder method(String method) {
            this.method = method;
            return this;
        }

        /** See {@link StoredResponse#uri()}. */
        public Builder uri(TargetUri uri) {
            this.uri = uri;
            return this;
        }

        /** See {@link StoredResponse#status()}. */
        public Builder status(int status) {
            this.status = status;
            return this;
        }

        /** See {@link StoredResponse#fields()}. */
        public Builder fields(HttpFields fields) {
            this.fields = fields;
            return this;
        }

        /** See {@link StoredResponse#selecting()}. */
        public Builder selecting(List<SelectingField> selecting) {
            this.selecting = selecting;
            return this;
        }

        /** When the request was sent and when the head was received. */
        public Builder times(long requestTime, long responseTime) {
            this.requestTime = requestTime;
            this.responseTime = responseTime;
            return this;
        }

        /** See {@link StoredResponse#createdAt()}. */
        public Builder createdAt(long createdAt) {
            this.createdAt = createdAt;
            return this;
        }

        /** See {@link StoredResponse#authorized()}. */
        public Builder authorized(boolean authorized) {
            this.authorized = authorized;
            return this;
        }

        /** See {@link StoredResponse#ttlMillis()} and {@link StoredResponse#slidingTtl()}. */
        public Builder ttl(long ttlMillis, boolean sliding) {
            this.ttlMillis = ttlMillis;
            this.slidingTtl = sliding;
            return this;
        }

        /** See {@link StoredResponse#tags()}. */
        public Builder tags(Set<String> tags) {
            this.tags = tags;
            return this;
        }

        /** A digest that was kept beside the head. */
        public Builder digest(@Nullable Digest digest) {
            this.digest = digest;
            return this;
        }

        /** The stored response; NullPointerException when id, key, method or URI is missing. */
        public StoredResponse build() {
            return new StoredResponse(this);
        }
    }
}
