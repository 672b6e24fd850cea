package dev.larder.storage.redis;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** Speaks as much of the protocol of Redis as it takes to shake hands, and answers all else with an error. */
final class RefusingServer implements AutoCloseable {
    private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final AtomicInteger refused = new AtomicInteger();
    private final String error;
    private final CountDownLatch silence;

    RefusingServer(String error) throws IOException {
        this(error, new CountDownLatch(0));
    }

    /** @param silence no answer before it is over */
    RefusingServer(String error, CountDownLatch silence) throws IOException {
        this.error = error;
        this.silence = silence;
        daemon(() -> {
            while (true) {
                Socket socket = server.accept();
                sockets.add(socket);
                daemon(() -> serve(socket));
            }
        });
    }

    private interface Task {
        void run() throws IOException;
    }

    private static void daemon(Task task) {
        Thread thread = new Thread(() -> {
            try {
                task.run();
            } catch (IOException e) {
                // closed
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    int port() {
        return server.getLocalPort();
    }

    /** How many connections there have been. */
    int connections() {
        return sockets.size();
    }

    int refused() {
        return refused.get();
    }

    private void serve(Socket socket) throws IOException {
        BufferedReader in =
                new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
        OutputStream out = socket.getOutputStream();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            int count = Integer.parseInt(line.substring(1));
            String command = "";
            for (int i = 0; i < count; i++) {
                char[] text = new char[Integer.parseInt(in.readLine().substring(1)) + 2];
                for (int at = 0; at < text.length; ) {
                    at += in.read(text, at, text.length - at);
                }
                if (i == 0) {
                    command = new String(text, 0, text.length - 2).toUpperCase(Locale.ROOT);
                }
            }
            String answer = "-" + error + "\r\n";
            if (command.equals("CLIENT")) {
                answer = "-ERR unknown subcommand\r\n";
            } else if (command.equals("PING")) {
                answer = "+PONG\r\n";
            } else {
                refused.incrementAndGet();
            }
            try {
                silence.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            out.write(answer.getBytes(StandardCharsets.ISO_8859_1));
            out.flush();
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
