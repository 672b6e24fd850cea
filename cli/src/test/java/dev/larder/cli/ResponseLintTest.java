package dev.larder.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.http.HttpDate;
import dev.larder.http.HttpFields;
import dev.larder.http.ResponseHead;
import dev.larder.policy.CachePolicy;
import dev.larder.rules.Reason;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ResponseLintTest {
    private static final long NOW = 1_700_000_000_000L;
    private static final String DATE = HttpDate.format(NOW);

    private static List<Finding> lint(boolean shared, String... fields) {
        return lint((shared ? CachePolicy.sharedCache() : CachePolicy.privateCache()).build(), fields);
    }

    private static List<Finding> lint(CachePolicy policy, String... fields) {
        HttpFields.Builder all = HttpFields.of("Date", DATE).toBuilder();
        all.addAll(HttpFields.of(fields));
        return ResponseLint.of(new ResponseHead(200, all.build()), policy, null, NOW);
    }

    @Test
    void aGoodResponseHasNoFindings() {
        assertThat(lint(true, "Cache-Control", "max-age=600", "ETag", "\"a\"")).isEmpty();
        assertThat(lint(false, "Cache-Control", "no-store")).isEmpty();
    }

    @Test
    void aMissingDateIsFound() {
        HttpFields fields = HttpFields.of("Cache-Control", "max-age=60", "ETag", "\"a\"");
        assertThat(ResponseLint.of(new ResponseHead(200, fields), CachePolicy.DEFAULT, null, NOW))
                .extracting(Finding::section)
                .containsExactly("RFC 9110 6.6.1");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            Cache-Control | no-store, max-age=60                 | 5.2.2.5  | warning | no-store wins
            Cache-Control | private, public, max-age=60          | 5.2.2.7  | warning | private wins
            Cache-Control | private, s-maxage=60                 | 5.2.2.10 | warning | s-maxage is for shared
            Cache-Control | private="x", max-age=60              | 5.2.2.7  | warning | most caches read
            Cache-Control | no-cache, max-age=60                 | 5.2.2.4  | note    | means nothing
            Cache-Control | no-cache                             | 5.2.2.4  | error   | without a validator
            Cache-Control | max-age=0                            | 5.2.2.1  | error   | without a validator
            Cache-Control | must-revalidate, stale-if-error=60   | 4.2.4    | warning | forbids the stale use
            Cache-Control | must-understand, max-age=60          | 5.2.2.3  | note    | no-store beside it
            Cache-Control | max-age=abc                          | 4.2.1    | error   | no number of seconds
            Cache-Control | max-age=60, max-age=70               | 4.2.1    | error   | repeated with different
            Cache-Control | immutable                            | RFC 8246 | warning | immutable
            Cache-Control | maxage=60                            | 5.2.3    | warning | max-age is
            Cache-Control | s-max-age=60                         | 5.2.3    | warning | s-maxage is
            Cache-Control | only-if-cached, max-age=60           | 5.2.1    | warning | is for requests
            Cache-Control | max-age=60, surprising               | 5.2.3    | note    | does not know
            Cache-Control | public                               | 4.2.2    | warning | no explicit freshness
            Cache-Control | max-age=60                           | 4.3.1    | warning | no validator
            Expires       | 0                                    | 5.3      | warning | counts as expired
            Pragma        | no-cache                             | 5.4      | warning | Pragma means nothing
            Warning       | 110 - x                              | 5.5      | note    | obsolete
            Vary          | *                                    | 4.1      | error   | never matches
            Vary          | a b                                  | 4.1      | error   | malformed
            Vary          | Cookie                               | 12.5.5   | warning | cookie
            Vary          | User-Agent                           | 12.5.5   | warning | user-agent
            Vary          | a, b, c, d, e                        | 12.5.5   | warning | names 5 fields
            Set-Cookie    | a=b                                  | 7.3      | warning | without private
            Content-Encoding | gzip                              | 12.5.5   | warning | Accept-Encoding
            ETag          | W/"a"                                | 8.8.1    | note    | weak
            ETag          | a                                    | 8.8.3    | warning | not quoted
            Last-Modified | yesterday                            | 8.8.2    | warning | no date
            Last-Modified | Tue, 14 Nov 2023 00:00:00 GMT        | 8.8.2.2  | note    | only validator
            Last-Modified | Tue, 14 Nov 2034 00:00:00 GMT        | 8.8.2.1  | warning | in the future
            Age           | x                                    | 5.1      | warning | no single number
            """)
    void findsOneFlaw(String name, String value, String section, String level, String text) {
        assertThat(lint(false, name, value)).anySatisfy(finding -> {
            assertThat(finding.section()).contains(section);
            assertThat(finding.level().label()).isEqualTo(level);
            assertThat(finding.text()).contains(text);
        });
    }

    @Test
    void findsWhatTakesTwoFields() {
        assertThat(lint(false, "Cache-Control", "max-age=60", "Age", "70", "ETag", "\"a\""))
                .extracting(Finding::section)
                .containsExactly("RFC 9111 4.2");
        assertThat(lint(false, "Cache-Control", "public, max-age=60", "Set-Cookie", "a=b", "ETag", "\"a\""))
                .extracting(Finding::level)
                .containsExactly(Finding.Level.ERROR);
        assertThat(lint(
                        false,
                        "Cache-Control",
                        "max-age=60",
                        "ETag",
                        "\"a\"",
                        "Expires",
                        HttpDate.format(NOW + 3_600_000)))
                .extracting(Finding::text)
                .containsExactly("Expires and max-age speak of different times; max-age wins");
        assertThat(lint(false, "ETag", "\"a\"", "Expires", DATE, "Expires", HttpDate.format(NOW + 1000)))
                .extracting(Finding::section)
                .containsExactly("RFC 9111 5.3");
    }

    @Test
    void responsesThatNobodyWantedToStoreAreNotJudged() {
        assertThat(ResponseLint.of(
                        new ResponseHead(200, HttpFields.EMPTY), CachePolicy.DEFAULT, Reason.METHOD_UNSAFE, NOW))
                .extracting(Finding::level)
                .containsExactly(Finding.Level.NOTE);
        assertThat(ResponseLint.of(
                        new ResponseHead(206, HttpFields.EMPTY), CachePolicy.DEFAULT, Reason.STATUS_PARTIAL, NOW))
                .extracting(Finding::level)
                .contains(Finding.Level.ERROR);
    }

    @Test
    void theWorstComesFirst() {
        assertThat(lint(false, "Cache-Control", "maxage=1", "Vary", "*", "ETag", "W/\"a\""))
                .extracting(Finding::level)
                .isSorted()
                .startsWith(Finding.Level.ERROR);
    }

    @Test
    void aTargetedFieldIsJudgedInsteadOfCacheControl() {
        CachePolicy policy = CachePolicy.sharedCache()
                .targetedFields("Own-Cache-Control", "CDN-Cache-Control")
                .build();
        String[] fields = {
            "Cache-Control", "no-store, max-age=x",
            "Expires", "0",
            "ETag", "\"a\"",
            "Own-Cache-Control", "max-age=;",
            "CDN-Cache-Control", "max-age=600"
        };
        assertThat(lint(policy, fields)).extracting(Finding::section).containsExactly("RFC 9213 2.1", "RFC 9213 2.2");
        assertThat(lint(true, fields)).extracting(Finding::section).contains("RFC 9111 4.2.1");
    }
}
