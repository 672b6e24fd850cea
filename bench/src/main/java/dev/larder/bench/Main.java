package dev.larder.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/** Runs the benchmarks and prints each beside its peers. */
public final class Main {
    private static final String ROW = "%-24s %10s %10s %10s %14s %14s%n";

    private Main() {}

    /**
     * Runs the benchmarks.
     *
     * @param args options of JMH, which go before this program's own choices; {@code --quick} before them for fewer and
     *     shorter measurements
     */
    public static void main(String[] args) throws Exception {
        boolean quick = args.length > 0 && args[0].equals("--quick");
        CommandLineOptions given;
        try {
            given = new CommandLineOptions(quick ? Arrays.copyOfRange(args, 1, args.length) : args);
        } catch (CommandLineOptionException e) {
            System.err.println("bench/run: " + e.getMessage());
            System.exit(2);
            return;
        }
        if (given.shouldHelp()) {
            given.showHelp();
            return;
        }
        if (given.shouldList()) {
            new Runner(given).list();
            return;
        }
        ChainedOptionsBuilder options = new OptionsBuilder()
                .parent(given)
                .addProfiler(GCProfiler.class)
                .addProfiler(CpuTime.class)
                .shouldFailOnError(true);
        if (quick && !given.getWarmupIterations().hasValue()) {
            options.warmupIterations(3);
        }
        if (quick && !given.getMeasurementIterations().hasValue()) {
            options.measurementIterations(2);
        }
        if (quick && !given.getParameter("urls").hasValue()) {
            options.param("urls", "100");
        }
        print(new Runner(options.build()).run());
    }

    private static void print(Collection<RunResult> results) {
        Map<String, List<Row>> tables = new LinkedHashMap<>();
        for (RunResult result : results) {
            Row row = Row.of(result);
            tables.computeIfAbsent(row.table, title -> new ArrayList<>()).add(row);
        }
        tables.forEach((title, rows) -> {
            Row peer = quickest(rows, row -> !row.isLarder() && !row.isBound());
            Row bound = quickest(rows, Row::isBound);
            System.out.println();
            System.out.println(title);
            System.out.printf(ROW, "", "time", "CPU", "allocated", "of the peer's", "of the bound's");
            System.out.printf(ROW, "", "ns/op", "ns/op", "B/op", "time (CPU)", "time (CPU)");
            for (Row row : rows) {
                System.out.printf(
                        ROW,
                        row.name,
                        number(row.time),
                        number(row.cpu),
                        number(row.allocated),
                        ratios(row, peer),
                        ratios(row, bound));
            }
            if (peer != null && bound != null) {
                System.out.println("the peer: " + peer.name + "; the bound: " + bound.name);
            }
        });
    }

    private static @Nullable Row quickest(List<Row> rows, Predicate<Row> which) {
        return rows.stream()
                .filter(which)
                .min(Comparator.comparingDouble(Row::time))
                .orElse(null);
    }

    private static String ratios(Row row, @Nullable Row other) {
        return other == null ? "-" : ratio(row, other, Row::time) + " (" + ratio(row, other, Row::cpu) + ")";
    }

    private static String ratio(Row row, Row other, ToDoubleFunction<Row> what) {
        double ratio = what.applyAsDouble(row) / what.applyAsDouble(other);
        return String.format(Locale.ROOT, ratio < 0.095 ? "%.3f" : ratio < 9.5 ? "%.2f" : "%.0f", ratio);
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%,.0f", value);
    }

    private record Row(String table, String name, double time, double cpu, double allocated) {
        static Row of(RunResult result) {
            String[] names = result.getParams().getBenchmark().split("\\.");
            String table =
                    names[names.length - 2] + ", urls = " + result.getParams().getParam("urls");
            return new Row(
                    table,
                    names[names.length - 1],
                    result.getPrimaryResult().getScore(),
                    secondary(result, CpuTime.LABEL),
                    secondary(result, "gc.alloc.rate.norm"));
        }

        @SuppressWarnings("rawtypes") // as JMH has them
        private static double secondary(RunResult result, String label) {
            for (Map.Entry<String, Result> entry : result.getSecondaryResults().entrySet()) {
                if (entry.getKey().endsWith(label)) {
                    return entry.getValue().getScore();
                }
            }
            return Double.NaN;
        }

        boolean isLarder() {
            return name.startsWith("larder");
        }

        boolean isBound() {
            return name.startsWith("raw") || name.startsWith("caffeine");
        }
    }
}
