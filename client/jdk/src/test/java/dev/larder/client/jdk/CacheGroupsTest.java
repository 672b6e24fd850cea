package dev.larder.client.jdk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.testkit.Reply;
import dev.larder.testkit.ScriptedOrigin;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** RFC 9875: stored responses that are invalidated together. */
final class CacheGroupsTest extends CacheScenario {
    private void stored(String path, String groups) throws Exception {
        given(path, fresh(path, 600).field("Cache-Groups", groups));
        get(path).assertStored();
    }

    private void post(Reply reply) throws Exception {
        given("/post", reply);
        send("POST", "/post");
    }

    private boolean isStored(String path) throws Exception {
        return get(path, "Cache-Control", "only-if-cached").response().statusCode() == 200;
    }

    @Test
    @Tag("R9875-002")
    @Tag("R9875-006")
    void anUnsafeRequestInvalidatesTheGroupsItsAnswerNames() throws Exception {
        stored("/a", "\"one\"");
        stored("/b", "\"two\", \"one\";p=1");
        stored("/c", "\"ONE\"");
        stored("/d", "one");
        stored("/e", "\"two\"");
        post(Reply.ok().field("Cache-Group-Invalidation", "\"three\", \"one\";x"));
        assertThat(isStored("/a")).isFalse();
        assertThat(isStored("/b")).isFalse();
        assertThat(isStored("/c")).as("names compare exactly").isTrue();
        assertThat(isStored("/d")).as("a token is no group").isTrue();
        assertThat(isStored("/e")).isTrue();
    }

    @Test
    @Tag("R9875-004")
    void invalidationDoesNotCascade() throws Exception {
        stored("/a", "\"one\"");
        stored("/b", "\"one\", \"two\"");
        stored("/c", "\"two\"");
        send("DELETE", "/a");
        assertThat(isStored("/a")).isFalse();
        post(Reply.ok().field("Cache-Group-Invalidation", "\"one\""));
        assertThat(isStored("/b")).isFalse();
        assertThat(isStored("/c")).isTrue();
    }

    @Test
    @Tag("R9875-005")
    @Tag("Q26")
    void safeAndFailedRequestsInvalidateNothing() throws Exception {
        stored("/a", "\"one\"");
        given("/get", ok("1", "Cache-Group-Invalidation", "\"one\""));
        get("/get");
        head("/get");
        send("OPTIONS", "/get");
        send("QUERY", "/get");
        post(Reply.status(404).field("Cache-Group-Invalidation", "\"one\""));
        post(Reply.status(500).field("Cache-Group-Invalidation", "\"one\""));
        post(Reply.ok().field("Cache-Group-Invalidation", "\"one\", one"));
        assertThat(isStored("/a")).isTrue();
    }

    @Test
    @Tag("R9875-003")
    void anotherOriginsGroupOfTheSameNameStays() throws Exception {
        stored("/a", "\"one\"");
        try (ScriptedOrigin other = ScriptedOrigin.start(clock)) {
            other.on("/post").reply(Reply.ok().field("Cache-Group-Invalidation", "\"one\""));
            send(java.net.http.HttpRequest.newBuilder(other.uri("/post"))
                    .POST(java.net.http.HttpRequest.BodyPublishers.noBody())
                    .build());
            assertThat(cache.invalidateGroup(other.uri("/"), "one")).isZero();
        }
        assertThat(isStored("/a")).isTrue();
        assertThat(cache.invalidateGroup(origin.uri("/"), "one")).isEqualTo(1);
        assertThat(isStored("/a")).isFalse();
    }

    @Test
    @Tag("R9875-001")
    @Tag("R9875-007")
    void manyLongGroupsAreRead() throws Exception {
        String groups = IntStream.range(0, 100)
                .mapToObj(i -> "\"" + "g".repeat(40) + i + "\"")
                .collect(Collectors.joining(", "));
        stored("/a", groups);
        post(Reply.ok().field("Cache-Group-Invalidation", "\"" + "g".repeat(40) + "31\""));
        assertThat(isStored("/a")).isFalse();
        stored("/a", groups);
        post(Reply.ok().field("Cache-Group-Invalidation", groups));
        assertThat(isStored("/a")).isFalse();
    }

    @Test
    @Tag("R9875-008")
    void groupsCanBeSwitchedOff() throws Exception {
        policy(policy().cacheGroups(false));
        stored("/a", "\"one\"");
        post(Reply.ok().field("Cache-Group-Invalidation", "\"one\""));
        assertThat(isStored("/a")).isTrue();
    }
}
