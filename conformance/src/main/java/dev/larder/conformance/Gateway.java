package dev.larder.conformance;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * Puts a client with a Larder cache behind a socket, for suites that drive a cache over HTTP. It forwards what it is
 * given and adds nothing: no Date, no Server, no Via. Not the product's proxy, and not meant to meet the Internet.
 */
public final class Gateway implements AutoCloseable {
    private final ServerSocket server;
    private final ClientUnderTest client;
    private final Consumer<String> log;
    private final AtomicLong connections = new AtomicLong();

    private Gateway(ServerSocket server, ClientUnderTest client, Consumer<String> log) {
        this.server = server;
        this.client = client;
        this.log = log;
    }

    /** Starts to listen. */
    static Gateway open(Options options, Consumer<String> log) throws IOException {
        JdkClient.configure();
        ClientUnderTest client = options.openClient(new LoggingListener(log));
        ServerSocket server = new ServerSocket();
        try {
            // The suite opens a hundred connections at once.
            server.bind(options.listen(), 1024);
        } catch (IOException e) {
            server.close();
            client.close();
            throw e;
        }
        Gateway gateway = new Gateway(server, client, log);
        Thread acceptor = new Thread(gateway::accept, "gateway");
        acceptor.start();
        return gateway;
    }

    InetSocketAddress address() {
        return (InetSocketAddress) server.getLocalSocketAddress();
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                // Closed by the connection's own thread.
                Socket socket = server.accept();
                Thread thread = new Thread(
                        new GatewayConnection(socket, client, log), "connection-" + connections.incrementAndGet());
                thread.setDaemon(true);
                thread.start();
            } catch (IOException e) {
                if (!server.isClosed()) {
                    log.accept("cannot accept a connection: " + e);
                }
            }
        }
    }

    @Override
    public void close() {
        try (client) {
            server.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs until it is stopped. */
    public static void main(String[] args) {
        try {
            Options options = Options.parse(args);
            Consumer<String> log = options.log() ? System.err::println : message -> {};
            Gateway gateway = open(options, log);
            Runtime.getRuntime().addShutdownHook(new Thread(gateway::close, "closing"));
            System.out.println("listening on http://" + options.listen().getHostString() + ":"
                    + gateway.address().getPort());
        } catch (IllegalArgumentException e) {
            System.err.println("gateway: " + e.getMessage());
            System.err.println(Options.USAGE);
            System.exit(2);
        } catch (IOException e) {
            System.err.println("gateway: " + e.getMessage());
            System.exit(1);
        }
    }
}
