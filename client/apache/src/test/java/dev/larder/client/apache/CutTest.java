package dev.larder.client.apache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.engine.CacheResult;
import dev.larder.policy.CacheControls;
import dev.larder.testkit.Reply;
import dev.larder.testkit.Reply.Cut;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A response that breaks off is never stored, wherever it does, its head included. */
final class CutTest extends ApacheScenario {
    private static final String BODY = "0123456789abcdef".repeat(24);
    private static final int AT_ONCE = 16;

    private record Sent(int cut, Way.Call call) {}

    private static Reply cacheable(String body) {
        return Reply.ok(body).field("Cache-Control", "max-age=60").field("X-Last", "1");
    }

    /** Cuts at every offset before the end, and answers at which of them the response was stored. */
    private List<Integer> stored(Reply whole, Cut how, String method) throws Exception {
        origin.otherwise(request -> whole.cutAfter(Long.parseLong(request.path().substring(1)), how));
        ArrayDeque<Sent> sent = new ArrayDeque<>();
        List<Integer> stored = new ArrayList<>();
        int length = whole.toBytes().length;
        for (int cut = 0; cut < length || !sent.isEmpty(); cut++) {
            if (cut < length) {
                HttpClientContext context = HttpClientContext.create();
                // Even a caller who wants it stored whatever its fields say wants a whole one.
                if (cut % 2 == 0) {
                    LarderContext.controls(context, CacheControls.NONE.withForceCache());
                }
                sent.add(new Sent(cut, client.start(request(method, "/" + cut), null, context)));
            }
            if (sent.size() == AT_ONCE || cut >= length) {
                Sent next = sent.remove();
                try {
                    next.call().get();
                } catch (Exception e) {
                    // Most do fail; what matters is what is stored.
                    assertThat(e).isInstanceOf(Exception.class);
                }
                String key = origin.uri("/" + next.cut()).toString();
                if (!cache.storage().lookup(key).isEmpty()) {
                    stored.add(next.cut());
                }
            }
        }
        return stored;
    }

    @Test
    @Tag("R9110-012")
    void withALength() throws Exception {
        assertThat(stored(cacheable(BODY), Cut.FIN, "GET")).isEmpty();
        assertThat(stored(cacheable(BODY), Cut.RST, "GET")).isEmpty();
    }

    @Test
    @Tag("R9110-012")
    void inChunks() throws Exception {
        Reply whole = cacheable(BODY).chunked(100);
        int length = whole.toBytes().length;
        // All bytes have come when only the last line break is missing; whoever takes that for the end has the body.
        assertThat(stored(whole, Cut.FIN, "GET")).allMatch(cut -> length - cut <= 2);
    }

    @Test
    void untilTheConnectionEnds() throws Exception {
        Reply whole = cacheable(BODY).closeDelimited();
        int head = new String(whole.toBytes(), StandardCharsets.ISO_8859_1).indexOf("\r\n\r\n") + 4;
        // Behind the head the end of the connection is the end of the body (RFC 9112 8).
        assertThat(stored(whole, Cut.FIN, "GET")).allMatch(cut -> cut >= head).isNotEmpty();
        cache.clear();
        assertThat(stored(whole, Cut.RST, "GET")).isEmpty();
    }

    @Test
    void withoutABody() throws Exception {
        assertThat(stored(cacheable(""), Cut.FIN, "GET")).isEmpty();
        assertThat(stored(cacheable("").closeDelimited(), Cut.FIN, "GET")).isEmpty();
        assertThat(stored(cacheable(BODY), Cut.FIN, "HEAD")).isEmpty();
        assertThat(stored(Reply.status(204).field("Cache-Control", "max-age=60").field("X-Last", "1"), Cut.FIN, "GET"))
                .isEmpty();
    }

    @Test
    void behindAnInterimResponse() throws Exception {
        assertThat(stored(cacheable("").interim(103, "Link", "</style.css>; rel=preload"), Cut.FIN, "GET"))
                .isEmpty();
    }

    @Test
    void onAConnectionThatHasServedBefore() throws Exception {
        origin.on("/warm").reply(Reply.ok(BODY));
        Reply whole = cacheable("").closeDelimited();
        for (int cut = 0; cut < whole.toBytes().length; cut += 5) {
            get("/warm");
            origin.on("/cut").reply(whole.cutAfter(cut));
            try {
                get("/cut");
            } catch (java.io.IOException | org.apache.hc.core5.http.HttpException e) {
                assertThat(cut).as("where " + e).isLessThan(whole.toBytes().length - 10);
            }
            assertThat(cache.storage().lookup(origin.uri("/cut").toString()))
                    .as("cut at " + cut)
                    .isEmpty();
        }
    }

    /** The stored response stays what it was but for the fields that came whole. */
    @Test
    void aValidation() throws Exception {
        Reply whole = Reply.notModified()
                .field("Connection", "close")
                .field("ETag", "\"1\"")
                .field("Cache-Control", "max-age=36000");
        String text = new String(whole.toBytes(), StandardCharsets.ISO_8859_1);
        for (int cut = text.indexOf("max-age"); cut < text.length() - 4; cut++) {
            cache.clear();
            origin.on("/a")
                    .replies(
                            cacheable("1")
                                    .field("ETag", "\"1\"")
                                    .field("Connection", "close")
                                    .thenClose(),
                            whole.cutAfter(cut));
            get("/a");
            advance(61);
            assertResult(get("/a"), CacheResult.REVALIDATED, "1");
            var stored = cache.entries().next().stored();
            assertThat(stored.fields().first("Cache-Control"))
                    .as("cut at " + cut)
                    .isEqualTo("max-age=60");
        }
    }

    @Test
    void wholeResponsesAreStored() throws Exception {
        origin.on("/a").reply(cacheable(BODY));
        origin.on("/empty").reply(cacheable(""));
        origin.on("/closing").reply(cacheable(BODY).closeDelimited());
        origin.on("/interim").reply(cacheable("").interim(103, "Link", "</style.css>; rel=preload"));
        origin.on("/204").reply(Reply.status(204).field("Cache-Control", "max-age=60"));
        origin.on("/noreason")
                .reply(Reply.raw("HTTP/1.1 200\r\nContent-Length: 0\r\nCache-Control: max-age=60\r\n\r\n"));
        for (String path : List.of("/a", "/empty", "/closing", "/interim", "/204", "/noreason")) {
            get(path);
            var again = get(path).info();
            assertThat(again.status()).as(path + ": " + again.explain()).isEqualTo(CacheResult.HIT);
        }
    }
}
