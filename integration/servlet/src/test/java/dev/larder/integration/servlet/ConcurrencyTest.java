package dev.larder.integration.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.testkit.GeneratedBody;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.CRC32;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Many clients at once, of whom some leave, and an application that sometimes fails. */
final class ConcurrencyTest extends FilterScenario {
    private static final int CLIENTS = 12;
    private static final int REQUESTS = 25;

    @Test
    @DisplayName("whoever reads to the end has read the right bytes, nobody waits for ever, nothing is left open")
    void mixed() throws Exception {
        AtomicInteger runs = new AtomicInteger();
        List<GeneratedBody> bodies = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            GeneratedBody body = new GeneratedBody(10_000L << (2 * i), i);
            bodies.add(body);
            TestServer.App app = (request, response) -> {
                int run = runs.incrementAndGet();
                if (run % 17 == 0) {
                    throw new IllegalStateException("now and then");
                }
                response.setHeader("Cache-Control", "max-age=5, stale-while-revalidate=5");
                response.setHeader("ETag", "\"" + body.seed() + "\"");
                if (request.getHeader("If-None-Match") != null && run % 2 == 0) {
                    response.setStatus(304);
                    return;
                }
                if (run % 3 == 0) {
                    response.setContentLengthLong(body.length());
                }
                try (InputStream content = body.open()) {
                    content.transferTo(response.getOutputStream());
                }
                if (run % 19 == 0) {
                    throw new IllegalStateException("after all of it");
                }
            };
            server.on("/" + i, app);
        }
        ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
        AtomicInteger whole = new AtomicInteger();
        List<CompletableFuture<Void>> all = new ArrayList<>();
        for (int c = 0; c < CLIENTS; c++) {
            Random random = new Random(c);
            all.add(CompletableFuture.runAsync(
                    () -> {
                        for (int r = 0; r < REQUESTS; r++) {
                            int i = random.nextInt(bodies.size());
                            boolean leave = random.nextInt(6) == 0;
                            if (random.nextInt(8) == 0) {
                                advance(random.nextInt(8));
                            }
                            if (request(i, leave, bodies.get(i))) {
                                whole.incrementAndGet();
                            }
                        }
                    },
                    clients));
        }
        CompletableFuture.allOf(all.toArray(new CompletableFuture<?>[0])).get(50, TimeUnit.SECONDS);
        clients.shutdown();
        assertThat(whole).hasValueGreaterThan(CLIENTS * REQUESTS / 2);
        assertThat(cache.statistics().hits()).isPositive();
        eventually(() -> storage.openReaders() + storage.openWriters() == 0);
    }

    /** Whether the whole body came; wrong bytes fail the test. */
    private boolean request(int i, boolean leave, GeneratedBody body) {
        try (Connection connection = connect()) {
            connection.send("GET", "/" + i);
            if (leave) {
                connection.head();
                return false;
            }
            Reply reply = connection.read("GET");
            if (reply.status() != 200) {
                assertThat(reply.status()).isEqualTo(500);
                return false;
            }
            CRC32 sum = new CRC32();
            sum.update(reply.content());
            assertThat(reply.content()).hasSize((int) body.length());
            assertThat(sum.getValue()).isEqualTo(body.crc32());
            return true;
        } catch (SocketTimeoutException e) {
            throw new AssertionError("a client waits for ever", e);
        } catch (IOException e) {
            // The application failed after the response had begun.
            return false;
        }
    }
}
