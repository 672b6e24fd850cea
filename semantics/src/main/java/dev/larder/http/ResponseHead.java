package dev.larder.http;

/**
 * A response without its content.
 *
 * @param status the status code, as received: not checked, so that no odd answer fails a request
 * @param fields the header fields
 */
public record ResponseHead(int status, HttpFields fields) {

    /** The same response with other fields. */
    public ResponseHead withFields(HttpFields newFields) {
        return new ResponseHead(status, newFields);
    }
}
