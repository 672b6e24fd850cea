package dev.larder.client.apache;

import java.io.IOException;
import org.apache.hc.core5.http.ClassicHttpRequest;
import org.apache.hc.core5.http.ClassicHttpResponse;
import org.apache.hc.core5.http.HttpException;
import org.apache.hc.core5.http.impl.io.HttpRequestExecutor;
import org.apache.hc.core5.http.io.HttpClientConnection;
import org.apache.hc.core5.http.io.HttpResponseInformationCallback;
import org.apache.hc.core5.http.protocol.HttpContext;
import org.jspecify.annotations.Nullable;

/** Tells {@link ReceivedBytes} what a connection receives. */
final class CountingRequestExecutor extends HttpRequestExecutor {
    @Override
    public ClassicHttpResponse execute(
            ClassicHttpRequest request,
            HttpClientConnection connection,
            @Nullable HttpResponseInformationCallback callback,
            HttpContext context)
            throws IOException, HttpException {
        ReceivedBytes.sending(context, connection.getEndpointDetails());
        ClassicHttpResponse response = super.execute(
                request,
                connection,
                (interim, from, within) -> {
                    ReceivedBytes.interim(context, interim);
                    if (callback != null) {
                        callback.execute(interim, from, within);
                    }
                },
                context);
        ReceivedBytes.received(context, response, connection);
        return response;
    }
}
