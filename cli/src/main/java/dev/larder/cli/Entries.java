package dev.larder.cli;

import dev.larder.http.HttpFields;
import dev.larder.policy.CachePolicy;
import dev.larder.rules.Digest;
import dev.larder.rules.SelectingField;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.StoredEntry;
import java.time.Duration;
import java.time.Instant;

/** How stored entries are shown. */
final class Entries {
    private Entries() {}

    /** Whether an entry can be served without asking the origin, as far as its own fields go. */
    static boolean isFresh(StoredResponse stored, CachePolicy policy, long now) {
        Digest digest = stored.digest(policy);
        return !digest.noCache() && digest.timeToLive(stored, now) > 0;
    }

    /** Such as {@code fresh 3 min}, {@code stale 2 h}, {@code validate}. */
    static String freshness(StoredResponse stored, CachePolicy policy, long now) {
        Digest digest = stored.digest(policy);
        if (digest.noCache()) {
            return "validate";
        }
        long left = digest.timeToLive(stored, now);
        return left > 0 ? "fresh " + largestUnit(left) : "stale " + largestUnit(-left);
    }

    /** One unit is enough in a table. */
    static String largestUnit(long millis) {
        Duration duration = Duration.ofMillis(millis);
        if (duration.toDays() > 0) {
            return duration.toDays() + " d";
        }
        if (duration.toHours() > 0) {
            return duration.toHours() + " h";
        }
        return duration.toMinutes() > 0 ? duration.toMinutes() + " min" : duration.toSeconds() + " s";
    }

    /** The URL, with the method where it is not GET, and with what selects the variant. */
    static String name(StoredResponse stored) {
        StringBuilder name = new StringBuilder();
        if (!stored.method().equals("GET")) {
            name.append(stored.method()).append(' ');
        }
        name.append(stored.uri());
        for (SelectingField field : stored.selecting()) {
            name.append(" [")
                    .append(field.name())
                    .append(": ")
                    .append(text(field))
                    .append(']');
        }
        return Text.safe(name.toString());
    }

    /** What selected a variant; of values that may be secret, only a digest is stored. */
    static String text(SelectingField field) {
        String value = field.value();
        if (value == null) {
            return "(absent)";
        }
        return value.startsWith("=") ? value.substring(1) : "(digest " + value.substring(1) + ")";
    }

    /** An entry as a JSON object, without its body. */
    static void json(Json json, StoredEntry entry, CachePolicy policy, long now) {
        StoredResponse stored = entry.stored();
        Digest digest = stored.digest(policy);
        json.beginObject();
        json.member("id", stored.id()).member("key", stored.key()).member("method", stored.method());
        json.member("url", stored.uri().toString()).member("status", stored.status());
        json.member("bodyBytes", entry.bodyLength());
        json.member("createdAt", stored.created().toString());
        json.member("validatedAt", Instant.ofEpochMilli(stored.responseTime()).toString());
        json.member("ageSeconds", digest.currentAge(stored, now) / 1000);
        json.member("lifetimeSeconds", digest.lifetime() / 1000);
        json.member("lifetimeSource", digest.lifetimeSource().toString());
        json.member("fresh", isFresh(stored, policy, now));
        json.member("noCache", digest.noCache()).member("authorized", stored.authorized());
        json.name("ttlSeconds");
        if (stored.ttlMillis() == StoredResponse.NO_TTL) {
            json.value((String) null);
        } else {
            json.value(stored.ttlMillis() / 1000);
        }
        json.member("slidingTtl", stored.slidingTtl());
        json.name("tags").beginArray();
        stored.tags().forEach(json::value);
        json.endArray().name("selecting").beginArray();
        for (SelectingField field : stored.selecting()) {
            json.beginObject()
                    .member("name", field.name())
                    .member("value", field.value())
                    .endObject();
        }
        json.endArray();
        fields(json, stored.fields());
        json.endObject();
    }

    /** Fields, in order, as they came: a name may occur several times. */
    static void fields(Json json, HttpFields fields) {
        json.name("fields").beginArray();
        for (int i = 0; i < fields.size(); i++) {
            json.beginObject()
                    .member("name", fields.name(i))
                    .member("value", fields.value(i))
                    .endObject();
        }
        json.endArray();
    }
}
