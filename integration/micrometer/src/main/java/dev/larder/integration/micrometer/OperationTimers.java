package dev.larder.integration.micrometer;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.io.IOException;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.NullUnmarked;

/** A timer for each operation of a storage and each outcome, registered at the start so that recording looks nothing up. */
final class OperationTimers {
    /** What is timed. */
    enum Operation {
        LOOKUP,
        OPEN,
        READ,
        CREATE,
        WRITE,
        READ_BACK,
        COMMIT,
        FRESHEN,
        REMOVE,
        REMOVE_KEY,
        REMOVE_IF,
        CLEAR,
        LEASE;

        private String tag() {
            return name().toLowerCase(Locale.ROOT).replace('_', '-');
        }
    }

    private final MeterRegistry registry;
    private final EnumMap<Operation, Timer> succeeded = new EnumMap<>(Operation.class);
    private final EnumMap<Operation, Timer> failed = new EnumMap<>(Operation.class);

    OperationTimers(MeterRegistry registry, Tags tags) {
        this.registry = registry;
        for (Operation operation : Operation.values()) {
            succeeded.put(operation, timer(operation, "success", tags));
            failed.put(operation, timer(operation, "failure", tags));
        }
    }

    private Timer timer(Operation operation, String outcome, Tags tags) {
        return Timer.builder("larder.storage.operations")
                .description("How long operations of the storage take")
                .tags(tags.and("operation", operation.tag(), "outcome", outcome))
                .register(registry);
    }

    /** Unmarked, because the checker knows no nullness of type arguments and calls may well answer null. */
    @FunctionalInterface
    @NullUnmarked
    interface Call<T> {
        T run() throws IOException;
    }

    @NullUnmarked
    <T> T time(Operation operation, Call<T> call) throws IOException {
        long start = registry.config().clock().monotonicTime();
        boolean success = false;
        try {
            T value = call.run();
            success = true;
            return value;
        } finally {
            record(operation, success, start);
        }
    }

    /** Until the stage completes, so that the time in an executor's queue counts: the request waits for that, too. */
    <T> CompletionStage<T> timeAsync(Operation operation, Supplier<CompletionStage<T>> call) {
        long start = registry.config().clock().monotonicTime();
        return call.get().whenComplete((value, failure) -> record(operation, failure == null, start));
    }

    private void record(Operation operation, boolean success, long start) {
        long nanos = registry.config().clock().monotonicTime() - start;
        Objects.requireNonNull((success ? succeeded : failed).get(operation)).record(nanos, TimeUnit.NANOSECONDS);
    }
}
