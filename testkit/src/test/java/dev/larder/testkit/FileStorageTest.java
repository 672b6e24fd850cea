package dev.larder.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.Serializer;
import dev.larder.storage.Storage;
import dev.larder.storage.file.FileStorage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;

class FileStorageTest extends StorageContract {
    @TempDir
    Path directory;

    @Override
    protected Storage open(StorageSetup setup) throws IOException {
        return openWith(setup, serializer());
    }

    @Override
    protected Storage openWith(StorageSetup setup, Serializer serializer) throws IOException {
        return open(setup, serializer, directory.resolve("own"));
    }

    @Override
    protected Storage openBeside(StorageSetup setup) throws IOException {
        return open(setup, serializer(), directory.resolve("beside"));
    }

    private static Storage open(StorageSetup setup, Serializer serializer, Path directory) throws IOException {
        FileStorage.Builder builder = FileStorage.builder()
                .directory(directory)
                .serializer(serializer)
                .clock(setup.clock());
        setup.ttl().ifPresent(builder::ttl);
        setup.slidingTtl().ifPresent(builder::slidingTtl);
        setup.maxEntries().ifPresent(builder::maxEntries);
        setup.maxBytes().ifPresent(builder::maxBytes);
        setup.maxEntryBytes().ifPresent(builder::maxEntryBytes);
        setup.maxVariants().ifPresent(builder::maxVariants);
        return builder.build();
    }

    @Override
    protected boolean persistent() {
        return true;
    }

    @Override
    protected boolean evictsExactly() {
        return false; // a tenth of the capacity at once
    }

    @Override
    protected boolean damageBody(StoredResponse head) throws IOException {
        try (Stream<Path> files = Files.walk(directory.resolve("own").resolve("entries"))) {
            Path file = files.filter(path -> path.getFileName().toString().contains(head.id()))
                    .findFirst()
                    .orElseThrow();
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                ByteBuffer one = ByteBuffer.allocate(1);
                long place = channel.size() - 50_000;
                channel.read(one, place);
                one.put(0, (byte) ~one.get(0)).flip();
                channel.write(one, place);
            }
        }
        return true;
    }

    @Override
    protected void closed() throws IOException {
        Path temporary = directory.resolve("own").resolve("tmp");
        if (Files.exists(temporary)) {
            try (Stream<Path> files = Files.list(temporary)) {
                assertThat(files).isEmpty();
            }
        }
    }
}
