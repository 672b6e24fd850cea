package dev.larder.client.spring;

import dev.larder.http.HttpFields;
import dev.larder.http.RequestHead;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMessage;

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

    /** What the caller is to see: the origin's own headers, if it was asked and the cache changed nothing. */
    static HttpHeaders answered(HttpFields fields, @Nullable HttpMessage fromOrigin) {
        return fromOrigin != null && fields.equals(of(fromOrigin.getHeaders()))
                ? fromOrigin.getHeaders()
                : HttpHeaders.readOnlyHttpHeaders(toHeaders(fields));
    }

    /** The caller's own headers where the cache added nothing to them. */
    static HttpHeaders toSend(HttpHeaders own, RequestHead asked, RequestHead sent) {
        return sent.equals(asked) ? own : toHeaders(sent.fields());
    }
}
