package dev.larder.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.http.HttpFields;
import dev.larder.http.RequestHead;
import dev.larder.http.TargetUri;
import java.time.Duration;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeysTest {
    private static final String BASE = "https://example.com/a";

    private static String key(KeyOptions options, String query) {
        CachePolicy policy = CachePolicy.privateCache().keyOptions(options).build();
        return policy.keyOf(new RequestHead("GET", TargetUri.parse(BASE + query), HttpFields.EMPTY), null)
                .substring(BASE.length());
    }

    @ParameterizedTest
    @CsvSource({
        "https://example.com/*, https://example.com/a, true",
        "https://example.com/*, https://example.com/a/b, false",
        "https://example.com/**, https://example.com/a/b?c=d, true",
        "https://example.com/**/b, https://example.com/a/c/b, true",
        "**.example.com/**, https://www.example.com/, true",
        "**.example.com/**, https://example.org/, false",
        "https://example.com/a?, https://example.com/ab, false",
        "https://example.com/a?b=*, https://example.com/a?b=1, true",
        "*, https://example.com/, false",
        "**, https://example.com/, true"
    })
    void globs(String glob, String uri, boolean matches) {
        assertThat(UrlRule.glob(glob).matches(TargetUri.parse(uri))).isEqualTo(matches);
    }

    @Test
    void globsTakeLittleTimeOnAnyText() {
        String text = "a".repeat(4000) + "b";
        assertThat(new Glob("**a".repeat(200)).matches(text)).isFalse();
        assertThat(new Glob("**a".repeat(200) + "b").matches(text)).isTrue();
    }

    @Test
    void anyConditionCanBeARule() {
        UrlRule users = UrlRule.where("users", Pattern.compile("/users/\\d+$").asPredicate());
        assertThat(users.matches(TargetUri.parse("https://example.com/users/7")))
                .isTrue();
        assertThat(users.matches(TargetUri.parse("https://example.com/users/x")))
                .isFalse();
    }

    @Test
    void parametersAreIgnoredSortedAndRedacted() {
        KeyOptions ignored = KeyOptions.NONE.withIgnored("utm_*", "ref");
        assertThat(key(ignored, "?utm_source=x&a=1&ref&utm_=2")).isEqualTo("?a=1");
        assertThat(key(ignored, "?ref=1")).isEmpty();
        assertThat(key(ignored, "?a=1&&")).isEqualTo("?a=1&&");
        KeyOptions sorted = KeyOptions.NONE.withSorted();
        assertThat(key(sorted, "?b=2&a=2&a=1")).isEqualTo("?a=2&a=1&b=2");
        KeyOptions redacted = KeyOptions.NONE.withRedacted("token");
        assertThat(key(redacted, "?a=1&token=secret"))
                .startsWith("?a=1&token=redacted-")
                .doesNotContain("secret");
        assertThat(key(redacted, "?token=secret")).isNotEqualTo(key(redacted, "?token=other"));
        assertThat(key(KeyOptions.NONE, "?b&a")).isEqualTo("?b&a");
    }

    @Test
    void theFirstRuleThatMatchesCounts() {
        CachePolicy policy = CachePolicy.privateCache()
                .rule(UrlRule.glob("**/a").withBypass())
                .rule(UrlRule.glob("**").withTtl(Duration.ofSeconds(1)))
                .build()
                .toBuilder()
                .build();
        UrlRule first = policy.ruleFor(TargetUri.parse(BASE));
        assertThat(first).isNotNull();
        assertThat(first.bypass()).isTrue();
        assertThat(first.ttl()).isNull();
        UrlRule second = policy.ruleFor(TargetUri.parse(BASE + "b"));
        assertThat(second).isNotNull();
        assertThat(second.ttl()).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void whatChangesTheReadingOfAResponseChangesTheFingerprint() {
        CachePolicy plain = CachePolicy.DEFAULT;
        assertThat(plain.toBuilder().qualifiedDirectives(true).build().fingerprint())
                .isNotEqualTo(plain.fingerprint());
        assertThat(plain.toBuilder().trustUpstreamAge(true).build().fingerprint())
                .isNotEqualTo(plain.fingerprint());
        assertThat(plain.toBuilder().staleDirectivesBeforeSMaxage(true).build().fingerprint())
                .isNotEqualTo(plain.fingerprint());
        assertThat(plain.toBuilder()
                        .defaultFreshness(Duration.ofSeconds(1), 404)
                        .build()
                        .fingerprint())
                .isNotEqualTo(plain.fingerprint());
        assertThat(plain.toBuilder()
                        .rule(UrlRule.glob("**").withDefaultFreshness(Duration.ofSeconds(1)))
                        .build()
                        .fingerprint())
                .isNotEqualTo(plain.fingerprint());
        assertThat(plain.toBuilder().build().fingerprint()).isEqualTo(plain.fingerprint());
    }

    @Test
    void badSettingsAreRefused() {
        assertThatThrownBy(() -> CachePolicy.privateCache().neverStoreFields("Vary"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Vary");
        assertThatThrownBy(() -> CachePolicy.privateCache().defaultFreshness(Duration.ZERO, 404))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> CachePolicy.privateCache().refreshAhead(Duration.ofSeconds(-1)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
