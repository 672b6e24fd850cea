package dev.larder.bench;

import com.github.mizosoft.methanol.HttpCache;
import dev.larder.storage.file.FileStorage;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Warmup;

/** A fresh response of 1 KiB from files that the operating system has in memory, its body as a {@code byte[]}. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
// Long: a file storage distrusts a directory for two seconds after a change, and files give the compiler less to count.
@Warmup(iterations = 8, time = 1)
@Measurement(iterations = 4, time = 1)
public class FileHit {
    /** A blocking call. */
    @Benchmark
    public byte[] larder(Larder hits) throws Exception {
        return hits.hit();
    }

    /** A blocking call. */
    @Benchmark
    public byte[] methanol(Methanol hits) throws Exception {
        return hits.hit();
    }

    /** A blocking call. */
    @Benchmark
    public byte[] okhttp(OkHttp hits) throws Exception {
        return hits.hit();
    }

    /** The least that files can cost: open, read, close. */
    @Benchmark
    public byte[] rawReadAllBytes(RawReadAllBytes hits) throws Exception {
        return hits.hit();
    }

    /** The same with the API that Larder itself uses, and a length that is known beforehand. */
    @Benchmark
    public byte[] rawFileChannel(RawFileChannel hits) throws Exception {
        return hits.hit();
    }

    /** Larder in files. */
    public static class Larder extends Hits {
        @Override
        Cached open(List<URI> uris) throws IOException {
            return new InDirectory(directory -> new LarderCached(FileStorage.at(directory), uris));
        }
    }

    /** Methanol in files. */
    public static class Methanol extends Hits {
        @Override
        Cached open(List<URI> uris) throws IOException {
            return new InDirectory(directory -> new MethanolCached(
                    HttpCache.newBuilder().cacheOnDisk(directory, 64 << 20).build(), uris));
        }
    }

    /** OkHttp in files. */
    public static class OkHttp extends Hits {
        @Override
        Cached open(List<URI> uris) throws IOException {
            return new InDirectory(directory -> new OkHttpCached(directory, uris));
        }
    }

    /** The bodies alone, read by {@link Files#readAllBytes}. */
    public static class RawReadAllBytes extends Raw {
        @Override
        Cached open(List<URI> uris) throws IOException {
            return new InDirectory(directory -> {
                List<Path> files = write(directory, uris);
                return index -> Files.readAllBytes(files.get(index));
            });
        }
    }

    /** The bodies alone, read by {@link FileChannel}. */
    public static class RawFileChannel extends Raw {
        @Override
        Cached open(List<URI> uris) throws IOException {
            return new InDirectory(directory -> {
                List<Path> files = write(directory, uris);
                return index -> {
                    try (FileChannel in = FileChannel.open(files.get(index), StandardOpenOption.READ)) {
                        byte[] bytes = new byte[Origin.BODY_BYTES];
                        if (in.read(ByteBuffer.wrap(bytes)) != bytes.length) {
                            throw new IOException("cut off");
                        }
                        return bytes;
                    }
                };
            });
        }
    }

    /** Files of the bodies alone. */
    public abstract static class Raw extends Hits {
        @Override
        int requestsToFill() {
            return 0;
        }

        static List<Path> write(Path directory, List<URI> uris) throws IOException {
            for (int i = 0; i < uris.size(); i++) {
                Files.write(
                        directory.resolve("body-" + i), Origin.body(uris.get(i).getPath()));
            }
            return IntStream.range(0, uris.size())
                    .mapToObj(i -> directory.resolve("body-" + i))
                    .toList();
        }
    }
}
