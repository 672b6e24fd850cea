package dev.larder.examples;

import dev.larder.HttpCache;
import dev.larder.client.okhttp.LarderOkHttp;
import java.io.IOException;
import okhttp3.CacheControl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.ResponseBody;
import retrofit2.Call;
import retrofit2.Retrofit;
import retrofit2.http.GET;
import retrofit2.http.Path;

/** OkHttp, and Retrofit on top of it: one line makes the client a caching one. */
public final class OkHttpExample {
    private OkHttpExample() {}

    /** What Retrofit implements. */
    interface Users {
        @GET("users/{id}")
        Call<ResponseBody> byId(@Path("id") int id);
    }

    /** Runs it. */
    public static void main(String... args) throws IOException {
        try (Origin origin = Origin.start();
                HttpCache cache = HttpCache.create()) {
            OkHttpClient client =
                    LarderOkHttp.install(new OkHttpClient.Builder(), cache).build();

            Request request =
                    new Request.Builder().url(origin.uri("/news").toURL()).build();
            print(client, request);
            print(client, request);
            // OkHttp's own way to ask something of a cache goes on working.
            print(
                    client,
                    request.newBuilder()
                            .cacheControl(CacheControl.FORCE_NETWORK)
                            .build());

            Users users = new Retrofit.Builder()
                    .baseUrl(origin.uri("/").toString())
                    .client(client)
                    .build()
                    .create(Users.class);
            print(users.byId(42));
            print(users.byId(42));
        }
    }

    private static void print(OkHttpClient client, Request request) throws IOException {
        try (Response response = client.newCall(request).execute()) {
            System.out.println(response.body().string() + " "
                    + LarderOkHttp.cacheInfo(response).status());
        }
    }

    private static void print(Call<ResponseBody> call) throws IOException {
        retrofit2.Response<ResponseBody> response = call.execute();
        try (ResponseBody body = response.body()) {
            System.out.println(
                    body.string() + " " + LarderOkHttp.cacheInfo(response.raw()).status());
        }
    }
}
