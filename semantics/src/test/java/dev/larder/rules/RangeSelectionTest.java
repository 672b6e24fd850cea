package dev.larder.rules;

import static dev.larder.rules.Heads.NOW_DATE;
import static dev.larder.rules.Heads.date;
import static dev.larder.rules.Heads.get;
import static dev.larder.rules.Heads.request;
import static dev.larder.rules.Heads.stored;
import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.http.RequestHead;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RangeSelectionTest {
    private static final StoredResponse STORED =
            stored("ETag", "\"1\"", "Content-Type", "text/plain", "Content-Length", "10", "Date", NOW_DATE);

    private static RangeSelection.@Nullable Selection select(RequestHead request) {
        return RangeSelection.select(request, STORED, STORED.fields(), 10);
    }

    @ParameterizedTest
    @CsvSource({
        "bytes=0-0, 0, 1",
        "bytes=2-4, 2, 3",
        "bytes=5-, 5, 5",
        "bytes=-3, 7, 3",
        "bytes=8-99, 8, 2",
        "bytes=-99, 0, 10"
    })
    @Tag("R9110-053")
    @Tag("R9110-060")
    void oneRangeIsServedExactly(String range, long position, long length) {
        RangeSelection.Selection selection = select(get("Range", range));
        assertThat(selection.status()).isEqualTo(206);
        assertThat(selection.parts()).containsExactly(new RangeSelection.Part("", position, length));
        assertThat(selection.fields().first("Content-Range"))
                .isEqualTo("bytes " + position + "-" + (position + length - 1) + "/10");
        assertThat(selection.fields().first("Content-Length")).isEqualTo(Long.toString(length));
        assertThat(selection.fields().first("ETag")).isEqualTo("\"1\"");
    }

    @Test
    @Tag("R9110-060")
    void severalRangesMakeParts() {
        RangeSelection.Selection selection = select(get("Range", "bytes=0-1, -2"));
        assertThat(selection.status()).isEqualTo(206);
        assertThat(selection.fields().contains("Content-Range")).isFalse();
        assertThat(selection.fields().first("Content-Type")).isEqualTo("multipart/byteranges; boundary=larder-00ff");
        StringBuilder body = new StringBuilder();
        for (RangeSelection.Part part : selection.parts()) {
            body.append(part.prefix())
                    .append("0123456789", (int) part.position(), (int) (part.position() + part.length()));
        }
        assertThat(body.toString())
                .isEqualTo("--larder-00ff\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n01\r\n"
                        + "--larder-00ff\r\nContent-Type: text/plain\r\nContent-Range: bytes 8-9/10\r\n\r\n89\r\n"
                        + "--larder-00ff--\r\n");
        assertThat(selection.fields().first("Content-Length")).isEqualTo(Integer.toString(body.length()));
    }

    @Test
    @Tag("R9110-057")
    void whatCannotBeSatisfiedIsA416() {
        RangeSelection.Selection selection = select(get("Range", "bytes=10-"));
        assertThat(selection.status()).isEqualTo(416);
        assertThat(selection.fields().first("Content-Range")).isEqualTo("bytes */10");
        assertThat(selection.parts()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"items=0-1", "bytes=", "bytes=a-b", "bytes=5-4", "bytes=0-9, 0-9"})
    @Tag("R9110-055")
    void invalidForeignAndAbusiveRangesAreIgnored(String range) {
        assertThat(select(get("Range", range))).isNull();
    }

    @Test
    @Tag("R9110-054")
    void onlyGetHasRanges() {
        assertThat(select(request("HEAD", "http://example.com/a", "Range", "bytes=0-1")))
                .isNull();
    }

    @ParameterizedTest
    @CsvSource({"'\"1\"', true", "'\"2\"', false", "'W/\"1\"', false", "garbage, false"})
    @Tag("R9110-047")
    @Tag("R9110-048")
    void ifRangeComparesStrongly(String condition, boolean holds) {
        assertThat(select(get("Range", "bytes=0-1", "If-Range", condition)) != null)
                .isEqualTo(holds);
    }

    @Test
    @Tag("R9110-027")
    @Tag("R9110-049")
    void aDateInIfRangeHasToBeTheStoredOneAndStrong() {
        StoredResponse strong = stored("Last-Modified", date(-10), "Date", NOW_DATE);
        StoredResponse weak = stored("Last-Modified", date(0), "Date", NOW_DATE);
        assertThat(RangeSelection.select(get("Range", "bytes=0-1", "If-Range", date(-10)), strong, strong.fields(), 10))
                .isNotNull();
        assertThat(RangeSelection.select(get("Range", "bytes=0-1", "If-Range", date(-9)), strong, strong.fields(), 10))
                .isNull();
        assertThat(RangeSelection.select(get("Range", "bytes=0-1", "If-Range", date(0)), weak, weak.fields(), 10))
                .isNull();
    }
}
