package dev.larder.cli;

import java.time.Duration;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads durations as people write them: {@code 500ms}, {@code 90s} or {@code 90}, {@code 10m}, {@code 2h}, {@code 1d}. */
final class Durations implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String text) {
        int digits = 0;
        while (digits < text.length() && text.charAt(digits) >= '0' && text.charAt(digits) <= '9') {
            digits++;
        }
        try {
            long amount = Long.parseLong(text.substring(0, digits));
            Duration duration = switch (text.substring(digits)) {
                case "ms" -> Duration.ofMillis(amount);
                case "", "s" -> Duration.ofSeconds(amount);
                case "m" -> Duration.ofMinutes(amount);
                case "h" -> Duration.ofHours(amount);
                case "d" -> Duration.ofDays(amount);
                case "w" -> Duration.ofDays(Math.multiplyExact(amount, 7));
                default -> throw new NumberFormatException(text);
            };
            if (!duration.isZero() && duration.compareTo(Duration.ofDays(365_000)) <= 0) {
                return duration;
            }
        } catch (NumberFormatException | ArithmeticException e) {
            throw new TypeConversionException(explain(text));
        }
        throw new TypeConversionException(explain(text));
    }

    private static String explain(String text) {
        return "'" + text + "' is no duration; write a number above 0 and a unit: 500ms, 90s, 10m, 2h, 1d, 1w";
    }
}
