package dev.larder.client.spring;

import dev.larder.CacheInfo;
import dev.larder.client.Answer;
import dev.larder.client.Body;
import dev.larder.http.ResponseHead;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.client.ClientHttpResponse;
import org.springframework.util.StreamUtils;

/** What the caller is given: the origin's response, or one that the cache serves. */
final class CachedResponse implements ClientHttpResponse, CacheInfo.Carrier {
    private final Answer<ClientHttpResponse> answer;
    private final @Nullable ClientHttpResponse fromOrigin;
    private final HttpHeaders headers;
    private @Nullable InputStream stream;

    /**
     * An answer.
     *
     * @param fromOrigin the origin's last response, if it was asked
     */
    CachedResponse(Answer<ClientHttpResponse> answer, @Nullable ClientHttpResponse fromOrigin) {
        this.answer = answer;
        this.fromOrigin = answer.info().fromCache() ? null : fromOrigin;
        this.headers = SpringFields.answered(answer.head().fields(), this.fromOrigin);
    }

    ResponseHead head() {
        return answer.head();
    }

    @Override
    public CacheInfo cacheInfo() {
        return answer.info();
    }

    @Override
    public HttpStatusCode getStatusCode() {
        return HttpStatusCode.valueOf(answer.head().status());
    }

    @Override
    public String getStatusText() throws IOException {
        if (fromOrigin != null) {
            return fromOrigin.getStatusText();
        }
        HttpStatus known = HttpStatus.resolve(answer.head().status());
        return known == null ? "" : known.getReasonPhrase();
    }

    @Override
    public HttpHeaders getHeaders() {
        return headers;
    }

    @Override
    public InputStream getBody() throws IOException {
        ClientHttpResponse relayed = answer.relayed();
        if (relayed != null) {
            return relayed.getBody();
        }
        Body body = answer.body();
        if (stream == null) {
            stream = body == null ? InputStream.nullInputStream() : body.stream();
        }
        return stream;
    }

    /** As Spring's own responses do, reads what is left, so that it is stored and connections can be used again. */
    @Override
    public void close() {
        ClientHttpResponse relayed = answer.relayed();
        if (relayed != null) {
            relayed.close();
            return;
        }
        try (InputStream rest = getBody()) {
            StreamUtils.drain(rest);
        } catch (IOException e) {
            // Nobody reads this body any more; what it would have been stored as is abandoned, which the listener
            // hears.
            return;
        }
    }
}
