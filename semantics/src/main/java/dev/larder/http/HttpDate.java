package dev.larder.http;

import java.time.LocalDate;
import java.time.Month;
import java.time.Year;
import org.jspecify.annotations.Nullable;

/**
 * Dates as fields carry them (RFC 9110 section 5.6.7), in milliseconds since 1970-01-01T00:00:00Z.
 *
 * <p>All three formats are read, in any case; beyond that nothing is forgiven, because an expiry date that is not one is
 * a date in the past (RFC 9111 section 5.3), which is always safe. Whether the name of the day fits the date is not
 * checked.
 */
public final class HttpDate {

    /** The answer for text that is not an HTTP-date. */
    public static final long INVALID = Long.MIN_VALUE;

    private static final String[] DAYS = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    private static final String[] LONG_DAYS = {
        "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"
    };
    private static final String[] MONTHS = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"
    };

    private static final int SECONDS_PER_DAY = 86_400;
    private static final long FIRST_SECOND = -62_167_219_200L; // 0000-01-01T00:00:00Z
    private static final long LAST_SECOND = 253_402_300_799L; // 9999-12-31T23:59:59Z

    private HttpDate() {}

    /**
     * Reads an HTTP-date. A leap second counts as the second after it.
     *
     * @param nowMillis the current time, by which the century of a two-digit year is chosen: the latest that is not more
     *     than 50 years ahead
     * @return epoch milliseconds, or {@link #INVALID}, also for null
     */
    public static long parse(@Nullable String text, long nowMillis) {
        if (text == null) {
            return INVALID;
        }
        FieldScanner in = new FieldScanner(text);
        return switch (text.indexOf(',')) {
            case 3 -> imfFixdate(in);
            case -1 -> asctime(in);
            default -> rfc850(in, Math.floorDiv(nowMillis, 1000L));
        };
    }

    /**
     * Writes the one format that may be generated, IMF-fixdate; fractions of a second are dropped.
     *
     * @param epochMillis a time in the years 0 to 9999; others become the nearest of these
     */
    public static String format(long epochMillis) {
        long second = Math.max(FIRST_SECOND, Math.min(LAST_SECOND, Math.floorDiv(epochMillis, 1000L)));
        LocalDate date = LocalDate.ofEpochDay(Math.floorDiv(second, SECONDS_PER_DAY));
        int secondOfDay = Math.floorMod(second, SECONDS_PER_DAY);
        StringBuilder text = new StringBuilder(29);
        text.append(DAYS[date.getDayOfWeek().getValue() - 1]).append(", ");
        appendTwoDigits(text, date.getDayOfMonth()).append(' ');
        text.append(MONTHS[date.getMonthValue() - 1]).append(' ');
        appendTwoDigits(text, date.getYear() / 100);
        appendTwoDigits(text, date.getYear() % 100).append(' ');
        appendTwoDigits(text, secondOfDay / 3600).append(':');
        appendTwoDigits(text, secondOfDay / 60 % 60).append(':');
        return appendTwoDigits(text, secondOfDay % 60).append(" GMT").toString();
    }

    private static StringBuilder appendTwoDigits(StringBuilder text, int number) {
        return text.append((char) ('0' + number / 10)).append((char) ('0' + number % 10));
    }

    /** {@code Sun, 06 Nov 1994 08:49:37 GMT}. */
    private static long imfFixdate(FieldScanner in) {
        if (in.oneOf(DAYS) < 0 || !in.eat(',') || !in.eat(' ')) {
            return INVALID;
        }
        int day = in.digits(2);
        if (!in.eat(' ')) {
            return INVALID;
        }
        int month = in.oneOf(MONTHS);
        if (!in.eat(' ')) {
            return INVALID;
        }
        int year = in.digits(4);
        if (!in.eat(' ')) {
            return INVALID;
        }
        int secondOfDay = secondOfDay(in);
        return atGmtAndEnd(in) ? millis(year, month, day, secondOfDay) : INVALID;
    }

    /** {@code Sunday, 06-Nov-94 08:49:37 GMT}. */
    private static long rfc850(FieldScanner in, long nowSecond) {
        if (in.oneOf(LONG_DAYS) < 0 || !in.eat(',') || !in.eat(' ')) {
            return INVALID;
        }
        int day = in.digits(2);
        if (!in.eat('-')) {
            return INVALID;
        }
        int month = in.oneOf(MONTHS);
        if (!in.eat('-')) {
            return INVALID;
        }
        int year = in.digits(2);
        if (!in.eat(' ')) {
            return INVALID;
        }
        int secondOfDay = secondOfDay(in);
        if (!atGmtAndEnd(in) || year < 0 || month < 0) {
            return INVALID;
        }
        LocalDate today = LocalDate.ofEpochDay(Math.floorDiv(nowSecond, SECONDS_PER_DAY));
        long horizon = today.plusYears(50).toEpochDay() * SECONDS_PER_DAY + Math.floorMod(nowSecond, SECONDS_PER_DAY);
        year += Math.floorDiv(today.getYear(), 100) * 100 + 100;
        while (second(year, month, day, secondOfDay) > horizon) {
            year -= 100;
        }
        return millis(year, month, day, secondOfDay);
    }

    /** {@code Sun Nov  6 08:49:37 1994}. */
    private static long asctime(FieldScanner in) {
        if (in.oneOf(DAYS) < 0 || !in.eat(' ')) {
            return INVALID;
        }
        int month = in.oneOf(MONTHS);
        if (!in.eat(' ')) {
            return INVALID;
        }
        int day = in.eat(' ') ? in.digits(1) : in.digits(2);
        if (!in.eat(' ')) {
            return INVALID;
        }
        int secondOfDay = secondOfDay(in);
        if (!in.eat(' ')) {
            return INVALID;
        }
        int year = in.digits(4);
        return in.atEnd() ? millis(year, month, day, secondOfDay) : INVALID;
    }

    private static boolean atGmtAndEnd(FieldScanner in) {
        return in.eatIgnoreCase(" GMT") && in.atEnd();
    }

    /** Reads {@code 08:49:37}; negative when it is no time of day. */
    private static int secondOfDay(FieldScanner in) {
        int hour = in.digits(2);
        if (!in.eat(':')) {
            return FieldScanner.NONE;
        }
        int minute = in.digits(2);
        if (!in.eat(':')) {
            return FieldScanner.NONE;
        }
        int second = in.digits(2);
        boolean valid = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second <= 60;
        return valid ? (hour * 60 + minute) * 60 + second : FieldScanner.NONE;
    }

    /** Checks the parts, each negative when it could not be read. */
    private static long millis(int year, int month, int day, int secondOfDay) {
        boolean valid = year >= 0
                && month >= 0
                && day >= 1
                && day <= Month.of(month + 1).length(Year.isLeap(year))
                && secondOfDay >= 0;
        return valid ? second(year, month, day, secondOfDay) * 1000 : INVALID;
    }

    private static long second(int year, int month, int day, int secondOfDay) {
        long epochDay = LocalDate.of(year, month + 1, 1).toEpochDay() + day - 1;
        return epochDay * SECONDS_PER_DAY + secondOfDay;
    }
}
