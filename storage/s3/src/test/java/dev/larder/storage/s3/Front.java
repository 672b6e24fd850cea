package dev.larder.storage.s3;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * Stands in front of an S3 server: counts what passes, and fails as it is told. Each connection of a client has one of its
 * own to the server, to which requests go byte by byte as they came, since they are signed.
 */
final class Front implements AutoCloseable {
    /** What happens to a request. */
    enum Fault {
        NONE,
        /** 503, as S3 tells clients to slow down. */
        SLOW_DOWN,
        INTERNAL_ERROR,
        RESET,
        /** No answer, until {@link Front#close}. */
        HANG,
        /** The answer's body has a wrong byte. */
        FLIP,
        /** The answer ends in the middle. */
        CUT
    }

    /** A request that came. */
    record Request(String method, String target) {
        boolean isList() {
            return target.contains("list-type=");
        }

        @Override
        public String toString() {
            return method + " " + target;
        }
    }

    private static final Pattern EXPECTS = Pattern.compile("(?i)\r\nexpect: 100-continue");

    private final ServerSocket listener = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
    private final int upstream;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    final List<Request> requests = new CopyOnWriteArrayList<>();
    volatile Function<Request, Fault> script = request -> Fault.NONE;

    Front(int upstream) throws IOException {
        this.upstream = upstream;
        start(() -> {
            while (true) {
                Socket client = listener.accept();
                sockets.add(client);
                start(() -> serve(client));
            }
        });
    }

    private interface Task {
        void run() throws IOException;
    }

    private static void start(Task task) {
        Thread thread = new Thread(() -> {
            try {
                task.run();
            } catch (IOException e) {
                // One side is gone.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    URI endpoint() {
        return URI.create("http://127.0.0.1:" + listener.getLocalPort());
    }

    private void serve(Socket client) throws IOException {
        try (client;
                Socket server = new Socket(InetAddress.getLoopbackAddress(), upstream)) {
            sockets.add(server);
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            InputStream fromClient = new BufferedInputStream(client.getInputStream());
            InputStream fromServer = new BufferedInputStream(server.getInputStream());
            while (true) {
                String head = head(fromClient);
                String[] line = head.substring(0, head.indexOf('\r')).split(" ");
                Request request = new Request(line[0], line[1]);
                requests.add(request);
                if (EXPECTS.matcher(head).find()) {
                    client.getOutputStream()
                            .write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
                }
                byte[] body = fromClient.readNBytes((int) length(head));
                switch (script.apply(request)) {
                    case SLOW_DOWN -> answer(client, "503 Slow Down", "SlowDown");
                    case INTERNAL_ERROR -> answer(client, "500 Internal Server Error", "InternalError");
                    case RESET -> {
                        client.setSoLinger(true, 0);
                        return;
                    }
                    case HANG -> fromClient.read();
                    case FLIP -> {
                        forward(server, head, body);
                        relay(fromServer, client.getOutputStream(), request, true, false);
                    }
                    case CUT -> {
                        forward(server, head, body);
                        relay(fromServer, client.getOutputStream(), request, false, true);
                        return;
                    }
                    case NONE -> {
                        forward(server, head, body);
                        relay(fromServer, client.getOutputStream(), request, false, false);
                    }
                }
            }
        }
    }

    private static void forward(Socket server, String head, byte[] body) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        // The client has its interim answer, and the body has been read.
        out.write(EXPECTS.matcher(head).replaceFirst("").getBytes(StandardCharsets.ISO_8859_1));
        out.write(body);
        server.getOutputStream().write(out.toByteArray());
    }

    private static void relay(InputStream from, OutputStream to, Request request, boolean flip, boolean cut)
            throws IOException {
        String head = head(from);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(head.getBytes(StandardCharsets.ISO_8859_1));
        boolean bodiless = request.method.equals("HEAD") || head.startsWith("HTTP/1.1 204");
        if (!bodiless && head.toLowerCase(Locale.ROOT).contains("\r\ntransfer-encoding: chunked")) {
            boolean last = false;
            while (!last) {
                String size = line(from);
                int length = Integer.parseInt(size.trim(), 16);
                out.write(size.getBytes(StandardCharsets.ISO_8859_1));
                out.write(from.readNBytes(length + 2));
                last = length == 0;
            }
        } else if (!bodiless) {
            byte[] body = from.readNBytes((int) length(head));
            if (flip && body.length > 0) {
                body[body.length / 2] ^= 0x10;
            }
            out.write(body, 0, cut ? body.length / 2 : body.length);
        }
        to.write(out.toByteArray());
        to.flush();
    }

    private static void answer(Socket client, String status, String code) throws IOException {
        String body = "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>scripted</Message></Error>";
        client.getOutputStream()
                .write(("HTTP/1.1 " + status + "\r\nContent-Type: application/xml\r\nContent-Length: " + body.length()
                                + "\r\n\r\n" + body)
                        .getBytes(StandardCharsets.ISO_8859_1));
    }

    private static long length(String head) {
        for (String line : head.split("\r\n")) {
            if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
                return Long.parseLong(line.substring(15).trim());
            }
        }
        return 0;
    }

    private static String head(InputStream in) throws IOException {
        StringBuilder head = new StringBuilder();
        String line;
        do {
            line = line(in);
            head.append(line);
        } while (line.length() > 2);
        return head.toString();
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        int c;
        do {
            c = in.read();
            if (c < 0) {
                throw new EOFException();
            }
            line.append((char) c);
        } while (c != '\n');
        return line.toString();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
