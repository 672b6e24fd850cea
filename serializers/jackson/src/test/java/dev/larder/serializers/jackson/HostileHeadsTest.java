package dev.larder.serializers.jackson;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.larder.rules.StoredResponse;
import dev.larder.storage.BinarySerializer;
import dev.larder.storage.MalformedEntryException;
import dev.larder.storage.Serializer;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.core.JsonGenerator;

/** Bytes that no serializer wrote: they are read or refused as documented, soon, and nothing else happens. */
class HostileHeadsTest {
    private static final int ENOUGH = 1_000_000;
    /** The number of executions is to end a run, not the time. */
    private static final String UNLIMITED = "1h";
    /** For a mebibyte on a busy machine, instrumented; what takes quadratic time takes longer still. */
    private static final long SOON_NANOS = TimeUnit.SECONDS.toNanos(20);

    static Stream<HeadSerializer> formats() {
        return Stream.of(JsonSerializer.INSTANCE, YamlSerializer.INSTANCE, CborSerializer.INSTANCE);
    }

    static Stream<Arguments> seeds() {
        return Stream.concat(
                        formats()
                                .flatMap(format -> Stream.of(
                                        format.write(Heads.full()),
                                        format.write(Heads.head().build()))),
                        Stream.of("", "{}", "[", "a: &a [*a]", "!!java.net.URL [\"http://a\"]")
                                .map(s -> s.getBytes(UTF_8)))
                .map(Arguments::of);
    }

    @MethodSource("seeds")
    @FuzzTest(maxExecutions = ENOUGH, maxDuration = UNLIMITED)
    void json(byte[] bytes) {
        readOrRefused(JsonSerializer.INSTANCE, bytes);
    }

    @MethodSource("seeds")
    @FuzzTest(maxExecutions = ENOUGH, maxDuration = UNLIMITED)
    void yaml(byte[] bytes) {
        readOrRefused(YamlSerializer.INSTANCE, bytes);
    }

    @MethodSource("seeds")
    @FuzzTest(maxExecutions = ENOUGH, maxDuration = UNLIMITED)
    void cbor(byte[] bytes) {
        readOrRefused(CborSerializer.INSTANCE, bytes);
    }

    /** Whether it was read; then it can be written and read again. */
    private static boolean readOrRefused(Serializer serializer, byte[] bytes) {
        StoredResponse read;
        try {
            read = serializer.read(ByteBuffer.wrap(bytes));
        } catch (MalformedEntryException e) {
            assertThat(e).hasNoCause();
            assertThat(e.getMessage()).isNotEmpty();
            return false;
        }
        try {
            assertThat(serializer.read(ByteBuffer.wrap(serializer.write(read)))).isEqualTo(read);
        } catch (MalformedEntryException e) {
            throw new AssertionError("what was read cannot be written and read", e);
        }
        return true;
    }

    @ParameterizedTest
    @MethodSource("formats")
    @DisplayName("a head that is cut off anywhere is refused")
    void truncated(HeadSerializer format) {
        byte[] whole = format.write(Heads.full());
        // Without its last byte, which is a line feed, YAML is still whole.
        for (int length = 0; length < whole.length - 1; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThat(readOrRefused(format, cut)).as("%s bytes", length).isFalse();
        }
    }

    @ParameterizedTest
    @MethodSource("formats")
    @DisplayName("every bit of a head turned over: read or refused")
    void everyBit(HeadSerializer format) {
        byte[] good = format.write(Heads.full());
        int bits = format == YamlSerializer.INSTANCE ? 3 : 8;
        for (int at = 0; at < good.length; at++) {
            for (int i = 0; i < bits; i++) {
                byte[] bad = good.clone();
                bad[at] ^= (byte) (1 << (at + i) % 8);
                readOrRefused(format, bad);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("formats")
    @DisplayName("heads mutated at random are read or refused")
    void mutated(HeadSerializer format) {
        Random random = new Random(20261125);
        byte[] full = format.write(Heads.full());
        byte[] plain = format.write(Heads.head().build());
        int runs = format == YamlSerializer.INSTANCE ? 1_500 : 15_000;
        for (int i = 0; i < runs; i++) {
            readOrRefused(format, mutate(i % 2 == 0 ? full : plain, random));
        }
    }

    private static byte[] mutate(byte[] seed, Random random) {
        byte[] bytes = Arrays.copyOf(seed, seed.length + 16);
        int length = seed.length;
        for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
            int at = random.nextInt(length);
            int run = Math.min(length - at, 1 + random.nextInt(16));
            switch (random.nextInt(5)) {
                case 0 -> bytes[at] = (byte) random.nextInt(256);
                case 1 -> bytes[at] = (byte) "{}[]:,\"\\-&*!|>'?#%\n 0e".charAt(random.nextInt(22));
                case 2 -> Arrays.fill(bytes, at, at + run, bytes[random.nextInt(length)]);
                case 3 -> System.arraycopy(seed, random.nextInt(seed.length - run), bytes, at, run);
                default -> {
                    System.arraycopy(bytes, at + run, bytes, at, length - at - run);
                    length = Math.max(length - run, 1);
                }
            }
        }
        return Arrays.copyOf(bytes, length);
    }

    // ---- what each rule refuses

    @ParameterizedTest
    @MethodSource("formats")
    @DisplayName("another version, an unknown member, a repeated one, a missing one and a rest are refused")
    void members(HeadSerializer format) {
        refused(format, out -> members(out, 2), "version 2 of the " + format.format() + " format is not known");
        refused(format, out -> members(out, 1, "colour"), "a member that this version does not have");
        refused(format, out -> members(out, 1, "key"), "a member twice");
        refused(
                format,
                out -> {
                    out.writeStartObject();
                    out.writeNumberProperty("version", 1);
                    out.writeEndObject();
                },
                "a member is missing");
        refused(format, JsonGenerator::writeNull, "not an object");
        refused(
                format,
                out -> {
                    out.writeStartArray();
                    out.writeEndArray();
                },
                "not an object");
    }

    private static void members(JsonGenerator out, int version, String... more) {
        out.writeStartObject();
        out.writeStringProperty("key", "k");
        out.writeNumberProperty("version", version);
        for (String name : more) {
            out.writeStringProperty(name, "red");
        }
        out.writeEndObject();
    }

    private static void refused(HeadSerializer format, Consumer<JsonGenerator> content, String why) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator out = format.generator(bytes)) {
            content.accept(out);
        }
        refused(format, bytes.toByteArray(), why);
    }

    private static void refused(Serializer format, byte[] bytes, String why) {
        long start = System.nanoTime();
        assertThatThrownBy(() -> format.read(ByteBuffer.wrap(bytes)))
                .isInstanceOf(MalformedEntryException.class)
                .hasMessageContaining(why);
        assertThat(System.nanoTime() - start).as("took").isLessThan(SOON_NANOS);
    }

    @ParameterizedTest
    @MethodSource("formats")
    @DisplayName("members may come in another order")
    void order(HeadSerializer format) throws MalformedEntryException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator out = format.generator(bytes)) {
            out.writeStartObject();
            for (String time : List.of("createdAt", "responseTime", "requestTime")) {
                out.writeNumberProperty(time, 5);
            }
            out.writeArrayPropertyStart("fields");
            out.writeEndArray();
            out.writeBooleanProperty("authorized", false);
            for (String text : List.of("uri", "method", "key", "id")) {
                out.writeStringProperty(text, "http://a/");
            }
            out.writeNumberProperty("status", 404);
            out.writeNumberProperty("version", 1);
            out.writeEndObject();
        }
        StoredResponse read = format.read(ByteBuffer.wrap(bytes.toByteArray()));
        assertThat(read.status()).isEqualTo(404);
        assertThat(read.createdAt()).isEqualTo(5);
        assertThat(read.ttlMillis()).isEqualTo(StoredResponse.NO_TTL);
        assertThat(read.knownDigest()).isNull();
    }

    @ParameterizedTest
    @MethodSource("formats")
    @DisplayName("lists beyond their limits are refused")
    void longLists(HeadSerializer format) {
        refused(
                format,
                out -> {
                    out.writeStartObject();
                    out.writeArrayPropertyStart("fields");
                    for (int i = 0; i <= BinarySerializer.MAX_FIELDS; i++) {
                        out.writeStartObject();
                        out.writeStringProperty("a", "");
                        out.writeEndObject();
                    }
                    out.writeEndArray();
                    out.writeEndObject();
                },
                "too many fields");
        refused(
                format,
                out -> {
                    out.writeStartObject();
                    out.writeArrayPropertyStart("selecting");
                    for (int i = 0; i <= 1000; i++) {
                        out.writeStartObject();
                        out.writeNullProperty("a");
                        out.writeEndObject();
                    }
                    out.writeEndArray();
                    out.writeEndObject();
                },
                "too many selecting fields");
        refused(
                format,
                out -> {
                    out.writeStartObject();
                    out.writeArrayPropertyStart("tags");
                    for (int i = 0; i <= 1000; i++) {
                        out.writeString("tag " + i);
                    }
                    out.writeEndArray();
                    out.writeEndObject();
                },
                "too many tags");
    }

    @ParameterizedTest
    @MethodSource("formats")
    @DisplayName("numbers beyond those of a head are refused without being worked out")
    void hugeNumbers(HeadSerializer format) {
        refused(
                format,
                out -> {
                    out.writeStartObject();
                    out.writeNumberProperty("status", 1L << 40);
                    out.writeEndObject();
                },
                "a number is too large");
        refused(
                format,
                out -> {
                    out.writeStartObject();
                    out.writeNumberProperty("createdAt", BigInteger.ONE.shiftLeft(64));
                    out.writeEndObject();
                },
                format == CborSerializer.INSTANCE ? "a tag" : "a number is too large");
        if (!format.isBinary()) {
            refused(format, ("{createdAt: " + "9".repeat(1_000_000) + "}").getBytes(UTF_8), "");
            refused(format, ("{\"createdAt\": " + "9".repeat(1_000_000) + "}").getBytes(UTF_8), "");
            refused(format, ("{\"createdAt\": 1e999999999}").getBytes(UTF_8), "");
        }
        refused(
                format,
                out -> {
                    out.writeStartObject();
                    out.writeNumberProperty("status", 1.5);
                    out.writeEndObject();
                },
                "");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[",
                "{\"a\":",
                "{\"fields\":[[",
                "- ",
                "? ",
                "a: [",
                "- - ? ",
                "&a ",
                "!a ",
                "%a\n",
                "#",
                "\"",
                "'"
            })
    @DisplayName("a mebibyte of one beginning after the other is refused soon")
    void deep(String unit) {
        byte[] bytes = unit.repeat(BinarySerializer.MAX_BYTES / unit.length()).getBytes(UTF_8);
        refused(JsonSerializer.INSTANCE, bytes, "");
        refused(YamlSerializer.INSTANCE, bytes, "");
        String deeper = unit.repeat(10_000).replace("\n", "\n ");
        refused(YamlSerializer.INSTANCE, deeper.getBytes(UTF_8), "");
        refused(CborSerializer.INSTANCE, bytes, "");
    }

    @Test
    @DisplayName("CBOR that nests, that announces more than there is, or that tags its tags, is refused soon")
    void deepCbor() {
        for (int first = 0; first < 256; first++) {
            byte[] bytes = new byte[BinarySerializer.MAX_BYTES];
            Arrays.fill(bytes, (byte) first);
            refused(CborSerializer.INSTANCE, bytes, "");
            // Lengths of all bits, within a head and on their own.
            byte[] announced = new byte[10];
            Arrays.fill(announced, (byte) 0xFF);
            announced[0] = (byte) first;
            refused(CborSerializer.INSTANCE, announced, "");
        }
    }

    @Test
    @DisplayName("CBOR cannot say a long text again and again by reference")
    void stringReferences() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(new byte[] {(byte) 0xD9, 0x01, 0x00}); // a name space for references
        bytes.write(0xBF);
        bytes.writeBytes(new byte[] {0x63, 'k', 'e', 'y', 0x7A, 0x00, 0x07, 0x00, 0x00});
        bytes.writeBytes("x".repeat(0x70000).getBytes(UTF_8));
        bytes.writeBytes(new byte[] {0x66, 'f', 'i', 'e', 'l', 'd', 's', (byte) 0x9F});
        for (int i = 0; i < 9_000; i++) {
            bytes.writeBytes(new byte[] {(byte) 0xA1, 0x61, 'a', (byte) 0xD8, 0x19, 0x01});
        }
        bytes.write(0xFF);
        bytes.write(0xFF);
        refused(CborSerializer.INSTANCE, bytes.toByteArray(), "a tag");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{version: 1, id: *a}",
                "{id: &a x, key: *a}",
                "fields: &a [*a]",
                "!!java.net.URL {version: 1}",
                "{version: !!int 1}",
                "{version: 1, id: !!str 5}",
                "{version: 1, id: !local x}",
                "{version: 1, id: ! x}"
            })
    @DisplayName("YAML with aliases or tags is refused")
    void references(String text) {
        refused(YamlSerializer.INSTANCE, text.getBytes(UTF_8), "an alias or a tag");
    }

    @Test
    @DisplayName("several documents, text that is no UTF-8, and UTF-16 are refused")
    void encodings() {
        for (HeadSerializer format : List.of(JsonSerializer.INSTANCE, YamlSerializer.INSTANCE)) {
            byte[] good = format.write(Heads.head().key("k\u00e9").build());
            String text = new String(good, UTF_8);
            refused(format, text.getBytes(ISO_8859_1), "not UTF-8");
            refused(format, text.getBytes(UTF_16), "not UTF-8");
            refused(format, (text + " {}").getBytes(UTF_8), "");
            refused(format, (text + "\n---\na: b\n").getBytes(UTF_8), "");
            assertThat(readOrRefused(format, (text + "\n \n").getBytes(UTF_8))).isTrue();
        }
        byte[] cbor = CborSerializer.INSTANCE.write(Heads.head().build());
        refused(CborSerializer.INSTANCE, Arrays.copyOf(cbor, cbor.length + 1), "something after the head");
    }

    @ParameterizedTest
    @MethodSource("formats")
    @DisplayName("what is refused is not repeated, since it may be secret")
    void secrets(HeadSerializer format) {
        for (String member : List.of("uri", "createdAt", "status", "version", "fields", "tags", "authorized")) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (JsonGenerator out = format.generator(bytes)) {
                out.writeStartObject();
                out.writeStringProperty(member, "topsecret");
                out.writeEndObject();
            }
            assertThatThrownBy(() -> format.read(ByteBuffer.wrap(bytes.toByteArray())))
                    .hasNoCause()
                    .message()
                    .doesNotContain("secret");
        }
    }
}
