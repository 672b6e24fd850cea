package dev.larder.testkit;

import dev.larder.http.HttpFields;
import dev.larder.policy.CacheControls;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A request for a {@link TestClient} to send: through the client's own ways to say each part, and nothing added to it.
 *
 * @param fields to be given to the client in this order
 * @param content null for none; sent with a Content-Length where the client can
 * @param controls given in the adapter's way; those of {@link CacheControls#NONE} may be left out
 */
@SuppressWarnings("ArrayRecordComponent") // Requests are sent, never compared.
public record TestRequest(
        String method, URI uri, HttpFields fields, byte @Nullable [] content, CacheControls controls) {
    /** A request without content and controls. */
    public static TestRequest of(String method, URI uri, String... namesAndValues) {
        return new TestRequest(method, uri, HttpFields.of(namesAndValues), null, CacheControls.NONE);
    }

    /** The same with content. */
    public TestRequest withContent(String text) {
        return new TestRequest(method, uri, fields, text.getBytes(StandardCharsets.UTF_8), controls);
    }

    /** The same with what the caller asks of the cache. */
    public TestRequest with(CacheControls value) {
        return new TestRequest(method, uri, fields, content, value);
    }

    @Override
    public String toString() {
        return method + " " + uri + " " + fields;
    }
}
