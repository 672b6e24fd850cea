package dev.larder.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Method;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Every benchmark runs once, in this process: its cache fills, it hits, and the origin hears nothing of it. */
class BenchmarksTest {
    @Test
    void everyBenchmarkMeasuresAHit() throws Exception {
        // The lock keeps measurements apart; nothing is measured here.
        System.setProperty("jmh.ignoreLock", "true");
        List<String> benchmarks = Stream.of(MemoryHit.class, FileHit.class)
                .flatMap(type -> Stream.of(type.getDeclaredMethods())
                        .filter(method -> method.isAnnotationPresent(Benchmark.class))
                        .map(Method::getName)
                        .map(name -> type.getName() + "." + name))
                .toList();

        Collection<RunResult> results = new Runner(new OptionsBuilder()
                        .include("dev\\.larder\\.bench\\..*")
                        .param("urls", "2")
                        .mode(Mode.SingleShotTime)
                        .forks(0)
                        .warmupIterations(0)
                        .measurementIterations(1)
                        .addProfiler(CpuTime.class)
                        .verbosity(VerboseMode.SILENT)
                        .shouldFailOnError(true)
                        .build())
                .run();

        assertThat(results)
                .extracting(result -> result.getParams().getBenchmark())
                .containsExactlyInAnyOrderElementsOf(benchmarks);
    }
}
