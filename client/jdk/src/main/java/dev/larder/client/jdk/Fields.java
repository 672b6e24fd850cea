package dev.larder.client.jdk;

import dev.larder.http.HttpFields;
import java.net.http.HttpHeaders;
import java.util.List;
import java.util.Map;

/** Between the JDK's headers and Larder's fields. */
final class Fields {
    private Fields() {}

    static HttpFields of(HttpHeaders headers) {
        Map<String, List<String>> map = headers.map();
        if (map.isEmpty()) {
            return HttpFields.EMPTY;
        }
        HttpFields.Builder fields = HttpFields.builder();
        for (Map.Entry<String, List<String>> field : map.entrySet()) {
            // The pseudo-fields of HTTP/2, such as :status, are no fields.
            if (!field.getKey().startsWith(":")) {
                for (String value : field.getValue()) {
                    fields.addReceived(field.getKey(), value);
                }
            }
        }
        return fields.build();
    }

    static HttpHeaders toHeaders(HttpFields fields) {
        return HttpHeaders.of(fields.toMap(), (name, value) -> true);
    }
}
