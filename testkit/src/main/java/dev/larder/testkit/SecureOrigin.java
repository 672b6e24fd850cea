package dev.larder.testkit;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Level;
import java.util.logging.Logger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.X509TrustManager;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockResponseBody;
import mockwebserver3.MockWebServer;
import mockwebserver3.SocketEffect;
import okhttp3.Headers;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import okio.BufferedSink;

/**
 * Another door to a {@link ScriptedOrigin}: TLS, with HTTP/2 where the client offers it and HTTP/1.1 where not. The
 * scripts and the records are the same.
 *
 * <p>Differences: {@linkplain Reply#raw raw} replies are for HTTP/1.1 alone, interim responses are left out, and {@link Reply#cutAfter} resets the stream
 * before the head if it says zero, and in the middle of the body else.
 */
final class SecureOrigin implements AutoCloseable {
    /** Held, so that its level stays. */
    private static final Logger NOISY = Logger.getLogger("okhttp3.OkHttpClient");

    private static final int BLOCK = 16 * 1024;

    static {
        // It tells of every stream that a test breaks off.
        NOISY.setLevel(Level.WARNING);
    }

    /** INTERNAL_ERROR (RFC 9113 7). */
    private static final int ERROR = 2;

    private static final HeldCertificate CERTIFICATE =
            new HeldCertificate.Builder().addSubjectAlternativeName("localhost").build();
    private static final HandshakeCertificates SERVER =
            new HandshakeCertificates.Builder().heldCertificate(CERTIFICATE).build();
    private static final HandshakeCertificates TRUSTING = new HandshakeCertificates.Builder()
            .addTrustedCertificate(CERTIFICATE.certificate())
            .build();

    private final ScriptedOrigin origin;
    private final MockWebServer server = new MockWebServer();

    private SecureOrigin(ScriptedOrigin origin) {
        this.origin = origin;
    }

    static SecureOrigin of(ScriptedOrigin origin) {
        SecureOrigin door = new SecureOrigin(origin);
        door.server.useHttps(SERVER.sslSocketFactory());
        door.server.setDispatcher(new Dispatcher() {
            @Override
            public MockResponse dispatch(mockwebserver3.RecordedRequest request) throws InterruptedException {
                return door.answer(request);
            }
        });
        try {
            door.server.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return door;
    }

    static SSLContext tls() {
        return TRUSTING.sslContext();
    }

    static X509TrustManager trust() {
        return TRUSTING.trustManager();
    }

    URI uri(String pathAndQuery) {
        return URI.create("https://localhost:" + server.getPort() + pathAndQuery);
    }

    @Override
    public void close() {
        server.close();
    }

    private MockResponse answer(mockwebserver3.RecordedRequest received) throws InterruptedException {
        List<Map.Entry<String, String>> fields = new ArrayList<>();
        Headers headers = received.getHeaders();
        for (int i = 0; i < headers.size(); i++) {
            fields.add(Map.entry(headers.name(i), headers.value(i)));
        }
        byte[] content =
                received.getBody() == null ? new byte[0] : received.getBody().toByteArray();
        RecordedRequest request = new RecordedRequest(
                received.getConnectionIndex(),
                received.getMethod(),
                received.getTarget(),
                received.getVersion(),
                fields,
                content);
        Reply.Plan plan = origin.answer(request).planFor(request);
        if (plan.raw != null) {
            throw new IllegalStateException("a raw reply over HTTP/2");
        }
        if (plan.hold != null) {
            plan.hold.await();
        }
        if (plan.cutAfter == 0) {
            if (request.version().startsWith("HTTP/1")) {
                return new MockResponse.Builder()
                        .onResponseStart(new SocketEffect.CloseSocket())
                        .build();
            }
            // The server resets the stream of what it cannot answer.
            SecureOrigin.<RuntimeException>fail(new IOException("no reply"));
        }
        return response(plan, request.method().equals("HEAD"), request.version().startsWith("HTTP/1"));
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"}) // The dispatcher may fail, but cannot say so.
    private static <E extends Throwable> void fail(IOException failure) throws E {
        throw (E) failure;
    }

    private MockResponse response(Reply.Plan plan, boolean toHead, boolean http1) {
        MockResponse.Builder response = new MockResponse.Builder().code(plan.status);
        boolean hasContent = plan.status >= 200 && plan.status != 204 && plan.status != 304;
        long length = plan.generated == null ? plan.body.length : plan.generated.length();
        boolean measured = plan.framing == Reply.Framing.LENGTH;
        if (hasContent && !toHead) {
            response.body(new Body(plan, length, http1 && !measured));
        }
        response.clearHeaders();
        for (Map.Entry<String, String> field : plan.fields) {
            response.addHeaderLenient(field.getKey(), field.getValue());
        }
        Instant now = origin.now();
        if (now != null && plan.first("Date") == null) {
            response.addHeader("Date", Reply.httpDate(now));
        }
        if (plan.announced >= 0) {
            response.addHeader("Content-Length", plan.announced);
        } else if (hasContent && measured && plan.first("Content-Length") == null) {
            response.addHeader("Content-Length", length);
        } else if (hasContent && !measured && http1) {
            response.addHeader("Transfer-Encoding", "chunked");
        }
        if (hasContent && !toHead && !plan.trailers.isEmpty()) {
            Headers.Builder trailers = new Headers.Builder();
            plan.trailers.forEach(trailer -> trailers.add(trailer.getKey(), trailer.getValue()));
            response.trailers(trailers.build());
        }
        if (plan.cutAfter < Long.MAX_VALUE) {
            response.onResponseBody(http1 ? new SocketEffect.CloseSocket() : new SocketEffect.CloseStream(ERROR));
        }
        if (http1 && plan.announced > length) {
            response.onResponseEnd(new SocketEffect.CloseSocket());
        }
        return response.build();
    }

    /** Sends the content up to each gate in turn. */
    private record Body(Reply.Plan plan, long length, boolean chunked) implements MockResponseBody {
        @Override
        public long getContentLength() {
            return chunked ? -1 : length;
        }

        @Override
        public void writeTo(BufferedSink sink) throws IOException {
            long position = 0;
            for (Reply.Gate gate : plan.gates) {
                write(sink, position, Math.min(gate.offset(), length));
                position = Math.max(position, Math.min(gate.offset(), length));
                sink.flush();
                await(gate.latch());
            }
            write(sink, position, length);
            if (chunked) {
                sink.writeUtf8("0\r\n");
                if (plan.trailers.isEmpty()) {
                    sink.writeUtf8("\r\n");
                }
            }
        }

        private void write(BufferedSink sink, long from, long to) throws IOException {
            byte[] block = new byte[BLOCK];
            for (long position = from; position < to; ) {
                int count = (int) Math.min(BLOCK, to - position);
                if (plan.generated == null) {
                    System.arraycopy(plan.body, (int) position, block, 0, count);
                } else {
                    plan.generated.copy(position, block, 0, count);
                }
                if (chunked) {
                    sink.writeUtf8(Integer.toHexString(count) + "\r\n");
                }
                sink.write(block, 0, count);
                if (chunked) {
                    sink.writeUtf8("\r\n");
                }
                position += count;
            }
        }

        private static void await(CountDownLatch latch) throws IOException {
            try {
                latch.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("the origin is being closed");
            }
        }
    }
}
