package dev.larder.rules;

import static dev.larder.rules.Heads.NOW;
import static dev.larder.rules.Heads.candidate;
import static dev.larder.rules.Heads.date;
import static dev.larder.rules.Heads.get;
import static dev.larder.rules.Heads.ok;
import static dev.larder.rules.Heads.response;
import static dev.larder.rules.Heads.stored;
import static dev.larder.rules.Heads.storedFor;
import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.http.HttpFields;
import dev.larder.http.RequestHead;
import dev.larder.policy.CachePolicy;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ValidationTest {
    @ParameterizedTest
    @ValueSource(strings = {"\"a\"", "W/\"a\"", "\"\u00e4\"", "\"a, b\"", "unquoted", "\"\""})
    @Tag("R9111-083")
    void storedTagsAreEchoedByteForByte(String tag) {
        RequestHead conditional = conditional(get(), stored("ETag", tag));
        assertThat(conditional.fields().values("If-None-Match")).containsExactly(tag);
    }

    @Test
    @Tag("R9111-084")
    void lastModifiedIsEchoedAsReceived() {
        String odd = "Sunday, 06-Nov-94 08:49:37 GMT";
        assertThat(conditional(get(), stored("Last-Modified", odd)).fields().values("If-Modified-Since"))
                .containsExactly(odd);
    }

    @Test
    void theTagsOfAllVariantsGoAlong() {
        Candidate selected = candidate(stored("ETag", "\"1\"", "Last-Modified", date(-5)));
        Candidate other = candidate(storedFor(get("A", "x"), "Vary", "A", "ETag", "\"2\""));
        RequestHead conditional = Validation.conditional(get(), selected.stored(), List.of(other, selected));
        assertThat(conditional.fields().first("If-None-Match")).isEqualTo("\"1\", \"2\"");
        assertThat(conditional.fields().first("If-Modified-Since")).isEqualTo(date(-5));
        RequestHead noneSelected = Validation.conditional(get(), null, List.of(other, selected));
        assertThat(noneSelected.fields().contains("If-Modified-Since")).isFalse();
    }

    @Test
    void withoutValidatorsThereIsNothingToAsk() {
        assertThat(Validation.conditional(get(), stored(), List.of(candidate(stored()))))
                .isNull();
    }

    @Test
    @Tag("R9111-091")
    void theCallersOwnTagsStay() {
        RequestHead conditional = conditional(get("If-None-Match", "\"own\""), stored("ETag", "\"1\""));
        assertThat(conditional.fields().first("If-None-Match")).isEqualTo("\"own\", \"1\"");
    }

    @Test
    @Tag("R9111-099")
    void aStrongTagConfirmsOnlyTheSameStrongTag() {
        Candidate one = candidate(stored("ETag", "\"1\""));
        Candidate two = candidate(stored("ETag", "\"2\""));
        Candidate weak = candidate(stored("ETag", "W/\"1\""));
        List<Candidate> all = List.of(weak, two, one);
        assertThat(Validation.confirmed(all, two, response(304, "ETag", "\"1\"")))
                .containsExactly(one);
        assertThat(Validation.confirmed(all, two, response(304, "ETag", "\"3\"")))
                .isEmpty();
        assertThat(Validation.confirmed(all, weak, response(304, "ETag", "W/\"1\"")))
                .containsExactly(weak);
    }

    @Test
    @Tag("R9111-101")
    void without_a_tag_the_one_asked_for_is_meant() {
        Candidate one = candidate(stored("Last-Modified", date(-10)));
        assertThat(Validation.confirmed(List.of(one), one, response(304))).containsExactly(one);
        assertThat(Validation.confirmed(List.of(one), one, response(304, "Last-Modified", date(-10))))
                .containsExactly(one);
        assertThat(Validation.confirmed(List.of(one), one, response(304, "Last-Modified", date(-9))))
                .isEmpty();
        assertThat(Validation.confirmed(List.of(one), null, response(304))).isEmpty();
    }

    @Test
    @Tag("R9111-025")
    @Tag("R9111-026")
    @Tag("Q6")
    void anUpdateReplacesFieldsAsAWholeAndLeavesWhatTheBodyDependsOn() {
        StoredResponse before = stored(
                "X-A", "1", "X-A", "2", "Content-Length", "5", "Content-Encoding", "gzip", "Age", "100", "X-Kept", "k");
        StoredResponse after = Validation.freshened(
                before,
                get(),
                response(
                        304,
                        "X-A",
                        "3",
                        "Content-Length",
                        "0",
                        "Content-Encoding",
                        "br",
                        "Content-Range",
                        "bytes 0-1/2",
                        "Content-Foo",
                        "f",
                        "Connection",
                        "X-Hop",
                        "X-Hop",
                        "h",
                        "Set-Cookie",
                        "a=b"),
                NOW + 1000,
                NOW + 2000,
                CachePolicy.DEFAULT);
        HttpFields fields = after.fields();
        assertThat(fields.values("X-A")).containsExactly("3");
        assertThat(fields.values("Content-Length")).containsExactly("5");
        assertThat(fields.values("Content-Encoding")).containsExactly("gzip");
        assertThat(fields.contains("Content-Range")).isFalse();
        assertThat(fields.first("Content-Foo")).isEqualTo("f");
        assertThat(fields.first("X-Kept")).isEqualTo("k");
        assertThat(fields.contains("Age")).isFalse();
        assertThat(fields.contains("X-Hop")).isFalse();
        assertThat(fields.first("Set-Cookie")).isEqualTo("a=b");
        assertThat(after.id()).isEqualTo(before.id());
        assertThat(after.responseTime()).isEqualTo(NOW + 2000);
        assertThat(after.createdAt()).isEqualTo(before.createdAt());
        assertThat(Validation.freshened(
                                before,
                                get(),
                                response(304, "Set-Cookie", "a=b"),
                                NOW,
                                NOW,
                                CachePolicy.sharedCache().build())
                        .fields()
                        .contains("Set-Cookie"))
                .isFalse();
    }

    @Test
    @Tag("Q7")
    void aChangedVaryIsKeyedByTheValidatingRequest() {
        StoredResponse after = Validation.freshened(
                stored("ETag", "\"1\""), get("A", "x"), response(304, "Vary", "A"), NOW, NOW, CachePolicy.DEFAULT);
        assertThat(after.selectedBy(get("A", "x").fields())).isTrue();
        assertThat(after.selectedBy(get("A", "y").fields())).isFalse();
    }

    @Test
    @Tag("R9111-104")
    void aHeadThatContradictsIsNoticed() {
        StoredResponse stored = stored("ETag", "\"1\"", "Content-Length", "5", "Last-Modified", date(-5));
        assertThat(Validation.headAgrees(stored, ok())).isTrue();
        assertThat(Validation.headAgrees(stored, ok("ETag", "\"1\"", "Content-Length", "5")))
                .isTrue();
        assertThat(Validation.headAgrees(stored, ok("Content-Length", "6"))).isFalse();
        assertThat(Validation.headAgrees(stored, ok("ETag", "\"2\""))).isFalse();
        assertThat(Validation.headAgrees(stored, ok("Last-Modified", date(-4)))).isFalse();
    }

    private static RequestHead conditional(RequestHead request, StoredResponse stored) {
        RequestHead conditional = Validation.conditional(request, stored, List.of(candidate(stored)));
        assertThat(conditional).isNotNull();
        return conditional;
    }
}
