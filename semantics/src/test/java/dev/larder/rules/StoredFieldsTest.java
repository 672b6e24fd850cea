package dev.larder.rules;

import static dev.larder.rules.Heads.NOW;
import static dev.larder.rules.Heads.NOW_DATE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.http.HttpFields;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class StoredFieldsTest {
    @Test
    @Tag("R9111-018")
    void everythingReceivedIsStoredInOrder() {
        HttpFields received =
                HttpFields.of("Date", NOW_DATE, "X-Foo", "1", "Set-Cookie", "a", "Content-Foo", "2", "Set-Cookie", "b");
        assertThat(StoredFields.of(received, NOW)).isEqualTo(received);
    }

    @Test
    @Tag("R9111-019")
    @Tag("R9111-020")
    @Tag("R9111-022")
    void fieldsOfTheConnectionAndTheProxyAreNot() {
        HttpFields received = HttpFields.of(
                "Date",
                NOW_DATE,
                "Connection",
                "a, B",
                "a",
                "1",
                "b",
                "2",
                "Keep-Alive",
                "x",
                "TE",
                "x",
                "Transfer-Encoding",
                "chunked",
                "Upgrade",
                "x",
                "Proxy-Connection",
                "x",
                "Proxy-Authenticate",
                "x",
                "Proxy-Authentication-Info",
                "x",
                "Proxy-Authorization",
                "x",
                "c",
                "3");
        assertThat(StoredFields.of(received, NOW)).isEqualTo(HttpFields.of("Date", NOW_DATE, "c", "3"));
    }

    @Test
    void connectionCannotRemoveWhatDecidesCaching_K4() {
        HttpFields received = HttpFields.of(
                "Connection",
                "Cache-Control, Vary, ETag, Date",
                "Date",
                NOW_DATE,
                "Cache-Control",
                "no-cache",
                "Vary",
                "A",
                "ETag",
                "\"1\"");
        assertThat(StoredFields.of(received, NOW).without("Date"))
                .isEqualTo(HttpFields.of("Cache-Control", "no-cache", "Vary", "A", "ETag", "\"1\""));
    }

    @Test
    @Tag("R9110-014")
    void aMissingDateIsTheTimeOfReceipt() {
        assertThat(StoredFields.of(HttpFields.EMPTY, NOW)).isEqualTo(HttpFields.of("Date", NOW_DATE));
    }
}
