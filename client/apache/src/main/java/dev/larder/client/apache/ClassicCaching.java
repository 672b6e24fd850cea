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
import dev.larder.http.ResponseHead;
import dev.larder.policy.CacheControls;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.apache.hc.client5.http.classic.ExecChain;
import org.apache.hc.client5.http.classic.ExecChainHandler;
import org.apache.hc.client5.http.classic.ExecRuntime;
import org.apache.hc.client5.http.impl.classic.RequestFailedException;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.core5.concurrent.CancellableDependency;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.HttpException;
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
        FromOrigin origin =
                new FromOrigin(messages, request, head, scope, chain, context, Messages.withDefaultsOf(context), abort);
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
        return response(answer, request, scope, origin.last, caller);
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
            Messages.amend(relayed.response, relayed.head, answer.head());
            return relayed.response;
        }
        ClassicHttpResponse response =
                new BasicClassicHttpResponse(answer.head().status());
        ClassicHttpResponse received = last == null || answer.info().fromCache() ? null : last.response;
        Messages.fill(response, answer.head().fields(), received);
        Body body = answer.body();
        if (body != null && MessageSupport.canResponseHaveBody(request.getMethod(), response)) {
            response.setEntity(new BodyEntity(body, response, received == null ? null : received.getEntity()));
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
            scope.clientContext.setRoute(scope.route);
            scope.clientContext.setRequest(request);
            scope.clientContext.setResponse(response);
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
        try {
            entity.writeTo(collected);
        } catch (TooLongException e) {
            if (!entity.isRepeatable()) {
                throw new IOException("the request's content is longer than it was said to be", e);
            }
            return RequestContent.OPAQUE;
        }
        byte[] bytes = collected.bytes.toByteArray();
        RequestContent content = Messages.digest(request, entity, bytes, controls);
        request.setEntity(new ByteArrayEntity(bytes, null, entity.isChunked()));
        return content;
    }

    private static final class Collected extends OutputStream {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] piece, int offset, int length) throws IOException {
            if (bytes.size() + length > ContentDigest.MOST_BYTES) {
                throw new TooLongException();
            }
            bytes.write(piece, offset, length);
        }
    }

    private static final class TooLongException extends IOException {
        private static final long serialVersionUID = 1;

        TooLongException() {
            super("the content is longer than " + ContentDigest.MOST_BYTES + " bytes");
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

    /** Sends the request down the chain. */
    private static final class FromOrigin implements Origin<OriginBody> {
        private final Messages messages;
        private final ClassicHttpRequest request;
        private final RequestHead head;
        private final ExecChain.Scope scope;
        private final ExecChain chain;
        private final HttpClientContext context;
        private final HttpClientContext fresh;
        private final @Nullable Abort abort;
        private @Nullable OriginBody last;

        FromOrigin(
                Messages messages,
                ClassicHttpRequest request,
                RequestHead head,
                ExecChain.Scope scope,
                ExecChain chain,
                HttpClientContext context,
                HttpClientContext fresh,
                @Nullable Abort abort) {
            this.messages = messages;
            this.request = request;
            this.head = head;
            this.scope = scope;
            this.chain = chain;
            this.context = context;
            this.fresh = fresh;
            this.abort = abort;
        }

        @Override
        public Origin<OriginBody> inBackground() {
            return new FromOrigin(messages, request, head, scope, chain, fresh, fresh, null);
        }

        @Override
        public Origin.Response<OriginBody> send(RequestHead wanted) throws IOException, InterruptedException {
            if (abort != null) {
                abort.stopWaiting();
                abort.check();
            }
            ExecRuntime runtime = scope.execRuntime.fork(abort == null ? null : abort.ofOrigin());
            ClassicHttpResponse response;
            try {
                ExecChain.Scope own =
                        new ExecChain.Scope(scope.exchangeId, scope.route, conditional(wanted), runtime, context);
                response = chain.proceed(conditional(wanted), own);
            } catch (IOException | RuntimeException e) {
                released(runtime);
                throw e;
            } catch (HttpException e) {
                released(runtime);
                throw new ProtocolFailure(e);
            }
            ResponseHead received = messages.received(response, request, head, context);
            OriginBody body = new OriginBody(response, received, runtime);
            last = body;
            return new Origin.Response<>(received, body);
        }

        /** After a failure. */
        private void released(ExecRuntime runtime) throws InterruptedException {
            runtime.discardEndpoint();
            if (abort != null) {
                // Who gave up says nothing about the origin: another request may lead.
                abort.check();
            }
        }

        private ClassicHttpRequest conditional(RequestHead wanted) {
            ClassicHttpRequest copy = ClassicRequestBuilder.copy(request).build();
            Messages.condition(copy, head, wanted);
            return copy;
        }
    }

    /** The origin's response whose body has not been read, and what holds its connection. */
    private record OriginBody(ClassicHttpResponse response, ResponseHead head, ExecRuntime runtime) {
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
                    for (int left = WORTH_READING; left > 0; ) {
                        int read = stream.read(new byte[4096]);
                        left = read < 0 ? 0 : left - read;
                    }
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
