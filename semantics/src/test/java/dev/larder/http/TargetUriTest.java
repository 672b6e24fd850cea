package dev.larder.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TargetUriTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://a/", "https://example.org/a/b?c=d", "http://localhost:8080/", "http://a/?",
                        "http://a/A%2fb/../c//d",
                "http://[::1]:81/x", "http://a_b/", "http://a/?q={x}|\"<>^`", "http://a/\u00e9", "http://a/a@b:c",
                "http://a/x?http://b:99/", "http://a:0/", "https://a:80/", "http://a/\\x"
            })
    @DisplayName("Q22 what is normal already is kept, the very same string")
    void normal(String uri) {
        assertThat(TargetUri.parse(uri).toString()).isSameAs(uri);
    }

    @ParameterizedTest
    @CsvSource({
        "http://a,http://a/",
        "HTTP://A,http://a/",
        "http://example.com:80/~smith/home.html,http://example.com/~smith/home.html",
        "http://EXAMPLE.com/%7Esmith/home.html,http://example.com/%7Esmith/home.html",
        "http://EXAMPLE.com:/%7esmith/home.html,http://example.com/%7esmith/home.html",
        "https://a:443,https://a/",
        "http://a:443/,http://a:443/",
        "http://a:0080/,http://a/",
        "http://a:08080/,http://a:8080/",
        "http://a?x,http://a/?x",
        "http://a#f,http://a/",
        "http://a/b?c#d?e,http://a/b?c",
        "http://u:p@a/,http://a/",
        "http://u:p@x@a:81/b@c,http://a:81/b@c",
        "http://@a/,http://a/",
        "http://[FE80::1%25En0]:80/,http://[fe80::1%25en0]/",
        "hTTps://A.B/C?D,https://a.b/C?D"
    })
    @DisplayName("R9110-001, R9110-002, Q22 fragment, userinfo, own port and case of the host go")
    @Tag("R9110-001")
    @Tag("Q22")
    void normalised(String uri, String expected) {
        assertThat(TargetUri.parse(uri).toString()).isEqualTo(expected);
        assertThat(TargetUri.parse(uri))
                .isEqualTo(TargetUri.parse(expected))
                .hasSameHashCodeAs(TargetUri.parse(expected));
        assertThat(TargetUri.parse(TargetUri.parse(uri).toString())).isEqualTo(TargetUri.parse(uri));
    }

    @ParameterizedTest
    @CsvSource({
        "http://h/a,http://h/A",
        "http://h/a,http://h/a/",
        "http://h/a%2Fb,http://h/a/b",
        "http://h/a/../b,http://h/b",
        "http://h/a,https://h/a",
        "http://h/a,http://h:81/a",
        "http://h/a,http://h/a?",
        "http://h/%7e,http://h/~",
        "http://h//a,http://h/a",
        "http://h/?a&b,http://h/?b&a"
    })
    @DisplayName("R9111-041, R9110-001 different targets stay different")
    @Tag("R9110-001")
    @Tag("R9111-041")
    void different(String a, String b) {
        assertThat(TargetUri.parse(a)).isNotEqualTo(TargetUri.parse(b));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "``|scheme",
                "/a|scheme",
                "a|scheme",
                "://a|scheme",
                "1http://a|scheme",
                "ftp://a/|scheme",
                "httpss://a/|scheme",
                "mailto:a@b|scheme",
                "http:a|host",
                "http:/a|host",
                "http://|host",
                "http:///a|host",
                "http://?a|host",
                "http://:80/|host",
                "http://u@/|host",
                "http://[]/|host",
                "http://[::1/|host",
                "http://[::1]x/|host",
                "http://a\\b/|host",
                "http://good\\@evil/|host",
                "http://a\"b/|host",
                "http://\u00e4/|host",
                "http://a:b/|port",
                "http://a:65536/|port",
                "http://a:-1/|port",
                "http://a:99999999999999999999/|port",
                "http://a:1:2/|port",
                "http://a/ b|index 9"
            })
    void rejected(String uri, String what) {
        assertThatThrownBy(() -> TargetUri.parse(uri))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(what);
    }

    @Test
    void rejectsControlCharacters() {
        for (char c = 0; c <= ' '; c++) {
            String uri = "http://a/" + c;
            assertThatThrownBy(() -> TargetUri.parse(uri)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> TargetUri.parse("http://a/\u007f")).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    @DisplayName("R9110-002 no password in an error message")
    @Tag("R9110-002")
    void noPasswordInMessages() {
        assertThatThrownBy(() -> TargetUri.parse("http://me:hunter2@a:x/"))
                .message()
                .doesNotContain("hunter2");
        assertThatThrownBy(() -> TargetUri.parse("http://me:hunter2@a/ "))
                .message()
                .doesNotContain("hunter2");
    }

    @Test
    void fromJavaUri() {
        assertThat(TargetUri.of(URI.create("http://u@A_b:80/x%20y#f"))).hasToString("http://a_b/x%20y");
        assertThatThrownBy(() -> TargetUri.of(URI.create("/a"))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> TargetUri.of(URI.create("mailto:a"))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void parts() {
        TargetUri uri = TargetUri.parse("https://A:8443/b/c?d?e#f");
        assertThat(uri.origin()).isEqualTo("https://a:8443");
        assertThat(uri.pathAndQuery()).isEqualTo("/b/c?d?e");
        assertThat(uri.path()).isEqualTo("/b/c");
        assertThat(uri.query()).isEqualTo("d?e");
        assertThat(TargetUri.parse("http://a/?").query()).isEmpty();
        assertThat(TargetUri.parse("http://a/").query()).isNull();
    }

    @Test
    @DisplayName("R9111-109 origins differ by scheme, host and port, and by nothing else")
    void sameOrigin() {
        TargetUri uri = TargetUri.parse("http://a/x");
        assertThat(uri.sameOrigin(TargetUri.parse("HTTP://u@A:80/y?z"))).isTrue();
        for (String other :
                new String[] {"https://a/x", "http://b/x", "http://a:81/x", "http://a.b/x", "http://ab/x"}) {
            assertThat(uri.sameOrigin(TargetUri.parse(other))).as(other).isFalse();
        }
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                // RFC 3986 section 5.4.1, fragments dropped
                "g,http://a/b/c/g",
                "./g,http://a/b/c/g",
                "g/,http://a/b/c/g/",
                "/g,http://a/g",
                "//g,http://g/",
                "?y,http://a/b/c/d;p?y",
                "g?y,http://a/b/c/g?y",
                "#s,http://a/b/c/d;p?q",
                "g#s,http://a/b/c/g",
                "g?y#s,http://a/b/c/g?y",
                ";x,http://a/b/c/;x",
                "g;x,http://a/b/c/g;x",
                "g;x?y#s,http://a/b/c/g;x?y",
                "``,http://a/b/c/d;p?q",
                ".,http://a/b/c/",
                "./,http://a/b/c/",
                "..,http://a/b/",
                "../,http://a/b/",
                "../g,http://a/b/g",
                "../..,http://a/",
                "../../,http://a/",
                "../../g,http://a/g",
                // RFC 3986 section 5.4.2
                "../../../g,http://a/g",
                "../../../../g,http://a/g",
                "/./g,http://a/g",
                "/../g,http://a/g",
                "g.,http://a/b/c/g.",
                ".g,http://a/b/c/.g",
                "g..,http://a/b/c/g..",
                "..g,http://a/b/c/..g",
                "./../g,http://a/b/g",
                "./g/.,http://a/b/c/g/",
                "g/./h,http://a/b/c/g/h",
                "g/../h,http://a/b/c/h",
                "g;x=1/./y,http://a/b/c/g;x=1/y",
                "g;x=1/../y,http://a/b/c/y",
                "g?y/./x,http://a/b/c/g?y/./x",
                "g?y/../x,http://a/b/c/g?y/../x",
                "g#s/./x,http://a/b/c/g",
                "g#s/../x,http://a/b/c/g",
                // ours
                "https://B:443/x/../y,https://b/x/../y",
                "//B:80/x/../y?z/..,http://b/y?z/..",
                "//b?x,http://b/?x",
                "/a//../b,http://a/a/b",
                "?,http://a/b/c/d;p?",
                "/x:y,http://a/x:y",
                "./x:y,http://a/b/c/x:y"
            })
    @DisplayName("R9111-108 references are resolved as RFC 3986 section 5 says")
    void resolves(String reference, String expected) {
        assertThat(TargetUri.parse("http://a/b/c/d;p?q").resolve(reference)).hasToString(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "g:h",
                "http:g",
                "mailto:x",
                "//",
                "///a",
                "http://",
                "a b",
                "//a:b/",
                "javascript:x",
                "/\r\nX: y"
            })
    void unresolvable(String reference) {
        assertThat(TargetUri.parse("http://a/b/c/d;p?q").resolve(reference)).isNull();
    }

    @Test
    void resolvesAgainstBasesWithSlashesInTheQuery() {
        assertThat(TargetUri.parse("http://a?x/y").resolve("g")).hasToString("http://a/g");
        assertThat(TargetUri.parse("http://a/b").resolve("?x/../y")).hasToString("http://a/b?x/../y");
    }
}
