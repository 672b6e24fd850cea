package dev.larder.conformance;

import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * What came in.
 *
 * @param target the request target, byte for byte
 * @param fields all field lines in order, those that frame the connection included
 * @param minorVersion of HTTP/1
 */
@SuppressWarnings("ArrayRecordComponent") // Requests are sent on, never compared.
record GatewayRequest(String method, String target, int minorVersion, List<Field> fields, byte[] content) {
    private static final Set<String> FRAMING =
            Set.of("connection", "content-length", "expect", "keep-alive", "proxy-connection", "transfer-encoding");

    boolean isHead() {
        return method.equals("HEAD");
    }

    /** The fields to send on: all but those that frame the gateway's own connection, or that a client writes itself. */
    List<Field> forwardedFields() {
        return fields.stream()
                .filter(field -> !FRAMING.contains(field.name().toLowerCase(Locale.ROOT)))
                .toList();
    }

    /** The same for clients that take another host than that of the URI for another target. */
    List<Field> fieldsWithoutHost() {
        return forwardedFields().stream()
                .filter(field -> !field.name().equalsIgnoreCase("Host"))
                .toList();
    }

    /** Whether the peer reads more than one response from this connection. */
    boolean keepsConnection() {
        String connection = Field.first(fields, "Connection", "").toLowerCase(Locale.ROOT);
        return minorVersion == 0 ? connection.contains("keep-alive") : !connection.contains("close");
    }
}
