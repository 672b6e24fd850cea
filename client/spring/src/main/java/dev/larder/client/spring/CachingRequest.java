package dev.larder.client.spring;

import dev.larder.HttpCache;
import dev.larder.client.Answer;
import dev.larder.client.BodyKind;
import dev.larder.client.Call;
import dev.larder.client.ContentDigest;
import dev.larder.client.Origin;
import dev.larder.client.Redirection;
import dev.larder.client.Source;
import dev.larder.engine.RequestContent;
import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;
import dev.larder.http.TargetUri;
import dev.larder.policy.CacheControls;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.StreamingHttpOutputMessage;
import org.springframework.http.client.AbstractStreamingClientHttpRequest;
import org.springframework.http.client.ClientHttpRequest;
import org.springframework.http.client.ClientHttpRequestFactory;
import org.springframework.http.client.ClientHttpResponse;

/** One blocking request through the cache, with the redirects that follow. */
final class CachingRequest extends AbstractStreamingClientHttpRequest {
    private static final BodyKind<ClientHttpResponse> KIND = new BodyKind<>() {
        @Override
        public Source source(ClientHttpResponse response) {
            return Source.of(new ResponseStream(response));
        }

        @Override
        public void discard(ClientHttpResponse response) {
            try (InputStream body = response.getBody()) {
                // What is there already, so that the connection can be used again; nobody waits for more.
                body.skipNBytes(Math.min(body.available(), WORTH_READING));
            } catch (IOException e) {
                // Nobody wants this body, so its failure concerns nobody.
                return;
            } finally {
                // After its body, which it would read to the end.
                response.close();
            }
        }
    };

    private static final int WORTH_READING = 64 * 1024;

    private final HttpCache cache;
    private final ClientHttpRequestFactory delegate;
    private final boolean followRedirects;
    private final @Nullable Duration patience;
    private final HttpMethod method;
    private final URI uri;

    CachingRequest(
            HttpCache cache,
            ClientHttpRequestFactory delegate,
            boolean followRedirects,
            @Nullable Duration patience,
            HttpMethod method,
            URI uri) {
        this.cache = cache;
        this.delegate = delegate;
        this.followRedirects = followRedirects;
        this.patience = patience;
        this.method = method;
        this.uri = uri;
    }

    @Override
    public HttpMethod getMethod() {
        return method;
    }

    @Override
    public URI getURI() {
        return uri;
    }

    @Override
    protected ClientHttpResponse executeInternal(HttpHeaders headers, @Nullable Body body) throws IOException {
        RequestHead head = new RequestHead(method.name(), TargetUri.of(uri), SpringFields.of(headers));
        Hop hop = new Hop(head, uri, headers, body);
        for (int followed = 0; ; followed++) {
            CachedResponse response = hop.answer();
            try {
                LarderAttributes.tell(getAttributes(), response.cacheInfo());
            } catch (RuntimeException e) {
                response.close();
                throw e;
            }
            RequestHead next = followRedirects && followed < Redirection.MOST
                    ? Redirection.next(hop.asked, response.head())
                    : null;
            boolean sameContent = next != null && next.method().equals(hop.asked.method());
            Body content = hop.body;
            if (next == null || (sameContent && content != null && !content.repeatable())) {
                return response;
            }
            // Read to its end, because what redirects is worth storing, too.
            response.close();
            hop = new Hop(
                    next,
                    URI.create(next.uri().toString()),
                    SpringFields.toHeaders(next.fields()),
                    sameContent ? content : null);
        }
    }

    @FunctionalInterface
    private interface Sending {
        ClientHttpResponse send() throws IOException;
    }

    /** One request to the cache. */
    private final class Hop {
        private final RequestHead asked;
        private final URI target;
        private final HttpHeaders headers;
        private final @Nullable Body body;

        Hop(RequestHead asked, URI target, HttpHeaders headers, @Nullable Body body) {
            this.asked = asked;
            this.target = target;
            this.headers = headers;
            this.body = body;
        }

        CachedResponse answer() throws IOException {
            CacheControls controls = LarderAttributes.controlsOf(getAttributes());
            RequestContent content = body == null ? RequestContent.NONE : RequestContent.OPAQUE;
            Body sent = body;
            if (body != null && ContentDigest.isForKey(asked.method(), controls)) {
                byte[] bytes = bytes(body);
                content = ContentDigest.known(asked.fields(), bytes, controls);
                sent = out -> out.write(bytes);
            }
            Call call = new Call(asked, content, controls, patience);
            Body toSend = sent;
            AtomicReference<@Nullable ClientHttpResponse> fromOrigin = new AtomicReference<>();
            try {
                Answer<ClientHttpResponse> answer = cache.execute(call, KIND, head -> {
                    ClientHttpResponse response = interruptibly(() -> send(head, toSend));
                    fromOrigin.set(response);
                    return new Origin.Response<>(
                            new ResponseHead(response.getStatusCode().value(), SpringFields.of(response.getHeaders())),
                            response);
                });
                return new CachedResponse(answer, fromOrigin.get());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                InterruptedIOException failure =
                        new InterruptedIOException("interrupted while waiting for " + asked.uri());
                failure.initCause(e);
                throw failure;
            }
        }

        /** Clients tell of an interruption by an IOException, which here would be the origin's failure. */
        private static ClientHttpResponse interruptibly(Sending sending) throws IOException, InterruptedException {
            try {
                return sending.send();
            } catch (IOException e) {
                if (Thread.interrupted()) {
                    InterruptedException interruption = new InterruptedException(e.getMessage());
                    interruption.initCause(e);
                    throw interruption;
                }
                throw e;
            }
        }

        private static byte[] bytes(Body body) throws IOException {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            body.writeTo(bytes);
            return bytes.toByteArray();
        }

        private ClientHttpResponse send(RequestHead head, @Nullable Body content) throws IOException {
            ClientHttpRequest request = delegate.createRequest(target, HttpMethod.valueOf(asked.method()));
            request.getHeaders().addAll(SpringFields.toSend(headers, asked, head));
            request.getAttributes().putAll(getAttributes());
            if (content != null && request instanceof StreamingHttpOutputMessage streaming) {
                streaming.setBody(content);
            } else if (content != null) {
                content.writeTo(request.getBody());
            }
            return request.execute();
        }
    }

    /** A response's body, and the response with it: whoever is done with one is done with the other. */
    private static final class ResponseStream extends InputStream {
        private final ClientHttpResponse response;
        private @Nullable InputStream body;

        ResponseStream(ClientHttpResponse response) {
            this.response = response;
        }

        private InputStream body() throws IOException {
            InputStream open = body;
            if (open == null) {
                open = response.getBody();
                body = open;
            }
            return open;
        }

        @Override
        public int read() throws IOException {
            return body().read();
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            return body().read(target, offset, length);
        }

        @Override
        public void close() throws IOException {
            try {
                // First, because a response that is closed reads a body to its end.
                body().close();
            } finally {
                response.close();
            }
        }
    }
}
