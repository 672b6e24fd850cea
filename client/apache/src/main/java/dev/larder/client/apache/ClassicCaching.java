package dev.larder.client.apache;

import dev.larder.CacheInfo;
import dev.larder.HttpCache;
import dev.larder.client.Answer;
import dev.larder.client.Body;
import dev.larder.client.BodyKind;
import dev.larder.client.Call;
import dev.larder.client.ContentDigest;
import dev.larder.client.Origin;
import dev.larder.client.Source;
import dev.larder.engine.RequestContent;
import dev.larder.http.RequestHead;
import dev.larder.policy.CacheControls;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.hc.client5.http.classic.ExecChain;
import org.apache.hc.client5.http.classic.ExecChainHandler;
import org.apache.hc.client5.http.classic.ExecRuntime;
import org.apache.hc.client5.http.impl.classic.RequestFailedException;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.core5.concurrent.CancellableDependency;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.EntityDetails;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.impl.IncomingEntityDetails;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.http.io.support.ClassicRequestBuilder;
import org.apache.hc.core5.http.message.BasicClassicHttpResponse;
import org.apache.hc.core5.http.message.MessageSupport;
import org.jspecify.annotations.Nullable;

/**
 * The cache in the classic client's execution chain.
 *
 * <p>What goes to the origin goes through a runtime of its own, so that its connection is released with the origin's body
 * and not with the caller's response: others may still be reading that body when the caller has left.
 */
final class ClassicCaching implements ExecChainHandler {
    private final HttpCache cache;
    private final Messages messages;

    ClassicCaching(HttpCache cache, Messages messages) {
        this.cache = cache;
        this.messages = messages;
    }

    @Override
    public ClassicHttpResponse execute(ClassicHttpRequest request, ExecChain.Scope scope, ExecChain chain)
            throws IOException, HttpException {
        HttpClientContext context = scope.clientContext;
        LarderContext.begin(context);
        CacheControls controls = LarderContext.controls(context);
        messages.intercept(request, request.getEntity(), context);
        RequestContent content = content(request, controls);
        RequestHead head = messages.head(request, scope.route, context);
        if (head == null) {
            LarderContext.answered(context, CacheInfo.bypassed());
            return chain.proceed(request, scope);
        }
        CancellableDependency caller =
                scope.originalRequest instanceof CancellableDependency dependency ? dependency : null;
        Abort abort = new Abort(Thread.currentThread());
        if (caller != null) {
            caller.setDependency(abort);
        }
        HttpClientContext background = Messages.withDefaultsOf(context);
        FromOrigin origin =
                new FromOrigin(messages, request, head, scope, chain, background, abort, new AtomicReference<>());
        Answer<OriginBody> answer;
        try {
            Call call = new Call(head, content, controls, Messages.patience(context));
            answer = cache.execute(call, OriginBody.KIND, origin);
        } catch (InterruptedException e) {
            if (!abort.isCancelled()) {
                Thread.currentThread().interrupt();
            }
            throw new RequestFailedException("Request aborted", e);
        } catch (ProtocolFailure e) {
            throw e.failure;
        } finally {
            abort.stopWaiting();
        }
        LarderContext.answered(context, answer.info());
        return response(answer, request, scope, origin.last.get(), caller);
    }

    private static ClassicHttpResponse response(
            Answer<OriginBody> answer,
            ClassicHttpRequest request,
            ExecChain.Scope scope,
            @Nullable OriginBody last,
            @Nullable CancellableDependency caller)
            throws IOException {
        OriginBody relayed = answer.relayed();
        if (relayed != null) {
            Messages.fill(relayed.response, answer.head().fields(), relayed.response);
            return relayed.response;
        }
        ClassicHttpResponse response =
                new BasicClassicHttpResponse(answer.head().status());
        ClassicHttpResponse received = last == null || answer.info().fromCache() ? null : last.response;
        Messages.fill(response, answer.head().fields(), received);
        Body body = answer.body();
        if (body != null && MessageSupport.canResponseHaveBody(request.getMethod(), response)) {
            EntityDetails details = new IncomingEntityDetails(response, body.length());
            response.setEntity(new BodyEntity(body, details, received == null ? null : received.getEntity()));
            if (caller != null) {
                caller.setDependency(() -> {
                    body.close();
                    return true;
                });
            }
        } else if (body != null) {
            // Not closed: an empty body, too, is stored when it has been read to its end.
            try (InputStream stream = body.stream()) {
                stream.transferTo(OutputStream.nullOutputStream());
            }
        }
        if (received == null) {
            Messages.served(scope.clientContext, scope.route, request, response);
        }
        return response;
    }

    /** What is known of the content; what has been read for the key is sent from memory. */
    private static RequestContent content(ClassicHttpRequest request, CacheControls controls) throws IOException {
        HttpEntity entity = request.getEntity();
        if (entity == null || !Messages.isForKey(request, entity, entity.isRepeatable(), controls)) {
            return Messages.content(entity);
        }
        Collected collected = new Collected();
        entity.writeTo(collected);
        byte[] bytes = collected.toByteArray();
        if (bytes.length > ContentDigest.MOST_BYTES && !entity.isRepeatable()) {
            throw new IOException("the request's content is longer than it was said to be");
        }
        RequestContent content = Messages.known(request, entity, bytes, controls);
        if (content.digest() != null) {
            request.setEntity(new ByteArrayEntity(bytes, null, entity.isChunked()));
        }
        return content;
    }

    /** Keeps no more than is too long. */
    private static final class Collected extends ByteArrayOutputStream {
        @Override
        public synchronized void write(int b) {
            if (count <= ContentDigest.MOST_BYTES) {
                super.write(b);
            }
        }

        @Override
        public synchronized void write(byte[] piece, int offset, int length) {
            super.write(piece, offset, Math.min(length, ContentDigest.MOST_BYTES + 1 - count));
        }
    }

    /** An exception of the client that is none of I/O, on its way through the cache. */
    private static final class ProtocolFailure extends IOException {
        private static final long serialVersionUID = 1;

        private final HttpException failure;

        ProtocolFailure(HttpException failure) {
            super(failure);
            this.failure = failure;
        }
    }

    /**
     * Sends the request down the chain.
     *
     * @param background the context of what no caller waits for
     * @param last what the origin answered the caller's request with
     */
    private record FromOrigin(
            Messages messages,
            ClassicHttpRequest request,
            RequestHead head,
            ExecChain.Scope scope,
            ExecChain chain,
            HttpClientContext background,
            Abort abort,
            AtomicReference<@Nullable OriginBody> last)
            implements Origin<OriginBody> {
        @Override
        public Origin<OriginBody> inBackground() {
            return wanted -> send(wanted, background, null);
        }

        @Override
        public Origin.Response<OriginBody> send(RequestHead wanted) throws IOException, InterruptedException {
            abort.stopWaiting();
            abort.check();
            try {
                Origin.Response<OriginBody> response = send(wanted, scope.clientContext, abort.ofOrigin());
                last.set(response.body());
                return response;
            } catch (IOException | RuntimeException e) {
                // Who gave up says nothing about the origin: another request may lead.
                abort.check();
                throw e;
            }
        }

        private Origin.Response<OriginBody> send(
                RequestHead wanted, HttpClientContext context, @Nullable CancellableDependency caller)
                throws IOException {
            ExecRuntime runtime = scope.execRuntime.fork(caller);
            try {
                ExecChain.Scope own =
                        new ExecChain.Scope(scope.exchangeId, scope.route, conditional(wanted), runtime, context);
                ClassicHttpResponse response = chain.proceed(conditional(wanted), own);
                return messages.received(response, new OriginBody(response, runtime), request, head, context);
            } catch (IOException | RuntimeException e) {
                runtime.discardEndpoint();
                throw e;
            } catch (HttpException e) {
                runtime.discardEndpoint();
                throw new ProtocolFailure(e);
            }
        }

        private ClassicHttpRequest conditional(RequestHead wanted) {
            ClassicHttpRequest copy = ClassicRequestBuilder.copy(request).build();
            Messages.condition(copy, head, wanted);
            return copy;
        }
    }

    /** The origin's response whose body has not been read, and what holds its connection. */
    private record OriginBody(ClassicHttpResponse response, ExecRuntime runtime) {
        private static final int WORTH_READING = 64 * 1024;

        static final BodyKind<OriginBody> KIND = new BodyKind<>() {
            @Override
            public Source source(OriginBody body) {
                return Source.of(body.open());
            }

            @Override
            public void discard(OriginBody body) {
                // A short rest is read so that the connection can be used again; a long one is not worth it.
                try (InputStream stream = body.open()) {
                    stream.readNBytes(WORTH_READING);
                } catch (IOException e) {
                    body.runtime.discardEndpoint();
                }
            }
        };

        private InputStream open() {
            HttpEntity entity = response.getEntity();
            return entity == null ? InputStream.nullInputStream() : new Abortable(entity, runtime);
        }
    }

    /** Closing it early closes the connection, instead of reading the rest. */
    private static final class Abortable extends InputStream {
        private final HttpEntity entity;
        private final ExecRuntime runtime;
        private @Nullable InputStream stream;
        private volatile boolean ended;

        Abortable(HttpEntity entity, ExecRuntime runtime) {
            this.entity = entity;
            this.runtime = runtime;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            InputStream open = stream == null ? entity.getContent() : stream;
            stream = open;
            int read = open.read(target, offset, length);
            ended |= read < 0;
            return read;
        }

        @Override
        public void close() throws IOException {
            if (ended) {
                entity.close();
            } else {
                runtime.discardEndpoint();
            }
        }
    }
}
