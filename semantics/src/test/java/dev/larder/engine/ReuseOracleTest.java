package dev.larder.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.http.HttpDate;
import dev.larder.policy.CacheControls;
import dev.larder.policy.CachePolicy;
import dev.larder.rules.StoredResponse;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random requests, responses and clocks: nothing is stored or reused that {@link ReuseOracle} forbids, and what nobody could
 * object to is reused.
 */
class ReuseOracleTest {
    private static final int ROUNDS = 100_000;
    private static final long START = Instant.parse("2026-06-01T12:00:00Z").toEpochMilli();

    private static final List<String> RESPONSE_DIRECTIVES = List.of(
            "no-cache",
            "no-store",
            "private",
            "public",
            "must-revalidate",
            "proxy-revalidate",
            "must-understand",
            "immutable",
            "no-cache=\"x\"",
            "private=\"x\"",
            "NO-STORE",
            "Private",
            "foo=\"no-store, max-age=1000\"",
            "foo=bar");
    private static final List<String> NUMBERED =
            List.of("max-age", "s-maxage", "stale-while-revalidate", "stale-if-error", "Max-Age");
    private static final List<String> REQUEST_DIRECTIVES =
            List.of("no-cache", "no-store", "max-stale", "max-age=#", "min-fresh=#", "max-stale=#", "no-transform");
    private static final List<String> NUMBERS = List.of(
            "0", "1", "10", "59", "60", "61", "3600", "99999999999999999999", "-1", "1.5", "x", "", "\"60\"", " 60");
    private static final List<Integer> STATUSES =
            List.of(200, 200, 200, 200, 203, 204, 206, 301, 302, 304, 404, 410, 416, 429, 431, 500, 503, 299, 599);

    private record Triple(
            long round, RawHead first, RawHead response, long sentAt, long receivedAt, RawHead request, long now) {}

    private final Random random = new Random(20260601);

    private static ReuseOracle oracle(boolean shared, CachePolicy policy) {
        return new ReuseOracle(shared, policy.understoodStatuses(), policy.heuristicPercent());
    }

    private static CachePolicy policy(boolean shared) {
        CachePolicy.Builder builder = shared ? CachePolicy.sharedCache() : CachePolicy.privateCache();
        return builder.heuristics(true).storeSetCookie(true).build();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void nothingIsReusedThatTheOracleForbids(boolean shared) {
        CachePolicy policy = policy(shared);
        CacheEngine engine = new CacheEngine(policy, () -> "ff", () -> Long.MAX_VALUE);
        ReuseOracle oracle = oracle(shared, policy);
        int stored = 0;
        int served = 0;
        int forbidden = 0;
        for (int i = 0; i < ROUNDS; i++) {
            Triple triple = triple(i);
            StoredResponse kept = store(engine, triple);
            if (kept == null) {
                continue;
            }
            stored++;
            assertThat(oracle.forbidsStoring(triple.first(), triple.response()))
                    .as("stored: %s", triple)
                    .isNull();
            String objection = oracle.forbidsReuse(
                    triple.first(),
                    triple.response(),
                    triple.sentAt(),
                    triple.receivedAt(),
                    triple.request(),
                    triple.now());
            if (serves(engine, kept, triple)) {
                served++;
                assertThat(objection).as("reused: %s", triple).isNull();
            } else if (objection != null) {
                forbidden++;
            }
        }
        // Otherwise the generator asks nothing.
        assertThat(stored).isGreaterThan(ROUNDS / 20);
        assertThat(served).isGreaterThan(ROUNDS / 200);
        assertThat(forbidden).isGreaterThan(ROUNDS / 50);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatIsPlainlyFreshIsReused(boolean shared) {
        CacheEngine engine = new CacheEngine(policy(shared), () -> "ff", () -> Long.MAX_VALUE);
        for (int i = 0; i < 10_000; i++) {
            long lifetime = 1 + random.nextInt(1000);
            RawHead get = new RawHead("GET http://example.com/a", List.of());
            RawHead response = new RawHead("200", List.of("Cache-Control: max-age=" + lifetime));
            long later = random.nextInt((int) lifetime * 1000);
            Triple triple = new Triple(i, get, response, START, START, get, START + later);
            StoredResponse kept = store(engine, triple);
            assertThat(kept).as("%s", triple).isNotNull();
            assertThat(serves(engine, kept, triple)).as("%s", triple).isTrue();
        }
    }

    /** An oracle that never objects would find nothing wrong with anything. */
    @Test
    void theOracleObjectsToWhatIsDoctored() {
        ReuseOracle oracle = oracle(true, policy(true));
        RawHead get = new RawHead("GET http://example.com/a", List.of());
        RawHead fresh = new RawHead("200", List.of("Cache-Control: max-age=60"));
        long inTime = START + 59_000;
        assertThat(oracle.forbidsReuse(get, fresh, START, START, get, inTime)).isNull();
        assertThat(oracle.forbidsReuse(get, fresh, START, START, get, START + 60_000))
                .isNotNull();
        for (String line : List.of(
                "Cache-Control: no-cache",
                "Cache-Control: no-store",
                "Cache-Control: private",
                "Age: 10",
                "Vary: *",
                "Cache-Control: s-maxage=1")) {
            assertThat(oracle.forbidsReuse(get, fresh.with(line), START, START, get, inTime))
                    .as(line)
                    .isNotNull();
        }
        RawHead authorized = get.with("Authorization: a");
        assertThat(oracle.forbidsReuse(authorized, fresh, START, START, get, inTime))
                .isNotNull();
        RawHead other = new RawHead("GET http://example.com/b", List.of());
        assertThat(oracle.forbidsReuse(get, fresh, START, START, other, inTime)).isNotNull();
    }

    private static @Nullable StoredResponse store(CacheEngine engine, Triple triple) {
        CacheStep step = engine.begin(triple.first().toRequest(), RequestContent.NONE, CacheControls.NONE);
        while (!(step instanceof Outcome)) {
            if (step instanceof Lookup lookup) {
                step = lookup.found(List.of(), triple.sentAt());
            } else if (step instanceof Join join) {
                step = join.lead();
            } else if (step instanceof Forward forward) {
                step = forward.responded(triple.response().toResponse(), triple.sentAt(), triple.receivedAt());
            } else if (step instanceof Invalidate invalidate) {
                step = invalidate.done();
            } else {
                throw new IllegalStateException(step + " for " + triple);
            }
        }
        return step instanceof Outcome.StoreAndServe outcome ? outcome.stored() : null;
    }

    private static boolean serves(CacheEngine engine, StoredResponse stored, Triple triple) {
        CacheStep step = engine.begin(triple.request().toRequest(), RequestContent.NONE, CacheControls.NONE);
        if (!(step instanceof Lookup lookup)) {
            return false;
        }
        boolean sameKey = lookup.key().equals(stored.key());
        CacheStep next = lookup.found(sameKey ? List.of(CacheEngineTest.candidate(stored)) : List.of(), triple.now());
        return next instanceof Outcome.ServeStored || next instanceof Outcome.NotModified;
    }

    // What is asked.

    private Triple triple(long round) {
        long sentAt = START + random.nextInt(3000);
        long receivedAt = sentAt + (one(4) ? random.nextInt(5000) : random.nextInt(200));
        long now =
                receivedAt + pick(List.of(0L, 1L, 10L, 59L, 60L, 61L, 100L, 3600L, -5L)) * 1000 + random.nextInt(3) - 1;
        RawHead first = request(true);
        return new Triple(round, first, response(receivedAt), sentAt, receivedAt, again(first), now);
    }

    private RawHead request(boolean first) {
        String method = one(20) ? pick(List.of("HEAD", "POST", "PUT", "OPTIONS", "FOO")) : "GET";
        String uri = one(20)
                ? pick(List.of("http://example.com/b", "http://example.com/a?", "HTTP://Example.com:80/a"))
                : "http://example.com/a";
        List<String> lines = new ArrayList<>();
        if (one(6)) {
            lines.add("Authorization: Basic x");
        }
        if (one(first ? 30 : 3)) {
            lines.add("Cache-Control: " + numbered(pick(REQUEST_DIRECTIVES)));
        }
        if (one(3)) {
            lines.add("Accept-Language: " + pick(List.of("en", "EN", "de, en", "de,en;q=1.0", "")));
        }
        if (one(3)) {
            lines.add("X-A: " + pick(List.of("1", "2", "1, 2", "1,2", "")));
        }
        return new RawHead(method + " " + uri, lines);
    }

    /** Mostly the same request once more, or nothing would ever be reused. */
    private RawHead again(RawHead first) {
        if (one(3)) {
            return request(false);
        }
        RawHead same = new RawHead(one(10) ? "HEAD " + first.uri() : first.start(), first.lines());
        return one(3) ? same.with("Cache-Control: " + numbered(pick(REQUEST_DIRECTIVES))) : same;
    }

    private RawHead response(long receivedAt) {
        List<String> lines = new ArrayList<>();
        for (int i = random.nextInt(3); i > 0; i--) {
            lines.add("Cache-Control: " + directives());
        }
        if (one(2)) {
            lines.add("Date: " + date(receivedAt, 0, 0, 0, -1, -30, 30, -100));
        }
        for (int i = one(20) ? 2 : one(3) ? 1 : 0; i > 0; i--) {
            lines.add("Expires: "
                    + (one(5) ? pick(List.of("0", "-1", "soon")) : date(receivedAt, -10, 0, 1, 10, 60, 3600)));
        }
        if (one(3)) {
            lines.add("Age: " + pick(List.of("0", "1", "30", "60", "-1", "x", "5, 0", "99999999999")));
        }
        if (one(3)) {
            lines.add("Last-Modified: " + date(receivedAt, -10, -1000, -100_000, 100));
        }
        if (one(3)) {
            lines.add(
                    "Vary: " + pick(List.of("X-A", "x-a, Accept-Language", "*", ", X-A", "Accept-Language,*", "X-B")));
        }
        if (one(3)) {
            lines.add("ETag: \"1\"");
        }
        return new RawHead(String.valueOf(pick(STATUSES)), lines);
    }

    private String directives() {
        List<String> directives = new ArrayList<>();
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            directives.add(one(3) ? pick(RESPONSE_DIRECTIVES) : numbered(pick(NUMBERED) + "=#"));
        }
        return String.join(pick(List.of(", ", ",", " , ", ",,")), directives);
    }

    private String numbered(String directive) {
        return directive.replace("#", one(2) ? pick(NUMBERS) : String.valueOf(random.nextInt(100)));
    }

    private String date(long around, Integer... secondsLater) {
        String date = HttpDate.format(around / 1000 * 1000 + pick(List.of(secondsLater)) * 1000L);
        return one(15) ? date.replace("GMT", pick(List.of("UTC", "+0000", "gmt", ""))) : date;
    }

    private boolean one(int of) {
        return random.nextInt(of) == 0;
    }

    private <T> T pick(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }
}
