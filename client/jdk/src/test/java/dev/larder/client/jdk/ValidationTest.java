package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.rules.Reason;
import dev.larder.testkit.Reply;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** RFC 9111 4.3: asking whether a stored response is still good. */
final class ValidationTest extends CacheScenario {
    @Test
    @Tag("R9111-083")
    @Tag("R9111-094")
    @Tag("R9111-102")
    void anEntityTagIsSentAndA304FreshensTheResponse() throws Exception {
        given("/a", Reply.conditional("\"1\"", "1", "Cache-Control", "max-age=60"));
        get("/a").assertMiss("1");
        advance(61);
        get("/a").assertRevalidated("1").assertStatus(200).assertBecause(Reason.VALIDATED);
        assertThat(lastAsked("/a", "If-None-Match")).isEqualTo("\"1\"");
        assertThat(lastAsked("/a", "If-Modified-Since")).isNull();
        advance(59);
        get("/a").assertHit("1");
        assertAsked(2, "/a");
    }

    @Test
    @Tag("R9111-084")
    void aLastModifiedIsSentWhereThereIsNoTag() throws Exception {
        String date = Reply.httpDate(clock.instant().minusSeconds(500));
        given(
                "/a",
                ok("1", "Last-Modified", date, "Cache-Control", "max-age=60").withPreconditions());
        get("/a");
        advance(61);
        get("/a").assertRevalidated("1");
        assertThat(lastAsked("/a", "If-Modified-Since")).isEqualTo(date);
        assertThat(lastAsked("/a", "If-None-Match")).isNull();
    }

    @Test
    void bothValidatorsAreSentWhereThereAreBoth() throws Exception {
        String date = Reply.httpDate(clock.instant().minusSeconds(500));
        given("/a", Reply.conditional("W/\"1\"", "1", "Last-Modified", date, "Cache-Control", "max-age=60"));
        get("/a");
        advance(61);
        get("/a").assertRevalidated("1");
        assertThat(lastAsked("/a", "If-None-Match")).isEqualTo("W/\"1\"");
        assertThat(lastAsked("/a", "If-Modified-Since")).isEqualTo(date);
    }

    @Test
    @Tag("R9111-025")
    @Tag("R9111-028")
    @Tag("R9111-030")
    void theFieldsOfA304UpdateTheStoredOnes() throws Exception {
        given(
                "/a",
                ok("1", "ETag", "\"1\"", "Cache-Control", "max-age=1", "X-Old", "kept", "X-New", "before"),
                Reply.notModified()
                        .field("ETag", "\"1\"")
                        .field("Cache-Control", "max-age=100")
                        .field("X-New", "after")
                        .field("X-New", "and more"));
        get("/a");
        advance(2);
        get("/a")
                .assertRevalidated("1")
                .assertField("X-New", "after", "and more")
                .assertField("X-Old", "kept");
        advance(99);
        get("/a").assertHit("1").assertField("X-New", "after", "and more").assertField("Age", "99");
    }

    @Test
    @Tag("R9111-026")
    @Tag("R9111-027")
    @Tag("R9111-029")
    void a304NeverChangesWhatTheBodyDependsOn() throws Exception {
        given(
                "/a",
                ok("12345", "ETag", "\"1\"", "Cache-Control", "max-age=1"),
                Reply.notModified()
                        .field("ETag", "\"1\"")
                        .field("Content-Length", "3")
                        .field("Content-Encoding", "br")
                        .field("Content-Range", "bytes 0-2/5"));
        get("/a");
        advance(2);
        for (int i = 0; i < 2; i++) {
            Exchange revalidated = get("/a").assertRevalidated("12345").assertField("Content-Length", "5");
            assertThat(revalidated.field("Content-Encoding")).isNull();
            assertThat(revalidated.field("Content-Range")).isNull();
            advance(2);
        }
    }

    @Test
    @Tag("R9111-095")
    void aFullAnswerReplacesWhatWasToBeValidated() throws Exception {
        given(
                "/a",
                ok("1", "ETag", "\"1\"", "Cache-Control", "max-age=1"),
                ok("2", "ETag", "\"2\"", "Cache-Control", "max-age=60"));
        get("/a");
        advance(2);
        get("/a").assertMiss("2").assertStored();
        get("/a").assertHit("2").assertField("ETag", "\"2\"");
        assertThat(cache.storageStatistics().entries()).isEqualTo(1);
    }

    @Test
    @Tag("R9111-096")
    void aFullAnswerThatMayNotBeStoredRemovesWhatWasToBeValidated() throws Exception {
        given("/a", ok("1", "ETag", "\"1\"", "Cache-Control", "max-age=1"), ok("2", "Cache-Control", "no-store"));
        get("/a");
        advance(2);
        get("/a").assertMiss("2").assertNotStored(Reason.NO_STORE);
        assertThat(cache.entries().hasNext()).isFalse();
    }

    @Test
    @Tag("R9111-099")
    @Tag("Q8")
    void a304WithAnotherTagIsFollowedByAnUnconditionalRequest() throws Exception {
        given(
                "/a",
                ok("1", "ETag", "\"1\"", "Cache-Control", "max-age=1"),
                Reply.notModified().field("ETag", "\"other\""),
                ok("2", "ETag", "\"2\"", "Cache-Control", "max-age=60"));
        get("/a");
        advance(2);
        get("/a").assertMiss("2").assertBecause(Reason.UNMATCHED_NOT_MODIFIED);
        assertThat(lastAsked("/a", "If-None-Match")).isNull();
        assertAsked(3, "/a");
        get("/a").assertHit("2");
    }

    @Test
    @Tag("R9111-100")
    void aWeakTagInA304ConfirmsTheSelectedResponse() throws Exception {
        given(
                "/a",
                ok("1", "ETag", "\"1\"", "Cache-Control", "max-age=1"),
                Reply.notModified().field("ETag", "W/\"1\""));
        get("/a");
        advance(2);
        get("/a").assertRevalidated("1");
    }

    @Test
    void aServerErrorIsNoReasonToForgetWhatIsStored() throws Exception {
        given(
                "/a",
                ok("1", "ETag", "\"1\"", "Cache-Control", "max-age=1"),
                Reply.status(500).body("broken"),
                Reply.notModified().field("ETag", "\"1\""));
        get("/a");
        advance(2);
        get("/a").assertMiss("broken").assertStatus(500);
        get("/a").assertRevalidated("1");
    }

    @Test
    void aResponseWithoutValidatorIsFetchedAnew() throws Exception {
        given("/a", fresh("1", 1), fresh("2", 60));
        get("/a");
        advance(2);
        get("/a").assertMiss("2");
        assertThat(lastAsked("/a", "If-None-Match")).isNull();
        assertThat(lastAsked("/a", "If-Modified-Since")).isNull();
    }

    @Test
    @Tag("R9111-059")
    @Tag("R9111-098")
    void theTagsOfAllVariantsAreSentAndTheConfirmedOneIsServed() throws Exception {
        origin.on("/a").answer(request -> {
            String language = request.first("Accept-Language");
            if (request.first("If-None-Match") != null) {
                return Reply.notModified().field("ETag", "\"en\"").field("Vary", "Accept-Language");
            }
            return ok(
                    language, "ETag", "\"" + language + "\"", "Vary", "Accept-Language", "Cache-Control", "max-age=60");
        });
        get("/a", "Accept-Language", "en").assertMiss("en");
        get("/a", "Accept-Language", "fr").assertRevalidated("en").assertField("ETag", "\"en\"");
        assertThat(lastAsked("/a", "If-None-Match")).isEqualTo("\"en\"");
    }

    @Test
    void whatIsGoneWhenItIsConfirmedIsFetchedAnew() throws Exception {
        origin.on("/a").answer(request -> {
            if (request.first("If-None-Match") != null) {
                cache.clear();
                return Reply.notModified().field("ETag", "\"1\"");
            }
            return ok("1", "ETag", "\"1\"", "Cache-Control", "max-age=1");
        });
        get("/a");
        advance(2);
        get("/a").assertMiss("1").assertBecause(Reason.BODY_GONE);
        assertAsked(3, "/a");
    }

    @Test
    @Tag("R9111-082")
    void theCallersOwnFieldsGoAlongWithAValidation() throws Exception {
        given("/a", Reply.conditional("\"1\"", "1", "Cache-Control", "max-age=1"));
        get("/a", "X-Mine", "1");
        advance(2);
        get("/a", "X-Mine", "2", "Accept", "text/plain").assertRevalidated("1");
        assertThat(lastAsked("/a", "X-Mine")).isEqualTo("2");
        assertThat(lastAsked("/a", "Accept")).isEqualTo("text/plain");
    }

    @Test
    @Tag("R9111-086")
    void theCallersOwnConditionIsAnsweredFromTheCache() throws Exception {
        String date = Reply.httpDate(clock.instant().minusSeconds(100));
        given("/a", ok("1", "ETag", "\"1\"", "Last-Modified", date, "Cache-Control", "max-age=60"));
        get("/a");
        Exchange notModified =
                get("/a", "If-None-Match", "\"0\", W/\"1\"").assertHit("").assertStatus(304);
        notModified.assertBecause(Reason.FRESH).assertField("ETag", "\"1\"").assertField("Age", "0");
        assertThat(notModified.field("Content-Length")).isNull();
        get("/a", "If-None-Match", "*").assertHit("").assertStatus(304);
        get("/a", "If-None-Match", "\"2\"").assertHit("1").assertStatus(200);
        get("/a", "If-Modified-Since", date).assertHit("").assertStatus(304);
        get("/a", "If-Modified-Since", Reply.httpDate(clock.instant().minusSeconds(200)))
                .assertHit("1");
        // If-None-Match goes before If-Modified-Since (RFC 9110 13.2.2).
        get("/a", "If-None-Match", "\"2\"", "If-Modified-Since", date)
                .assertHit("1")
                .assertStatus(200);
        assertAsked(1, "/a");
    }

    @Test
    @Tag("R9110-063")
    void theCallersOwnConditionOnWhatIsNotStoredIsForTheOrigin() throws Exception {
        given("/a", Reply.conditional("\"1\"", "1", "Cache-Control", "max-age=60"));
        get("/a", "If-None-Match", "\"1\"").assertMiss("").assertStatus(304);
        assertThat(cache.entries().hasNext()).isFalse();
        get("/a").assertMiss("1").assertStored();
    }

    @Test
    void theCallersOwnConditionJoinsTheStoredOne() throws Exception {
        given("/a", Reply.conditional("\"1\"", "1", "Cache-Control", "max-age=1"));
        get("/a");
        advance(2);
        get("/a", "If-None-Match", "\"0\"").assertRevalidated("1").assertStatus(200);
        assertThat(List.of(lastAsked("/a", "If-None-Match").split(", "))).containsExactly("\"0\"", "\"1\"");
        advance(2);
        get("/a", "If-None-Match", "\"1\"").assertStatus(304).assertRevalidated("");
    }

    @Test
    @Tag("R9111-087")
    @Tag("R9110-042")
    void conditionsForTheOriginAreNotTheCachesToAnswer() throws Exception {
        given("/a", fresh("1", 60));
        get("/a");
        get("/a", "If-Match", "\"1\"").assertMiss("1").assertBecause(Reason.REQUEST_ORIGIN_CONDITION);
        assertAsked(2, "/a");
    }
}
