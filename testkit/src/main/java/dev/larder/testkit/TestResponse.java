package dev.larder.testkit;

import dev.larder.CacheInfo;
import dev.larder.http.HttpFields;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link TestClient} answered: the head, and the body as it arrives.
 *
 * @param uri the URI that answered, after redirects; null if the client does not say
 * @param version what the client calls the protocol, such as {@code HTTP/1.1}; empty if it does not say
 * @param fields in the order the client gives them
 * @param body read as the bytes come; closing it early gives up the rest, as the client's users do
 * @param info what the adapter tells of the response; empty for a bare client
 * @param trailers asked when the body has been read; empty where the client has no access to them
 * @param interim the statuses of interim responses that the client let its user see
 */
public record TestResponse(
        @Nullable URI uri,
        String version,
        int status,
        HttpFields fields,
        InputStream body,
        Optional<CacheInfo> info,
        Supplier<HttpFields> trailers,
        List<Integer> interim)
        implements AutoCloseable {
    /** Of a client that shows neither trailers nor interim responses. */
    public TestResponse(
            @Nullable URI uri,
            String version,
            int status,
            HttpFields fields,
            InputStream body,
            Optional<CacheInfo> info) {
        this(uri, version, status, fields, body, info, () -> HttpFields.EMPTY, List.of());
    }

    /** The rest of the body as UTF-8 text. */
    public String text() throws IOException {
        try (InputStream stream = body) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    /** Gives up what has not been read of the body. */
    @Override
    public void close() throws IOException {
        body.close();
    }
}
