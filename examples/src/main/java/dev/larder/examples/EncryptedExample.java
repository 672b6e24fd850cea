package dev.larder.examples;

import dev.larder.CacheInfo;
import dev.larder.client.jdk.CacheClient;
import dev.larder.storage.Storage;
import dev.larder.storage.file.FileStorage;
import dev.larder.storage.transform.KeyRing;
import dev.larder.storage.transform.TransformedStorage;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Files that tell neither what was fetched nor from where. */
public final class EncryptedExample {
    private EncryptedExample() {}

    /** Runs it. */
    public static void main(String... args) throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("larder-example");
        byte[] key = KeyRing.newKey(); // a real one comes from where secrets are kept
        try (Origin origin = Origin.start()) {
            HttpRequest request =
                    HttpRequest.newBuilder(origin.uri("/account/42")).build();
            show("plain", FileStorage.at(directory.resolve("plain")), request, directory.resolve("plain"));
            show(
                    "encrypted",
                    TransformedStorage.over(FileStorage.at(directory.resolve("encrypted")))
                            .encrypt(KeyRing.of("2026-11", key))
                            .build(),
                    request,
                    directory.resolve("encrypted"));
        } finally {
            Temporary.delete(directory);
        }
    }

    private static void show(String name, Storage storage, HttpRequest request, Path directory)
            throws IOException, InterruptedException {
        try (storage;
                CacheClient client = CacheClient.newBuilder().storage(storage).build()) {
            client.send(request, BodyHandlers.discarding());
            HttpResponse<String> again = client.send(request, BodyHandlers.ofString());
            System.out.println(name + ": " + CacheInfo.of(again).status() + ", the URL can be read in a file: "
                    + isReadable("/account/42", directory));
        }
    }

    private static boolean isReadable(String text, Path directory) throws IOException {
        for (Path path : Temporary.contents(directory)) {
            if (Files.isRegularFile(path)
                    && new String(Files.readAllBytes(path), StandardCharsets.ISO_8859_1).contains(text)) {
                return true;
            }
        }
        return false;
    }
}
