package dev.larder.storage.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.http.HttpFields;
import dev.larder.http.TargetUri;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryIds;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.StorageListener;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Processes that share a database, and are killed at any moment. Every body can be told right from wrong. More kills by
 * the system property {@code larder.test.kills}.
 */
@Timeout(600)
class CrashTest {
    private static final int KILLS = Integer.getInteger("larder.test.kills", 15);
    private static final int LANES = 3;

    @TempDir
    Path directory;

    private final List<String> problems = Collections.synchronizedList(new ArrayList<>());

    private Path file() {
        return directory.resolve("cache.db");
    }

    @Test
    @DisplayName(
            "whenever a process is killed: every entry is whole, what was acknowledged is so, and nothing stays behind")
    void killed() throws Exception {
        try (SqliteStorage storage = Worker.open(file(), problems)) {
            AtomicInteger next = new AtomicInteger();
            inParallel(() -> {
                for (int child = next.getAndIncrement(); child < KILLS; child = next.getAndIncrement()) {
                    killOne(storage, child);
                }
                return null;
            });
        }
        // Later, so that what the dead left is certain to be theirs.
        try (SqliteStorage storage = SqliteStorage.builder()
                .path(file())
                .clock(() -> java.time.Instant.now().plus(Duration.ofMinutes(10)))
                .executor(Runnable::run)
                .build()) {
            Iterator<StoredEntry> all = storage.entries();
            int entries = 0;
            while (all.hasNext()) {
                assertThat(Worker.problem(storage, all.next())).isNull();
                entries++;
            }
            assertThat(entries).isGreaterThanOrEqualTo(KILLS);
            assertThat(storage.statistics().entries()).isEqualTo(entries);
        }
        assertThat(problems).isEmpty();
        Fixture.expectNothingLeftBehind(file());
        assertThat(Fixture.number(file(), "SELECT count(*) FROM larder WHERE state <> 1"))
                .isZero();
    }

    private void killOne(SqliteStorage storage, int child) throws Exception {
        String removed = "removed by " + child;
        Worker.put(storage, removed, child, List.of());
        Process process = start("forever", child);
        try {
            // It is up; what it did before saying so is acknowledged.
            assertThat(process.getInputStream().read())
                    .as("child %d is up", child)
                    .isEqualTo('u');
            process.waitFor(new Random(child).nextInt(50_000), TimeUnit.MICROSECONDS);
        } finally {
            process.destroyForcibly();
        }
        int status = process.waitFor();
        assertThat(status)
                .as(() -> "child " + child + " did not end by itself: " + rest(process))
                .isGreaterThan(128);
        assertThat(storage.lookup(removed)).isEmpty();
        List<StoredEntry> stored = storage.lookup("stored by " + child);
        assertThat(stored).hasSize(1);
        assertThat(Worker.problem(storage, stored.get(0))).isNull();
    }

    @Test
    @DisplayName("three processes at once on few keys: nobody ever sees a wrong byte, or fails")
    void together() throws Exception {
        try (SqliteStorage storage = Worker.open(file(), problems)) {
            AtomicInteger next = new AtomicInteger();
            inParallel(() -> {
                int child = next.getAndIncrement();
                Process process = start("1500", child);
                try {
                    assertThat(process.getInputStream().read()).isEqualTo('u');
                    assertThat(process.waitFor(4, TimeUnit.MINUTES)).isTrue();
                    assertThat(process.exitValue()).as(() -> rest(process)).isZero();
                } finally {
                    process.destroyForcibly();
                }
                return null;
            });
            Iterator<StoredEntry> all = storage.entries();
            while (all.hasNext()) {
                assertThat(Worker.problem(storage, all.next())).isNull();
            }
            storage.sweep();
        }
        assertThat(problems).isEmpty();
        Fixture.expectNothingLeftBehind(file());
    }

    @Test
    @DisplayName("a removal by another process discards what was being written here")
    void removalElsewhere() throws Exception {
        try (SqliteStorage here = Worker.open(file(), problems);
                EntryWriter small = here.create(Worker.head("removed by 7", 1));
                EntryWriter large = here.create(Worker.head("removed by 7", 2));
                EntryWriter other = here.create(Worker.head("another key", 3))) {
            small.write(ByteBuffer.wrap(new byte[10]));
            large.write(ByteBuffer.wrap(new byte[200_000]));
            other.write(ByteBuffer.wrap(new byte[10]));
            Process process = start("0", 7);
            assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
            assertThat(process.exitValue()).as(() -> rest(process)).isZero();
            assertThat(small.commit(List.of())).isFalse();
            assertThat(large.commit(List.of())).isFalse();
            assertThat(other.commit(List.of())).isTrue();
            assertThat(here.lookup("removed by 7")).isEmpty();
        }
    }

    private static void inParallel(Callable<@Nullable Void> work) throws Exception {
        ExecutorService executor = Executors.newFixedThreadPool(LANES);
        try {
            List<Future<Void>> running = new ArrayList<>();
            for (int lane = 0; lane < LANES; lane++) {
                running.add(executor.submit(work));
            }
            for (Future<Void> each : running) {
                each.get();
            }
        } finally {
            executor.shutdownNow();
        }
    }

    private Process start(String operations, int child) throws IOException {
        return Fixture.java(directory, "-Xmx64m", Worker.class, file().toString(), operations, Integer.toString(child));
    }

    private static String rest(Process process) {
        try {
            return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /** What the child processes run. */
    static final class Worker {
        private static final int KEYS = 12;

        private Worker() {}

        public static void main(String[] args) throws IOException {
            List<String> problems = Collections.synchronizedList(new ArrayList<>());
            long operations = args[1].equals("forever") ? Long.MAX_VALUE : Long.parseLong(args[1]);
            int child = Integer.parseInt(args[2]);
            Random random = new Random(child);
            try (SqliteStorage storage = open(Path.of(args[0]), problems)) {
                put(storage, "stored by " + child, child, List.of());
                storage.removeKey("removed by " + child);
                System.out.print('u');
                System.out.flush();
                for (long i = 0; i < operations && problems.isEmpty(); i++) {
                    operate(storage, random, problems);
                }
            }
            problems.forEach(System.out::println);
            if (!problems.isEmpty()) {
                System.exit(1);
            }
        }

        private static void operate(SqliteStorage storage, Random random, List<String> problems) throws IOException {
            String key = "key " + random.nextInt(KEYS);
            List<StoredEntry> found = storage.lookup(key);
            for (StoredEntry entry : found) {
                String problem = problem(storage, entry);
                if (problem != null) {
                    problems.add(problem);
                }
                storage.used(entry);
            }
            switch (random.nextInt(10)) {
                case 0, 1, 2, 3 -> {
                    List<StoredResponse> replaced = new ArrayList<>();
                    found.forEach(entry -> replaced.add(entry.stored()));
                    put(storage, key, random.nextInt(), random.nextBoolean() ? replaced : List.of());
                }
                case 4, 5, 6 -> {
                    if (!found.isEmpty()) {
                        StoredResponse head = found.get(0).stored();
                        storage.freshen(head.toBuilder()
                                .fields(head.fields().with("Filling", "x".repeat(random.nextInt(3000))))
                                .build());
                    }
                }
                case 7 -> {
                    if (!found.isEmpty()) {
                        storage.remove(key, found.get(0).stored().id());
                    }
                }
                case 8 -> storage.removeKey(key);
                default -> {
                    if (random.nextInt(20) == 0) {
                        storage.sweep();
                    }
                }
            }
        }

        static SqliteStorage open(Path file, List<String> problems) throws IOException {
            // A machine that does much else may keep a process waiting for long.
            SqliteStorage storage = SqliteStorage.builder()
                    .path(file)
                    .busyTimeout(Duration.ofMinutes(1))
                    .build();
            storage.addListener(new StorageListener() {
                @Override
                public void corrupt(String where, String what) {
                    problems.add("corrupt: " + where + ": " + what);
                }

                @Override
                public void failed(String operation, IOException failure) {
                    problems.add("failed: " + operation + ": " + failure);
                }
            });
            return storage;
        }

        static StoredResponse head(String key, int seed) {
            long now = System.currentTimeMillis();
            return StoredResponse.builder()
                    .id(EntryIds.next())
                    .key(key)
                    .method("GET")
                    .uri(TargetUri.parse("https://example.org/"))
                    .status(200)
                    .fields(HttpFields.of("Key", key, "Seed", Integer.toString(seed)))
                    .times(now, now)
                    .createdAt(now)
                    .build();
        }

        static void put(SqliteStorage storage, String key, int seed, List<StoredResponse> replaced) throws IOException {
            try (EntryWriter writer = storage.create(head(key, seed))) {
                ByteBuffer body = ByteBuffer.wrap(body(seed));
                while (body.hasRemaining()) {
                    ByteBuffer piece = body.slice().limit(Math.min(body.remaining(), 30_000));
                    body.position(body.position() + piece.remaining());
                    writer.write(piece);
                }
                writer.commit(replaced);
            }
        }

        private static byte[] body(int seed) {
            Random random = new Random(seed);
            byte[] body = new byte[random.nextInt(4) == 0 ? random.nextInt(300_000) : random.nextInt(3_000)];
            random.nextBytes(body);
            return body;
        }

        /** What is wrong with an entry, or null. */
        static @Nullable String problem(SqliteStorage storage, StoredEntry entry) {
            StoredResponse head = entry.stored();
            if (!head.key().equals(head.fields().first("Key"))) {
                return "the head of another key: " + head.key();
            }
            byte[] expected = body(Integer.parseInt(head.fields().combined("Seed")));
            ByteBuffer found = ByteBuffer.allocate((int) entry.bodyLength());
            ByteBuffer inline = entry.inlineBody();
            if (inline != null) {
                found.put(inline);
            } else {
                try (BodyReader reader = storage.open(entry)) {
                    if (reader == null) {
                        return null; // gone meanwhile
                    }
                    while (found.hasRemaining()) {
                        reader.read(found.position(), found);
                    }
                } catch (IOException e) {
                    return "reading " + head.key() + ": " + e;
                }
            }
            return found.flip().equals(ByteBuffer.wrap(expected)) ? null : "wrong bytes under " + head.key();
        }
    }
}
