package dev.larder.engine;

import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A second reading of RFC 9111, to hold against the first: what it forbids. Slow, naive, and without a line of the
 * production code; where the RFC leaves a choice, it permits.
 *
 * @param shared whether it judges a shared cache
 * @param understood the status codes that the cache claims to understand (RFC 9111 5.2.2.3)
 * @param heuristicPercent the part of the time since Last-Modified that the cache may guess with, or 0
 */
record ReuseOracle(boolean shared, Set<Integer> understood, int heuristicPercent) {
    /** RFC 9110 15.1 and RFC 7725 3. */
    private static final Set<Integer> CACHEABLE_BY_DEFAULT =
            Set.of(200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 451, 501);

    private static final String TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
    private static final String QUOTED = "\"(?:[^\"\\\\]|\\\\.)*\"";
    private static final Pattern MEMBER = Pattern.compile("(?:" + QUOTED + "|[^,])+");
    private static final String MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec";
    private static final String TIME = "(\\d\\d):(\\d\\d):(\\d\\d)";
    private static final Pattern IMF = date("\\w{3}, (\\d\\d) (" + MONTHS + ") (\\d{4}) " + TIME + " GMT");
    private static final Pattern RFC_850 = date("\\w{6,9}, (\\d\\d)-(" + MONTHS + ")-(\\d\\d) " + TIME + " GMT");
    private static final Pattern ASCTIME = date("\\w{3} (" + MONTHS + ") ([ \\d]\\d) " + TIME + " (\\d{4})");

    private static Pattern date(String regex) {
        return Pattern.compile(regex, Pattern.CASE_INSENSITIVE);
    }

    /** RFC 9111 3: why the response must not be stored, or null. */
    @Nullable
    String forbidsStoring(RawHead request, RawHead response) {
        int status = response.status();
        if (!Set.of("GET", "HEAD").contains(request.method())) {
            return "the method is not one this cache understands";
        }
        if (status < 200) {
            return "not a final response";
        }
        if (status == 206 || status == 304 || status == 416) {
            return "the response to a condition or a range that was not asked";
        }
        if (Set.of(428, 429, 431, 511).contains(status)) {
            return "RFC 6585: not to be stored";
        }
        if (mentions(request, "no-store")) {
            return "no-store in the request";
        }
        return forbidsKeeping(request, response);
    }

    /** That part of it that also holds for what has been stored and then updated. */
    private @Nullable String forbidsKeeping(RawHead request, RawHead response) {
        boolean mustUnderstand = !clean(response, "must-understand").isEmpty();
        if (mustUnderstand && !understood.contains(response.status())) {
            return "must-understand, and the status code is not understood";
        }
        if (mentions(response, "no-store") && !mustUnderstand) {
            return "no-store in the response";
        }
        boolean isPublic = !clean(response, "public").isEmpty();
        if (shared && mentions(response, "private")) {
            return "private in a shared cache";
        }
        if (shared
                && request.has("Authorization")
                && !isPublic
                && !mentions(response, "must-revalidate")
                && clean(response, "s-maxage").isEmpty()) {
            return "Authorization without must-revalidate, public or s-maxage";
        }
        boolean allowed = isPublic
                || (!shared && mentions(response, "private"))
                || response.has("Expires")
                || mentions(response, "max-age")
                || (shared && mentions(response, "s-maxage"))
                || CACHEABLE_BY_DEFAULT.contains(response.status());
        return allowed ? null : "nothing allows it to be stored";
    }

    /**
     * RFC 9111 4: why the stored response must not answer the request without asking, or null.
     *
     * @param first the request that the stored response answered
     */
    @Nullable
    String forbidsReuse(RawHead first, RawHead response, long sentAt, long receivedAt, RawHead request, long now) {
        if (!sameUri(first.uri(), request.uri())) {
            return "another URI";
        }
        boolean methodFits = request.method().equals("HEAD")
                || (request.method().equals("GET") && first.method().equals("GET"));
        if (!methodFits) {
            return "the method of the stored response does not answer this one";
        }
        String keeping = forbidsKeeping(first, response);
        if (keeping != null) {
            return keeping;
        }
        String vary = forbidsVariant(first, response, request);
        if (vary != null) {
            return vary;
        }
        if (mentions(response, "no-cache")) {
            return "no-cache in the response";
        }
        if (mentions(request, "no-cache")) {
            return "no-cache in the request";
        }
        long age = age(response, sentAt, receivedAt, now);
        long lifetime = lifetime(response, receivedAt);
        List<String> maxAge = clean(request, "max-age");
        if (seconds(maxAge).anyMatch(limit -> age > limit * 1000)) {
            return "older than the request's max-age";
        }
        if (seconds(clean(request, "min-fresh")).anyMatch(limit -> lifetime - age < limit * 1000)) {
            return "not as fresh as the request's min-fresh";
        }
        return lifetime > age ? null : forbidsStale(response, request, !maxAge.isEmpty(), age - lifetime);
    }

    /** RFC 9111 4.1. */
    private static @Nullable String forbidsVariant(RawHead first, RawHead response, RawHead request) {
        for (String name : String.join(",", response.values("Vary")).split(",")) {
            String trimmed = name.strip();
            if (trimmed.equals("*")) {
                return "Vary: *";
            }
            if (!trimmed.isEmpty() && !Objects.equals(normal(first, trimmed), normal(request, trimmed))) {
                return "another " + trimmed;
            }
        }
        return null;
    }

    /** RFC 9111 4.2.4 and RFC 5861 3. */
    private @Nullable String forbidsStale(RawHead response, RawHead request, boolean maxAge, long staleFor) {
        if (mentions(response, "must-revalidate")) {
            return "stale, and must-revalidate";
        }
        if (shared && (mentions(response, "proxy-revalidate") || mentions(response, "s-maxage"))) {
            return "stale, and proxy-revalidate or s-maxage";
        }
        List<String> maxStale = clean(request, "max-stale");
        if (maxStale.contains("") || seconds(maxStale).anyMatch(limit -> staleFor <= limit * 1000)) {
            return null;
        }
        boolean whileRevalidate =
                seconds(clean(response, "stale-while-revalidate")).anyMatch(limit -> staleFor <= limit * 1000);
        return whileRevalidate && !maxAge ? null : "stale";
    }

    /** RFC 9111 4.2.3, the conservative form, in milliseconds. */
    static long age(RawHead response, long sentAt, long receivedAt, long now) {
        long dateValue = dateValue(response, receivedAt);
        long apparentAge = Math.max(0, Math.floorDiv(receivedAt - dateValue, 1000L) * 1000);
        String ageField = String.join(",", response.values("Age"));
        Matcher first = Pattern.compile("[\\s,]*(\\d+)\\s*(,.*)?").matcher(ageField);
        long ageValue = first.matches() ? number(first.group(1)) : 0;
        long corrected = ageValue * 1000 + Math.max(0, receivedAt - sentAt);
        return Math.max(apparentAge, corrected) + Math.max(0, now - receivedAt);
    }

    /** RFC 9111 4.2.1, in milliseconds; of several values the first. */
    private long lifetime(RawHead response, long receivedAt) {
        for (String name : shared ? List.of("s-maxage", "max-age") : List.of("max-age")) {
            if (mentions(response, name)) {
                List<String> values = clean(response, name);
                return values.isEmpty() || !values.get(0).matches("\\d+") ? 0 : number(values.get(0)) * 1000;
            }
        }
        long dateValue = dateValue(response, receivedAt);
        if (response.has("Expires")) {
            if (response.values("Expires").stream().distinct().count() > 1) {
                return 0;
            }
            Long expires = parseDate(response.values("Expires").get(0), receivedAt);
            return expires == null ? 0 : expires - dateValue;
        }
        boolean guessable = CACHEABLE_BY_DEFAULT.contains(response.status())
                || !clean(response, "public").isEmpty();
        if (!guessable || !response.has("Last-Modified")) {
            return 0;
        }
        Long lastModified = parseDate(response.values("Last-Modified").get(0), receivedAt);
        return lastModified == null ? 0 : Math.max(0, (dateValue - lastModified) * heuristicPercent / 100);
    }

    private static long dateValue(RawHead response, long receivedAt) {
        if (!response.has("Date")) {
            // RFC 9110 6.6.1: a cache adds it, and a Date has whole seconds.
            return receivedAt / 1000 * 1000;
        }
        Long date = parseDate(response.values("Date").get(0), receivedAt);
        return date == null ? receivedAt : date;
    }

    /**
     * The arguments of a directive in those members that fit the grammar, unquoted, or "" without one. For whatever
     * allows something.
     */
    private static List<String> clean(RawHead head, String directive) {
        List<String> arguments = new ArrayList<>();
        Pattern form = Pattern.compile("(?i)" + directive + "(?:=(" + TOKEN + "|" + QUOTED + "))?");
        for (String line : head.values("Cache-Control")) {
            for (Matcher member = MEMBER.matcher(line); member.find(); ) {
                Matcher fits = form.matcher(member.group().strip());
                if (fits.matches()) {
                    String argument = fits.group(1) == null ? "" : fits.group(1);
                    arguments.add(argument.startsWith("\"") ? argument.substring(1, argument.length() - 1) : argument);
                }
            }
        }
        return arguments;
    }

    /** Whether the name of a directive stands anywhere outside quotes. For whatever forbids something. */
    private static boolean mentions(RawHead head, String directive) {
        Pattern word = Pattern.compile("(?i)(?<![\\w-])" + directive + "(?![\\w-])");
        return head.values("Cache-Control").stream()
                .map(line -> line.replaceAll(QUOTED, ""))
                .map(line -> line.replaceAll("=\\s*" + TOKEN, "="))
                .anyMatch(line -> word.matcher(line).find());
    }

    private static LongStream seconds(List<String> arguments) {
        return arguments.stream().filter(a -> a.matches("\\d+")).mapToLong(ReuseOracle::number);
    }

    /** RFC 9111 1.2.2: too large is as large as can be. */
    private static long number(String digits) {
        String significant = digits.replaceFirst("^0+(?=.)", "");
        return significant.length() > 10 ? 1L << 31 : Math.min(Long.parseLong(significant), 1L << 31);
    }

    /** A selecting field with lines joined and spaces gone, and without order and case where those mean nothing. */
    private static @Nullable String normal(RawHead request, String name) {
        if (!request.has(name)) {
            return null;
        }
        Stream<String> members = Arrays.stream(
                        String.join(",", request.values(name)).split(","))
                .map(String::strip)
                .filter(member -> !member.isEmpty());
        if (name.toLowerCase(Locale.ROOT).matches("accept-(language|encoding)")) {
            members = members.map(member -> member.toLowerCase(Locale.ROOT)
                            .replaceAll("\\s*;\\s*", ";")
                            .replaceAll(";q=1(\\.0*)?$", "")
                            .replaceAll("(;q=0\\.\\d*?)0+$", "$1"))
                    .sorted(Comparator.naturalOrder());
        }
        return String.join(",", members.toList());
    }

    private static boolean sameUri(String a, String b) {
        return canonical(a).equals(canonical(b));
    }

    private static String canonical(String uri) {
        Matcher parts = Pattern.compile("(\\w+)://([^/?#]+)([^#]*).*").matcher(uri);
        if (!parts.matches()) {
            return uri;
        }
        String origin = (parts.group(1) + "://" + parts.group(2)).toLowerCase(Locale.ROOT);
        String rest = parts.group(3);
        return origin.replaceFirst("^(http://.*):80$|^(https://.*):443$", "$1$2")
                + (rest.startsWith("/") ? "" : "/")
                + rest;
    }

    private static @Nullable Long parseDate(String text, long now) {
        Matcher imf = IMF.matcher(text);
        if (imf.matches()) {
            return millis(imf.group(3), imf.group(2), imf.group(1), imf, 4);
        }
        Matcher asctime = ASCTIME.matcher(text);
        if (asctime.matches()) {
            return millis(asctime.group(6), asctime.group(1), asctime.group(2), asctime, 3);
        }
        Matcher rfc850 = RFC_850.matcher(text);
        if (!rfc850.matches()) {
            return null;
        }
        Long date = millis("20" + rfc850.group(3), rfc850.group(2), rfc850.group(1), rfc850, 4);
        // The years that the generator writes are less than 50 years away from 2026.
        return date != null && date > now + 50L * 365 * 86_400_000
                ? millis("19" + rfc850.group(3), rfc850.group(2), rfc850.group(1), rfc850, 4)
                : date;
    }

    private static @Nullable Long millis(String year, String month, String day, Matcher date, int time) {
        try {
            int second = Integer.parseInt(date.group(time + 2));
            int monthNumber =
                    Arrays.asList(MONTHS.toLowerCase(Locale.ROOT).split("\\|")).indexOf(month.toLowerCase(Locale.ROOT))
                            + 1;
            return LocalDateTime.of(
                                    Integer.parseInt(year),
                                    monthNumber,
                                    Integer.parseInt(day.strip()),
                                    Integer.parseInt(date.group(time)),
                                    Integer.parseInt(date.group(time + 1)),
                                    Math.min(second, 59))
                            .toEpochSecond(ZoneOffset.UTC)
                    * 1000;
        } catch (java.time.DateTimeException impossible) {
            return null;
        }
    }
}
