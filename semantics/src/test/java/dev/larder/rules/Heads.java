package dev.larder.rules;

import dev.larder.http.HttpDate;
import dev.larder.http.HttpFields;
import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;
import dev.larder.http.TargetUri;
import java.time.Instant;

/** Requests and stored responses for tests, all at one instant. */
final class Heads {
    static final long NOW = Instant.parse("2026-01-01T12:00:00Z").toEpochMilli();
    static final String NOW_DATE = HttpDate.format(NOW);

    private Heads() {}

    static RequestHead get(String... fields) {
        return request("GET", "http://example.com/a", fields);
    }

    static RequestHead request(String method, String uri, String... fields) {
        return new RequestHead(method, TargetUri.parse(uri), HttpFields.of(fields));
    }

    static ResponseHead response(int status, String... fields) {
        return new ResponseHead(status, HttpFields.of(fields));
    }

    static ResponseHead ok(String... fields) {
        return response(200, fields);
    }

    static String date(long seconds) {
        return HttpDate.format(NOW + seconds * 1000);
    }

    /** Stored at {@link #NOW} for a request without fields. */
    static StoredResponse stored(String... fields) {
        return storedFor(get(), fields);
    }

    static StoredResponse storedFor(RequestHead request, String... fields) {
        return storedFor("00ff", request, fields);
    }

    static StoredResponse storedFor(String id, RequestHead request, String... fields) {
        HttpFields all = HttpFields.of(fields);
        return StoredResponse.builder()
                .id(id)
                .key(request.uri().toString())
                .method("GET")
                .uri(request.uri())
                .status(200)
                .fields(all)
                .selecting(VariantSelection.selectingFields(new ResponseHead(200, all), request, id))
                .times(NOW, NOW)
                .createdAt(NOW)
                .build();
    }

    static Candidate candidate(StoredResponse stored) {
        return new Candidate() {
            @Override
            public StoredResponse stored() {
                return stored;
            }

            @Override
            public long bodyLength() {
                return 10;
            }
        };
    }
}
