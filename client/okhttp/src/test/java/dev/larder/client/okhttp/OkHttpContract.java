package dev.larder.client.okhttp;

import dev.larder.CacheInfo;
import dev.larder.policy.CacheControls;
import dev.larder.storage.Storage;
import dev.larder.storage.sqlite.SqliteStorage;
import dev.larder.testkit.ClientContract;
import dev.larder.testkit.ClientSetup;
import dev.larder.testkit.ManualClock;
import dev.larder.testkit.TestCall;
import dev.larder.testkit.TestClient;
import dev.larder.testkit.TestRequest;
import dev.larder.testkit.TestResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.Cookie;
import okhttp3.CookieJar;
import okhttp3.Credentials;
import okhttp3.Dispatcher;
import okhttp3.Headers;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

/** The client contract for OkHttp, by both of its ways to make a call. */
abstract class OkHttpContract extends ClientContract {
    private static final OkHttpClient BASE = new OkHttpClient();

    abstract static class Execute extends OkHttpContract {
        @Override
        TestCall start(Call call) {
            return TestCall.onThread(() -> toResponse(call.execute()), call::cancel);
        }
    }

    abstract static class Enqueue extends OkHttpContract {
        @Override
        TestCall start(Call call) {
            CompletableFuture<TestResponse> answer = new CompletableFuture<>();
            call.enqueue(new Callback() {
                @Override
                public void onResponse(Call call, Response response) {
                    answer.complete(toResponse(response));
                }

                @Override
                public void onFailure(Call call, IOException failure) {
                    answer.completeExceptionally(failure);
                }
            });
            return TestCall.of(answer, call::cancel);
        }
    }

    abstract TestCall start(Call call);

    @Override
    protected Storage otherStorage(Path directory, ManualClock clock) throws IOException {
        return SqliteStorage.builder()
                .path(directory.resolve("larder.sqlite"))
                .clock(clock)
                .build();
    }

    @Override
    protected boolean seesTrailers() {
        return true;
    }

    @Override
    protected boolean cancellingSparesFollowers() {
        return false;
    }

    @Override
    protected TestClient open(ClientSetup setup) {
        Dispatcher dispatcher = new Dispatcher(BASE.dispatcher().executorService());
        dispatcher.setMaxRequests(500);
        dispatcher.setMaxRequestsPerHost(500);
        OkHttpClient.Builder builder = BASE.newBuilder()
                .dispatcher(dispatcher)
                .connectionPool(new okhttp3.ConnectionPool())
                .sslSocketFactory(setup.tls().getSocketFactory(), setup.trust())
                // One address for localhost: OkHttp tells of each one that it cannot reach.
                .dns(host -> List.of(InetAddress.getByAddress(host, new byte[] {127, 0, 0, 1})))
                .protocols(setup.http2() ? List.of(Protocol.HTTP_2, Protocol.HTTP_1_1) : List.of(Protocol.HTTP_1_1))
                .followRedirects(setup.followRedirects())
                .readTimeout(30, TimeUnit.SECONDS);
        setup.timeout().ifPresent(builder::readTimeout);
        if (setup.cookies()) {
            builder.cookieJar(new Jar());
        }
        setup.credentials()
                .ifPresent(known -> builder.authenticator((route, response) -> {
                    String basic = Credentials.basic(known.getUserName(), new String(known.getPassword()));
                    return basic.equals(response.request().header("Authorization"))
                            ? null
                            : response.request()
                                    .newBuilder()
                                    .header("Authorization", basic)
                                    .build();
                }));
        setup.cache().ifPresent(cache -> LarderOkHttp.install(builder, cache));
        OkHttpClient client = builder.build();
        return new TestClient() {
            @Override
            public TestCall start(TestRequest request) {
                return OkHttpContract.this.start(client.newCall(toRequest(request)));
            }

            @Override
            public OptionalInt connectionsInUse() {
                return OptionalInt.of(client.connectionPool().connectionCount()
                        - client.connectionPool().idleConnectionCount());
            }

            @Override
            public void close() {
                client.connectionPool().evictAll();
            }
        };
    }

    private static Request toRequest(TestRequest request) {
        Headers.Builder headers = new Headers.Builder();
        for (int i = 0; i < request.fields().size(); i++) {
            headers.add(request.fields().name(i), request.fields().value(i));
        }
        return new Request.Builder()
                .url(HttpUrl.get(request.uri()))
                .headers(headers.build())
                .method(request.method(), request.content() == null ? null : RequestBody.create(request.content()))
                .tag(CacheControls.class, request.controls() == CacheControls.NONE ? null : request.controls())
                .build();
    }

    private static TestResponse toResponse(Response response) {
        return new TestResponse(
                response.request().url().uri(),
                response.protocol() == Protocol.HTTP_2 ? "HTTP/2" : "HTTP/1.1",
                response.code(),
                Fields.of(response.headers()),
                response.body().byteStream(),
                Optional.ofNullable(response.request().tag(CacheInfo.class)),
                () -> {
                    try {
                        return Fields.of(response.trailers());
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                List.of());
    }

    /** Keeps every cookie for every URL. */
    private static final class Jar implements CookieJar {
        private List<Cookie> cookies = List.of();

        @Override
        public synchronized void saveFromResponse(HttpUrl url, List<Cookie> received) {
            cookies = new ArrayList<>(received);
        }

        @Override
        public synchronized List<Cookie> loadForRequest(HttpUrl url) {
            return List.copyOf(cookies);
        }
    }
}
