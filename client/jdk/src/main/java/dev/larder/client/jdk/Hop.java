package dev.larder.client.jdk;

import dev.larder.CacheInfo;
import dev.larder.client.Answer;
import dev.larder.client.Body;
import dev.larder.engine.CacheResult;
import dev.larder.http.HttpFields;
import dev.larder.storage.StoredEntry;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Optional;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/** One request and its answer, of which a redirected exchange has several. What a body handler sees of the response. */
final class Hop implements HttpResponse.ResponseInfo {
    private final HttpRequest request;
    private final Answer<OriginBody> answer;
    private final @Nullable HttpResponse<?> fromOrigin;
    private final HttpClient.Version defaultVersion;
    private volatile @Nullable HttpHeaders headers;

    /**
     * An answered request.
     *
     * @param fromOrigin the origin's last response, if it was asked
     * @param defaultVersion what to call the version of a response that came over no connection
     */
    Hop(
            HttpRequest request,
            Answer<OriginBody> answer,
            @Nullable HttpResponse<?> fromOrigin,
            HttpClient.Version defaultVersion) {
        this.request = request;
        this.answer = answer;
        this.fromOrigin = answer.info().fromCache() ? null : fromOrigin;
        this.defaultVersion = defaultVersion;
    }

    HttpRequest request() {
        return request;
    }

    CacheInfo info() {
        return answer.info();
    }

    /**
     * Gives the body to a subscriber. Called once, or {@link #discard} or {@link #giveUp} is.
     *
     * @return what the caller can give it up by; null when all of it is at hand
     */
    @Nullable
    Feed feed(HttpResponse.BodySubscriber<?> subscriber) {
        OriginBody relayed = answer.relayed();
        Body body = answer.body();
        if (relayed != null) {
            Feed feed = new Feed(subscriber);
            relayed.response().body().subscribe(feed);
            return feed;
        }
        if (body != null && body.inMemory() == null) {
            Feed feed = new Feed(subscriber);
            body.publisher().subscribe(feed);
            return feed;
        }
        if (body != null) {
            body.publisher().subscribe(subscriber);
        }
        return null;
    }

    /** The caller does not want the body. */
    void giveUp() {
        OriginBody relayed = answer.relayed();
        Body body = answer.body();
        if (relayed != null) {
            OriginBody.KIND.discard(relayed);
        } else if (body != null) {
            body.close();
        }
    }

    /** The response redirects: its body is read for nobody. */
    void discard() {
        OriginBody relayed = answer.relayed();
        Body body = answer.body();
        if (relayed != null) {
            OriginBody.KIND.discard(relayed);
        } else if (body != null) {
            // Read, not closed: what redirects is worth storing, too.
            body.publisher().subscribe(HttpResponse.BodySubscribers.discarding());
        }
    }

    @Override
    public int statusCode() {
        return answer.head().status();
    }

    @Override
    public HttpHeaders headers() {
        HttpHeaders known = headers;
        if (known == null) {
            known = headersOf(answer, fromOrigin);
            headers = known;
        }
        return known;
    }

    private static HttpHeaders headersOf(Answer<OriginBody> answer, @Nullable HttpResponse<?> fromOrigin) {
        HttpFields fields = answer.head().fields();
        // The client's own object, where the cache changed nothing: it may know more, such as pseudo-fields.
        if (fromOrigin != null && fields.equals(Fields.of(fromOrigin.headers()))) {
            return fromOrigin.headers();
        }
        StoredEntry entry = answer.entry();
        if (entry == null || answer.info().status() != CacheResult.HIT) {
            return Fields.toHeaders(fields);
        }
        // The JDK's headers are dear to build, and of a stored response they change once a second.
        if (entry.attachment() instanceof Headers known && known.fields.equals(fields)) {
            return known.headers;
        }
        HttpHeaders headers = Fields.toHeaders(fields);
        entry.attach(new Headers(fields, headers));
        return headers;
    }

    private record Headers(HttpFields fields, HttpHeaders headers) {}

    Optional<SSLSession> sslSession() {
        return fromOrigin == null ? Optional.empty() : fromOrigin.sslSession();
    }

    @Override
    public HttpClient.Version version() {
        return fromOrigin == null ? defaultVersion : fromOrigin.version();
    }
}
