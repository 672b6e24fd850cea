package dev.larder.http;

/**
 * A request without its content.
 *
 * @param method case-sensitive, as it is sent
 * @param uri the target URI
 * @param fields the header fields
 */
public record RequestHead(String method, TargetUri uri, HttpFields fields) {

    /** The same request with other fields. */
    public RequestHead withFields(HttpFields newFields) {
        return new RequestHead(method, uri, newFields);
    }

    /** Whether the method is safe: see {@link Methods#isSafe}. */
    public boolean isSafe() {
        return Methods.isSafe(method);
    }
}
