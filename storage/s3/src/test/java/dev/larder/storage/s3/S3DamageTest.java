package dev.larder.storage.s3;

import static dev.larder.storage.s3.Entries.bytes;
import static dev.larder.storage.s3.Entries.head;
import static dev.larder.storage.s3.Entries.only;
import static dev.larder.storage.s3.Entries.put;
import static dev.larder.storage.s3.Entries.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.larder.http.HttpFields;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.BinarySerializer;
import dev.larder.storage.BodyReader;
import dev.larder.storage.StoredEntry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Objects that are not what they were: none of their bytes is handed out, and nobody gets an exception for them. */
class S3DamageTest {
    private static S3Server server;

    private final Entries.Reports reports = new Entries.Reports();
    private String prefix = "";
    private S3Storage storage;

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
        storage = server.storage().build();
        storage.addListener(reports);
        prefix = storage.toString().replaceAll(".*\\[cache/|\\]", "");
    }

    @AfterEach
    void close() throws Exception {
        storage.close();
    }

    private String index(String key) {
        return prefix + "k/" + S3Entries.nameOf(key);
    }

    /** The decoder itself, at every byte, without a server between. */
    @Test
    void aFlippedBitAnywhereInAnIndexIsNoticed() throws Exception {
        StoredResponse head = put(storage, "key", bytes(300, 1));
        byte[] sound = server.get(index("key"));
        String name = S3Entries.nameOf("key");
        assertThat(KeyIndex.read(name, "e", sound, BinarySerializer.INSTANCE).find(head.id()))
                .isNotNull();
        for (int at = 0; at < sound.length; at++) {
            byte[] flipped = sound.clone();
            flipped[at] ^= (byte) (1 << at % 8);
            assertDamagedOrForeign(name, flipped);
            assertDamagedOrForeign(name, Arrays.copyOf(sound, at));
        }
        assertDamagedOrForeign(name, Arrays.copyOf(sound, sound.length + 1));
        assertDamagedOrForeign(S3Entries.nameOf("other"), sound);
    }

    private static void assertDamagedOrForeign(String name, byte[] bytes) {
        try {
            KeyIndex index = KeyIndex.read(name, "e", bytes, BinarySerializer.INSTANCE);
            assertThat(index.understood).as("only another version is no damage").isFalse();
        } catch (DamagedObjectException e) {
            assertThat(e).hasNoCause();
        }
    }

    /** Under a checksum that fits, for whoever can write can compute one. */
    @Test
    void forgedLengthsAllocateNothingAndThrowNothing() throws Exception {
        put(storage, "key", bytes(300, 1));
        byte[] sound = server.get(index("key"));
        String name = S3Entries.nameOf("key");
        Random random = new Random(1);
        for (int i = 0; i < 100_000; i++) {
            byte[] forged = sound.clone();
            int at = 12 + random.nextInt(forged.length - 16);
            ByteBuffer.wrap(forged).putInt(at, random.nextBoolean() ? -1 : random.nextInt());
            seal(name, forged);
            try {
                KeyIndex.read(name, "e", forged, BinarySerializer.INSTANCE);
            } catch (DamagedObjectException e) {
                assertThat(e).hasNoCause();
            }
        }
    }

    private static void seal(String name, byte[] bytes) {
        java.util.zip.CRC32C crc = new java.util.zip.CRC32C();
        crc.update(name.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        crc.update(bytes, 12, bytes.length - 12);
        ByteBuffer.wrap(bytes).putInt(8, (int) crc.getValue());
    }

    @Test
    void aDamagedIndexIsAMissThatIsReportedAndRemoved() throws Exception {
        byte[][] damage = {{}, {1, 2, 3}, new byte[100_000], bytes(20_000, 3), "<html>".getBytes("UTF-8")};
        int reported = 0;
        for (byte[] bytes : damage) {
            put(storage, "key", bytes(300, 1));
            server.put(index("key"), bytes);
            assertThat(storage.lookup("key")).isEmpty();
            int expected = ++reported;
            Entries.await("the report", () -> reports.corrupt.size() == expected);
            assertThat(storage.lookup("key")).isEmpty();
            put(storage, "key", bytes(300, 2));
            assertThat(read(storage, only(storage, "key"))).isEqualTo(bytes(300, 2));
        }
        assertThat(reports.corrupt)
                .allMatch(report -> report.startsWith(index("key")))
                .hasSize(damage.length);
        assertThat(reports.failed).isEmpty();
    }

    @Test
    void anIndexThatIsFarTooLongIsNotRead() throws Exception {
        server.put(index("key"), new byte[KeyIndex.MAX_BYTES + 1]);
        assertThat(storage.lookup("key")).isEmpty();
        Entries.await("the report", () -> reports.corrupt.size() == 1);
    }

    @Test
    void anIndexOfAnotherVersionIsAPlainMissAndReplaced() throws Exception {
        put(storage, "key", bytes(100_000, 1));
        byte[] bytes = server.get(index("key"));
        bytes[7] = 2;
        server.put(index("key"), bytes);
        storage.sweep();
        assertThat(storage.lookup("key")).isEmpty();
        assertThat(server.get(index("key"))).as("left alone").isEqualTo(bytes);
        put(storage, "key", bytes(300, 2));
        assertThat(read(storage, only(storage, "key"))).isEqualTo(bytes(300, 2));
        assertThat(reports.corrupt).isEmpty();
    }

    @Test
    void aDamagedBodyFailsBeforeTheFirstWrongByteAndIsRemoved() throws Exception {
        byte[] body = bytes(400_000, 1);
        Random random = new Random(2);
        for (int round = 0; round < 30; round++) {
            String key = "key " + round;
            StoredResponse head = put(storage, key, body);
            String object = prefix + "b/" + S3Entries.nameOf(key) + "/" + head.id();
            byte[] stored = server.get(object);
            byte[] damaged = stored.clone();
            switch (round % 3) {
                case 0 -> damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));
                case 1 -> damaged = Arrays.copyOf(stored, random.nextInt(stored.length));
                default -> {
                    // Two sound blocks in each other's place.
                    System.arraycopy(stored, Blocks.STORED, damaged, 0, Blocks.STORED);
                    System.arraycopy(stored, 0, damaged, Blocks.STORED, Blocks.STORED);
                }
            }
            server.put(object, damaged);
            StoredEntry entry = only(storage, key);
            try (BodyReader reader = storage.open(entry)) {
                if (reader != null) {
                    ByteBuffer read = ByteBuffer.allocate(body.length);
                    assertThatThrownBy(() -> {
                                while (read.hasRemaining()) {
                                    reader.read(read.position(), read);
                                }
                            })
                            .isInstanceOf(IOException.class);
                    assertThat(Arrays.copyOf(read.array(), read.position()))
                            .isEqualTo(Arrays.copyOf(body, read.position()));
                }
            }
            Entries.await("removed", () -> {
                try {
                    return storage.lookup(key).isEmpty();
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
            });
        }
        assertThat(reports.corrupt).hasSize(30);
    }

    @Test
    void aBodyOfAnotherEntryIsNotTakenForThisOne() throws Exception {
        StoredResponse one = put(storage, "one", bytes(100_000, 1));
        StoredResponse other = put(storage, "other", bytes(100_000, 2));
        String bodies = prefix + "b/";
        server.put(
                bodies + S3Entries.nameOf("one") + "/" + one.id(),
                server.get(bodies + S3Entries.nameOf("other") + "/" + other.id()));
        assertThat(storage.open(only(storage, "one"))).isNull();
        assertThat(read(storage, only(storage, "other"))).isEqualTo(bytes(100_000, 2));
    }

    @Test
    void aBodyThatIsGoneIsGone() throws Exception {
        StoredResponse head = put(storage, "key", bytes(400_000, 1));
        StoredEntry entry = only(storage, "key");
        try (BodyReader reader = storage.open(entry)) {
            server.delete(prefix + "b/" + S3Entries.nameOf("key") + "/" + head.id());
            assertThat(storage.open(entry)).isNull();
            assertThatThrownBy(() -> Entries.drain(reader)).isInstanceOf(IOException.class);
        }
    }

    @Test
    void anEntryThatThisSerializerCannotReadIsAMissAndStaysForThoseWhoCan() throws Exception {
        StoredResponse head = put(storage, "key", bytes(300, 1));
        byte[] bytes = server.get(index("key"));
        bytes[KeyIndex.EMPTY_BYTES] = 77; // the format id of the only entry
        seal(S3Entries.nameOf("key"), bytes);
        server.put(index("key"), bytes);
        assertThat(storage.lookup("key")).isEmpty();
        put(storage, "key", bytes(300, 2));
        assertThat(storage.lookup("key")).hasSize(1);
        KeyIndex index =
                KeyIndex.read(S3Entries.nameOf("key"), "e", server.get(index("key")), BinarySerializer.INSTANCE);
        assertThat(index.variants).hasSize(2);
        assertThat(index.find(head.id())).isNotNull();
        assertThat(reports.corrupt).isEmpty();
    }

    @Test
    void aHeadThatIsTooLargeIsServedAndNotStored() throws Exception {
        StoredResponse huge = head("key")
                .fields(HttpFields.of("Long", "x".repeat(BinarySerializer.MAX_BYTES)))
                .build();
        assertThat(Entries.tryPut(storage, huge, bytes(10, 1))).isFalse();
        assertThat(storage.lookup("key")).isEmpty();
    }
}
