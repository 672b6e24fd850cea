package dev.larder.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every parser against texts that a fuzzer grows from the branches they take: no exception, and what was read can be
 * written and read again. A plain build replays the seeds; CONTRIBUTING.md says how to fuzz.
 */
class ParserFuzzTest {
    private static final int ENOUGH = 1_000_000;
    /** The number of executions is to end a run, not the time. */
    private static final String UNLIMITED = "1h";

    private static final int LONGEST = 200;

    private static final TargetUri BASE = TargetUri.parse("http://a/b/c?d");

    static Stream<Arguments> seeds() {
        return Stream.of(
                        "",
                        ",",
                        "max-age=60, no-cache=\"Set-Cookie, a\", private = x, s-maxage=\"5\"",
                        "no-store;public, must-understand, stale-while-revalidate=1,stale-if-error=\"",
                        "max-stale, min-fresh=99999999999999999999, only-if-cached=\"\\\"\"",
                        "2147483649",
                        "0, 0",
                        "Sun, 06 Nov 1994 08:49:37 GMT",
                        "Sunday, 06-Nov-94 08:49:60 GMT",
                        "Sun Nov  6 08:49:37 1994",
                        "W/\"a,b\", \"\\\", *, \"",
                        "Accept-Encoding, *, a b",
                        "gzip;q=0.5, *;q=0, br ; q=1.000",
                        "bytes=0-1,5-,-6, 9-8",
                        "bytes 0-9/10",
                        "bytes */5",
                        "a;b=1.5;c=(\"x\" %\"%c3%bc\";d);e=:aGk=:, @-12, ?1, *t/x:",
                        "a=?0, b=(1 \"2\");c, *d=@5;e=%\"%f0%9f%98%80\"",
                        "../.././/x/..?y#z",
                        "//user@[::1%25a]:0443/%7e?#",
                        "hTTp://\u00e9:80\\@x",
                        "X-A\r\n: \u0000b\t")
                .map(seed -> Arguments.of((Object) seed.getBytes(StandardCharsets.ISO_8859_1)));
    }

    /** Field values are bytes, and this is how clients hand them on. The long ones are {@link HostileTextTest}'s. */
    private static String text(byte[] bytes) {
        return new String(bytes, 0, Math.min(bytes.length, LONGEST), StandardCharsets.ISO_8859_1);
    }

    private static HttpFields field(String name, byte[] value) {
        return HttpFields.builder().addReceived(name, text(value)).build();
    }

    private static <T> void rereads(byte[] bytes, Function<String, @Nullable T> parse, Function<T, String> write) {
        T read = parse.apply(text(bytes));
        if (read != null) {
            String written = write.apply(read);
            assertThat(parse.apply(written)).as(written).isEqualTo(read);
        }
    }

    private static void inRange(long seconds, long least) {
        assertThat(seconds).isBetween(least, DeltaSeconds.MAX);
    }

    @MethodSource("seeds")
    @FuzzTest(maxExecutions = ENOUGH, maxDuration = UNLIMITED)
    void requestDirectives(byte[] bytes) {
        for (String name : List.of("Cache-Control", "Pragma")) {
            RequestDirectives directives = RequestDirectives.of(field(name, bytes));
            inRange(directives.maxAge(), RequestDirectives.ABSENT);
            inRange(directives.minFresh(), RequestDirectives.ABSENT);
            inRange(directives.staleIfError(), RequestDirectives.ABSENT);
            if (directives.maxStale() != RequestDirectives.ANY) {
                inRange(directives.maxStale(), RequestDirectives.ABSENT);
            }
        }
    }

    @MethodSource("seeds")
    @FuzzTest(maxExecutions = ENOUGH, maxDuration = UNLIMITED)
    void responseDirectives(byte[] bytes) {
        check(ResponseDirectives.of(field("Cache-Control", bytes)));
    }

    @MethodSource("seeds")
    @FuzzTest(maxExecutions = ENOUGH, maxDuration = UNLIMITED)
    void targetedDirectives(byte[] bytes) {
        ResponseDirectives directives =
                ResponseDirectives.ofTargeted(field("CDN-Cache-Control", bytes), "CDN-Cache-Control");
        if (directives != null) {
            check(directives);
        }
    }

    private static void check(ResponseDirectives directives) {
        inRange(directives.maxAge(), ResponseDirectives.INVALID);
        inRange(directives.sMaxage(), ResponseDirectives.INVALID);
        inRange(directives.staleWhileRevalidate(), ResponseDirectives.INVALID);
        inRange(directives.staleIfError(), ResponseDirectives.INVALID);
        assertThat(directives.noCache() && !directives.noCacheFields().isEmpty())
                .isFalse();
        assertThat(directives.isPrivate() && !directives.privateFields().isEmpty())
                .isFalse();
    }

    @MethodSource("seeds")
    @FuzzTest(maxExecutions = ENOUGH, maxDuration = UNLIMITED)
    void ageAndDeltaSeconds(byte[] bytes) {
        inRange(DeltaSeconds.ageSeconds(field("Age", bytes)), 0);
        inRange(DeltaSeconds.parse(text(bytes)), DeltaSeconds.INVALID);
    }

    @MethodSource("seeds")
    @FuzzTest(maxExecutions = ENOUGH, maxDuration = UNLIMITED)
    void contentLength(byte[] bytes) {
        assertThat(ContentLength.of(field("Content-Length", bytes))).isGreaterThanOrEqualTo(ContentLength.INVALID);
    }

    @MethodSource("seeds")
    @FuzzTest(maxExecutions = ENOUGH, maxDuration = UNLIMITED)
    void httpDate(byte[] bytes) {
        long date = HttpDate.parse(text(bytes), 0);
        if (date != HttpDate.INVALID) {
            assertThat(HttpDate.parse(HttpDate.format(date), 0)).isEqualTo(date);
        }
    }

    @MethodSource("seeds")
    @FuzzTest(maxExecutions = ENOUGH, maxDuration = UNLIMITED)
    void entityTags(byte[] bytes) {
        rereads(bytes, EntityTag::parse, EntityTag::toString);
        EntityTag.parseList(text(bytes));
    }

    @MethodSource("seeds")
    @FuzzTest(maxExecutions = ENOUGH, maxDuration = UNLIMITED)
    void vary(byte[] bytes) {
        Vary vary = Vary.of(field("Vary", bytes));
        assertThat(Vary.of(HttpFields.of("Vary", vary.toString())).any()).isEqualTo(vary.any());
    }

    @MethodSource("seeds")
    @FuzzTest(maxExecutions = ENOUGH, maxDuration = UNLIMITED)
    void varyingValues(byte[] bytes) {
        for (String name : List.of("Accept-Language", "X")) {
            String normal = Vary.normalisedValue(field(name, bytes), name);
            assertThat(Vary.normalisedValue(HttpFields.of(name, normal), name)).isEqualTo(normal);
        }
    }

    @MethodSource("seeds")
    @FuzzTest(maxExecutions = ENOUGH, maxDuration = UNLIMITED)
    void byteRanges(byte[] bytes) {
        ByteRanges ranges = ByteRanges.parse(text(bytes));
        if (ranges != null) {
            assertThat(ByteRanges.parse(ranges.toString())).hasToString(ranges.toString());
        }
    }

    @MethodSource("seeds")
    @FuzzTest(maxExecutions = ENOUGH, maxDuration = UNLIMITED)
    void contentRange(byte[] bytes) {
        rereads(bytes, ContentRange::parse, ContentRange::toString);
    }

    @MethodSource("seeds")
    @FuzzTest(maxExecutions = ENOUGH, maxDuration = UNLIMITED)
    void structuredItem(byte[] bytes) {
        rereads(bytes, StructuredFields::parseItem, StructuredFields.Item::serialize);
    }

    @MethodSource("seeds")
    @FuzzTest(maxExecutions = ENOUGH, maxDuration = UNLIMITED)
    void structuredList(byte[] bytes) {
        rereads(bytes, StructuredFields::parseList, StructuredFields::serializeList);
    }

    @MethodSource("seeds")
    @FuzzTest(maxExecutions = ENOUGH, maxDuration = UNLIMITED)
    void structuredDictionary(byte[] bytes) {
        rereads(bytes, StructuredFields::parseDictionary, StructuredFields::serializeDictionary);
    }

    @MethodSource("seeds")
    @FuzzTest(maxExecutions = ENOUGH, maxDuration = UNLIMITED)
    void reference(byte[] bytes) {
        TargetUri resolved = BASE.resolve(text(bytes));
        if (resolved != null) {
            assertThat(TargetUri.parse(resolved.toString())).isEqualTo(resolved);
        }
    }

    @MethodSource("seeds")
    @FuzzTest(maxExecutions = ENOUGH, maxDuration = UNLIMITED)
    void uri(byte[] bytes) {
        try {
            TargetUri uri = TargetUri.parse(text(bytes));
            assertThat(TargetUri.parse(uri.toString())).isEqualTo(uri);
        } catch (IllegalArgumentException notOne) {
            assertThat(notOne).hasMessageContaining("URI");
        }
    }

    @MethodSource("seeds")
    @FuzzTest(maxExecutions = ENOUGH, maxDuration = UNLIMITED)
    void receivedFields(byte[] bytes) {
        String text = text(bytes);
        HttpFields.builder()
                .addReceived(text, text)
                .addReceived("X", text)
                .build()
                .toMap();
    }
}
