package dev.larder.client.spring;

import dev.larder.http.HttpFields;
import dev.larder.http.RequestHead;
import org.springframework.http.HttpHeaders;

/** Between Spring's headers and Larder's fields. */
final class SpringFields {
    private SpringFields() {}

    static HttpFields of(HttpHeaders headers) {
        HttpFields.Builder fields = HttpFields.builder();
        headers.forEach((name, values) -> values.forEach(value -> fields.addReceived(name, value)));
        return fields.build();
    }

    static HttpHeaders toHeaders(HttpFields fields) {
        HttpHeaders headers = new HttpHeaders();
        for (int i = 0; i < fields.size(); i++) {
            headers.add(fields.name(i), fields.value(i));
        }
        return headers;
    }

    /** The caller's own headers where the cache added nothing to them. */
    static HttpHeaders toSend(HttpHeaders own, RequestHead asked, RequestHead sent) {
        return sent.equals(asked) ? own : toHeaders(sent.fields());
    }
}
