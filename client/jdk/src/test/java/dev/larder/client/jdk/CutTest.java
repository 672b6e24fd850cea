package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.testkit.Reply;
import dev.larder.testkit.Reply.Cut;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A response that breaks off is never stored, wherever it does. */
final class CutTest extends CacheScenario {
    private static final String BODY = "0123456789abcdef".repeat(128);
    private static final int AT_ONCE = 16;

    private record Sent(int cut, CompletableFuture<HttpResponse<String>> response) {}

    /**
     * Cuts at every offset before the end, and answers how many of the cut responses were taken for complete. Each way
     * has every other offset: the private ones and the shared ones both have each driver and each storage, so that these
     * meet all offsets.
     */
    private int taken(Reply whole, Cut how) throws Exception {
        int length = whole.toBytes().length;
        origin.otherwise(request -> whole.cutAfter(Long.parseLong(request.path().substring(1)), how));
        ArrayDeque<Sent> sent = new ArrayDeque<>();
        int taken = 0;
        int first = way.isShared() ? 1 : 0;
        for (int cut = first; cut < length || !sent.isEmpty(); cut += 2) {
            if (cut < length) {
                var response = way.start(client, request("GET", "/" + cut), BodyHandlers.ofString());
                sent.add(new Sent(cut, response));
            }
            if (sent.size() == AT_ONCE || cut >= length) {
                taken += isTaken(sent.remove()) ? 1 : 0;
            }
        }
        events.answered(cache.statistics().requests());
        return taken;
    }

    private boolean isTaken(Sent sent) throws Exception {
        try {
            sent.response().get(20, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            assertThat(stored(sent.cut()))
                    .as("stored after a failure, cut at " + sent.cut())
                    .isFalse();
            return false;
        }
        return stored(sent.cut());
    }

    private boolean stored(int cut) throws Exception {
        return !storage.lookup(origin.uri("/" + cut).toString()).isEmpty();
    }

    private static Reply cacheable() {
        return Reply.ok(BODY).field("Cache-Control", "max-age=60");
    }

    @Test
    @Tag("R9110-012")
    @Tag("R9112-005")
    void aBodyWithALength() throws Exception {
        assertThat(taken(cacheable(), Cut.FIN)).isZero();
        assertThat(cache.entries().hasNext()).isFalse();
    }

    @Test
    @Tag("R9110-012")
    void aBodyWithALengthThatIsReset() throws Exception {
        assertThat(taken(cacheable(), Cut.RST)).isZero();
        assertThat(cache.entries().hasNext()).isFalse();
    }

    @Test
    @Tag("R9110-012")
    @Tag("R9112-007")
    void aBodyInChunks() throws Exception {
        Reply whole = cacheable().chunked(100);
        // All bytes have come when only the last line break is missing; whoever takes that for the end has the body.
        taken(whole, Cut.FIN);
        for (var entries = cache.entries(); entries.hasNext(); ) {
            var entry = entries.next();
            int cut = Integer.parseInt(entry.stored().uri().toString().replaceAll(".*/", ""));
            assertThat(whole.toBytes().length - cut).as("bytes missing").isLessThanOrEqualTo(2);
            assertThat(entry.bodyLength()).isEqualTo(BODY.length());
        }
    }

    /** A body that ends with the connection is complete when that ends in good order (RFC 9112 8), and only then. */
    @Test
    void aBodyThatEndsWithAReset() throws Exception {
        assertThat(taken(cacheable().closeDelimited(), Cut.RST)).isZero();
        assertThat(cache.entries().hasNext()).isFalse();
    }

    @Test
    void aHeadThatBreaksOffIsNoResponse() throws Exception {
        Reply whole = cacheable().closeDelimited();
        int head = new String(whole.toBytes(), StandardCharsets.ISO_8859_1).indexOf("\r\n\r\n") + 4;
        for (int cut = 0; cut < head; cut++) {
            origin.on("/a").reply(whole.cutAfter(cut));
            CompletableFuture<HttpResponse<String>> response =
                    way.start(client, request("GET", "/a"), BodyHandlers.ofString());
            assertThat(isTaken(new Sent(cut, response))).isFalse();
            assertThat(cache.entries().hasNext()).as("cut at " + cut).isFalse();
        }
        events.answered(cache.statistics().requests());
    }

    /** Where two readers of the same bytes could see two messages, nothing is kept for anyone (RFC 9112 6.3). */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "Content-Length: 5\r\nContent-Length: 10\r\n\r\n12345HTTP/1",
                "Content-Length: 10\r\nContent-Length: 5\r\n\r\n12345HTTP/1",
                "Content-Length: 5, 10\r\n\r\n12345HTTP/1",
                "Content-Length: +5\r\n\r\n12345",
                "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n",
                "Transfer-Encoding: chunked\r\nContent-Length: 20\r\n\r\n5\r\n12345\r\n0\r\n\r\n",
                "Transfer-Encoding: identity, chunked\r\nContent-Length: 3\r\n\r\n5\r\n12345\r\n0\r\n\r\n",
            })
    @Tag("R9111-156")
    void aLengthThatContradictsItself(String framing) throws Exception {
        origin.on("/a")
                .reply(Reply.raw("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nConnection: close\r\n" + framing)
                        .thenClose());
        try {
            way.start(client, request("GET", "/a"), BodyHandlers.ofString()).get(20, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            // The client refuses it, which is as well.
            assertThat(e.getCause()).isNotNull();
        }
        assertThat(cache.entries().hasNext()).isFalse();
    }

    @Test
    @Tag("R9110-024")
    void aContentLengthThatLies() throws Exception {
        for (int wrong : new int[] {0, 1, BODY.length() - 1, BODY.length() + 1, Integer.MAX_VALUE}) {
            origin.on("/a").reply(cacheable().announce(wrong).thenClose());
            var response = way.start(client, request("GET", "/a"), BodyHandlers.ofString());
            try {
                assertThat(response.get(20, TimeUnit.SECONDS).body()).hasSize(Math.min(wrong, BODY.length()));
            } catch (ExecutionException e) {
                assertThat(wrong).isGreaterThan(BODY.length());
            }
            if (wrong > BODY.length()) {
                assertThat(cache.entries().hasNext()).isFalse();
            }
            cache.clear();
        }
        events.answered(cache.statistics().requests());
    }
}
