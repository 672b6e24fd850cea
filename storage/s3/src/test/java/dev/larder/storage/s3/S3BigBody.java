package dev.larder.storage.s3;

import dev.larder.CacheInfo;
import dev.larder.client.jdk.CacheClient;
import dev.larder.testkit.GeneratedBody;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.zip.CRC32;

/** A program with a small heap that sends a big body through a miss and a hit, and says how it went. */
final class S3BigBody {
    private S3BigBody() {}

    /** Arguments: the S3 server, the origin's URI, the number of bytes, and whether to send asynchronously. */
    public static void main(String[] args) throws Exception {
        GeneratedBody body = new GeneratedBody(Long.parseLong(args[2]), 11);
        boolean async = Boolean.parseBoolean(args[3]);
        try (S3Storage storage = S3Storage.builder()
                        .bucket(S3Server.BUCKET)
                        .endpoint(URI.create(args[0]))
                        .pathStyle(true)
                        .keyPrefix("big-" + async + "/")
                        .timeout(Duration.ofSeconds(30))
                        .build();
                CacheClient client = CacheClient.newBuilder()
                        .storage(storage)
                        .version(HttpClient.Version.HTTP_1_1)
                        .build()) {
            HttpRequest request = HttpRequest.newBuilder(URI.create(args[1])).build();
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
        }
    }
}
