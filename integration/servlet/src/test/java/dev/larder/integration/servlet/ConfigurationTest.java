package dev.larder.integration.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.HttpCache;
import dev.larder.policy.CacheControls;
import jakarta.servlet.DispatcherType;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import org.eclipse.jetty.ee11.servlet.FilterHolder;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a filter is set up. */
final class ConfigurationTest {
    @TempDir
    Path directory;

    private static TestServer server(Map<String, String> parameters) throws Exception {
        TestServer server = new TestServer(EnumSet.of(DispatcherType.REQUEST), List.of());
        FilterHolder holder = new FilterHolder(LarderFilter.class);
        holder.setInitParameters(parameters);
        holder.setAsyncSupported(true);
        try {
            server.context().getServletHandler().addFilterWithMapping(holder, "/*", EnumSet.of(DispatcherType.REQUEST));
            // Added to a running container, a filter is initialised at once.
            holder.start();
            holder.initialize();
        } catch (Exception e) {
            server.close();
            throw e;
        }
        server.on("/a", (request, response) -> {
            response.setHeader("Cache-Control", "max-age=60");
            response.getWriter().print("body");
        });
        return server;
    }

    @Test
    @DisplayName("a filter is configured by init parameters")
    void parameters() throws Exception {
        Map<String, String> parameters =
                Map.of("storage", "file:" + directory, "cache-name", "front", "etag-max-bytes", "1000");
        try (TestServer server = server(parameters)) {
            FilterScenario.send(server, "GET", "/a");
            FilterScenario.Reply reply = FilterScenario.send(server, "GET", "/a");
            assertThat(reply.field("Cache-Status")).startsWith("front; hit");
            assertThat(reply.field("ETag")).isNotNull();
            assertThat(LarderFilter.cacheOf(server.context().getServletContext())
                            .statistics()
                            .hits())
                    .isEqualTo(1);
        }
        try (TestServer again = server(Map.of("storage", "file:" + directory, "cache-status", "false"))) {
            FilterScenario.Reply reply = FilterScenario.send(again, "GET", "/a");
            assertThat(reply.body()).isEqualTo("body");
            assertThat(reply.field("Cache-Status")).isNull();
            assertThat(reply.field("Age")).isNotNull();
            assertThat(again.calls("/a")).as("stored before the restart").isZero();
        }
    }

    @Test
    @DisplayName("any storage whose module is there can be named")
    void storages() throws Exception {
        for (String spec : List.of("memory:?maxBytes=1m", "sqlite:" + directory.resolve("larder.sqlite"))) {
            try (TestServer server = server(Map.of("storage", spec, "wait-at-most-seconds", "5"))) {
                FilterScenario.send(server, "GET", "/a");
                assertThat(FilterScenario.send(server, "GET", "/a").hit())
                        .as(spec)
                        .isTrue();
            }
        }
        assertThat(directory.resolve("larder.sqlite")).isNotEmptyFile();
    }

    @Test
    @DisplayName("a wrong parameter stops the application and says what is wrong")
    void wrongParameters() {
        assertThatThrownBy(() -> server(Map.of("storrage", "memory")))
                .hasMessageContaining("LarderFilter cannot be set up")
                .hasMessageContaining("storrage")
                .hasMessageContaining("etag-max-bytes");
        assertThatThrownBy(() -> server(Map.of("storage", "nowhere:"))).hasMessageContaining("nowhere");
        assertThatThrownBy(() -> server(Map.of("storage", "file"))).hasMessageContaining("no scheme");
        assertThatThrownBy(() -> server(Map.of("wait-at-most-seconds", "soon")))
                .hasMessageContaining("wait-at-most-seconds");
        assertThatThrownBy(() -> server(Map.of("heuristics", "yes"))).hasMessageContaining("heuristics");
        assertThatThrownBy(() -> server(Map.of("etag-max-bytes", "-1"))).hasMessageContaining("etag-max-bytes");
    }

    @Test
    @DisplayName("a cache and options for a new one do not go together")
    void contradiction() {
        assertThatThrownBy(() -> LarderFilter.builder()
                        .cache(HttpCache.create())
                        .policy(LarderFilter.defaultPolicy().build())
                        .build())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("cache(…)");
        assertThatThrownBy(() -> LarderFilter.builder().etags(-1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> LarderFilter.builder().waitingAtMost(Duration.ofSeconds(-1)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    @DisplayName("controls partition the cache, by tenant for example")
    void controls() throws Exception {
        LarderFilter filter = LarderFilter.builder()
                .controls(request -> CacheControls.NONE.withPartition(request.getHeader("X-Tenant")))
                .build();
        try (TestServer server = new TestServer(EnumSet.of(DispatcherType.REQUEST), List.of(filter))) {
            server.on("/a", (request, response) -> {
                response.setHeader("Cache-Control", "max-age=60");
                response.getWriter().print(request.getHeader("X-Tenant"));
            });
            for (int i = 0; i < 2; i++) {
                for (String tenant : List.of("one", "two")) {
                    assertThat(FilterScenario.send(server, "GET", "/a", "X-Tenant: " + tenant)
                                    .body())
                            .isEqualTo(tenant);
                }
            }
            assertThat(server.calls("/a")).isEqualTo(2);
        }
    }
}
