package dev.larder.rules;

import static dev.larder.rules.Heads.NOW;
import static dev.larder.rules.Heads.NOW_DATE;
import static dev.larder.rules.Heads.date;
import static dev.larder.rules.Heads.get;
import static dev.larder.rules.Heads.stored;
import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.http.RequestDirectives;
import dev.larder.policy.CachePolicy;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@ParameterizedClass(name = "shared: {0}")
@ValueSource(booleans = {false, true})
class FreshnessTest {
    private static final CachePolicy PRIVATE = CachePolicy.DEFAULT;
    private static final CachePolicy SHARED = CachePolicy.sharedCache().build();

    @Parameter
    boolean shared;

    /** The default policy of a cache of the kind that this run is about. */
    private CachePolicy policy() {
        return (shared ? CachePolicy.sharedCache() : CachePolicy.privateCache()).build();
    }

    private CachePolicy heuristic() {
        return policy().toBuilder().heuristics(true).build();
    }

    private static Reason reuse(StoredResponse stored, long secondsLater, CachePolicy policy, String... request) {
        return Freshness.reuse(
                stored,
                stored.digest(policy),
                RequestDirectives.of(get(request).fields()),
                policy,
                NOW + secondsLater * 1000);
    }

    @Test
    @Tag("R9111-060")
    void freshUntilTheLifetimeIsReached() {
        StoredResponse stored = stored("Cache-Control", "max-age=60", "Date", NOW_DATE);
        assertThat(reuse(stored, 0, policy())).isEqualTo(Reason.FRESH);
        assertThat(reuse(stored, 59, policy())).isEqualTo(Reason.FRESH);
        assertThat(reuse(stored, 60, policy())).isEqualTo(Reason.STALE);
    }

    @ParameterizedTest
    @CsvSource({
        "'s-maxage=10, max-age=20', 30, 10, S_MAXAGE, 20, MAX_AGE",
        "'max-age=20', 30, 20, MAX_AGE, 20, MAX_AGE",
        "'foo', 30, 30, EXPIRES, 30, EXPIRES",
        "'s-maxage=x, max-age=20', 30, 0, INVALID, 20, MAX_AGE",
        "'max-age=x', 30, 0, INVALID, 0, INVALID",
        "'max-age=0', 30, 0, MAX_AGE, 0, MAX_AGE",
    })
    @Tag("R9111-066")
    @Tag("R9111-150")
    void theFirstSourceThatIsPresentDecides(
            String value, long expires, long shared, LifetimeSource inShared, long own, LifetimeSource inPrivate) {
        StoredResponse stored = stored("Cache-Control", value, "Expires", date(expires), "Date", NOW_DATE);
        assertThat(stored.digest(SHARED).lifetime()).isEqualTo(shared * 1000);
        assertThat(stored.digest(SHARED).lifetimeSource()).isEqualTo(inShared);
        assertThat(stored.digest(PRIVATE).lifetime()).isEqualTo(own * 1000);
        assertThat(stored.digest(PRIVATE).lifetimeSource()).isEqualTo(inPrivate);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "-1", "", "Thu, 18 Aug 2050 02:01:18 UTC", "Thu, 18-Aug-2050 02:01:18 GMT"})
    @Tag("R9111-149")
    void anInvalidExpiresIsInThePast(String expires) {
        StoredResponse stored = stored("Expires", expires, "Date", NOW_DATE, "Last-Modified", date(-1_000_000));
        assertThat(reuse(stored, 0, heuristic())).isEqualTo(Reason.INVALID_FRESHNESS);
    }

    @Test
    @Tag("Q1")
    @Tag("R9111-068")
    void expiresThatContradictOneAnotherAreStaleAndEqualOnesCount() {
        assertThat(reuse(stored("Expires", date(60), "Expires", date(90), "Date", NOW_DATE), 0, policy()))
                .isEqualTo(Reason.INVALID_FRESHNESS);
        assertThat(reuse(stored("Expires", date(60), "Expires", date(60), "Date", NOW_DATE), 59, policy()))
                .isEqualTo(Reason.FRESH);
    }

    @Test
    @Tag("R9111-067")
    @Tag("Q31")
    void expiresCountsFromDateAndFromReceiptWithoutDate() {
        assertThat(stored("Expires", date(60)).digest(policy()).lifetime()).isEqualTo(60_000);
        assertThat(stored("Expires", date(60), "Date", "foo").digest(policy()).lifetime())
                .isEqualTo(60_000);
        assertThat(stored("Expires", date(60), "Date", date(-100))
                        .digest(policy())
                        .lifetime())
                .isEqualTo(160_000);
    }

    @Test
    @Tag("R9111-074")
    void heuristicsAreATenthOfTheTimeSinceLastModified() {
        StoredResponse stored = stored("Last-Modified", date(-1000), "Date", NOW_DATE);
        assertThat(reuse(stored, 99, heuristic())).isEqualTo(Reason.FRESH);
        assertThat(reuse(stored, 101, heuristic())).isEqualTo(Reason.STALE);
        assertThat(reuse(stored, 1, policy())).isEqualTo(Reason.NO_FRESHNESS);
        assertThat(reuse(stored("Last-Modified", date(1000), "Date", NOW_DATE), 1, heuristic()))
                .isEqualTo(Reason.NO_FRESHNESS);
    }

    @Test
    void heuristicsHaveALimit() {
        StoredResponse stored = stored("Last-Modified", date(-100_000_000), "Date", NOW_DATE);
        assertThat(stored.digest(heuristic()).lifetime())
                .isEqualTo(Duration.ofDays(1).toMillis());
    }

    @ParameterizedTest
    @CsvSource({
        "max-age=10, 10, FRESH",
        "max-age=10, 11, REQUEST_MAX_AGE",
        "max-age=0, 0, FRESH",
        "max-age=0, 1, REQUEST_MAX_AGE",
        "min-fresh=10, 50, FRESH",
        "min-fresh=10, 51, REQUEST_MIN_FRESH",
        "min-fresh=x, 0, REQUEST_MIN_FRESH",
        "max-stale, 9999, STALE_ACCEPTED",
        "max-stale=10, 70, STALE_ACCEPTED",
        "max-stale=10, 71, STALE",
        "max-stale=abc, 60, STALE",
        "no-cache, 0, REQUEST_NO_CACHE",
        "foo=bar, 59, FRESH",
        "'max-age=3600', 60, STALE",
    })
    @Tag("R9111-118")
    @Tag("R9111-119")
    @Tag("R9111-120")
    @Tag("R9111-121")
    @Tag("R9111-122")
    void requestDirectivesNarrowOrWiden(String directive, long later, Reason reason) {
        StoredResponse stored = stored("Cache-Control", "max-age=60", "Date", NOW_DATE);
        assertThat(reuse(stored, later, policy(), "Cache-Control", directive)).isEqualTo(reason);
    }

    @ParameterizedTest
    @CsvSource({
        "must-revalidate, STALE, STALE",
        "proxy-revalidate, STALE_ACCEPTED, STALE",
        "s-maxage=60, STALE_ACCEPTED, STALE",
        "'no-cache', RESPONSE_NO_CACHE, RESPONSE_NO_CACHE",
        "'no-cache=\"a\"', RESPONSE_NO_CACHE, RESPONSE_NO_CACHE",
    })
    @Tag("R9111-080")
    @Tag("R9111-129")
    @Tag("R9111-145")
    @Tag("Q13")
    void maxStaleNeverOverridesWhatForbidsStaleUse(String directive, Reason own, Reason shared) {
        StoredResponse stored = stored("Cache-Control", "max-age=60, " + directive, "Date", NOW_DATE);
        assertThat(reuse(stored, 100, PRIVATE, "Cache-Control", "max-stale")).isEqualTo(own);
        assertThat(reuse(stored, 100, SHARED, "Cache-Control", "max-stale")).isEqualTo(shared);
    }

    @Test
    @Tag("R9111-079")
    void aClockThatWentBackNeverMakesAgeNegativeNorLifetimeLonger() {
        StoredResponse stored = stored("Cache-Control", "max-age=60", "Date", NOW_DATE);
        assertThat(stored.digest(policy()).currentAge(stored, NOW - 100_000)).isZero();
        assertThat(reuse(stored, -100, policy())).isEqualTo(Reason.CLOCK_WENT_BACK);
        assertThat(reuse(stored, -10, policy())).isEqualTo(Reason.FRESH);
    }

    @Test
    @Tag("R9111-076")
    void agesFollowTheFormula() {
        Random random = new Random(42);
        for (int i = 0; i < 100_000; i++) {
            long requestTime = NOW - random.nextInt(10_000);
            long responseTime = requestTime + random.nextInt(10_000);
            long dateSkew = random.nextInt(200) - 100;
            long age = random.nextInt(3) == 0 ? -1 : random.nextInt(500);
            long date = Math.floorDiv(responseTime, 1000) + dateSkew;
            StoredResponse stored = Heads.stored(
                            age < 0
                                    ? new String[] {"Date", httpDate(date)}
                                    : new String[] {"Date", httpDate(date), "Age", Long.toString(age)})
                    .toBuilder()
                    .times(requestTime, responseTime)
                    .build();
            long now = responseTime + random.nextInt(100_000);
            long apparentAge = Math.max(0, Math.floorDiv(responseTime, 1000) - date) * 1000;
            long correctedAge = Math.max(0, age) * 1000 + (responseTime - requestTime);
            assertThat(stored.digest(policy()).currentAge(stored, now))
                    .isEqualTo(Math.max(apparentAge, correctedAge) + (now - responseTime));
        }
    }

    private static String httpDate(long epochSecond) {
        return dev.larder.http.HttpDate.format(epochSecond * 1000);
    }

    @ParameterizedTest
    @ValueSource(strings = {"2147483647", "2147483648", "2147483649", "99999999999", "9223372036854775807", "1e40"})
    @Tag("R9111-002")
    void hugeNumbersNeitherOverflowNorThrow(String number) {
        String digits = number.equals("1e40") ? "1" + "0".repeat(40) : number;
        StoredResponse fresh = stored("Cache-Control", "max-age=" + digits, "Date", NOW_DATE);
        assertThat(reuse(fresh, 0, policy())).isEqualTo(Reason.FRESH);
        StoredResponse old = stored("Cache-Control", "max-age=60", "Date", NOW_DATE, "Age", digits);
        assertThat(reuse(old, 0, policy())).isEqualTo(Reason.STALE);
        assertThat(Long.parseLong(Age.fieldValue(old.digest(policy()).currentAge(old, NOW + 1_000_000))))
                .isBetween(2147483647L, 2147483648L);
    }

    @Test
    void aDigestOfAnotherPolicyIsWorkedOutAnew() {
        StoredResponse stored = stored("Cache-Control", "s-maxage=10, max-age=20", "Date", NOW_DATE);
        assertThat(stored.digest(PRIVATE).lifetime()).isEqualTo(20_000);
        assertThat(stored.digest(SHARED).lifetime()).isEqualTo(10_000);
        assertThat(stored.digest(SHARED)).isSameAs(stored.digest(SHARED));
    }
}
