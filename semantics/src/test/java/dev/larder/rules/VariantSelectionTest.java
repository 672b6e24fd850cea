package dev.larder.rules;

import static dev.larder.rules.Heads.candidate;
import static dev.larder.rules.Heads.date;
import static dev.larder.rules.Heads.get;
import static dev.larder.rules.Heads.storedFor;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VariantSelectionTest {
    private static final Candidate FRENCH =
            candidate(storedFor(get("Accept-Language", "fr"), "Vary", "Accept-Language", "Date", date(0)));
    private static final Candidate GERMAN =
            candidate(storedFor(get("Accept-Language", "de"), "Vary", "Accept-Language", "Date", date(1)));
    private static final Candidate PLAIN = candidate(storedFor(get(), "Date", date(0)));

    @Test
    @Tag("R9111-043")
    void theVariantWhoseFieldsMatchIsSelected() {
        assertThat(VariantSelection.select(List.of(FRENCH, GERMAN), get("Accept-Language", "fr")))
                .isSameAs(FRENCH);
        assertThat(VariantSelection.select(List.of(FRENCH, GERMAN), get("Accept-Language", "de")))
                .isSameAs(GERMAN);
        assertThat(VariantSelection.select(List.of(FRENCH, GERMAN), get("Accept-Language", "en")))
                .isNull();
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "absent",
            value = {"absent, absent, true", "absent, '', false", "'', absent, false", "a, absent, false"})
    @Tag("R9111-054")
    void absentMatchesAbsentOnly(String stored, String presented, boolean matches) {
        StoredResponse response = storedFor(stored == null ? get() : get("X-A", stored), "Vary", "x-a");
        assertThat(response.selectedBy((presented == null ? get() : get("X-A", presented)).fields()))
                .isEqualTo(matches);
    }

    @Test
    @Tag("R9111-053")
    void spacesAndLinesDoNotMatterButOrderDoes() {
        StoredResponse response = storedFor(get("X-A", "1, 2"), "Vary", "x-a");
        assertThat(response.selectedBy(get("X-A", "1", "X-A", "2").fields())).isTrue();
        assertThat(response.selectedBy(get("X-A", "1 ,2").fields())).isTrue();
        assertThat(response.selectedBy(get("X-A", "2, 1").fields())).isFalse();
    }

    @Test
    @Tag("R9111-049")
    @Tag("R9111-057")
    void ofSeveralThatMatchTheMostRecentByDateIsUsed() {
        Candidate older = candidate(storedFor(get("A", "1"), "Vary", "A", "Date", date(-10)));
        Candidate newer = candidate(storedFor(get("B", "2"), "Vary", "B", "Date", date(-5)));
        assertThat(VariantSelection.select(List.of(older, newer), get("A", "1", "B", "2")))
                .isSameAs(newer);
        assertThat(VariantSelection.select(List.of(newer, older), get("A", "1", "B", "2")))
                .isSameAs(newer);
    }

    @Test
    @Tag("R9111-058")
    @Tag("Q19")
    void aResponseWithoutVaryStandsBackBehindOneWith() {
        assertThat(VariantSelection.select(List.of(PLAIN, GERMAN), get("Accept-Language", "de")))
                .isSameAs(GERMAN);
        assertThat(VariantSelection.select(List.of(PLAIN, GERMAN), get("Accept-Language", "en")))
                .isNull();
        Candidate newest = candidate(storedFor(get(), "Date", date(100)));
        assertThat(VariantSelection.select(List.of(newest, GERMAN), get("Accept-Language", "en")))
                .isSameAs(newest);
        assertThat(VariantSelection.select(List.of(newest, GERMAN), get("Accept-Language", "de")))
                .isSameAs(GERMAN);
    }

    @Test
    void secretsAreKeptAsDigestsOnly_J3() {
        StoredResponse response =
                storedFor(get("Cookie", "id=secret", "Accept", "text/html"), "Vary", "Cookie, Accept");
        assertThat(response.selecting().toString()).doesNotContain("secret").contains("text/html");
        assertThat(response.selectedBy(
                        get("Cookie", "id=secret", "Accept", "text/html").fields()))
                .isTrue();
        assertThat(response.selectedBy(
                        get("Cookie", "id=other", "Accept", "text/html").fields()))
                .isFalse();
        StoredResponse same = storedFor("0abc", get("Cookie", "id=secret"), "Vary", "Cookie");
        assertThat(same.selecting()).doesNotContain(response.selecting().get(0));
    }
}
