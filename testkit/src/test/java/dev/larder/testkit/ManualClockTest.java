package dev.larder.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ManualClockTest {

    @Test
    void startsAtTheDefaultInstant() {
        ManualClock clock = new ManualClock();

        assertThat(clock.instant()).isEqualTo(Instant.parse("2026-01-01T00:00:00Z"));
        assertThat(clock.millis())
                .isEqualTo(Instant.parse("2026-01-01T00:00:00Z").toEpochMilli());
    }

    @Test
    void standsStillUntilMoved() {
        ManualClock clock = new ManualClock(Instant.ofEpochSecond(100));

        assertThat(clock.instant()).isEqualTo(clock.instant()).isEqualTo(Instant.ofEpochSecond(100));
        assertThat(clock.advance(Duration.ofMillis(1_500))).isEqualTo(Instant.ofEpochMilli(101_500));
        assertThat(clock.millis()).isEqualTo(101_500);
        assertThat(clock.advance(Duration.ofSeconds(-2))).isEqualTo(Instant.ofEpochMilli(99_500));
        clock.set(Instant.EPOCH);
        assertThat(clock.millis()).isZero();
    }

    @Test
    void losesNoConcurrentMove() {
        ManualClock clock = new ManualClock(Instant.EPOCH);

        IntStream.range(0, 100_000).parallel().forEach(i -> clock.advance(Duration.ofMillis(1)));

        assertThat(clock.millis()).isEqualTo(100_000);
    }
}
