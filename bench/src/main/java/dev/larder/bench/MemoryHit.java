package dev.larder.bench;

import com.github.mizosoft.methanol.HttpCache;
import dev.larder.storage.memory.InMemoryStorage;
import java.net.URI;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Warmup;

/** A fresh response of 1 KiB from memory, its body as a {@code byte[]}. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 4, time = 1)
@Measurement(iterations = 4, time = 1)
public class MemoryHit {
    /** A blocking call. */
    @Benchmark
    public byte[] larder(Larder hits) throws Exception {
        return hits.hit();
    }

    /** A blocking call that looks at a response field, too. */
    @Benchmark
    public byte[] larderAndFields(LarderAndFields hits) throws Exception {
        return hits.hit();
    }

    /** An asynchronous call, waited for. */
    @Benchmark
    public byte[] larderAsync(LarderAsync hits) throws Exception {
        return hits.hit();
    }

    /** A blocking call. */
    @Benchmark
    public byte[] methanol(Methanol hits) throws Exception {
        return hits.hit();
    }

    /** A blocking call. */
    @Benchmark
    public byte[] apache(Apache hits) throws Exception {
        return hits.hit();
    }

    /** The least that memory can cost. */
    @Benchmark
    public byte[] caffeineGetAndCopy(CaffeineMap hits) throws Exception {
        return hits.hit();
    }

    /** Larder in memory. */
    public static class Larder extends Hits {
        @Override
        Cached open(List<URI> uris) {
            return new LarderCached(InMemoryStorage.create(), uris);
        }
    }

    /** Larder in memory, with a look at a field. */
    public static class LarderAndFields extends Hits {
        @Override
        Cached open(List<URI> uris) {
            return new LarderCached.AndFields(InMemoryStorage.create(), uris);
        }
    }

    /** Larder in memory, asynchronously. */
    public static class LarderAsync extends Hits {
        @Override
        Cached open(List<URI> uris) {
            return new LarderCached.Async(InMemoryStorage.create(), uris);
        }
    }

    /** Methanol in memory. */
    public static class Methanol extends Hits {
        @Override
        Cached open(List<URI> uris) {
            return new MethanolCached(
                    HttpCache.newBuilder().cacheOnMemory(64 << 20).build(), uris);
        }
    }

    /** Apache in memory. */
    public static class Apache extends Hits {
        @Override
        Cached open(List<URI> uris) {
            return new ApacheCached(uris);
        }
    }

    /** Caffeine. */
    public static class CaffeineMap extends Hits {
        @Override
        Cached open(List<URI> uris) {
            return new CaffeineCached(uris);
        }

        @Override
        int requestsToFill() {
            return 0;
        }
    }
}
