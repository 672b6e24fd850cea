package dev.larder.conformance;

import java.util.List;

/**
 * What came in.
 *
 * @param target the request target, byte for byte
 * @param fields all field lines in order, those that frame the connection included
 * @param minorVersion of HTTP/1
 */
@SuppressWarnings("ArrayRecordComponent") // Requests are sent on, never compared.
record GatewayRequest(String method, String target, int minorVersion, List<Field> fields, byte[] content) {
    boolean isHead() {
        return method.equals("HEAD");
    }

    /** Whether the peer reads more than one response from this connection. */
    boolean keepsConnection() {
        String connection = Field.first(fields, "Connection", "").toLowerCase(java.util.Locale.ROOT);
        return minorVersion == 0 ? connection.contains("keep-alive") : !connection.contains("close");
    }
}
