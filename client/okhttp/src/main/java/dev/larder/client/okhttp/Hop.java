package dev.larder.client.okhttp;

import dev.larder.CacheInfo;
import dev.larder.HttpCache;
import dev.larder.client.Answer;
import dev.larder.client.Body;
import dev.larder.client.Call;
import dev.larder.client.Origin;
import dev.larder.engine.CacheResult;
import dev.larder.http.HttpFields;
import dev.larder.http.RequestHead;
import dev.larder.http.ResponseHead;
import dev.larder.http.TargetUri;
import dev.larder.policy.CacheControls;
import dev.larder.rules.StoredResponse;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.List;
import okhttp3.Authenticator;
import okhttp3.Cookie;
import okhttp3.EventListener;
import okhttp3.Headers;
import okhttp3.Interceptor;
import okhttp3.MediaType;
import okhttp3.OkHttp;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okhttp3.ResponseBody;
import org.jspecify.annotations.Nullable;

/** One request of a call and its answer, of which a redirected call has several. */
final class Hop {
    private static final long WORTH_READING = 64 * 1024;

    private final HttpCache cache;
    private final OkHttpClient plain;
    private final Interceptor.Chain chain;
    private final Request request;
    private final Cancellation cancellation;
    /** What the origin answered this call last. */
    private @Nullable Response received;

    private @Nullable OriginBody receivedBody;
    private @Nullable ServedBody served;

    Hop(HttpCache cache, OkHttpClient plain, Interceptor.Chain chain, Request request, Cancellation cancellation) {
        this.cache = cache;
        this.plain = plain;
        this.chain = chain;
        this.request = request;
        this.cancellation = cancellation;
    }

    Response send(@Nullable Response prior) throws IOException {
        CacheControls tagged = request.tag(CacheControls.class);
        CacheControls controls = tagged == null ? CacheControls.NONE : tagged;
        HttpFields fields = effectiveFields();
        Content content = Content.of(request, fields, controls);
        RequestHead head =
                new RequestHead(request.method(), TargetUri.parse(request.url().toString()), fields);
        int patience = chain.readTimeoutMillis();
        Call call = new Call(head, content.content(), controls, patience == 0 ? null : Duration.ofMillis(patience));
        Answer<OriginBody> answer = answer(call, content.request());
        Response response = toResponse(answer, prior);
        tell(answer.info(), response);
        return response;
    }

    /**
     * Ends a response that is followed by another. The call's next exchange can begin only when this one has ended. A body
     * that is being stored is read to its end, unless that is far.
     */
    void release(Response response) {
        try (response) {
            if (received != null && served != null) {
                served.source().request(WORTH_READING + 1);
            }
        } catch (IOException e) {
            // It is not stored then, which the cache's listener hears, and the call goes on as it does without a cache.
        }
        if (receivedBody != null) {
            receivedBody.end();
        }
    }

    private Answer<OriginBody> answer(Call call, Request sent) throws IOException {
        cancellation.enter();
        try {
            return cache.execute(call, OriginBody.KIND, origin(call, sent));
        } catch (GivenUp e) {
            if (e.interrupted) {
                Thread.currentThread().interrupt();
            }
            throw e.failure;
        } catch (InterruptedException e) {
            if (chain.call().isCanceled()) {
                throw new IOException("Canceled", e);
            }
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for another call's response");
        } finally {
            cancellation.leave();
        }
    }

    /**
     * The fields that the origin will see as far as they matter to the cache: OkHttp adds these below it. A response that
     * varies by them, or that only an authorized request got, must not be taken for one that anybody gets.
     */
    private HttpFields effectiveFields() {
        HttpFields.Builder fields = Fields.of(request.headers()).toBuilder();
        RequestBody body = request.body();
        MediaType type = body == null ? null : body.contentType();
        if (type != null) {
            fields.set("Content-Type", type.toString());
        }
        if (Gzip.isTransparent(request)) {
            fields.set("Accept-Encoding", "gzip");
        }
        List<Cookie> cookies = chain.getCookieJar().loadForRequest(request.url());
        if (!cookies.isEmpty()) {
            StringBuilder all = new StringBuilder();
            for (Cookie cookie : cookies) {
                all.append(all.length() == 0 ? "" : "; ")
                        .append(cookie.name())
                        .append('=')
                        .append(cookie.value());
            }
            fields.remove("Cookie").addReceived("Cookie", all.toString());
        }
        if (request.header("User-Agent") == null) {
            fields.set("User-Agent", "okhttp/" + OkHttp.VERSION);
        }
        if (cache.policy().shared()
                && request.header("Authorization") == null
                && chain.getAuthenticator() != Authenticator.NONE) {
            fields.set("Authorization", "added-below-the-cache");
        }
        return fields.build();
    }

    /**
     * The caller's own request where the cache added nothing to it, else a copy with the conditions added. Below, OkHttp
     * judges by them whether it asks for gzip, but has to ask for what the cache asks for.
     */
    private static Request toRequest(Request request, Call call, RequestHead head) {
        if (head.equals(call.request())) {
            return request;
        }
        Headers.Builder headers = request.headers().newBuilder();
        for (String name : Origin.CHANGED_FIELDS) {
            headers.removeAll(name);
            for (String value : head.fields().values(name)) {
                headers.addUnsafeNonAscii(name, value);
            }
        }
        Request conditioned = request.newBuilder().headers(headers.build()).build();
        if (Gzip.isTransparent(conditioned) == Gzip.isTransparent(request)) {
            return conditioned;
        }
        String coding = head.fields().first("Accept-Encoding");
        return conditioned
                .newBuilder()
                .header("Accept-Encoding", coding == null ? "identity" : coding)
                .build();
    }

    private Origin<OriginBody> origin(Call call, Request sent) {
        return new Origin<>() {
            @Override
            public Origin.Response<OriginBody> send(RequestHead head) throws IOException, InterruptedException {
                return ask(toRequest(sent, call, head));
            }

            @Override
            public Origin<OriginBody> inBackground() {
                return head -> askApart(toRequest(sent, call, head));
            }
        };
    }

    private Origin.Response<OriginBody> ask(Request network) throws IOException, InterruptedException {
        Response response = proceed(network);
        OriginBody body = new OriginBody(response, chain.call());
        received = response;
        receivedBody = body;
        return new Origin.Response<>(head(response), body);
    }

    /** By a call of its own, because this one may be over. */
    private Origin.Response<OriginBody> askApart(Request network) throws IOException, InterruptedException {
        okhttp3.Call own = plain.newCall(network);
        Wire wire = Wire.of(own);
        wire.watch();
        try {
            Response response = wire.restore(own.execute());
            return new Origin.Response<>(head(response), new OriginBody(response, own));
        } catch (IOException e) {
            if (Thread.interrupted()) {
                throw new GivenUp(e, true);
            }
            throw e;
        }
    }

    private static ResponseHead head(Response response) {
        return new ResponseHead(response.code(), Fields.of(response.headers()));
    }

    private Response proceed(Request network) throws IOException, InterruptedException {
        // OkHttp knows how to cancel what it does itself.
        cancellation.leave();
        Wire wire = Wire.of(chain.call());
        wire.watch();
        Response response;
        try {
            response = wire.restore(chain.proceed(network));
        } catch (IOException e) {
            // By the thread, not by the exception's type: time-outs are InterruptedIOExceptions, too.
            boolean interrupted = Thread.interrupted();
            if (interrupted || chain.call().isCanceled()) {
                throw new GivenUp(e, interrupted);
            }
            throw e;
        } finally {
            wire.unwatch();
        }
        try {
            cancellation.enter();
        } catch (IOException e) {
            response.close();
            throw new GivenUp(e, false);
        }
        return response;
    }

    private Response toResponse(Answer<OriginBody> answer, @Nullable Response prior) {
        CacheInfo info = answer.info();
        Response origin = received;
        Headers headers = headers(answer, origin);
        Response.Builder response;
        if (origin != null && !info.fromCache()) {
            response = origin.newBuilder();
        } else {
            response = new Response.Builder()
                    .protocol(origin == null ? Protocol.HTTP_1_1 : origin.protocol())
                    .message("");
            StoredResponse stored = info.storedResponse();
            if (stored != null) {
                response.sentRequestAtMillis(stored.requestTime()).receivedResponseAtMillis(stored.responseTime());
            }
        }
        int status = answer.head().status();
        boolean empty = request.method().equals("HEAD") || status == 204 || status == 304;
        OriginBody relayed = answer.relayed();
        Body body = answer.body();
        if (relayed == null && body != null) {
            served = empty ? null : new ServedBody(body, headers, chain.call(), cancellation);
            response.body(served == null ? released(body) : served);
        }
        response.request(request.newBuilder().tag(CacheInfo.class, info).build())
                .code(status)
                .headers(headers)
                .priorResponse(prior)
                .networkResponse(origin == null ? null : origin.networkResponse())
                .cacheResponse(info.fromCache() ? stored(status, headers) : null);
        Response built = response.build();
        return !empty && Gzip.isTransparent(request) && Gzip.isCoded(headers) ? Gzip.decoded(built) : built;
    }

    /** OkHttp's own object where the cache changed nothing. */
    private static Headers headers(Answer<OriginBody> answer, @Nullable Response origin) {
        HttpFields fields = answer.head().fields();
        return origin != null && !answer.info().fromCache() && fields.equals(Fields.of(origin.headers()))
                ? origin.headers()
                : Fields.toHeaders(fields);
    }

    private static ResponseBody released(Body body) {
        body.close();
        return ResponseBody.EMPTY;
    }

    private Response stored(int status, Headers headers) {
        return new Response.Builder()
                .request(request)
                .protocol(Protocol.HTTP_1_1)
                .code(status)
                .message("")
                .headers(headers)
                .build();
    }

    /** Tells the call's listener what OkHttp's own cache would tell it. */
    private void tell(CacheInfo info, Response response) {
        EventListener listener = chain.getEventListener();
        if (info.status() == CacheResult.REVALIDATED) {
            listener.cacheConditionalHit(chain.call(), response);
        } else if (info.fromCache()) {
            listener.cacheHit(chain.call(), response);
        } else if (received == null) {
            listener.satisfactionFailure(chain.call(), response);
        } else if (info.status() == CacheResult.MISS) {
            listener.cacheMiss(chain.call());
        }
    }

    /** The call was cancelled or its thread interrupted, which says nothing about the origin: nobody is to try again on its behalf, and those who wait for it go on by themselves. */
    private static final class GivenUp extends InterruptedException {
        private static final long serialVersionUID = 1;

        private final IOException failure;
        private final boolean interrupted;

        GivenUp(IOException failure, boolean interrupted) {
            this.failure = failure;
            this.interrupted = interrupted;
        }
    }
}
