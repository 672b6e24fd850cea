package dev.larder.examples;

import dev.larder.HttpCache;
import dev.larder.client.apache.LarderContext;
import dev.larder.client.apache.LarderHttpClients;
import java.net.URI;
import org.apache.hc.client5.http.async.methods.SimpleHttpRequest;
import org.apache.hc.client5.http.async.methods.SimpleHttpResponse;
import org.apache.hc.client5.http.async.methods.SimpleRequestBuilder;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.impl.async.CloseableHttpAsyncClient;
import org.apache.hc.client5.http.impl.classic.BasicHttpClientResponseHandler;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.protocol.HttpClientContext;

/** Apache HttpClient, classic and asynchronous, over one cache. */
public final class ApacheExample {
    private ApacheExample() {}

    /** Runs it. */
    public static void main(String... args) throws Exception {
        try (Origin origin = Origin.start();
                HttpCache cache = HttpCache.create();
                CloseableHttpClient classic = LarderHttpClients.custom(cache).build();
                CloseableHttpAsyncClient async =
                        LarderHttpClients.customAsync(cache).build()) {
            URI uri = origin.uri("/news");
            HttpClientContext context = HttpClientContext.create();
            for (int i = 0; i < 2; i++) {
                String body = classic.execute(new HttpGet(uri), context, new BasicHttpClientResponseHandler());
                System.out.println("classic: " + body + " "
                        + LarderContext.cacheInfo(context).status());
            }

            async.start();
            SimpleHttpRequest request = SimpleRequestBuilder.get(uri).build();
            SimpleHttpResponse response = async.execute(request, context, null).get();
            System.out.println("async: " + response.getBodyText() + " "
                    + LarderContext.cacheInfo(context).status());
        }
    }
}
