package dev.larder.client.okhttp;

import okhttp3.Headers;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.ResponseBody;
import okio.GzipSource;
import okio.Okio;

/** OkHttp's transparent compression, above the cache. */
final class Gzip {
    private Gzip() {}

    /** Whether OkHttp asks for gzip by itself, and decodes it. */
    static boolean isTransparent(Request request) {
        return request.header("Accept-Encoding") == null && request.header("Range") == null;
    }

    static boolean isCoded(Headers headers) {
        return "gzip".equalsIgnoreCase(headers.get("Content-Encoding"));
    }

    static Response decoded(Response response) {
        Headers plain = response.headers()
                .newBuilder()
                .removeAll("Content-Encoding")
                .removeAll("Content-Length")
                .build();
        GzipSource decoded = new GzipSource(response.body().source());
        return response.newBuilder()
                .headers(plain)
                .body(ResponseBody.create(Okio.buffer(decoded), response.body().contentType(), -1))
                .build();
    }
}
