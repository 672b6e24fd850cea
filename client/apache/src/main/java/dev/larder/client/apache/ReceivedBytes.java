package dev.larder.client.apache;

import java.io.IOException;
import java.util.Iterator;
import org.apache.hc.core5.http.EndpointDetails;
import org.apache.hc.core5.http.EntityDetails;
import org.apache.hc.core5.http.FormattedHeader;
import org.apache.hc.core5.http.Header;
import org.apache.hc.core5.http.HttpMessage;
import org.apache.hc.core5.http.HttpResponse;
import org.apache.hc.core5.http.HttpVersion;
import org.apache.hc.core5.http.io.HttpClientConnection;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.apache.hc.core5.http.protocol.HttpCoreContext;
import org.jspecify.annotations.Nullable;

/**
 * Whether the head of a response came as a whole. HttpCore takes the end of a connection inside a head for the head's end,
 * and what it makes of it looks like a complete response: without the {@code Content-Length} that was to come, its body is
 * empty. But then fewer bytes have come than a whole head has.
 */
final class ReceivedBytes {
    private static final String BEFORE = "larder.received";
    private static final String CUT = "larder.cut";

    private ReceivedBytes() {}

    /** A request interceptor: remembers what the connection had received before. */
    static void sending(HttpMessage request, @Nullable EntityDetails entity, HttpContext context) {
        sending(context, HttpCoreContext.cast(context).getEndpointDetails());
    }

    static void sending(HttpContext context, @Nullable EndpointDetails connection) {
        context.removeAttribute(CUT);
        context.setAttribute(BEFORE, connection == null ? null : connection.getReceivedBytesCount());
    }

    /** An interim response has taken its share. */
    static void interim(HttpContext context, HttpResponse response) {
        if (context.getAttribute(BEFORE) instanceof Long before) {
            context.setAttribute(BEFORE, before + size(response, true));
        }
    }

    /** The classic client has received a head. Its headers do not tell how they were spaced, so that a few bytes prove nothing. */
    static void received(HttpContext context, HttpResponse response, HttpClientConnection connection)
            throws IOException {
        if (context.removeAttribute(BEFORE) instanceof Long before
                && connection.getEndpointDetails().getReceivedBytesCount() - before < size(response, true)
                && connection.isStale()) {
            context.setAttribute(CUT, true);
        }
    }

    /** Whether a response of HTTP/1 broke off in its head; asked as long as no other request uses the connection. */
    static boolean cutInHead(HttpCoreContext context, HttpResponse response) {
        EndpointDetails connection = context.getEndpointDetails();
        Object before = context.removeAttribute(BEFORE);
        boolean http1 = response.getVersion() == null || response.getVersion().lessEquals(HttpVersion.HTTP_1_1);
        boolean tooShort = http1
                && connection != null
                && before instanceof Long bytes
                && connection.getReceivedBytesCount() - bytes < size(response, false);
        return context.removeAttribute(CUT) != null || tooShort;
    }

    /**
     * How many bytes the head took at least.
     *
     * @param all whether all of its headers were received, or some may have been added since
     */
    private static long size(HttpResponse response, boolean all) {
        String reason = response.getReasonPhrase();
        long size = "HTTP/1.1 200\r\n\r\n".length();
        size += reason == null || reason.isEmpty() ? 0 : 1 + reason.length();
        for (Iterator<Header> headers = response.headerIterator(); headers.hasNext(); ) {
            Header header = headers.next();
            if (header instanceof FormattedHeader line) {
                size += line.getBuffer().length() + 2;
            } else if (all) {
                size += header.toString().length() + 2;
            }
        }
        return size;
    }
}
