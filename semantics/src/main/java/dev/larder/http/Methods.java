package dev.larder.http;

/** Properties of request methods. Names are case-sensitive (RFC 9110 section 9.1). */
public final class Methods {

    private Methods() {}

    /**
     * Whether the method is safe (RFC 9110 section 9.2.1, RFC 10008 for QUERY). An unknown one is not: its success
     * invalidates what is stored (RFC 9111 section 4.4).
     */
    public static boolean isSafe(String method) {
        return switch (method) {
            case "GET", "HEAD", "OPTIONS", "TRACE", "QUERY" -> true;
            default -> false;
        };
    }
}
