package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.http.ByteRanges;
import dev.larder.http.ContentRange;
import dev.larder.rules.Reason;
import dev.larder.testkit.RecordedRequest;
import dev.larder.testkit.Reply;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** RFC 9111 3.3 and 3.4: parts are stored as what they are, combined, and completed. */
final class PartialContentTest extends CacheScenario {
    private static final String WHOLE = "0123456789";

    /** An origin that knows one representation and answers ranges of it (RFC 9110 14.2). */
    private void representation(String path, String whole, String... fields) {
        origin.on(path).answer(request -> part(request, whole, fields));
    }

    private static Reply part(RecordedRequest request, String whole, String... fields) {
        Reply reply = ok(whole, fields);
        ByteRanges ranges = ByteRanges.parse(request.first("Range"));
        String condition = request.first("If-Range");
        if (ranges == null || (condition != null && !condition.equals(field("ETag", fields)))) {
            return reply;
        }
        ContentRange range = ranges.resolve(whole.length()).get(0);
        return partial(whole.substring((int) range.first(), (int) range.last() + 1), fields)
                .field("Content-Range", range.toString());
    }

    private static Reply partial(String body, String... namesAndValues) {
        Reply reply = Reply.status(206).body(body);
        for (int i = 0; i < namesAndValues.length; i += 2) {
            reply = reply.field(namesAndValues[i], namesAndValues[i + 1]);
        }
        return reply;
    }

    private static String field(String name, String... fields) {
        for (int i = 0; i < fields.length; i += 2) {
            if (fields[i].equals(name)) {
                return fields[i + 1];
            }
        }
        return null;
    }

    @Test
    @Tag("R9111-032")
    @Tag("R9111-035")
    @Tag("R9111-036")
    void aStoredPartAnswersTheRangesWithinIt() throws Exception {
        representation("/a", WHOLE, "Cache-Control", "max-age=60");
        get("/a", "Range", "bytes=0-4").assertMiss("01234").assertStatus(206).assertStored();
        get("/a", "Range", "bytes=1-3")
                .assertHit("123")
                .assertStatus(206)
                .assertField("Content-Range", "bytes 1-3/10")
                .assertField("Content-Length", "3");
        get("/a", "Range", "bytes=0-4").assertHit("01234").assertStatus(206);
        assertAsked(1, "/a");
        get("/a", "Range", "bytes=3-6")
                .assertMiss("3456")
                .assertStatus(206)
                .assertBecause(Reason.PARTIAL)
                .assertField("Content-Range", "bytes 3-6/10");
        assertThat(lastAsked("/a", "Range")).isEqualTo("bytes=3-6");
    }

    @Test
    @Tag("R9111-035")
    @Tag("R9111-036")
    void aPartWithoutValidatorIsNeverTheWhole() throws Exception {
        representation("/a", WHOLE, "Cache-Control", "max-age=60");
        get("/a", "Range", "bytes=0-4").assertStored();
        get("/a").assertMiss(WHOLE).assertStatus(200).assertBecause(Reason.PARTIAL);
        assertThat(lastAsked("/a", "Range")).isNull();
        get("/a").assertHit(WHOLE).assertStatus(200);
    }

    @Test
    @Tag("R9111-034")
    @Tag("R9111-038")
    @Tag("R9110-047")
    void aPartIsCompletedByWhatIsMissing() throws Exception {
        representation("/a", WHOLE, "Cache-Control", "max-age=60", "ETag", "\"1\"", "X-Version", "1");
        get("/a", "Range", "bytes=0-4").assertStored();
        advance(70);
        representation("/a", WHOLE, "Cache-Control", "max-age=60", "ETag", "\"1\"", "X-Version", "2");
        get("/a")
                .assertMiss(WHOLE)
                .assertStatus(200)
                .assertStored()
                .assertField("Content-Length", "10")
                .assertField("X-Version", "2");
        assertThat(lastAsked("/a", "Range")).isEqualTo("bytes=5-");
        assertThat(lastAsked("/a", "If-Range")).isEqualTo("\"1\"");
        get("/a")
                .assertHit(WHOLE)
                .assertStatus(200)
                .assertField("Content-Range")
                .assertField("X-Version", "2");
        get("/a", "Range", "bytes=3-6").assertHit("3456");
        assertAsked(2, "/a");
        assertThat(cache.storageStatistics().entries()).isEqualTo(1);
    }

    @Test
    @Tag("R9111-034")
    void aMissingBeginningOrMiddleIsAskedForToo() throws Exception {
        for (String[] ranges : new String[][] {{"bytes=-4"}, {"bytes=0-2", "bytes=7-9"}, {"bytes=0-5", "bytes=4-7"}}) {
            String path = "/" + ranges[0].substring(6) + ranges.length;
            representation(path, WHOLE, "Cache-Control", "max-age=60", "ETag", "\"1\"");
            for (String range : ranges) {
                get(path, "Range", range).assertStored();
            }
            get(path).assertMiss(WHOLE).assertStatus(200).assertStored();
            get(path).assertHit(WHOLE);
            assertAsked(ranges.length + 1, path);
        }
        assertThat(lastAsked("/-41", "Range")).isEqualTo("bytes=0-5");
        assertThat(lastAsked("/0-22", "Range")).isEqualTo("bytes=3-6");
        assertThat(lastAsked("/0-52", "Range")).isEqualTo("bytes=8-");
    }

    @Test
    @Tag("R9111-037")
    @Tag("R9111-038")
    @Tag("R9110-061")
    void partsWithTheSameStrongTagAreCombined() throws Exception {
        representation("/a", WHOLE, "Cache-Control", "max-age=60", "ETag", "\"1\"", "Content-Type", "text/plain");
        get("/a", "Range", "bytes=0-4").assertStored();
        get("/a", "Range", "bytes=5-9").assertStored();
        get("/a")
                .assertHit(WHOLE)
                .assertStatus(200)
                .assertField("Content-Range")
                .assertField("Content-Length", "10");
        get("/a", "Range", "bytes=3-6").assertHit("3456").assertField("Content-Range", "bytes 3-6/10");
        Exchange multiple = get("/a", "Range", "bytes=0-1,4-5").assertStatus(206);
        assertThat(multiple.body())
                .contains("Content-Range: bytes 0-1/10\r\n\r\n01\r\n")
                .contains("Content-Range: bytes 4-5/10\r\n\r\n45\r\n");
        get("/a", "If-None-Match", "\"1\"").assertStatus(304);
        get("/a", "Range", "bytes=20-").assertStatus(416);
        assertAsked(2, "/a");
    }

    @Test
    @Tag("R9111-037")
    @Tag("R9110-026")
    @Tag("R9110-061")
    void partsOfOtherOrWeakTagsAreNeverCombined() throws Exception {
        for (String second : new String[] {"\"2\"", "W/\"1\""}) {
            String first = second.startsWith("W/") ? second : "\"1\"";
            String path = "/" + second.length();
            representation(path, WHOLE, "Cache-Control", "max-age=60", "ETag", first);
            get(path, "Range", "bytes=0-4").assertStored();
            representation(path, "abcdefghij", "Cache-Control", "max-age=60", "ETag", second);
            get(path, "Range", "bytes=5-9").assertMiss("fghij").assertStored();
            get(path).assertMiss("abcdefghij").assertStatus(200);
        }
    }

    @Test
    @Tag("R9111-034")
    void anotherRepresentationReplacesTheParts() throws Exception {
        representation("/a", WHOLE, "Cache-Control", "max-age=60", "ETag", "\"1\"");
        get("/a", "Range", "bytes=0-4").assertStored();
        representation("/a", "abcdefghij", "Cache-Control", "max-age=60", "ETag", "\"2\"");
        get("/a").assertMiss("abcdefghij").assertStatus(200).assertStored();
        assertThat(cache.storageStatistics().entries()).isEqualTo(1);
    }

    @Test
    @Tag("R9111-034")
    @Tag("R9110-058")
    void aPartThatDoesNotFitIsNotUsedAndTheWholeIsAskedFor() throws Exception {
        String[][] misfits = {
            {"bytes 5-9/11", "\"1\""}, {"bytes 4-9/10", "\"1\""}, {"bytes 5-9/10", "\"2\""},
            {"bytes 9-5/10", "\"1\""}, {"bytes 5-9/*", "\"1\""}, {"items 5-9/10", "\"1\""}
        };
        for (int i = 0; i < misfits.length; i++) {
            String path = "/" + i;
            representation(path, WHOLE, "Cache-Control", "max-age=60", "ETag", "\"1\"");
            get(path, "Range", "bytes=0-4").assertStored();
            String[] misfit = misfits[i];
            origin.on(path)
                    .answer(request -> request.first("Range") == null
                            ? ok("whole", "ETag", "\"3\"")
                            : partial("XXXXX", "ETag", misfit[1], "Cache-Control", "max-age=60")
                                    .field("Content-Range", misfit[0]));
            get(path).assertMiss("whole").assertStatus(200).assertBecause(Reason.NOT_COMPLETED);
            assertAsked(3, path);
        }
    }

    @Test
    @Tag("R9111-010")
    @Tag("R9111-033")
    @Tag("R9110-058")
    void whatIsNotOneRangeOfAKnownWholeIsNotStored() throws Exception {
        String[] ranges = {"items 0-4/10", "bytes 0-4/*", "bytes 4-0/10", "bytes 0-9/5", "bytes */10"};
        for (int i = 0; i < ranges.length; i++) {
            String path = "/" + i;
            given(
                    path,
                    partial("01234", "Cache-Control", "max-age=60", "ETag", "\"1\"")
                            .field("Content-Range", ranges[i]));
            get(path, "Range", "bytes=0-4")
                    .assertMiss("01234")
                    .assertStatus(206)
                    .assertNotStored(Reason.STATUS_PARTIAL);
            get(path, "Range", "bytes=0-4").assertMiss("01234");
        }
        // Nor is a 206 that nobody asked for.
        given("/b", partial("01234", "Cache-Control", "max-age=60").field("Content-Range", "bytes 0-4/10"));
        get("/b").assertMiss("01234").assertNotStored(Reason.STATUS_PARTIAL);
    }

    @Test
    @Tag("R9111-035")
    @Tag("R9110-024")
    void aPartThatContradictsItselfAnswersTheSameRequestOnly() throws Exception {
        given("/a", partial("01234", "Cache-Control", "max-age=60", "Content-Range", "bytes 4-9/10", "ETag", "\"1\""));
        get("/a", "Range", "bytes=-5").assertStored();
        get("/a", "Range", "bytes=-5")
                .assertHit("01234")
                .assertStatus(206)
                .assertField("Content-Range", "bytes 4-9/10");
        get("/a", "Range", "bytes=-4").assertMiss("01234");
        given("/a", ok(WHOLE, "Cache-Control", "max-age=60", "ETag", "\"1\""));
        get("/a").assertMiss(WHOLE).assertStatus(200);
        assertThat(lastAsked("/a", "If-None-Match")).isNull();
        assertThat(lastAsked("/a", "Range")).isNull();
        get("/a", "Range", "bytes=-5").assertHit("56789");
    }

    @Test
    @Tag("R9111-085")
    @Tag("R9110-027")
    @Tag("R9110-047")
    void aStrongDateCompletesWhereThereIsNoTag() throws Exception {
        String modified = Reply.httpDate(clock.instant().minus(Duration.ofHours(1)));
        origin.on("/a").answer(request -> {
            String range = request.first("If-Range");
            return request.first("Range") == null || (range != null && !range.equals(modified))
                    ? ok(WHOLE, "Last-Modified", modified)
                    : part(request, "Last-Modified", modified);
        });
        get("/a", "Range", "bytes=0-4").assertStored();
        get("/a").assertMiss(WHOLE).assertStatus(200);
        assertThat(lastAsked("/a", "If-Range")).isEqualTo(modified);
        // A second is too short for a date to tell two representations apart.
        String now = Reply.httpDate(clock.instant());
        representation("/b", WHOLE, "Last-Modified", now);
        get("/b", "Range", "bytes=0-4").assertStored();
        get("/b").assertMiss(WHOLE).assertStatus(200);
        assertThat(lastAsked("/b", "If-Range")).isNull();
        assertThat(lastAsked("/b", "Range")).isNull();
    }

    private static Reply part(RecordedRequest request, String name, String value) {
        ContentRange range = Objects.requireNonNull(ByteRanges.parse(request.first("Range")))
                .resolve(WHOLE.length())
                .get(0);
        return partial(WHOLE.substring((int) range.first(), (int) range.last() + 1), name, value)
                .field("Content-Range", range.toString());
    }

    @Test
    @Tag("R9111-092")
    void aPartsTagGoesAlongOnlyWhenTheRangeIsWithinIt() throws Exception {
        representation("/a", WHOLE, "Cache-Control", "max-age=1", "ETag", "\"1\"");
        get("/a", "Range", "bytes=0-4").assertStored();
        advance(10);
        get("/a", "Range", "bytes=3-6").assertMiss("3456");
        assertThat(lastAsked("/a", "If-None-Match")).isNull();
        advance(10);
        given("/a", Reply.notModified().field("ETag", "\"1\"").field("Cache-Control", "max-age=60"));
        get("/a", "Range", "bytes=1-3").assertRevalidated("123").assertStatus(206);
        assertThat(lastAsked("/a", "If-None-Match")).isEqualTo("\"1\"");
        // All parts of the representation are confirmed with it.
        get("/a", "Range", "bytes=0-6").assertHit("0123456").assertStatus(206);
    }

    @Test
    @Tag("R9111-090")
    void ifRangeIsEvaluatedAgainstTheParts() throws Exception {
        representation("/a", WHOLE, "Cache-Control", "max-age=60", "ETag", "\"1\"");
        get("/a", "Range", "bytes=0-4").assertStored();
        get("/a", "Range", "bytes=0-1", "If-Range", "\"1\"").assertHit("01").assertStatus(206);
        get("/a", "Range", "bytes=0-1", "If-Range", "\"2\"").assertMiss(WHOLE).assertStatus(200);
    }

    @Test
    @Tag("R9111-035")
    void aPartIsNoAnswerToHeadAndIsSelectedByVary() throws Exception {
        representation("/a", WHOLE, "Cache-Control", "max-age=60", "ETag", "\"1\"", "Vary", "X-Kind");
        get("/a", "Range", "bytes=0-4", "X-Kind", "a").assertStored();
        head("/a", "X-Kind", "a").assertStatus(200);
        assertAsked(2, "/a");
        get("/a", "Range", "bytes=0-4", "X-Kind", "b").assertMiss("01234").assertBecause(Reason.VARY_MISS);
        get("/a", "Range", "bytes=0-4", "X-Kind", "a").assertHit("01234");
    }

    @Test
    @Tag("R9111-031")
    @Tag("R9111-035")
    @Tag("R9111-036")
    void aBodyThatBrokeOffIsNeverTheWhole() throws Exception {
        given(
                "/a",
                fresh(WHOLE, 60).field("ETag", "\"1\"").cutAfter(5),
                fresh(WHOLE, 60).field("ETag", "\"1\""));
        try {
            get("/a");
        } catch (java.io.IOException e) {
            assertThat(e).isNotNull();
        }
        get("/a").assertMiss(WHOLE).assertStatus(200);
        get("/a").assertHit(WHOLE);
    }

    @Test
    @Tag("R9111-034")
    void aCompletionThatBreaksOffIsNotStored() throws Exception {
        representation("/a", WHOLE, "Cache-Control", "max-age=60", "ETag", "\"1\"");
        get("/a", "Range", "bytes=0-4").assertStored();
        for (boolean chunked : new boolean[] {false, true}) {
            Reply shorter = partial(chunked ? "567" : "56789", "ETag", "\"1\"", "Cache-Control", "max-age=60")
                    .field("Content-Range", "bytes 5-9/10");
            given("/a", chunked ? shorter.chunked() : shorter.cutAfter(3));
            org.assertj.core.api.Assertions.assertThatThrownBy(() -> get("/a")).isInstanceOf(java.io.IOException.class);
        }
        representation("/a", WHOLE, "Cache-Control", "max-age=60", "ETag", "\"1\"");
        get("/a").assertMiss(WHOLE).assertStatus(200);
        assertThat(lastAsked("/a", "Range")).isEqualTo("bytes=5-");
        get("/a").assertHit(WHOLE);
    }

    @Test
    @Tag("R9211-007")
    void cacheStatusSaysPartial() throws Exception {
        policy(policy().cacheStatus(true));
        representation("/a", WHOLE, "Cache-Control", "max-age=60", "ETag", "\"1\"");
        get("/a", "Range", "bytes=0-4");
        Exchange completed = get("/a");
        assertThat(completed.field("Cache-Status"))
                .contains("fwd=partial")
                .contains("fwd-status=206")
                .contains("stored");
    }

    @Test
    @Tag("R9110-061")
    void aLargeBodyInRandomPiecesIsByteExact() throws Exception {
        byte[] bytes = new byte[300_000];
        new Random(7).nextBytes(bytes);
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (' ' + (bytes[i] & 63));
        }
        String whole = new String(bytes, StandardCharsets.ISO_8859_1);
        representation("/a", whole, "Cache-Control", "max-age=3600", "ETag", "\"1\"");
        Random random = new Random(11);
        for (int i = 0; i < 40; i++) {
            int from = random.nextInt(whole.length());
            int to = Math.min(whole.length() - 1, from + random.nextInt(60_000));
            Exchange piece = get("/a", "Range", "bytes=" + from + "-" + to).assertStatus(206);
            assertThat(piece.body()).as("seed 11, piece " + i).isEqualTo(whole.substring(from, to + 1));
        }
        assertThat(get("/a").assertStatus(200).body()).isEqualTo(whole);
        int asked = origin.count("/a");
        assertThat(get("/a").body()).isEqualTo(whole);
        assertAsked(asked, "/a");
    }

    @Test
    @Tag("R9111-034")
    void aWholeThatCouldNotBeStoredIsAskedForAtOnce() throws Exception {
        storage.limitBodies(9);
        representation("/a", WHOLE, "Cache-Control", "max-age=60", "ETag", "\"1\"");
        get("/a", "Range", "bytes=0-4").assertStored();
        get("/a").assertMiss(WHOLE).assertStatus(200);
        assertThat(lastAsked("/a", "Range")).isNull();
        assertAsked(2, "/a");
    }
}
