package dev.larder.http;

import static dev.larder.http.ResponseDirectives.ABSENT;
import static dev.larder.http.ResponseDirectives.INVALID;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ResponseDirectivesTest {

    private static ResponseDirectives of(String... lines) {
        HttpFields.Builder fields = HttpFields.builder();
        for (String line : lines) {
            fields.add("cache-control", line);
        }
        return ResponseDirectives.of(fields.build());
    }

    @Test
    void all() {
        ResponseDirectives all = of("max-age=1, s-maxage=2, stale-while-revalidate=3, stale-if-error=4, no-store, "
                + "no-cache, private, public, must-revalidate, proxy-revalidate, must-understand, no-transform, "
                + "immutable");
        assertThat(all.maxAge()).isEqualTo(1);
        assertThat(all.sMaxage()).isEqualTo(2);
        assertThat(all.staleWhileRevalidate()).isEqualTo(3);
        assertThat(all.staleIfError()).isEqualTo(4);
        assertThat(all.noStore()).isTrue();
        assertThat(all.noCache()).isTrue();
        assertThat(all.isPrivate()).isTrue();
        assertThat(all.isPublic()).isTrue();
        assertThat(all.mustRevalidate()).isTrue();
        assertThat(all.proxyRevalidate()).isTrue();
        assertThat(all.mustUnderstand()).isTrue();
        assertThat(all.noTransform()).isTrue();
        assertThat(all.immutable()).isTrue();
    }

    @Test
    void absent() {
        ResponseDirectives none = ResponseDirectives.of(HttpFields.of("Pragma", "no-cache"));
        assertThat(none).isSameAs(ResponseDirectives.NONE);
        assertNothing(none);
    }

    private static void assertNothing(ResponseDirectives none) {
        assertThat(none.maxAge()).isEqualTo(ABSENT);
        assertThat(none.sMaxage()).isEqualTo(ABSENT);
        assertThat(none.staleWhileRevalidate()).isEqualTo(ABSENT);
        assertThat(none.staleIfError()).isEqualTo(ABSENT);
        assertThat(none.noStore() || none.noCache() || none.isPrivate() || none.isPublic())
                .isFalse();
        assertThat(none.mustRevalidate() || none.proxyRevalidate() || none.mustUnderstand())
                .isFalse();
        assertThat(none.noTransform() || none.immutable()).isFalse();
        assertThat(none.noCacheFields()).isEmpty();
        assertThat(none.privateFields()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "max-age=60",
                "MaX-AgE=60",
                "max-age=\"60\"",
                ",,max-age=60,,",
                " max-age=60 ,\tfoo",
                "foo, max-age=60",
                "max-age=60, max-age=60",
                "foo=\"a, max-age=9\", max-age=60",
                "foo=\"\\\"\", max-age=60",
                "junk word, max-age=60",
                "no-store;x, max-age=60",
                "foo = \"a, b\", max-age=60",
                "max-age=060"
            })
    @DisplayName("R9111-116, R9111-148, R9110-008, Q1, Q2 well-formed max-age is read, whatever stands beside it")
    @Tag("R9111-116")
    @Tag("Q2")
    void wellFormed(String value) {
        assertThat(of(value).maxAge()).isEqualTo(60);
        assertThat(of(value.replace("max-age", "s-maxage").replace("MaX-AgE", "S-MaxAge"))
                        .sMaxage())
                .isEqualTo(60);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "max-age", "max-age=", "max-age=\"\"", "max-age=a100", "max-age=100a", "max-age=3600.5",
                "max-age='3600'", "max-age=-1", "max-age=+5", "max-age=0x5", "max-age=5 5", "max-age=\"5 5\"",
                "max-age=\" 5\"", "max-age=\"60", "max-age=60\"", "max-age =60", "max-age= 60", "max-age = 60",
                "max-age:60", "max-age=60;", "max-age=60;public", "junk max-age=60", "max-age=60 junk", "=max-age=60",
                "max-age=60=70", "max-age=\"60\"x", "'max-age=60'", "\"max-age=60\"", "max-age.=60", "max-age=6\u00a00",
                "x=\"y, max-age=60", "x=\"y, max-age=60, z=\"w\"", "max-age=60, x=\"y, max-age=60", "x\"y\", max-age=60"
            })
    @DisplayName("R9111-004, R9111-070, Q3 an ill-formed max-age is explicit but of no use")
    @Tag("R9111-070")
    void illFormed(String value) {
        assertThat(of(value).maxAge()).isEqualTo(INVALID);
        assertThat(of(value.replace("max-age", "s-maxage")).sMaxage()).isEqualTo(INVALID);
        assertThat(of(value.replace("max-age", "stale-if-error")).staleIfError())
                .isEqualTo(INVALID);
        assertThat(of(value.replace("max-age", "stale-while-revalidate")).staleWhileRevalidate())
                .isEqualTo(INVALID);
    }

    @ParameterizedTest
    @CsvSource({"1,2", "2,1", "0,60", "60,x", "x,60"})
    @DisplayName("R9111-068, Q1 different values of one directive cancel each other, on one line or two")
    @Tag("R9111-068")
    @Tag("Q1")
    void conflicts(String first, String second) {
        assertThat(of("max-age=" + first + ", max-age=" + second).maxAge()).isEqualTo(INVALID);
        assertThat(of("max-age=" + first, "max-age=" + second).maxAge()).isEqualTo(INVALID);
        assertThat(of("max-age=5", "max-age=5").maxAge()).isEqualTo(5);
        assertThat(of("max-age=1, max-age=2, max-age=1").maxAge()).isEqualTo(INVALID);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ",",
                "foo",
                "foo=bar",
                "foo=no-store",
                "foo=\"a, max-age=9\"",
                "foo=\"no-store\"",
                "foo=\"private\"",
                "foo=\"\\\"no-store\"",
                "foo=\"max-age=3600\"",
                "x-no-store",
                "no-store-x",
                "no_store",
                "nostore",
                "max-age-x=5",
                "x.y=\"no-store\"",
                "foo = \"no-store, max-age=9\"",
                "privates, publicly"
            })
    @DisplayName("R9111-116, R9111-148 nothing is read into unknown directives and their arguments")
    @Tag("R9111-148")
    void unknown(String value) {
        assertNothing(of(value));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "public;",
                "public x",
                "x public",
                "public=\"x\"",
                "public=x",
                "public =x",
                "\"public\"",
                "'public'",
                "foo=\"public\"",
                "x=\", public",
                "public!"
            })
    @DisplayName("Q3 public, must-understand and immutable are granted by well-formed directives only")
    @Tag("Q3")
    void illFormedGrants(String value) {
        assertThat(of(value).isPublic()).isFalse();
        assertThat(of(value.replace("public", "must-understand")).mustUnderstand())
                .isFalse();
        if (!value.startsWith("public=")) {
            assertThat(of(value.replace("public", "immutable")).immutable()).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"immutable", "Immutable", "immutable=0", "immutable=\"x\"", "immutable, immutable"})
    @DisplayName("R8246-003 arguments and repeats of immutable are ignored")
    @Tag("R8246-003")
    void immutable(String value) {
        assertThat(of(value).immutable()).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`no-cache=\"set-cookie\"`|`set-cookie`",
                "`no-cache=\"A, b ,a\"`|`a;b`",
                "`No-Cache=\" x\"`|`x`",
                "`no-cache=\",a,,\"`|`a`",
                "`no-cache=\"a\", no-cache=\"b\"`|`a;b`"
            })
    @DisplayName("R9111-021, R9111-135, R9111-141, Q4 cleanly qualified no-cache and private name fields")
    void qualified(String value, String names) {
        assertThat(of(value).noCache()).isFalse();
        assertThat(of(value).noCacheFields()).containsExactly(names.split(";"));
        ResponseDirectives asPrivate = of(value.toLowerCase().replace("no-cache", "private"));
        assertThat(asPrivate.isPrivate()).isFalse();
        assertThat(asPrivate.privateFields()).containsExactly(names.split(";"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "private",
                "Private",
                "private=\"\"",
                "private = \"x\"",
                "private=\"x",
                "private=x",
                "private=",
                "private=\"a b\"",
                "private=\"a;b\"",
                "private=\"\\\"\"",
                "private;x",
                "private=\",\"",
                "private, private=\"x\"",
                "private=\"x\", private",
                "private=\"x\", private;",
                "private=\"x\"y"
            })
    @DisplayName("R9111-012, Q4 anything but a clean list of names is unqualified")
    void unqualified(String value) {
        assertThat(of(value).isPrivate()).isTrue();
        assertThat(of(value).privateFields()).isEmpty();
        ResponseDirectives asNoCache = of(value.toLowerCase().replace("private", "no-cache"));
        assertThat(asNoCache.noCache()).isTrue();
        assertThat(asNoCache.noCacheFields()).isEmpty();
    }

    @Test
    @DisplayName("Q3 an open quote taints the lines after it")
    void openQuoteSpansLines() {
        ResponseDirectives tainted = of("foo=\"", "no-store, max-age=60, public", "\"");
        assertThat(tainted.noStore()).isTrue();
        assertThat(tainted.isPublic()).isFalse();
        assertThat(tainted.maxAge()).isEqualTo(INVALID);
        assertThat(of("max-age=60", "foo=\"").maxAge()).isEqualTo(60);
    }

    @Nested
    class Targeted {

        private ResponseDirectives targeted(String value) {
            return ResponseDirectives.ofTargeted(HttpFields.of("CDN-Cache-Control", value), "CDN-Cache-Control");
        }

        @Test
        @DisplayName("R9213-010, R9213-011 all directives work in a targeted field")
        void all() {
            ResponseDirectives all = targeted("max-age=1, s-maxage=2, stale-while-revalidate=3, no-store, no-cache, "
                    + "private, must-revalidate, public, immutable, must-understand");
            assertThat(all.maxAge()).isEqualTo(1);
            assertThat(all.sMaxage()).isEqualTo(2);
            assertThat(all.staleWhileRevalidate()).isEqualTo(3);
            assertThat(all.noStore() && all.noCache() && all.isPrivate() && all.mustRevalidate())
                    .isTrue();
            assertThat(all.isPublic() && all.immutable() && all.mustUnderstand())
                    .isTrue();
            assertThat(targeted("no-cache=\"a, B\"").noCacheFields()).containsExactly("a", "b");
            assertThat(targeted("private=\"a\"").privateFields()).containsExactly("a");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    " ",
                    "max-age=60, ",
                    "max-age = 60",
                    "max-age =60",
                    "MaX-aGe=60",
                    "max-age=10000, &&&&&",
                    "max-age=60;",
                    "max-age=60 no-store",
                    "no-store;x=\""
                })
        @DisplayName("R9213-001, R9213-005, Q25 an empty or unparsable field does not exist")
        @Tag("R9213-001")
        @Tag("R9213-005")
        void unparsable(String value) {
            assertThat(targeted(value)).isNull();
        }

        @ParameterizedTest
        @ValueSource(strings = {"60.5", "\"60\"", "abc", "-1", "?1", "?0", "(60)", ":AA==:", "@60", "%\"60\""})
        @DisplayName("R9213-003 a number of the wrong type is not coerced")
        @Tag("R9213-003")
        @Tag("Q25")
        void wrongType(String value) {
            assertThat(targeted("max-age=" + value).maxAge()).isEqualTo(INVALID);
        }

        @ParameterizedTest
        @ValueSource(strings = {"?0", "1", "x", "\"x y\"", "()", "\"\"", "1.5"})
        @DisplayName("Q3 in a targeted field too, what forbids is honoured with any value, what allows is not")
        void wrongTypeOfFlags(String value) {
            assertThat(targeted("no-store=" + value).noStore()).isTrue();
            assertThat(targeted("private=" + value).isPrivate()).isTrue();
            assertThat(targeted("no-cache=" + value).noCache()).isTrue();
            assertThat(targeted("public=" + value).isPublic()).isFalse();
            assertThat(targeted("must-understand=" + value).mustUnderstand()).isFalse();
        }

        @Test
        @DisplayName("R9213-004 parameters are ignored")
        @Tag("R9213-004")
        void parameters() {
            assertThat(targeted("max-age=60;foo=\"no-store\"").maxAge()).isEqualTo(60);
            assertThat(targeted("no-store;a=1").noStore()).isTrue();
        }

        @Test
        @DisplayName("R9213-013 only the field asked for is read; several lines are one dictionary")
        void fieldAndLines() {
            HttpFields fields = HttpFields.of("A", "max-age=1", "B", "max-age=2", "a", "no-store");
            assertThat(ResponseDirectives.ofTargeted(fields, "C")).isNull();
            assertThat(ResponseDirectives.ofTargeted(fields, "a").maxAge()).isEqualTo(1);
            assertThat(ResponseDirectives.ofTargeted(fields, "a").noStore()).isTrue();
        }
    }
}
