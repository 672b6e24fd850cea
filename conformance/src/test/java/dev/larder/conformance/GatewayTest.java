package dev.larder.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** That the gateway forwards what it is given, byte for byte where that can be told, and adds nothing. */
class GatewayTest {
    @ParameterizedTest
    @ValueSource(ints = {200, 299, 404, 499, 599, 999})
    void forwardsAnyStatusAndAddsNoField(int status) throws Exception {
        Exchange exchange =
                exchange("GET /a?b=%41 HTTP/1.1", "HTTP/1.1 " + status + " x\r\nContent-Length: 2\r\n\r\nhi");

        assertThat(exchange.answered())
                .isEqualToIgnoringCase(
                        "HTTP/1.1 " + status + " \r\ncontent-length: 2\r\n" + "Connection: close\r\n\r\nhi");
        assertThat(exchange.received()).startsWith("GET /a?b=%41 HTTP/1.1\r\n");
    }

    @Test
    void forwardsUnknownMethodsAndRepeatedFields() throws Exception {
        Exchange exchange = exchange(
                "M-SEARCH / HTTP/1.1\r\nX-A: 1\r\nX-A: 2",
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nB: 1\r\nB: 2\r\n\r\n");

        assertThat(exchange.received()).startsWith("M-SEARCH / HTTP/1.1\r\n").contains("X-A: 1\r\nX-A: 2\r\n");
        assertThat(exchange.answered()).containsIgnoringCase("b: 1\r\nb: 2\r\n");
    }

    @Test
    void keepsTheCallersHost() throws Exception {
        Exchange exchange =
                exchange("GET / HTTP/1.1\r\nHost: example.com", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");

        assertThat(exchange.received()).contains("Host: example.com\r\n");
    }

    @Test
    void sendsNoContentLengthWithA304() throws Exception {
        Exchange exchange = exchange(
                "GET / HTTP/1.1\r\nIf-None-Match: \"a\"", "HTTP/1.1 304 x\r\nETag: \"a\"\r\nContent-Length: 5\r\n\r\n");

        assertThat(exchange.answered())
                .isEqualToIgnoringCase("HTTP/1.1 304 \r\netag: \"a\"\r\nConnection: close\r\n\r\n");
    }

    @Test
    void sendsNoContentToAHead() throws Exception {
        Exchange exchange = exchange("HEAD / HTTP/1.1", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");

        assertThat(exchange.answered())
                .isEqualToIgnoringCase("HTTP/1.1 200 \r\ncontent-length: 5\r\nConnection: close\r\n\r\n");
    }

    @Test
    void answersAClosedConnectionWith502AndAsksOnce() throws Exception {
        Exchange exchange = exchange("GET / HTTP/1.1", "");

        assertThat(exchange.answered()).startsWith("HTTP/1.1 502 ");
    }

    private record Exchange(String received, String answered) {}

    /** Sends one request, to which the origin gives one answer and then closes. */
    private static Exchange exchange(String request, String answer) throws Exception {
        InetAddress here = InetAddress.getLoopbackAddress();
        try (ServerSocket origin = new ServerSocket(0, 1, here)) {
            CompletableFuture<String> received = CompletableFuture.supplyAsync(() -> answerOnce(origin, answer));
            Options options = Options.parse(
                    "--listen", here.getHostAddress() + ":0", "--origin", "http://localhost:" + origin.getLocalPort());
            try (Gateway gateway = Gateway.open(options, message -> {});
                    Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(here, gateway.address().getPort()));
                socket.setSoTimeout(10_000);
                socket.getOutputStream()
                        .write((request + "\r\nConnection: close\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
                String answered = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
                return new Exchange(received.get(), answered);
            }
        }
    }

    private static String answerOnce(ServerSocket origin, String answer) {
        try (Socket socket = origin.accept()) {
            InputStream in = socket.getInputStream();
            StringBuilder head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) {
                head.append((char) in.read());
            }
            // A repeated request would find nobody to take it.
            origin.close();
            socket.getOutputStream().write(answer.getBytes(StandardCharsets.ISO_8859_1));
            return head.toString();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
