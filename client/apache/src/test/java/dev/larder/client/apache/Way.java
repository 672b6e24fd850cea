package dev.larder.client.apache;

import dev.larder.HttpCache;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.hc.client5.http.async.methods.SimpleHttpRequest;
import org.apache.hc.client5.http.async.methods.SimpleRequestBuilder;
import org.apache.hc.client5.http.async.methods.SimpleRequestProducer;
import org.apache.hc.client5.http.async.methods.SimpleResponseConsumer;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.impl.async.CloseableHttpAsyncClient;
import org.apache.hc.client5.http.impl.async.HttpAsyncClientBuilder;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManager;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.impl.nio.PoolingAsyncClientConnectionManager;
import org.apache.hc.client5.http.impl.nio.PoolingAsyncClientConnectionManagerBuilder;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpRequest;
import org.apache.hc.core5.http.HttpRequestInterceptor;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.apache.hc.core5.pool.PoolStats;
import org.apache.hc.core5.reactor.IOReactorConfig;

/** The two variants of the client, driven alike. */
enum Way {
    CLASSIC,
    ASYNC;

    static final int PATIENCE_SECONDS = 30;

    /** What a test wants of the client's builder. */
    static final class Setup {
        final List<Header> defaultHeaders = new ArrayList<>();
        final List<HttpRequestInterceptor> above = new ArrayList<>();
        final List<HttpRequestInterceptor> below = new ArrayList<>();
        boolean retries;
    }

    /** A response that has been read. */
    record Result(int status, List<Header> headers, byte[] bytes, HttpClientContext context) {
        String body() {
            return new String(bytes, java.nio.charset.StandardCharsets.UTF_8);
        }

        String field(String name) {
            return headers.stream()
                    .filter(header -> header.getName().equalsIgnoreCase(name))
                    .map(Header::getValue)
                    .findFirst()
                    .orElse(null);
        }

        dev.larder.CacheInfo info() {
            return LarderContext.cacheInfo(context);
        }
    }

    /** A request on its way, and how it is given up. */
    record Call(CompletableFuture<Result> result, Runnable cancel) {
        Result get() throws Exception {
            try {
                return result.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            } catch (ExecutionException e) {
                throw e.getCause() instanceof Exception failure ? failure : e;
            }
        }
    }

    /** A client under test. */
    interface Client extends AutoCloseable {
        Call start(HttpRequest request, byte[] content, HttpClientContext context);

        PoolStats pool();

        @Override
        void close() throws IOException;
    }

    Client open(HttpCache cache, Setup setup) {
        return this == CLASSIC ? new Classic(cache, setup) : new Async(cache, setup);
    }

    private static final class Classic implements Client {
        private final PoolingHttpClientConnectionManager manager = PoolingHttpClientConnectionManagerBuilder.create()
                .setMaxConnPerRoute(50)
                .setMaxConnTotal(50)
                .build();
        private final CloseableHttpClient client;

        Classic(HttpCache cache, Setup setup) {
            HttpClientBuilder builder =
                    HttpClientBuilder.create().setConnectionManager(manager).setDefaultHeaders(setup.defaultHeaders);
            setup.below.forEach(builder::addRequestInterceptorLast);
            if (!setup.retries) {
                builder.disableAutomaticRetries();
            }
            client = LarderHttpClients.install(builder, cache, setup.above.toArray(HttpRequestInterceptor[]::new))
                    .build();
        }

        @Override
        public Call start(HttpRequest request, byte[] content, HttpClientContext context) {
            HttpUriRequestBase classic;
            try {
                classic = new HttpUriRequestBase(request.getMethod(), request.getUri());
            } catch (java.net.URISyntaxException e) {
                throw new AssertionError(e);
            }
            classic.setHeaders(request.getHeaders());
            if (content != null) {
                classic.setEntity(new ByteArrayEntity(content, null));
            }
            CompletableFuture<Result> result = new CompletableFuture<>();
            Thread thread = new Thread(() -> {
                try {
                    result.complete(client.execute(
                            classic,
                            context,
                            response -> new Result(
                                    response.getCode(),
                                    List.of(response.getHeaders()),
                                    response.getEntity() == null
                                            ? new byte[0]
                                            : EntityUtils.toByteArray(response.getEntity()),
                                    context)));
                } catch (Throwable e) {
                    result.completeExceptionally(e);
                }
            });
            thread.setDaemon(true);
            thread.start();
            return new Call(result, classic::cancel);
        }

        @Override
        public PoolStats pool() {
            return manager.getTotalStats();
        }

        @Override
        public void close() throws IOException {
            client.close();
        }
    }

    private static final class Async implements Client {
        private final PoolingAsyncClientConnectionManager manager = PoolingAsyncClientConnectionManagerBuilder.create()
                .setMaxConnPerRoute(50)
                .setMaxConnTotal(50)
                .build();
        private final CloseableHttpAsyncClient client;

        Async(HttpCache cache, Setup setup) {
            HttpAsyncClientBuilder builder = HttpAsyncClientBuilder.create()
                    .setIOReactorConfig(
                            IOReactorConfig.custom().setIoThreadCount(1).build())
                    .setConnectionManager(manager)
                    .setDefaultHeaders(setup.defaultHeaders);
            setup.below.forEach(builder::addRequestInterceptorLast);
            if (!setup.retries) {
                builder.disableAutomaticRetries();
            }
            client = LarderHttpClients.install(builder, cache, setup.above.toArray(HttpRequestInterceptor[]::new))
                    .build();
            client.start();
        }

        @Override
        public Call start(HttpRequest request, byte[] content, HttpClientContext context) {
            SimpleRequestBuilder builder = SimpleRequestBuilder.copy(copy(request));
            if (content != null) {
                builder.setBody(content, null);
            }
            CompletableFuture<Result> result = new CompletableFuture<>();
            Future<?> future = client.execute(
                    SimpleRequestProducer.create(builder.build()),
                    SimpleResponseConsumer.create(),
                    context,
                    new org.apache.hc.core5.concurrent.FutureCallback<>() {
                        @Override
                        public void completed(org.apache.hc.client5.http.async.methods.SimpleHttpResponse response) {
                            result.complete(new Result(
                                    response.getCode(),
                                    List.of(response.getHeaders()),
                                    response.getBodyBytes() == null ? new byte[0] : response.getBodyBytes(),
                                    context));
                        }

                        @Override
                        public void failed(Exception e) {
                            result.completeExceptionally(e);
                        }

                        @Override
                        public void cancelled() {
                            result.completeExceptionally(new CancellationException());
                        }
                    });
            return new Call(result, () -> future.cancel(true));
        }

        private static SimpleHttpRequest copy(HttpRequest request) {
            return SimpleHttpRequest.copy(request);
        }

        @Override
        public PoolStats pool() {
            return manager.getTotalStats();
        }

        @Override
        public void close() throws IOException {
            client.close();
        }
    }
}
