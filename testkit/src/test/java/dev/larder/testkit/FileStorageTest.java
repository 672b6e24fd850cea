package dev.larder.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.storage.Storage;
import dev.larder.storage.file.FileStorage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;

class FileStorageTest extends StorageContract {
    @TempDir
    Path directory;

    @Override
    protected Storage open(StorageSetup setup) throws IOException {
        FileStorage.Builder builder = FileStorage.builder()
                .directory(directory)
                .serializer(serializer())
                .clock(setup.clock());
        setup.ttl().ifPresent(builder::ttl);
        setup.slidingTtl().ifPresent(builder::slidingTtl);
        setup.maxEntries().ifPresent(builder::maxEntries);
        setup.maxBytes().ifPresent(builder::maxBytes);
        setup.maxEntryBytes().ifPresent(builder::maxEntryBytes);
        setup.maxVariants().ifPresent(builder::maxVariants);
        return builder.open();
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
    protected void closed() throws IOException {
        Path temporary = directory.resolve("tmp");
        if (Files.exists(temporary)) {
            try (Stream<Path> files = Files.list(temporary)) {
                assertThat(files).isEmpty();
            }
        }
    }
}
