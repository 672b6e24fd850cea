package dev.larder.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.TimeZone;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpDateTest {

    private static final long NOW = millis("2026-11-22T12:00:00Z");
    private static final long EXAMPLE = millis("1994-11-06T08:49:37Z");

    private static long millis(String instant) {
        return Instant.parse(instant).toEpochMilli();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
                "Sun Nov 06 08:49:37 1994", "SUN, 06 nov 1994 08:49:37 gmt", "sunday, 06-NOV-94 08:49:37 Gmt",
                "sUN nOV  6 08:49:37 1994", "Mon, 06 Nov 1994 08:49:37 GMT"
            })
    @DisplayName("R9110-009, R9111-062 the three formats, in any case")
    @Tag("R9110-009")
    @Tag("R9111-062")
    void formats(String text) {
        assertThat(HttpDate.parse(text, NOW)).isEqualTo(EXAMPLE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "0",
                "-1",
                "foo",
                "Sun, 06 Nov 1994 08:49:37 UTC",
                "Sun, 06 Nov 1994 08:49:37 AEST",
                "Sun, 06 Nov 1994 08:49:37 +0000",
                "Sun, 06 Nov 1994 08:49:37",
                "Sun, 06 Nov 1994 8:49:37 GMT",
                "Sun, 6 Nov 1994 08:49:37 GMT",
                "Sun, 06-Nov-1994 08:49:37 GMT",
                "Sun, 06 Nov 94 08:49:37 GMT",
                "Sun, 06 Nov  1994 08:49:37 GMT",
                "Sun,06 Nov 1994 08:49:37 GMT",
                "Sun 06 Nov 1994 08:49:37 GMT",
                "06 Nov 1994 08:49:37 GMT",
                "Sun, 06 Nov 1994 08.49.37 GMT",
                "Sun, 06 Nov 1994 24:00:00 GMT",
                "Sun, 06 Nov 1994 23:60:00 GMT",
                "Sun, 06 Nov 1994 23:59:61 GMT",
                "Sun, 31 Nov 1994 08:49:37 GMT",
                "Sun, 00 Nov 1994 08:49:37 GMT",
                "Sun, 29 Feb 1995 08:49:37 GMT",
                "Sun, 06 Foo 1994 08:49:37 GMT",
                "Foo, 06 Nov 1994 08:49:37 GMT",
                "Sunday, 06 Nov 1994 08:49:37 GMT",
                "Sun, 06 Nov 1994 08:49:37 GMT ",
                " Sun, 06 Nov 1994 08:49:37 GMT",
                "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
                "Sun, 06 Nov 19940 08:49:37 GMT",
                "Sun, 06-Nov-94 08:49:37 GMT",
                "Sunday, 06-Nov-1994 08:49:37 GMT",
                "Sunday, 06-Nov-94 08:49:37 UTC",
                "Sun Nov 6 08:49:37 1994",
                "Sun Nov  6 08:49:37 94",
                "Sun Nov  6 08:49:37 1994 GMT",
                "Sun Nov   6 08:49:37 1994",
                "Sun Nov  0 08:49:37 1994",
                "1994-11-06T08:49:37Z",
                "\u017fun, 06 Nov 1994 08:49:37 GMT",
                "Sun, ٠6 Nov 1994 08:49:37 GMT"
            })
    @DisplayName("R9111-065, R9111-149 anything else is no date")
    @Tag("R9111-065")
    void invalid(String text) {
        assertThat(HttpDate.parse(text, NOW)).isEqualTo(HttpDate.INVALID);
    }

    @Test
    void nullIsNoDate() {
        assertThat(HttpDate.parse(null, NOW)).isEqualTo(HttpDate.INVALID);
    }

    @ParameterizedTest
    @CsvSource({
        // now 2026-11-22T12:00:00Z: up to 2076-11-22T12:00:00Z counts as the future
        "22-Nov-76 12:00:00,2076-11-22T12:00:00Z",
        "22-Nov-76 12:00:01,1976-11-22T12:00:01Z",
        "01-Jan-77 00:00:00,1977-01-01T00:00:00Z",
        "31-Dec-75 23:59:59,2075-12-31T23:59:59Z",
        "06-Nov-94 08:49:37,1994-11-06T08:49:37Z",
        "01-Jan-00 00:00:00,2000-01-01T00:00:00Z",
        "29-Feb-00 00:00:00,2000-02-29T00:00:00Z",
        "22-Nov-26 12:00:00,2026-11-22T12:00:00Z"
    })
    @DisplayName("R9110-010 a two-digit year more than 50 years ahead is in the past")
    @Tag("R9110-010")
    void twoDigitYears(String text, String expected) {
        assertThat(HttpDate.parse("Monday, " + text + " GMT", NOW)).isEqualTo(millis(expected));
    }

    @Test
    @DisplayName("R9110-010 the window moves over the turn of a century")
    @Tag("R9110-010")
    void twoDigitYearsLate() {
        long late = millis("2080-06-01T00:00:00Z");
        assertThat(HttpDate.parse("Monday, 01-Jan-10 00:00:00 GMT", late)).isEqualTo(millis("2110-01-01T00:00:00Z"));
        assertThat(HttpDate.parse("Monday, 01-Jan-31 00:00:00 GMT", late)).isEqualTo(millis("2031-01-01T00:00:00Z"));
        for (long now : new long[] {Long.MIN_VALUE, Long.MAX_VALUE, 0, -1}) {
            HttpDate.parse("Monday, 29-Feb-00 00:00:00 GMT", now);
        }
    }

    @Test
    void leapSecondsAndLeapYears() {
        assertThat(HttpDate.parse("Sat, 31 Dec 2016 23:59:60 GMT", NOW)).isEqualTo(millis("2017-01-01T00:00:00Z"));
        assertThat(HttpDate.parse("Thu, 29 Feb 2024 00:00:00 GMT", NOW)).isEqualTo(millis("2024-02-29T00:00:00Z"));
    }

    @ParameterizedTest
    @CsvSource({
        "2286-11-20T17:46:40Z",
        "9999-12-31T23:59:59Z",
        "2038-01-19T03:14:08Z",
        "1970-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z"
    })
    @DisplayName("R9111-152 far dates neither overflow nor fail")
    @Tag("R9111-152")
    void farDates(String instant) {
        assertThat(HttpDate.parse(HttpDate.format(millis(instant)), NOW)).isEqualTo(millis(instant));
    }

    @Test
    @DisplayName("R9110-011 only IMF-fixdate is written")
    @Tag("R9110-011")
    void writes() {
        assertThat(HttpDate.format(EXAMPLE + 999)).isEqualTo("Sun, 06 Nov 1994 08:49:37 GMT");
        assertThat(HttpDate.format(-1)).isEqualTo("Wed, 31 Dec 1969 23:59:59 GMT");
        assertThat(HttpDate.format(Long.MAX_VALUE)).isEqualTo("Fri, 31 Dec 9999 23:59:59 GMT");
        assertThat(HttpDate.format(Long.MIN_VALUE)).isEqualTo("Sat, 01 Jan 0000 00:00:00 GMT");
    }

    @Test
    @DisplayName("R9111-064 agrees with java.time in any time zone and locale")
    void agreesWithTheJdk() {
        TimeZone zone = TimeZone.getDefault();
        Locale locale = Locale.getDefault();
        DateTimeFormatter formatter = DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ENGLISH)
                .withZone(ZoneOffset.UTC);
        Random random = new Random(1);
        try {
            for (String id :
                    new String[] {"UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kolkata", "Pacific/Apia"}) {
                TimeZone.setDefault(TimeZone.getTimeZone(id));
                Locale.setDefault(Locale.forLanguageTag("tr-TR"));
                for (int i = 0; i < 20_000; i++) {
                    long second = random.nextLong(-2_000_000_000L, 10_000_000_000L);
                    String text = formatter.format(Instant.ofEpochSecond(second));
                    assertThat(HttpDate.format(second * 1000)).isEqualTo(text);
                    assertThat(HttpDate.parse(text, NOW)).isEqualTo(second * 1000);
                    assertThat(HttpDate.parse(text.toUpperCase(Locale.ROOT), NOW))
                            .isEqualTo(second * 1000);
                }
            }
        } finally {
            TimeZone.setDefault(zone);
            Locale.setDefault(locale);
        }
    }

    @Test
    @Tag("R9111-064")
    void theLocalTimeZoneDoesNotMatter() {
        TimeZone before = TimeZone.getDefault();
        try {
            // Among them a day when clocks change, and a zone that is a day ahead.
            for (String zone : List.of("UTC", "America/New_York", "Europe/Berlin", "Pacific/Apia", "Asia/Kolkata")) {
                TimeZone.setDefault(TimeZone.getTimeZone(zone));
                for (String time : List.of("2026-03-08T07:30:00Z", "2026-03-29T01:30:00Z", "2026-11-01T06:30:00Z")) {
                    long millis = Instant.parse(time).toEpochMilli();
                    assertThat(HttpDate.parse(HttpDate.format(millis), 0))
                            .as(zone)
                            .isEqualTo(millis);
                }
                assertThat(HttpDate.parse("Sun, 08 Mar 2026 07:30:00 GMT", 0))
                        .as(zone)
                        .isEqualTo(Instant.parse("2026-03-08T07:30:00Z").toEpochMilli());
                assertThat(HttpDate.parse("Sun, 08 Mar 2026 07:30:00 EST", 0)).isEqualTo(HttpDate.INVALID);
            }
        } finally {
            TimeZone.setDefault(before);
        }
    }
}
