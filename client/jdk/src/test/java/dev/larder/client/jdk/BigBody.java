package dev.larder.client.jdk;

import dev.larder.CacheInfo;
import dev.larder.storage.file.FileStorage;
import dev.larder.testkit.GeneratedBody;
import dev.larder.testkit.Reply;
import dev.larder.testkit.ScriptedOrigin;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.zip.CRC32;

/** A program with a small heap that sends a big body through a miss and a hit, and says how it went. */
final class BigBody {
    private BigBody() {}

    /** Arguments: the directory, the number of bytes, and whether to send asynchronously. */
    public static void main(String[] args) throws Exception {
        GeneratedBody body = new GeneratedBody(Long.parseLong(args[1]), 11);
        boolean async = Boolean.parseBoolean(args[2]);
        try (ScriptedOrigin origin = ScriptedOrigin.start();
                CacheClient client = CacheClient.newBuilder()
                        .storage(FileStorage.builder()
                                .directory(Path.of(args[0]))
                                .maxBytes(2 * body.length())
                                .maxEntryBytes(2 * body.length())
                                .open())
                        .version(HttpClient.Version.HTTP_1_1)
                        .build()) {
            origin.on("/a").reply(Reply.ok().body(body).field("Cache-Control", "max-age=86400"));
            HttpRequest request = HttpRequest.newBuilder(origin.uri("/a")).build();
            for (int i = 0; i < 2; i++) {
                long start = System.nanoTime();
                CRC32 sum = new CRC32();
                HttpResponse.BodyHandler<Void> handler =
                        BodyHandlers.ofByteArrayConsumer(piece -> piece.ifPresent(sum::update));
                HttpResponse<Void> response =
                        async ? client.sendAsync(request, handler).join() : client.send(request, handler);
                long millis = (System.nanoTime() - start) / 1_000_000;
                System.out.println(CacheInfo.of(response).status() + " " + (sum.getValue() == body.crc32()) + " in "
                        + millis + " ms");
            }
            System.out.println("requests " + origin.count());
        }
    }
}
