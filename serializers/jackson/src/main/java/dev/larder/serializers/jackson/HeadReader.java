package dev.larder.serializers.jackson;

import dev.larder.http.HttpFields;
import dev.larder.http.TargetUri;
import dev.larder.rules.Digest;
import dev.larder.rules.LifetimeSource;
import dev.larder.rules.SelectingField;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.BinarySerializer;
import dev.larder.storage.MalformedEntryException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Reads one head, and trusts nothing in it. */
final class HeadReader {
    private static final Set<String> REQUIRED = Set.of(
            "version",
            "id",
            "key",
            "method",
            "uri",
            "status",
            "fields",
            "authorized",
            "requestTime",
            "responseTime",
            "createdAt");
    private static final int DIGEST_MEMBERS = 9;
    private static final int LONGEST_TIME = 40;

    private final JsonParser in;
    private final HeadSerializer format;

    HeadReader(JsonParser in, HeadSerializer format) {
        this.in = in;
        this.format = format;
    }

    StoredResponse read() throws MalformedEntryException {
        require(next() == JsonToken.START_OBJECT, "not an object");
        StoredResponse.Builder head = StoredResponse.builder();
        Set<String> seen = new HashSet<>();
        long requestTime = 0;
        long responseTime = 0;
        long ttlMillis = StoredResponse.NO_TTL;
        boolean slidingTtl = false;
        while (next() != JsonToken.END_OBJECT) {
            String name = member(seen);
            switch (name) {
                case "version" -> version();
                case "id" -> head.id(text());
                case "key" -> head.key(text());
                case "method" -> head.method(text());
                case "uri" -> head.uri(TargetUri.parse(text()));
                case "status" -> head.status(integer());
                case "fields" -> head.fields(fields());
                case "selecting" -> head.selecting(selecting());
                case "authorized" -> head.authorized(bool());
                case "requestTime" -> requestTime = time();
                case "responseTime" -> responseTime = time();
                case "createdAt" -> head.createdAt(time());
                case "ttlMillis" -> ttlMillis = number();
                case "slidingTtl" -> slidingTtl = bool();
                case "tags" -> head.tags(tags());
                case "digest" -> head.digest(digest());
                default -> throw new MalformedEntryException("a member that this version does not have");
            }
        }
        require(seen.containsAll(REQUIRED), "a member is missing");
        require(next() == null, "something after the head");
        return head.times(requestTime, responseTime).ttl(ttlMillis, slidingTtl).build();
    }

    private void version() throws MalformedEntryException {
        long version = number();
        if (version != HeadWriter.VERSION) {
            throw new MalformedEntryException(
                    "version " + version + " of the " + format.format() + " format is not known");
        }
    }

    private HttpFields fields() throws MalformedEntryException {
        HttpFields.Builder fields = HttpFields.builder();
        startArray();
        for (int count = 0; next() != JsonToken.END_ARRAY; count++) {
            require(count < BinarySerializer.MAX_FIELDS, "too many fields");
            require(in.currentToken() == JsonToken.START_OBJECT && next() == JsonToken.PROPERTY_NAME, "no field");
            String name = in.currentName();
            next();
            fields.add(name, text());
            require(next() == JsonToken.END_OBJECT, "no field");
        }
        return fields.build();
    }

    private List<SelectingField> selecting() throws MalformedEntryException {
        List<SelectingField> selecting = new ArrayList<>();
        startArray();
        while (next() != JsonToken.END_ARRAY) {
            require(selecting.size() < HeadWriter.MAX_SELECTING, "too many selecting fields");
            boolean named = in.currentToken() == JsonToken.START_OBJECT;
            require(named || in.currentToken() == JsonToken.START_ARRAY, "no selecting field");
            require(!named || next() == JsonToken.PROPERTY_NAME, "no selecting field");
            if (!named) {
                next();
            }
            String name = named ? in.currentName() : text();
            String value = next() == JsonToken.VALUE_NULL ? null : text();
            selecting.add(new SelectingField(name, value));
            require(next() == (named ? JsonToken.END_OBJECT : JsonToken.END_ARRAY), "no selecting field");
        }
        return selecting;
    }

    private Set<String> tags() throws MalformedEntryException {
        Set<String> tags = new HashSet<>();
        startArray();
        while (next() != JsonToken.END_ARRAY) {
            require(tags.size() < HeadWriter.MAX_TAGS, "too many tags");
            require(tags.add(text()), "a tag twice");
        }
        return tags;
    }

    /** Null when other code made it, which will be noticed as if there were none. */
    private @Nullable Digest digest() throws MalformedEntryException {
        require(in.currentToken() == JsonToken.START_OBJECT, "no digest");
        Set<String> seen = new HashSet<>();
        int version = 0;
        int policy = 0;
        long initialAge = 0;
        long lifetime = 0;
        LifetimeSource source = null;
        boolean noCache = false;
        boolean noStale = false;
        boolean unusable = false;
        long staleIfError = 0;
        while (next() != JsonToken.END_OBJECT) {
            String name = member(seen);
            switch (name) {
                case "version" -> version = integer();
                case "policy" -> policy = integer();
                case "initialAgeMillis" -> initialAge = number();
                case "lifetimeMillis" -> lifetime = number();
                case "lifetimeSource" -> source = source(text());
                case "noCache" -> noCache = bool();
                case "noStale" -> noStale = bool();
                case "unusable" -> unusable = bool();
                case "staleIfErrorMillis" -> staleIfError = number();
                default -> throw new MalformedEntryException("a member that this version does not have");
            }
        }
        require(seen.size() == DIGEST_MEMBERS, "a member is missing");
        if (version != Digest.VERSION || source == null || initialAge < 0 || lifetime < 0) {
            return null;
        }
        return new Digest(version, policy, initialAge, lifetime, source, noCache, noStale, unusable, staleIfError);
    }

    private static @Nullable LifetimeSource source(String text) {
        for (LifetimeSource source : LifetimeSource.values()) {
            if (source.toString().equals(text)) {
                return source;
            }
        }
        return null;
    }

    // ---- tokens

    private @Nullable JsonToken next() throws MalformedEntryException {
        JsonToken token = in.nextToken();
        require(token == null || format.isPlain(in), "an alias or a tag");
        return token;
    }

    /** The name of a member of which the first token is read. */
    private String member(Set<String> seen) throws MalformedEntryException {
        require(in.currentToken() == JsonToken.PROPERTY_NAME, "cut off");
        String name = in.currentName();
        require(seen.add(name), "a member twice");
        next();
        return name;
    }

    private void startArray() throws MalformedEntryException {
        require(in.currentToken() == JsonToken.START_ARRAY, "a list is missing");
    }

    private String text() throws MalformedEntryException {
        if (in.currentToken() == JsonToken.VALUE_STRING) {
            return in.getString();
        }
        require(in.currentToken() == JsonToken.START_ARRAY, "a text is missing");
        StringBuilder text = new StringBuilder();
        while (next() != JsonToken.END_ARRAY) {
            long unit = number();
            require(unit >= 0 && unit <= Character.MAX_VALUE, "no character");
            text.append((char) unit);
        }
        return text.toString();
    }

    private long time() throws MalformedEntryException {
        if (in.currentToken() == JsonToken.VALUE_NUMBER_INT) {
            return number();
        }
        String text = text();
        require(text.length() <= LONGEST_TIME, "no time");
        return Instant.parse(text).toEpochMilli();
    }

    private long number() throws MalformedEntryException {
        require(in.currentToken() == JsonToken.VALUE_NUMBER_INT, "a number is missing");
        JsonParser.NumberType type = in.getNumberType();
        require(type == JsonParser.NumberType.INT || type == JsonParser.NumberType.LONG, "a number is too large");
        return in.getLongValue();
    }

    private int integer() throws MalformedEntryException {
        long number = number();
        require(number == (int) number, "a number is too large");
        return (int) number;
    }

    private boolean bool() throws MalformedEntryException {
        JsonToken token = in.currentToken();
        require(token == JsonToken.VALUE_TRUE || token == JsonToken.VALUE_FALSE, "true or false is missing");
        return token == JsonToken.VALUE_TRUE;
    }

    private static void require(boolean holds, String what) throws MalformedEntryException {
        if (!holds) {
            throw new MalformedEntryException(what);
        }
    }
}
