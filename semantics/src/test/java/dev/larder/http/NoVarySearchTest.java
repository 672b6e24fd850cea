package dev.larder.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class NoVarySearchTest {
    private static NoVarySearch of(String value) {
        return NoVarySearch.of(HttpFields.of("No-Vary-Search", value));
    }

    private static boolean equivalent(String config, String a, String b) {
        String base = "https://example.com/a";
        return of(config).equivalent(TargetUri.parse(base + a), TargetUri.parse(base + b));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "key-order=\"no\"",
                "params=\"no\"",
                "params=(token)",
                "params=?0",
                "params",
                "params, except=(\"x\")",
                "params=(\"a\"), except=(\"x\")",
                "params=(), except=()",
                "except=\"no\"",
                "except=(token)",
                "except",
                "params=()",
                "key-order",
                "",
                "((",
                "unknown"
            })
    @Tag("RNVS-001")
    @Tag("RNVS-002")
    void whatIsNotAsItShouldBeIsTheDefault(String value) {
        assertThat(of(value).isDefault()).isTrue();
        assertThat(equivalent(value, "?b=1", "?b=2")).isFalse();
    }

    @Test
    @Tag("RNVS-001")
    @Tag("RNVS-002")
    void parametersMatterOrNot() {
        assertThat(equivalent("params=(\"b\")", "?a=1&b=1", "?a=1&b=2")).isTrue();
        assertThat(equivalent("params=(\"b\")", "?a=1&b=1", "?a=2&b=1")).isFalse();
        assertThat(equivalent("params=(\"b\"), unknown=1", "?a=1", "?b=1&a=1")).isTrue();
        assertThat(equivalent("except=(\"a\")", "?a=1&b=1&c", "?c=4&a=1")).isTrue();
        assertThat(equivalent("except=(\"a\")", "?a=1", "?a=2")).isFalse();
        assertThat(equivalent("except=()", "?a=1", "?b=2")).isTrue();
        assertThat(equivalent("params=(\"x\"), key-order", "?a=1&b=2", "?b=2&a=1"))
                .isTrue();
        assertThat(equivalent("params=(\"x\"), key-order", "?a=1&a=2", "?a=2&a=1"))
                .as("equal names keep their order")
                .isFalse();
        assertThat(equivalent("params=(\"x\")", "?a=1&b=2", "?b=2&a=1")).isFalse();
    }

    @Test
    @Tag("RNVS-003")
    void namesAreDecoded() {
        String config = "params=(\"%C3%A9+%E6%B0%97\")";
        assertThat(equivalent(config, "?%C3%A9%20%E6%B0%97=3", "?%C3%A9+%E6%B0%97=4"))
                .isTrue();
        assertThat(equivalent(config, "?%C3%A9=3", "?%C3%A9=4")).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "'', ?",
        "?a=x, ?%61=%78",
        "?a=é, ?a=%C3%A9",
        "?a=%f6, ?a=%ef%bf%bd",
        "?a=x&&&&, ?a=x",
        "?a=, ?a",
        "?a=%20, ?a=+",
        "?a=%zz, ?a=%25zz"
    })
    @Tag("RNVS-004")
    @Tag("RNVS-005")
    void queriesAreComparedAsForms(String a, String b) {
        assertThat(equivalent("params=(\"x\")", a, b)).isTrue();
        assertThat(equivalent("params=()", a, b)).as("not by default").isFalse();
    }

    @Test
    @Tag("RNVS-008")
    void onlyTheQueryIsAffected() {
        NoVarySearch all = of("except=()");
        TargetUri uri = TargetUri.parse("https://example.com/a?b");
        Random random = new Random(3);
        String[] schemes = {"http", "https"};
        String[] hosts = {"example.com", "example.org", "example.com:8443"};
        String[] paths = {"/a", "/A", "/a/", "/b"};
        for (int i = 0; i < 1000; i++) {
            String scheme = schemes[random.nextInt(2)];
            String host = hosts[random.nextInt(3)];
            String path = paths[random.nextInt(4)];
            TargetUri other = TargetUri.parse(scheme + "://" + host + path + "?" + random.nextInt());
            boolean same = scheme.equals("https") && host.equals("example.com") && path.equals("/a");
            assertThat(all.equivalent(uri, other)).as("seed 3: %s", other).isEqualTo(same);
        }
    }
}
