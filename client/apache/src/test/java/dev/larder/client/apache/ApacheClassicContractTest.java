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
import java.util.List;
import java.util.OptionalInt;
import org.apache.hc.client5.http.classic.methods.HttpUriRequestBase;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManager;
import org.apache.hc.client5.http.impl.io.PoolingHttpClientConnectionManagerBuilder;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.client5.http.routing.RoutingSupport;
import org.apache.hc.client5.http.ssl.DefaultClientTlsStrategy;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.HttpEntity;
import org.apache.hc.core5.http.io.entity.ByteArrayEntity;

/** The client contract for the classic client. */
final class ApacheClassicContractTest extends ApacheContract {
    @Override
    protected boolean speaksHttp2() {
        return false;
    }

    @Override
    protected TestClient open(ClientSetup setup) {
        PoolingHttpClientConnectionManager manager = PoolingHttpClientConnectionManagerBuilder.create()
                .setTlsSocketStrategy(new DefaultClientTlsStrategy(setup.tls()))
                .setDefaultConnectionConfig(connections(setup))
                .setMaxConnPerRoute(200)
                .setMaxConnTotal(400)
                .build();
        HttpClientBuilder builder = HttpClientBuilder.create()
                .setConnectionManager(manager)
                .setDefaultRequestConfig(requests(setup))
                .setDefaultCredentialsProvider(credentials(setup));
        if (!setup.followRedirects()) {
            builder.disableRedirectHandling();
        }
        if (!setup.cookies()) {
            builder.disableCookieManagement();
        }
        setup.cache().ifPresent(cache -> LarderHttpClients.install(builder, cache));
        CloseableHttpClient client = builder.build();
        return new TestClient() {
            @Override
            public TestCall start(TestRequest request) {
                HttpUriRequestBase sent = new HttpUriRequestBase(request.method(), request.uri());
                for (int i = 0; i < request.fields().size(); i++) {
                    sent.addHeader(request.fields().name(i), request.fields().value(i));
                }
                if (request.content() != null) {
                    sent.setEntity(new ByteArrayEntity(request.content(), null));
                }
                HttpClientContext context = HttpClientContext.create();
                LarderContext.controls(context, request.controls());
                return TestCall.onThread(
                        () -> response(
                                setup,
                                context,
                                request,
                                client.executeOpen(RoutingSupport.determineHost(sent), sent, context),
                                sent::cancel),
                        sent::cancel);
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

    private static TestResponse response(
            ClientSetup setup,
            HttpClientContext context,
            TestRequest request,
            ClassicHttpResponse response,
            Runnable cancel)
            throws IOException {
        HttpEntity entity = response.getEntity();
        InputStream content = entity == null ? InputStream.nullInputStream() : entity.getContent();
        return new TestResponse(
                uri(context, request.uri()),
                response.getVersion() == null
                        ? "HTTP/1.1"
                        : response.getVersion().toString(),
                response.getCode(),
                fields(List.of(response.getHeaders())),
                new Closing(content, response, cancel),
                info(setup, context),
                () -> entity == null || entity.getTrailers() == null
                        ? HttpFields.EMPTY
                        : fields(entity.getTrailers().get()),
                List.of());
    }

    /** Gives the request up if it is closed early: this client would read the rest else. */
    private static final class Closing extends FilterInputStream {
        private final ClassicHttpResponse response;
        private final Runnable cancel;
        private boolean ended;

        Closing(InputStream content, ClassicHttpResponse response, Runnable cancel) {
            super(content);
            this.cancel = cancel;
            this.response = response;
        }

        @Override
        public int read() throws IOException {
            int read = super.read();
            ended |= read < 0;
            return read;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            int read = super.read(target, offset, length);
            ended |= read < 0;
            return read;
        }

        @Override
        public void close() throws IOException {
            if (ended) {
                super.close();
                response.close();
                return;
            }
            cancel.run();
            try {
                response.close();
            } catch (IOException e) {
                // The connection was closed under it, as it was meant to be.
                return;
            }
        }
    }
}
