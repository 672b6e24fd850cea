package dev.larder.storage.sqlite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryWriter;
import dev.larder.storage.StorageStatistics;
import dev.larder.testkit.GeneratedBody;
import dev.larder.testkit.ManualClock;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What grows, and how far. The length of the big body in MiB: system property {@code larder.test.bigBody}. */
class BoundsTest {
    private static final long BIG = Long.getLong("larder.test.bigBody", 256) << 20;

    @TempDir
    Path directory;

    private final ManualClock clock = new ManualClock();

    private Path file() {
        return directory.resolve("cache.db");
    }

    @Test
    @DisplayName(
            "a full storage that is written to for long keeps to its capacity, its file and its log do not grow on")
    void churn() throws Exception {
        long capacity = 4 << 20;
        long largestWal = 0;
        Random random = new Random(1);
        try (SqliteStorage storage = Fixture.storage(file(), clock)
                .maxBytes(capacity)
                .maxEntries(150)
                .build()) {
            for (int i = 0; i < 500; i++) {
                int length = random.nextInt(4) == 0 ? random.nextInt(400_000) : random.nextInt(20_000);
                StoredResponse head = Fixture.head("key " + i, clock).build();
                assertThat(Fixture.put(storage, head, Fixture.bytes(length, i))).isTrue();
                StorageStatistics statistics = storage.statistics();
                assertThat(statistics.bytes()).isLessThanOrEqualTo(capacity);
                assertThat(statistics.entries()).isBetween(1L, 150L);
                clock.advance(Duration.ofSeconds(1));
                largestWal = Math.max(largestWal, Files.size(OwnFile.beside(file(), "-wal")));
            }
            assertThat(storage.statistics().evictions()).isGreaterThan(300);
        }
        assertThat(Files.size(file())).isLessThan(2 * capacity);
        assertThat(largestWal).isLessThan(16 << 20);
        Fixture.expectNothingLeftBehind(file());
    }

    @Test
    @DisplayName("what a reader of this process has open stays, what others might have open stays for a while")
    void removedBodies() throws Exception {
        byte[] body = Fixture.bytes(300_000, 1);
        try (SqliteStorage here = Fixture.storage(file(), clock).build();
                SqliteStorage there = Fixture.storage(file(), clock).build()) {
            Fixture.put(here, Fixture.head("key", clock).build(), body);
            try (BodyReader ours =
                            Objects.requireNonNull(here.open(here.lookup("key").get(0)));
                    BodyReader theirs = Objects.requireNonNull(
                            there.open(there.lookup("key").get(0)))) {
                here.removeKey("key");
                clock.advance(Duration.ofMinutes(4));
                here.sweep();
                assertThat(Fixture.drain(theirs)).isEqualTo(body);
                clock.advance(Duration.ofMinutes(2));
                here.sweep();
                assertThat(Fixture.drain(ours)).isEqualTo(body);
            }
            here.sweep();
            assertThat(Fixture.number(file(), "SELECT count(*) FROM larder_bodies"))
                    .isZero();
        }
        Fixture.expectNothingLeftBehind(file());
    }

    @Test
    @DisplayName("neither a use nor a validation writes a body again")
    void noRewrite() throws Exception {
        try (SqliteStorage storage = Fixture.storage(file(), clock).build()) {
            for (int length : new int[] {60_000, 5_000_000}) {
                StoredResponse head = Fixture.head("key " + length, clock).build();
                Fixture.put(storage, head, Fixture.bytes(length, 1));
                Fixture.change(file(), "PRAGMA wal_checkpoint(TRUNCATE)");
                storage.freshen(head.toBuilder().times(1, 2).build());
                storage.used(storage.lookup(head.key()).get(0));
                clock.advance(Duration.ofMinutes(2));
                storage.used(storage.lookup(head.key()).get(0));
                assertThat(Files.size(OwnFile.beside(file(), "-wal"))).isLessThan(55_000);
            }
        }
    }

    @Test
    @DisplayName("a hit on a small body, and a use, read only; a use is written at most once a minute")
    void hitsReadOnly() throws Exception {
        try (SqliteStorage storage = Fixture.storage(file(), clock).build()) {
            Fixture.put(storage, Fixture.head("key", clock).build(), Fixture.bytes(10_000, 1));
            long before = Fixture.number(file(), "PRAGMA wal_checkpoint(TRUNCATE)");
            assertThat(before).isZero();
            for (int i = 0; i < 1_000; i++) {
                storage.used(storage.lookup("key").get(0));
                clock.advance(Duration.ofMillis(50));
            }
            assertThat(Files.size(OwnFile.beside(file(), "-wal"))).isZero();
            clock.advance(Duration.ofSeconds(20));
            storage.used(storage.lookup("key").get(0));
            assertThat(Fixture.number(file(), "SELECT uses FROM larder")).isGreaterThanOrEqualTo(1_000);
        }
    }

    @Test
    @DisplayName("writing uses counts no entries; a sweep does, and puts right totals that are wrong")
    void usesCountNothing() throws Exception {
        try (SqliteStorage storage = Fixture.storage(file(), clock)
                .checkTtlEvery(Duration.ofHours(1))
                .maxEntries(1)
                .build()) {
            Fixture.put(storage, Fixture.head("key", clock).build(), Fixture.bytes(1_000, 1));
            Fixture.change(file(), "UPDATE larder_totals SET entries = 7, bytes = 7");
            for (int i = 1; i <= 5; i++) {
                clock.advance(Duration.ofSeconds(61));
                storage.used(storage.lookup("key").get(0));
                assertThat(Fixture.number(file(), "SELECT uses FROM larder")).isEqualTo(i);
            }
            assertThat(Fixture.number(file(), "SELECT entries FROM larder_totals"))
                    .isEqualTo(7);
            clock.advance(Duration.ofHours(1));
            assertThat(storage.lookup("key")).hasSize(1);
            assertThat(storage.statistics().entries()).isEqualTo(1);
        }
        Fixture.expectNothingLeftBehind(file());
    }

    @Test
    @DisplayName("a sweep evicts what a smaller capacity has no room for, and writes nothing when all is right")
    void sweepToCapacity() throws Exception {
        try (SqliteStorage storage = Fixture.storage(file(), clock).build()) {
            for (int i = 0; i < 10; i++) {
                Fixture.put(storage, Fixture.head("key " + i, clock).build(), Fixture.bytes(1_000, i));
            }
            Fixture.change(file(), "PRAGMA wal_checkpoint(TRUNCATE)");
            storage.sweep();
            assertThat(Files.size(OwnFile.beside(file(), "-wal"))).isZero();
        }
        try (SqliteStorage storage =
                Fixture.storage(file(), clock).maxEntries(4).build()) {
            assertThat(storage.statistics().entries()).isEqualTo(4);
            assertThat(storage.lookup("key 9")).hasSize(1);
            assertThat(storage.lookup("key 0")).isEmpty();
        }
        Fixture.expectNothingLeftBehind(file());
    }

    @Test
    @Timeout(300)
    @DisplayName("a body larger than the heap is written and read")
    void bigBody() throws Exception {
        Process child = Fixture.java(directory, "-Xmx64m", BigBody.class, file().toString(), Long.toString(BIG));
        String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(child.waitFor(10, TimeUnit.SECONDS)).isTrue();
        assertThat(output).contains("written, read back and read: true true");
        System.out.println((BIG >> 20) + " MiB: " + output.strip());
    }

    /** A program with a small heap. */
    static final class BigBody {
        private BigBody() {}

        public static void main(String[] args) throws Exception {
            GeneratedBody body = new GeneratedBody(Long.parseLong(args[1]), 11);
            try (SqliteStorage storage = SqliteStorage.builder()
                    .path(Path.of(args[0]))
                    .maxBytes(2 * body.length())
                    .maxEntryBytes(body.length())
                    .build()) {
                long start = System.nanoTime();
                CRC32 back = new CRC32();
                try (EntryWriter writer = storage.create(
                        Fixture.head("key", InstantSource.system()).build())) {
                    byte[] piece = new byte[1 << 16];
                    for (long at = 0; at < body.length(); at += piece.length) {
                        int count = (int) Math.min(piece.length, body.length() - at);
                        body.copy(at, piece, 0, count);
                        writer.write(ByteBuffer.wrap(piece, 0, count));
                        ByteBuffer copy = ByteBuffer.allocate(count);
                        while (copy.hasRemaining()) {
                            writer.readBack(at + copy.position(), copy);
                        }
                        back.update(copy.flip());
                    }
                    if (!writer.commit(List.of())) {
                        throw new IllegalStateException("not stored");
                    }
                }
                long written = System.nanoTime();
                CRC32 sum = new CRC32();
                try (BodyReader reader = Objects.requireNonNull(
                        storage.open(storage.lookup("key").get(0)))) {
                    ByteBuffer piece = ByteBuffer.allocate(1 << 16);
                    for (long at = 0; at < reader.length(); ) {
                        at += reader.read(at, piece.clear());
                        sum.update(piece.flip());
                    }
                }
                System.out.println("written, read back and read: " + (back.getValue() == body.crc32()) + " "
                        + (sum.getValue() == body.crc32()) + " in " + (written - start) / 1_000_000 + " and "
                        + (System.nanoTime() - written) / 1_000_000 + " ms");
            }
        }
    }
}
