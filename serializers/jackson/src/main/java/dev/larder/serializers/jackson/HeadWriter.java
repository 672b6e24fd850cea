package dev.larder.serializers.jackson;

import dev.larder.http.HttpFields;
import dev.larder.rules.Digest;
import dev.larder.rules.SelectingField;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.BinarySerializer;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import tools.jackson.core.JsonGenerator;

/** Writes one head. */
final class HeadWriter {
    static final int VERSION = 1;

    // As few as BinarySerializer allows, for its reasons: what one writes, the others can write too.
    static final int MAX_TAGS = 1_000;
    static final int MAX_SELECTING = 1_000;

    private final JsonGenerator out;
    private final boolean timesAsNumbers;

    HeadWriter(JsonGenerator out, boolean timesAsNumbers) {
        this.out = out;
        this.timesAsNumbers = timesAsNumbers;
    }

    void write(StoredResponse head) {
        require(head.fields().size() <= BinarySerializer.MAX_FIELDS, "fields");
        require(head.selecting().size() <= MAX_SELECTING, "selecting fields");
        require(head.tags().size() <= MAX_TAGS, "tags");
        out.writeStartObject();
        out.writeNumberProperty("version", VERSION);
        text("id", head.id());
        text("key", head.key());
        text("method", head.method());
        text("uri", head.uri().toString());
        out.writeNumberProperty("status", head.status());
        fields(head.fields());
        if (!head.selecting().isEmpty()) {
            selecting(head.selecting());
        }
        out.writeBooleanProperty("authorized", head.authorized());
        if (head.ttlMillis() != StoredResponse.NO_TTL) {
            out.writeNumberProperty("ttlMillis", head.ttlMillis());
        }
        if (head.slidingTtl()) {
            out.writeBooleanProperty("slidingTtl", true);
        }
        if (!head.tags().isEmpty()) {
            tags(head.tags().toArray(String[]::new));
        }
        Digest digest = head.knownDigest();
        if (digest != null) {
            digest(digest);
        }
        time("requestTime", head.requestTime());
        time("responseTime", head.responseTime());
        // Last, since it is always there and ends in a quotation mark: so YAML that was cut off is known to be.
        time("createdAt", head.createdAt());
        out.writeEndObject();
    }

    private static void require(boolean fits, String what) {
        if (!fits) {
            throw new IllegalArgumentException("too many " + what + " to be stored");
        }
    }

    private void fields(HttpFields fields) {
        out.writeArrayPropertyStart("fields");
        for (int i = 0; i < fields.size(); i++) {
            out.writeStartObject();
            // A token, which is ASCII.
            text(fields.name(i), fields.value(i));
            out.writeEndObject();
        }
        out.writeEndArray();
    }

    private void selecting(List<SelectingField> selecting) {
        out.writeArrayPropertyStart("selecting");
        for (SelectingField field : selecting) {
            String value = field.value();
            boolean named = isVisible(field.name());
            if (named) {
                out.writeStartObject();
                out.writeName(field.name());
            } else {
                out.writeStartArray();
                text(field.name());
            }
            if (value == null) {
                out.writeNull();
            } else {
                text(value);
            }
            if (named) {
                out.writeEndObject();
            } else {
                out.writeEndArray();
            }
        }
        out.writeEndArray();
    }

    private void tags(String[] tags) {
        // Sorted, so that equal heads are equal bytes.
        Arrays.sort(tags);
        out.writeArrayPropertyStart("tags");
        for (String tag : tags) {
            text(tag);
        }
        out.writeEndArray();
    }

    private void digest(Digest digest) {
        out.writeObjectPropertyStart("digest");
        out.writeNumberProperty("version", digest.version());
        out.writeNumberProperty("policy", digest.policy());
        out.writeNumberProperty("initialAgeMillis", digest.initialAge());
        out.writeNumberProperty("lifetimeMillis", digest.lifetime());
        out.writeStringProperty("lifetimeSource", digest.lifetimeSource().toString());
        out.writeBooleanProperty("noCache", digest.noCache());
        out.writeBooleanProperty("noStale", digest.noStale());
        out.writeBooleanProperty("unusable", digest.unusable());
        out.writeNumberProperty("staleIfErrorMillis", digest.staleIfError());
        out.writeEndObject();
    }

    private void time(String name, long millis) {
        if (timesAsNumbers) {
            out.writeNumberProperty(name, millis);
        } else {
            out.writeStringProperty(name, Instant.ofEpochMilli(millis).toString());
        }
    }

    private void text(String name, String text) {
        out.writeName(name);
        text(text);
    }

    private void text(String text) {
        if (isWellFormed(text)) {
            out.writeString(text);
            return;
        }
        out.writeStartArray();
        for (int i = 0; i < text.length(); i++) {
            out.writeNumber(text.charAt(i));
        }
        out.writeEndArray();
    }

    /** Whether it looks like the name of a field; only then does every format take it for the name of a member. */
    private static boolean isVisible(String name) {
        for (int i = 0; i < name.length(); i++) {
            if (name.charAt(i) <= ' ' || name.charAt(i) > '~') {
                return false;
            }
        }
        return !name.isEmpty();
    }

    /** Whether UTF-8 can carry it: no unpaired surrogates. */
    private static boolean isWellFormed(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (Character.isSurrogate(c)) {
                i++;
                if (i == text.length() || !Character.isSurrogatePair(c, text.charAt(i))) {
                    return false;
                }
            }
        }
        return true;
    }
}
