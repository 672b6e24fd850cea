package dev.larder.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RequestDirectivesTest {

    private static RequestDirectives of(String cacheControl) {
        return RequestDirectives.of(HttpFields.of("Cache-Control", cacheControl));
    }

    @Test
    @DisplayName("R9111-117 all seven directives and stale-if-error")
    @Tag("R9111-117")
    void all() {
        RequestDirectives all = of("max-age=1, max-stale=2, min-fresh=3, no-cache, no-store, no-transform, "
                + "only-if-cached, stale-if-error=4");
        assertThat(all.maxAge()).isEqualTo(1);
        assertThat(all.maxStale()).isEqualTo(2);
        assertThat(all.minFresh()).isEqualTo(3);
        assertThat(all.noCache()).isTrue();
        assertThat(all.noStore()).isTrue();
        assertThat(all.noTransform()).isTrue();
        assertThat(all.onlyIfCached()).isTrue();
        assertThat(all.staleIfError()).isEqualTo(4);
    }

    @Test
    void absent() {
        RequestDirectives none = RequestDirectives.of(HttpFields.of("Accept", "*/*"));
        assertThat(none).isSameAs(RequestDirectives.NONE);
        assertThat(none.maxAge()).isEqualTo(RequestDirectives.ABSENT);
        assertThat(none.maxStale()).isEqualTo(RequestDirectives.ABSENT);
        assertThat(none.minFresh()).isEqualTo(RequestDirectives.ABSENT);
        assertThat(none.staleIfError()).isEqualTo(RequestDirectives.ABSENT);
        assertThat(none.noCache() || none.noStore() || none.noTransform() || none.onlyIfCached())
                .isFalse();
    }

    @Test
    @DisplayName("R9111-120 max-stale with, without and with a bad argument")
    void maxStale() {
        assertThat(of("max-stale").maxStale()).isEqualTo(RequestDirectives.ANY);
        assertThat(of("Max-Stale=\"9\"").maxStale()).isEqualTo(9);
        assertThat(of("max-stale=99999999999").maxStale()).isEqualTo(DeltaSeconds.MAX);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "max-stale=abc",
                "max-stale=",
                "max-stale=-1",
                "max-stale = 5",
                "max-stale;",
                "max-stale x",
                "max-stale, max-stale=5",
                "max-stale=5, max-stale=6",
                "foo=\"max-stale\"",
                "x=\", max-stale"
            })
    @DisplayName("R9111-120, Q3 a max-stale that is not well formed grants nothing")
    @Tag("R9111-120")
    void badMaxStale(String value) {
        assertThat(of(value).maxStale()).isEqualTo(RequestDirectives.ABSENT);
        assertThat(of(value.replace("max-stale", "stale-if-error")).staleIfError())
                .isEqualTo(RequestDirectives.ABSENT);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "max-age=abc",
                "max-age",
                "max-age =5",
                "max-age=-1",
                "max-age=5;",
                "max-age=5, max-age=6",
                "x max-age=5"
            })
    @DisplayName("R9111-118, Q3 an unreadable max-age is read strictly")
    void badMaxAge(String value) {
        assertThat(of(value).maxAge()).isZero();
        assertThat(of(value.replace("max-age", "min-fresh")).minFresh()).isEqualTo(DeltaSeconds.MAX);
    }

    @ParameterizedTest
    @ValueSource(strings = {"no-cache", "NO-CACHE;", "x no-cache", "no-cache=\"", "foo, no-cache"})
    @DisplayName("R9111-153, Q16 Pragma: no-cache counts when there is no Cache-Control")
    @Tag("R9111-153")
    @Tag("Q16")
    void pragma(String pragma) {
        assertThat(RequestDirectives.of(HttpFields.of("Pragma", pragma)).noCache())
                .isTrue();
        HttpFields both = HttpFields.of("Pragma", pragma, "Cache-Control", "max-age=5");
        assertThat(RequestDirectives.of(both).noCache()).isFalse();
    }

    @Test
    @DisplayName("R9111-153 no other pragma counts")
    void otherPragma() {
        RequestDirectives other = RequestDirectives.of(HttpFields.of("Pragma", "no-store, max-age=5"));
        assertThat(other.noStore()).isFalse();
        assertThat(other.maxAge()).isEqualTo(RequestDirectives.ABSENT);
    }

    @Test
    @DisplayName("R8246-003 immutable has no effect in requests; R9111-148 neither have unknown directives")
    void unknown() {
        RequestDirectives unknown = of("immutable, foo=bar, baz=\"no-store, max-age=5\"");
        assertThat(unknown.noStore()).isFalse();
        assertThat(unknown.maxAge()).isEqualTo(RequestDirectives.ABSENT);
    }
}
