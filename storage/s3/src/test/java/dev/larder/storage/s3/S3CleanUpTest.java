package dev.larder.storage.s3;

import static dev.larder.storage.s3.Entries.bytes;
import static dev.larder.storage.s3.Entries.head;
import static dev.larder.storage.s3.Entries.only;
import static dev.larder.storage.s3.Entries.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.rules.StoredResponse;
import dev.larder.storage.BodyReader;
import dev.larder.storage.EntryWriter;
import dev.larder.testkit.ManualClock;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What sweeps delete, and what they do not. */
class S3CleanUpTest {
    private static S3Server server;

    private final ManualClock clock = new ManualClock();
    private S3Storage.Builder builder;
    private S3Storage storage;
    /** Finds everything old at once. */
    private S3Storage hasty;

    private String prefix = "";

    @BeforeAll
    static void start() throws Exception {
        server = S3Server.inMemory();
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @BeforeEach
    void open() {
        builder = server.storage().clock(clock);
        storage = builder.build();
        hasty = builder.gracePeriod(Duration.ofMillis(1)).build();
        prefix = storage.toString().replaceAll(".*\\[cache/|\\]", "");
    }

    @AfterEach
    void close() throws Exception {
        storage.close();
        hasty.close();
    }

    private StoredResponse.Builder headNow(String key) {
        return head(key).createdAt(clock.millis()).times(clock.millis(), clock.millis());
    }

    private StoredResponse putNow(String key, int length) throws IOException {
        StoredResponse head = headNow(key).build();
        assertThat(Entries.tryPut(storage, head, bytes(length, 1))).isTrue();
        return head;
    }

    private List<String> bodies() {
        return server.names(prefix + "b/");
    }

    @Test
    void aRemovedBodyIsDeletedAfterTheGracePeriodAndItsReaderFailsThen() throws Exception {
        StoredResponse head = putNow("key", 400_000);
        try (BodyReader reader = storage.open(only(storage, "key"))) {
            storage.remove("key", head.id());
            storage.sweep();
            clock.advance(Duration.ofMinutes(59));
            storage.sweep();
            assertThat(bodies()).hasSize(1);
            clock.advance(Duration.ofMinutes(2));
            storage.sweep();
            Entries.await("deleted", () -> bodies().isEmpty());
            assertThatThrownBy(() -> Entries.drain(reader)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void aChangeOfTheKeyDeletesRemovedBodiesToo() throws Exception {
        StoredResponse old = putNow("key", 100_000);
        StoredResponse next = headNow("key").build();
        Entries.tryPut(storage, next, bytes(100_000, 2), old);
        assertThat(bodies()).hasSize(2);
        clock.advance(Duration.ofHours(1));
        storage.freshen(next.toBuilder().status(203).build());
        Entries.await("deleted", () -> bodies().size() == 1);
        assertThat(read(storage, only(storage, "key"))).isEqualTo(bytes(100_000, 2));
    }

    @Test
    void expiredEntriesAndEmptyIndexesGo() throws Exception {
        for (int i = 0; i < 20; i++) {
            StoredResponse head = headNow("key " + i).ttl(10_000, false).build();
            Entries.tryPut(storage, head, bytes(i * 2_000, 1));
        }
        putNow("stays", 10);
        clock.advance(Duration.ofMinutes(1));
        storage.sweep();
        // Removed bodies, then indexes with nothing in them, which have to be a moment old by the server's time.
        Entries.await("all gone", () -> {
            clock.advance(Duration.ofHours(2));
            try {
                hasty.sweep();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
            return server.names(prefix).size() == 1;
        });
        assertThat(storage.lookup("stays")).hasSize(1);
    }

    @Test
    void bodiesThatNothingNamesGoWhenTheyAreOldAndOthersStay() throws Exception {
        putNow("key", 100_000);
        String orphan = prefix + "b/" + S3Entries.nameOf("key") + "/00aa";
        String other = prefix + "b/" + S3Entries.nameOf("gone") + "/00bb";
        String foreign = prefix + "b/readme.txt";
        server.put(orphan, bytes(10, 1));
        server.put(other, bytes(10, 1));
        server.put(foreign, bytes(10, 1));
        storage.sweep();
        assertThat(bodies()).as("too young").contains(orphan, other, foreign);
        Entries.await("orphans gone", () -> {
            try {
                hasty.sweep();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
            return !bodies().contains(orphan) && !bodies().contains(other);
        });
        assertThat(bodies()).contains(foreign).hasSize(2);
        assertThat(read(storage, only(storage, "key"))).isEqualTo(bytes(100_000, 1));
    }

    @Test
    void anUploadThatWasGivenUpIsAbortedByTheWriterAndOneThatWasLeftByASweep() throws Exception {
        try (EntryWriter writer = storage.create(headNow("key").build())) {
            writer.write(ByteBuffer.wrap(bytes(12 << 20, 1)));
            assertThat(server.uploads(prefix)).isEqualTo(1);
        }
        assertThat(server.uploads(prefix)).isZero();
        server.client
                .createMultipartUpload(
                        b -> b.bucket(S3Server.BUCKET).key(prefix + "b/" + S3Entries.nameOf("key") + "/00cc"))
                .join();
        storage.sweep();
        assertThat(server.uploads(prefix)).as("too young").isEqualTo(1);
        Entries.await("aborted", () -> {
            try {
                hasty.sweep();
            } catch (IOException e) {
                throw new AssertionError(e);
            }
            return server.uploads(prefix) == 0;
        });
    }

    @Test
    void aSweepRunsByItselfWhileTheStorageIsUsed() throws Exception {
        StoredResponse head = headNow("key").ttl(1000, false).build();
        Entries.tryPut(storage, head, bytes(10, 1));
        byte[] before = server.get(prefix + "k/" + S3Entries.nameOf("key"));
        clock.advance(Duration.ofHours(2));
        storage.lookup("another");
        Entries.await(
                "the expired entry is dropped",
                () -> server.get(prefix + "k/" + S3Entries.nameOf("key")).length < before.length);
    }

    @Test
    void aSlidingTimeToLiveIsKnownToOtherProcesses() throws Exception {
        try (S3Storage one = builder.slidingTtl(Duration.ofMinutes(1)).build();
                S3Storage other = builder.build()) {
            Entries.tryPut(one, headNow("key").build(), bytes(10, 1));
            for (int i = 0; i < 4; i++) {
                clock.advance(Duration.ofSeconds(40));
                one.used(only(one, "key"));
            }
            Entries.await("the use is written", () -> {
                try {
                    return other.lookup("key").size() == 1;
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
        }
    }

    @Test
    void aCapacityIsKeptToForWhatOtherProcessesStored() throws Exception {
        for (int i = 0; i < 30; i++) {
            putNow("key " + i, 10);
            clock.advance(Duration.ofMillis(1));
        }
        try (S3Storage limited =
                builder.gracePeriod(Duration.ofHours(1)).maxEntries(10).build()) {
            assertThat(limited.statistics().entries()).as("not counted yet").isEqualTo(-1);
            Entries.tryPut(limited, headNow("newest").build(), bytes(10, 1));
            limited.sweep();
            assertThat(limited.statistics().entries()).isBetween(1L, 10L);
            assertThat(limited.statistics().evictions()).isGreaterThanOrEqualTo(21);
            assertThat(limited.lookup("newest")).hasSize(1);
            assertThat(limited.lookup("key 29")).hasSize(1);
            assertThat(limited.lookup("key 0")).isEmpty();
        }
    }
}
