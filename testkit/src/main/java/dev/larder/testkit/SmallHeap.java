package dev.larder.testkit;

import dev.larder.CacheInfo;
import dev.larder.HttpCache;
import dev.larder.storage.file.FileStorage;
import java.io.InputStream;
import java.lang.reflect.Constructor;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;

/** A program with a small heap that sends a body larger than that through a miss and a hit, and says how it went. */
final class SmallHeap {
    private static final long MEBIBYTE = 1 << 20;

    private SmallHeap() {}

    /** Runs it for a client, and answers what it says. */
    static String run(Class<? extends ClientContract> contract, Path directory, long mebibytes) throws Exception {
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-XX:MaxDirectMemorySize=32m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        SmallHeap.class.getName(),
                        contract.getName(),
                        directory.toString(),
                        Long.toString(mebibytes * MEBIBYTE))
                .redirectErrorStream(true)
                .start();
        String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!child.waitFor(10, TimeUnit.SECONDS)) {
            child.destroyForcibly();
        }
        return output;
    }

    /** Arguments: the contract's class, a directory, and the number of bytes. */
    public static void main(String[] args) throws Exception {
        Constructor<?> constructor = Class.forName(args[0]).getDeclaredConstructor();
        constructor.setAccessible(true);
        ClientContract contract = (ClientContract) constructor.newInstance();
        GeneratedBody body = new GeneratedBody(Long.parseLong(args[2]), 11);
        HttpCache cache = HttpCache.builder()
                .storage(FileStorage.builder()
                        .directory(Path.of(args[1]))
                        .maxBytes(2 * body.length())
                        .maxEntryBytes(2 * body.length())
                        .build())
                .build();
        ClientSetup setup = ClientSetup.bare(false, SecureOrigin.tls(), SecureOrigin.trust())
                .withCache(cache);
        try (ScriptedOrigin origin = ScriptedOrigin.start();
                TestClient client = contract.open(setup)) {
            origin.on("/a").reply(Reply.ok().body(body).field("Cache-Control", "max-age=86400"));
            for (int i = 0; i < 2; i++) {
                TestResponse response =
                        client.start(TestRequest.of("GET", origin.uri("/a"))).await();
                boolean whole = checksum(response) == body.crc32();
                System.out.println(response.info().map(CacheInfo::status).orElseThrow() + " " + whole);
            }
            System.out.println("requests " + origin.count());
        }
        System.exit(0);
    }

    private static long checksum(TestResponse response) throws Exception {
        CRC32 sum = new CRC32();
        byte[] piece = new byte[16 * 1024];
        try (InputStream stream = response.body()) {
            for (int n = stream.read(piece); n >= 0; n = stream.read(piece)) {
                sum.update(piece, 0, n);
            }
        }
        return sum.getValue();
    }
}
