package dev.larder.integration.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Entity tags for an application that has none. */
final class EntityTagTest extends FilterScenario {
    @BeforeEach
    void tags() throws Exception {
        start(LarderFilter.builder().etags(20_000));
    }

    private void says(String path, String control, String body) {
        server.on(path, (request, response) -> {
            response.setHeader("Cache-Control", control);
            response.getWriter().print(body);
        });
    }

    @Test
    @DisplayName("a response gets a strong tag, and a client that has it gets a 304, stored or not")
    void tagged() throws Exception {
        for (String control : new String[] {"max-age=60", "no-store", "private, max-age=60"}) {
            says("/a", control, "body");
            String tag = get("/a").field("ETag");
            assertThat(tag).matches("\"[\\w-]{22}\"");
            Reply known = get("/a", "If-None-Match: " + tag);
            assertThat(known.status()).isEqualTo(304);
            assertThat(known.field("ETag")).isEqualTo(tag);
            assertThat(get("/a", "If-None-Match: \"other\"").status()).isEqualTo(200);
            says("/a", control, "another body");
            cache.clear();
            Reply changed = get("/a", "If-None-Match: " + tag);
            assertThat(changed.status()).isEqualTo(200);
            assertThat(changed.field("ETag")).isNotEqualTo(tag);
            cache.clear();
        }
    }

    @Test
    @DisplayName("a cold cache stores what the client that asked has already")
    void coldCache() throws Exception {
        says("/a", "max-age=60", "body");
        String tag = get("/a").field("ETag");
        cache.clear();
        assertThat(get("/a", "If-None-Match: " + tag).status()).isEqualTo(304);
        Reply other = get("/a");
        assertThat(other.hit()).isTrue();
        assertThat(other.body()).isEqualTo("body");
    }

    @Test
    @DisplayName("a stale response that the application makes again is not stored again")
    void revalidated() throws Exception {
        says("/a", "max-age=60", "body");
        get("/a");
        advance(100);
        Reply same = get("/a");
        assertThat(same.body()).isEqualTo("body");
        assertThat(same.status()).isEqualTo(200);
        assertThat(cache.statistics().revalidated()).isEqualTo(1);
        assertThat(cache.statistics().stored()).isEqualTo(1);
        assertThat(get("/a").hit()).isTrue();
        advance(100);
        says("/a", "max-age=60", "changed");
        assertThat(get("/a").body()).isEqualTo("changed");
        assertThat(cache.statistics().stored()).isEqualTo(2);
    }

    @Test
    @DisplayName("the application's own tag stays, and what is long, flushed or no success gets none")
    void untagged() throws Exception {
        server.on("/own", (request, response) -> {
            response.setHeader("ETag", "\"own\"");
            response.getWriter().print("x");
        });
        server.on("/flushed", (request, response) -> {
            response.getWriter().print("x");
            response.flushBuffer();
        });
        says("/long", "no-store", "x".repeat(20_001));
        says("/most", "no-store", "x".repeat(20_000));
        assertThat(get("/own").field("ETag")).isEqualTo("\"own\"");
        assertThat(get("/flushed").field("ETag")).isNull();
        assertThat(get("/long").field("ETag")).isNull();
        assertThat(get("/long").content()).hasSize(20_001);
        assertThat(get("/most").field("ETag")).isNotNull();
        assertThat(get("/missing").field("ETag")).isNull();
    }
}
