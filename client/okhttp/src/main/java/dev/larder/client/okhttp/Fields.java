package dev.larder.client.okhttp;

import dev.larder.http.HttpFields;
import okhttp3.Headers;

/** Fields as the cache and as OkHttp have them. */
final class Fields {
    private Fields() {}

    static HttpFields of(Headers headers) {
        HttpFields.Builder fields = HttpFields.builder();
        for (int i = 0; i < headers.size(); i++) {
            fields.addReceived(headers.name(i), headers.value(i));
        }
        return fields.build();
    }

    static Headers toHeaders(HttpFields fields) {
        Headers.Builder headers = new Headers.Builder();
        for (int i = 0; i < fields.size(); i++) {
            headers.addUnsafeNonAscii(fields.name(i), fields.value(i));
        }
        return headers.build();
    }
}
