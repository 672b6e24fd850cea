package dev.larder.client.apache;

import dev.larder.http.HttpFields;
import dev.larder.testkit.ClientSetup;
import dev.larder.testkit.TestCall;
import dev.larder.testkit.TestClient;
import dev.larder.testkit.TestRequest;
import dev.larder.testkit.TestResponse;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Future;
import org.apache.hc.client5.http.config.TlsConfig;
import org.apache.hc.client5.http.impl.async.CloseableHttpAsyncClient;
import org.apache.hc.client5.http.impl.async.HttpAsyncClientBuilder;
import org.apache.hc.client5.http.impl.nio.PoolingAsyncClientConnectionManager;
import org.apache.hc.client5.http.impl.nio.PoolingAsyncClientConnectionManagerBuilder;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.core5.concurrent.FutureCallback;
import org.apache.hc.core5.http.EntityDetails;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpResponse;
import org.apache.hc.core5.http.nio.AsyncEntityProducer;
import org.apache.hc.core5.http.nio.AsyncResponseConsumer;
import org.apache.hc.core5.http.nio.CapacityChannel;
import org.apache.hc.core5.http.nio.entity.BasicAsyncEntityProducer;
import org.apache.hc.core5.http.nio.support.AsyncRequestBuilder;
import org.apache.hc.core5.http.nio.support.classic.ContentInputStream;
import org.apache.hc.core5.http.nio.support.classic.SharedInputBuffer;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.apache.hc.core5.http2.HttpVersionPolicy;
import org.apache.hc.core5.http2.config.H2Config;
import org.apache.hc.core5.reactor.IOReactorConfig;

/** The client contract for the asynchronous client, over HTTP/1.1 and HTTP/2. */
final class ApacheAsyncContractTest extends ApacheContract {
    @Override
    protected boolean seesInterimResponses() {
        return true;
    }

    /** HttpCore closes a connection while it handles the reset of a stream, and reports either. */
    @Override
    protected boolean failsPredictably() {
        return false;
    }

    @Override
    protected TestClient open(ClientSetup setup) {
        PoolingAsyncClientConnectionManager manager = PoolingAsyncClientConnectionManagerBuilder.create()
                .setTlsStrategy(new DefaultClientTlsStrategy(setup.tls()))
                .setDefaultTlsConfig(TlsConfig.custom()
                        .setVersionPolicy(setup.http2() ? HttpVersionPolicy.NEGOTIATE : HttpVersionPolicy.FORCE_HTTP_1)
                        .build())
                .setDefaultConnectionConfig(connections(setup))
                .setMaxConnPerRoute(200)
                .setMaxConnTotal(400)
                .build();
        HttpAsyncClientBuilder builder = HttpAsyncClientBuilder.create()
                .setIOReactorConfig(IOReactorConfig.custom().setIoThreadCount(2).build())
                .setConnectionManager(manager)
                // HttpCore sends frames as long as those it takes, which a peer need not take.
                .setH2Config(H2Config.custom().setMaxFrameSize(16 * 1024).build())
                .setDefaultRequestConfig(requests(setup))
                .setDefaultCredentialsProvider(credentials(setup));
        if (!setup.followRedirects()) {
            builder.disableRedirectHandling();
        }
        if (!setup.cookies()) {
            builder.disableCookieManagement();
        }
        setup.cache().ifPresent(cache -> LarderHttpClients.install(builder, cache));
        CloseableHttpAsyncClient client = builder.build();
        client.start();
        return new TestClient() {
            @Override
            public TestCall start(TestRequest request) {
                AsyncRequestBuilder sent =
                        AsyncRequestBuilder.create(request.method()).setUri(request.uri());
                for (int i = 0; i < request.fields().size(); i++) {
                    sent.addHeader(request.fields().name(i), request.fields().value(i));
                }
                if (request.content() != null) {
                    AsyncEntityProducer content = new BasicAsyncEntityProducer(request.content(), null);
                    sent.setEntity(content);
                }
                HttpClientContext context = HttpClientContext.create();
                LarderContext.controls(context, request.controls());
                Arriving arriving = new Arriving(setup, context, request);
                Future<Void> future = client.execute(sent.build(), arriving, context, arriving);
                arriving.future.complete(future);
                return TestCall.of(arriving.head, () -> future.cancel(true));
            }

            @Override
            public OptionalInt connectionsInUse() {
                return OptionalInt.of(manager.getTotalStats().getLeased());
            }

            @Override
            public void close() throws IOException {
                client.close();
            }
        };
    }

    /** Gives the head out when it is there, and the body as it is read. */
    private static final class Arriving implements AsyncResponseConsumer<Void>, FutureCallback<Void> {
        private final ClientSetup setup;
        private final HttpClientContext context;
        private final TestRequest request;
        private final CompletableFuture<TestResponse> head = new CompletableFuture<>();
        private final CompletableFuture<Future<Void>> future = new CompletableFuture<>();
        private final CompletableFuture<HttpFields> trailers = new CompletableFuture<>();
        private final List<Integer> interim = new CopyOnWriteArrayList<>();
        private final SharedInputBuffer buffer = new SharedInputBuffer(32 * 1024);
        private volatile FutureCallback<Void> callback;
        private volatile Exception failure;

        Arriving(ClientSetup setup, HttpClientContext context, TestRequest request) {
            this.setup = setup;
            this.context = context;
            this.request = request;
        }

        @Override
        public void informationResponse(HttpResponse response, HttpContext within) {
            interim.add(response.getCode());
        }

        @Override
        public void consumeResponse(
                HttpResponse response, EntityDetails details, HttpContext within, FutureCallback<Void> result) {
            callback = result;
            head.complete(new TestResponse(
                    uri(context, request.uri()),
                    response.getVersion() == null
                            ? "HTTP/1.1"
                            : response.getVersion().toString(),
                    response.getCode(),
                    fields(List.of(response.getHeaders())),
                    details == null ? InputStream.nullInputStream() : new Body(),
                    info(setup, context),
                    () -> trailers.getNow(HttpFields.EMPTY),
                    interim));
            if (details == null) {
                result.completed(null);
            }
        }

        @Override
        public void updateCapacity(CapacityChannel channel) throws IOException {
            buffer.updateCapacity(channel);
        }

        @Override
        public void consume(ByteBuffer bytes) {
            buffer.fill(bytes);
        }

        @Override
        public void streamEnd(List<? extends Header> fields) {
            trailers.complete(fields == null ? HttpFields.EMPTY : fields(fields));
            buffer.markEndStream();
            callback.completed(null);
        }

        @Override
        public void failed(Exception cause) {
            failure = cause;
            head.completeExceptionally(cause);
            buffer.abort();
        }

        @Override
        public void completed(Void result) {}

        @Override
        public void cancelled() {
            failed(new CancellationException());
        }

        @Override
        public void releaseResources() {}

        private final class Body extends FilterInputStream {
            private boolean ended;

            Body() {
                super(new ContentInputStream(buffer));
            }

            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] target, int offset, int length) throws IOException {
                int read;
                try {
                    read = super.read(target, offset, length);
                } catch (IOException e) {
                    throw known(e);
                }
                if (read < 0 && failure != null) {
                    throw known(new IOException(failure));
                }
                ended |= read < 0;
                return read;
            }

            private IOException known(IOException e) {
                return failure == null ? e : failure instanceof IOException io ? io : new IOException(failure);
            }

            @Override
            public void close() {
                if (!ended) {
                    future.join().cancel(true);
                }
            }
        }
    }
}
