package dev.larder.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpFieldsTest {

    private final HttpFields fields = HttpFields.of("Vary", "a", "ETag", "\"1\"", "vary", "b", "X-Empty", "");

    @Test
    void findsNamesInAnyCaseAndKeepsThemAsReceived() {
        assertThat(fields.size()).isEqualTo(4);
        assertThat(fields.name(2)).isEqualTo("vary");
        assertThat(fields.value(2)).isEqualTo("b");
        assertThat(fields.contains("VARY")).isTrue();
        assertThat(fields.contains("Date")).isFalse();
        assertThat(fields.first("vARY")).isEqualTo("a");
        assertThat(fields.first("Date")).isNull();
        assertThat(fields.values("vary")).containsExactly("a", "b");
        assertThat(fields.values("Date")).isEmpty();
    }

    @Test
    @DisplayName("R9110-004 lines of one name are joined in order; a single one is answered as it is")
    void combined() {
        assertThat(fields.combined("Vary")).isEqualTo("a, b");
        assertThat(fields.combined("etag")).isSameAs(fields.value(1));
        assertThat(fields.combined("X-Empty")).isEmpty();
        assertThat(fields.combined("Date")).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\rb", "a\nb", "a\0b"})
    @DisplayName("R9110-007 CR, LF and NUL become a space")
    @Tag("R9110-007")
    void valuesCannotSplitAMessage(String value) {
        assertThat(HttpFields.of("A", value).value(0)).isEqualTo("a b");
        assertThat(HttpFields.builder().addReceived("A", value).build().value(0))
                .isEqualTo("a b");
        assertThat(fields.with("A", value).first("A")).isEqualTo("a b");
    }

    @Test
    void valuesLoseSurroundingWhitespaceOnly() {
        assertThat(HttpFields.of("A", " \t a \t b\r\n").value(0)).isEqualTo("a \t b");
        assertThat(HttpFields.of("A", "\r\n\0 ").value(0)).isEmpty();
        assertThat(HttpFields.of("A", "\u00a0a").value(0)).isEqualTo("\u00a0a");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", ":status", "a b", "a:", "a\r\nb", "ä", "\u017fet-Cookie", "\0"})
    void namesThatAreNoTokensAreTheProgrammersErrorOrDropped(String name) {
        assertThatThrownBy(() -> HttpFields.of(name, "x")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> HttpFields.builder().add(name, "x")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> HttpFields.builder().set(name, "x")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> fields.with(name, "x")).isInstanceOf(IllegalArgumentException.class);
        assertThat(HttpFields.builder().addReceived(name, "x").build()).isSameAs(HttpFields.EMPTY);
    }

    @Test
    @DisplayName("R9112-002 whitespace between name and colon does not hide a received field")
    void receivedNamesAreTrimmed() {
        HttpFields received = HttpFields.builder()
                .addReceived("Cache-Control ", "no-store")
                .addReceived(null, "HTTP/1.1 200 OK")
                .addReceived("Empty", null)
                .build();
        assertThat(received).isEqualTo(HttpFields.of("Cache-Control", "no-store", "Empty", ""));
    }

    @Test
    void ofNeedsPairs() {
        assertThatThrownBy(() -> HttpFields.of("A")).isInstanceOf(IllegalArgumentException.class);
        assertThat(HttpFields.of()).isSameAs(HttpFields.EMPTY);
    }

    @Test
    void withReplacesAllLinesInThePlaceOfTheFirst() {
        assertThat(fields.with("Age", "5"))
                .isEqualTo(fields.toBuilder().add("Age", "5").build());
        assertThat(fields.with("etag", "2").toString()).isEqualTo("{Vary: a, etag: 2, vary: b, X-Empty: }");
        assertThat(fields.with("VARY", "c").toString()).isEqualTo("{VARY: c, ETag: \"1\", X-Empty: }");
        assertThat(fields.toString()).isEqualTo("{Vary: a, ETag: \"1\", vary: b, X-Empty: }");
    }

    @Test
    void withoutRemovesAllLines() {
        assertThat(fields.without("VARY", "Date", "x-empty")).isEqualTo(HttpFields.of("ETag", "\"1\""));
        assertThat(fields.without("Date")).isSameAs(fields);
        assertThat(fields.without("Vary", "ETag", "X-Empty")).isSameAs(HttpFields.EMPTY);
    }

    @Test
    void builderSetsAddsAndRemoves() {
        HttpFields.Builder builder =
                fields.toBuilder().set("vary", "z").set("New", "1").remove("ETAG");
        HttpFields built = builder.build();
        assertThat(built.toString()).isEqualTo("{vary: z, X-Empty: , New: 1}");
        assertThat(builder.addAll(HttpFields.of("Q", "1")).build().size()).isEqualTo(4);
        assertThat(built.size()).isEqualTo(3);
    }

    @Test
    void toMapIsCaseInsensitiveAndUnmodifiable() {
        assertThat(fields.toMap().get("VARY")).isEqualTo(List.of("a", "b"));
        assertThat(fields.toMap()).hasSize(3);
        assertThatThrownBy(() -> fields.toMap().clear()).isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(() -> fields.toMap().get("Vary").add("c")).isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void equalityIgnoresTheCaseOfNamesOnly() {
        assertThat(HttpFields.of("A", "x"))
                .isEqualTo(HttpFields.of("a", "x"))
                .hasSameHashCodeAs(HttpFields.of("a", "x"));
        assertThat(HttpFields.of("A", "x")).isNotEqualTo(HttpFields.of("A", "X"));
        assertThat(HttpFields.of("A", "x", "B", "y")).isNotEqualTo(HttpFields.of("B", "y", "A", "x"));
        assertThat(HttpFields.of("A", "x")).isNotEqualTo(HttpFields.EMPTY).isNotEqualTo("A");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Authorization", "PROXY-AUTHORIZATION", "cookie", "Set-Cookie"})
    @DisplayName("J3 toString keeps secrets")
    void toStringKeepsSecrets(String name) {
        HttpFields secret = HttpFields.of(name, "hunter2", "A", "b");
        assertThat(secret.toString()).contains(name).contains("A: b").doesNotContain("hunter2");
        assertThat(new ResponseHead(200, secret).toString()).doesNotContain("hunter2");
        assertThat(new RequestHead("GET", TargetUri.parse("http://a/"), secret).toString())
                .doesNotContain("hunter2");
    }
}
