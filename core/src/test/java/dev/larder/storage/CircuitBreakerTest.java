package dev.larder.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class CircuitBreakerTest {
    private static final Supplier<CompletionStage<String>> WORKS = () -> CompletableFuture.completedFuture("x");
    private static final Supplier<CompletionStage<String>> HANGS = CompletableFuture::new;
    private static final Supplier<CompletionStage<String>> FAILS =
            () -> CompletableFuture.failedFuture(new IOException("no"));

    private final AtomicInteger probes = new AtomicInteger();
    private volatile CompletionStage<?> probe = new CompletableFuture<>();
    private final CircuitBreaker breaker = CircuitBreaker.builder()
            .timeout(Duration.ofMillis(20))
            .maxFailures(3)
            .retryAfter(Duration.ofMillis(1))
            .build(() -> {
                probes.incrementAndGet();
                return probe;
            });

    private String run(boolean async, Supplier<CompletionStage<String>> operation) throws IOException {
        if (!async) {
            return breaker.await(operation);
        }
        try {
            return breaker.call(operation).toCompletableFuture().join();
        } catch (CompletionException e) {
            throw (IOException) e.getCause();
        }
    }

    private void open(boolean async) {
        for (int i = 0; i < 3; i++) {
            assertThat(breaker.isOpen()).isFalse();
            assertThatThrownBy(() -> run(async, FAILS)).hasMessage("no");
        }
        assertThat(breaker.isOpen()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aCallThatHangsIsGivenUp(boolean async) throws IOException {
        assertThat(run(async, WORKS)).isEqualTo("x");
        assertThatThrownBy(() -> run(async, HANGS))
                .isInstanceOf(StorageUnavailableException.class)
                .hasMessageContaining("20 ms");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatIsTransferredMayTakeLonger(boolean async) throws IOException {
        CompletableFuture<String> late = new CompletableFuture<String>()
                .completeOnTimeout("late", 100, java.util.concurrent.TimeUnit.MILLISECONDS);
        String answer = async
                ? breaker.call(Duration.ofSeconds(20), () -> late)
                        .toCompletableFuture()
                        .join()
                : breaker.await(Duration.ofSeconds(20), () -> late);
        assertThat(answer).isEqualTo("late");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void afterSomeFailuresTheStorageIsNotAsked(boolean async) {
        open(async);
        AtomicInteger asked = new AtomicInteger();
        for (int i = 0; i < 10; i++) {
            assertThatThrownBy(() -> run(async, () -> {
                        asked.incrementAndGet();
                        return CompletableFuture.completedFuture("x");
                    }))
                    .isInstanceOf(StorageUnavailableException.class);
        }
        assertThat(asked).hasValue(0);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aSuccessInBetweenStartsTheCountAnew(boolean async) throws IOException {
        for (int i = 0; i < 10; i++) {
            assertThatThrownBy(() -> run(async, FAILS)).hasMessage("no");
            assertThatThrownBy(() -> run(async, FAILS)).hasMessage("no");
            assertThat(run(async, WORKS)).isEqualTo("x");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anEntryThatIsTooLargeIsNoFailureOfTheStorage(boolean async) {
        for (int i = 0; i < 10; i++) {
            assertThatThrownBy(() -> run(async, () -> CompletableFuture.failedFuture(new EntryTooLargeException())))
                    .isInstanceOf(EntryTooLargeException.class);
        }
        assertThat(breaker.isOpen()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void itClosesWhenAProbeSucceedsAndOnlyThen(boolean async) throws IOException {
        open(async);
        probe = CompletableFuture.failedFuture(new IOException("still not there"));
        while (probes.get() < 3) {
            assertThatThrownBy(() -> run(async, WORKS)).isInstanceOf(StorageUnavailableException.class);
        }
        probe = CompletableFuture.completedFuture("pong");
        while (breaker.isOpen()) {
            breaker.call(WORKS);
        }
        assertThat(run(async, WORKS)).isEqualTo("x");
    }

    @Test
    void whatThrowsInsteadOfFailingCountsAlike() {
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> breaker.await(() -> {
                        throw new IllegalStateException("closed");
                    }))
                    .isInstanceOf(IOException.class)
                    .hasMessage("closed");
        }
        assertThat(breaker.isOpen()).isTrue();
    }

    @Test
    void aCallerWhoIsInterruptedSaysNothingAboutTheStorage() {
        for (int i = 0; i < 10; i++) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> breaker.await(Duration.ofSeconds(20), HANGS))
                    .isInstanceOf(ClosedByInterruptException.class);
            assertThat(Thread.interrupted()).isTrue();
        }
        assertThat(breaker.isOpen()).isFalse();
    }

    @Test
    void aCallThatIsLateDoesNotSpeakForTheStorage() {
        CompletableFuture<String> late = new CompletableFuture<>();
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> run(true, () -> late)).isInstanceOf(StorageUnavailableException.class);
        }
        late.complete("late");
        assertThatThrownBy(() -> run(true, HANGS)).isInstanceOf(StorageUnavailableException.class);
        assertThat(breaker.isOpen()).isTrue();
    }
}
