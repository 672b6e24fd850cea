package dev.larder.cli;

import dev.larder.cli.Finding.Level;
import dev.larder.http.DeltaSeconds;
import dev.larder.http.EntityTag;
import dev.larder.http.HttpDate;
import dev.larder.http.HttpFields;
import dev.larder.http.ResponseDirectives;
import dev.larder.http.ResponseHead;
import dev.larder.http.Vary;
import dev.larder.policy.CachePolicy;
import dev.larder.rules.Freshness;
import dev.larder.rules.Reason;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Looks for what makes a response uncacheable, or what caches will not agree about. */
final class ResponseLint {
    private static final long CLOCK_SLACK = 60_000;

    private static final Set<String> KNOWN_DIRECTIVES = Set.of(
            "max-age",
            "s-maxage",
            "no-cache",
            "no-store",
            "no-transform",
            "must-revalidate",
            "must-understand",
            "proxy-revalidate",
            "private",
            "public",
            "immutable",
            "stale-while-revalidate",
            "stale-if-error");

    private static final Set<String> REQUEST_DIRECTIVES = Set.of("max-stale", "min-fresh", "only-if-cached");

    /** Fields in which nearly every user differs from the next. */
    private static final Set<String> PERSONAL_FIELDS =
            Set.of("cookie", "user-agent", "authorization", "referer", "x-forwarded-for", "x-request-id");

    private final int status;
    private final HttpFields fields;
    private final ResponseDirectives directives;
    private final boolean shared;
    private final long now;
    private final List<Finding> findings = new ArrayList<>();

    private ResponseLint(ResponseHead head, CachePolicy policy, long now) {
        status = head.status();
        shared = policy.shared();
        this.now = now;
        for (String name : policy.targetedFields()) {
            ResponseDirectives targeted = ResponseDirectives.ofTargeted(head.fields(), name);
            if (targeted != null) {
                directives = targeted;
                fields = head.fields().without("Cache-Control").without("Expires");
                note(name + " speaks to this cache; Cache-Control and Expires do not count", "RFC 9213 2.2");
                return;
            }
            if (head.fields().contains(name)) {
                warn(name + " is empty or no structured field, and is ignored", "RFC 9213 2.1");
            }
        }
        fields = head.fields();
        directives = ResponseDirectives.of(fields);
    }

    /**
     * What there is to say about a response, the worst first.
     *
     * @param head as the origin sent it
     * @param storing why the cache may store it or not; null when that was not asked
     */
    static List<Finding> of(ResponseHead head, CachePolicy policy, @Nullable Reason storing, long now) {
        if (storing != null && storing.forwardToken() != null) {
            String text =
                    "the cache stood aside for this request, so its response is not judged: " + storing.sentence();
            return List.of(new Finding(Level.NOTE, text, storing.section()));
        }
        ResponseLint lint = new ResponseLint(head, policy, now);
        lint.storing(storing);
        lint.storingDirectives();
        lint.cookies();
        lint.vary();
        lint.freshness();
        lint.lifetimes();
        lint.expires();
        lint.age();
        lint.date();
        lint.validators();
        lint.revalidation();
        lint.unknownDirectives();
        lint.oldFields();
        lint.findings.sort(Comparator.comparing(Finding::level));
        return lint.findings;
    }

    private void error(String text, String section) {
        findings.add(new Finding(Level.ERROR, text, section));
    }

    private void warn(String text, String section) {
        findings.add(new Finding(Level.WARNING, text, section));
    }

    private void note(String text, String section) {
        findings.add(new Finding(Level.NOTE, text, section));
    }

    private void storing(@Nullable Reason storing) {
        if (storing != null && !storing.allowsStoring()) {
            error("it is not stored: " + storing.sentence(), storing.section());
        }
    }

    /** RFC 9111 4.2.1: of directives that contradict each other, the strictest wins. */
    private void storingDirectives() {
        boolean lifetime = directives.maxAge() > 0 || directives.sMaxage() > 0;
        if (directives.noStore() && (lifetime || directives.isPublic()) && !directives.mustUnderstand()) {
            warn("no-store stands beside directives that want it stored; no-store wins", "RFC 9111 5.2.2.5");
        }
        if (directives.isPrivate() && directives.isPublic()) {
            warn("private and public contradict each other; private wins", "RFC 9111 5.2.2.7");
        }
        if (directives.isPrivate() && directives.sMaxage() != ResponseDirectives.ABSENT) {
            warn("s-maxage is for shared caches, and private keeps the response out of them", "RFC 9111 5.2.2.10");
        }
        if (!directives.privateFields().isEmpty()) {
            warn("most caches read private=\"…\" as private for the whole response", "RFC 9111 5.2.2.7");
        }
        if (directives.noCache() && (lifetime || directives.immutable())) {
            note("no-cache asks for validation before each reuse, so its lifetime means nothing", "RFC 9111 5.2.2.4");
        }
        if (!directives.noCacheFields().isEmpty()) {
            warn("most caches read no-cache=\"…\" as no-cache for the whole response", "RFC 9111 5.2.2.4");
        }
        boolean strict = directives.mustRevalidate() || directives.noCache();
        if (strict && (directives.staleIfError() > 0 || directives.staleWhileRevalidate() > 0)) {
            warn("must-revalidate or no-cache forbids the stale use that stale-… allows", "RFC 9111 4.2.4");
        }
        if (directives.mustUnderstand() && !directives.noStore()) {
            note("must-understand should have no-store beside it, for caches that do not know it", "RFC 9111 5.2.2.3");
        }
    }

    private void cookies() {
        if (!fields.contains("Set-Cookie") || directives.noStore()) {
            return;
        }
        if (directives.isPublic() || directives.sMaxage() > 0) {
            error(
                    "it sets a cookie and says that shared caches may store it: one user's cookie goes to others",
                    "RFC 9111 7.3");
        } else if (!directives.isPrivate()) {
            warn("it sets a cookie without private: a careless shared cache may hand it to others", "RFC 9111 7.3");
        }
    }

    private void vary() {
        String value = fields.combined("Vary");
        if (value == null) {
            if (fields.contains("Content-Encoding")) {
                warn(
                        "it has a content coding and no Vary: Accept-Encoding: clients may get one they cannot read",
                        "RFC 9110 12.5.5");
            }
            return;
        }
        Vary vary = Vary.of(fields);
        if (vary.any()) {
            error(
                    value.contains("*")
                            ? "Vary: * never matches another request"
                            : "Vary is malformed, so no request can be known to match",
                    "RFC 9111 4.1");
        }
        for (String name : vary.names()) {
            if (PERSONAL_FIELDS.contains(name)) {
                warn("Vary: " + name + " makes a variant for nearly every user", "RFC 9110 12.5.5");
            }
        }
        if (vary.names().size() > 4) {
            warn("Vary names " + vary.names().size() + " fields: few requests will match", "RFC 9110 12.5.5");
        }
    }

    private boolean hasExplicitFreshness() {
        return directives.maxAge() != ResponseDirectives.ABSENT
                || (shared && directives.sMaxage() != ResponseDirectives.ABSENT)
                || fields.contains("Expires");
    }

    private void freshness() {
        if (directives.noStore() || directives.noCache() || hasExplicitFreshness()) {
            return;
        }
        boolean guessable = Freshness.isHeuristicallyCacheable(status) || directives.isPublic();
        boolean guess = guessable && fields.contains("Last-Modified");
        warn(
                guess
                        ? "no explicit freshness: each cache guesses a lifetime of its own, or none; send max-age"
                        : "no explicit freshness: it is stale at once; send max-age",
                "RFC 9111 4.2.2");
    }

    private void lifetimes() {
        invalid("max-age", directives.maxAge(), "so it counts as stale");
        invalid("s-maxage", directives.sMaxage(), "so it counts as stale in shared caches");
        invalid("stale-while-revalidate", directives.staleWhileRevalidate(), "so it allows nothing");
        invalid("stale-if-error", directives.staleIfError(), "so it allows nothing");
        if (directives.immutable() && directives.maxAge() <= 0) {
            warn("immutable says something of the time while it is fresh, and there is none", "RFC 8246 2");
        }
    }

    private void invalid(String name, long seconds, String consequence) {
        if (seconds == ResponseDirectives.INVALID) {
            String section = name.startsWith("stale") ? "RFC 5861 3" : "RFC 9111 4.2.1";
            error(name + " is no number of seconds, or is repeated with different ones, " + consequence, section);
        }
    }

    private void expires() {
        List<String> values = fields.values("Expires");
        if (values.isEmpty()) {
            return;
        }
        boolean overridden = directives.maxAge() != ResponseDirectives.ABSENT;
        String consequence = overridden ? "; max-age decides" : ", so it counts as expired";
        if (values.stream().distinct().count() > 1) {
            warn("Expires is repeated with different dates" + consequence, "RFC 9111 5.3");
            return;
        }
        long expires = HttpDate.parse(values.get(0), now);
        if (expires == HttpDate.INVALID) {
            // Expires: 0 is a habit that means "now", and is read so.
            String text = "Expires is no date (" + values.get(0) + ")" + consequence;
            findings.add(new Finding(overridden ? Level.NOTE : Level.WARNING, text, "RFC 9111 5.3"));
            return;
        }
        long date = HttpDate.parse(fields.first("Date"), now);
        long start = date == HttpDate.INVALID ? now : date;
        if (directives.maxAge() >= 0 && Math.abs(expires - start - directives.maxAge() * 1000) > CLOCK_SLACK) {
            note("Expires and max-age speak of different times; max-age wins", "RFC 9111 5.3");
        }
    }

    private void age() {
        List<String> values = fields.values("Age");
        if (values.isEmpty()) {
            return;
        }
        if (values.size() > 1 || DeltaSeconds.parse(values.get(0).strip()) == DeltaSeconds.INVALID) {
            warn("Age is no single number of seconds", "RFC 9111 5.1");
            return;
        }
        long age = DeltaSeconds.ageSeconds(fields);
        long lifetime = shared && directives.sMaxage() != ResponseDirectives.ABSENT
                ? directives.sMaxage()
                : directives.maxAge();
        if (lifetime >= 0 && age >= lifetime && lifetime > 0) {
            warn(
                    "it arrives stale: its Age of " + age + " s has reached its lifetime of " + lifetime + " s",
                    "RFC 9111 4.2");
        }
    }

    private void date() {
        String text = fields.first("Date");
        if (text == null) {
            warn("no Date: its age has to be guessed from when it was received", "RFC 9110 6.6.1");
            return;
        }
        long date = HttpDate.parse(text, now);
        if (date == HttpDate.INVALID) {
            warn("Date is no date (" + text + "): its age has to be guessed", "RFC 9110 6.6.1");
        } else if (date > now + CLOCK_SLACK) {
            warn("Date is in the future: the clocks of the origin and of this machine differ", "RFC 9111 4.2.3");
        }
    }

    private void validators() {
        EntityTag tag = EntityTag.parse(fields.first("ETag"));
        String lastModified = fields.first("Last-Modified");
        long modified = HttpDate.parse(lastModified, now);
        if (tag != null && tag.weak()) {
            boolean malformed = !tag.text().startsWith("W/\"");
            findings.add(new Finding(
                    malformed ? Level.WARNING : Level.NOTE,
                    malformed
                            ? "ETag is not quoted as it should be (" + tag.text() + ")"
                            : "the ETag is weak: fine for validation, of no use for ranges",
                    malformed ? "RFC 9110 8.8.3" : "RFC 9110 8.8.1"));
        }
        if (lastModified != null && modified == HttpDate.INVALID) {
            warn("Last-Modified is no date (" + lastModified + ")", "RFC 9110 8.8.2");
        } else if (lastModified != null && modified > now + CLOCK_SLACK) {
            warn("Last-Modified is in the future", "RFC 9110 8.8.2.1");
        }
        if (tag == null && modified != HttpDate.INVALID && !directives.noStore()) {
            note("Last-Modified is the only validator: it does not see two changes in one second", "RFC 9110 8.8.2.2");
        }
        if (tag == null && modified == HttpDate.INVALID && !directives.noStore() && status != 304) {
            warn("no validator: when it is stale, all of it has to be sent again; send an ETag", "RFC 9111 4.3.1");
        }
    }

    private void revalidation() {
        boolean validator = fields.contains("ETag") || fields.contains("Last-Modified");
        if (!directives.noStore() && directives.noCache() && !validator) {
            error("no-cache without a validator: it is stored for nothing", "RFC 9111 5.2.2.4");
        }
        boolean never = directives.maxAge() == 0 && !directives.noStore() && !validator;
        if (never) {
            error("max-age=0 without a validator: it is stored for nothing", "RFC 9111 5.2.2.1");
        }
    }

    /** RFC 9111 5.2.3: unknown directives are ignored, so a typing mistake goes unnoticed. */
    private void unknownDirectives() {
        String value = fields.combined("Cache-Control");
        if (value == null) {
            return;
        }
        for (String member : members(value)) {
            int end = member.indexOf('=');
            String name = (end < 0 ? member : member.substring(0, end)).strip().toLowerCase(Locale.ROOT);
            if (name.isEmpty() || KNOWN_DIRECTIVES.contains(name)) {
                continue;
            }
            String meant = meant(name);
            if (REQUEST_DIRECTIVES.contains(name)) {
                warn(name + " is for requests and means nothing in a response", "RFC 9111 5.2.1");
            } else if (meant != null) {
                warn(name + " is no directive and is ignored; " + meant + " is", "RFC 9111 5.2.3");
            } else {
                note(name + " is a directive that this cache does not know and ignores", "RFC 9111 5.2.3");
            }
        }
    }

    private static List<String> members(String value) {
        List<String> members = new ArrayList<>();
        boolean quoted = false;
        int start = 0;
        for (int i = 0; i <= value.length(); i++) {
            if (i == value.length() || (value.charAt(i) == ',' && !quoted)) {
                members.add(value.substring(start, i));
                start = i + 1;
            } else if (value.charAt(i) == '"') {
                quoted = !quoted;
            }
        }
        return members;
    }

    /** The directive that differs only by what people mistype. */
    private static @Nullable String meant(String name) {
        String letters = lettersOf(name);
        for (String known : KNOWN_DIRECTIVES) {
            if (lettersOf(known).equals(letters)) {
                return known;
            }
        }
        return null;
    }

    private static String lettersOf(String name) {
        StringBuilder letters = new StringBuilder();
        name.chars().filter(c -> c >= 'a' && c <= 'z').forEach(c -> letters.append((char) c));
        return letters.toString();
    }

    private void oldFields() {
        if (fields.contains("Pragma")) {
            boolean alone = !fields.contains("Cache-Control");
            String text = "Pragma means nothing in a response" + (alone ? "; say it with Cache-Control" : "");
            findings.add(new Finding(alone ? Level.WARNING : Level.NOTE, text, "RFC 9111 5.4"));
        }
        if (fields.contains("Warning")) {
            note("Warning is obsolete", "RFC 9111 5.5");
        }
    }
}
