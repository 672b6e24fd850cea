package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.http.HttpFields;
import dev.larder.http.StructuredFields;
import dev.larder.policy.CacheControls;
import dev.larder.rules.Reason;
import dev.larder.testkit.Reply;
import java.io.ByteArrayOutputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** RFC 10008: requests whose content asks, and whose answers are stored by it. */
final class QueryTest extends CacheScenario {
    private static final CacheControls NORMALIZED = CacheControls.NONE.withNormalizedBodyInKey();

    private HttpRequest query(String path, String content, String... fields) {
        return withContent(request("QUERY", path, fields), content);
    }

    @Test
    @Tag("R10008-004")
    @Tag("R10008-005")
    @Tag("Q28")
    void theContentAndWhatDescribesItAreTheKey() throws Exception {
        origin.on("/a").answer(request -> fresh(request.bodyText() + request.first("Content-Type"), 60));
        send(query("/a", "one", "Content-Type", "a/b")).assertMiss("onea/b").assertStored();
        send(query("/a", "one", "Content-Type", "a/b")).assertHit("onea/b");
        send(query("/a", "two", "Content-Type", "a/b")).assertMiss("twoa/b");
        send(query("/a", "one", "Content-Type", "a/c")).assertMiss("onea/c");
        for (String name : new String[] {"Content-Encoding", "Content-Language", "Content-Location"}) {
            send(query("/a", "one", "Content-Type", "a/b", name, "x")).assertMiss("onea/b");
        }
        get("/a").assertMiss("null");
        send(query("/a", "one", "Content-Type", "a/b")).assertHit("onea/b");
    }

    @Test
    @Tag("R10008-005")
    @Tag("Q21")
    void contentTooLongForTheKeyBypassesTheCache() throws Exception {
        String content = "x".repeat(1024 * 1024 + 1);
        given("/a", fresh("1", 60), fresh("2", 60));
        send(query("/a", content)).assertMiss("1");
        send(query("/a", content)).assertMiss("2");
        assertThat(origin.requests("/a").get(1).body()).hasSize(content.length());
        assertThat(cache.storageStatistics().entries()).isZero();
    }

    @Test
    @Tag("R10008-001")
    void aQueryInvalidatesNothing() throws Exception {
        given("/a", fresh("1", 60));
        get("/a").assertStored();
        send(query("/a", "one"));
        send("QUERY", "/a");
        get("/a").assertHit("1");
    }

    @Test
    @Tag("R10008-003")
    void aStaleAnswerIsValidated() throws Exception {
        given(
                "/a",
                fresh("1", 60).field("ETag", "\"1\""),
                Reply.notModified().field("ETag", "\"1\"").field("Cache-Control", "max-age=60"));
        send(query("/a", "one")).assertStored();
        advance(61);
        send(query("/a", "one")).assertRevalidated("1");
        assertThat(lastAsked("/a", "If-None-Match")).isEqualTo("\"1\"");
        assertThat(origin.requests("/a").get(1).bodyText()).isEqualTo("one");
        send(query("/a", "one", "If-None-Match", "\"1\"")).assertStatus(304);
        assertAsked(2, "/a");
    }

    @Test
    @Tag("R10008-002")
    void redirectsKeepTheMethodBut303() throws Exception {
        client = CacheClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NORMAL)
                .cache(cache)
                .build();
        for (int status : new int[] {301, 302, 303, 307, 308}) {
            given("/" + status, Reply.status(status).field("Location", "/to" + status));
            origin.on("/to" + status).answer(request -> ok(request.method() + request.bodyText()));
            assertThat(send(query("/" + status, "one")).body()).isEqualTo(status == 303 ? "GET" : "QUERYone");
        }
    }

    @Test
    @Tag("R10008-006")
    @Tag("R10008-007")
    void contentThatMeansTheSameIsTheSameIfAskedFor() throws Exception {
        origin.on("/a").answer(request -> fresh(request.bodyText(), 60));
        String json = "{ \"b\": [1, 2.0], \"a\": \"\\u0041\" }";
        String same = "{\"a\":\"A\",\"b\":[1,2.0]}";
        String[] type = {"Content-Type", "application/json; charset=utf-8"};
        send(CacheClient.with(query("/a", json, type), NORMALIZED)).assertMiss(json);
        assertThat(origin.requests("/a").get(0).bodyText()).as("sent as it is").isEqualTo(json);
        send(CacheClient.with(query("/a", same, type), NORMALIZED)).assertHit(json);
        send(query("/a", same, type)).assertHit(json);
        send(query("/a", json, type)).assertMiss(json);
        send(CacheClient.with(query("/a", json, "Content-Type", type[1], "Cache-Control", "no-transform"), NORMALIZED))
                .assertHit(json);
        ByteArrayOutputStream coded = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(coded)) {
            gzip.write(same.getBytes(StandardCharsets.UTF_8));
        }
        HttpRequest zipped = HttpRequest.newBuilder(origin.uri("/a"))
                .method("QUERY", BodyPublishers.ofByteArray(coded.toByteArray()))
                .header(type[0], type[1])
                .header("Content-Encoding", "gzip")
                .build();
        send(CacheClient.with(zipped, NORMALIZED)).assertHit(json);
        for (String other : new String[] {
            "{\"a\":\"A\",\"b\":[2.0,1]}",
            "{\"a\":\"A\",\"b\":[1,2]}",
            "{\"a\":\"A\",\"b\":[1,2.0],\"b\":[1,2.0]}",
            "{\"a\":"
        }) {
            send(CacheClient.with(query("/a", other, type), NORMALIZED)).assertMiss(other);
        }
    }

    @Test
    @Tag("R10008-006")
    void aGraphQlQueryByPostIsCachedWhereTheCallerSaysSo() throws Exception {
        given("/graphql", fresh("{\"data\":{}}", 60));
        String one = "{\"query\":\"{ user(id: 1) { name } }\",\"variables\":{}}";
        String two = "{\"variables\": {}, \"query\": \"{ user(id: 1) { name } }\"}";
        HttpRequest post = request("POST", "/graphql", "Content-Type", "application/json");
        send(CacheClient.with(withContent(post, one), NORMALIZED)).assertStored();
        send(CacheClient.with(withContent(post, two), NORMALIZED)).assertHit("{\"data\":{}}");
    }

    @Test
    @Tag("R10008-008")
    void aRangeOfAStoredAnswerIsServed() throws Exception {
        given("/a", fresh("0123456789", 60));
        send(query("/a", "one")).assertStored();
        send(query("/a", "one", "Range", "bytes=2-3")).assertHit("23").assertStatus(206);
    }

    @Test
    @Tag("R10008-009")
    void acceptQueryIsAStructuredField() {
        HttpFields fields = HttpFields.of("Accept-Query", "application/json, \"application/sql\";charset=\"UTF-8\"");
        assertThat(StructuredFields.parseList(fields.combined("Accept-Query"))).hasSize(2);
    }

    @Test
    @Tag("R10008-010")
    void theContentIsNotKept() throws Exception {
        String secret = "s3cret-content";
        given("/a", fresh("1", 60));
        send(query("/a", secret)).assertStored().assertBecause(Reason.URI_MISS);
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
                        .doesNotContain(secret);
            }
        }
        assertThat(cache.entries().next().stored().key()).doesNotContain(secret);
    }
}
